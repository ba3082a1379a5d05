"""`evaluate`: how good the samples of a run's checkpoints are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import torch

from gan_core import datasets
from gan_core.cli.progress import Bar
from gan_core.cli.settings import setting_option
from gan_core.cli.shell import Command, checkpoint_option, checkpoints_option, name_argument, say, table
from gan_core.config import RunConfig, validated
from gan_core.device import thread_count
from gan_core.errors import WorkbenchError
from gan_core.evaluation import Evaluation, evaluate, judge_for, most_samples
from gan_core.evaluation.ranking import Standing, ranked
from gan_core.quality import MEASURES
from gan_core.run import check_data
from gan_core.runs import Runs, load_data
from gan_core.store import Store
from gan_core.words import measured

SAMPLES = 1_000


@click.command("evaluate", cls=Command)
@name_argument
@checkpoint_option
@click.option("--all", "all_of_them", is_flag=True, help="Every checkpoint, and which is the best.")
@click.option(
    "--samples", type=int, metavar="N",
    help=f"How many to draw of each. Default: {SAMPLES:,}, or as many as the data can judge. At most 10,000.",
)
@setting_option("data_dir", RunConfig.model_fields["data_dir"], "where it was")
@setting_option("dataset_path", RunConfig.model_fields["dataset_path"], "where it was")
@click.option(
    "--inception", type=click.Path(path_type=Path), metavar="FILE",
    help="Measure colour pictures by Inception v3, whose weights lie here (safetensors, as torchvision names them).",
)
@click.option("--json", "as_json", is_flag=True, help="A JSON list, one object a checkpoint.")
@checkpoints_option
def evaluate_command(
    name: str, step: int | None, all_of_them: bool, samples: int | None, inception: Path | None, as_json: bool,
    store: Store,
    **places: str | None,
) -> None:
    """Measure the samples of the run NAME against its data.

    \b
      python -m gan_core evaluate digits-quick-1
      python -m gan_core evaluate digits-quick-1 --all
      python -m gan_core evaluate digits-quick-1 --checkpoint 3125 --samples 5000 --json

    Beside each number stands its floor: what as many other real samples score. Pictures with classes are looked at by a
    small classifier, trained once on the same data and kept in the data folder; others by random convolutions. Numbers
    of different ones, or of different counts of samples, say nothing beside each other.

    What was found is kept in the run's folder, in evaluations.jsonl, and not measured twice.
    """
    if all_of_them and step is not None:
        raise WorkbenchError(f"checkpoint = {step}: give either --checkpoint or --all")
    runs = Runs(store)
    folder = runs.folder(name)
    files = folder.checkpoints() if all_of_them else [folder.find(step=step)]
    if not files:
        files = [folder.find()]  # says that there is none
    moved = {key: text for key, text in places.items() if text is not None}
    config = validated({**folder.config.model_dump(), **moved})
    dataset = load_data(config)
    check_data(folder, dataset)
    count = min(SAMPLES, most_samples(dataset)) if samples is None else samples
    torch.set_num_threads(thread_count(config))
    where = datasets.data_folder(config.data_dir) / "evaluation"
    problems: list[str] = []
    with Bar() as bar:
        judge = judge_for(dataset, where, count, bar.show, inception)
        found = evaluate(
            folder, files, dataset, judge, lambda images: runs.generator(name, images)[0],
            lambda share: bar.show(share, "of the checkpoints measured"),
            (lambda error: problems.append(str(error))) if all_of_them else None,
        )
    if as_json:
        say(json.dumps([one.model_dump(mode="json") for one in found], indent=2))
    elif found:
        say(_told(folder.name, dataset.fingerprint, found))
    if problems:
        told = "; ".join(problems)
        raise WorkbenchError(f"{len(problems)} of {len(files)} checkpoints could not be measured: {told}")


def _told(name: str, data: str, found: list[Evaluation]) -> str:
    """The numbers as a table, what they were measured with, and which checkpoint is the best."""
    first = found[0]
    shown = [name for name in MEASURES if first.scores.get(name) is not None]
    rows = [("step", "images", *shown)]
    rows += [(f"{one.step:,}", f"{one.images:,}", *(_cell(one.scores, name) for name in shown)) for one in found]
    rows.append(("real", "", *(_cell(first.floor, name) for name in shown)))
    right = "" if first.accuracy is None else f", {first.accuracy:.1%} right on real pictures it was not shown"
    seen = f"{first.samples:,} samples each, seen by {first.extractor} {first.digest}{right}"
    lines = [table(rows), "", f"{seen}; ± is a standard error."]
    if len(found) > 1:
        places = ranked([Standing.of(name, data, one) for one in found])
        best, *ties = [f"{place.standing.evaluation.step:,}" for place in places if place.rank == 1]
        lines.append(f"Best by FID: step {best}" + (f"; a tie, within the error: {', '.join(ties)}." if ties else "."))
    return "\n".join(lines)


def _cell(scores: dict[str, Any], name: str) -> str:
    value = scores.get(name)
    if value is None:
        return ""
    error = scores.get(f"{name}_error")
    number, bar = measured(value, error)
    return f"{number} ± {bar}" if bar else number

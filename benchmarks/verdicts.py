"""How often the verdicts are right, and how early, on runs that are known to go well or wrong.

    python -m benchmarks.verdicts --runs DIR                          # trains what is not in DIR yet: about an hour
    python -m benchmarks.verdicts --runs DIR --write tests/courses.json
    python -m benchmarks.verdicts --replay tests/courses.json  # the table alone, from what was measured then

A label is what a person would say of the whole run, from its samples and curves. `healthy` and `plateau` are no alarms:
a run that got good and rests there is both.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from gan_core import datasets
from gan_core.config import RunConfig
from gan_core.evaluation import Evaluation, kept
from gan_core.presets import make_config
from gan_core.runs import Runs
from gan_core.store import DatasetFacts, RunFolder, Store
from gan_core.verdicts import ALARMS, diagnose
from gan_core.watch import light

CURVES = ("images", "d_real", "d_fake", "grad_g")
SCORES = ("fid", "fid_error", "diversity", "authenticity", "class_counts")
NO_PICTURES = 150
"""Pictures of the data set that is so small that it is learnt by heart."""


@dataclass(frozen=True)
class Case:
    """A run with a label, and what makes it."""

    label: str
    name: str
    preset: str
    settings: dict[str, Any]


def _cases() -> Iterator[Case]:
    def case(label: str, name: str, preset: str, seeds: Sequence[int], **settings: Any) -> Iterator[Case]:
        for seed in seeds:
            yield Case(label, f"{name}-{seed}", preset, {**settings, "seed": seed})

    yield from case("healthy", "quick", "quick", (1, 2, 3, 4), images=100_000)
    yield from case("healthy", "r3gan", "r3gan", (1, 2), images=100_000)
    yield from case("healthy", "uncond", "quick", (1, 2), conditional="no", images=100_000)
    yield from case("healthy", "wgan-gp", "wgan-gp", (1, 2), images=60_000)
    yield from case("healthy", "article", "article", (1, 2), images=120_000)
    yield from case("healthy", "dcgan", "dcgan", (1, 2), images=40_000)
    yield from case("healthy", "least-squares", "quick", (1,), objective="least-squares", images=60_000)
    # These were meant to go wrong, and did not: Adam's steps have a length of their own.
    yield from case("healthy", "no-gp", "wgan-gp", (1, 2), gp_weight=0, lr_d=1e-2, lr_g=1e-2, images=60_000)
    yield from case("healthy", "high-rates", "quick", (1, 2), lr_d=0.1, lr_g=0.1, lr_decay="none", images=60_000)
    yield from case("healthy", "bare", "r3gan", (1, 2), r1_weight=0, r2_weight=0, lr_d=1e-2, lr_g=1e-2, images=60_000)
    yield from case("plateau", "long", "quick", (1,), images=200_000)
    yield from case(
        "plateau", "rest", "article", (1,), images=300_000, lr_decay="linear", lr_decay_from=50_000, lr_decay_to=100_000
    )
    yield from case("collapse", "collapse", "collapse", (1, 2, 3, 4), images=40_000)
    yield from case("collapse", "fast-g", "article", (1, 2), lr_g=1e-2, lr_d=1e-4, images=60_000)
    yield from case(
        "d-strong", "saturated", "article", (1, 2, 3), objective="minimax", lr_d=2e-3, lr_g=2e-5, images=80_000
    )
    yield from case(
        "d-strong", "strong-dcgan", "dcgan", (1,), discriminator_norm="none", lr_d=4e-3, lr_g=1e-5, images=30_000
    )
    yield from case("d-weak", "weak-d", "quick", (1, 2, 3), lr_d=1e-6, images=60_000)
    yield from case("not started", "no-rate", "quick", (1, 2), lr_d=1e-6, lr_g=1e-6, images=40_000)
    yield from case("memorising", "few", "quick", (1, 2), dataset="folder", images=150_000)
    yield from case("collapse", "mlp-fast", "article", (1,), lr_d=1e-2, lr_g=1e-2, images=60_000)
    yield from case("unstable", "mlp-fast", "article", (2,), lr_d=1e-2, lr_g=1e-2, images=60_000)
    yield from case("unstable", "dcgan-fast", "dcgan", (1,), lr_d=1e-2, lr_g=1e-2, images=30_000)


CASES = tuple(_cases())


# ---------------------------------------------------------------------------------------------------- the runs


def train(root: Path) -> None:
    """Train the cases that `root` does not hold yet, one after the other."""
    runs = Runs(Store(root))
    for case in CASES:
        if case.name in runs.store.names():
            continue
        settings = dict(case.settings)
        if settings.get("dataset") == "folder":
            settings["dataset_path"] = str(_few(root.parent / f"{root.name}-pictures"))
        runs.start(make_config(case.preset, **settings), case.name)
        run = runs.run(case.name)
        run.join()
        if run.watch is not None:
            run.watch.join()
        print(f"{case.name}: {run.snapshot().state}, {len(kept(run.folder))} measures", flush=True)


def _few(folder: Path) -> Path:
    """A folder of a few digits."""
    if not folder.is_dir():
        folder.mkdir()
        digits = datasets.load("digits").samples
        for i in range(NO_PICTURES):
            Image.fromarray(digits[i, 0].numpy()).save(folder / f"{i:03d}.png")
    return folder


# ---------------------------------------------------------------------------------------------------- their courses


def course(case: Case, folder: RunFolder) -> dict[str, Any]:
    """What the verdicts look at of a run, as JSON: its measures, and its curves as their means between two of them."""
    measures = light(kept(folder), len(folder.info.dataset.classes))
    history = folder.history()
    columns = {name: history.column(name) for name in CURVES}
    starts = [0, *(one.images for one in measures)]
    means = []
    for start, one in zip(starts, measures, strict=False):
        inside = (columns["images"] > start) & (columns["images"] <= one.images)
        if inside.any():
            means.append([one.images, *(float(f"{columns[name][inside].mean():.4g}") for name in CURVES[1:])])
    last = measures[-1]
    return {
        "label": case.label, "name": case.name, "preset": case.preset,
        "settings": {key: value for key, value in case.settings.items() if key != "dataset"},
        "classes": list(folder.info.dataset.classes), "count": folder.info.dataset.count,
        "extractor": last.extractor, "digest": last.digest, "samples": last.samples, "accuracy": last.accuracy,
        "floor": {name: _short(last.floor.get(name)) for name in SCORES},
        "measures": [[one.images, *(_short(one.scores.get(name)) for name in SCORES)] for one in measures],
        "curves": means,
    }


def _short(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value


def verdicts(told: dict[str, Any]) -> list[tuple[int, str]]:
    """(images, kind) of the gravest verdict at each measure of a course, as it was said at that moment."""
    config: RunConfig = make_config(told["preset"], **told["settings"])
    facts = DatasetFacts(
        name="digits", fingerprint="0" * 64, count=told["count"], shape=(1, 28, 28), classes=tuple(told["classes"])
    )
    measures = [
        Evaluation(
            time="", step=0, images=row[0], weights="0" * 12, samples=told["samples"], extractor=told["extractor"],
            digest=told["digest"], accuracy=told["accuracy"], scores=dict(zip(SCORES, row[1:], strict=True)),
            floor=told["floor"],
        )
        for row in told["measures"]
    ]
    curves = {name: np.array([row[i] for row in told["curves"]]) for i, name in enumerate(CURVES)}
    found = []
    for count, one in enumerate(measures, 1):
        seen = {name: values[curves["images"] <= one.images] for name, values in curves.items()}
        found.append((one.images, diagnose(config, facts, seen, measures[:count])[0].kind))
    return found


# ---------------------------------------------------------------------------------------------------- the table


def said(told: dict[str, Any]) -> str:
    """What the verdicts say of a whole run: the alarm that stood longest, where one stood for half of the measures
    after the first two or stands at the end, else the last word."""
    kinds = [kind for _, kind in verdicts(told)]
    alarms = Counter(kind for kind in kinds[2:] if kind in ALARMS)
    if alarms:
        kind, times = alarms.most_common(1)[0]
        if kind == kinds[-1] or 2 * times >= len(kinds) - 2:
            return kind
    return kinds[-1]


def report(courses: list[dict[str, Any]]) -> str:
    """A line a run, the confusion table, and how early the right alarm came."""
    lines, table, first = [], Counter[tuple[str, str]](), []
    false_alarms = []
    for told in courses:
        found = verdicts(told)
        word, label = said(told), told["label"]
        table[label, word] += 1
        right = next(((images, i) for i, (images, kind) in enumerate(found) if kind == label), None)
        wrong = [(images, kind) for images, kind in found if kind in ALARMS and kind != label]
        if label in ("healthy", "plateau") and wrong:
            false_alarms.append(f"{told['name']}: {wrong[0][1]} at {wrong[0][0]:,}")
        if label in ALARMS and right:
            first.append((right[1], right[0] / found[-1][0]))
        when = f"said at {right[0]:>7,} images, measure {right[1] + 1:>2} of {len(found)}" if right else "never said"
        lines.append(f"{told['name']:16} {label:12} → {word:12} {when}")
    kinds = sorted({kind for pair in table for kind in pair})
    head = "label \\ said".ljust(14) + "".join(kind.rjust(13) for kind in kinds)
    rows = [label.ljust(14) + "".join(str(table[label, kind] or "").rjust(13) for kind in kinds) for label in kinds]
    good = sum(
        times for (label, word), times in table.items()
        if word == label or (label in ("healthy", "plateau") and word in ("healthy", "plateau"))
    )
    early = ""
    if first:
        early = (
            f"The right alarm came with measure {np.median([i for i, _ in first]) + 1:.0f} (median; the first is of "
            f"the untrained G), after {np.median([share for _, share in first]):.0%} of the run."
        )
    alarms = "; ".join(false_alarms) or "none"
    return "\n".join([
        *lines, "", head, *rows, "",
        f"Right on {good} of {sum(table.values())} runs. {early}",
        f"Alarms that stood at any moment of a run that went well: {alarms}.",
    ])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, help="a folder for the runs; what is there is not trained again")
    parser.add_argument("--write", type=Path, help="a file for the courses of the runs")
    parser.add_argument("--replay", type=Path, help="a file of courses, in place of runs")
    asked = parser.parse_args()
    if (asked.runs is None) == (asked.replay is None):
        parser.error("give either --runs or --replay")
    if asked.replay:
        courses = json.loads(asked.replay.read_text(encoding="utf-8"))
    else:
        torch.set_num_threads(1)
        asked.runs.mkdir(parents=True, exist_ok=True)
        train(asked.runs)
        store = Store(asked.runs)
        courses = [course(case, store.open(case.name)) for case in CASES]
        if asked.write:
            text = ",\n".join(json.dumps(one, separators=(",", ":")) for one in courses)
            asked.write.write_text(f"[\n{text}\n]\n", encoding="utf-8")
    print(report(courses))


if __name__ == "__main__":
    main()

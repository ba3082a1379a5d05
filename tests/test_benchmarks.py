"""The benchmarks run, in a tiny form, so that they cannot rot."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click
import pytest
import torch
from click.testing import CliRunner
from torch.utils.data import default_collate

from benchmarks import growth, time_to_quality, training_speed
from benchmarks.tutorial_baseline import Baseline
from gan_core import datasets
from gan_core.evaluation import classifier
from gan_core.networks.layers import Dropout
from gan_core.presets import PRESETS, make_config
from gan_core.trainer import Trainer


def _tables(main: click.Command, *words: str) -> list[list[str]]:
    """What a benchmark prints, cell by cell, heads and rules too; this process keeps its threads."""
    threads = torch.get_num_threads()
    result = CliRunner().invoke(main, list(words))
    torch.set_num_threads(threads)
    assert result.exit_code == 0, result.output
    lines = [line for line in result.output.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.long
def test_training_speed_measures_every_preset_of_pictures() -> None:
    rows = _tables(training_speed.main, "--steps", "1", "--rounds", "1")[2:]
    others = ("ring", "grid", "stacked-mnist")
    assert [row[0] for row in rows] == ["the article's loop", *(name for name in PRESETS if name not in others)]
    assert all(float(row[-2]) > 0 and float(row[-1]) > 0 for row in rows[1:])


def test_time_to_quality_measures_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier, "_LEAST_SHOWN", 1280)
    monkeypatch.setattr(classifier, "SHIPPED", tmp_path / "none")
    words = ("--epochs", "0.1,0.2", "--seconds", "1", "--samples", "200", "--data-dir", str(tmp_path))
    rows = _tables(time_to_quality.main, *words)
    ours, theirs = rows[2:-4], rows[-2:]
    assert float(ours[-1][0]) >= 1 and [row[0] for row in theirs] == ["0.1", "0.2"]
    assert all(float(row[2]) > 0 for row in ours) and all(float(row[1]) > 0 for row in theirs)
    assert [path.suffix for path in (tmp_path / "evaluation").iterdir()] == [".safetensors"]


def test_growth_measures_all_that_grows() -> None:
    rows = _tables(growth.main, "--runs", "10", "--steps", "2000")[2:]
    numbers = [[float(cell.replace(",", "")) for cell in row[1].split(";")] for row in rows]
    assert [len(cells) for cells in numbers] == [2, 2, 1, 1, 1, 1, 1, 1]
    assert [row[0] for row in rows if "2,000" in row[0]] and "10 runs" in rows[1][0]


def test_the_baseline_learns() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        baseline = Baseline(torch.full((64, 1, 28, 28), 255, dtype=torch.uint8), batch_size=32)
        losses = [baseline.step()[0].item() for _ in range(20)]
    assert losses[-1] < losses[0] / 2  # all-white pictures are easily told from G's first ones


def test_our_fast_step_is_the_article_s_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same weights, pictures and latents: both losses of 12 steps within 1e-6, which is rounding for losses near 1.

    Without dropout, whose masks the two draw in another order. Much longer cannot be asked: the game is chaotic, and
    without dropout rounding grows to a tenth within 100 steps; how soon it begins to grow depends on the processor.
    """
    dataset = dataclasses.replace(datasets.load("digits"), jitter=None)
    trainer = Trainer(make_config("article", dataset="digits", device="cpu"), dataset)
    with torch.random.fork_rng():
        baseline = Baseline(dataset.samples)
        for ours, theirs in (
            (trainer.game.generator, baseline.generator), (trainer.game.discriminator, baseline.discriminator)
        ):
            theirs.load_state_dict(dict(zip(theirs.state_dict(), ours.state_dict().values(), strict=True)))
            for module in [*ours.modules(), *theirs.modules()]:
                if isinstance(module, Dropout | torch.nn.Dropout):
                    module.p = 0.0
        differences = []
        for step in range(12):
            indices = torch.arange(64 * step, 64 * (step + 1)) % len(dataset)
            monkeypatch.setattr(trainer, "_next_indices", lambda indices=indices: indices)
            baseline.batches = iter([default_collate([baseline.loader.dataset[int(i)] for i in indices])])
            torch.manual_seed(step)  # both draw their latents first
            trainer.noise.manual_seed(step)
            loss_d, loss_g, _ = baseline.step()
            trainer.step()
            record = trainer.record()
            assert record is not None
            differences.append(max(abs(record["loss_d"] - loss_d.item()), abs(record["loss_g"] - loss_g.item())))
    assert max(differences) < 1e-6

"""The benchmarks run, in a tiny form, so that they cannot rot."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from benchmarks import time_to_quality, training_speed
from benchmarks.tutorial_baseline import Baseline
from gan_core.evaluation import classifier
from gan_core.presets import PRESETS


def test_training_speed_measures_every_preset() -> None:
    threads = torch.get_num_threads()
    result = CliRunner().invoke(training_speed.main, ["--steps", "1", "--rounds", "1"])
    torch.set_num_threads(threads)
    assert result.exit_code == 0, result.output
    rows = [line.split("|")[1].strip() for line in result.output.splitlines()[2:]]
    assert rows == ["article's loop", *PRESETS]


def test_time_to_quality_measures_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier, "_LEAST_SHOWN", 1280)
    threads = torch.get_num_threads()
    words = ["--epochs", "0.1,0.2", "--seconds", "1", "--samples", "200", "--data-dir", str(tmp_path)]
    result = CliRunner().invoke(time_to_quality.main, words)
    torch.set_num_threads(threads)
    assert result.exit_code == 0, result.output
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in result.output.splitlines() if "|" in line]
    ours, theirs = rows[2:-4], rows[-2:]
    assert float(ours[-1][0]) >= 1 and [row[0] for row in theirs] == ["0.1", "0.2"]
    assert all(float(row[2]) > 0 for row in ours) and all(float(row[1]) > 0 for row in theirs)
    assert [path.suffix for path in (tmp_path / "evaluation").iterdir()] == [".safetensors"]


def test_the_baseline_learns() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        baseline = Baseline(torch.full((64, 1, 28, 28), 255, dtype=torch.uint8), batch_size=32)
        losses = [baseline.step()[0].item() for _ in range(20)]
    assert losses[-1] < losses[0] / 2  # all-white pictures are easily told from G's first ones

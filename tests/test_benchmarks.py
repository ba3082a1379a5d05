"""The benchmarks run, in a tiny form, so that they cannot rot."""

from __future__ import annotations

import torch
from click.testing import CliRunner

from benchmarks import training_speed
from benchmarks.tutorial_baseline import Baseline
from gan_core.presets import PRESETS


def test_training_speed_measures_every_preset() -> None:
    threads = torch.get_num_threads()
    result = CliRunner().invoke(training_speed.main, ["--steps", "1", "--rounds", "1"])
    torch.set_num_threads(threads)
    assert result.exit_code == 0, result.output
    rows = [line.split("|")[1].strip() for line in result.output.splitlines()[2:]]
    assert rows == ["article's loop", *PRESETS]


def test_the_baseline_learns() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        baseline = Baseline(torch.full((64, 1, 28, 28), 255, dtype=torch.uint8), batch_size=32)
        losses = [baseline.step()[0].item() for _ in range(20)]
    assert losses[-1] < losses[0] / 2  # all-white pictures are easily told from G's first ones

"""Images a second of every preset, and of the article's own loop beside our trainer with the same two networks.

    .venv/bin/python -m benchmarks.training_speed [--dataset mnist --data-dir data] [--steps 20] [--rounds 5]

All take turns, round by round, so that a busy moment of the machine hits each alike; printed are the median over the
rounds, the lowest and highest, and the ratio to the article's loop. The limit is what the step's matrix products and
convolutions would reach if they were all there is, each as fast as alone (`limit.py`).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import click
import torch

from benchmarks.limit import Limit, limit
from benchmarks.tutorial_baseline import Baseline
from gan_core import datasets
from gan_core.datasets import Dataset
from gan_core.presets import PRESETS, make_config
from gan_core.trainer import Trainer, thread_count

LOOP = "the article's loop"


def contestants(trainers: dict[str, Trainer], dataset: Dataset) -> dict[str, Callable[[int], int]]:
    """Name → a function that makes so many steps and says how many real images it saw."""
    baseline = Baseline(dataset.samples)
    loop = {LOOP: lambda steps: sum(baseline.step()[2] for _ in range(steps))}
    return loop | {preset: _stepper(trainer) for preset, trainer in trainers.items()}


def _stepper(trainer: Trainer) -> Callable[[int], int]:
    def run(steps: int) -> int:
        before = trainer.images
        for _ in range(steps):
            trainer.step()
        trainer.record()
        return trainer.images - before

    return run


def measure(runners: dict[str, Callable[[int], int]], steps: int, rounds: int) -> dict[str, list[float]]:
    """Images a second of each contestant, a number a round."""
    rates: dict[str, list[float]] = {name: [] for name in runners}
    for run in runners.values():  # caches and allocators warm
        run(min(steps, 5))
    for _ in range(rounds):
        for name, run in runners.items():
            begin = time.perf_counter()
            images = run(steps)
            rates[name].append(images / (time.perf_counter() - begin))
    return rates


def table(rates: dict[str, list[float]], limits: dict[str, Limit]) -> str:
    """The rates as Markdown."""
    base = statistics.median(rates[LOOP])
    heads = ("trained", "images/s (median)", "lowest to highest", f"ratio to {LOOP}", "Gflop/s", "share of the limit")
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for name, values in rates.items():
        middle = statistics.median(values)
        cells = [name, f"{middle:,.0f}", f"{min(values):,.0f} to {max(values):,.0f}", f"{middle / base:.2f}", "", ""]
        if name in limits:
            cells[-2:] = f"{middle * limits[name].flop / 1e9:.1f}", f"{middle * limits[name].seconds:.2f}"
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


@click.command()
@click.option("--dataset", default="digits", show_default=True)
@click.option("--data-dir")
@click.option("--steps", default=20, show_default=True, help="Steps of G a round.")
@click.option("--rounds", default=5, show_default=True)
def main(dataset: str, data_dir: str | None, steps: int, rounds: int) -> None:
    """Measure and print."""
    torch.set_num_threads(thread_count(make_config()))
    data = datasets.load(dataset, data_dir)
    # A preset that brings data of its own is for no other.
    presets = [name for name, preset in PRESETS.items() if "dataset" not in preset.values]
    trainers = {preset: Trainer(make_config(preset, dataset=dataset, device="cpu"), data) for preset in presets}
    limits = {preset: limit(trainer) for preset, trainer in trainers.items()}
    print(table(measure(contestants(trainers, data), steps, rounds), limits))


if __name__ == "__main__":
    main()

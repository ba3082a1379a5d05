"""Images a second of every preset, and of the article's own loop beside our trainer with the same two networks.

    .venv/bin/python -m benchmarks.training_speed [--dataset mnist --data-dir data] [--steps 20] [--rounds 5]

All take turns, round by round, so that a busy moment of the machine hits each alike; printed are the median over the
rounds, the lowest and highest, and the ratio to the article's loop.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import click
import torch

from benchmarks.tutorial_baseline import Baseline
from gan_core import datasets
from gan_core.datasets import Dataset
from gan_core.presets import PRESETS, make_config
from gan_core.trainer import Trainer, thread_count


def contestants(dataset: Dataset) -> dict[str, Callable[[int], int]]:
    """Name → a function that makes so many steps and says how many real images it saw."""
    found: dict[str, Callable[[int], int]] = {}
    baseline = Baseline(dataset.samples)
    found["article's loop"] = lambda steps: sum(baseline.step()[2] for _ in range(steps))
    for preset in PRESETS:
        trainer = Trainer(make_config(preset, dataset=dataset.name, device="cpu"), dataset)
        found[preset] = _stepper(trainer)
    return found


def _stepper(trainer: Trainer) -> Callable[[int], int]:
    def run(steps: int) -> int:
        before = trainer.images
        for _ in range(steps):
            trainer.step()
        trainer.record()
        return trainer.images - before

    return run


def measure(dataset: Dataset, steps: int, rounds: int) -> dict[str, list[float]]:
    """Images a second of each contestant, a number a round."""
    runners = contestants(dataset)
    rates: dict[str, list[float]] = {name: [] for name in runners}
    for run in runners.values():  # caches and allocators warm
        run(min(steps, 5))
    for _ in range(rounds):
        for name, run in runners.items():
            begin = time.perf_counter()
            images = run(steps)
            rates[name].append(images / (time.perf_counter() - begin))
    return rates


def table(rates: dict[str, list[float]]) -> str:
    """The rates as Markdown."""
    base = statistics.median(rates["article's loop"])
    lines = ["| trained | images/s (median) | lowest to highest | ratio to the article's loop |", "|---|---|---|---|"]
    for name, values in rates.items():
        middle = statistics.median(values)
        lines.append(f"| {name} | {middle:,.0f} | {min(values):,.0f} to {max(values):,.0f} | {middle / base:.2f} |")
    return "\n".join(lines)


@click.command()
@click.option("--dataset", default="digits", show_default=True)
@click.option("--data-dir")
@click.option("--steps", default=20, show_default=True, help="Steps of G a round.")
@click.option("--rounds", default=5, show_default=True)
def main(dataset: str, data_dir: str | None, steps: int, rounds: int) -> None:
    """Measure and print."""
    torch.set_num_threads(thread_count(make_config()))
    print(table(measure(datasets.load(dataset, data_dir), steps, rounds)))


if __name__ == "__main__":
    main()

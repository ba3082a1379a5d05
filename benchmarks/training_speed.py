"""Images a second of every preset, and of the article's own loop beside our trainer with the same two networks.

    .venv/bin/python -m benchmarks.training_speed [--dataset mnist --data-dir data] [--steps 20] [--rounds 5]
        [--device cpu] [--precision float32]

All take turns, round by round, so that a busy moment of the machine hits each alike; printed are the median over the
rounds, the lowest and highest, and the ratio to the article's loop. The limit is what the step's matrix products and
convolutions would reach if they were all there is, each as fast as alone (`limit.py`); of a CPU only.
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
from gan_core.device import thread_count
from gan_core.presets import PRESETS, make_config
from gan_core.trainer import Trainer

LOOP = "the article's loop"
WARM_UP = 20
"""Steps: a lazy penalty has then been met often enough to be captured."""


def contestants(
    trainers: dict[str, Trainer], dataset: Dataset, device: torch.device | str = "cpu"
) -> dict[str, Callable[[int], int]]:
    """Name → a function that makes so many steps and says how many real images it saw."""
    baseline = Baseline(dataset.samples, device=device)

    def loop(steps: int) -> int:
        images = 0
        for _ in range(steps):
            loss, _, count = baseline.step()
            images += count
        loss.item()  # a device has then done what it was handed
        return images

    return {LOOP: loop} | {preset: _stepper(trainer) for preset, trainer in trainers.items()}


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
    for run in runners.values():  # caches and allocators warm, graphs captured
        run(min(steps, WARM_UP))
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
@click.option("--device", default="cpu", show_default=True, type=click.Choice(["cpu", "cuda", "mps"]))
@click.option("--precision", default="float32", show_default=True, type=click.Choice(["float32", "bfloat16"]))
def main(dataset: str, data_dir: str | None, steps: int, rounds: int, device: str, precision: str) -> None:
    """Measure and print."""
    torch.set_num_threads(thread_count(make_config()))
    data = datasets.load(dataset, data_dir)
    # A preset that brings data of its own is for no other.
    presets = [name for name, preset in PRESETS.items() if "dataset" not in preset.values]
    settings = {"dataset": dataset, "device": device, "precision": precision}
    trainers = {preset: Trainer(make_config(preset, **settings), data) for preset in presets}
    # One product alone takes a GPU less time than handing it out does.
    limits = {preset: limit(trainer) for preset, trainer in trainers.items()} if device == "cpu" else {}
    print(table(measure(contestants(trainers, data, device), steps, rounds), limits))


if __name__ == "__main__":
    main()

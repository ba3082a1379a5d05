"""What measuring costs training: the same run with its samples measured every few seconds, and without.

    .venv/bin/python -m benchmarks.watch_cost [--preset quick] [--dataset digits] [--seconds 20] [--rounds 5]

Each in a process of its own, taking turns; images a second by the wall clock, the beginning of each run left out.
"""

from __future__ import annotations

import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from benchmarks.watching import images_seen, rate_over, told
from gan_core.presets import PRESETS
from tests.browser.dashboard import ROOT

WARM_IMAGES = 3_000


def rate(checkpoints: Path, name: str, measure: str, seconds: float, *settings: str) -> float:
    """Images a second of one run."""
    command = [
        sys.executable, "-m", "gan_core", "train", "--name", name, "--checkpoints", str(checkpoints), *settings,
        "--set", f"measure={measure}", "--set", "images=none",
    ]
    training = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        folder = checkpoints / name
        while not (folder / "history.jsonl").exists() or images_seen(folder) < WARM_IMAGES:
            assert training.poll() is None, "the training ended"
            time.sleep(0.1)
        return rate_over(folder, seconds)
    finally:
        training.send_signal(signal.SIGINT)
        training.wait(60)


def table(rates: dict[str, list[float]]) -> str:
    base = statistics.median(rates["off"])
    lines = ["| measuring | images/s, median (lowest to highest) | ratio |", "|---|---|---|"]
    lines += [f"| {name} | {told(found)} | {statistics.median(found) / base:.3f} |" for name, found in rates.items()]
    return "\n".join(lines)


@click.command()
@click.option("--preset", type=click.Choice(list(PRESETS)), default="quick", show_default=True)
@click.option("--dataset", default="digits", show_default=True)
@click.option("--data-dir", help="Where a downloaded data set lies.")
@click.option("--seconds", default=20.0, show_default=True, help="Of each measurement.")
@click.option("--rounds", default=5, show_default=True)
def main(preset: str, dataset: str, data_dir: str | None, seconds: float, rounds: int) -> None:
    """Measure and print."""
    settings = ["--preset", preset, "--dataset", dataset, *(["--data-dir", data_dir] if data_dir else [])]
    rates: dict[str, list[float]] = {"off": [], "live": []}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            for measure, found in rates.items():
                found.append(rate(Path(folder), f"{measure}-{number}", measure, seconds, *settings))
    print(table(rates))


if __name__ == "__main__":
    main()

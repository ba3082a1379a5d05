"""What grows with use, and must not be felt: many runs, and a long one.

    .venv/bin/python -m benchmarks.growth [--runs 1000] [--steps 1000000]

A long history is simulated (its lines are written, not trained), at the default spacing of a line every ten steps.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import torch

from gan_core import datasets
from gan_core.device import thread_count
from gan_core.figures import Curve, losses
from gan_core.presets import make_config
from gan_core.runs import Runs, facts
from gan_core.store import COLUMNS, History, RunFolder, Store
from gan_core.trainer import Trainer
from pages.parts.live.feed import Curves

SHORT = 1_000
"""Steps of the run that the long one is held against."""


def lines(steps: int, spacing: int = 10) -> Iterator[dict[str, Any]]:
    """The records of a run of so many steps."""
    for step in range(spacing, steps + 1, spacing):
        place = {"step": step, "images": 64 * step, "epoch": step / 28, "seconds": step / 20}
        yield place | dict.fromkeys(COLUMNS[4:], 1.0 + step % 97 / 97)


def begun(store: Store, name: str, steps: int) -> RunFolder:
    """A run folder as training leaves it, but for the networks."""
    config = make_config()
    folder = store.create(config, facts(datasets.load(config.dataset)), name)
    text = "".join(json.dumps(line) + "\n" for line in lines(steps))
    (folder.path / "history.jsonl").write_text(text, encoding="utf-8")
    folder.append_event("finished", 64 * steps)
    return folder


def timed(work: Callable[[], Any], rounds: int = 5) -> float:
    """Median milliseconds."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - begin))
    return statistics.median(times)


def listing(root: Path, count: int) -> dict[str, float]:
    """Milliseconds to list so many runs: by a program that has just begun, and again."""
    store = Store(root)
    for number in range(count):
        begun(store, f"run-{number}", 100)
    runs = Runs(store)
    return {"first": timed(lambda: Runs(store).snapshots(), 3), "again": timed(runs.snapshots)}


def curves(root: Path, steps: int) -> dict[str, float]:
    """Milliseconds, of a run of so many steps: to read and draw it from nothing, and what one second more costs."""
    path = begun(Store(root), f"steps-{steps}", steps).path / "history.jsonl"

    def opened() -> History:
        history = History()
        history.refresh(path)
        losses([Curve("run", history.thinned().columns)]).to_json()
        return history

    history, reader = opened(), Curves()
    reader.news(history)
    more = list(lines(steps + 20_000))[-2_000:]

    def second() -> None:
        for record in (more.pop(0), more.pop(0)):
            history.append(record)
        reader.news(history)

    return {"open": timed(opened, 3), "second": timed(second, 50)}


def step_after(steps: int) -> float:
    """Milliseconds of a training step after so many, with the history that the run holds by then."""
    trainer = Trainer(make_config(images=None, device="cpu"), datasets.load("digits"))
    history = History()
    for record in lines(steps):
        history.append(record)
    trainer.step_count, trainer.images, trainer.d_steps = steps, 64 * steps, steps
    trainer.step()

    def ten() -> None:
        for _ in range(10):
            trainer.step()
        record = trainer.record()
        assert record is not None
        history.append(record)

    return timed(ten, 7) / 10


@click.command()
@click.option("--runs", default=1_000, show_default=True, help="Run folders in the list.")
@click.option("--steps", default=1_000_000, show_default=True, help="Of the long run.")
def main(runs: int, steps: int) -> None:
    """Measure and print."""
    torch.set_num_threads(thread_count(make_config()))
    with tempfile.TemporaryDirectory() as folder:
        listed = {count: listing(Path(folder) / str(count), count) for count in (max(1, runs // 10), runs)}
        drawn = {count: curves(Path(folder) / "long", count) for count in (min(SHORT, steps), steps)}
        stepped = {count: step_after(count) for count in (min(SHORT, steps), steps)}
    print("| | ms |\n|---|---|")
    for count, found in listed.items():
        print(f"| list {count:,} runs, the first time; again | {found['first']:,.1f}; {found['again']:,.1f} |")
    for count, found in drawn.items():
        print(f"| curves of {count:,} steps: read and drawn from nothing | {found['open']:,.1f} |")
        print(f"| the same: what its live charts are told, each second | {found['second']:,.2f} |")
    for count, found in stepped.items():
        print(f"| a training step after {count:,} | {found:,.1f} |")


if __name__ == "__main__":
    main()

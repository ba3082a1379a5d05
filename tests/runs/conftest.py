"""Runs that a test holds step by step, and what it says of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
import torch

from gan_core.config import RunConfig
from gan_core.datasets import Dataset
from gan_core.runs import Runs
from gan_core.store import RunFolder
from gan_core.trainer import Trainer

ENDLESS = 10**9
Config = Callable[..., RunConfig]
Wait = Callable[..., None]


class Gate:
    """Lets a trainer make only so many steps, so that a test knows where it stands."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._left, self.open, self.waiting = 0, False, False

    def allow(self, steps: int) -> None:
        with self._changed:
            self._left += steps
            self._changed.notify_all()

    def release(self) -> None:
        with self._changed:
            self.open = True
            self._changed.notify_all()

    def pass_one(self) -> None:
        with self._changed:
            self.waiting = True
            self._changed.wait_for(lambda: self.open or self._left)
            self.waiting = False
            self._left -= 1


@pytest.fixture
def gate(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Steps are made only as the test allows; all at its end."""
    gate, real = Gate(), Trainer.step
    monkeypatch.setattr(Trainer, "step", lambda self: (gate.pass_one(), real(self))[1])
    yield gate
    gate.release()


def events(folder: RunFolder) -> list[str]:
    return [event["event"] for event in folder.events()]


def ended(runs: Runs, name: str) -> Callable[[], bool]:
    """For `wait`."""
    return lambda: not runs.snapshot(name).here


def plain(config: RunConfig, dataset: Dataset, steps: int) -> Trainer:
    trainer = Trainer(config, dataset)
    for _ in range(steps):
        trainer.step()
        if trainer.step_count == 1 or trainer.step_count % config.record_every_steps == 0:
            trainer.record()
    return trainer


def same(folder: RunFolder, trainer: Trainer) -> None:
    """The newest checkpoint is the trainer's state, bit for bit but for the clock."""
    (tensors, place), (expected, there) = folder.load_checkpoint(), trainer.state()
    assert {**place, "seconds": 0} == {**there, "seconds": 0}
    for name, value in expected.items():
        assert torch.equal(tensors[name], value), name


def states(runs: Runs) -> dict[str, str]:
    return {one.name: one.state for one in runs.snapshots()}


class Clock:
    """A time module whose clock moves half a second each time it is asked."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 0.5
        return self.now


def spoiled_step(monkeypatch: pytest.MonkeyPatch, at: int, spoil: Callable[[Trainer], None]) -> None:
    """From step `at` on, every step of the run named 'a' is followed by `spoil`; others' stay good."""
    real = Trainer.step

    def step(self: Trainer) -> None:
        real(self)
        if self.step_count >= at and self.config.seed == 13:
            spoil(self)

    monkeypatch.setattr(Trainer, "step", step)


def raising(error: BaseException) -> Callable[[Trainer], None]:
    def spoil(_: Trainer) -> None:
        raise error

    return spoil


@pytest.fixture
def finished(runs: Runs, tiny_config: Config, wait: Wait) -> str:
    """A run of 20 images that is done."""
    name = runs.start(tiny_config(images=20, save_every_images=8), "done")
    wait(ended(runs, name))
    return name

"""One run in its thread: commands, what they leave on disk, and every way it can end."""

from __future__ import annotations

import errno
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch

from gan_core import run as run_module
from gan_core import runs as runs_module
from gan_core.config import RunConfig
from gan_core.datasets import Dataset
from gan_core.errors import ConfigError, DatasetError, StoreError
from gan_core.run import RateMeter, Run, Slots, Snapshot
from gan_core.runs import Runs
from gan_core.store import RunFolder, Store
from gan_core.store import files as files_module
from gan_core.store import folder as folder_module
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


# a whole life


def test_a_run_is_its_trainer_and_leaves_all_of_it(runs: Runs, tiny_data: Dataset, tiny_config: Config, wait: Wait):
    config = tiny_config(images=100, record_every_steps=4, save_every_images=40, sample_every_images=50)
    name = runs.start(config, "a")
    wait(ended(runs, name))
    snapshot, folder = runs.snapshot(name), runs.folder(name)
    assert (snapshot.state, snapshot.reason, snapshot.images, snapshot.step) == ("finished", None, 100, 25)
    assert snapshot.progress == 1 and snapshot.rate == 0 and snapshot.seconds > 0
    same(folder, plain(config, tiny_data, 25))
    assert events(folder) == ["created", "started", "finished"]
    assert runs.history(name).column("step").tolist() == [1, 4, 8, 12, 16, 20, 24]
    lines = [json.loads(line) for line in (folder.path / "history.jsonl").read_text().splitlines()]
    assert all({"step", "images", "seconds", "loss_d", "loss_g", "d_real", "d_fake"} <= line.keys() for line in lines)
    assert [file.images for file in folder.checkpoints()] == [40, 80, 100]
    assert [images for images, _ in folder.samples()] == [0, 52, 100]
    assert all(path.read_bytes().startswith(b"\x89PNG") for _, path in folder.samples())
    assert not folder.is_locked()


def test_only_the_last_checkpoints_and_every_grid(runs: Runs, tiny_config: Config, wait: Wait):
    name = runs.start(tiny_config(images=80, save_every_images=8, keep_checkpoints=3, sample_every_images=8))
    wait(ended(runs, name))
    folder = runs.folder(name)
    assert [file.images for file in folder.checkpoints()] == [64, 72, 80]
    assert [images for images, _ in folder.samples()] == list(range(0, 81, 8))


def test_the_length_in_epochs_and_without_end(runs: Runs, tiny_config: Config, wait: Wait, gate: Gate):
    name = runs.start(tiny_config(epochs=1.5), "epochs")
    gate.allow(100)
    wait(ended(runs, name))
    assert runs.snapshot(name).images == 32  # 30, in batches of 4
    gate._left = 0
    name = runs.start(tiny_config(images=None), "endless")
    gate.allow(5)
    wait(lambda: runs.history(name).last())
    assert runs.snapshot(name).progress == 0 and runs.snapshot(name).seconds_left is None
    gate.release()
    runs.run(name).stop()
    wait(ended(runs, name))
    assert runs.snapshot(name).state == "stopped"


class Clock:
    """A time module whose clock moves half a second each time it is asked."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 0.5
        return self.now


def test_the_length_in_seconds(runs: Runs, tiny_config: Config, wait: Wait, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run_module, "time", Clock())
    name = runs.start(tiny_config(seconds=20))
    wait(ended(runs, name))
    snapshot = runs.snapshot(name)
    assert snapshot.state == "finished" and 20 <= runs.folder(name).load_checkpoint()[1]["seconds"] <= 25
    with pytest.raises(StoreError, match="already run its length"):
        runs.resume(name)
    runs.resume(name, seconds=40)
    wait(ended(runs, name))
    assert 40 <= runs.folder(name).load_checkpoint()[1]["seconds"] <= 45


# autosave


def test_saved_each_minute(runs: Runs, tiny_config: Config, wait: Wait, monkeypatch: pytest.MonkeyPatch):
    """The clock moves half a second a look, one look a step: a minute is about 120 steps."""
    monkeypatch.setattr(run_module, "time", Clock())
    monkeypatch.setattr(run_module, "PUBLISH_SECONDS", float("inf"))
    name = runs.start(tiny_config(images=4 * 300, save_every_images=ENDLESS, sample_every_images=ENDLESS))
    wait(ended(runs, name))
    saved = [file.step for file in runs.folder(name).checkpoints()]
    assert len(saved) == 3 and saved[-1] == 300
    assert saved[0] == pytest.approx(120, abs=2) and saved[1] - saved[0] == pytest.approx(120, abs=2)


def test_saved_now(runs: Runs, tiny_config: Config, wait: Wait, gate: Gate):
    name = runs.start(tiny_config(images=ENDLESS))
    gate.allow(3)
    wait(lambda: gate._left == 0)
    runs.run(name).save()
    gate.allow(1)
    wait(lambda: events(runs.folder(name))[-1] == "saved")
    (file,) = runs.folder(name).checkpoints()
    assert file.images in (8, 12, 16) and runs.folder(name).events()[-1]["images"] == file.images
    assert runs.snapshot(name).state == "training"


# pause


def test_a_pause_saves_and_changes_nothing(
    runs: Runs, tiny_data: Dataset, tiny_config: Config, wait: Wait, gate: Gate
):
    config = tiny_config(images=80)
    name = runs.start(config)
    run, folder = runs.run(name), runs.folder(name)
    gate.allow(6)
    wait(lambda: gate._left == 0)
    run.pause()
    gate.allow(1)
    wait(lambda: runs.snapshot(name).state == "paused")
    saved = folder.find().images
    assert saved == runs.snapshot(name).images > 0 and events(folder)[-1] == "paused"
    assert folder.state() == ("paused", None) and folder.is_locked()
    gate.release()
    other = runs.start(tiny_config(images=20), "other")  # one at a time: the place is free
    wait(ended(runs, other))
    assert runs.snapshot(other).state == "finished"
    assert runs.snapshot(name).images == saved and runs.snapshot(name).state == "paused"
    runs.resume(name)
    wait(ended(runs, name))
    assert events(folder) == ["created", "started", "paused", "unpaused", "finished"]
    same(folder, plain(config, tiny_data, 20))


def test_a_pause_is_no_training_time(
    runs: Runs, tiny_config: Config, wait: Wait, gate: Gate, monkeypatch: pytest.MonkeyPatch
):
    clock = Clock()
    monkeypatch.setattr(run_module, "time", clock)
    name = runs.start(tiny_config(images=20))
    gate.allow(2)
    wait(lambda: gate._left == 0)
    runs.run(name).pause()
    gate.allow(1)
    wait(lambda: runs.snapshot(name).state == "paused")
    clock.now += 10_000
    runs.resume(name)
    gate.release()
    wait(ended(runs, name))
    assert runs.folder(name).load_checkpoint()[1]["seconds"] < 100


def test_paused_while_it_queues(runs: Runs, tiny_config: Config, wait: Wait, gate: Gate):
    first, second = runs.start(tiny_config(images=20), "first"), runs.start(tiny_config(images=20), "second")
    runs.run(second).pause()
    gate.release()
    wait(ended(runs, first))
    wait(lambda: runs.snapshot(second).state == "paused")
    assert runs.snapshot(second).images == 0 and runs.folder(second).find().images == 0
    runs.resume(second)
    wait(ended(runs, second))
    assert runs.snapshot(second).state == "finished"


def test_a_pause_taken_back_at_once(runs: Runs, tiny_config: Config, wait: Wait, gate: Gate):
    name = runs.start(tiny_config(images=20))
    wait(lambda: runs.snapshot(name).state == "training")
    runs.run(name).pause()
    runs.resume(name)
    gate.release()
    wait(ended(runs, name))
    assert events(runs.folder(name)) == ["created", "started", "finished"]


def test_going_on_queues_again(runs: Runs, tiny_config: Config, wait: Wait, gate: Gate):
    name = runs.start(tiny_config(images=ENDLESS), "paused")
    runs.run(name).pause()
    wait(lambda: runs.snapshot(name).state == "paused")
    other = runs.start(tiny_config(images=ENDLESS), "other")
    wait(lambda: runs.snapshot(other).state == "training")
    runs.resume(name)
    wait(lambda: runs.snapshot(name).state == "queued")
    gate.release()
    runs.run(other).stop()
    wait(lambda: runs.snapshot(name).state == "training")
    assert runs.snapshot(other).state == "stopped"


def test_saved_while_paused(runs: Runs, tiny_config: Config, wait: Wait, gate: Gate):
    """It was saved when it paused: the person is told so, and nothing is written twice."""
    name = runs.start(tiny_config(images=ENDLESS))
    runs.run(name).pause()
    wait(lambda: runs.snapshot(name).state == "paused")
    before = runs.folder(name).find().path.stat().st_mtime_ns
    runs.run(name).save()
    wait(lambda: events(runs.folder(name))[-1] == "saved")
    assert runs.folder(name).find().path.stat().st_mtime_ns == before
    assert runs.snapshot(name).state == "paused"


# stop


def test_stopped_and_resumed_is_never_stopped(
    runs: Runs, tiny_data: Dataset, tiny_config: Config, wait: Wait, gate: Gate
):
    config = tiny_config(images=80, record_every_steps=3)
    name = runs.start(config)
    for allowed in (3, 4, 5):
        gate.allow(allowed)
        wait(lambda: gate._left == 0)
        runs.run(name).stop("enough for now")
        gate.allow(1)
        wait(ended(runs, name))
        gate._left = 0
        snapshot = runs.snapshot(name)
        assert (snapshot.state, snapshot.reason) == ("stopped", "enough for now")
        assert snapshot.images == runs.folder(name).find().images > 0
        runs.resume(name)
    gate.release()
    wait(ended(runs, name))
    same(runs.folder(name), plain(config, tiny_data, 20))
    assert runs.history(name).column("step").tolist() == [1, 3, 6, 9, 12, 15, 18]
    assert events(runs.folder(name)) == ["created", "started"] + ["stopped", "resumed"] * 3 + ["finished"]


def test_stopped_during_a_pause(runs: Runs, tiny_config: Config, wait: Wait, gate: Gate):
    name = runs.start(tiny_config(images=ENDLESS))
    runs.run(name).pause()
    wait(lambda: runs.snapshot(name).state == "paused")
    runs.run(name).stop()
    wait(ended(runs, name))
    assert events(runs.folder(name)) == ["created", "started", "paused", "stopped"]
    assert runs.snapshot(name).state == "stopped"
    assert runs.slots._held == 0


def test_stopped_while_it_queues(runs: Runs, tiny_config: Config, wait: Wait, gate: Gate):
    runs.start(tiny_config(images=ENDLESS), "first")
    second = runs.start(tiny_config(images=20), "second")
    assert runs.snapshot(second).state == "queued"
    runs.run(second).stop()
    wait(ended(runs, second))
    assert runs.snapshot(second).state == "stopped"
    assert runs.store.open(second).checkpoints() == []
    gate.release()
    runs.run("first").stop()
    runs.resume(second)
    wait(ended(runs, second))
    assert (runs.snapshot(second).state, runs.snapshot(second).images) == ("finished", 20)


def test_stopped_while_it_waits_to_go_on(runs: Runs, tiny_config: Config, wait: Wait, gate: Gate):
    name = runs.start(tiny_config(images=ENDLESS), "paused")
    runs.run(name).pause()
    wait(lambda: runs.snapshot(name).state == "paused")
    other = runs.start(tiny_config(images=ENDLESS), "other")
    wait(lambda: runs.snapshot(other).state == "training")
    runs.resume(name)
    wait(lambda: runs.snapshot(name).state == "queued")
    runs.run(name).stop()
    wait(ended(runs, name))
    assert events(runs.folder(name))[-2:] == ["paused", "stopped"]
    assert runs.snapshot(other).state == "training" and runs.slots._held == 1


def test_the_end_is_the_last_word(runs: Runs, tiny_config: Config, wait: Wait):
    """A stop that comes as the run ends must not leave it stopping for ever."""
    name = runs.start(tiny_config(images=8))
    run = runs._here[name]
    wait(lambda: not run.active)
    for late in (run.stop, run.pause, run.unpause, run.save):
        late()
        assert run.snapshot().state == "finished" and not run.active


def test_a_stop_shows_until_it_has_ended(runs: Runs, tiny_config: Config, wait: Wait, gate: Gate):
    name = runs.start(tiny_config(images=ENDLESS))
    wait(lambda: runs.snapshot(name).state == "training")
    run = runs.run(name)
    run.stop()
    assert runs.snapshot(name).state == "stopping"
    for state in ("queued", "training", "paused"):
        run._show(state=state)
        assert run.snapshot().state == "stopping"
    with pytest.raises(StoreError, match="just being stopped"):
        runs.resume(name)
    gate.release()
    wait(ended(runs, name))


def test_what_has_ended_can_be_resumed_at_once(
    runs: Runs, tiny_config: Config, wait: Wait, monkeypatch: pytest.MonkeyPatch
):
    """Its lock and its place are free before anyone is told: a quick click must not hear that someone trains it."""
    real, found = Run._show, []

    def show(self: Run, **changes: Any) -> None:
        if changes.get("state") in run_module.ENDED:
            found.append((self.folder.is_locked(), runs.slots._held))
        real(self, **changes)

    monkeypatch.setattr(Run, "_show", show)
    name = runs.start(tiny_config(images=8))
    wait(ended(runs, name))
    spoiled_step(monkeypatch, 3, raising(MemoryError()))
    name = runs.start(tiny_config(images=40, seed=13))
    wait(ended(runs, name))
    assert runs.snapshot(name).state == "failed" and found == [(False, 0)] * 2


# learning rates


def test_rates_change_while_it_runs(runs: Runs, tiny_data: Dataset, tiny_config: Config, wait: Wait, gate: Gate):
    config = tiny_config(images=40, record_every_steps=1)
    name = runs.start(config)
    run, folder = runs.run(name), runs.folder(name)
    gate.allow(3)
    wait(lambda: len(run.history) == 3)
    run.set_rates(d=1e-4, g=2e-4)
    gate.allow(3)
    wait(lambda: len(run.history) == 6)
    change = next(event for event in folder.events() if event["event"] == "rates")
    assert folder.load_checkpoint()[1]["rates"] == {"d": 1e-4, "g": 2e-4}  # a kill now would not take it back
    assert (change["lr_d"], change["lr_g"]) == (1e-4, 2e-4)
    assert change["images"] in (12, 16)  # the fourth step may have begun already
    run.set_rates(g=5e-4)
    gate.allow(1)
    wait(lambda: gate._left == 0)
    run.stop()
    gate.allow(1)
    wait(ended(runs, name))
    assert folder.load_checkpoint()[1]["rates"] == {"d": 1e-4, "g": 5e-4}
    assert folder.config.lr_d == config.lr_d  # what was asked at first stays known
    runs.resume(name)
    gate.release()
    wait(ended(runs, name))
    used = runs.history(name)
    assert used.column("lr_d").tolist()[:3] == [4e-3] * 3 and used.column("lr_d").tolist()[4:] == [1e-4] * 6
    assert used.column("lr_g").tolist()[8:] == [5e-4] * 2

    trainer = Trainer(config, tiny_data)
    for lr_d, lr_g in zip(used.column("lr_d"), used.column("lr_g"), strict=True):
        trainer.rates = {"d": float(lr_d), "g": float(lr_g)}
        trainer.step()
        trainer.record()
    same(folder, trainer)


def test_rates_changed_during_a_pause_outlive_a_stop(runs: Runs, tiny_config: Config, wait: Wait, gate: Gate):
    name = runs.start(tiny_config(images=ENDLESS))
    runs.run(name).pause()
    wait(lambda: runs.snapshot(name).state == "paused")
    runs.run(name).set_rates(d=1e-5)
    wait(lambda: "rates" in events(runs.folder(name)))  # at once, not when it goes on
    runs.run(name).stop()
    wait(ended(runs, name))
    assert runs.folder(name).load_checkpoint()[1]["rates"] == {"d": 1e-5, "g": 8e-3}


def test_rates_changed_just_before_a_stop(runs: Runs, tiny_config: Config, wait: Wait, gate: Gate):
    name = runs.start(tiny_config(images=ENDLESS))
    wait(lambda: runs.snapshot(name).state == "training")
    runs.run(name).set_rates(g=1e-5)
    runs.run(name).stop()
    gate.release()
    wait(ended(runs, name))
    assert runs.folder(name).load_checkpoint()[1]["rates"]["g"] == 1e-5
    assert "rates" in events(runs.folder(name))


@pytest.mark.parametrize("rates", [{"d": 0.0}, {"g": 2.0}, {"d": float("nan")}, {"d": "fast"}, {"x": 1e-3},
                                   {"d": 1e-3, "g": -1.0}])
def test_rates_that_are_not_allowed(runs: Runs, tiny_config: Config, wait: Wait, gate: Gate, rates: dict[str, Any]):
    name = runs.start(tiny_config(images=16))
    run = runs.run(name)
    with pytest.raises(ConfigError, match=f"lr_{list(rates)[-1]}"):
        run.set_rates(**rates)
    gate.release()
    wait(ended(runs, name))
    assert "rates" not in events(runs.folder(name))
    assert runs.folder(name).load_checkpoint()[1]["rates"] == {"d": 4e-3, "g": 8e-3}


# failures


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


def spoil_loss(trainer: Trainer) -> None:
    trainer._window[1] = float("nan")


def spoil_weights(trainer: Trainer) -> None:
    with torch.no_grad():
        trainer.parameters["g"][0].view(-1)[0] = float("inf")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (spoil_loss, "diverged.*loss_g.*lower the learning rates"),
        (spoil_weights, "diverged.*lower the learning rates"),
        (raising(MemoryError()), "out of memory: make batch_size"),
        (raising(torch.OutOfMemoryError("CUDA out of memory")), "out of memory: make batch_size"),
        (raising(RuntimeError("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate "
                              "memory: you tried to allocate 800 bytes. Error code 12 (Cannot allocate memory)")),
         "out of memory: make batch_size"),
        (raising(RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 800 bytes.")),
         "out of memory: make batch_size"),
        (raising(RuntimeError("MPS backend out of memory")), "out of memory: make batch_size"),
        (raising(RuntimeError("something else")), "RuntimeError: something else"),
        (raising(KeyError("what")), "KeyError: 'what'"),
        (raising(OSError(errno.ENOSPC, "No space left on device")), "the disk is full"),
    ],
)
def test_a_failure_is_told_and_costs_nothing_that_was_saved(
    runs: Runs, tiny_data: Dataset, tiny_config: Config, wait: Wait, monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Trainer], None], reason: str,
):
    config = tiny_config(images=200, save_every_images=20, record_every_steps=10, seed=13)
    spoiled_step(monkeypatch, 12, spoil)
    name = runs.start(config, "a")
    other = runs.start(tiny_config(images=40), "other")
    wait(ended(runs, name))
    snapshot, folder = runs.snapshot(name), runs.folder(name)
    assert snapshot.state == "failed" and snapshot.reason and re.search(reason, snapshot.reason)
    last = folder.events()[-1]
    assert (last["event"], last["reason"]) == ("failed", snapshot.reason)
    assert Runs(runs.store).snapshot(name).reason == snapshot.reason  # another process is told the same
    assert not folder.is_locked()
    wait(ended(runs, other))
    assert runs.snapshot(other).state == "finished"  # the others live on

    assert folder.find().images == 40
    same(folder, plain(config, tiny_data, 10))
    monkeypatch.undo()
    monkeypatch.setattr(runs_module, "load_data", lambda config: tiny_data)
    runs.resume(name)
    wait(ended(runs, name))
    assert runs.snapshot(name).state == "finished"
    same(folder, plain(config, tiny_data, 50))


def test_infinite_weights_are_never_saved(
    runs: Runs, tiny_config: Config, wait: Wait, monkeypatch: pytest.MonkeyPatch
):
    """Found when saving, even where no record would have told."""
    spoiled_step(monkeypatch, 12, spoil_weights)
    name = runs.start(tiny_config(images=200, save_every_images=20, record_every_steps=1000, seed=13))
    wait(ended(runs, name))
    assert runs.snapshot(name).state == "failed" and "weights of " in str(runs.snapshot(name).reason)
    assert [file.images for file in runs.folder(name).checkpoints()] == [20, 40]


def full_disk(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("where", ["checkpoint", "history", "sample"])
def test_a_full_disk(
    runs: Runs, tiny_data: Dataset, tiny_config: Config, wait: Wait, monkeypatch: pytest.MonkeyPatch, where: str
):
    """Nothing more can be written, not even that it failed: the screens of this process are told all the same."""
    config = tiny_config(images=200, save_every_images=20, record_every_steps=5, sample_every_images=40)
    real_append, real_write, full = folder_module.append_line, folder_module.write_atomic, threading.Event()
    kinds = {"checkpoint": ".safetensors", "history": "history.jsonl", "sample": ".png"}

    def guarded(real: Callable[..., None]) -> Callable[..., None]:
        def write(path: Any, data: Any) -> None:
            if path.name.endswith(kinds[where]) and "000000000" not in path.name and len(run.history) >= 4:
                full.set()
            full_disk() if full.is_set() else real(path, data)

        return write

    monkeypatch.setattr(folder_module, "append_line", guarded(real_append))
    monkeypatch.setattr(folder_module, "write_atomic", guarded(real_write))
    with runs._lock:
        name = runs.start(config, "a")
        run = runs.run(name)
    wait(ended(runs, name))
    assert full.is_set()
    snapshot = runs.snapshot(name)
    assert snapshot.state == "failed" and "the disk is full: free some space" in str(snapshot.reason)
    assert runs.snapshots() == [snapshot]
    saved = runs.folder(name).load_checkpoint()[1]["images"]
    assert saved in (40, 60, 80)

    monkeypatch.setattr(folder_module, "append_line", real_append)
    monkeypatch.setattr(folder_module, "write_atomic", real_write)
    runs.resume(name)
    wait(ended(runs, name))
    assert (runs.snapshot(name).state, runs.snapshot(name).reason) == ("finished", None)
    same(runs.folder(name), plain(config, tiny_data, 50))
    assert runs.history(name).column("step").tolist() == [1, *range(5, 51, 5)]


def test_a_full_disk_within_a_file(
    runs: Runs, tiny_config: Config, wait: Wait, monkeypatch: pytest.MonkeyPatch
):
    """The checkpoint half written is not seen, and the one before stays."""
    name = runs.start(tiny_config(images=40, save_every_images=20), "a")
    wait(ended(runs, name))
    before = [file.path.read_bytes() for file in runs.folder(name).checkpoints()]
    monkeypatch.setattr(files_module.os, "fsync", full_disk)
    runs.resume(name, images=80)
    wait(ended(runs, name))
    monkeypatch.undo()
    snapshot = runs.snapshot(name)
    assert (snapshot.state, snapshot.target_images) == ("failed", 40) and "disk is full" in str(snapshot.reason)
    assert [file.path.read_bytes() for file in runs.folder(name).checkpoints()] == before


def test_the_data_is_gone(
    runs: Runs, tiny_config: Config, tiny_data: Dataset, wait: Wait, gate: Gate, monkeypatch: pytest.MonkeyPatch
):
    """It was there when asked for, and is not when the run's turn comes."""
    first, second = runs.start(tiny_config(images=ENDLESS), "first"), None

    def gone(config: RunConfig) -> Dataset:
        if threading.current_thread() is threading.main_thread():
            return tiny_data
        raise DatasetError("the folder is gone")

    monkeypatch.setattr(runs_module, "load_data", gone)
    wait(lambda: runs.snapshot(first).state == "training")
    second = runs.start(tiny_config(images=20), "second")
    gate.release()
    runs.run(first).stop()
    wait(ended(runs, second))
    assert (runs.snapshot(second).state, runs.snapshot(second).reason) == ("failed", "the folder is gone")


def test_other_data_than_it_was_begun_with(
    runs: Runs, tiny: Callable[..., Dataset], tiny_config: Config, wait: Wait, monkeypatch: pytest.MonkeyPatch,
    contents: Any,
):
    name = runs.start(tiny_config(images=20))
    wait(ended(runs, name))
    before = contents(runs.store.root)
    monkeypatch.setattr(runs_module, "load_data", lambda config: tiny(count=30))
    with pytest.raises(StoreError, match=r"is not what this run was begun with \(30 samples now, 20 then"):
        runs.resume(name, images=40)
    assert contents(runs.store.root) == before
    # And where it changes between the click and the turn.
    folder = runs.folder(name)
    run = Run(folder, lambda config: tiny(seed=5), Slots(), resuming=True)
    run.start()
    assert run.join(60)
    assert run.snapshot().state == "failed" and "is not what this run was begun with" in str(run.snapshot().reason)
    assert folder.load_checkpoint()[1]["images"] == 20


def test_someone_else_trains_it_when_its_turn_comes(
    runs: Runs, tiny_config: Config, wait: Wait, gate: Gate, monkeypatch: pytest.MonkeyPatch
):
    """Their events stay theirs: the run must not look failed because it could not be trained twice."""
    name = runs.start(tiny_config(images=ENDLESS), "a")
    wait(lambda: runs.snapshot(name).state == "training")
    before = events(runs.folder(name))
    late = Runs(Store(runs.store.root))
    monkeypatch.setattr(RunFolder, "is_locked", lambda self: False)  # it was free when asked
    late.resume(name)
    monkeypatch.undo()
    wait(lambda: not late._here[name].active)
    found = late.snapshot(name)
    assert found.state == "training" and "is being trained already" in str(found.reason)
    assert events(runs.folder(name)) == before
    assert runs.snapshot(name).state == "training" and runs.snapshot(name).reason is None


# what screens read


def test_the_published_generator_is_the_average_and_stays_as_it_was(
    runs: Runs, tiny_config: Config, wait: Wait, gate: Gate, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(run_module, "PUBLISH_SECONDS", 0.0)
    name = runs.start(tiny_config(images=ENDLESS))
    wait(lambda: runs.generator(name) if runs.published(name) else None)
    first, images = runs.generator(name)
    weights = {key: value.clone() for key, value in first.state_dict().items()}
    assert images == 0 and not first.training and not any(p.requires_grad for p in first.parameters())
    gate.allow(5)
    wait(lambda: (published := runs.published(name)) and published[1] == 20)
    second, images = runs.generator(name)
    assert all(torch.equal(value, first.state_dict()[key]) for key, value in weights.items())
    assert any(not torch.equal(value, second.state_dict()[key]) for key, value in weights.items())
    runs.run(name).stop()
    gate.release()
    wait(ended(runs, name))
    on_disk, saved = runs.generator(name)
    tensors, _ = runs.folder(name).load_checkpoint(saved)
    assert all(torch.equal(value, tensors[f"ema.{key}"]) for key, value in on_disk.state_dict().items())


def test_nobody_waits_for_a_long_step_or_a_slow_disk(
    runs: Runs, tiny_config: Config, wait: Wait, gate: Gate, monkeypatch: pytest.MonkeyPatch
):
    name = runs.start(tiny_config(images=ENDLESS, save_every_images=4))
    wait(lambda: gate.waiting)

    def look() -> None:
        runs.snapshot(name)
        runs.snapshots()
        runs.damaged()
        runs.history(name).thinned()
        runs.generator(name)
        runs.folder(name).samples()
        runs.run(name).set_rates(d=1e-3)
        runs.run(name).save()

    def in_time() -> None:
        told: list[str] = []
        looker = threading.Thread(target=lambda: (look(), told.append("all")), daemon=True)
        looker.start()
        looker.join(30)
        assert told, "a reader waits for the training"

    in_time()  # within a step that does not end
    slow, real = Gate(), folder_module.write_atomic
    monkeypatch.setattr(folder_module, "write_atomic", lambda *a: (slow.pass_one(), real(*a))[1])
    try:
        gate.allow(1)
        wait(lambda: gate._left == 0)
        wait(lambda: slow.waiting)
        in_time()  # within a write that does not end
    finally:
        slow.release()


# small parts


def test_slots_are_first_come_first_served():
    slots, got = Slots(1), []
    assert slots.acquire(lambda: False)
    threads = []
    for number in range(4):

        def hold(number: int = number) -> None:
            slots.acquire(lambda: False)
            got.append(number)
            slots.release()

        threads.append(threading.Thread(target=hold))
        threads[-1].start()
        while len(slots._waiting) <= number:
            pass
    slots.release()
    for thread in threads:
        thread.join(30)
    assert got == [0, 1, 2, 3] and slots._held == 0


def test_slots_that_become_more_let_the_next_in():
    slots, entered = Slots(1), threading.Event()
    assert slots.acquire(lambda: False)
    thread = threading.Thread(target=lambda: slots.acquire(lambda: False) and entered.set())
    thread.start()
    assert not entered.wait(0.05)
    slots.limit = 2
    assert entered.wait(30)
    thread.join()
    slots.limit = 0
    assert slots.limit == 1


def test_who_gives_up_leaves_the_queue():
    slots = Slots(1)
    assert slots.acquire(lambda: False)
    assert not slots.acquire(lambda: True)
    slots.release()
    assert not slots.acquire(lambda: True)
    assert slots._held == 0 and not slots._waiting
    assert slots.acquire(lambda: False)


def snapshot(config: RunConfig, **changes: Any) -> Snapshot:
    facts = runs_module.DatasetFacts(name="x", fingerprint="0" * 64, count=20, shape=(2,))
    whole = Snapshot("a", "training", None, config, facts, 5, 20, 4.0, 10.0, 100, None, True)
    return replace(whole, **changes)


def test_progress_and_time_left(tiny_config: Config):
    config = tiny_config()
    assert snapshot(config).progress == 0.2 and snapshot(config).seconds_left == 8.0
    assert snapshot(config, images=500).progress == 1 and snapshot(config, images=500).seconds_left == 0
    assert snapshot(config, state="finished").progress == 1
    assert snapshot(config, rate=0.0).seconds_left is None
    timed = snapshot(config, target_images=None, target_seconds=16.0)
    assert timed.progress == 0.25 and timed.seconds_left == 12.0
    endless = snapshot(config, target_images=None)
    assert endless.progress == 0 and endless.seconds_left is None


def test_the_rate_is_of_the_last_seconds():
    meter = RateMeter(0, 0.0)
    assert meter.rate(0, 0.0) == 0
    assert meter.rate(100, 1.0) == 100
    for second in range(2, 30):
        rate = meter.rate(100 if second < 3 else 100 + 50 * (second - 2), float(second))
    assert rate == pytest.approx(50)

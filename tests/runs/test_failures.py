"""Every way a run can fail, what is told of it, and what it does not cost."""

from __future__ import annotations

import errno
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
import torch

from gan_core import runs as runs_module
from gan_core.config import RunConfig
from gan_core.datasets import Dataset
from gan_core.errors import DatasetError, StoreError
from gan_core.run import Run
from gan_core.runs import Runs
from gan_core.slots import Slots
from gan_core.store import RunFolder, Store
from gan_core.store import files as files_module
from gan_core.store import folder as folder_module
from gan_core.trainer import Trainer
from tests.runs.conftest import ENDLESS, Config, Gate, Wait, ended, events, plain, raising, same, spoiled_step


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
    wait(lambda: "started" in events(runs.folder(name)))
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

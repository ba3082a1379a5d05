"""One run's folder: settings, events, curves, grids, checkpoints, and who holds it."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_core.config import RunConfig
from gan_core.datasets import Dataset
from gan_core.errors import StoreError
from gan_core.store import RunFolder, Store, disk_reason
from gan_core.store import files as files_module
from gan_core.trainer import Trainer

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def trainer(folder: RunFolder, tiny: Callable[..., Dataset]) -> Trainer:
    return Trainer(folder.config, tiny())


def keep(folder: RunFolder, trainer: Trainer, count: int) -> None:
    """`count` steps, each with its checkpoint, its record and its grid."""
    for _ in range(count):
        trainer.step()
        record = trainer.record()
        assert record
        folder.append_history(record)
        folder.save_sample(trainer.images, b"png")
        folder.save_checkpoint(*trainer.state())


# run.json


def test_what_was_asked_is_kept(folder: RunFolder, tiny_config: Callable[..., RunConfig]):
    again = RunFolder(folder.path)
    assert again.info == folder.info and again.config == tiny_config()
    text = json.loads((folder.path / "run.json").read_text())
    assert text["config"]["seed"] == 42 and text["schema_version"] == 1
    assert {"torch", "python", "system"} <= text["versions"].keys()
    assert len(text["dataset"]["fingerprint"]) == 64 and text["dataset"]["count"] == 20


def test_notes_and_lengths_change(folder: RunFolder):
    folder.write_info(note="the good one")
    folder.write_info(config=folder.config.model_copy(update={"images": 77}))
    again = RunFolder(folder.path)
    assert (again.info.note, again.config.images) == ("the good one", 77)
    with pytest.raises(StoreError, match="run: "):
        folder.write_info(note="x" * 10_001)
    assert RunFolder(folder.path).info == again.info == folder.info


def test_a_full_disk_keeps_run_json(folder: RunFolder, monkeypatch: pytest.MonkeyPatch):
    before = (folder.path / "run.json").read_bytes()

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files_module.os, "fsync", full)
    with pytest.raises(StoreError, match="disk is full"):
        folder.write_info(note="x")
    assert (folder.path / "run.json").read_bytes() == before
    assert folder.info.note == ""


# events and states


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([], "stopped"), (["started"], "interrupted"), (["started", "paused"], "interrupted"),
        (["started", "stopped"], "stopped"), (["started", "finished"], "finished"), (["started", "failed"], "failed"),
        (["started", "rates", "saved"], "interrupted"), (["started", "stopped", "resumed"], "interrupted"),
        (["started", "paused", "unpaused"], "interrupted"), (["finished", "something new"], "finished"),
    ],
)
def test_states_without_anyone_training(folder: RunFolder, events: list[str], state: str):
    for event in events:
        folder.append_event(event, 0)
    assert folder.state()[0] == state


@pytest.mark.parametrize(("event", "state"), [("started", "training"), ("paused", "paused"), ("stopped", "stopped")])
def test_states_while_someone_holds_it(folder: RunFolder, event: str, state: str):
    folder.append_event(event, 0)
    with folder.lock():
        assert RunFolder(folder.path).state() == (state, None)


def test_the_reason_is_the_last_events(folder: RunFolder):
    folder.append_event("failed", 5, reason="the disk is full")
    assert folder.state() == ("failed", "the disk is full")
    folder.append_event("finished", 9)
    assert folder.state() == ("finished", None)
    folder.append_event("failed", 9, reason=["not", "a", "text"])
    assert folder.state() == ("failed", None)


# who trains it


def test_the_lock_is_for_one(folder: RunFolder):
    assert not folder.is_locked()
    with folder.lock():
        assert folder.is_locked()
        with pytest.raises(StoreError, match="being trained already"), RunFolder(folder.path).lock():
            pass
    assert not folder.is_locked()
    with folder.lock():
        pass


def test_the_lock_holds_between_processes_and_dies_with_its_holder(folder: RunFolder):
    code = (
        "import sys, time; from gan_core.store import Store\n"
        f"with Store({str(folder.path.parent)!r}).open('run').lock(): print('held', flush=True); time.sleep(600)"
    )
    child = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert child.stdout and child.stdout.readline() == b"held\n"
        assert folder.is_locked()
        with pytest.raises(StoreError, match="being trained already"), folder.lock():
            pass
    finally:
        child.kill()
        child.wait()
        assert child.stdout
        child.stdout.close()
    assert not folder.is_locked()
    with folder.lock():
        pass


def test_looking_at_the_lock_is_not_holding_it(folder: RunFolder):
    """Many tabs look at once, and none takes another for a training."""
    with folder.lock():
        pass
    wrong: list[bool] = []

    def look() -> None:
        wrong.extend(one for _ in range(200) if (one := folder.is_locked()))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_training_may_begin_while_others_look(folder: RunFolder):
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            folder.is_locked()

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            with folder.lock():
                pass
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("part", ["samples", "history.jsonl", "events.jsonl", ".lock"])
def test_a_part_that_leads_elsewhere_is_not_written_through(folder: RunFolder, tmp_path: Path, part: str):
    outside = tmp_path / "outside"
    if part == "samples":
        (folder.path / part).rmdir()
        outside.mkdir()
    else:
        (folder.path / part).unlink(missing_ok=True)
        outside.write_bytes(b"precious")
    (folder.path / part).symlink_to(outside)
    with pytest.raises(StoreError, match=f"run: {part} is a link"), folder.lock():
        pass


# checkpoints


def test_checkpoints_are_listed_found_and_loaded(folder: RunFolder, trainer: Trainer):
    with pytest.raises(StoreError, match="run: has no checkpoint yet"):
        folder.load_checkpoint()
    keep(folder, trainer, 3)
    assert [(file.images, file.step) for file in folder.checkpoints()] == [(4, 1), (8, 2), (12, 3)]
    assert folder.find().images == 12
    assert folder.find(images=8) == folder.find(step=2)
    tensors, place = folder.load_checkpoint()
    expected, there = trainer.state()
    assert place == there and all(torch.equal(tensors[name], value) for name, value in expected.items())
    assert folder.load_checkpoint(4)[1]["step"] == 1
    with pytest.raises(StoreError, match=r"no checkpoint at images 9; there are step 1 \(4 images\), step 2"):
        folder.find(images=9)
    with pytest.raises(StoreError, match="no checkpoint at step 7"):
        folder.find(step=7)


def test_only_the_last_few_are_kept_but_every_grid(store: Store, folder: RunFolder, trainer: Trainer):
    folder.write_info(config=folder.config.model_copy(update={"keep_checkpoints": 2}))
    keep(folder, trainer, 5)
    assert [file.images for file in folder.checkpoints()] == [16, 20]
    assert [images for images, _ in folder.samples()] == [4, 8, 12, 16, 20]


def test_an_old_one_that_cannot_be_removed_costs_nothing(
    folder: RunFolder, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
):
    """Windows removes no file that someone reads; the next save does."""
    folder.write_info(config=folder.config.model_copy(update={"keep_checkpoints": 1}))
    keep(folder, trainer, 1)

    def busy(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "The process cannot access the file")

    monkeypatch.setattr(Path, "unlink", busy)
    keep(folder, trainer, 1)
    assert [file.images for file in folder.checkpoints()] == [4, 8]
    monkeypatch.undo()
    keep(folder, trainer, 1)
    assert [file.images for file in folder.checkpoints()] == [12]


def test_a_damaged_newest_gives_way_to_the_one_before(folder: RunFolder, trainer: Trainer):
    keep(folder, trainer, 3)
    newest = folder.find().path
    newest.write_bytes(newest.read_bytes()[:-1])
    assert folder.load_checkpoint()[1]["images"] == 8
    with pytest.raises(StoreError, match=r"run/000000012.safetensors: "):
        folder.load_checkpoint(12)
    for file in folder.checkpoints():
        file.path.write_bytes(b"")
    with pytest.raises(StoreError, match=r"run/000000012.safetensors: "):
        folder.load_checkpoint()


def test_damaged_ones_further_on_do_not_cost_the_good_ones(
    folder: RunFolder, trainer: Trainer, tiny: Callable[..., Dataset]
):
    """Gone back to step 1, with two damaged ones beyond: what is kept now is kept."""
    folder.write_info(config=folder.config.model_copy(update={"keep_checkpoints": 1}))
    first = Trainer(folder.config, tiny())
    first.step()
    keep(folder, trainer, 3)
    folder.find().path.write_bytes(b"damaged")
    folder.save_checkpoint(*first.state())
    assert folder.load_checkpoint()[1]["images"] == 4


def test_a_checkpoint_of_other_settings(folder: RunFolder, trainer: Trainer):
    keep(folder, trainer, 1)
    folder.write_info(config=folder.config.model_copy(update={"images": 9, "data_dir": "elsewhere", "threads": 3}))
    assert folder.load_checkpoint()[1]["images"] == 4
    folder.write_info(config=folder.config.model_copy(update={"lr_d": 0.5}))
    with pytest.raises(StoreError, match=r"run/000000004.safetensors: was made with other settings"):
        folder.load_checkpoint()


def test_a_checkpoint_under_anothers_name(folder: RunFolder, trainer: Trainer):
    keep(folder, trainer, 1)
    os.rename(folder.path / "000000004.safetensors", folder.path / "000000400.safetensors")
    with pytest.raises(StoreError, match=r"run/000000400.safetensors: holds the state at 4 images"):
        folder.load_checkpoint()


def test_only_whole_numbers_of_images_are_names(folder: RunFolder, trainer: Trainer):
    keep(folder, trainer, 1)
    for name in ("4.safetensors", "0000000004.safetensors", "00000000x.safetensors", "٠٠٠٠٠٠٠٠٨.safetensors",
                 "000000008.safetensors.bak", ".writing-1", "000000008.SAFETENSORS"):
        (folder.path / name).write_bytes(b"x")
    (folder.path / "000000016.safetensors").mkdir()
    assert [file.images for file in folder.checkpoints()] == [4]
    (folder.path / "1000000000.safetensors").write_bytes(b"x")
    assert folder.find().images == 10**9


# going back


def test_rewinding_forgets_what_will_be_made_again(folder: RunFolder, trainer: Trainer):
    keep(folder, trainer, 5)
    lines = (folder.path / "history.jsonl").read_bytes().splitlines(keepends=True)
    folder.rewind(3)
    assert (folder.path / "history.jsonl").read_bytes() == b"".join(lines[:3])
    assert [images for images, _ in folder.samples()] == [4, 8, 12]
    assert len(folder.checkpoints()) == 5


def test_rewinding_to_where_it_is_touches_nothing(folder: RunFolder, trainer: Trainer, contents: Any):
    keep(folder, trainer, 3)
    before, inode = contents(folder.path), (folder.path / "history.jsonl").stat().st_ino
    folder.rewind(3)
    assert contents(folder.path) == before and (folder.path / "history.jsonl").stat().st_ino == inode


def test_rewinding_clears_damaged_lines(folder: RunFolder, trainer: Trainer):
    keep(folder, trainer, 2)
    path = folder.path / "history.jsonl"
    good = path.read_bytes()
    bad = b'\n[]\nnot json\n{"step":1}\n{"step":"1"}\n'
    path.write_bytes(good.replace(b"\n", bad, 1) + b'{"step":3,"im')
    folder.rewind(2)
    assert path.read_bytes() == good
    assert folder.history().damaged == 0


def test_rewinding_clears_what_a_killed_process_left(folder: RunFolder):
    for place in (folder.path, folder.path / "samples"):
        for name, age in ((".writing-old", 3600), (".writing-new", 0)):
            (place / name).write_bytes(b"half a file")
            moment = (place / name).stat().st_mtime - age
            os.utime(place / name, (moment, moment))
    folder.rewind(0)
    for place in (folder.path, folder.path / "samples"):
        assert sorted(path.name for path in place.glob(".writing-*")) == [".writing-new"]


def test_nothing_to_rewind(folder: RunFolder):
    folder.rewind(0)
    assert not (folder.path / "history.jsonl").exists()


def test_reasons_of_the_disk():
    assert "the disk is full" in disk_reason(OSError(errno.ENOSPC, "No space left on device"))
    assert "the disk is full" in disk_reason(OSError(errno.EDQUOT, "Disk quota exceeded"))
    assert "Permission denied" in disk_reason(PermissionError(errno.EACCES, "Permission denied"))

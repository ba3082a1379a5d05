"""What is told of runs wherever they train, and how little is read for it."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
import torch

from gan_core import runs as runs_module
from gan_core.datasets import Dataset
from gan_core.errors import StoreError
from gan_core.runs import Runs
from gan_core.store import Store
from gan_core.store import folder as folder_module
from gan_core.store import history as history_module
from tests.runs.conftest import ENDLESS, Config, Wait, ended, states

# seen from elsewhere


def test_a_run_of_another_process_is_seen_as_it_trains(runs: Runs, tiny_config: Config, wait: Wait):
    """Another `Runs` stands for the other process: they share nothing but the folder."""
    there = Runs(Store(runs.store.root))
    name = runs.start(tiny_config(images=ENDLESS, record_every_steps=1, save_every_images=40))
    wait(lambda: there.snapshot(name).state == "training")
    seen = []
    for _ in range(3):
        before = seen[-1] if seen else 0
        wait(lambda before=before: there.snapshot(name).images > before)
        seen.append(there.snapshot(name).images)
    assert not there.snapshot(name).here and there.snapshot(name).rate > 0
    points = len(there.history(name))
    wait(lambda: len(there.history(name)) > points)
    wait(lambda: there.folder(name).checkpoints())
    assert there.generator(name)[1] > 0 and there.published(name) is None
    for act in (
        lambda: there.resume(name), lambda: there.rename(name, "b"), lambda: there.delete(name), lambda: there.run(name)
    ):
        with pytest.raises(StoreError, match="train"):
            act()
    runs.run(name).pause()
    wait(lambda: there.snapshot(name).state == "paused")
    runs.resume(name)
    wait(lambda: there.snapshot(name).state == "training")
    runs.run(name).stop("enough")
    wait(lambda: there.snapshot(name).state == "stopped")
    assert there.snapshot(name).reason == "enough"
    there.resume(name, images=runs.snapshot(name).images + 40)
    wait(lambda: not there.snapshot(name).here)
    assert runs.snapshot(name).state == there.snapshot(name).state == "finished"
    assert runs.snapshot(name).images == there.snapshot(name).images
    assert len(runs.history(name)) == len(there.history(name))


def test_a_run_that_died_is_interrupted(runs: Runs, finished: str):
    folder = runs.folder(finished)
    with folder.lock():
        folder.append_event("resumed", 20)
        assert runs.snapshot(finished).state == "training"
        folder.append_event("paused", 20)
        assert runs.snapshot(finished).state == "paused"
    snapshot = runs.snapshot(finished)
    assert snapshot.state == "interrupted" and "resume" in str(snapshot.reason)


def test_a_note_and_a_name_given_elsewhere_are_seen(runs: Runs, finished: str):
    there = Runs(Store(runs.store.root))
    assert runs.folder(finished).info.note == ""
    there.folder(finished).write_info(note="the good one")
    assert runs.folder(finished).info.note == "the good one"
    there.rename(finished, "better")
    assert states(runs) == {"better": "finished"}
    with pytest.raises(StoreError, match="no run named 'done'"):
        runs.snapshot(finished)
    there.delete("better")
    assert runs.snapshots() == [] and runs.damaged() == {}


@pytest.mark.parametrize("act", ["deleted", "renamed"])
def test_a_queued_run_that_another_process_takes_away(
    runs: Runs, finished: str, tiny_config: Config, wait: Wait, act: str
):
    """It does not come back as an empty folder when its turn comes."""
    runs.start(tiny_config(images=ENDLESS), "first")
    wait(lambda: runs.snapshot("first").state == "training")
    runs.resume(finished, images=40)
    queued = runs.run(finished)
    there = Runs(Store(runs.store.root))
    there.delete(finished) if act == "deleted" else there.rename(finished, "other")
    runs.run("first").stop()
    assert queued.join(60)
    assert queued.snapshot().state == "failed" and "deleted or renamed" in str(queued.snapshot().reason)
    assert not runs.store.path(finished).exists()
    assert states(runs).keys() == {"first"} | ({"other"} if act == "renamed" else set())


def test_a_new_run_under_an_old_name(runs: Runs, finished: str, tiny_config: Config, wait: Wait):
    history = runs.history(finished)
    runs.delete(finished)
    with pytest.raises(StoreError, match="no run named"):
        runs.history(finished)
    runs.start(tiny_config(images=40, record_every_steps=1), finished)
    wait(ended(runs, finished))
    assert len(runs.history(finished)) == 10 and runs.history(finished) is not history


# generators


def test_generators_of_checkpoints(runs: Runs, finished: str):
    generator, images = runs.generator(finished)
    assert images == 20 and runs.generator(finished)[0] is generator  # kept, not read again
    first, images = runs.generator(finished, 8)
    assert images == 8 and first is not generator
    with pytest.raises(StoreError, match="no checkpoint at images 9"):
        runs.generator(finished, 9)


def test_discriminators_of_checkpoints(runs: Runs, finished: str):
    newest, images = runs.discriminator(finished)
    assert images == 20 and not newest.training and not any(p.requires_grad for p in newest.parameters())
    assert runs.discriminator(finished, 20)[0] is newest and runs.generator(finished)[0] is not newest
    tensors, _ = runs.folder(finished).load_checkpoint(8)
    for key, value in runs.discriminator(finished, 8)[0].state_dict().items():
        assert torch.equal(value, tensors[f"discriminator.{key}"])
    with pytest.raises(StoreError, match="no checkpoint at images 9"):
        runs.discriminator(finished, 9)


def test_only_a_few_generators_are_kept(runs: Runs, finished: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runs_module, "KEPT_NETWORKS", 2)
    first, second, third = (runs.generator(finished, images)[0] for images in (8, 16, 20))
    assert len(runs._networks) == 2
    assert runs.generator(finished, 16)[0] is second and runs.generator(finished, 20)[0] is third
    assert runs.generator(finished, 8)[0] is not first
    assert runs.generator(finished, 20)[0] is third and runs.generator(finished, 16)[0] is not second


def test_a_replaced_checkpoint_is_read_again(runs: Runs, finished: str):
    old, _ = runs.generator(finished, 8)
    folder = runs.folder(finished)
    tensors, place = folder.load_checkpoint(8)
    tensors["ema.first.weight"] = tensors["ema.first.weight"] + 1
    folder.save_checkpoint(tensors, place)
    new, _ = runs.generator(finished, 8)
    assert torch.allclose(new.state_dict()["first.weight"], old.state_dict()["first.weight"] + 1)


# many runs


def test_only_what_changed_is_read_again(
    runs: Runs, finished: str, tiny_config: Config, tiny_data: Dataset, monkeypatch: pytest.MonkeyPatch
):
    """A thousand runs in the list cost a look at each, not a reading of each."""
    for number in range(30):
        shutil.copytree(runs.store.path(finished), runs.store.path(f"copy-{number}"))
    read: list[str] = []

    def counted(module: Any, name: str, label: str) -> None:
        real = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *a: (read.append(label), real(*a))[1])

    counted(folder_module, "read_info", "run.json")
    counted(folder_module, "read_lines", "events")
    counted(history_module, "read_lines", "history")
    assert len(runs.snapshots()) == 31
    assert {kind: read.count(kind) for kind in read} == {"run.json": 30, "events": 30, "history": 30}
    read.clear()
    for _ in range(5):
        assert len(runs.snapshots()) == 31
        runs.damaged()
    assert read == []
    runs.store.open("copy-3").append_event("paused", 20)
    read.clear()
    runs.snapshots()
    assert set(read) == {"events"} and len(read) <= 2
    read.clear()
    Store(runs.store.root).open("copy-5").append_history(
        {**dict.fromkeys(history_module.COLUMNS, 1.0), "step": 99, "images": 999}
    )
    assert runs.snapshot("copy-5").images == 999
    assert read == ["run.json", "history"]  # the first is this test's own opening
    read.clear()
    runs.store.open("copy-7").write_info(note="x")
    read.clear()
    runs.snapshots()
    assert "run.json" in read and len(read) <= 3


def test_a_note_makes_no_run_newer(runs: Runs, finished: str, tiny_config: Config, wait: Wait):
    second = runs.start(tiny_config(images=4), "second")
    wait(ended(runs, second))
    runs.folder(finished).write_info(note="good")
    assert [one.name for one in runs.snapshots()] == [second, finished]


def test_newest_first(runs: Runs, finished: str, tiny_config: Config, wait: Wait):
    other = runs.start(tiny_config(images=8), "newer")
    wait(ended(runs, other))
    assert [one.name for one in runs.snapshots()] == ["newer", finished]


def test_a_note_taken_while_it_queues_is_kept(runs: Runs, finished: str, tiny_config: Config, wait: Wait):
    """It goes on with a new length, which is written to the same run.json as soon as it has its place."""
    other = runs.start(tiny_config(images=ENDLESS), "other")
    runs.resume(finished, images=28)
    assert runs.snapshot(finished).state == "queued"
    runs.folder(finished).write_info(note="precious")
    runs.run(other).stop()
    wait(lambda: runs.snapshot(finished).state == "finished")
    info = runs.folder(finished).info
    assert (info.note, info.config.images) == ("precious", 28)

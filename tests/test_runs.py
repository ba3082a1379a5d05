"""All runs of a store: the queue, what screens are told wherever a run trains, and what is refused."""

from __future__ import annotations

import errno
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_core import runs as runs_module
from gan_core.config import RunConfig
from gan_core.datasets import Dataset
from gan_core.errors import ConfigError, DatasetError, StoreError, WorkbenchError
from gan_core.runs import Runs
from gan_core.store import Store
from gan_core.store import folder as folder_module
from gan_core.store import history as history_module
from gan_core.trainer import Trainer

ENDLESS = 10**9
Config = Callable[..., RunConfig]
Wait = Callable[..., None]


def ended(runs: Runs, name: str) -> Callable[[], bool]:
    return lambda: not runs.snapshot(name).here


def states(runs: Runs) -> dict[str, str]:
    return {one.name: one.state for one in runs.snapshots()}


@pytest.fixture
def finished(runs: Runs, tiny_config: Config, wait: Wait) -> str:
    """A run of 20 images that is done."""
    name = runs.start(tiny_config(images=20, save_every_images=8), "done")
    wait(ended(runs, name))
    return name


# the queue


@pytest.mark.parametrize("limit", [1, 2])
def test_so_many_train_and_the_others_queue(
    store: Store, tiny_data: Dataset, tiny_config: Config, wait: Wait, limit: int
):
    runs = Runs(store, concurrency=limit)
    try:
        names = [runs.start(tiny_config(images=ENDLESS), f"run-{number}") for number in range(4)]
        for number in range(4 - limit):
            training, queued = names[number : number + limit], names[number + limit :]
            wait(lambda t=training: all(runs.snapshot(name).images for name in t))
            assert {runs.snapshot(name).state for name in training} == {"training"}
            assert {runs.snapshot(name).state for name in queued} <= {"queued"}
            assert not any(runs.store.open(name).is_locked() for name in queued)
            runs.run(names[number]).stop()
            wait(ended(runs, names[number]))
    finally:
        assert runs.shutdown(timeout=60)


def test_one_more_at_once(runs: Runs, tiny_config: Config, wait: Wait):
    names = [runs.start(tiny_config(images=ENDLESS)) for _ in range(2)]
    wait(lambda: runs.snapshot(names[0]).state == "training")
    assert runs.snapshot(names[1]).state == "queued"
    runs.slots.limit = 2
    wait(lambda: runs.snapshot(names[1]).state == "training")
    assert runs.snapshot(names[0]).state == "training"


def test_a_failed_run_gives_its_place_away(
    runs: Runs, tiny_config: Config, wait: Wait, monkeypatch: pytest.MonkeyPatch
):
    real = Trainer.step

    def step(self: Trainer) -> None:
        if self.config.seed == 13:
            raise MemoryError
        real(self)

    monkeypatch.setattr(Trainer, "step", step)
    names = [runs.start(tiny_config(images=20, seed=seed)) for seed in (13, 1, 13, 2)]
    wait(lambda: not any(runs.snapshot(name).here for name in names))
    assert [runs.snapshot(name).state for name in names] == ["failed", "finished", "failed", "finished"]


def test_shutdown_saves_all(store: Store, tiny_data: Dataset, tiny_config: Config, wait: Wait):
    runs = Runs(store, concurrency=2)
    for name in ("one", "two", "three", "queued"):
        runs.start(tiny_config(images=ENDLESS), name)
    wait(lambda: runs.snapshot("one").images)
    runs.run("one").pause()
    wait(lambda: runs.snapshot("one").state == "paused")
    wait(lambda: runs.snapshot("two").images and runs.snapshot("three").images)
    assert runs.shutdown("the lights went out", timeout=60)
    after = Runs(store)
    assert {one.state for one in after.snapshots()} == {"stopped"}
    for name in ("one", "two", "three"):
        assert after.snapshot(name).reason == "the lights went out"
        assert after.folder(name).load_checkpoint()[1]["images"] == after.snapshot(name).images > 0
    assert after.snapshot("queued").images == 0
    assert runs.shutdown()


# starting


@pytest.mark.parametrize("fault", ["data", "network", "device", "name", "taken"])
def test_what_cannot_start_leaves_nothing(
    runs: Runs, finished: str, tiny_config: Config, monkeypatch: pytest.MonkeyPatch, fault: str, contents: Any
):
    before = contents(runs.store.root)
    config, name = tiny_config(), "new"
    if fault == "data":
        monkeypatch.undo()
        config = tiny_config(dataset="nothing")
    elif fault == "network":
        monkeypatch.setattr(
            runs_module, "load_data", lambda config: Dataset("points", torch.zeros(9, 2), None)
        )
    elif fault == "device":
        config = tiny_config(device="mps" if not torch.backends.mps.is_available() else "cuda")
    else:
        name = "../new" if fault == "name" else finished
    with pytest.raises((ConfigError, DatasetError, StoreError)):
        runs.start(config, name)
    assert contents(runs.store.root) == before
    assert states(runs) == {finished: "finished"}


def test_names_of_one_store_are_found_by_all(runs: Runs, tiny_config: Config, wait: Wait):
    names = [runs.start(tiny_config(images=8)) for _ in range(3)]
    assert names == ["tiny-quick-1", "tiny-quick-2", "tiny-quick-3"]
    wait(lambda: not any(runs.snapshot(name).here for name in names))


# resuming


def test_resumed_to_new_totals(runs: Runs, finished: str, wait: Wait):
    with pytest.raises(StoreError, match=r"already run its length \(20 images"):
        runs.resume(finished)
    for length, images in (({"images": 40}, 40), ({"epochs": 3}, 60), ({"images": 70}, 72)):
        runs.resume(finished, **length)
        assert runs.snapshot(finished).target_images is not None
        wait(ended(runs, finished))
        assert (runs.snapshot(finished).state, runs.snapshot(finished).images) == ("finished", images)
        assert Runs(runs.store).snapshot(finished).config.model_dump().items() >= length.items()
    with pytest.raises(StoreError, match="already run its length"):
        runs.resume(finished, epochs=3.5)
    with pytest.raises(ConfigError, match="only one of"):
        runs.resume(finished, images=1000, epochs=100)
    with pytest.raises(ConfigError, match="images"):
        runs.resume(finished, images=-5)
    assert runs.snapshot(finished).config.images == 70  # a refusal changes nothing


def test_resumed_while_it_trains(runs: Runs, tiny_config: Config, wait: Wait):
    name = runs.start(tiny_config(images=ENDLESS))
    assert runs.resume(name) == name
    with pytest.raises(StoreError, match="is being trained; stop it before changing its images"):
        runs.resume(name, images=5)
    wait(lambda: runs.snapshot(name).images)
    assert runs.snapshot(name).config.images == ENDLESS


def test_resumed_by_two_at_once(
    runs: Runs, finished: str, tiny_data: Dataset, wait: Wait, monkeypatch: pytest.MonkeyPatch
):
    """Two tabs press Resume: one thread trains it."""
    both = threading.Barrier(2, timeout=30)

    def load(config: RunConfig) -> Dataset:
        if "resumer" in threading.current_thread().name:
            both.wait()
        return tiny_data

    monkeypatch.setattr(runs_module, "load_data", load)
    problems: list[Exception] = []

    def resume() -> None:
        try:
            runs.resume(finished, images=ENDLESS)
        except WorkbenchError as error:
            problems.append(error)

    threads = [threading.Thread(target=resume, name=f"resumer {number}") for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(problems) <= 1 and all("before changing its images" in str(error) for error in problems)
    wait(lambda: runs.snapshot(finished).state == "training")
    assert [event["event"] for event in runs.folder(finished).events()].count("resumed") == 1


def test_data_that_takes_long_to_read_holds_up_nobody(
    runs: Runs, finished: str, tiny_data: Dataset, monkeypatch: pytest.MonkeyPatch, wait: Wait
):
    reading, go_on = threading.Event(), threading.Event()

    def load(config: RunConfig) -> Dataset:
        reading.set()
        assert go_on.wait(60)
        return tiny_data

    monkeypatch.setattr(runs_module, "load_data", load)
    resumer = threading.Thread(target=lambda: runs.resume(finished, images=40))
    resumer.start()
    told: list[Any] = []
    try:
        assert reading.wait(30)
        looker = threading.Thread(target=lambda: told.append(runs.snapshots()), daemon=True)
        looker.start()
        looker.join(30)
        assert told and told[0][0].state == "finished"
    finally:
        go_on.set()
        resumer.join(60)
    wait(ended(runs, finished))


def test_killed_between_the_last_step_and_the_last_checkpoint(
    runs: Runs, tiny_data: Dataset, finished: str, wait: Wait
):
    """The curves are complete and the checkpoint is not: it can be resumed, and ends the same."""
    folder = runs.folder(finished)
    whole, _ = folder.load_checkpoint()
    assert [file.images for file in folder.checkpoints()] == [8, 16, 20]
    folder.find().path.unlink()
    folder.append_event("resumed", 16)
    folder.append_history({**dict.fromkeys(history_module.COLUMNS, 1.0), "step": 5, "images": 20})
    assert runs.snapshot(finished).state == "interrupted"
    runs.resume(finished)
    wait(ended(runs, finished))
    again, place = folder.load_checkpoint()
    assert runs.snapshot(finished).state == "finished" and place["images"] == 20
    assert all(torch.equal(value, again[name]) for name, value in whole.items())
    assert runs.history(finished).column("step").tolist() == [1]


def test_killed_between_the_last_checkpoint_and_the_end(runs: Runs, finished: str, wait: Wait):
    """Only its last grid and its end were not written down: going on does both, and nothing else."""
    folder = runs.folder(finished)
    before, grids = folder.find().path.read_bytes(), folder.samples()
    grids[-1][1].unlink()
    folder.append_event("resumed", 16)
    assert runs.snapshot(finished).state == "interrupted"
    runs.resume(finished)
    wait(ended(runs, finished))
    assert runs.snapshot(finished).state == "finished" and folder.samples() == grids
    assert folder.find().path.read_bytes() == before


def test_killed_before_its_first_checkpoint(runs: Runs, tiny_config: Config, tiny_data: Dataset, wait: Wait):
    folder = runs.store.create(tiny_config(images=20), runs_module.facts(tiny_data), "a")
    folder.append_event("started", 0)
    folder.append_history({**dict.fromkeys(history_module.COLUMNS, 1.0), "step": 3, "images": 12})
    folder.save_sample(0, b"png")
    folder.save_sample(12, b"png")
    assert runs.snapshot("a").state == "interrupted" and "resume" in str(runs.snapshot("a").reason)
    runs.resume("a")
    wait(ended(runs, "a"))
    assert (runs.snapshot("a").state, runs.snapshot("a").images) == ("finished", 20)
    assert runs.history("a").column("step").tolist() == [1]
    assert [images for images, _ in folder.samples()] == [0, 20]


def test_a_damaged_newest_checkpoint(runs: Runs, finished: str, wait: Wait):
    """It goes on from the one before; where none is good, it says so at once and changes nothing."""
    folder = runs.folder(finished)
    whole, _ = folder.load_checkpoint()
    folder.find().path.write_bytes(b"damaged")
    runs.resume(finished)
    wait(ended(runs, finished))
    again, place = folder.load_checkpoint()
    assert place["images"] == 20 and all(torch.equal(value, again[name]) for name, value in whole.items())
    assert [event["file"] for event in folder.events() if event["event"] == "damaged"] == ["000000020.safetensors"]
    assert (folder.path / "000000020.safetensors.damaged").read_bytes() == b"damaged"
    for file in folder.checkpoints():
        file.path.write_bytes(b"damaged")
    events = folder.events()
    with pytest.raises(StoreError, match=r"done/000000020.safetensors: not a checkpoint"):
        runs.resume(finished, images=100)
    assert folder.events() == events and runs.snapshot(finished).state == "finished"


def test_a_disk_that_fails_to_read_is_no_damage(runs: Runs, finished: str, monkeypatch: pytest.MonkeyPatch):
    """It may read the next time: nothing is thrown away for it."""
    folder, real = runs.folder(finished), Path.read_bytes
    newest = folder.find().path

    def failing(path: Path) -> bytes:
        if path == newest:
            raise OSError(errno.EIO, "Input/output error")
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", failing)
    with pytest.raises(StoreError, match=r"done/000000020.safetensors: cannot be read: Input/output error"):
        runs.resume(finished, images=100)
    assert runs.snapshot(finished).state == "finished" and newest.exists()


def test_gone_on_with_other_rates(runs: Runs, finished: str, tiny_data: Dataset, wait: Wait):
    """What a run that diverged needs: from its last good checkpoint, more slowly."""
    runs.resume(finished, images=40, lr_g=1e-4)
    wait(ended(runs, finished))
    folder = runs.folder(finished)
    assert folder.load_checkpoint()[1]["rates"] == {"d": 4e-3, "g": 1e-4}
    assert folder.config.lr_g == 8e-3  # as it began
    assert [event["lr_g"] for event in folder.events() if event["event"] == "rates"] == [1e-4]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [({"width": 8}, "width: cannot change in a run that has begun; what can: images, epochs, seconds, lr_d"),
     ({"lr_g": 0}, "lr_g = 0: must be"), ({"images": 50, "epochs": 1}, "only one"), ({"images": 0}, "images = 0")],
)
def test_what_cannot_change_when_going_on(runs: Runs, finished: str, changes: dict[str, Any], complaint: str):
    before = runs.folder(finished).path.joinpath("run.json").read_bytes()
    with pytest.raises(ConfigError, match=complaint):
        runs.resume(finished, **changes)
    assert runs.folder(finished).path.joinpath("run.json").read_bytes() == before


def test_paths_are_kept_whole(runs: Runs, tiny_config: Config, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """So that a run finds its data from wherever it is gone on with."""
    monkeypatch.chdir(tmp_path)
    name = runs.start(tiny_config(images=4, dataset="folder", dataset_path="pictures", data_dir="~/data"))
    config = runs.folder(name).config
    assert (config.dataset_path, config.data_dir) == (str(tmp_path / "pictures"), str(Path.home() / "data"))


def test_settings_changed_by_hand(runs: Runs, finished: str):
    folder = runs.folder(finished)
    folder.write_info(config=folder.config.model_copy(update={"lr_d": 0.1}))
    with pytest.raises(StoreError, match=r"done/000000020.safetensors: was made with other settings"):
        runs.resume(finished, images=100)
    with pytest.raises(StoreError, match="other settings"):
        runs.generator(finished)
    assert states(runs) == {finished: "finished"}


def test_a_queued_run_shows_what_it_has(runs: Runs, finished: str, tiny_config: Config, wait: Wait):
    runs.start(tiny_config(images=ENDLESS), "first")
    points = len(runs.history(finished))
    runs.resume(finished, images=40)
    snapshot = runs.snapshot(finished)
    assert snapshot.state == "queued" and snapshot.images > 0 and snapshot.progress > 0
    assert len(runs.history(finished)) == points > 0


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


# what is refused


@pytest.mark.parametrize("state", ["training", "queued", "paused"])
def test_an_active_run_is_neither_renamed_nor_deleted(runs: Runs, tiny_config: Config, wait: Wait, state: str):
    name = runs.start(tiny_config(images=ENDLESS), "a")
    if state == "paused":
        runs.run(name).pause()
    wait(lambda: runs.snapshot(name).state == ("paused" if state == "paused" else "training"))
    if state == "queued":
        name = runs.start(tiny_config(images=ENDLESS), "b")
    for act in (lambda: runs.rename(name, "c"), lambda: runs.delete(name)):
        with pytest.raises(StoreError, match=f"{name}: is {state} here; stop it first"):
            act()
    assert runs.snapshot(name).state == state
    runs.run(name).stop()
    wait(ended(runs, name))
    runs.rename(name, "c")
    runs.delete("c")
    assert name not in states(runs)


def test_a_run_that_does_not_train_here_has_no_buttons(runs: Runs, finished: str):
    for name in (finished, "absent"):
        with pytest.raises(StoreError, match="does not train in this process"):
            runs.run(name)


# generators


def test_generators_of_checkpoints(runs: Runs, finished: str):
    generator, images = runs.generator(finished)
    assert images == 20 and runs.generator(finished)[0] is generator  # kept, not read again
    first, images = runs.generator(finished, 8)
    assert images == 8 and first is not generator
    with pytest.raises(StoreError, match="no checkpoint at images 9"):
        runs.generator(finished, 9)


def test_only_a_few_generators_are_kept(runs: Runs, finished: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runs_module, "KEPT_GENERATORS", 2)
    first, second, third = (runs.generator(finished, images)[0] for images in (8, 16, 20))
    assert len(runs._generators) == 2
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

"""Going on: where from, to what new length, with which changes, and what is refused."""

from __future__ import annotations

import errno
import threading
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_core import runs as runs_module
from gan_core.config import RunConfig
from gan_core.datasets import Dataset
from gan_core.errors import ConfigError, StoreError, WorkbenchError
from gan_core.runs import Runs
from gan_core.store import history as history_module
from tests.runs.conftest import ENDLESS, Config, Wait, ended, states


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
    wait(lambda: runs.snapshot(finished).images > 20)
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

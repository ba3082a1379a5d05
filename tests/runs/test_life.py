"""One run in its thread, undisturbed: what it leaves on disk, and when it saves."""

from __future__ import annotations

import json

import pytest

from gan_core import run as run_module
from gan_core.datasets import Dataset
from gan_core.errors import StoreError
from gan_core.runs import Runs
from tests.runs.conftest import ENDLESS, Clock, Config, Gate, Wait, ended, events, plain, same

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

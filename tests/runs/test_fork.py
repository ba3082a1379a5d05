"""Forks: what goes on from a checkpoint, with what of its parent, and what is refused."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_core import runs as runs_module
from gan_core.config import RunConfig
from gan_core.datasets import Dataset
from gan_core.errors import ConfigError, StoreError, WorkbenchError
from gan_core.runs import Runs
from gan_core.store import RunFolder, export_run, import_run
from tests.runs.conftest import ENDLESS, Config, Wait, ended, events, plain, same


@pytest.fixture
def parent(runs: Runs, tiny_config: Config, wait: Wait) -> RunFolder:
    """A finished run of 40 images with checkpoints at 16, 32 and 40, its last record at step 10."""
    name = runs.start(tiny_config(images=40, save_every_images=16, record_every_steps=3), "parent")
    wait(ended(runs, name))
    return runs.folder(name)


def grids(folder: RunFolder) -> dict[int, bytes]:
    return {images: path.read_bytes() for images, path in folder.samples()}


def test_unchanged_it_does_what_its_parent_did_bit_for_bit(
    runs: Runs, parent: RunFolder, tiny_data: Dataset, wait: Wait
):
    """In the midst of the data's order, of a window of the curves and of the running average."""
    name = runs.fork("parent", 16)
    wait(ended(runs, name))
    fork = runs.folder(name)
    (mine, place), (its, there) = fork.load_checkpoint(), parent.load_checkpoint()
    assert {**place, "seconds": 0} == {**there, "seconds": 0} and place["images"] == 40
    assert mine.keys() == its.keys() and all(torch.equal(mine[key], its[key]) for key in mine)
    assert grids(fork) == grids(parent)
    for column in ("step", "images", "loss_d", "grad_g"):
        assert runs.history(name).column(column).tolist() == runs.history("parent").column(column).tolist()
    assert [file.images for file in fork.checkpoints()] == [16, 32, 40]


def test_it_knows_its_parent_and_has_its_past(runs: Runs, parent: RunFolder, wait: Wait, gate: Any):
    for images in (0, 16, 24, 40, "many"):
        parent.append_evaluation({"extractor": "e", "images": images})
    name = runs.fork("parent", 16, lr_g=1e-3)
    fork = runs.folder(name)
    assert name == "parent-fork" and fork.info.parent is not None
    assert fork.info.parent.model_dump() == {"name": "parent", "created": parent.info.created, "images": 16}
    assert fork.config.differences(parent.config) == {"lr_g": (1e-3, 8e-3)}
    assert runs.history(name).column("step").tolist() == [1, 3]
    assert [images for images, _ in fork.samples()] == [0]
    assert [record["images"] for record in fork.evaluations()] == [0, 16]
    assert fork.load_checkpoint()[1]["rates"] == {"d": 4e-3, "g": 1e-3}
    assert events(fork)[:2] == ["created", "forked"] and events(parent)[-1] == "forked"
    assert parent.events()[-1]["into"] == name and fork.events()[1]["parent"] == "parent"
    assert runs.snapshot("parent").state == "finished"
    wait(lambda: runs.snapshot(name).images == 16)
    gate.release()
    wait(ended(runs, name))
    assert runs.snapshot(name).state == "finished" and runs.snapshot(name).images == 40
    assert runs.fork(name, 16, None) == "parent-fork-2"


def test_other_settings_change_what_comes(runs: Runs, parent: RunFolder, tiny_data: Dataset, wait: Wait):
    """The same as one who changes them by hand at the checkpoint."""
    name = runs.fork("parent", 32, lr_d=1e-3, objective="relativistic", r1_weight=1.0, beta2=0.5, ema_half_life=0)
    wait(ended(runs, name))
    by_hand = plain(runs.folder(name).config, tiny_data, 0)
    by_hand.load_state(*parent.load_checkpoint(32))
    by_hand.rates["d"] = 1e-3
    for _ in range(2):
        by_hand.step()
        if by_hand.step_count % 3 == 0:
            by_hand.record()
    same(runs.folder(name), by_hand)
    assert not torch.equal(
        runs.folder(name).load_checkpoint(40)[0]["generator." + next(iter(by_hand.game.generator.state_dict()))],
        parent.load_checkpoint(40)[0]["generator." + next(iter(by_hand.game.generator.state_dict()))],
    )


def test_another_seed_is_other_luck_from_the_same_networks(runs: Runs, parent: RunFolder, wait: Wait):
    names = [runs.fork("parent", 16, None, seed=seed) for seed in (7, 7, 8)]
    for name in names:
        wait(ended(runs, name))
    (first, _), (again, _), (other, _) = (runs.folder(name).load_checkpoint(40) for name in names)
    assert all(torch.equal(first[key], again[key]) for key in first)
    its, _ = parent.load_checkpoint(40)
    weights = [key for key in first if key.startswith("generator.") and first[key].ndim > 1]
    for another in (other, its):
        assert all(not torch.equal(first[key], another[key]) for key in weights)
    begun, was = runs.folder(names[0]).load_checkpoint(16)[0], parent.load_checkpoint(16)[0]
    assert all(torch.equal(begun[key], was[key]) for key in was if not key.startswith("random."))


def test_the_sample_grid_has_the_same_latents_all_along(runs: Runs, parent: RunFolder, wait: Wait):
    """Another seed or size has other latents: the past is drawn with them, where the parent still can."""
    name = runs.fork("parent", 32, seed=7)
    wait(ended(runs, name))
    drawn = grids(runs.folder(name))
    assert list(drawn) == [16, 32, 40] and drawn.keys().isdisjoint({0})
    again = runs.fork(name, 32)
    wait(ended(runs, again))
    assert grids(runs.folder(again)) == drawn


def test_rates_as_they_were_at_the_checkpoint(runs: Runs, parent: RunFolder, wait: Wait):
    runs.resume("parent", images=80, lr_g=5e-4)
    wait(ended(runs, "parent"))
    early, late, given = runs.fork("parent", 32), runs.fork("parent", 80), runs.fork("parent", 80, lr_g=2e-3)
    for name, rate in ((early, 8e-3), (late, 5e-4), (given, 2e-3)):
        wait(ended(runs, name))
        folder = runs.folder(name)
        assert folder.config.lr_g == folder.load_checkpoint()[1]["rates"]["g"] == rate


@pytest.mark.parametrize(
    ("changes", "length"),
    [({}, (80, None, None)), ({"epochs": 3.0}, (None, 3.0, None)), ({"images": 60}, (60, None, None)),
     ({"seconds": 500.0}, (None, None, 500.0)), ({"images": None}, (None, None, None))],
)
def test_its_length(runs: Runs, parent: RunFolder, changes: dict[str, Any], length: tuple[Any, ...], gate: Any):
    """The parent's total, twice that where it is reached, or the one given: whatever its unit."""
    config = runs.folder(runs.fork("parent", **changes)).config
    assert (config.images, config.epochs, config.seconds) == length
    assert runs.folder(runs.fork("parent", 32)).config.images == 40
    with pytest.raises(ConfigError, match=r"images = 40: parent had 40 images and .* behind it"):
        runs.fork("parent", images=40)


def test_from_the_beginning(runs: Runs, parent: RunFolder, tiny_config: Config, tiny_data: Dataset, wait: Wait):
    """Nothing that was learned: as a run of its own, which knows where it comes from."""
    name = runs.fork("parent", 0, "wide", width=8, batch_size=8, seed=3)
    wait(ended(runs, name))
    fork = runs.folder(name)
    assert fork.info.parent is not None and fork.info.parent.images == 0 and name == "wide"
    same(fork, plain(fork.config, tiny_data, 5))
    assert [images for images, _ in fork.samples()] == [0, 40] and events(fork)[:3] == ["created", "forked", "started"]


def test_of_a_run_that_trains(runs: Runs, tiny_config: Config, wait: Wait):
    runs.slots.limit = 2
    runs.start(tiny_config(images=ENDLESS, save_every_images=8), "busy")
    wait(lambda: runs.folder("busy").checkpoints())
    name = runs.fork("busy", images=None, lr_g=1e-4)
    wait(lambda: runs.snapshot(name).state == "training")
    assert runs.snapshot("busy").state == "training"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"width": 8}, r"width = 8: .*generator.* is \(.*the settings make it \(.*fork from the beginning"),
        ({"network": "mlp"}, "network = 'mlp': .*do not match the settings"),
        ({"conditional": "no"}, "conditional = 'no': .*fork from the beginning"),
        ({"latent_dim": 9}, "latent_dim = 9: .*fork from the beginning"),
        ({"discriminator_norm": "none"}, "discriminator_norm = 'none': .*fork from the beginning"),
        ({"batch_size": 8}, "batch_size = 8: cannot change .*batch_size = 4.*fork from the beginning"),
        ({"critic_steps": 2}, "critic_steps = 2: cannot change"),
        ({"preset": "r3gan"}, "preset = 'r3gan': a fork keeps"),
        ({"lr_g": 0}, "lr_g = 0: must be"),
        ({"lr_x": 1}, "lr_x = 1: there is no such setting"),
        ({"at": 17}, "no checkpoint at images 17; there are step 4"),
        ({"new": "parent"}, "there is a run named 'parent' already"),
        ({"new": "../x"}, "run name '../x'"),
        ({"device": "cuda"}, "device = 'cuda': PyTorch finds none"),
    ],
)
def test_what_is_refused_leaves_nothing(
    runs: Runs, parent: RunFolder, changes: dict[str, Any], complaint: str, contents: Any
):
    before = contents(runs.store.root)
    with pytest.raises(WorkbenchError, match=complaint):
        runs.fork("parent", **{"at": 16, **changes})
    assert contents(runs.store.root) == before and runs.store.names() == ["parent"]
    assert not [path for path in runs.store.root.iterdir() if path.name != "parent"]


def test_random_state_of_another_kind_of_device(runs: Runs, parent: RunFolder, gate: Any):
    """As of a run trained on a GPU: the same luck cannot be had here, other luck can."""
    tensors, place = parent.load_checkpoint(16)
    parent.save_checkpoint({**tensors, "random.noise": torch.zeros(16, dtype=torch.uint8)}, place)
    with pytest.raises(StoreError, match=r"another kind of device: .*; with another seed it is drawn anew here"):
        runs.fork("parent", 16)
    assert runs.snapshot(runs.fork("parent", 16, seed=7)).state in ("queued", "training")


def test_other_data_needs_a_beginning(
    runs: Runs, parent: RunFolder, tiny: Any, monkeypatch: pytest.MonkeyPatch, wait: Wait
):
    other = tiny(seed=1, count=30)
    real = runs_module.load_data
    monkeypatch.setattr(runs_module, "load_data", lambda config: other if config.dataset == "other" else real(config))
    with pytest.raises(StoreError, match=r"dataset = 'other': its 30 samples are not the 20 .*fork from the beginning"):
        runs.fork("parent", 16, dataset="other")
    name = runs.fork("parent", 0, dataset="other")
    wait(ended(runs, name))
    assert runs.folder(name).info.dataset.count == 30


def test_a_disk_that_fills_leaves_nothing(
    runs: Runs, parent: RunFolder, monkeypatch: pytest.MonkeyPatch, contents: Any
):
    before = contents(runs.store.root)

    def full(self: RunFolder, *_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    for method in ("save_sample", "append_event"):
        with monkeypatch.context() as patch:
            patch.setattr(RunFolder, method, full)
            with pytest.raises(StoreError, match="disk is full"):
                runs.fork("parent", 32)
        assert contents(runs.store.root) == before and runs.store.names() == ["parent"]


def test_a_parent_whose_events_cannot_be_written(runs: Runs, parent: RunFolder, contents: Any):
    """Both know of it, or there is no fork."""
    (parent.path / "events.jsonl").unlink()
    (parent.path / "events.jsonl").mkdir()
    before = contents(runs.store.root)
    with pytest.raises(StoreError, match="events cannot be written"):
        runs.fork("parent", 32)
    assert contents(runs.store.root) == before and runs.store.names() == ["parent"]


def test_the_parent_travels_in_a_zip(runs: Runs, parent: RunFolder, wait: Wait):
    name = runs.fork("parent", 16)
    wait(ended(runs, name))
    packed = io.BytesIO()
    export_run(runs.folder(name), packed)
    runs.delete("parent")  # and what knows it lives on
    arrived = import_run(runs.store, packed, "arrived")
    assert arrived.info.parent == runs.folder(name).info.parent is not None


def test_names(runs: Runs, parent: RunFolder, gate: Any):
    runs.rename("parent", "a" * 80)
    assert runs.fork("a" * 80) == "a" * 64 + "-fork"
    assert runs.fork("a" * 64 + "-fork", 40) == "a" * 64 + "-fork-2"
    runs.rename("a" * 80, "ü" * 80)
    assert runs.fork("ü" * 80) == "ü" * 64 + "-fork"


def test_paths_are_kept_whole(
    runs: Runs, parent: RunFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, gate: Any
):
    monkeypatch.chdir(tmp_path)
    seen: list[RunConfig] = []
    real = runs_module.load_data
    monkeypatch.setattr(runs_module, "load_data", lambda config: (seen.append(config), real(config))[1])
    name = runs.fork("parent", 16, data_dir="here")
    assert runs.folder(name).config.data_dir == str(tmp_path / "here") == seen[0].data_dir

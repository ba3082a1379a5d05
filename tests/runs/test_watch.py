"""A run that is measured while it trains, and what it does when it collapses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from gan_core import run as run_module
from gan_core import runs as runs_module
from gan_core import watch as watch_module
from gan_core.datasets import Dataset
from gan_core.evaluation import kept
from gan_core.evaluation.digest import digest_of
from gan_core.runs import Runs
from gan_core.store import Store
from gan_core.trainer import Trainer
from gan_core.verdicts import Verdict
from tests.runs.conftest import ENDLESS, Config, Gate, Wait, ended, events, same


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measures as fast as it can."""
    for name in ("FIRST_SECONDS", "LEAST_SECONDS"):
        monkeypatch.setattr(watch_module, name, 0.0)
    monkeypatch.setattr(run_module, "PUBLISH_SECONDS", 1e9)  # checkpoints alone, whose places a test knows
    monkeypatch.setattr(watch_module, "SHARE", 1e9)
    monkeypatch.setattr(watch_module, "SPREAD", 1e9)


@pytest.fixture
def enough(monkeypatch: pytest.MonkeyPatch, tiny: Callable[..., Dataset]) -> Dataset:
    """So many samples that they can be judged by."""
    dataset = tiny(240, classes=0)
    monkeypatch.setattr(runs_module, "load_data", lambda config: dataset)
    return dataset


@pytest.fixture
def runs(store: Store, enough: Dataset) -> Iterator[Runs]:
    runs = Runs(store)
    yield runs
    assert runs.shutdown(timeout=60)


def alarms(runs: Runs, name: str) -> int:
    """How often it was said that the run collapsed."""
    return [event.get("kind") for event in runs.folder(name).events()].count("collapse")


def measured(runs: Runs, name: str) -> list[int]:
    return [one.images for one in kept(runs.folder(name))]


def test_a_watched_run_comes_out_as_one_that_is_not(runs: Runs, enough: Dataset, tiny_config: Config, wait: Wait):
    for measure in ("live", "off"):
        name = runs.start(tiny_config(images=160, save_every_images=40, measure=measure), measure)
        run = runs.run(name)
        assert run.join(60) and (run.watch is None or run.watch.join(60))
    (one, there), (other, place) = (runs.folder(name).load_checkpoint() for name in ("live", "off"))
    assert {**there, "seconds": 0} == {**place, "seconds": 0}
    assert all(torch.equal(one[key], other[key]) for key in other)
    assert measured(runs, "live") and not measured(runs, "off")


def test_every_checkpoint_is_measured_as_evaluate_would(runs: Runs, tiny_config: Config, wait: Wait, gate: Gate):
    name = runs.start(tiny_config(images=24, save_every_images=8))
    run = runs.run(name)
    for images in (0, 8, 16):
        wait(lambda images=images: images in measured(runs, name))
        gate.allow(2)
    assert run.join(60) and run.watch is not None and run.watch.join(60)
    files = {file.images for file in runs.folder(name).checkpoints()}
    found = {one.images: one for one in kept(runs.folder(name))}
    assert {8, 16, 24} <= files and files <= set(found)
    for images in files:
        assert found[images].weights == digest_of(runs.generator(name, images)[0])
    assert found[24].samples == 120 and found[24].extractor == "random convolutions"  # as many as the data can judge


def test_too_little_data_says_so(store: Store, tiny_data: Dataset, tiny_config: Config):
    runs = Runs(store)
    run = runs.run(runs.start(tiny_config(images=40)))
    assert run.join(60) and run.watch is not None and run.watch.join(60)
    assert "20 samples are too few" in run.watch.watched.note and run.snapshot().state == "finished"
    assert "20 samples are too few" in runs.watched(run.folder.name).note  # also of its folder


def test_a_measure_that_fails_costs_no_run(runs: Runs, tiny_config: Config, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: Any) -> None:
        raise RuntimeError("no such luck")

    monkeypatch.setattr(watch_module, "measure", broken)
    run = runs.run(runs.start(tiny_config(images=40)))
    assert run.join(60) and run.watch is not None and run.watch.join(60)
    assert run.snapshot().state == "finished" and "no such luck" in run.watch.watched.note


def test_what_is_going_on_is_among_the_events(runs: Runs, tiny_config: Config, wait: Wait, says: Says, gate: Gate):
    name = runs.start(tiny_config(images=ENDLESS, save_every_images=8))
    says.kinds = {0: "early", 8: "healthy", 16: "healthy", 24: "collapse"}
    for images in (0, 8, 16, 24):
        gate.allow(2 if images else 0)
        wait(lambda images=images: images in measured(runs, name))
    wait(lambda: alarms(runs, name) == 1)
    assert [one.kind for one in runs.watched(name).verdicts] == ["collapse"]
    told = [event for event in runs.folder(name).events() if event["event"] == "verdict"]
    assert [(event["images"], event["kind"]) for event in told] == [(0, "early"), (8, "healthy"), (24, "collapse")]
    assert runs.run(name).snapshot().state == "training"  # nobody asked for more
    runs.run(name).stop()
    gate.release()
    wait(ended(runs, name))
    assert [one.images for one in runs.watched(name).measures] == measured(runs, name)  # as the folder tells


def test_a_checkpoint_measured_otherwise_is_no_course(runs: Runs, tiny_config: Config):
    """As on the Compare page with few samples, or with a classifier that was not there before."""
    name = runs.start(tiny_config(images=40, save_every_images=8))
    run = runs.run(name)
    assert run.join(60) and run.watch is not None and run.watch.join(60)
    folder = runs.folder(name)
    before = kept(folder)
    other = {**before[-1].model_dump(), "digest": "f" * 12, "samples": 60}
    for images in (16, 40):
        folder.append_evaluation({**other, "images": images})
        assert [one.images for one in runs.watched(name).measures] == sorted(one.images for one in before)
    folder.append_evaluation({**other, "images": 48})  # it trained on, and was measured so from there on
    assert [one.images for one in runs.watched(name).measures] == [16, 40, 48]


@pytest.mark.parametrize("wrong", [
    {"scores": {}}, {"floor": {}}, {"scores": {"fid": None, "diversity": 1.0}},
    {"floor": {"fid": [1], "diversity": 1.0}}, {"scores": {"fid": "far", "diversity": 1.0}},
    {"scores": {"fid": 3.0, "diversity": 1.0, "class_counts": [1, 2, 3]}},
])
def test_lines_that_hold_no_measure_are_passed_over(runs: Runs, tiny_config: Config, wrong: dict[str, Any]):
    name = runs.start(tiny_config(images=40, save_every_images=8))
    run = runs.run(name)
    assert run.join(60) and run.watch is not None and run.watch.join(60)
    before, folder = runs.watched(name).measures, runs.folder(name)
    for images in (4, 40, 400):
        folder.append_evaluation({**before[-1].model_dump(), "images": images, **wrong})
    assert runs.watched(name).measures == before and runs.watched(name).verdicts


def test_the_end_of_the_shortest_run_is_measured_once(
    runs: Runs, tiny_config: Config, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(watch_module, "FIRST_SECONDS", 1e9)
    name = runs.start(tiny_config(images=8, save_every_images=4))
    run = runs.run(name)
    assert run.join(60) and run.watch is not None and run.watch.join(60)
    assert measured(runs, name) == [8]
    assert "Measured once" in runs.watched(name).verdicts[0].text


def test_why_a_run_is_not_measured(runs: Runs, tiny_config: Config, tiny: Any):
    name = runs.start(tiny_config(images=8, measure="off"))
    assert runs.run(name).join(60)
    assert "switched off" in runs.watched(name).note
    few = runs.store.create(tiny_config(), runs_module.facts(tiny(60)), "few")
    assert "60 samples are too few" in runs.watched(few.name).note
    points = runs.store.create(tiny_config(), runs_module.facts(tiny(shape=(2,), count=900)), "points")
    points.append_evaluation(LINE)
    assert runs.watched("points").measures and not runs.watched("points").note  # no classifier will ever tell points


LINE = {
    "time": "", "step": 0, "images": 0, "weights": "0" * 12, "samples": 256, "extractor": "coordinates",
    "digest": "0" * 12, "accuracy": None, "scores": {"fid": 3.0, "diversity": 1.0},
    "floor": {"fid": 1.0, "diversity": 1.0},
}


class Says:
    """What the verdicts are, by images seen."""

    def __init__(self) -> None:
        self.kinds: dict[int, str] = {}
        self.since = 0

    def __call__(self, config: Any, facts: Any, curves: Any, measures: Any) -> tuple[Verdict, ...]:
        images = measures[-1].images
        return (Verdict(self.kinds.get(images, "healthy"), images, self.since, "So it is."),)


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Says:
    says = Says()
    monkeypatch.setattr(watch_module, "diagnose", says)
    return says


def test_pause_on_collapse(runs: Runs, tiny_config: Config, wait: Wait, says: Says, gate: Gate):
    says.kinds = {8: "collapse"}
    name = runs.start(tiny_config(images=ENDLESS, save_every_images=8, on_collapse="pause"))
    gate.allow(2)
    wait(lambda: alarms(runs, name) == 1)
    gate.allow(1)  # it waits within a step
    wait(lambda: runs.snapshot(name).state == "paused")
    runs.run(name).unpause()
    gate.release()
    wait(lambda: runs.snapshot(name).images > 40)  # it is not paused again for the same


def test_rolled_back_to_the_best_checkpoint_it_goes_on_with_calmer_rates(
    runs: Runs, enough: Dataset, tiny_config: Config, wait: Wait, says: Says, gate: Gate
):
    config = tiny_config(
        images=ENDLESS, save_every_images=8, record_every_steps=1, on_collapse="roll back", tries=1, lr_d=1e-3,
        lr_g=1e-3,
    )
    name = runs.start(config)
    folder, run = runs.folder(name), runs.run(name)
    says.kinds, says.since = {24: "collapse"}, 24
    for images in (8, 16, 24):
        gate.allow(2)
        wait(lambda images=images: images in measured(runs, name))
    before = {one.images: one.scores["fid"] for one in kept(folder) if one.images in (8, 16)}
    best = min(before, key=lambda images: before[images])
    wait(lambda: alarms(runs, name) == 1)
    gate.allow(1)  # it waits within a step
    wait(lambda: "rolled back" in events(folder))
    event = next(one for one in folder.events() if one["event"] == "rolled back")
    assert (event["images"], event["why"], event["lr_d"], event["lr_g"]) == (best, "collapse", 5e-4, 5e-4)
    last = run.history.last()
    assert last is not None and last["images"] <= best + 4
    assert max(measured(runs, name)) == best and folder.load_checkpoint()[1]["rates"] == {"d": 5e-4, "g": 5e-4}
    assert list(folder.path.glob("000000024.safetensors.abandoned"))

    says.kinds = {}
    gate.release()
    wait(lambda: runs.snapshot(name).images >= 32)
    run.stop()
    wait(ended(runs, name))
    # Never rolled back and given those rates there, it would be where it is now.
    trainer = Trainer(config, enough)
    while trainer.images < best:
        trainer.step()
        trainer.record()
    trainer.rates = {"d": 5e-4, "g": 5e-4}
    while trainer.images < folder.checkpoints()[-1].images:
        trainer.step()
        trainer.record()
    same(folder, trainer)


def test_with_nothing_good_before_it_begins_anew_and_only_so_often(
    runs: Runs, tiny_config: Config, wait: Wait, says: Says, gate: Gate
):
    name = runs.start(tiny_config(
        images=ENDLESS, save_every_images=8, on_collapse="roll back", tries=2, lr_d=1e-4, lr_g=1e-2,
    ))
    folder = runs.folder(name)
    says.kinds = {8: "collapse"}
    for times in (1, 2):
        gate.allow(2)
        wait(lambda times=times: alarms(runs, name) == times)
        gate.allow(1)
        wait(lambda times=times: events(folder).count("rolled back") == times)
    rates = [(one["lr_d"], one["lr_g"]) for one in folder.events() if one["event"] == "rolled back"]
    assert rates == [(1e-3, 1e-3), (5e-4, 5e-4)]  # their mean first, then half of that
    gate.allow(12)
    wait(lambda: runs.snapshot(name).images >= 24)
    assert events(folder).count("rolled back") == 2

"""Checkpoints measured in the background: what lands in the folder, what is told meanwhile, and how it is ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gan_core import measuring as measuring_module
from gan_core import runs as runs_module
from gan_core.config import RunConfig
from gan_core.datasets import Dataset
from gan_core.errors import WorkbenchError
from gan_core.evaluation import classifier, kept
from gan_core.evaluation import judge as judge_module
from gan_core.measuring import Job, Measuring
from gan_core.runs import Runs
from gan_core.store import RunFolder, Store
from gan_core.trainer import Trainer


@pytest.fixture
def tiny_data(monkeypatch: pytest.MonkeyPatch, tiny: Callable[..., Dataset], tmp_path: Path) -> Dataset:
    """Enough to judge 60 samples by, with a classifier that learned next to nothing."""
    dataset = tiny(count=130)
    for module in (runs_module, measuring_module):
        monkeypatch.setattr(module, "load_data", lambda config: dataset)
    monkeypatch.setattr(classifier, "_LEAST_SHOWN", 1_280)
    monkeypatch.setattr(classifier, "_EPOCHS", 0)
    monkeypatch.setenv("GAN_DATA_DIR", str(tmp_path / "data"))
    return dataset


@pytest.fixture
def make(store: Store, tiny_data: Dataset, tiny_config: Callable[..., RunConfig]) -> Callable[[str], RunFolder]:
    """A run with checkpoints at 4 and 8 images."""

    def run(name: str) -> RunFolder:
        folder = store.create(tiny_config(), runs_module.facts(tiny_data), name)
        trainer = Trainer(folder.config, tiny_data)
        for _ in range(2):
            trainer.step()
            folder.save_checkpoint(*trainer.state())
        return folder

    return run


def end_of(job: Job, wait: Any) -> Job:
    wait(lambda: not job.active)
    return job


def test_runs_of_the_same_data_are_measured_by_one_judge(
    runs: Runs, make: Any, wait: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    first, second = make("first"), make("second")
    made: list[Any] = []
    real = measuring_module.judge_for
    monkeypatch.setattr(measuring_module, "judge_for", lambda *given: (made.append(1), real(*given))[1])
    jobs = Measuring(runs)
    job = end_of(jobs.begin([("first", 4), ("second", 8), ("first", 8)], samples=60), wait)
    assert (job.error, job.done, job.total, job.share) == (None, 3, 3, 1.0) and len(made) == 1
    assert [(one.images, one.samples) for one in kept(first)] == [(4, 60), (8, 60)]
    assert [one.images for one in kept(second)] == [8]
    assert list((tmp_path / "data" / "evaluation").iterdir())  # the classifier, for the next time
    before = first.evaluations()
    end_of(jobs.begin([("first", 4)], samples=60), wait)
    assert first.evaluations() == before  # nothing is measured twice


def test_as_many_samples_as_the_data_can_judge(runs: Runs, make: Any, wait: Any):
    folder = make("first")
    assert end_of(Measuring(runs).begin([("first", 4)]), wait).error is None
    assert kept(folder)[0].samples == 65


def test_a_job_tells_where_it_is_and_another_waits_for_its_end(
    runs: Runs, make: Any, wait: Any, monkeypatch: pytest.MonkeyPatch
):
    make("first")
    inside, go_on = threading.Event(), threading.Event()
    real = judge_module.Judge.scores

    def scores(self: Any, *given: Any, **more: Any) -> Any:
        if "sources" not in more:  # not the floor's
            inside.set()
            assert go_on.wait(60)
        return real(self, *given, **more)

    monkeypatch.setattr(judge_module.Judge, "scores", scores)
    jobs = Measuring(runs)
    job = jobs.begin([("first", 4), ("first", 8)], samples=60)
    try:
        assert inside.wait(60)
        assert (job.active, job.done, job.what) == (True, 0, "first at 4 images")
        with pytest.raises(WorkbenchError, match="measured already; wait"):
            jobs.begin([("first", 8)])
        jobs.cancel()
    finally:
        go_on.set()
    end_of(job, wait)
    assert (job.done, job.error, job.cancelled) == (1, None, True)
    assert [one.images for one in kept(runs.folder("first"))] == [4]  # what was found is kept
    assert end_of(jobs.begin([("first", 8)], samples=60), wait).done == 1


def test_cancelled_while_a_classifier_is_trained_nothing_half_made_is_left(
    runs: Runs, make: Any, wait: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    make("first")
    jobs = Measuring(runs)
    real = classifier.F.cross_entropy

    def learning(*given: Any) -> Any:
        jobs.cancel()
        return real(*given)

    monkeypatch.setattr(classifier.F, "cross_entropy", learning)
    job = end_of(jobs.begin([("first", 4)], samples=60), wait)
    assert job.cancelled and (job.done, job.error) == (0, None)
    assert not kept(runs.folder("first")) and not list(tmp_path.rglob("*classifier*"))


@pytest.mark.parametrize(
    ("wanted", "samples", "complaint"),
    [
        ([("gone", 4)], 60, "no run named 'gone'"),
        ([("first", 5)], 60, "no checkpoint at images 5"),
        ([("first", 4)], 10, "can judge 50 to 65"),
    ],
)
def test_what_goes_wrong_is_said(
    runs: Runs, make: Any, wait: Any, wanted: list[tuple[str, int]], samples: int, complaint: str
):
    make("first")
    assert complaint in str(end_of(Measuring(runs).begin(wanted, samples), wait).error)


def test_other_data_is_refused(runs: Runs, make: Any, wait: Any, tiny: Any, monkeypatch: pytest.MonkeyPatch):
    make("first")
    monkeypatch.setattr(measuring_module, "load_data", lambda config: tiny(count=140))
    assert "not what this run was begun with" in str(end_of(Measuring(runs).begin([("first", 4)], 60), wait).error)


def test_what_cannot_be_measured_does_not_stand_in_the_way_of_the_rest(runs: Runs, make: Any, wait: Any):
    """A damaged checkpoint and a run that is gone come first."""
    first, second = make("first"), make("second")
    (first.path / "000000004.safetensors").write_bytes(b"torn")
    wanted = [("gone", 4), ("first", 4), ("first", 8), ("second", 4)]
    job = end_of(Measuring(runs).begin(wanted, samples=60), wait)
    assert (job.done, job.total, job.active) == (2, 4, False)
    assert job.error is not None and job.error.startswith("2 of 4 checkpoints were measured.")
    assert "no run named 'gone'" in job.error and "first/000000004.safetensors" in job.error
    assert [one.images for one in kept(first)] == [8] and [one.images for one in kept(second)] == [4]

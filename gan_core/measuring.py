"""Checkpoints measured in a background thread: one job a process, with its progress, which can be cancelled.

    jobs = Measuring(runs)
    jobs.begin([("first", 6400), ("second", 6400)], samples=1000)
    jobs.job.share                                # 0 to 1; the numbers land in the runs' folders as they are found
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from gan_core import datasets
from gan_core.errors import WorkbenchError
from gan_core.evaluation import Judge, evaluate, judge_for, most_samples
from gan_core.priority import lower_priority
from gan_core.run import check_data
from gan_core.runs import Runs, load_data

log = logging.getLogger(__name__)

SAMPLES = 1_000
MOST_TOLD = 3


@dataclass
class Job:
    """What is being measured, and how far it is.

    Attributes:
        total, done: checkpoints.
        share: of the present part that is done, in [0, 1]; `what`: which part that is.
        error: in words, why it ended early, or what could not be measured.
        active: whether it goes on.
        cancelled: whether it was asked to end; what was found until then is kept.
    """

    total: int
    done: int = 0
    share: float = 0.0
    what: str = "begins"
    error: str | None = None
    active: bool = True
    cancelled: bool = False


class _Cancelled(Exception):
    pass


class Measuring:
    """The one job of a process at a time: two would only share the cores. Safe from any thread."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._lock = threading.Lock()
        self.job: Job | None = None

    def begin(self, wanted: Sequence[tuple[str, int]], samples: int = SAMPLES) -> Job:
        """Measure checkpoints that were not measured like this yet; see `evaluation.evaluate`.

        Args:
            wanted: (run, images seen) of each.
            samples: of each, or as many as the data can judge where that is fewer.

        Raises:
            WorkbenchError: something is being measured already.
        """
        with self._lock:
            if self.job is not None and self.job.active:
                raise WorkbenchError("checkpoints are being measured already; wait for their end, or cancel that")
            job = self.job = Job(len(wanted))
        threading.Thread(target=self._work, args=(job, list(wanted), samples), name="measuring", daemon=True).start()
        return job

    def cancel(self) -> None:
        """End the job as soon as it looks up: after a step of a classifier's training, or a checkpoint."""
        if self.job is not None:
            self.job.cancelled = True

    def _work(self, job: Job, wanted: list[tuple[str, int]], samples: int) -> None:
        lower_priority(5)
        torch.set_num_threads(1)  # this thread's own: the other cores are the training's and the screens'
        try:
            self._measure(job, wanted, samples)
        except _Cancelled:
            pass
        except WorkbenchError as error:
            job.error = str(error)
        except Exception as error:  # shown to the person, whatever it was
            log.exception("measuring failed")
            job.error = f"{type(error).__name__}: {error}"
        finally:
            job.active = False

    def _measure(self, job: Job, wanted: list[tuple[str, int]], samples: int) -> None:
        def tell(share: float, what: str) -> None:
            if job.cancelled:
                raise _Cancelled
            job.share, job.what = share, what

        judges: dict[str, Judge] = {}  # of each data set one, for all its runs
        problems: list[str] = []
        for run in dict.fromkeys(name for name, _ in wanted):
            try:
                folder = self._runs.folder(run)
                tell(0.0, f"{run}: reading its data")
                dataset = load_data(folder.config)
                check_data(folder, dataset)
                if dataset.fingerprint not in judges:
                    where = datasets.data_folder(folder.config.data_dir) / "evaluation"
                    judges[dataset.fingerprint] = judge_for(dataset, where, min(samples, most_samples(dataset)), tell)
            except WorkbenchError as error:  # the other runs' can be measured all the same
                problems.append(str(error))
                continue
            for images in (images for name, images in wanted if name == run):
                tell(job.done / job.total, f"{run} at {images:,} images")
                try:
                    evaluate(
                        folder, [folder.find(images)], dataset, judges[dataset.fingerprint],
                        lambda images, run=run: self._runs.generator(run, images)[0],
                    )
                except WorkbenchError as error:
                    problems.append(str(error))
                else:
                    job.done += 1
        if problems:
            job.error = _told(problems, job)
        tell(1.0, "done")


def _told(problems: list[str], job: Job) -> str:
    more = f"; and {len(problems) - MOST_TOLD} more" if len(problems) > MOST_TOLD else ""
    return f"{job.done} of {job.total} checkpoints were measured. {'; '.join(problems[:MOST_TOLD])}{more}"

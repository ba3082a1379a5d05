"""Measuring a run while it trains, in a small share of its time, from a thread of its own.

The training offers a copy of its generator now and then; the watch measures it, writes what it found into the run's
folder, and says in words what is going on (`verdicts`). It never touches the networks in training, so that a run that
is watched comes out the same, bit for bit, as one that is not.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import nn

from gan_core import datasets
from gan_core.beliefs import Beliefs, beliefs_of
from gan_core.datasets import Dataset
from gan_core.errors import WorkbenchError
from gan_core.evaluation import Evaluation, Extractor, Judge, extractor_at_hand, kept, measure, most_samples
from gan_core.evaluation.judge import LEAST
from gan_core.objectives import OBJECTIVES
from gan_core.priority import lower_priority
from gan_core.store import History, RunFolder
from gan_core.verdicts import Verdict, diagnose

log = logging.getLogger(__name__)

SAMPLES = 256
"""Drawn for each measure, where the data can judge so many: enough to see a class go missing."""

SHARE = 0.04
"""Of the time, that measuring takes at most: after one that took c seconds of a core, the next waits c / SHARE."""

FIRST_SECONDS, LEAST_SECONDS = 1.5, 2.0
"""Until the first measure, so that the first points and pictures come undisturbed; and between two. The first two, of
the untrained G and of one that has learned a little, say something together only: they are no further apart."""

SPREAD = 100
"""A run of t seconds is measured every t / SPREAD: a long one's file does not grow without bound."""

COPIES_UPTO = 20_000
"""Samples of data in which copies are looked for: larger sets are not learnt by heart, and looking takes long."""


@dataclass(frozen=True)
class Moment:
    """What the training offers: networks in eval mode on the CPU that nobody changes any more."""

    generator: nn.Module
    discriminator: nn.Module
    step: int
    images: int


@dataclass(frozen=True)
class Watched:
    """What is known of a run's quality at one moment.

    Attributes:
        measures: light ones of one extractor and count, by images seen.
        verdicts: what is going on, the gravest first.
        beliefs: what D gave its scores to lately; None where it does not train in this process.
        note: why there are none, or what they lack.
    """

    measures: tuple[Evaluation, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    beliefs: Beliefs | None = None
    note: str = ""


class Watch:
    """Watches one run. `offer` is the training thread's; all else may be called from anywhere."""

    def __init__(
        self, folder: RunFolder, dataset: Dataset, history: History, on_verdict: Callable[[Verdict], None]
    ) -> None:
        """
        Args:
            on_verdict: called from the watch's thread when the gravest verdict is another than before.
        """
        self._folder, self._dataset, self._history, self._on_verdict = folder, dataset, history, on_verdict
        self._offered: deque[Moment] = deque(maxlen=4)
        self._hungry = False
        # Not one lock for both: what is offered must not wait for a disk.
        self._wake, self._writing = threading.Condition(), threading.Lock()
        self._ended = False
        self._course = 0
        self._thread = threading.Thread(target=self._work, name=f"watch {folder.name}", daemon=True)
        self.watched = Watched()

    def start(self) -> None:
        self._thread.start()

    @property
    def hungry(self) -> bool:
        """Whether it is time for another measure."""
        return self._hungry

    def offer(self, moment: Moment) -> None:
        """Returns at once. Of several that wait, the newest are measured."""
        with self._wake:
            self._offered.append(moment)
            self._hungry = False
            self._wake.notify_all()

    def forget(self) -> None:
        """The run is being taken back: what is measured now, or waits to be, is of another course."""
        with self._writing, self._wake:
            self._offered.clear()
            self._course += 1
            self.watched = Watched(note="Not measured yet since the run was taken back.")

    def end(self) -> None:
        """The training is over: what waits is measured, then the thread ends."""
        with self._wake:
            self._ended = True
            self._wake.notify_all()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the thread's end; whether it ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    # the thread

    def _work(self) -> None:
        lower_priority(10)
        torch.set_num_threads(1)
        try:
            self._wait(FIRST_SECONDS)  # of a run as short as that only the end is measured
            self._watch()
        except WorkbenchError as error:
            self.watched = Watched(note=f"Not measured any further: {error}")
        except Exception as error:  # a measure that fails must not cost the run
            log.error("the watch of %s failed", self._folder.name, exc_info=error)
            self.watched = Watched(note=f"Not measured any further: {type(error).__name__}: {error}")

    def _wait(self, seconds: float) -> bool:
        """Rest; whether the training ended meanwhile."""
        with self._wake:
            return self._wake.wait_for(lambda: self._ended, seconds)

    def _next(self) -> Moment | None:
        """The next generator to measure; None when there will be no more."""
        with self._wake:
            self._hungry = not self._offered
            self._wake.wait_for(lambda: bool(self._offered) or self._ended)
            if not self._offered:
                return None
            if not self._ended:
                return self._offered.popleft()
            last = self._offered.pop()  # one more at most
            self._offered.clear()
            return last

    def _watch(self) -> None:
        count = min(SAMPLES, most_samples(self._dataset))
        if count < LEAST:
            self.watched = Watched(note=_too_few(len(self._dataset)))
            return
        place = datasets.data_folder(self._folder.config.data_dir) / "evaluation"
        judge = None
        began = time.monotonic()
        done = 0
        known: tuple[int, int] | None = None
        while (moment := self._next()) is not None:
            if known == (self._course, moment.images):
                continue  # offered as a checkpoint, and once more as the newest
            if judge is None or (judge.extractor.accuracy is None and self._dataset.n_classes > 1):
                judge = _shared_judge(self._dataset, extractor_at_hand(self._dataset, place), count)
            course, cost = self._course, -time.thread_time()
            known = course, moment.images
            found = measure(moment.generator, moment.step, moment.images, self._dataset, judge)
            beliefs = beliefs_of(
                moment.generator, moment.discriminator, OBJECTIVES[self._folder.config.objective], self._dataset, count,
                moment.images, self._folder.config.packing,
            )
            with self._writing:
                if course == self._course:
                    self._folder.append_evaluation(found.model_dump(mode="json"))
                    self._say(found, beliefs)
            cost, done = cost + time.thread_time(), done + 1
            rest = cost / SHARE if done > 1 else 0.0
            self._wait(max(LEAST_SECONDS, rest, (time.monotonic() - began) / SPREAD))

    def _say(self, found: Evaluation, beliefs: Beliefs | None) -> None:
        """Publish what is known now, and tell of a new verdict."""
        before = self.watched.verdicts
        self.watched = replace(watched(self._folder, self._history, found.images), beliefs=beliefs)
        now = self.watched.verdicts
        if now and (not before or before[0].kind != now[0].kind):
            self._on_verdict(now[0])


def watched(folder: RunFolder, history: History, images: int) -> Watched:
    """What the run's folder tells of its quality up to `images` seen.

    Raises:
        StoreError: the folder cannot be read.
    """
    facts = folder.info.dataset
    measures = light([one for one in kept(folder) if one.images <= images], len(facts.classes))
    if not measures:
        return Watched(note=_why_none(folder))
    curves = history.thinned(500).columns
    note = ""
    if measures[-1].accuracy is None and len(facts.classes) > 1 and len(facts.shape) == 3:
        note = (
            "Classes are not counted: there is no classifier of this data on this machine yet. Measuring a checkpoint "
            "on the Compare page, or with `python -m gan_core evaluate`, trains one."
        )
    return Watched(measures, diagnose(folder.config, facts, curves, measures), note=note)


def _why_none(folder: RunFolder) -> str:
    if folder.info.dataset.count // 2 < LEAST:
        return _too_few(folder.info.dataset.count)
    if folder.config.measure == "off":
        return "Not measured while it trains: that is switched off. The Compare page measures its checkpoints."
    return "Not measured yet. The Compare page measures any of its checkpoints."


def _too_few(count: int) -> str:
    return f"Not measured: {count:,} samples are too few to judge by."


def light(found: list[Evaluation], n_classes: int) -> tuple[Evaluation, ...]:
    """Those that the watch took, by images seen, each once.

    Of several extractors or counts those that came furthest, where they came as far the ones that are more: a single
    checkpoint that was measured otherwise, with few samples, is no course.
    """
    rulers: dict[tuple[str, int], dict[int, Evaluation]] = {}
    for one in found:
        if one.samples <= SAMPLES and _whole(one, n_classes):
            rulers.setdefault((one.digest, one.samples), {})[one.images] = one
    if not rulers:
        return ()
    alike = max(rulers.values(), key=lambda those: (max(those), len(those)))
    return tuple(alike[images] for images in sorted(alike))


def _whole(one: Evaluation, n_classes: int) -> bool:
    """Whether it holds what verdicts rest on: a line that came from elsewhere may hold anything."""
    for scores in (one.scores, one.floor):
        numbers = scores.get("fid"), scores.get("diversity")
        if not all(isinstance(value, (int, float)) and math.isfinite(value) for value in numbers):
            return False
        counts = scores.get("class_counts")
        if counts is not None and not (isinstance(counts, list) and len(counts) == n_classes):
            return False
    return True


_lock = threading.Lock()
_judges: OrderedDict[tuple[str, str, int], Judge] = OrderedDict()


def _shared_judge(dataset: Dataset, extractor: Extractor, count: int) -> Judge:
    """One judge for all runs on the same data: to measure the real samples takes half a second."""
    key = (dataset.fingerprint, extractor.digest, count)
    with _lock:
        if key not in _judges:
            _judges[key] = Judge(dataset, extractor, count, copies=len(dataset) <= COPIES_UPTO)
        _judges.move_to_end(key)
        while len(_judges) > 2:
            _judges.popitem(last=False)
        return _judges[key]

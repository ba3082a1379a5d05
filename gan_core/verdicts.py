"""What is going on in a game, in words: from its curves and from light measures of its samples.

Losses of a GAN do not say whether it is good, so that the verdicts rest on what was measured of the samples, and on
what D believes. The thresholds were chosen on labelled runs; `python -m benchmarks.verdicts` makes such runs and counts
how often the verdict is right, and how early.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gan_core.config import RunConfig
from gan_core.course import STEADY, Course, number
from gan_core.evaluation import Evaluation
from gan_core.store import DatasetFacts

ALARMS = ("d-strong", "d-weak", "collapse", "unstable", "not started", "memorising")
"""Kinds that say that something is wrong, the gravest first; the others are `plateau`, `healthy` and `early`."""

TITLES = {
    "d-strong": "D is too strong", "d-weak": "D is too weak", "collapse": "Mode collapse", "unstable": "Unstable",
    "not started": "Not learning", "memorising": "Learning by heart", "plateau": "No longer improving",
    "healthy": "Improving", "early": "Too early to tell",
}

NARROW = 0.55
"""Diversity, over that of real samples, below which G draws too few things."""

SAME = 0.15
"""Diversity below which G draws one thing, or nearly."""

MISSING = 0.2
"""A class is missing that is drawn less often than this share of how often it occurs."""

UNLIKE = 0.1
"""Precision, over that of real samples, below which what is drawn looks like nothing real, whatever it is taken for."""

SURE, EQUAL, FOOLED = 0.9, 0.04, 0.1
"""What D believes of real less what it believes of fakes, over the most that the objective lets it: more than SURE, it
always knows; less than EQUAL, it cannot tell; below -FOOLED, it takes fakes for the real ones."""

COPIED = 0.6
"""Share of the floor's authenticity below which G copies."""

NEAR, FAR = 0.85, 0.6
"""On the way from the untrained G to real samples, see `Course.way`: near enough to be called good, and far from it."""

STARTED, AWAKE = 0.12, 0.25
"""The way by which a run has started, and by which its samples should vary."""

FALLEN, RESTLESS = 0.12, 1.5
"""Of the way, lost since its best; and how many times as far the worst of the last measures is as the best, while they
go up and down: unstable."""

WAKING = 60_000
"""Images that a slow G may take until its samples vary: up to there they may be alike without its having collapsed."""

BUDGED = 0.04
"""Share by which the distance of a G that learns nothing changes at most, while those of one that is about to start
swing."""


@dataclass(frozen=True)
class Evidence:
    """One thing that a verdict rests on.

    Attributes:
        name, value: what it is, and what it is now, in words.
        series: (images seen, value), oldest first, to be drawn small.
        real: the same of real samples, to be drawn beside; None where it has none.
    """

    name: str
    value: str
    series: tuple[tuple[int, float], ...] = ()
    real: float | None = None


@dataclass(frozen=True)
class Verdict:
    """
    Attributes:
        kind: one of `TITLES`.
        images: seen when it was said.
        since: images seen since when it holds.
        text: one sentence.
        advice: what to try next, in a sentence; empty where nothing need be.
        changes: settings of a fork that tries it; empty where there is nothing to fork.
        at: images seen of the checkpoint to fork from; None: the newest; 0: from the beginning.
    """

    kind: str
    images: int
    since: int
    text: str
    evidence: tuple[Evidence, ...] = ()
    advice: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)
    at: int | None = None

    @property
    def title(self) -> str:
        return TITLES[self.kind]

    @property
    def alarm(self) -> bool:
        return self.kind in ALARMS


def diagnose(
    config: RunConfig, facts: DatasetFacts, curves: Mapping[str, np.ndarray], measures: Sequence[Evaluation],
) -> tuple[Verdict, ...]:
    """What is going on, the gravest first; one at least where anything was measured.

    Args:
        curves: columns of the run's history, see `History.thinned`.
        measures: of one extractor and count, by images seen.
    """
    if not measures:
        return ()
    course = Course(config, curves, measures)
    now = measures[-1].images
    if len(course) < 2:
        return (Verdict("early", now, now, "Measured once so far: what the game does shows from the next measure on."),)
    found = [judge(course, config, facts) for judge in (_d_strong, _d_weak, _collapse, _unstable, _stuck, _memorising)]
    verdicts = tuple(verdict for verdict in found if verdict is not None)
    # D that is far too strong or too weak is why G draws one thing, or nothing.
    if any(one.kind in ("d-strong", "d-weak") for one in verdicts):
        verdicts = tuple(one for one in verdicts if one.kind not in ("collapse", "not started"))
    return verdicts or (_plateau(course, config) or _healthy(course, facts),)


def _d_strong(course: Course, config: RunConfig, facts: DatasetFacts) -> Verdict | None:
    sure = course.belief > SURE
    if not _lately(sure) or len(course) < STEADY or course.way[-1] > NEAR or course.moves():
        return None
    changes: dict[str, Any] = {}
    if config.objective == "minimax":
        changes["objective"] = "non-saturating"
    if config.lr_d > 2 * config.lr_g:
        changes |= _balanced(config)
    elif config.objective != "minimax":
        changes["lr_d"] = _rounded(config.lr_d / 4)
    why = "its loss saturates, and G's gradient vanishes" if config.objective == "minimax" else "G learns nothing new"
    return Verdict(
        "d-strong", int(course.images[-1]), course.since(sure),
        f"D tells real from drawn without a doubt, so that {why}.",
        (
            _belief(course),
            Evidence("Gradient of G", f"norm {course.slope_g[-1]:.2g}", course.series(course.slope_g)),
            _quality(course),
        ),
        "Slow D down, or give G a loss that still has a slope where D is sure" + _told(changes), changes, 0,
    )


def _d_weak(course: Course, config: RunConfig, facts: DatasetFacts) -> Verdict | None:
    fooled = course.belief < -FOOLED
    blind = np.abs(course.belief) < EQUAL
    if course.way[-1] > FAR:
        return None
    # What D cannot tell may also be good; what it takes for better than real may not.
    if not _lately(fooled) and not (_lately(blind) and not course.moves() and course.way[-1] > STARTED):
        return None
    changes: dict[str, Any] = {}
    if config.lr_d < config.lr_g:
        changes = {"lr_d": config.lr_g}
    else:
        changes = {"critic_steps": min(20, 2 * config.critic_steps)}
    return Verdict(
        "d-weak", int(course.images[-1]), course.since(fooled | blind),
        "D takes what G draws for real, or cannot tell, while the samples are far from it: G has nobody to learn from.",
        (_belief(course), _quality(course)),
        "Let D learn faster" + _told(changes), changes, 0,
    )


def _collapse(course: Course, config: RunConfig, facts: DatasetFacts) -> Verdict | None:
    narrow = course.diversity < NARROW
    left, gone = _classes(course.measures[-1], facts)
    # Early on samples are alike and become less so: that is learning. Where they are all but the same, it is not.
    same = bool(np.median(course.diversity[-STEADY:]) < SAME)
    needed = 2 if same else STEADY
    if course.way.max() < STARTED or len(course) < needed or not narrow[-needed:].all():
        return None
    if not same and (
        course.gain() > 0.05
        or (course.way.max() < AWAKE and narrow.all() and course.images[-1] < WAKING)
    ):
        return None
    changes: dict[str, Any] = {}
    if config.lr_g > 2 * config.lr_d:
        changes = _balanced(config)
    elif config.conditional == "no" and facts.classes:
        changes = {"conditional": "auto"}
    elif config.discriminator_norm == "none" and not config.r1_weight and config.objective != "wasserstein":
        changes = {"r1_weight": 1.0}
    else:
        changes = {"lr_g": _rounded(config.lr_g / 4), "lr_d": _rounded(config.lr_d / 4)}
    since = course.since(narrow)
    if left and gone:
        of_all = f"{len(gone)} of {len(left) + len(gone)} classes are gone"
        # What a picture is taken for need not be what is on it: a classifier takes noise for some class, too.
        if same:
            what = "G draws nearly the same thing whatever its latent, taken for "
        elif course.column("precision")[-1] < UNLIKE * number(course.measures[-1].floor, "precision"):
            what = "What G draws is unlike any real sample, and taken for "
        else:
            what = "G draws "
        what += f"{_listed(left)} and hardly anything else: {of_all}"
    else:
        what = "G draws nearly the same thing whatever its latent"
    before = course.images[(course.images < since) & (course.way > FAR)]
    return Verdict(
        "collapse", int(course.images[-1]), since,
        f"{what}; its samples vary {course.diversity[-1]:.0%} as much as real ones.",
        (
            Evidence("Diversity", f"{course.diversity[-1]:.2f} of real samples'", course.series(course.diversity), 1.0),
            *_class_evidence(course, facts, left, gone), _belief(course), _quality(course),
        ),
        "A collapsed G seldom comes back. Begin anew, or from before it" + _told(changes), changes,
        int(before[-1]) if len(before) else 0,
    )


def _unstable(course: Course, config: RunConfig, facts: DatasetFacts) -> Verdict | None:
    best = np.maximum.accumulate(course.way)
    # Beyond what such a distance flutters by, and far enough to be seen.
    fallen = (best - course.way > FALLEN) & (course.fid > 1.5 * course.fid.min() + 3 * course.fid_error)
    restless = _restless(course)
    if not restless and (len(course) < 4 or not fallen[-1] or fallen[-5:].mean() < 0.4):
        return None
    place = int(course.images[int(course.way.argmax())])
    changes: dict[str, Any] = {"lr_d": _rounded(config.lr_d / 4), "lr_g": _rounded(config.lr_g / 4)}
    if config.objective == "wasserstein" and config.gp_weight == 0:
        changes = {"gp_weight": 10.0, **changes}
    return Verdict(
        "unstable", int(course.images[-1]), course.since(fallen) if fallen[-1] else int(course.images[-6]),
        f"The samples were better at {place:,} images than they are now: the two do not settle." if fallen[-1] else
        "The samples get better and worse in turns: the two do not settle.",
        (_quality(course), _belief(course)),
        "Lower the learning rates, or penalise D's slope" + _told(changes), changes, 0,
    )


def _restless(course: Course) -> bool:
    """Whether the last six measures go up and down by more than they err, and lead nowhere."""
    late, error = course.fid[-6:], course.fid_error[-6:]
    if len(late) < 6 or course.moves() or late.max() < RESTLESS * late.min() + 2 * error[late.argmax()]:
        return False
    steps = np.diff(late)
    clear = steps[np.abs(steps) > 1.5 * np.hypot(error[1:], error[:-1])]
    return bool((np.diff(np.sign(clear)) != 0).sum() >= 2)


def _stuck(course: Course, config: RunConfig, facts: DatasetFacts) -> Verdict | None:
    slow = course.way < STARTED
    late = course.fid[-STEADY:]
    if len(course) < STEADY or not _lately(slow) or late.max() > (1 + BUDGED) * late.min():
        return None
    changes: dict[str, Any] = {
        name: _rounded(min(1.0, max(10 * rate, 2e-4)))
        for name, rate in (("lr_d", config.lr_d), ("lr_g", config.lr_g)) if rate < 1e-3
    }
    if not changes:
        changes = {"lr_d": _rounded(config.lr_d / 10), "lr_g": _rounded(config.lr_g / 10)}
    return Verdict(
        "not started", int(course.images[-1]), course.since(slow),
        f"After {int(course.images[-1]):,} images G draws hardly better than before it learned anything.",
        (_quality(course), Evidence("Gradient of G", f"norm {course.slope_g[-1]:.2g}", course.series(course.slope_g))),
        "Look at the learning rates" + _told(changes), changes, 0,
    )


def _memorising(course: Course, config: RunConfig, facts: DatasetFacts) -> Verdict | None:
    if course.authenticity is None:
        return None
    copied = course.authenticity < COPIED
    if not _lately(copied, 2):
        return None
    changes: dict[str, Any] = {"augment": ("colour", "translation", "cutout")} if not config.augment else {}
    return Verdict(
        "memorising", int(course.images[-1]), course.since(copied),
        f"Many samples are nearer to a training picture than that one is to any other: G copies its "
        f"{facts.count:,} pictures.",
        (
            Evidence(
                "Authenticity", f"{course.authenticity[-1]:.2f} of new real samples'",
                course.series(course.authenticity), 1.0,
            ),
            _quality(course),
        ),
        "Stop at an earlier checkpoint, take more data, or augment what D sees" + _told(changes), changes, 0,
    )


def _plateau(course: Course, config: RunConfig) -> Verdict | None:
    if len(course) < 2 * STEADY or course.moves():
        return None
    last, best = int(course.images[-1]), int(course.images[int(course.way.argmax())])
    at_floor = course.fid[-1] <= 1.3 * number(course.measures[-1].floor, "fid")
    text = (
        f"As good as {course.measures[-1].samples} samples can tell: no further from the data than real samples are."
        if at_floor else
        f"No better than it was a while ago, and {course.fid[-1] / number(course.measures[-1].floor, 'fid'):.1f} "
        "times as far from the data as real samples are."
    )
    return Verdict(
        "plateau", last, best, text, (_quality(course), _belief(course)),
        "Stop now, and measure the checkpoints with more samples to find the best." if at_floor else
        "Stop now, or go on with lower rates: what is left is fine detail.",
        {} if at_floor else {"lr_d": _rounded(config.lr_d / 4), "lr_g": _rounded(config.lr_g / 4)},
    )


def _healthy(course: Course, facts: DatasetFacts) -> Verdict:
    if course.way[-1] < STARTED:
        return Verdict(
            "early", int(course.images[-1]), int(course.images[0]),
            "G draws hardly better than before it learned anything; it has only begun.", (_quality(course),),
        )
    left, gone = _classes(course.measures[-1], facts)
    seen = f", all {len(left)} classes are drawn" if left and not gone else ""
    return Verdict(
        "healthy", int(course.images[-1]), int(course.images[0]),
        f"The samples get nearer to the data{seen}.",
        (_quality(course), _belief(course), *_class_evidence(course, facts, left, gone)),
    )


# what verdicts are made of

def _lately(holds: np.ndarray, count: int = STEADY) -> bool:
    """Whether it holds for the last few measures; of fewer, for all."""
    return bool(len(holds) >= 2 and holds[-count:].all())


def _classes(one: Evaluation, facts: DatasetFacts) -> tuple[list[str], list[str]]:
    """Classes that are drawn, and those that are not; both empty where they are not counted."""
    counts, real = one.scores.get("class_counts"), one.floor.get("class_counts")
    if not isinstance(counts, list) or not isinstance(real, list):
        return [], []
    total, of_real = sum(counts) or 1, sum(real) or 1
    drawn = [c / total >= MISSING * r / of_real for c, r in zip(counts, real, strict=True)]
    names = facts.classes
    return (
        [name for name, there in zip(names, drawn, strict=True) if there],
        [name for name, there in zip(names, drawn, strict=True) if not there],
    )


def _class_evidence(course: Course, facts: DatasetFacts, left: list[str], gone: list[str]) -> tuple[Evidence, ...]:
    if not left and not gone:
        return ()
    text = f"{len(left)} of {len(left) + len(gone)}" + (f"; gone: {_listed(gone)}" if gone else "")
    drawn = np.array([len(_classes(one, facts)[0]) for one in course.measures], dtype=float)
    return (Evidence("Classes drawn", text, course.series(drawn), float(len(left) + len(gone))),)


def _quality(course: Course) -> Evidence:
    floor = number(course.measures[-1].floor, "fid")
    return Evidence(
        "Fréchet distance",
        f"{_short(course.fid[-1])}; real samples {_short(floor)}, at the start {_short(course.first_fid)}",
        course.series(course.fid), floor,
    )


def _belief(course: Course) -> Evidence:
    return Evidence(
        "D(real) − D(fake)", f"{course.belief[-1]:.0%} of the most that this objective lets it be",
        course.series(course.belief),
    )


def _balanced(config: RunConfig) -> dict[str, Any]:
    """Both rates at their geometric mean."""
    rate = _rounded(math.sqrt(config.lr_d * config.lr_g))
    return {"lr_d": rate, "lr_g": rate}


def _rounded(value: float) -> float:
    return float(f"{value:.1g}")


def _told(changes: Mapping[str, Any]) -> str:
    if not changes:
        return "."
    named = [
        f"{RunConfig.model_fields[name].title} {', '.join(value) if isinstance(value, tuple) else value}"
        for name, value in changes.items()
    ]
    return ": " + ", ".join(named) + "."


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")

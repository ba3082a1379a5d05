"""Whether a trial came out as its lesson says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gan_core.lessons.form import VALUE, Goal, Header, in_words

Readings = Mapping[str, float | None]


@dataclass(frozen=True)
class Judged:
    """One goal, judged.

    Attributes:
        value: the reading; None where it is not known.
        text: what to say, with the reading in it.
    """

    id: str
    met: bool
    value: float | None
    text: str


@dataclass(frozen=True)
class Outcome:
    """What came of a trial.

    Attributes:
        told: the readings at its end, with the goals' own values in the place of theirs.
    """

    trial: str
    judged: tuple[Judged, ...]
    told: Mapping[str, float]

    @property
    def met(self) -> bool:
        return all(one.met for one in self.judged)


def marks(header: Header, trial: str) -> tuple[int, ...]:
    """The steps of the lab at which a trial's readings are wanted, rising; it ends at the last."""
    return tuple(sorted({step for goal in header.goal.values() if goal.trial == trial for step in goal.at}))


def judge(header: Header, trial: str, readings: Sequence[Readings]) -> Outcome:
    """
    Args:
        readings: of the lab at each of `marks`, each with its step; of a training run, one, at its end.
    """
    last: Readings = readings[-1] if readings else {}
    told = {name: float(value) for name, value in last.items() if value is not None and math.isfinite(value)}
    judged = []
    for name, goal in header.goal.items():
        if goal.trial != trial:
            continue
        value = value_of(goal, readings)
        if value is not None:
            told[goal.reading] = value
        met = value is not None and holds(goal, value)
        shown = "–" if value is None else in_words(value, goal.reading)
        judged.append(Judged(name, met, value, (goal.met if met else goal.not_yet).replace(VALUE, shown)))
    return Outcome(trial, tuple(judged), told)


def value_of(goal: Goal, readings: Sequence[Readings]) -> float | None:
    """The reading that is judged: its mean over the goal's steps; None where one of them is not known."""
    wanted = [one for one in readings if one.get("step") in goal.at] if goal.at else list(readings[-1:])
    values = [value for one in wanted if (value := one.get(goal.reading)) is not None and math.isfinite(value)]
    return sum(values) / len(values) if values and len(values) >= len(goal.at) else None


def holds(goal: Goal, value: float) -> bool:
    return (goal.at_least is None or value >= goal.at_least) and (goal.at_most is None or value <= goal.at_most)


def done(header: Header, outcomes: Mapping[str, Outcome]) -> bool:
    """Whether the lesson is: its first trial's goals are met, and those of as many as it needs."""
    met = {name for name, outcome in outcomes.items() if outcome.met}
    return next(iter(header.trial)) in met and len(met) >= (header.needed or len(header.trial))


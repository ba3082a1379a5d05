"""The form of a lesson: what its file must and may hold, strictly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from gan_core.config import RunConfig
from gan_core.lab import Scene
from gan_core.lab.scene import make
from gan_core.lessons.readings import LAB_READINGS, RUN_READINGS
from gan_core.presets import make_config

Id = Annotated[str, Field(pattern="^[a-z][a-z0-9-]{0,29}$")]
Line = Annotated[str, Field(min_length=1, max_length=600)]

PLACE = re.compile(r"\{([a-z][a-z0-9-]*)\.([a-z_0-9]+)\}")
"""In a text told afterwards: the reading of a trial, as in {plain.modes}."""

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

VALUE = "{value}"
"""In what a goal says: the reading that was judged."""


class Part(BaseModel):
    """A part of a lesson: nothing that is not known, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)


class Choice(Part):
    """One answer to the question.

    Attributes:
        reply: what to say to who chose it, after the run.
    """

    text: Line
    reply: Line


class Predict(Part):
    """What to think about before the run.

    Attributes:
        right: the id of the right answer.
    """

    question: Line
    right: Id


class Trial(Part):
    """One run of a lesson: in the lab, or a training of pictures.

    Attributes:
        title: on its button.
        say: what is special about it, in a sentence; may be empty.
        lab: settings of a `Scene` that differ from the lesson's own.
        run: settings of a `RunConfig`, `preset` among them, likewise.
    """

    title: Annotated[str, Field(min_length=1, max_length=60)]
    say: Annotated[str, Field(max_length=600)] = ""
    lab: dict[str, Any] = {}
    run: dict[str, Any] = {}


def _several(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else (value,)


class Goal(Part):
    """A comparison of one reading of one trial with a number.

    Attributes:
        reading: one of `LAB_READINGS` or `RUN_READINGS`.
        at: the step at which it is judged; of several steps, the mean. For the lab only: a training run is judged at
            its end.
        at_least, at_most: one of them, or both.
        met, not_yet: what to say; `{value}` in it is the reading.
    """

    trial: Id
    reading: str
    at: Annotated[tuple[Annotated[int, Field(ge=1, le=100_000)], ...], BeforeValidator(_several)] = ()
    at_least: float | None = None
    at_most: float | None = None
    met: Line
    not_yet: Line

    @model_validator(mode="after")
    def _possible(self) -> Goal:
        if self.at_least is None and self.at_most is None:
            raise ValueError("neither at_least nor at_most: give one of them, or both")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(f"at_least = {self.at_least:g} is more than at_most = {self.at_most:g}: no number is both")
        if list(self.at) != sorted(set(self.at)):
            raise ValueError(f"at = {list(self.at)}: steps must rise")
        return self


class Header(Part):
    """What stands between the lines +++ of an English file: the settings, the goals, and the texts beside them.

    Attributes:
        order: where it stands in the list.
        needed: how many trials must have their goals met for the lesson to be done; the first is always one of them.
            None: all.
        lab, run: settings that all trials share.
    """

    title: Annotated[str, Field(min_length=1, max_length=80)]
    order: Annotated[int, Field(ge=1, le=999)]
    needed: Annotated[int, Field(ge=1)] | None = None
    lab: dict[str, Any] = {}
    run: dict[str, Any] = {}
    trial: Annotated[dict[Id, Trial], Field(min_length=1, max_length=8)]
    goal: Annotated[dict[Id, Goal], Field(min_length=1)]
    predict: Predict
    choice: Annotated[dict[Id, Choice], Field(min_length=2, max_length=6)]

    @model_validator(mode="after")
    def _agree(self) -> Header:
        """Parts name each other rightly."""
        if self.predict.right not in self.choice:
            raise ValueError(f"predict.right = {self.predict.right!r}: must be one of {', '.join(self.choice)}")
        if self.needed is not None and self.needed > len(self.trial):
            raise ValueError(f"needed = {self.needed}: there are {len(self.trial)} trials")
        judged = {goal.trial for goal in self.goal.values()}
        for name in judged - set(self.trial):
            raise ValueError(f"goal: there is no trial {name!r}; the trials are {', '.join(self.trial)}")
        for name in self.trial:
            if name not in judged:
                raise ValueError(f"trial.{name}: has no goal, so that nobody knows when it is done")
        if self.lab and self.run:
            raise ValueError("lab and run: the settings that trials share are of the one or of the other")
        for name, trial in self.trial.items():
            kinds = [kind for kind in ("lab", "run") if getattr(self, kind) or getattr(trial, kind)]
            if len(kinds) > 1:
                raise ValueError(f"trial.{name}: is of the lab or a training run, not both")
        for name, goal in self.goal.items():
            trains = self.trains(goal.trial)
            known = RUN_READINGS if trains else LAB_READINGS
            if goal.reading not in known:
                raise ValueError(f"goal.{name}.reading = {goal.reading!r}: must be one of {', '.join(known)}")
            if trains and goal.at:
                raise ValueError(f"goal.{name}.at: a training run is judged at its end; leave it out")
            if not trains and not goal.at:
                raise ValueError(f"goal.{name}.at: give the step at which the reading is judged")
        return self

    def trains(self, trial: str) -> bool:
        """Whether it is a training run of pictures, not of the lab."""
        return bool(self.run or self.trial[trial].run)

    def scene(self, trial: str, seed: int | None = None) -> Scene:
        """What the lab plays in a trial.

        Args:
            seed: in place of the lesson's own.

        Raises:
            ConfigError: a setting that is not possible.
        """
        values = {**self.lab, **self.trial[trial].lab}
        return make(**(values if seed is None else {**values, "seed": seed}))

    def config(self, trial: str, seed: int | None = None) -> RunConfig:
        """What a training run of a trial is asked for; likewise."""
        values = {**self.run, **self.trial[trial].run}
        if seed is not None:
            values["seed"] = seed
        return make_config(values.pop("preset", "quick"), **values)


class Words(Part):
    """What stands between the lines +++ of a translation: texts only, below the same ids."""

    class Predict(Part):
        question: Line

    class Trial(Part):
        title: Annotated[str, Field(min_length=1, max_length=60)]
        say: Annotated[str, Field(max_length=600)] = ""

    class Goal(Part):
        met: Line
        not_yet: Line

    title: Annotated[str, Field(min_length=1, max_length=80)]
    trial: dict[Id, Words.Trial]
    goal: dict[Id, Words.Goal]
    predict: Words.Predict
    choice: dict[Id, Choice]


def texts_of(header: Header | Words) -> Iterator[tuple[str, str]]:
    """(field, text) of all that a reader sees of a header."""
    yield "title", header.title
    yield "predict.question", header.predict.question
    for name, choice in header.choice.items():
        yield from ((f"choice.{name}.text", choice.text), (f"choice.{name}.reply", choice.reply))
    for name, trial in header.trial.items():
        yield from ((f"trial.{name}.title", trial.title), (f"trial.{name}.say", trial.say))
    for name, goal in header.goal.items():
        yield from ((f"goal.{name}.met", goal.met), (f"goal.{name}.not_yet", goal.not_yet))


def in_words(value: float, reading: str) -> str:
    """A reading as people read it: counts whole, others with three digits."""
    if reading in ("modes", "n_modes", "step", "classes"):
        return f"{round(value):,}"
    if reading in ("diversity", "right", "high_quality"):
        return f"{value:.0%}"
    if 0 < abs(value) < 1e-3:
        digits, power = f"{value:.1e}".split("e")
        return f"{digits} × 10{str(int(power)).translate(_RAISED)}".replace("-", "−")
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return text.replace("-", "−")


def filled(text: str, told: Mapping[str, Mapping[str, float]]) -> str:
    """A text told afterwards, with what was measured in its places.

    Args:
        told: trial → reading → value; a place of what was not run shows as "–".
    """

    def put(match: re.Match[str]) -> str:
        value = told.get(match[1], {}).get(match[2])
        return "–" if value is None else in_words(value, match[2])

    return PLACE.sub(put, text)

"""Goals: which reading is judged, what is said of it, and when a lesson is done."""

from __future__ import annotations

from typing import Any

import pytest

from gan_core.lessons import Goal, Header, done, filled, in_words, judge, marks
from gan_core.lessons.goals import value_of

LESSON: dict[str, Any] = {
    "title": "T", "order": 1,
    "trial": {"a": {"title": "A"}, "b": {"title": "B"}, "c": {"title": "C"}},
    "goal": {
        "modes": {"trial": "a", "reading": "modes", "at": 20, "at_least": 7, "met": "{value}!", "not_yet": "{value}?"},
        "js": {"trial": "a", "reading": "js", "at": [10, 20], "at_most": 0.5, "met": "m {value}", "not_yet": "n"},
        "b": {"trial": "b", "reading": "d_real", "at": 5, "at_least": 0.4, "at_most": 0.6, "met": "m", "not_yet": "n"},
        "c": {"trial": "c", "reading": "d_real", "at": 5, "at_least": 0.4, "met": "m", "not_yet": "n"},
    },
    "predict": {"question": "Q", "right": "x"},
    "choice": {"x": {"text": "X", "reply": "R"}, "y": {"text": "Y", "reply": "R"}},
}


def _header(**changes: Any) -> Header:
    return Header.model_validate({**LESSON, **changes})


def _readings(modes: int = 8, js: tuple[float | None, ...] = (0.6, 0.2)) -> list[dict[str, float | None]]:
    return [{"step": 10, "modes": 0, "js": js[0]}, {"step": 20, "modes": modes, "js": js[1]}]


def test_a_reading_is_judged_at_its_steps() -> None:
    header = _header()
    assert marks(header, "a") == (10, 20) and marks(header, "b") == (5,)
    outcome = judge(header, "a", _readings())
    assert outcome.met and [one.text for one in outcome.judged] == ["8!", "m 0.4"]
    assert outcome.told["js"] == pytest.approx(0.4) and outcome.told["modes"] == 8


def test_what_is_not_met_says_so() -> None:
    outcome = judge(_header(), "a", _readings(modes=6))
    assert not outcome.met and [one.met for one in outcome.judged] == [False, True]
    assert outcome.judged[0].text == "6?"


def test_a_reading_that_is_not_known_is_not_met() -> None:
    for js in ((None, 0.2), (float("nan"), 0.2)):
        outcome = judge(_header(), "a", _readings(js=js))
        assert [one.met for one in outcome.judged] == [True, False] and outcome.judged[1].value is None
    assert not judge(_header(), "a", _readings()[1:]).judged[1].met  # one of its steps is not there
    assert not judge(_header(), "a", []).met


@pytest.mark.parametrize(("value", "met"), [(0.39, False), (0.4, True), (0.6, True), (0.61, False)])
def test_between_includes_both_ends(value: float, met: bool) -> None:
    assert judge(_header(), "b", [{"step": 5, "d_real": value}]).met is met


def test_a_lesson_is_done_with_its_first_trial_and_as_many_as_it_needs() -> None:
    header, some = _header(), _header(needed=2)
    met = {name: judge(header, name, _readings() if name == "a" else [{"step": 5, "d_real": 0.5}]) for name in "abc"}
    assert done(header, met) and not done(header, {name: met[name] for name in "ab"})
    assert done(some, {name: met[name] for name in "ac"}) and not done(some, {"a": met["a"]})
    assert not done(some, {name: met[name] for name in "bc"})  # without the first
    assert not done(some, {**met, "a": judge(header, "a", _readings(modes=1))})


def test_numbers_come_into_the_text() -> None:
    told = {"a": {"modes": 7.6, "value": -1.38612, "grad_g": 0.00000123, "right": 0.987}}
    assert filled("{a.modes}, {a.value}, {a.grad_g}, {a.right}, {b.js}", told) == "8, −1.39, 1.2 × 10⁻⁶, 99%, –"
    assert filled(r"$\frac{a}{b}$", told) == r"$\frac{a}{b}$"
    assert in_words(0, "js") == "0" and in_words(1234.4, "fid") == "1,234"


def test_a_goal_for_a_training_run_takes_its_one_reading() -> None:
    goal = Goal.model_validate({"trial": "a", "reading": "fid", "at_most": 10, "met": "m", "not_yet": "n"})
    assert value_of(goal, [{"fid": 9.0}]) == 9.0 and value_of(goal, [{"fid": None}]) is None

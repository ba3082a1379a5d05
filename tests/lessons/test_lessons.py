"""The ten lessons that come with the program: whole in both languages, and what they claim comes out."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from gan_core.lessons import LANGUAGES, Lesson, Outcome, course, filled, judge, run_readings
from gan_core.lessons.form import PLACE, texts_of
from gan_core.lessons.trying import play
from gan_core.runs import Runs
from gan_core.store import Store

LESSONS = {lesson.id: lesson for lesson in course().lessons}
FAST = ("formula",)
"""Whose claims are checked with every run of the suite; all others with `make proofs`."""

SEEDS = (0, 1, 2)


def _trials(training: bool) -> list[object]:
    return [
        pytest.param(lesson, trial, id=f"{lesson.id}-{trial}", marks=() if lesson.id in FAST else pytest.mark.long)
        for lesson in course().lessons for trial in lesson.header.trial if lesson.header.trains(trial) is training
    ]


def test_there_are_ten_in_both_languages() -> None:
    for language in LANGUAGES:
        found = course(language)
        assert found.wrong == () and found.missing == frozenset()
        assert [lesson.header.order for lesson in found.lessons] == list(range(1, 11))


@pytest.mark.parametrize("id", LESSONS)
def test_both_languages_agree_in_structure(id: str) -> None:
    english, chinese = LESSONS[id], next(one for one in course("zh").lessons if one.id == id)
    one, other = (dict(texts_of(lesson.header)) for lesson in (english, chinese))
    assert one.keys() == other.keys()
    for field in one:
        assert re.search("[\u4e00-\u9fff]", other[field]) or other[field] in ("", one[field]), field
        assert not re.search("[\u3000-\u9fff\uff00-\uffef]", one[field]), field
        assert sorted(PLACE.findall(one[field])) == sorted(PLACE.findall(other[field])), field
        assert one[field].count("{value}") == other[field].count("{value}"), field
    assert sorted(PLACE.findall(english.after)) == sorted(PLACE.findall(chinese.after))
    for lesson in (english, chinese):
        for text in (lesson.before, lesson.after):
            assert text.count("$") % 2 == 0 and text.count("**") % 2 == 0
    formulas = [re.findall(r"\$\$.*?\$\$", lesson.before, re.DOTALL) for lesson in (english, chinese)]
    assert formulas[0] == formulas[1]


@pytest.mark.parametrize("id", LESSONS)
def test_a_common_wrong_idea_is_among_the_answers_and_is_answered(id: str) -> None:
    header = LESSONS[id].header
    assert len(header.choice) >= 3
    assert len({choice.reply for choice in header.choice.values()}) == len(header.choice)
    # Told with what was measured: the reading, not only the rule.
    replies = " ".join(choice.reply for choice in header.choice.values())
    assert PLACE.search(replies + LESSONS[id].after)


@pytest.mark.parametrize(("lesson", "trial"), _trials(training=False))
def test_the_lab_comes_out_as_the_lesson_says(lesson: Lesson, trial: str) -> None:
    _as_claimed([play(lesson.header, trial, seed) for seed in SEEDS])


@pytest.mark.parametrize(("lesson", "trial"), _trials(training=True))
def test_the_training_comes_out_as_the_lesson_says(
    lesson: Lesson, trial: str, store: Store, wait: Callable[..., None]
) -> None:
    runs, outcomes = Runs(store), []
    try:
        for seed in SEEDS:
            # One thread: on a machine that is busy besides, two would wait for each other most of the time.
            config = lesson.header.config(trial, seed).model_copy(update={"threads": 1})
            name = runs.start(config, f"{trial}-{seed}")
            wait(lambda name=name: runs.snapshot(name).state == "finished", 600)

            def measured(name: str = name) -> dict[str, float] | None:
                return run_readings(runs.history(name), runs.watched(name).measures, runs.snapshot(name).images)

            wait(measured)
            found = measured()
            assert found is not None
            outcomes.append(judge(lesson.header, trial, [found]))
    finally:
        runs.shutdown()
    _as_claimed(outcomes)


def _as_claimed(outcomes: list[Outcome]) -> None:
    """Of a game so sensitive, another processor makes another one: most of them is what holds, and what is claimed."""
    told = [(outcome.met, {one.id: one.text for one in outcome.judged}) for outcome in outcomes]
    assert sum(outcome.met for outcome in outcomes) > len(outcomes) / 2, told


def test_what_was_to_be_seen_has_a_number_for_each_place() -> None:
    """Of a lesson that is done, nothing is left blank; of one of whose trials not all need be run, only theirs."""
    for lesson in (*course().lessons, *course("zh").lessons):
        header = lesson.header
        first = next(iter(header.trial))
        told = {name: {reading: 1.0 for _, reading in PLACE.findall(lesson.after)} for name in header.trial}
        if header.needed is not None:
            told = {first: told[first]}
        assert "–" not in re.sub("[A-Za-z]–|–[A-Za-z]", "", filled(lesson.after, told)), lesson.id

"""The page Learn without a browser: what its link opens, what must be done before a run, and what comes of one."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from gan_core.lessons import course, marks
from gan_core.lessons.loader import FOLDER, read
from gan_core.runs import Runs
from pages.parts.learn import stage, state
from pages.parts.learn.state import Attempt, Visit, asked_for
from pages.parts.learn.words import WORDS

Open = Callable[..., AppTest]


def _text(app: AppTest) -> str:
    return "\n".join([*(one.value for one in app.markdown), *(one.value for one in app.caption)])


def _title(app: AppTest) -> str:
    return app.subheader[0].value


def test_the_first_lesson_is_open_at_first(open_page: Open) -> None:
    app = open_page("learn")
    assert _title(app) == "Two players" and not app.warning


def test_a_link_opens_a_lesson_in_a_language(open_page: Open) -> None:
    assert _title(open_page("learn", lesson="6", lang="zh")) == "模式崩溃与四种疗法"
    assert _title(open_page("learn", lesson="collapse", lang="en")) == "Collapse, and four cures"


def test_what_is_wrong_in_a_link_is_named_and_the_rest_followed(open_page: Open) -> None:
    app = open_page("learn", lesson="11", lang="zh")
    assert _title(app) == "两个对手" and "1 to 10" in app.warning[0].value
    app = open_page("learn", lesson="2", lang="fr")
    assert _title(app) == "One formula, two wishes" and "fr" in app.warning[0].value


def test_nothing_runs_before_an_answer_is_chosen(open_page: Open) -> None:
    app = open_page("learn", lesson="4", lang="en")
    assert [button.disabled for button in app.button] == [True, True]
    app.radio[0].set_value("log").run()
    assert [button.disabled for button in app.button] == [False, True]  # the second comes after the first
    app.button[0].click().run()
    assert not app.exception and app.radio[0].disabled  # the answer stands


def test_the_language_is_changed_and_the_answer_stays(open_page: Open) -> None:
    app = open_page("learn", lesson="4", lang="en")
    app.radio[0].set_value("same").run()
    app.segmented_control[0].set_value("zh").run()
    assert _title(app) == "当 G 学不到东西" and app.radio[0].value == "same"
    assert app.query_params["lang"] in ("zh", ["zh"])


def test_a_lesson_that_trains_is_judged_by_its_run(
    open_page: Open, page_runs: Runs, monkeypatch: pytest.MonkeyPatch, wait: Callable[..., None]
) -> None:
    """With a real training, so short that it may not be measured at all: the page says what it knows."""
    app = open_page("learn", lesson="8", lang="en")
    header = course().lessons[7].header
    tiny = header.config("asked").model_copy(update={"images": 1280, "batch_size": 32, "width": 4, "threads": 1,
                                                     "record_every_steps": 1})
    monkeypatch.setattr(type(header), "config", lambda self, trial, seed=None: tiny)
    app.radio[0].set_value("both").run()
    app.button[0].click().run()
    assert not app.exception and page_runs.store.names() == ["learn-conditioning-asked-1"]
    wait(lambda: page_runs.snapshot("learn-conditioning-asked-1").state == "finished")
    attempt: Attempt = app.session_state["learn_visit"].attempt()
    assert stage.note_run(course().lessons[7], attempt, "asked", True)  # not to be waited for any longer
    app.run()
    told = attempt.notes.get("asked") or attempt.outcomes["asked"].judged[0].text
    assert told and told in "\n".join([_text(app), *(one.value for one in app.warning)])


@pytest.fixture
def lesson() -> Any:
    return course().lessons[7]


def test_a_run_under_way_is_found_again(page_runs: Runs, lesson: Any, wait: Callable[..., None]) -> None:
    config = lesson.header.config("asked").model_copy(update={"images": 10**9, "threads": 1})
    name = stage.train(lesson, "asked", config)
    assert stage.train(lesson, "asked", config) == name == "learn-conditioning-asked-1"
    wait(lambda: page_runs.snapshot(name).state == "training")
    page_runs.run(name).stop()
    wait(lambda: page_runs.snapshot(name).state == "stopped")
    attempt = Attempt("both", "asked", runs={"asked": name})
    assert stage.note_run(lesson, attempt, "asked", False)
    assert "did not come to its end (stopped)" in attempt.notes["asked"] and not attempt.outcomes
    assert stage.train(lesson, "asked", config) == "learn-conditioning-asked-2"


def test_a_run_that_was_deleted_is_no_error(page_runs: Runs, lesson: Any) -> None:
    attempt = Attempt("both", "asked", runs={"asked": "gone"})
    assert stage.note_run(lesson, attempt, "asked", False) and "gone" in attempt.notes["asked"]


def test_both_languages_of_the_page_say_the_same_things() -> None:
    assert WORDS["en"].keys() == WORDS["zh"].keys()
    for name, text in WORDS["en"].items():
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", WORDS["zh"][name])), name


def test_a_lesson_without_a_translation_says_so(
    open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "en").mkdir()
    for path in (FOLDER / "en").glob("*.md"):
        (tmp_path / "en" / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    for module in ("gan_core.lessons", "gan_core.lessons.loader"):
        monkeypatch.setattr(f"{module}.course", lambda language="en": read(language, tmp_path))
    monkeypatch.setattr(state, "course", lambda language="en": read(language, tmp_path))
    app = open_page("learn", lesson="3", lang="zh")
    assert _title(app) == "Taking turns" and "中文" in app.info[0].value


def test_a_visit_reads_a_link_and_writes_it() -> None:
    here = Visit(course().lessons[0].id)
    here.read({"lesson": "7", "lang": "zh"})
    assert here.lesson == "balance" and here.address() == {"lesson": "7", "lang": "zh"} and here.complaints == []
    assert asked_for(course(), "3").id == "alternation"


def test_other_random_numbers_are_another_seed(lesson: Any) -> None:
    lab = course().lessons[3]
    attempt = Attempt("log")
    stage.begin(lab, "minimax", attempt)
    assert attempt.showing == "minimax" and attempt.seeds == {}
    attempt.found["minimax"] = [{"step": step, "grad_g": 5.0} for step in marks(lab.header, "minimax")]
    stage.note_outcomes(lab, attempt)
    assert "5" in attempt.outcomes["minimax"].judged[0].text and not attempt.outcomes["minimax"].met
    stage.note_outcomes(course("zh").lessons[3], attempt)  # told anew in another language
    assert attempt.outcomes["minimax"].judged[0].text.startswith("用 log(1 − D) 时")
    first = stage.key_of(lab, attempt)
    stage.begin(lab, "minimax", attempt, other=True)
    assert attempt.seeds == {"minimax": 1} and not attempt.outcomes and stage.key_of(lab, attempt) != first

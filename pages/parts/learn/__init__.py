"""The list of lessons: what is done, which one is open. The browser remembers both, and the language."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import streamlit as st
from streamlit.components import v2

from gan_core.lessons import Course
from pages.parts.learn.words import WORDS
from pages.parts.script import text

_list = v2.component(
    "gan_lessons", html=text("learn/list.html"), css=text("learn/list.css"),
    js=text("mounted.js", "elements.js", "learn/list.js"), isolate_styles=False,
)

KEY = "lessons"


def lesson_list(
    course: Course, current: str, done: Collection[str], settled: bool, round: int, on_hello: Callable[[], None],
    on_choice: Callable[[], None], on_anew: Callable[[], None],
) -> None:
    """Mount it.

    Args:
        current: id of the lesson that is open.
        done: ids of those done since the page was opened; the browser adds them to what it remembers.
        settled: whether the lesson and the language are what the person wants: then the browser remembers them, too.
            Until then it tells once, by `on_hello`, what it remembers.
        round: how often was begun anew.
        on_hello, on_choice, on_anew: called when the browser told what it remembers, a lesson was clicked, all ticks
            were taken back; see `said`.
    """
    words = WORDS[course.language]
    _list(
        key=KEY,
        data={
            "lessons": [{"id": lesson.id, "title": lesson.title} for lesson in course.lessons],
            "current": current,
            "lang": course.language,
            "done": sorted(done),
            "settled": settled,
            "round": round,
            "words": {name: words[name] for name in ("count", "anew", "sure", "yes", "no", "done")},
        },
        on_hello_change=on_hello, on_chosen_change=on_choice, on_anew_change=on_anew,
    )


def said(what: str) -> Any:
    """What the list told just now: `hello` {"last", "lang"}, or `chosen`, the id of a lesson; None where it did not."""
    return (st.session_state.get(KEY) or {}).get(what)

"""How good the samples are while a run trains, and what is going on, in words; fed by the socket in `live/route.py`."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.components import v2

from pages.parts.charts import LIBRARY
from pages.parts.script import text
from pages.parts.workbench import DISCRIMINATOR_COLOUR, GENERATOR_COLOUR

_verdict = v2.component(
    "gan_verdict", html=text("quality/verdict.html"), css=text("quality/verdict.css"),
    js=text("mounted.js", "live/feed.js", "quality/verdict.js"), isolate_styles=False,
)
_measures = v2.component(
    "gan_measures", html=text("quality/measures.html"), css=text("quality/measures.css"),
    js=text("mounted.js", "live/feed.js", LIBRARY, "quality/measures.js"), isolate_styles=False,
)


def verdict_line(run: str, on_fork: Callable[[], None]) -> None:
    """Mount the verdict on one run. `on_fork` is called when its remedy was asked for; `asked()` then tells which."""
    _verdict(key="verdict", data={"run": run}, on_fork_change=on_fork)


def asked() -> str | None:
    """The kind of the verdict whose remedy was asked for just now."""
    kind = (st.session_state.get("verdict") or {}).get("fork")
    return kind if isinstance(kind, str) else None


def measures_view(run: str) -> None:
    """Mount what was measured of one run: the distance to the data, and the classes that are drawn."""
    _measures(
        key="measures",
        data={"run": run, "colours": {"discriminator": DISCRIMINATOR_COLOUR, "generator": GENERATOR_COLOUR}},
    )

"""The live part: one run's progress, samples and curves, and the list of all runs, fed by the socket in `route.py`."""

from __future__ import annotations

from typing import Any

import streamlit as st
from streamlit.components import v2

from gan_core.objectives import OBJECTIVES
from gan_core.snapshot import Snapshot
from pages.parts.charts import LIBRARY
from pages.parts.script import text
from pages.parts.workbench import DISCRIMINATOR_COLOUR, GENERATOR_COLOUR

_live = v2.component(
    "gan_live", html=text("live/live.html"), css=text("live/live.css"),
    js=text("mounted.js", "live/feed.js", LIBRARY, "live/pen.js", "live/charts.js", "live/live.js"),
    isolate_styles=False,
)
_list = v2.component(
    "gan_runs", html=text("live/list.html"), css=text("live/list.css"),
    js=text("mounted.js", "live/feed.js", "live/list.js"), isolate_styles=False,
)


def live_view(snapshot: Snapshot) -> None:
    """Mount the view of one run. When its state becomes another than the snapshot's, the script runs again."""
    _live(
        key="live",
        data={
            "run": snapshot.name,
            "state": snapshot.state,
            "reading": OBJECTIVES[snapshot.config.objective].reading,
            "colours": {"discriminator": DISCRIMINATOR_COLOUR, "generator": GENERATOR_COLOUR},
        },
        on_state_change=_nothing,
    )


def run_list(selected: str | None, on_choice: Any) -> None:
    """Mount the list of runs. `on_choice` is called when one was clicked; `chosen()` then tells which."""
    _list(key="runs", data={"selected": selected}, on_chosen_change=on_choice)


def chosen() -> str | None:
    """The run that was clicked just now."""
    value = st.session_state.get("runs") or {}
    name = value.get("chosen")
    return name if isinstance(name, str) else None


def _nothing() -> None:
    """The rerun itself is what the component wants."""

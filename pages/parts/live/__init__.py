"""The live part: one run's progress, samples and curves, and the list of all runs, fed by the socket in `route.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components import v2

from gan_core.objectives import OBJECTIVES
from gan_core.run import Snapshot
from pages.parts.workbench import DISCRIMINATOR_COLOUR, GENERATOR_COLOUR

_here = Path(__file__).parent


def _text(*names: str) -> str:
    """Files in a row: a component takes its script as one text."""
    return "\n".join((_here / name).read_text(encoding="utf-8") for name in names)


_live = v2.component(
    "gan_live", html=_text("live.html"), css=_text("live.css"),
    js=_text("feed.js", "plotly.js", "charts.js", "live.js"), isolate_styles=False,
)
_list = v2.component(
    "gan_runs", html=_text("list.html"), css=_text("list.css"), js=_text("feed.js", "list.js"), isolate_styles=False
)
_ahead = v2.component("gan_ahead", html="<i hidden></i>", js=_text("plotly.js", "ahead.js"), isolate_styles=False)


def charts_ahead() -> None:
    """Have the browser load the charts' library before there is anything to draw."""
    _ahead(key="ahead")


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

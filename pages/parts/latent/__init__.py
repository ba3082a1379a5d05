"""The latent explorer: a component that draws under the hand, fed by the socket in `route.py`."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.components import v2

from gan_core.latent import View
from gan_core.snapshot import Snapshot
from gan_core.store import RunFolder
from pages.parts.latent.drawing import RANGE, STRIP, classes_told
from pages.parts.latent.link import Link
from pages.parts.latent.route import KINDS
from pages.parts.script import text
from pages.parts.workbench import GENERATOR_COLOUR

_component = v2.component(
    "gan_latent",
    html=text("latent/latent.html"),
    css=text("latent/latent.css"),
    js=text("elements.js", "latent/line.js", "latent/controls.js", "latent/latent.js"),
    isolate_styles=False,
)

KEY = "explore_latent"


def explorer(
    folder: RunFolder, snapshot: Snapshot, link: Link, revision: int, on_link: Callable[[], None],
    on_news: Callable[[], None],
) -> None:
    """Mount the explorer.

    Args:
        folder, snapshot: the run, and what the page knows of it.
        link: what to show. The component takes its view only when `revision` is new: else the hand knows better.
        on_link: called when a movement ended; `said()` then tells where.
        on_news: called when the run's state or its checkpoints became others than the page knows.
    """
    assert link.view is not None
    _component(
        key=KEY,
        data={
            "run": folder.name,
            "images": link.images,
            "state": snapshot.state,
            "checkpoints": len(folder.checkpoints()),
            "revision": revision,
            "view": link.view.model_dump(mode="json"),
            "defaults": View().model_dump(mode="json"),
            "latentDim": folder.config.latent_dim,
            "classes": list(classes_told(folder)),
            "kinds": list(KINDS),
            "strip": STRIP,
            "range": RANGE,
            "colour": GENERATOR_COLOUR,
        },
        on_link_change=on_link,
        on_news_change=on_news,
    )


def said() -> str:
    """The view, as a query, where the hand was let go just now; empty when it was not."""
    value = st.session_state.get(KEY) or {}
    link = value.get("link")
    return link if isinstance(link, str) else ""

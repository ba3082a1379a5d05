"""The latent explorer: a component that draws under the hand, fed by the socket in `route.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components import v2

from gan_core.latent import View
from gan_core.store import RunFolder
from pages.parts.latent.drawing import FRAMES, RANGE, STRIP, classes_told
from pages.parts.latent.link import Link
from pages.parts.latent.route import KINDS
from pages.parts.workbench import GENERATOR_COLOUR

_here = Path(__file__).parent

_component = v2.component(
    "gan_latent",
    html=(_here / "latent.html").read_text(encoding="utf-8"),
    css=(_here / "latent.css").read_text(encoding="utf-8"),
    js=(_here / "latent.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)

KEY = "explore_latent"


def explorer(folder: RunFolder, link: Link, revision: int, on_link: Any, on_news: Any) -> None:
    """Mount the explorer.

    Args:
        link: what to show. The component takes its view only when `revision` is new: else the hand knows better.
        on_link: called when a movement ended; `said()` then tells where.
        on_news: called when the run's state or its checkpoints changed.
    """
    assert link.view is not None
    _component(
        key=KEY,
        data={
            "run": folder.name,
            "images": link.images,
            "revision": revision,
            "view": link.view.model_dump(mode="json"),
            "defaults": View().model_dump(mode="json"),
            "latentDim": folder.config.latent_dim,
            "classes": list(classes_told(folder)),
            "kinds": list(KINDS),
            "strip": STRIP,
            "frames": FRAMES,
            "range": RANGE,
            "colour": GENERATOR_COLOUR,
        },
        on_link_change=on_link,
        on_news_change=on_news,
    )


def said() -> str:
    """The query of the place where the hand was last let go; empty before."""
    value = st.session_state.get(KEY) or {}
    link = value.get("link")
    return link if isinstance(link, str) else ""

"""The discriminator X-ray: a component that asks D with each movement of the hand, fed by the socket in `route.py`."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.components import v2

from gan_core.store import RunFolder
from pages.parts.charts import FIGURE, LIBRARY
from pages.parts.inside.drawing import MOST_BARS, PAGE
from pages.parts.inside.link import Link
from pages.parts.inside.route import KINDS
from pages.parts.latent.drawing import classes_told
from pages.parts.script import text
from pages.parts.workbench import DISCRIMINATOR_COLOUR, GENERATOR_COLOUR

_component = v2.component(
    "gan_inside",
    html=text("inside/inside.html"),
    css=text("latent/latent.css", "inside/inside.css"),
    js=text(
        "mounted.js", "elements.js", "latent/line.js", LIBRARY, FIGURE, "inside/gauge.js", "inside/easel.js",
        "inside/copies.js", "inside/inside.js",
    ),
    isolate_styles=False,
)

KEY = "inside_xray"


def xray(folder: RunFolder, link: Link, images: int, revision: int, on_link: Callable[[], None]) -> None:
    """Mount it.

    Args:
        folder, images: whose discriminator, of the checkpoint at which it had seen so many images.
        link: what to show. The component takes its picture only when `revision` is new: else the hand knows better.
        on_link: called when a picture or a class was clicked; `said()` then tells which.
    """
    _component(
        key=KEY,
        data={
            "run": folder.name,
            "images": images,
            "revision": revision,
            "link": {"show": link.show, "number": link.number, "label": link.label},
            "shape": list(folder.info.dataset.shape),
            "classes": list(classes_told(folder)),
            "mostBars": MOST_BARS,
            "kinds": list(KINDS),
            "perPage": PAGE,
            "colours": {"real": DISCRIMINATOR_COLOUR, "fake": GENERATOR_COLOUR},
        },
        on_link_change=on_link,
    )


def said() -> str:
    """What was clicked just now, as a query; empty when nothing was."""
    value = st.session_state.get(KEY) or {}
    link = value.get("link")
    return link if isinstance(link, str) else ""

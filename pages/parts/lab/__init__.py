"""The lab: a GAN in the plane that is played, looked into and changed under the hand, fed by the socket in `route.py`.

    link, complaint = Link.from_query(st.query_params.to_dict())
    lab(link.scene, "lab", layers=link.layers, speed=link.speed)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import streamlit as st
from streamlit.components import v2

from gan_core.datasets.plane import drawing
from gan_core.figures import RUN_COLOURS
from gan_core.lab import Scene
from pages.parts.lab import fields
from pages.parts.lab.link import SPEEDS, USUAL, USUAL_SPEED, Link
from pages.parts.lab.words import CHINESE
from pages.parts.script import text
from pages.parts.workbench import DISCRIMINATOR_COLOUR, GENERATOR_COLOUR

__all__ = ["CHARTS", "Link", "lab", "said"]

CHARTS = ("losses", "value", "beliefs", "modes")

_component = v2.component(
    "gan_lab",
    html=text("lab/lab.html"),
    css=text("latent/latent.css", "lab/lab.css"),
    js=text(
        "mounted.js", "elements.js", "live/feed.js", "lab/frames.js", "lab/picture.js", "lab/pen.js", "lab/curves.js",
        "lab/formulas.js", "lab/choices.js", "lab/words.js", "lab/parts.js", "lab/panel.js", "lab/lab.js",
    ),
    isolate_styles=False,
)


def lab(
    scene: Scene,
    key: str,
    *,
    layers: Sequence[str] = USUAL,
    speed: int = USUAL_SPEED,
    chosen: int | None = None,
    revision: int | None = None,
    choices: Literal["all", "none"] = "all",
    charts: Sequence[str] = CHARTS,
    autoplay: bool = False,
    marks: Sequence[int] = (),
    lang: Literal["en", "zh"] = "en",
    on_link: Callable[[], None] | None = None,
    on_end: Callable[[], None] | None = None,
) -> None:
    """Mount a lab.

    Args:
        scene, layers, speed, chosen: what to play and show; see `Link`.
        revision: it begins anew, with these, when this is another; else the hand knows better. None: with every other
            scene or marks.
        key: of the component; `said(key, …)` tells what it said.
        choices: all: a whole page, where everything can be chosen. none: the picture, the charts and how to play.
        charts: which of `CHARTS` stand beside the picture.
        autoplay: whether it plays as soon as it is there.
        marks: steps, rising, at which the exact readings are taken, however fast it plays; it pauses at the last one.
        lang: of the words in it; to change it, give another `key`.
        on_link: called when the scene, or what is shown, was changed by a hand.
        on_end: called once when the last of `marks` is reached.
    """
    _component(
        key=key,
        data={
            "revision": f"{sorted(scene.to_query().items())} {list(marks)}" if revision is None else str(revision),
            "query": scene.to_query(),
            "layers": list(layers),
            "speed": speed,
            "speeds": list(SPEEDS),
            "chosen": chosen,
            "plays": autoplay,
            "marks": list(marks),
            "words": CHINESE if lang == "zh" else {},
            "whole": choices == "all",
            "charts": list(charts),
            "usual": {"layers": list(USUAL), "speed": USUAL_SPEED},
            "defaults": Scene().model_dump(),
            "fields": fields.fields(),
            "groups": fields.groups() if choices == "all" else [],
            "scenes": fields.scenes() if choices == "all" else [],
            "data": fields.data() if choices == "all" else [],
            "written": {
                "letters": drawing.LETTERS, "reach": drawing.REACH, "most": drawing.MOST, "brush": drawing.BRUSH,
            },
            "colours": {
                "real": DISCRIMINATOR_COLOUR, "fake": GENERATOR_COLOUR, "js": RUN_COLOURS[0], "modes": RUN_COLOURS[3],
            },
        },
        on_link_change=on_link or _nothing,
        on_ended_change=on_end or _nothing,
    )


def said(key: str, what: Literal["link", "ended"] = "ended") -> Any:
    """What the lab of this key said just now, in the callback or the run of the script that came of it; else None.

    Args:
        what: link: the query, as text, of what is played and shown now. ended: {"scene": its query, "marks": the
            readings at each of the marks, as `Readings.as_dict()`, in order}.
    """
    value = st.session_state.get(key) or {}
    return value.get(what)


def _nothing() -> None:
    """The rerun itself is what the component wants."""

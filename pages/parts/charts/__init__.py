"""Plotly on a page: the library as its Python package ships it, loaded once a tab, and whole figures.

`st.plotly_chart` brings a library of its own, as large again, and draws a figure anew where this changes it in place.
"""

from __future__ import annotations

import plotly.graph_objects as go
from streamlit.components import v2

from pages.parts.script import text

LIBRARY, FIGURE = "charts/library.js", "charts/figure.js"
"""Define `loadPlotly`, and with it `FigureView`; for the scripts of other components."""

_figure = v2.component(
    "gan_figure", html='<div class="gc-figure" role="img"></div>',
    js=text("mounted.js", LIBRARY, FIGURE, "charts/alone.js"), isolate_styles=False,
)
_ahead = v2.component("gan_ahead", html="<i hidden></i>", js=text(LIBRARY, "charts/ahead.js"), isolate_styles=False)


def figure(shown: go.Figure, key: str, alt: str) -> None:
    """Draw a figure of `gan_core.figures`.

    Args:
        alt: what it shows, in words.
    """
    _figure(key=key, data={"figure": shown.to_json(), "alt": alt, "height": shown.layout.height})


def charts_ahead() -> None:
    """Have the browser load the library before there is anything to draw."""
    _ahead(key="ahead")

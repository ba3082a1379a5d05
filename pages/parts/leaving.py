"""What was typed is taken before the page is left."""

from __future__ import annotations

from streamlit.components import v2

from pages.parts.script import text

_leaving = v2.component("gan_leaving", html="<i hidden></i>", js=text("leaving.js"), isolate_styles=False)


def apply() -> None:
    """Let the links between pages wait for a field that is still being filled in."""
    _leaving(key="leaving")

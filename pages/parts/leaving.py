"""What was typed is taken before the page is left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.components import v2

from pages.parts.script import text

_leaving = v2.component("gan_leaving", html="<i hidden></i>", js=text("leaving.js"), isolate_styles=False)
_WANTED = "leaving"


def ask() -> None:
    """Before the page: hear of a click on a link between pages that came while a field was still being filled in."""
    # Without a key, which would make it a part of the page's state.
    wanted = _leaving(on_to_change=_nothing).to
    if wanted is not None:
        st.session_state[_WANTED] = wanted  # outlives a page that runs itself anew


def go(pages: Mapping[str | None, Any]) -> None:
    """After the page, which has taken what was typed: follow that link. `pages`: each page by its path."""
    page = pages.get(st.session_state.pop(_WANTED, None))
    if page is not None:
        st.switch_page(page)


def _nothing() -> None:
    pass

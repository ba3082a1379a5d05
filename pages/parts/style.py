"""What all pages share of their looks, beside the theme in .streamlit/config.toml."""

from __future__ import annotations

import streamlit as st

_CSS = """<style>
[data-testid="stMainBlockContainer"] { padding-top: 4.25rem; padding-bottom: 3rem; max-width: 96rem; }
@media (max-width: 640px) { [data-testid="stMainBlockContainer"] { padding-left: 1rem; padding-right: 1rem; } }
</style>"""


def apply() -> None:
    """Less empty space above a page's first line."""
    st.html(_CSS)

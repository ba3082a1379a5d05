"""Small pieces of HTML that Streamlit has no widget for. Everything that came from a file is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from gan_core.words import in_words

_CSS = (Path(__file__).parent / "compare.css").read_text(encoding="utf-8")


def style() -> None:
    """What the pieces look like."""
    st.html(f"<style>{_CSS}</style>")


def badge(letter: str, colour: str) -> str:
    """A checkpoint's or a run's letter on its colour."""
    return f'<span class="cmp-letter" style="background:{colour}">{escape(letter)}</span>'


def head(letter: str, colour: str, name: str, rest: str) -> None:
    """The first line of a card."""
    st.html(
        f'<div class="cmp-head">{badge(letter, colour)}<b>{escape(name)}</b>'
        f'<span class="cmp-soft">{escape(rest)}</span></div>'
    )


def facts(rows: Iterable[tuple[str, str, str]]) -> None:
    """(word, value with its unit, what the word means) side by side; the meaning shows on hover."""
    parts = (
        f'<div><dt title="{escape(meaning)}">{escape(word)}</dt><dd>{escape(value)}</dd></div>'
        for word, value, meaning in rows
    )
    st.html(f'<dl class="cmp-facts">{"".join(parts)}</dl>')


def note(text: str) -> None:
    """A run's note, its beginning; all of it on hover."""
    st.html(f'<p class="cmp-note" title="{escape(text[:1000])}">{escape(text[:300])}</p>')


def differences(heads: Sequence[str], rows: Iterable[tuple[str, str, Sequence[Any], str]]) -> None:
    """A table of settings.

    Args:
        heads: HTML over each column of values.
        rows: (title, name, a value for each column, what the setting does).
    """
    top = "".join(f'<th scope="col">{head}</th>' for head in heads)
    body = "".join(
        f'<tr><th scope="row" title="{escape(what)}">{escape(title)} <code>{escape(name)}</code></th>'
        + "".join(f"<td>{escape(in_words(value))}</td>" for value in values)
        + f'<td class="cmp-what">{escape(what)}</td></tr>'
        for title, name, values, what in rows
    )
    st.html(
        f'<div class="cmp-wide" tabindex="0" role="region" aria-label="Settings that differ"><table class="cmp-table">'
        f'<thead><tr><th scope="col"><span class="cmp-soft">setting</span></th>{top}'
        f'<th scope="col" class="cmp-what"><span class="cmp-soft">what it does</span></th></tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )

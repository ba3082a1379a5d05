"""Words on the screen that came from a file, a link or a person."""

from __future__ import annotations

_MARKS = "\\`*_{}[]()<>#+-.!|~$:"


def plain(text: str) -> str:
    """Text as Markdown that shows just that: no link, picture or formula comes of it."""
    return "".join(f"\\{c}" if c in _MARKS else c for c in text)

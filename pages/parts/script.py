"""The files that a component is made of."""

from __future__ import annotations

from pathlib import Path

_PARTS = Path(__file__).parent


def text(*names: str) -> str:
    """Files below pages/parts/ in a row. A component takes its script as one text, in which they know each other."""
    return "\n".join((_PARTS / name).read_text(encoding="utf-8") for name in names)

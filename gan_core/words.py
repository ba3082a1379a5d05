"""Numbers and settings as people read them."""

from __future__ import annotations

import math
from typing import Any


def duration(seconds: float) -> str:
    """Seconds in the units people read: `8.5 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    minutes, left = divmod(round(seconds), 60)
    return f"{minutes} min {left} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def measured(value: float, error: float | None = None) -> tuple[str, str]:
    """A number as it is told, and its error: both to the place of the error's second digit; a number without error to
    three digits.

        measured(1053.2, 4.71)  →  "1,053.2", "4.7"
        measured(0.0389, 0.00612)  →  "0.0389", "0.0061"
    """
    if not abs(value) < 1e9 or not error or not abs(error) < 1e9:
        return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.3g}", "0" if error == 0 else ""
    places = min(12, max(0, 1 - math.floor(math.log10(abs(error)))))
    return f"{value:,.{places}f}", f"{error:,.{places}f}"


def in_words(value: Any) -> str:
    """A setting's value as a person writes it."""
    if value is None:
        return "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:g}" if isinstance(value, float) else str(value)

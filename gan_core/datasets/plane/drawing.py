"""A person's own density: strokes of a soft brush, as text short enough for a link.

A stroke is its points, two letters each, x and y, of `LETTERS`: the first letter is -1.2, the last 1.2, with equal
steps between (0.038). Strokes are separated by a dot: "AA__.fg" is a stroke from the lower left to the upper right and
a dab. Points next to each other are joined by a straight line.

The density is even along all strokes: Gaussians of the brush's width, 0.02 apart, each as likely as any other.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

from gan_core.datasets.plane.density import Gaussians
from gan_core.errors import DatasetError

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
REACH = 1.2
BRUSH = 0.05
"""Standard deviation of the brush."""

MOST = 4000
"""Letters of a drawing."""

_STEP = 0.02
_MOST_PLACES = 4000

Point = tuple[float, float]


def to_text(strokes: Iterable[Sequence[Point]]) -> str:
    """Strokes of (x, y) → text. Points beyond the edge are moved to it; those that fall on the one before are left out.

    Raises:
        DatasetError: nothing is drawn, or too much for a link.
    """
    texts = []
    for stroke in strokes:
        pairs = ["".join(_letter(value) for value in point) for point in stroke]
        kept = [pair for number, pair in enumerate(pairs) if not number or pair != pairs[number - 1]]
        if kept:
            texts.append("".join(kept))
    text = ".".join(texts)
    if not text:
        raise DatasetError("drawing: it is empty; draw at least one stroke")
    if len(text) > MOST:
        raise DatasetError(f"drawing: it takes {len(text):,} letters, and {MOST:,} are allowed; draw less")
    return text


def from_text(text: str) -> list[list[Point]]:
    """Text → strokes of (x, y).

    Raises:
        DatasetError: says which letter at which place is none, or which stroke ends in half a point.
    """
    if not text or len(text) > MOST:
        raise DatasetError(f"drawing: it has {len(text):,} letters; it must have from 2 to {MOST:,}")
    strokes = []
    place = 0
    for number, part in enumerate(text.split("."), 1):
        for offset, letter in enumerate(part):
            if letter not in LETTERS:
                raise DatasetError(
                    f"drawing: {letter!r} at place {place + offset + 1} is no coordinate; strokes are letters, digits, "
                    "- and _, two a point, with dots between strokes"
                )
        if not part or len(part) % 2:
            raise DatasetError(
                f"drawing: stroke {number} has {len(part)} letters; each point is two, and a stroke has at least one"
            )
        values = [LETTERS.index(letter) * 2 * REACH / 63 - REACH for letter in part]
        strokes.append(list(zip(values[::2], values[1::2], strict=True)))
        place += len(part) + 1
    return strokes


@lru_cache(maxsize=8)
def density_of(text: str) -> Gaussians:
    """
    Raises:
        DatasetError: see `from_text`.
    """
    strokes = from_text(text)
    length = sum(math.dist(a, b) for stroke in strokes for a, b in itertools.pairwise(stroke))
    step = max(_STEP, length / _MOST_PLACES)
    places = [point for stroke in strokes for point in _along(stroke, step)]
    return Gaussians(
        "drawing", "Drawing", "Your own strokes.", tuple((round(x, 6), round(y, 6)) for x, y in places), BRUSH
    )


def _along(stroke: Sequence[Point], step: float) -> list[Point]:
    """Places `step` apart along the stroke, from its first point on."""
    places, left = [stroke[0]], step
    for a, b in itertools.pairwise(stroke):
        far = math.dist(a, b)
        at = left
        while at <= far:
            share = at / far
            places.append((a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])))
            at += step
        left = at - far
    return places


def _letter(value: float) -> str:
    if not math.isfinite(value):
        raise DatasetError(f"drawing: a point has the coordinate {value}; it must be a number")
    return LETTERS[round((min(max(value, -REACH), REACH) + REACH) * 63 / (2 * REACH))]

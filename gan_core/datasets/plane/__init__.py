"""Densities in the plane, for the lab: about [-1, 1] in both directions, wide enough to be seen.

    from gan_core.datasets import plane
    ring = plane.DENSITIES["ring-of-8"]
    ring.density(torch.zeros(1, 2))        # p(x) there
    ring.modes, ring.deviation

They are data sets like any other, by the same names. The narrower `ring` and `grid` of the literature are
`gan_core.datasets.mixtures`.
"""

from __future__ import annotations

import math

from gan_core.datasets.base import Dataset
from gan_core.datasets.plane import drawing
from gan_core.datasets.plane.density import Checkerboard, Density, Gaussians
from gan_core.datasets.source import Request, Source
from gan_core.errors import DatasetError

__all__ = ["DENSITIES", "SOURCES", "Density", "Gaussians", "density_of", "drawing"]

Points = tuple[tuple[float, float], ...]


def _rounded(points: list[tuple[float, float]]) -> Points:
    """The mathematics library's last digits differ from machine to machine; a seed's numbers should not."""
    return tuple((round(x, 6), round(y, 6)) for x, y in points)


def _arc(x: float, y: float, start: float, end: float, radius: float, count: int = 100) -> list[tuple[float, float]]:
    angles = [start + (end - start) * (i + 0.5) / count for i in range(count)]
    return [(x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles]


def _spiral(turns: float = 1.75, count: int = 300) -> list[tuple[float, float]]:
    # The square root makes steps of equal length along the arm, so that it is as dense inside as outside.
    radii = [math.sqrt(0.02 + 0.98 * (i + 0.5) / count) for i in range(count)]
    return [(r * math.cos(2 * math.pi * turns * r), r * math.sin(2 * math.pi * turns * r)) for r in radii]


_EVERY = (
    Gaussians(
        "line", "Line", "Points along a straight line: the least that G can learn.",
        _rounded([(x / 100, x / 200) for x in range(-100, 101)]), 0.04,
    ),
    Gaussians(
        "two-gaussians", "Two Gaussians", "Two heaps: the smallest data on which G can miss half.",
        ((-0.6, 0.0), (0.6, 0.0)), 0.15, separate=True,
    ),
    Gaussians(
        "ring-of-8", "Ring of 8", "Eight heaps on a circle: shows whether G finds them all.",
        _rounded([(math.cos(i * math.pi / 4), math.sin(i * math.pi / 4)) for i in range(8)]), 0.05, separate=True,
    ),
    Gaussians(
        "grid-of-25", "Grid of 25", "Twenty-five heaps in rows: a harder test of mode collapse.",
        tuple((x / 2, y / 2) for x in range(-2, 3) for y in range(-2, 3)), 0.04, separate=True,
    ),
    Gaussians(
        "two-moons", "Two moons", "Two half circles that reach into each other.",
        _rounded([*_arc(-0.35, -0.2, 0, math.pi, 0.7), *_arc(0.35, 0.2, math.pi, 2 * math.pi, 0.7)]), 0.05,
    ),
    Gaussians("spiral", "Spiral", "One long arm: G must bend its latents along it.", _rounded(_spiral()), 0.04),
    Checkerboard("checkerboard", "Checkerboard", "Every second square of a board: edges everywhere."),
)

DENSITIES: dict[str, Density] = {density.name: density for density in _EVERY}


def density_of(name: str, text: str | None = None) -> Density:
    """
    Args:
        name: one of `DENSITIES`, or 'drawing'.
        text: the strokes of a drawing, see `drawing`.

    Raises:
        DatasetError: no such density, or a drawing that cannot be read.
    """
    if name == "drawing":
        return drawing.density_of(text or "")
    if name not in DENSITIES:
        raise DatasetError(f"there is no density {name!r}; choose one of {', '.join(DENSITIES)}, drawing")
    return DENSITIES[name]


def _read_drawing(request: Request) -> Dataset:
    return density_of("drawing", request.drawing).read()


SOURCES = (
    *(
        Source(
            name=density.name, title=f"{density.title} (plane)",
            description=f"{density.description} 50,000 points in the plane, built in.", needs="nothing",
            read=density.read,
        )
        for density in DENSITIES.values()
    ),
    Source(
        name="drawing", title="Drawing (plane)",
        description="50,000 points in the plane along strokes that you draw in the lab.", needs="nothing",
        read=_read_drawing, key=lambda request: request.drawing,
    ),
)

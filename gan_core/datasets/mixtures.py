"""Mixtures of Gaussians in the plane: the field's test of mode coverage, made here, so nothing is downloaded.

Set up as in Lin et al. 2018 (PacGAN), section 4.1: 8 on a ring of radius 1 with standard deviation 0.01, and 25 on a
grid from -4 to 4 with standard deviation 0.05; 100,000 samples, each mode as likely as any other. The grid is drawn at
a quarter of that size, so that both lie about [-1, 1], as all data here does; nothing that is counted depends on it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from gan_core.datasets.base import Dataset
from gan_core.datasets.source import Request, Source

SAMPLES = 100_000


@dataclass(frozen=True)
class Mixture:
    """Equally likely Gaussians, each as wide in every direction.

    Attributes:
        name: of the data set.
        centres: (x, y) of each mode.
        deviation: the standard deviation of x, and of y, about them.
    """

    name: str
    centres: tuple[tuple[float, float], ...]
    deviation: float

    def read(self, request: Request | None = None) -> Dataset:
        """float32 [100000, 2], the same every time; the label of a point is the mode that it was drawn from."""
        random = torch.Generator().manual_seed(0)
        labels = torch.randint(len(self.centres), (SAMPLES,), generator=random)
        points = torch.tensor(self.centres)[labels] + self.deviation * torch.randn(SAMPLES, 2, generator=random)
        classes = tuple(f"{x:.2g}, {y:.2g}" for x, y in self.centres)
        return Dataset(self.name, points, labels, classes)


RING = Mixture(
    "ring", tuple((round(math.cos(i * math.pi / 4), 6), round(math.sin(i * math.pi / 4), 6)) for i in range(8)), 0.01
)
GRID = Mixture("grid", tuple((x / 2, y / 2) for x in range(-2, 3) for y in range(-2, 3)), 0.0125)
MIXTURES = {mixture.name: mixture for mixture in (RING, GRID)}

SOURCES = (
    Source(
        name="ring",
        title="Ring of 8 Gaussians",
        description="100,000 points in the plane about 8 places on a circle: shows whether G finds them all. Built in.",
        needs="nothing",
        read=RING.read,
    ),
    Source(
        name="grid",
        title="Grid of 25 Gaussians",
        description="100,000 points in the plane about 25 places in rows: shows whether G finds them all. Built in.",
        needs="nothing",
        read=GRID.read,
    ),
)

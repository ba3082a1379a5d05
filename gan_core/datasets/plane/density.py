"""Densities in the plane that are known exactly: samples can be drawn, and p(x) computed at any place."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_core.datasets.base import Dataset
from gan_core.datasets.source import Request

SAMPLES = 50_000


@dataclass(frozen=True)
class Density(ABC):
    """
    Attributes:
        name: of the data set.
        title, description: for a screen.
    """

    name: str
    title: str
    description: str

    @property
    def modes(self) -> tuple[tuple[float, float], ...]:
        """The centres (x, y) of what counts as modes; () where there are none to count."""
        return ()

    @property
    def deviation(self) -> float:
        """The standard deviation, in x and in y, of a mode about its centre; of a line, of its thickness."""
        return 0.0

    @abstractmethod
    def sample(self, count: int, random: torch.Generator) -> Tensor:
        """float32 [count, 2], drawn from `random` alone."""

    @abstractmethod
    def density(self, points: Tensor, blur: float = 0.0) -> Tensor:
        """p(x), per unit of area, of this density convolved with a Gaussian of standard deviation `blur`.

        Args:
            points: float [..., 2].

        Returns:
            float32 [...].
        """

    def read(self, request: Request | None = None) -> Dataset:
        """float32 [50000, 2], unlabelled, the same every time."""
        return Dataset(self.name, self.sample(SAMPLES, torch.Generator().manual_seed(0)), None)


@dataclass(frozen=True)
class Gaussians(Density):
    """Gaussians, each as wide in every direction. Many of them along a curve make a line of that thickness.

    Attributes:
        centres: (x, y) of each.
        width: the standard deviation of x, and of y, about them.
        weights: how likely each is; () for all alike. They need not sum to 1.
        separate: whether each is a mode of its own, to be counted.
    """

    centres: tuple[tuple[float, float], ...]
    width: float
    weights: tuple[float, ...] = ()
    separate: bool = False

    @property
    def modes(self) -> tuple[tuple[float, float], ...]:
        return self.centres if self.separate else ()

    @property
    def deviation(self) -> float:
        return self.width

    def _shares(self) -> Tensor:
        weights = torch.tensor(self.weights or (1.0,) * len(self.centres), dtype=torch.float64)
        return weights / weights.sum()

    def sample(self, count: int, random: torch.Generator) -> Tensor:
        chosen = torch.multinomial(self._shares(), count, replacement=True, generator=random)
        return torch.tensor(self.centres)[chosen] + self.width * torch.randn(count, 2, generator=random)

    def density(self, points: Tensor, blur: float = 0.0) -> Tensor:
        variance = self.width**2 + blur**2
        flat, centres = points.reshape(-1, 2).float(), torch.tensor(self.centres)
        shares = self._shares().float()
        exact = "donot_use_mm_for_euclid_dist"
        parts = [
            torch.exp(torch.cdist(some, centres, compute_mode=exact).square() / (-2 * variance)) @ shares
            for some in flat.split(4096)
        ]
        return (torch.cat(parts) / (2 * math.pi * variance)).reshape(points.shape[:-1])


@dataclass(frozen=True)
class Checkerboard(Density):
    """Even density on every second square of a board, none between.

    Attributes:
        squares: a side of the board.
        size: of its side; it lies about 0.
    """

    squares: int = 4
    size: float = 2.0

    def _corners(self) -> Tensor:
        """[K, 2], the lower left of each square that has density."""
        one = self.size / self.squares
        return torch.tensor([
            (i * one - self.size / 2, j * one - self.size / 2)
            for i in range(self.squares) for j in range(self.squares) if (i + j) % 2
        ])

    def sample(self, count: int, random: torch.Generator) -> Tensor:
        corners = self._corners()
        chosen = torch.randint(len(corners), (count,), generator=random)
        return corners[chosen] + self.size / self.squares * torch.rand(count, 2, generator=random)

    def density(self, points: Tensor, blur: float = 0.0) -> Tensor:
        corners, one = self._corners(), self.size / self.squares
        away = points.float().unsqueeze(-2) - corners
        if blur:  # a uniform convolved with a Gaussian: a difference of two of its distribution functions
            scale = blur * math.sqrt(2)
            inside = (torch.erf(away / scale) - torch.erf((away - one) / scale)) / 2
        else:
            inside = ((away >= 0) & (away < one)).float()
        return inside.prod(-1).sum(-1) / (len(corners) * one**2)

"""How near the fakes are to the data, in the plane, where it is known where the data lies.

The window is the square [-EXTENT, EXTENT]²; a grid of R × R over it has its points in the middle of its cells, row 0
at the bottom (y rising with the row, x with the column).
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

from gan_core.datasets.plane import Density

EXTENT = 1.5

BINS = 32
"""Cells a side of the histograms of the JS divergence: 0.09 wide each."""

FINE = 256
"""Cells a side that points are rounded to before a kernel is laid over them."""

BLUR = 0.06
"""Standard deviation of the kernel that p_g is estimated with."""

HIGH_QUALITY = 3.0
"""A fake is of high quality within so many standard deviations of its nearest mode's centre (Lin 2018, section 4.1)."""

COVERED = 0.25
"""A mode counts as covered when it gets at least this part of its fair share of the fakes, all of high quality."""

NOTHING = 1e-3
"""Where both densities together are below this, the optimal discriminator is not told."""


def grid(resolution: int) -> Tensor:
    """float32 [R, R, 2], the middles of the window's cells."""
    places = (torch.arange(resolution) + 0.5) * (2 * EXTENT / resolution) - EXTENT
    y, x = torch.meshgrid(places, places, indexing="ij")
    return torch.stack((x, y), -1)


def histogram(points: Tensor) -> Tensor:
    """Shares of the points in each of the window's BINS² cells, and outside it: float64 [BINS² + 1]; sum 1."""
    return torch.bincount(_cells(points, BINS), minlength=BINS**2 + 1).double() / len(points)


def js_divergence(p: Tensor, q: Tensor) -> float:
    """½ KL(p ‖ m) + ½ KL(q ‖ m) with m = (p + q) / 2 (Goodfellow 2014, equation 5), in nats, of two histograms: 0 where
    they are the same, log 2 ≈ 0.693 where they share no cell.

    Of N samples of the data itself it is not 0 but about K / 8N, K the number of cells that the data fills: chance
    alone makes histograms differ. Finer than a cell nothing is seen.
    """
    middle = (p + q) / 2
    parts = [torch.special.xlogy(one, one / middle.clamp_min(1e-300)).sum() for one in (p, q)]
    return float(parts[0] + parts[1]) / 2


def modes_covered(points: Tensor, density: Density) -> tuple[int, float]:
    """How many of the data's modes the fakes cover (see `COVERED`), and the share of fakes of high quality.

    Args:
        points: float [N, 2].
        density: one that has modes.
    """
    distance, mode = torch.cdist(points, torch.tensor(density.modes)).min(1)
    good = distance < HIGH_QUALITY * density.deviation
    counts = torch.bincount(mode[good], minlength=len(density.modes))
    enough = COVERED * len(points) / len(density.modes)
    return int((counts >= enough).sum()), float(good.float().mean())


def kernel_density(points: Tensor, resolution: int) -> Tensor:
    """p_g over `grid(resolution)` by a Gaussian kernel of standard deviation `BLUR`: [R, R], per unit of area.

    The points are first rounded to 256 places a side, 0.012 apart, a fifth of the kernel's width: that makes it fast.

    Args:
        points: float [N, 2], fakes.
    """
    cells = _cells(points, FINE)
    counts = torch.bincount(cells, minlength=FINE**2 + 1)[:-1].reshape(FINE, FINE).float()
    kernel = _kernel(resolution)
    return kernel @ counts @ kernel.T / len(points)


@lru_cache(maxsize=4)
def _kernel(resolution: int) -> Tensor:
    """[R, FINE], the density at each place of one coordinate of a point in each cell."""
    coarse, fine = (grid(count)[0, :, 0] for count in (resolution, FINE))
    return torch.exp((coarse[:, None] - fine).square() / (-2 * BLUR**2)) / (math.sqrt(2 * math.pi) * BLUR)


def _cells(points: Tensor, count: int) -> Tensor:
    """Which of the window's count² cells each point is in, int64 [N]; count² for those outside."""
    cell = ((points + EXTENT) * (count / (2 * EXTENT))).floor()
    inside = ((cell >= 0) & (cell < count)).all(1)  # of what is not a number, too, not
    return torch.where(inside, cell[:, 1] * count + cell[:, 0], count**2).long()


def optimal_discriminator(p_data: Tensor, p_g: Tensor) -> Tensor:
    """D*(x) = p_data / (p_data + p_g) (Goodfellow 2014, equation 2); nan where there is next to nothing of either.

    Both should be blurred alike: then it is 1/2 where G draws just what the data is.
    """
    both = p_data + p_g
    return torch.where(both > NOTHING, p_data / both.clamp_min(1e-30), torch.nan)

"""Kernel distance between two sets of features (KID, Bińkowski 2018): unbiased, so that few samples are enough."""

from __future__ import annotations

import torch
from torch import Tensor

SUBSETS = 50
SUBSET = 500


def kernel_distance(
    fake: Tensor, real: Tensor, generator: torch.Generator, subsets: int = SUBSETS, size: int = SUBSET
) -> tuple[float, float]:
    """Squared maximum mean discrepancy with the kernel (xᵀy / F + 1)³ (Bińkowski 2018, section 4).

    Args:
        fake, real: features [N, F] and [M, F], at least 2 of each.
        generator: draws the subsets, on the CPU.
        subsets: how many are drawn, each without repetition; their mean is the distance.
        size: samples of each subset; fewer where there are fewer.

    Returns:
        The mean over the subsets and the standard error of that mean. Unbiased: it may be a little below 0.
    """
    size = min(size, len(fake), len(real))
    fake, real = fake.double(), real.double()
    found = torch.stack([
        _mmd2(*(x[torch.randperm(len(x), generator=generator)[:size]] for x in (fake, real))) for _ in range(subsets)
    ])
    return found.mean().item(), (found.std() / subsets**0.5).item() if subsets > 1 else 0.0


def _mmd2(x: Tensor, y: Tensor) -> Tensor:
    """The unbiased estimate (Gretton 2012, equation 3): a sample is not compared with itself."""
    count = len(x)
    xx, yy, xy = _kernel(x, x), _kernel(y, y), _kernel(x, y)
    within = (xx.sum() - xx.trace() + yy.sum() - yy.trace()) / (count * (count - 1))
    return within - 2 * xy.mean()


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.T / x.shape[1] + 1) ** 3

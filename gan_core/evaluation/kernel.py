"""Kernel distance between two sets of features (KID, Bińkowski 2018): unbiased, so that few samples are enough."""

from __future__ import annotations

import torch
from torch import Tensor

BLOCKS = 10
"""Parts without a sample in common that both sets are cut into; each gives an estimate of its own."""


def kernel_distance(fake: Tensor, real: Tensor, blocks: int = BLOCKS) -> tuple[float, float]:
    """Squared maximum mean discrepancy with the kernel (xᵀy / F + 1)³ (Bińkowski 2018, section 4).

    Subsets that overlap, as are often drawn, agree with each other more than with the truth; blocks do not, so that the
    spread of their estimates is that of independent ones.

    Args:
        fake, real: features [N, F] and [M, F] in any order that says nothing, at least 2 `blocks` of each.
        blocks: how many; 1: all at once, and an error of 0.

    Returns:
        The mean over the blocks and its standard error. Unbiased: it may be a little below 0.
    """
    sizes = [len(x) // blocks for x in (fake, real)]
    parts = [x[: blocks * size].double().split(size) for x, size in zip((fake, real), sizes, strict=True)]
    found = torch.stack([_mmd2(x, y) for x, y in zip(*parts, strict=True)])
    return found.mean().item(), (found.std() / blocks**0.5).item() if blocks > 1 else 0.0


def _mmd2(x: Tensor, y: Tensor) -> Tensor:
    """The unbiased estimate (Gretton 2012, equation 3): a sample is not compared with itself."""
    return _within(x) + _within(y) - 2 * _kernel(x, y).mean()


def _within(x: Tensor) -> Tensor:
    values = _kernel(x, x)
    return (values.sum() - values.trace()) / (len(x) * (len(x) - 1))


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.T / x.shape[1] + 1) ** 3

"""Which classes are drawn, how often, and how clearly: from a classifier's probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Classes:
    """
    Attributes:
        counts: samples taken for each class.
        kl: Kullback-Leibler divergence of those shares from the data's own, in nats; 0 when all are drawn as often as
            they occur. Its floor for K classes and N samples is about (K - 1) / 2N.
        confidence: mean probability of the class that a sample is taken for.
        right: share taken for the class they were asked for; None where none was asked for.
    """

    counts: tuple[int, ...]
    kl: float
    confidence: float
    right: float | None


def classes_of(probabilities: Tensor, shares: Tensor, asked: Tensor | None = None) -> Classes:
    """
    Args:
        probabilities: [N, classes], of each sample.
        shares: float [classes], the data's own, each above 0.
        asked: int64 [N], the class that G was asked for, or None.
    """
    confidence, found = probabilities.max(1)
    counts = torch.bincount(found, minlength=probabilities.shape[1])
    right = None if asked is None else (found == asked).float().mean().item()
    return Classes(tuple(counts.tolist()), divergence(counts, shares), confidence.mean().item(), right)


def divergence(counts: Tensor, shares: Tensor) -> float:
    """KL(counts ‖ shares) in nats; a class that is not drawn adds nothing.

    Args:
        counts: [classes], of samples; at least one.
        shares: [classes], the data's own, each above 0 where a count is.
    """
    drawn = counts.double() / counts.sum()
    there = drawn > 0
    return (drawn[there] * (drawn[there] / shares.double()[there]).log()).sum().item()

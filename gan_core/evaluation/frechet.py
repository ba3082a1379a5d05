"""Fréchet distance between two sets of features (Heusel 2017, equation 6), the FID where the features are Inception's.

With other features it is the same distance on another scale: numbers of different extractors cannot be compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True)
class Moments:
    """What the distance needs of a set of features.

    Attributes:
        mean: float64 [F].
        covariance: float64 [F, F], with the divisor count - 1.
        count: samples behind them. The distance is biased upwards by about F / count, so that only numbers of the same
            count may be compared (Bińkowski 2018, section 4.1).
    """

    mean: Tensor
    covariance: Tensor
    count: int

    @classmethod
    def of(cls, features: Tensor) -> Moments:
        """Of features [N, F], N at least 2."""
        features = features.double()
        mean = features.mean(0)
        centred = features - mean
        return cls(mean, centred.T @ centred / (len(features) - 1), len(features))

    @cached_property
    def root(self) -> Tensor:
        """Σ^½, symmetric: float64 [F, F]."""
        values, vectors = torch.linalg.eigh(self.covariance)
        return vectors * values.clamp(min=0).sqrt() @ vectors.T


def frechet_distance(a: Moments, b: Moments) -> float:
    """|μa - μb|² + tr(Σa + Σb - 2 (Σa Σb)^½).

    The trace of the root is taken as the sum of the roots of the eigenvalues of Σb^½ Σa Σb^½, which is symmetric: no
    complex numbers, and no need to add to the diagonal where features are constant. b's root is kept for the next.
    """
    middle = torch.linalg.eigvalsh(b.root @ a.covariance @ b.root).clamp(min=0).sqrt().sum()
    distance = (a.mean - b.mean).square().sum() + a.covariance.trace() + b.covariance.trace() - 2 * middle
    return max(0.0, distance.item())


def frechet_error(features: Tensor, b: Moments) -> float:
    """The standard error that the distance of these features to `b` has from how few they are; b's own is not in it.

    By the infinitesimal jackknife (Efron 1982, chapter 6): σ / √N, σ the standard deviation over the samples x of the
    distance's derivative towards x,

        2 (x - μa)ᵀ(μa - μb) + (x - μa)ᵀ (I - Σb^½ (Σb^½ Σa Σb^½)^-½ Σb^½) (x - μa).

    To draw the samples again from themselves (the bootstrap) tells two to three times too much near the floor, for it
    adds a second time what N samples lack.

    Args:
        features: [N, F], N at least 2.
    """
    a = Moments.of(features)
    centred = features.double() - a.mean
    values, vectors = torch.linalg.eigh(b.root @ a.covariance @ b.root)
    seen = values > 1e-10 * values.max()
    scale = torch.where(seen, values.where(seen, torch.ones(())).rsqrt(), 0)
    bent = centred.square().sum(1) - ((centred @ (b.root @ vectors)).square() * scale).sum(1)
    return ((2 * centred @ (a.mean - b.mean) + bent).std() / len(features) ** 0.5).item()

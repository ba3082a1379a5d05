"""Mode coverage: how many of the data's modes a generator draws, how evenly, and how well, where the modes are known.

As in Lin et al. 2018 (PacGAN), section 4: points about known centres, and Stacked MNIST, whose modes a classifier of
digits tells channel by channel. A count of modes alone says little, since pictures that nobody can read are classed
too: hence how sure the classifier is, and its features' Fréchet distance.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_core.datasets.mixtures import Mixture
from gan_core.evaluation.classes import divergence
from gan_core.evaluation.classifier import Classifier
from gan_core.evaluation.frechet import Moments, frechet_distance

HIGH_QUALITY = 3.0
"""A point is of high quality within so many standard deviations of its nearest centre."""


def evenness(counts: Tensor) -> float:
    """KL(drawn ‖ uniform) in nats, the "reverse KL" of the literature: 0 where all modes are drawn equally often, log K
    where it is one alone, or none.

    Args:
        counts: [K], of samples in each mode.
    """
    if not counts.sum():
        return math.log(len(counts))
    return divergence(counts, torch.full((len(counts),), 1 / len(counts)))


def floor(modes: int, samples: int) -> float:
    """What `evenness` is expected to be of samples from the uniform distribution itself, about (K - 1) / 2N: chance
    alone makes the counts uneven (Miller 1955)."""
    return (modes - 1) / (2 * samples)


@dataclass(frozen=True)
class PointScores:
    """
    Attributes:
        modes: centres with at least one high-quality point.
        high_quality: share of the points within `HIGH_QUALITY` standard deviations of their nearest centre.
        kl: `evenness` of the high-quality points over the centres.
    """

    modes: int
    high_quality: float
    kl: float


def score_points(points: Tensor, mixture: Mixture) -> PointScores:
    """
    Args:
        points: float [N, 2].
    """
    distance, mode = torch.cdist(points.double(), torch.tensor(mixture.centres, dtype=torch.float64)).min(1)
    good = distance < HIGH_QUALITY * mixture.deviation
    counts = torch.bincount(mode[good], minlength=len(mixture.centres))
    return PointScores(int((counts > 0).sum()), good.double().mean().item(), evenness(counts))


@dataclass(frozen=True)
class StackScores:
    """
    Attributes:
        modes: combinations of classes that are drawn at all, of classes ** channels.
        kl: `evenness` over those combinations.
        confidence: mean probability of the class that a channel is taken for.
        fid: Fréchet distance of a channel's features to those of real ones; the mean of the channels.
    """

    modes: int
    kl: float
    confidence: float
    fid: float


def score_stack(
    samples: Tensor, classifier: Classifier, real: Moments, on_progress: Callable[[float], None] | None = None
) -> StackScores:
    """
    Args:
        samples: uint8 [N, channels, S, S].
        classifier: of single channels.
        real: of the features of real channels. As many samples stand behind the distance, or all if there are fewer.
        on_progress: called with the share done, in [0, 1].
    """
    tell = on_progress or (lambda share: None)
    n_classes = classifier.head.out_features
    mode = torch.zeros(len(samples), dtype=torch.int64)
    confidences, distances = [], []
    channels = samples.split(1, 1)
    for done, channel in enumerate(channels, 1):
        features = classifier.features(channel)
        confidence, found = classifier.probabilities(features).max(1)
        mode = mode * n_classes + found
        confidences.append(confidence.mean().item())
        distances.append(frechet_distance(Moments.of(features[: real.count]), real))
        tell(done / len(channels))
    counts = torch.bincount(mode, minlength=n_classes ** len(channels))
    return StackScores(
        int((counts > 0).sum()), evenness(counts), sum(confidences) / len(channels), sum(distances) / len(channels)
    )

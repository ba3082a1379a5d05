"""What D gives its scores to at one moment of a training: real samples, and those that G draws now."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from gan_core import xray
from gan_core.datasets import Dataset
from gan_core.evaluation.sampling import real_places
from gan_core.objectives import Objective
from gan_core.trainer import stream

BINS = 30


@dataclass(frozen=True)
class Beliefs:
    """
    Attributes:
        images: seen.
        edges: [BINS + 1], rising.
        real, fake: [BINS], how many scores of real samples and of fakes lie between two edges.
        undecided: the score at which D cannot tell.
    """

    images: int
    edges: tuple[float, ...]
    real: tuple[int, ...]
    fake: tuple[int, ...]
    undecided: float


@torch.inference_mode()
def beliefs_of(
    generator: nn.Module, discriminator: nn.Module, objective: Objective, dataset: Dataset, count: int, images: int,
    packing: int = 1,
) -> Beliefs | None:
    """Of `count` samples of both kinds, by networks in eval mode on the CPU; None where D's scores are not finite.

    Where D judges `packing` samples together, a sample's score is its pack's.
    """
    random = stream(0, "beliefs")
    real, labels = dataset.batch(real_places(dataset, count, random), random)
    if not generator.n_classes:
        labels = None
    assert isinstance(generator.latent_dim, int)
    fake = generator(torch.randn(count, generator.latent_dim, generator=random), labels)
    of_real, of_fake = (xray.scores(discriminator, samples, labels, packing) for samples in (real, fake))
    if not bool(torch.isfinite(of_real).all() and torch.isfinite(of_fake).all()):
        return None
    edges, first, second = xray.histogram(of_real, of_fake, BINS)
    return Beliefs(
        images, tuple(edges.tolist()), tuple(first.tolist()), tuple(second.tolist()),
        float(xray.undecided(objective, discriminator, of_real, of_fake)),
    )

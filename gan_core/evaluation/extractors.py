"""What pictures are measured by. Every number is of one extractor, and only numbers of the same one can be compared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn

from gan_core.datasets import Dataset
from gan_core.evaluation import classifier
from gan_core.evaluation.digest import digest_of
from gan_core.networks.layers import initialise
from gan_core.trainer import stream


class Extractor(Protocol):
    """Samples → features.

    Attributes:
        name: of its kind.
        digest: 12 hex digits of its weights.
        accuracy: share of held-out samples whose class it tells right; None where it tells none.
    """

    name: str

    @property
    def digest(self) -> str: ...

    @property
    def accuracy(self) -> float | None: ...

    def features(self, samples: Tensor) -> Tensor:
        """uint8 [N, C, S, S] (or float32 [N, ...] points) → float32 [N, F]."""
        ...

    def probabilities(self, features: Tensor) -> Tensor | None:
        """Of samples with these features: float32 [N, classes], or None where it tells no classes."""
        ...


class RandomConvolutions(nn.Module):
    """Features of a convolutional network that nobody trained, for pictures without labels.

    Random networks keep what pictures look like without knowing what is on them, and need no download (Naeem 2020,
    section 4.3, who draws the weights of a VGG16). The same weights everywhere: they are drawn from a fixed seed.
    """

    name = "random convolutions"
    accuracy = None

    def __init__(self, channels: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inner = channels
        for outer in (32, 64, 128):
            layers += [nn.Conv2d(inner, outer, 3, 2, 1), nn.ReLU()]
            inner = outer
        self.body = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        initialise(self, stream(0, f"random convolutions of {channels}"))
        for module in self.body:  # He 2015: so that the last features do not fade beside the first
            if isinstance(module, nn.Conv2d):
                module.weight.data.mul_(6**0.5)
        self.requires_grad_(False).eval()

    @property
    def digest(self) -> str:
        return digest_of(self)

    @torch.no_grad()
    def features(self, samples: Tensor, batch: int = 500) -> Tensor:
        return torch.cat([self.body(part.float() / 127.5 - 1) for part in samples.split(batch)])

    def probabilities(self, features: Tensor) -> None:
        return None


class Coordinates:
    """The samples themselves, for data that is no picture: points in the plane."""

    name, digest, accuracy = "coordinates", "0" * 12, None

    def features(self, samples: Tensor) -> Tensor:
        return samples.float().flatten(1)

    def probabilities(self, features: Tensor) -> None:
        return None


def extractor_for(
    dataset: Dataset, folder: Path, on_progress: Callable[[float], None] | None = None
) -> Extractor:
    """The one that suits the data: a classifier of its classes, where it has at least two; random convolutions for
    other pictures; the coordinates of points.

    Args:
        folder: where a classifier that was trained is kept, and found again.
        on_progress: called with the share done, in [0, 1], while one is trained.

    Raises:
        OSError: it cannot be kept there.
    """
    return _untrained(dataset) or classifier.load_or_train(dataset, folder, on_progress)


def extractor_at_hand(dataset: Dataset, folder: Path) -> Extractor:
    """That of `extractor_for` where nothing need be trained for it; until then, random convolutions."""
    return (
        _untrained(dataset) or classifier.at_hand(dataset, folder) or RandomConvolutions(dataset.shape[0])
    )


def _untrained(dataset: Dataset) -> Extractor | None:
    if len(dataset.shape) != 3:
        return Coordinates()
    return RandomConvolutions(dataset.shape[0]) if dataset.n_classes < 2 else None

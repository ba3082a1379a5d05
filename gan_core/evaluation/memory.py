"""Whether fakes are copies of what G was trained on."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_core.datasets import Dataset
from gan_core.evaluation.sampling import shown
from gan_core.trainer import stream

_ROWS = 500
_SIDE = 16
"""Pixels a side at most at which pictures are compared: a copy moved by a pixel is still one."""

_ROUNDS = 6
"""Times that data which is moved when it is shown is looked at, each time moved otherwise."""


@dataclass(frozen=True)
class Copies:
    """
    Attributes:
        authenticity: share of fakes that are further from their nearest training sample than that one is from its own
            nearest: about 0.5 for new samples of the same kind, 0 for copies (Alaa 2022, section 3.3).
        nearest: int64 [N], for each fake the place of that training sample in the data set.
        nearness: float32 [N], the fake's distance to it over that sample's distance to its own nearest; 0 is a copy.
    """

    authenticity: float
    nearest: Tensor
    nearness: Tensor


class TrainingSet:
    """All that there is to copy, as D is shown it."""

    def __init__(self, dataset: Dataset) -> None:
        rounds = 1 if dataset.jitter is None else _ROUNDS
        random = stream(0, "training set")
        self._sources = torch.arange(len(dataset)).repeat(rounds)
        self._samples = torch.cat([
            reduced(shown(dataset, part, random)) for part in self._sources.split(5000)
        ])
        self._isolation = torch.full((len(self._samples),), torch.nan)

    def copies(self, samples: Tensor, sources: Tensor | None = None) -> Copies:
        """
        Args:
            samples: fakes [N, *shape], uint8 where they are pictures.
            sources: for real samples, where each stands in the data set: it is not its own copy.
        """
        without = [None] * len(samples) if sources is None else sources.split(_ROWS)
        found = [self._nearest(part, own) for part, own in zip(reduced(samples).split(_ROWS), without, strict=False)]
        distance, place = (torch.cat(parts) for parts in zip(*found, strict=True))
        own = self._own(place)
        # Two equal training samples have no distance of their own: only an exact copy is as near as that.
        nearness = torch.where(own > 0, distance / own.clamp(min=1e-6), distance)
        return Copies((distance > own).float().mean().item(), self._sources[place], nearness)

    def _own(self, place: Tensor) -> Tensor:
        """Of training samples, the distance to the nearest of another source; found once for each that is asked for."""
        new = place[self._isolation[place].isnan()].unique()
        for part in new.split(_ROWS):
            self._isolation[part] = self._nearest(self._samples[part], self._sources[part])[0]
        return self._isolation[place]

    def _nearest(self, x: Tensor, without: Tensor | None) -> tuple[Tensor, Tensor]:
        """Distance and place of the nearest training sample; `without`: for each, the source that does not count."""
        distances = torch.cdist(x, self._samples)
        if without is not None:
            distances[without[:, None] == self._sources] = torch.inf
        found = distances.min(1)
        return found.values, found.indices


def reduced(samples: Tensor) -> Tensor:
    """Samples → float32 vectors; pictures at half their side, or `_SIDE` where that is less."""
    if samples.dim() != 4:
        return samples.float().flatten(1)
    side = min(_SIDE, max(1, samples.shape[-1] // 2))
    return F.adaptive_avg_pool2d(samples.float(), side).flatten(1)

"""What of the real is drawn, and what of the drawn is real: balls about samples, as large as their neighbours are far.

Precision and recall (Kynkäänniemi 2019), density and coverage (Naeem 2020). All are shares or means of what lies in
the balls; none depends on the scale of the features.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

NEIGHBOURS = 3
"""For precision and recall (Kynkäänniemi 2019, section 3.1)."""

NEAREST = 5
"""For density and coverage (Naeem 2020, section 4)."""

_ROWS = 1000


@dataclass(frozen=True)
class Balls:
    """A set of features and how far each one's neighbours are.

    Attributes:
        features: [N, F].
        radii: [N, max(NEIGHBOURS, NEAREST)]: distance to the first, second, … nearest other sample.
    """

    features: Tensor
    radii: Tensor

    @classmethod
    def of(cls, features: Tensor) -> Balls:
        """Of features [N, F], N at least 2; where there are fewer neighbours than asked for, the last counts."""
        wanted = max(NEIGHBOURS, NEAREST)
        count = min(wanted, len(features) - 1)
        rows = []
        for start, part in _parts(features):
            distances = torch.cdist(part, features)
            distances[torch.arange(len(part)), torch.arange(start, start + len(part))] = torch.inf
            rows.append(distances.topk(count, largest=False).values)
        radii = torch.cat(rows)
        return cls(features, torch.cat((radii, radii[:, -1:].expand(-1, wanted - count)), 1))


@dataclass(frozen=True)
class Overlap:
    """
    Attributes:
        precision: share of fakes that lie in the ball of some real sample: are they realistic?
        recall: share of real samples that lie in the ball of some fake: is everything drawn?
        density: mean number of real balls that a fake lies in, over `NEAREST`; may exceed 1.
        coverage: share of real samples whose ball holds a fake: recall that outliers among the fakes do not raise.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def overlap(fake: Balls, real: Balls) -> Overlap:
    """How two sets of samples lie in each other (Kynkäänniemi 2019, equation 3; Naeem 2020, equations 4 and 5)."""
    near_real, near_fake = real.radii[:, NEIGHBOURS - 1], fake.radii[:, NEIGHBOURS - 1]
    ball = real.radii[:, NEAREST - 1]
    precise = dense = 0.0
    recalled = torch.zeros(len(real.features), dtype=torch.bool)
    covered = torch.zeros(len(real.features), dtype=torch.bool)
    for start, part in _parts(fake.features):
        distances = torch.cdist(part, real.features)
        precise += (distances <= near_real).any(1).sum().item()
        dense += (distances <= ball).sum().item()
        recalled |= (distances <= near_fake[start : start + len(part), None]).any(0)
        covered |= (distances <= ball).any(0)
    count = len(fake.features)
    return Overlap(
        precise / count, recalled.float().mean().item(), dense / (NEAREST * count), covered.float().mean().item()
    )


def mean_distance(features: Tensor) -> float:
    """Mean distance of two different samples: how much they vary."""
    total = sum(torch.cdist(part, features).sum(dtype=torch.float64).item() for _, part in _parts(features))
    return total / (len(features) * (len(features) - 1))


def _parts(features: Tensor) -> list[tuple[int, Tensor]]:
    return [(start, features[start : start + _ROWS]) for start in range(0, len(features), _ROWS)]

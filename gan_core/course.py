"""What was measured of a run so far, as columns: what the verdicts look at."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gan_core.config import RunConfig
from gan_core.evaluation import Evaluation

STEADY = 3
"""Measures in a row that a thing must hold to be said."""


class Course:
    """What was measured so far, as columns over the measures, the untrained G's left out where it was measured.

    Attributes:
        images, diversity, way: float [measures]. `way`: how far the Fréchet distance has come from the untrained
            generator's (0) to that of real samples (1), on a logarithmic scale.
        belief: mean D(real) - D(fake) between two measures, over the most that the objective lets it.
        authenticity: over the floor's; None where copies are not looked for.
    """

    def __init__(
        self, config: RunConfig, curves: Mapping[str, np.ndarray], measures: Sequence[Evaluation]
    ) -> None:
        self.measures = [one for one in measures if one.images > 0]
        untrained = next((one for one in measures if one.images == 0), None)
        self.images = np.array([one.images for one in self.measures], dtype=float)
        floor = measures[-1].floor
        self.diversity = self.column("diversity") / max(number(floor, "diversity"), 1e-6)
        self.fid, self.fid_error = self.column("fid"), self.column("fid_error")
        least = max(number(floor, "fid"), 1e-6)
        # Without the untrained one (a fork, an import) the worst that was measured stands in.
        first = number(untrained.scores, "fid") if untrained else self.fid.max(initial=least)
        self.first_fid = max(first, 2 * least)
        self.way = 1 - np.log(np.maximum(self.fid, least) / least) / math.log(self.first_fid / least)
        self.authenticity = None
        if floor.get("authenticity"):
            self.authenticity = self.column("authenticity") / number(floor, "authenticity")
        most = 0.46 if config.objective == "hinge" else 1.0  # the hinge rests at ±1: sigmoid(1) - sigmoid(-1)
        seen, gap = curves["images"], (curves["d_real"] - curves["d_fake"]) / most
        self.belief = np.array([_mean(gap, seen, *ends) for ends in self._between()])
        self.slope_g = np.array([_mean(curves["grad_g"], seen, *ends) for ends in self._between()])

    def __len__(self) -> int:
        return len(self.measures)

    def column(self, name: str) -> np.ndarray:
        return np.array([number(one.scores, name) for one in self.measures], dtype=float)

    def _between(self) -> list[tuple[float, float]]:
        return list(zip([0.0, *self.images][:-1], self.images, strict=True))

    def series(self, values: np.ndarray) -> tuple[tuple[int, float], ...]:
        return tuple((int(x), round(float(y), 4)) for x, y in zip(self.images, values, strict=True) if math.isfinite(y))

    def since(self, holds: np.ndarray) -> int:
        """Images seen since when it holds without a break up to now."""
        false = np.flatnonzero(~holds)
        first = int(false[-1]) + 1 if len(false) else 0
        return int(self.images[min(first, len(self.images) - 1)])

    def gain(self) -> float:
        """By how much of the way the second half of the measures of late is further than the first half."""
        late = self.way[-2 * max(STEADY, len(self) // 5):]
        half = len(late) // 2
        return float(late[half:].mean() - late[:half].mean()) if half else math.inf

    def moves(self) -> bool:
        """Whether it still gets better, by more than it flutters."""
        return self.gain() > 0.01


def number(scores: Mapping[str, Any], name: str) -> float:
    value = scores.get(name)
    return float(value) if isinstance(value, (int, float)) else math.nan


def _mean(values: np.ndarray, images: np.ndarray, start: float, end: float) -> float:
    """Mean of what was recorded between two places; of the last before where there is nothing."""
    inside = values[(images > start) & (images <= end)]
    if len(inside):
        return float(np.nanmean(inside))
    before = values[images <= end]
    return float(before[-1]) if len(before) else math.nan

"""All measures at once, of fakes and, beside them, of as many real samples: the floor that no generator need beat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gan_core.datasets import Dataset
from gan_core.errors import ConfigError, DatasetError
from gan_core.evaluation.classes import classes_of
from gan_core.evaluation.extractors import Extractor, extractor_for
from gan_core.evaluation.frechet import Moments, frechet_distance, frechet_error
from gan_core.evaluation.inception import Inception
from gan_core.evaluation.kernel import kernel_distance
from gan_core.evaluation.manifold import Balls, mean_distance, overlap
from gan_core.evaluation.memory import TrainingSet
from gan_core.evaluation.sampling import real_places, shown
from gan_core.trainer import stream

LEAST, MOST = 50, 10_000


@dataclass(frozen=True)
class Scores:
    """What was measured of some samples. See the modules of this package for each formula.

    Attributes:
        fid, fid_error: Fréchet distance to the real samples, and its standard error.
        kid, kid_error: kernel distance, and its standard error.
        precision, recall, density, coverage: see `manifold.Overlap`.
        diversity: mean distance of two samples, over that of two real ones: 1 is as varied as the data.
        authenticity: see `memory.Copies`; None where the judge does not look for copies.
        class_counts, class_kl, confidence, right: see `classes.Classes`; None without a classifier.
    """

    fid: float
    fid_error: float
    kid: float
    kid_error: float
    precision: float
    recall: float
    density: float
    coverage: float
    diversity: float
    authenticity: float | None = None
    class_counts: tuple[int, ...] | None = None
    class_kl: float | None = None
    confidence: float | None = None
    right: float | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def most_samples(dataset: Dataset) -> int:
    """How many samples can be judged: as many real ones must be there twice over, as D sees them.

    Data that is moved a little each time it is shown never runs out, but says no more after some rounds.
    """
    there = len(dataset) * (4 if dataset.jitter is not None else 1) // 2
    return min(MOST, there)


class Judge:
    """Holds samples of one size against real ones.

    Attributes:
        extractor: measures them; its name and digest belong beside every number.
        count: how many fakes it takes, and how many real ones stand behind each number.
        floor: the scores of as many other real samples.
    """

    def __init__(
        self, dataset: Dataset, extractor: Extractor, count: int, on_progress: Callable[[float], None] | None = None,
        copies: bool = True,
    ) -> None:
        """
        Args:
            count: at least `LEAST`, at most `most_samples(dataset)`.
            copies: whether to look for copies of the data, which takes most of the time where that is large.

        Raises:
            DatasetError: there is too little data for so many.
        """
        most = most_samples(dataset)
        if not LEAST <= count <= most:
            raise DatasetError(
                f"samples = {count}: {dataset.name} with its {len(dataset):,} samples can judge {LEAST} to {most}"
                if most >= LEAST
                else f"{dataset.name}: {len(dataset):,} samples are too few to judge by; {2 * LEAST} are needed"
            )
        self.extractor, self.count = extractor, count
        tell = on_progress or (lambda share: None)
        random = stream(0, "real")
        places, others = real_places(dataset, 2 * count, random).split(count)
        real, other = shown(dataset, places, random), shown(dataset, others, random)
        features = extractor.features(real)
        tell(0.3)
        self._features, self._moments, self._balls = features, Moments.of(features), Balls.of(features)
        self._spread = mean_distance(features)
        self._scale = features.square().mean().sqrt().clamp(min=1e-12)
        self._training_set = TrainingSet(dataset) if copies else None
        self._shares: Tensor | None = None
        if dataset.labels is not None and dataset.n_classes:
            counts = torch.bincount(dataset.labels.cpu(), minlength=dataset.n_classes)
            self._shares = counts.double() / counts.sum()
        tell(0.6)
        self.floor = self.scores(other, sources=others)
        tell(1.0)

    def scores(self, samples: Tensor, asked: Tensor | None = None, sources: Tensor | None = None) -> Scores:
        """
        Args:
            samples: `count` of them: uint8 [count, C, S, S], or float32 points.
            asked: int64 [count], the classes that were asked for, or None.
            sources: of real samples, their places in the data: none is its own copy.
        """
        if len(samples) != self.count:
            raise ValueError(f"{len(samples)} samples, where this judge was made for {self.count}")
        features = self.extractor.features(samples)
        fid = frechet_distance(Moments.of(features), self._moments)
        # The kernel's scale is that of its features: they are brought to that of the real ones first.
        mixed = features[torch.randperm(self.count, generator=stream(0, "judge"))]
        kid, kid_error = kernel_distance(mixed / self._scale, self._features / self._scale)
        where = overlap(Balls.of(features), self._balls)
        spread = mean_distance(features) / self._spread if self._spread else 0.0
        probabilities = self.extractor.probabilities(features)
        told: dict[str, Any] = {}
        if probabilities is not None and self._shares is not None:
            found = classes_of(probabilities, self._shares, asked)
            told = {
                "class_counts": found.counts, "class_kl": found.kl, "confidence": found.confidence,
                "right": found.right,
            }
        if self._training_set is not None:
            told["authenticity"] = self._training_set.copies(samples, sources).authenticity
        return Scores(
            fid=fid, fid_error=frechet_error(features, self._moments), kid=kid, kid_error=kid_error,
            precision=where.precision, recall=where.recall, density=where.density, coverage=where.coverage,
            diversity=spread, **told,
        )


def judge_for(
    dataset: Dataset, folder: Path, count: int, on_progress: Callable[[float, str], None] | None = None,
    inception: Path | None = None,
) -> Judge:
    """A judge with the extractor that suits the data; see `extractor_for`.

    Args:
        folder: where a classifier that was trained is kept, and found again.
        on_progress: called with the share done of a part of it, in [0, 1], and which.
        inception: weights of that network, which is then used in its place; see `inception.Inception`.

    Raises:
        DatasetError: there is too little data for so many samples, or the classifier cannot be kept there.
        ConfigError: no such weights, or the data is no colour pictures.
    """
    tell = on_progress or (lambda share, what: None)
    if inception is not None:
        if len(dataset.shape) != 3 or dataset.shape[0] != 3:
            raise ConfigError(
                f"inception = {str(inception)!r}: it sees colour pictures; the samples of {dataset.name} are of shape "
                f"{list(dataset.shape)}"
            )
        return Judge(dataset, Inception(inception), count, lambda share: tell(share, "of the real samples measured"))
    try:
        extractor = extractor_for(dataset, folder, lambda share: tell(share, "of a classifier trained"))
    except OSError as error:
        raise DatasetError(f"{folder}: the classifier cannot be kept there: {error.strerror}") from None
    return Judge(dataset, extractor, count, lambda share: tell(share, "of the real samples measured"))

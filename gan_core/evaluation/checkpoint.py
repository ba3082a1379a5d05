"""The quality of a run's checkpoints, measured and kept in its folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import nn

from gan_core.datasets import Dataset
from gan_core.errors import StoreError
from gan_core.evaluation.digest import digest_of
from gan_core.evaluation.judge import Judge
from gan_core.evaluation.sampling import draw
from gan_core.store import CheckpointFile, RunFolder, now
from gan_core.trainer import stream


class Evaluation(BaseModel):
    """What was measured of one checkpoint, and by what: numbers of other extractors or counts are no match for it.

    Attributes:
        weights: the hash of the generator that drew: a run that was gone back with may come to the same place with
            another.
        samples: how many were drawn; as many real ones stand behind the numbers and behind the floor.
        extractor, digest, accuracy: the name of what measured the features, the hash of its weights, and the share of
            held-out real pictures that it classes rightly, None where it is no classifier.
        scores, floor: `Scores` of the samples, and of as many other real ones.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    time: str = Field(max_length=40)
    step: int = Field(ge=0)
    images: int = Field(ge=0)
    weights: str = Field(pattern="^[0-9a-f]{12}$")
    samples: int = Field(ge=1)
    extractor: str = Field(max_length=80)
    digest: str = Field(pattern="^[0-9a-f]{12}$")
    accuracy: float | None = Field(ge=0, le=1)
    scores: dict[str, float | list[int] | None]
    floor: dict[str, float | list[int] | None]

    def measured_like(self, judge: Judge) -> bool:
        """Whether this judge would find these very numbers."""
        return (self.samples, self.digest) == (judge.count, judge.extractor.digest)


def kept(folder: RunFolder) -> list[Evaluation]:
    """What was measured of the run so far, in the order of measuring; lines that hold none are passed over."""
    found = []
    for record in folder.evaluations():
        try:
            found.append(Evaluation(**record))
        except (ValidationError, TypeError):
            continue
    return found


def evaluate(
    folder: RunFolder, files: list[CheckpointFile], dataset: Dataset, judge: Judge,
    generator: Callable[[int], nn.Module], on_progress: Callable[[float], None] | None = None,
    on_problem: Callable[[StoreError], None] | None = None,
) -> list[Evaluation]:
    """Measure the checkpoints that this judge did not measure yet, and keep what it finds → all of them, in order.

    Args:
        generator: images seen → the generator of that checkpoint, in eval mode on the CPU.
        on_progress: called with the share of the checkpoints that are done.
        on_problem: called for a checkpoint that cannot be read, which is left out then; None: that is raised.

    Raises:
        StoreError: a checkpoint cannot be read, or the folder cannot be written.
    """
    known = {(one.images, one.weights): one for one in kept(folder) if one.measured_like(judge)}
    found = []
    for number, file in enumerate(files):
        if on_progress:
            on_progress(number / len(files))
        try:
            net = generator(file.images)
        except StoreError as error:
            if on_problem is None:
                raise
            on_problem(error)
            continue
        one = known.get((file.images, digest_of(net)))
        if one is None:
            one = measure(net, file.step, file.images, dataset, judge)
            folder.append_evaluation(one.model_dump(mode="json"))
        found.append(one)
    return found


def measure(generator: nn.Module, step: int, images: int, dataset: Dataset, judge: Judge) -> Evaluation:
    """What the judge finds of a generator, in eval mode on the CPU, that has seen so many images."""
    labels = dataset.labels if generator.n_classes else None
    # The same latents and classes for every checkpoint: their differences are the generators' own.
    samples, asked = draw(generator, _latent_dim(generator), labels, judge.count, stream(0, "evaluation"))
    extractor = judge.extractor
    return Evaluation(
        time=now(), step=step, images=images, weights=digest_of(generator), samples=judge.count,
        extractor=extractor.name, digest=extractor.digest, accuracy=extractor.accuracy,
        scores=_plain(judge.scores(samples, asked).as_json()), floor=_plain(judge.floor.as_json()),
    )


def _latent_dim(generator: nn.Module) -> int:
    assert isinstance(generator.latent_dim, int)
    return generator.latent_dim


def _plain(scores: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in scores.items()}

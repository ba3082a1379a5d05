"""What the Inside screen's socket works out: samples to compare with, and what D makes of one. No socket in here."""

from __future__ import annotations

import base64
import binascii
import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from gan_core import latent, xray
from gan_core.config import RunConfig
from gan_core.datasets import Dataset
from gan_core.errors import ConfigError, WorkbenchError
from gan_core.figures import score_histogram
from gan_core.networks import has_batch_norm
from gan_core.objectives import OBJECTIVES
from gan_core.pictures import to_uint8
from gan_core.run import check_data
from gan_core.runs import load_data
from gan_core.trainer import stream
from pages.parts.latent.drawing import check_pictures, classes_told
from pages.parts.workbench import runs

Kind = Literal["real", "fake"]

COUNT = 500
"""Samples of each kind that a picture is compared with."""

PAGE = 12
"""Of these, so many side by side on the screen."""

PAGES = -(-COUNT // PAGE)

MOST_BARS = 24
"""Beyond so many classes, only the one that D is told is asked about."""

MOST_NUMBERS = 3 * 64 * 64
"""Of a picture: colours times pixels."""

# The slope where nearly all of a picture's places lie below, in colour as strong as it gets: one place alone would
# leave the others pale.
_STRONGEST = 0.99
_TENTH = 0.2  # of the way from black to white, which is 2


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples of one kind, in the order in which they are numbered.

    Attributes:
        pixels: uint8 [N, C, H, W].
        labels: int64 [N], what D is told; None for a D that knows no classes.
        scores: float [N], D's logits.
    """

    pixels: Tensor
    labels: Tensor | None
    scores: Tensor


@dataclass(frozen=True, eq=False)
class Scene:
    """A discriminator, and the samples of both kinds that tell what its scores are worth.

    Attributes:
        real, dataset: None where the run's data is not here; `missing` then says why.
    """

    discriminator: nn.Module
    images: int
    config: RunConfig
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    real: Samples | None
    fake: Samples
    dataset: Dataset | None
    missing: str

    @cached_property
    def undecided(self) -> Tensor | None:
        """See `xray.undecided`; None where a score has no zero and there is no real sample to find one with."""
        objective = OBJECTIVES[self.config.objective]
        if self.real is not None:
            return xray.undecided(objective, self.discriminator, self.real.scores, self.fake.scores)
        nothing = self.fake.scores.new_full((1,), math.nan)
        found = xray.undecided(objective, self.discriminator, nothing, self.fake.scores)
        return None if found.isnan() else found

    def probability(self, scores: Tensor) -> list[float] | None:
        """P(real) of each, as the objective reads it."""
        if self.undecided is None:
            return None
        return OBJECTIVES[self.config.objective].probability(scores, self.undecided).tolist()


def scene(run: str, images: int | None) -> Scene:
    """
    Raises:
        WorkbenchError: no such run or checkpoint, damaged, or no pictures.
    """
    folder = runs().folder(run)
    check_pictures(folder)
    shape, classes = folder.info.dataset.shape, classes_told(folder)
    if folder.config.packing > 1:
        raise ConfigError(
            f"{folder.name}: its D judges {folder.config.packing} pictures together (packing), so that there is no "
            "score of one to be looked at here"
        )
    if math.prod(shape) > MOST_NUMBERS:
        raise ConfigError(
            f"{folder.name}: its samples have the shape {shape}, and only pictures of up to 64 × 64 pixels in colour "
            "can be looked at here"
        )
    discriminator, seen = runs().discriminator(run, images)
    generator, _ = runs().generator(run, seen)
    try:
        return _with_real(discriminator, generator, run, seen)
    except WorkbenchError as error:
        fake = _fake(discriminator, generator, folder.config.latent_dim, len(classes))
        return Scene(discriminator, seen, folder.config, shape, classes, None, fake, None, str(error))


@lru_cache(maxsize=4)
def _with_real(discriminator: nn.Module, generator: nn.Module, run: str, images: int) -> Scene:
    """
    Raises:
        WorkbenchError: the run's data is not here. Then it is looked for again the next time.
    """
    folder = runs().folder(run)
    classes = classes_told(folder)
    dataset = load_data(folder.config)
    check_data(folder, dataset)
    return Scene(
        discriminator, images, folder.config, dataset.shape, classes, _real(discriminator, dataset, bool(classes)),
        _fake(discriminator, generator, folder.config.latent_dim, len(classes)), dataset, "",
    )


def _real(discriminator: nn.Module, dataset: Dataset, told: bool) -> Samples:
    """Real samples as D sees them, of each class in turn as far as that has any."""
    random = stream(0, "inside")
    places = torch.randperm(len(dataset), generator=random)
    if dataset.labels is not None and told:
        labels = dataset.labels.cpu()[places]
        hot = labels.unsqueeze(1) == torch.arange(dataset.n_classes)
        turn = hot.cumsum(0).gather(1, labels.unsqueeze(1)).squeeze(1)  # the how many-th of its class
        places = places[torch.argsort(turn * dataset.n_classes + labels)]
    samples, labels = dataset.batch(places[:COUNT], random)
    return _scored(discriminator, to_uint8(samples).cpu(), labels.cpu() if told and labels is not None else None)


@lru_cache(maxsize=4)
def _fake(discriminator: nn.Module, generator: nn.Module, latent_dim: int, n_classes: int) -> Samples:
    """G's samples of the seeds from 0 on, of each class in turn."""
    z = torch.stack([latent.latent(seed, latent_dim) for seed in range(COUNT)])
    labels = torch.arange(COUNT) % n_classes if n_classes else None
    return _scored(discriminator, latent.draw(generator, z, labels), labels)


def _scored(discriminator: nn.Module, pixels: Tensor, labels: Tensor | None) -> Samples:
    """Scored as they are kept and shown: what is clicked keeps its score."""
    return Samples(pixels, labels, _finite(xray.scores(discriminator, _as_seen(pixels), labels)))


def _as_seen(pixels: Tensor) -> Tensor:
    return pixels.float() / 127.5 - 1


def _finite(values: Tensor) -> Tensor:
    if not values.isfinite().all():
        raise ConfigError("this D's scores are no numbers any more: its training diverged; take an earlier checkpoint")
    return values


def gauge(here: Scene) -> dict[str, Any]:
    """How D scores both kinds, as a figure."""
    fake = here.fake.scores
    real = fake[:0] if here.real is None else here.real.scores
    undecided = None if here.undecided is None else float(here.undecided)
    objective = OBJECTIVES[here.config.objective]
    reading = objective.reading
    if has_batch_norm(here.discriminator):
        reading = (
            "With batch normalisation D compares the pictures of a batch; alone, its scores have no zero: shown is the "
            "objective's probability about the midpoint of real and fake."
        )
    figure = score_histogram(*xray.histogram(real, fake), undecided)
    return {
        "figure": figure.to_json(), "height": figure.layout.height, "reading": reading, "missing": here.missing,
        "counts": [len(real), len(fake)],
    }


def places_on(number: int) -> slice:
    """Of `COUNT` samples, those on this page.

    Raises:
        ConfigError: there is no such page.
    """
    if number >= PAGES:
        raise ConfigError(f"page = {number}: there are the pages 0 to {PAGES - 1}")
    return slice(number * PAGE, (number + 1) * PAGE)


def page(here: Scene, number: int) -> dict[str, Any]:
    """The `number`-th PAGE samples of each kind.

    Raises:
        ConfigError: there is no such page.
    """
    some = places_on(number)
    return {
        "page": number, "pages": PAGES, "fake": _some(here.fake, some),
        "real": None if here.real is None else _some(here.real, some),
    }


def _some(samples: Samples, some: slice) -> dict[str, Any]:
    return {
        "pixels": as_text(samples.pixels[some].numpy()),
        "labels": None if samples.labels is None else samples.labels[some].tolist(),
        "scores": samples.scores[some].tolist(),
    }


def picture(here: Scene, pixels: str, label: int | None) -> dict[str, Any]:
    """What D makes of one picture, and where its pixels push it.

    Args:
        pixels: base64 of uint8 [C, H, W], of the run's own shape.
        label: what D is told; None where it knows no classes.

    Raises:
        ConfigError: a picture of another size, or a class that there is not.
    """
    sample = _as_seen(_decoded(pixels, here.shape))
    count = len(here.classes)
    if (label is None) != (count == 0) or (label is not None and label >= count):
        there = f"a class from 0 to {count - 1}" if count else "none, for this discriminator knows no classes"
        raise ConfigError(f"label = {label}: must be {there}")
    told = None if label is None else torch.tensor(label)
    asked = torch.arange(count) if 0 < count <= MOST_BARS else None if told is None else told.reshape(1)
    n = 1 if asked is None else len(asked)
    found = _finite(xray.scores(here.discriminator, sample.expand(n, *here.shape), asked))
    score = found[label if label is not None and n > 1 else 0]
    slope = xray.push(here.discriminator, sample, told, dab=here.shape[-1] / 28)
    strongest = torch.quantile(slope.abs(), _STRONGEST).clamp(min=1e-12)
    colours = (slope / strongest).clamp(-1, 1).mul(127).round().to(torch.int8)
    probability = here.probability(score.reshape(1))
    above = [None if one is None else float((one.scores < score).float().mean()) for one in (here.real, here.fake)]
    classes = {"scores": found.tolist(), "probabilities": here.probability(found)} if n > 1 else None
    return {
        "score": float(score),
        "probability": None if probability is None else probability[0],
        "above": above,
        "push": as_text(colours.numpy()),
        "strongest": float(strongest) * _TENTH,
        "classes": classes,
    }


def _decoded(text: str, shape: tuple[int, ...]) -> Tensor:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):  # not ASCII, for one
        raise ConfigError("pixels: not base64") from None
    if len(data) != math.prod(shape):
        raise ConfigError(
            f"pixels: {len(data):,} bytes; this discriminator looks at pictures of {' × '.join(map(str, shape))}, "
            f"{math.prod(shape):,} bytes"
        )
    return torch.from_numpy(np.frombuffer(data, np.uint8).copy()).reshape(shape)


def as_text(array: np.ndarray) -> str:
    """Its bytes as base64."""
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()

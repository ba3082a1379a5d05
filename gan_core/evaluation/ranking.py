"""Which checkpoint is the best: by a distance to the real samples with its error, never by a loss.

    places = ranked(standing(folder, generator), "fid")
    ties = [place for place in places if place.rank == 1]      # as good as the best, for all that was measured

Numbers of other data, extractors or counts of samples are never in one ranking: see `Ruler`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from gan_core.errors import WorkbenchError
from gan_core.evaluation.checkpoint import Evaluation, kept
from gan_core.evaluation.digest import digest_of
from gan_core.store import RunFolder
from gan_core.store.files import stamp

DISTANCES = ("fid", "kid")
"""What is ranked by: both say how far the samples are from the real ones, and carry an error. The less the better."""

BAR = 2.0
"""Standard errors on either side of a number: of such bars, 95 in 100 hold the truth; of KID's, whose error comes of
ten blocks only, 92."""


@dataclass(frozen=True, order=True)
class Ruler:
    """What a number was measured with; numbers of another one are no match for it.

    Attributes:
        samples: how many were drawn, and how many real ones stand behind the number.
        extractor, digest: what measured the features, and the hash of its weights.
        data: the fingerprint of the real samples.
    """

    samples: int
    extractor: str
    digest: str
    data: str


@dataclass(frozen=True)
class Standing:
    """A checkpoint that is there, and what was measured of it."""

    run: str
    ruler: Ruler
    evaluation: Evaluation

    @classmethod
    def of(cls, run: str, data: str, one: Evaluation) -> Standing:
        """`data`: the fingerprint of the run's."""
        return cls(run, Ruler(one.samples, one.extractor, one.digest, data), one)

    @property
    def images(self) -> int:
        return self.evaluation.images


@dataclass(frozen=True)
class Place:
    """Where a checkpoint stands in a ranking.

    Attributes:
        rank: 1 and as many more as are clearly better: those whose bars end below this one's. Of the same rank are
            only such whose bars overlap: a tie.
        value, error: the distance, and its standard error.
    """

    rank: int
    value: float
    error: float
    standing: Standing

    @property
    def low(self) -> float:
        return self.value - BAR * self.error

    @property
    def high(self) -> float:
        return self.value + BAR * self.error


def standing(folder: RunFolder, generator: Callable[[int], nn.Module]) -> list[Standing]:
    """What was measured of the checkpoints that the run still has, by images seen; by each ruler the last word counts.

    An evaluation of a moment without a checkpoint, or of weights that a run gone back with has replaced, is left out:
    nobody could use what it says is good.

    Args:
        generator: images seen → the generator of that checkpoint, in eval mode on the CPU.
    """
    files = {file.images: file.path for file in folder.checkpoints()}
    found: dict[tuple[int, Ruler], Standing] = {}
    for one in kept(folder):
        if one.images in files and _weights(files[one.images], one.images, generator) == one.weights:
            now = Standing.of(folder.name, folder.info.dataset.fingerprint, one)
            found[one.images, now.ruler] = now
    return sorted(found.values(), key=lambda one: (one.images, one.ruler))


_known: dict[Path, tuple[tuple[int, int] | None, str | None]] = {}


def _weights(path: Path, images: int, generator: Callable[[int], nn.Module]) -> str | None:
    """The hash of a checkpoint's generator, worked out once as long as the file stays the same; None: damaged."""
    now = stamp(path)
    if path not in _known or _known[path][0] != now:
        try:
            _known[path] = now, digest_of(generator(images))
        except WorkbenchError:
            _known[path] = now, None
    return _known[path][1]


def by_ruler(found: Iterable[Standing]) -> dict[Ruler, list[Standing]]:
    """Apart, what cannot be compared; first the ruler that measured the most runs, and of such the one with the most
    samples."""
    groups: dict[Ruler, list[Standing]] = {}
    for one in found:
        groups.setdefault(one.ruler, []).append(one)
    order = sorted(groups, key=lambda ruler: (len({one.run for one in groups[ruler]}), ruler), reverse=True)
    return {ruler: groups[ruler] for ruler in order}


def ranked(found: Sequence[Standing], distance: str = "fid") -> list[Place]:
    """The best first. Those whose bars overlap cannot be told apart: they are tied.

    Args:
        found: all of one ruler. One without this number is left out.
        distance: one of `DISTANCES`.

    Raises:
        ValueError: numbers of several rulers, or another distance.
    """
    if distance not in DISTANCES:
        raise ValueError(f"distance = {distance!r}: must be one of {', '.join(DISTANCES)}")
    if len({one.ruler for one in found}) > 1:
        raise ValueError("numbers of several rulers cannot be ranked together; see by_ruler")
    rows = [(value, _number(one, f"{distance}_error") or 0.0, one) for one in found
            if (value := _number(one, distance)) is not None]
    rows.sort(key=lambda row: (row[0], row[2].run, row[2].images))
    places = [Place(0, *row) for row in rows]
    return [replace(one, rank=1 + sum(other.high < one.low for other in places)) for one in places]


def best_of_runs(found: Sequence[Standing], distance: str = "fid") -> list[Place]:
    """Of each run its best checkpoint, ranked among each other. Arguments as for `ranked`."""
    first: dict[str, Standing] = {}
    for place in ranked(found, distance):
        first.setdefault(place.standing.run, place.standing)
    return ranked(list(first.values()), distance)


def _number(one: Standing, name: str) -> float | None:
    value = one.evaluation.scores.get(name)
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None

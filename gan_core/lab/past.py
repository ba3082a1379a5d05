"""What was, so that one can go back and look: bounded, however long it is played."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from gan_core.lab.seen import Readings

MOMENTS = 256
"""So many at most; when there are more, every second is forgotten and they are kept half as often from then on."""

MEMORY = 48 * 2**20
"""Bytes at most, for networks so large that fewer moments have to do."""

EVERY = 10
"""Steps between two moments, to begin with."""


@dataclass(frozen=True)
class Moment:
    """
    Attributes:
        readings: as they were.
        fake: [512, 2], where the fakes were.
        generator, discriminator: their state dicts, copies.
    """

    readings: Readings
    fake: Tensor
    generator: dict[str, Tensor]
    discriminator: dict[str, Tensor]

    @property
    def step(self) -> int:
        return self.readings.step

    @property
    def size(self) -> int:
        """Bytes."""
        tensors = [self.fake, *self.generator.values(), *self.discriminator.values()]
        return sum(tensor.nbytes for tensor in tensors)


class Past:
    """Moments in the order they came."""

    def __init__(self) -> None:
        self._moments: list[Moment] = []
        self._every = EVERY

    def __len__(self) -> int:
        return len(self._moments)

    def __iter__(self) -> Iterator[Moment]:
        return iter(self._moments)

    @property
    def steps(self) -> list[int]:
        """Rising; the scrubber's places."""
        return [moment.step for moment in self._moments]

    @property
    def readings(self) -> list[Readings]:
        """Of each moment: the curves."""
        return [moment.readings for moment in self._moments]

    def due(self, step: int) -> bool:
        """Whether a moment should be kept at that step."""
        return step % self._every == 0 and (not self._moments or self._moments[-1].step < step)

    def keep(self, moment: Moment) -> None:
        self._moments.append(moment)
        if len(self._moments) > min(MOMENTS, max(16, MEMORY // moment.size)):
            self._every *= 2
            self._moments = [one for one in self._moments if one.step % self._every == 0]

    def at(self, step: int) -> Moment:
        """The last moment at or before `step`; the first of all where there is none.

        Raises:
            IndexError: nothing is remembered yet.
        """
        return next((one for one in reversed(self._moments) if one.step <= step), self._moments[0])

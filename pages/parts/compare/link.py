"""What a link to the Compare screen holds: which checkpoints, and the latents they are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from gan_core.errors import ConfigError
from gan_core.runs import Runs

MOST = 6
"""Checkpoints side by side."""
LAST_SEED = 2**31 - 1


class Choice(NamedTuple):
    """A checkpoint: its run's name and its images seen. As text `run:images`; a name holds no colon."""

    run: str
    images: int

    def __str__(self) -> str:
        return f"{self.run}:{self.images}"

    @property
    def label(self) -> str:
        return f"{self.run} · {self.images:,} images"

    @classmethod
    def parse(cls, text: str) -> Choice:
        """
        Raises:
            ConfigError: not `run:images`.
        """
        run, colon, images = text.rpartition(":")
        if not (colon and run and images.isascii() and images.isdigit() and len(images) <= 15):
            raise ConfigError(f"c = {text[:80]!r}: must be a run and a checkpoint's images seen, such as first:3200")
        return cls(run, int(images))


def choices(runs: Runs) -> list[Choice]:
    """Every checkpoint there is: the newest run first, and of each the newest checkpoint first."""
    return [
        Choice(snapshot.name, file.images)
        for snapshot in runs.snapshots()
        for file in runs.folder(snapshot.name).checkpoints()[::-1]
    ]


@dataclass(frozen=True)
class Link:
    """A link, read.

    Attributes:
        chosen: at most `MOST`; (): the link does not say.
        seed: of the first latent; the next has the next seed.
        truncation: see `gan_core.latent.truncate`.
    """

    chosen: tuple[Choice, ...] = ()
    seed: int = 0
    truncation: float = 1.0

    @classmethod
    def from_query(cls, query: Mapping[str, Sequence[str]]) -> tuple[Link, list[str]]:
        """A link and, in words, the parts of it that make no sense; those are left out.

        Args:
            query: name → all values given for it.
        """
        wrong: list[str] = []
        chosen: list[Choice] = []
        for text in query.get("c", ()):
            try:
                chosen.append(Choice.parse(text))
            except ConfigError as error:
                wrong.append(str(error))
        chosen = list(dict.fromkeys(chosen))
        if len(chosen) > MOST:
            wrong.append(f"c: {len(chosen)} checkpoints; the first {MOST} are shown")
        values: dict[str, Any] = {}
        for name, kind, most in (("seed", int, LAST_SEED), ("truncation", float, 2)):
            text = (query.get(name) or [""])[-1]
            try:
                value = kind(text) if text else None
            except ValueError:
                value = -1
            if value is not None and not 0 <= value <= most:
                wrong.append(f"{name} = {text[:80]!r}: must be a number from 0 to {most}")
            elif value is not None:
                values[name] = value
        return cls(tuple(chosen[:MOST]), **values), wrong

    def to_query(self) -> dict[str, list[str]]:
        """The parts of the link as text: only what differs from the defaults."""
        query = {"c": [str(choice) for choice in self.chosen]} if self.chosen else {}
        if self.seed:
            query["seed"] = [str(self.seed)]
        if self.truncation != 1:
            query["truncation"] = [f"{self.truncation:g}"]
        return query

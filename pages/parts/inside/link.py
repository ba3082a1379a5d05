"""What a link to the Inside screen holds: whose discriminator, and which picture is under its eyes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from gan_core.errors import ConfigError
from pages.parts.inside.drawing import COUNT, Kind


@dataclass(frozen=True)
class Link:
    """A link, read.

    Attributes:
        run: None: the newest.
        images: the checkpoint, by images seen; None: the newest.
        show: a real sample, or one of G's. What a hand drew over it is not part of a link.
        number: which of the COUNT that are compared with; of a fake the seed of its latent, as on the Explore screen.
        label: the class that D is told; None: the picture's own.
    """

    run: str | None = None
    images: int | None = None
    show: Kind = "fake"
    number: int = 0
    label: int | None = None

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Link:
        """
        Raises:
            ConfigError: names each bad part, its value and what is allowed.
        """
        wrong: list[str] = []

        def whole(name: str, below: int, what: str) -> int | None:
            text = query.get(name, "")
            if not text:
                return None
            if text.isascii() and text.isdigit() and len(text) <= 15 and int(text) < below:
                return int(text)
            wrong.append(f"{name} = {text[:80]!r}: must be {what}")
            return None

        images = whole("images", 10**15, "a checkpoint's images seen, such as 50000")
        number = whole("number", COUNT, f"a whole number from 0 to {COUNT - 1}")
        label = whole("label", 10**6, "the number of a class")
        show = query.get("show", "fake")
        if show not in get_args(Kind):
            wrong.append(f"show = {show[:80]!r}: must be one of {', '.join(get_args(Kind))}")
        if wrong:
            raise ConfigError("; ".join(wrong))
        return cls(query.get("run") or None, images, "real" if show == "real" else "fake", number or 0, label)

    def to_query(self) -> dict[str, str]:
        """The parts of the link as text, without what it leaves open."""
        parts = {"run": self.run, "images": self.images, "show": self.show, "number": self.number, "label": self.label}
        return {name: str(value) for name, value in parts.items() if value is not None}

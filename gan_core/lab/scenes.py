"""Scenes by name, ready to play."""

from __future__ import annotations

from dataclasses import dataclass

from gan_core.lab.scene import Scene


@dataclass(frozen=True)
class NamedScene:
    """
    Attributes:
        title: for a button.
        sentence: what it is, and what will be seen.
    """

    title: str
    sentence: str
    scene: Scene


SCENES: dict[str, NamedScene] = {
    "ring": NamedScene("Ring", "Eight heaps on a circle, and a game that works.", Scene()),
}

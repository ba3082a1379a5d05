"""What a link to the lab holds: the scene, and what is shown of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gan_core.errors import ConfigError
from gan_core.lab import LAYERS, Scene
from gan_core.lab.eye import SHOWN

USUAL = ("real", "fake", "surface")
"""The layers that are on where a link says nothing."""

SPEEDS = (1, 2, 5, 10, 25, 50, 100, 200, 0)
"""Alternations a second; 0: as fast as it can."""

USUAL_SPEED = 200

# Fields that mean nothing without each other.
_TOGETHER = (("data", "drawing"),)


@dataclass(frozen=True)
class Link:
    """A link, read.

    Attributes:
        scene: what is played.
        layers: of the picture, those that are on.
        speed: one of `SPEEDS`.
        chosen: the fake whose path is shown; None: none.
    """

    scene: Scene = field(default_factory=Scene)
    layers: tuple[str, ...] = USUAL
    speed: int = USUAL_SPEED
    chosen: int | None = None

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> tuple[Link, str]:
        """A link's parameters → what of it can be followed, and what cannot and why; "" where all of it can.

        Parameters that no lab knows are nobody's business here.
        """
        wrong: list[str] = []
        layers = USUAL
        if text := query.get("layers", ""):
            named = () if text == "none" else tuple(part.strip() for part in text.split(","))
            layers = tuple(layer for layer in LAYERS if layer in named)
            for name in named:
                if name not in LAYERS:
                    wrong.append(f"layers = {name[:40]!r}: must be some of {', '.join(LAYERS)}, or none")
        speed = USUAL_SPEED
        if text := query.get("speed", ""):
            if text in map(str, SPEEDS):
                speed = int(text)
            else:
                wrong.append(f"speed = {text[:40]!r}: must be one of {', '.join(map(str, SPEEDS))}")
        chosen = None
        if text := query.get("chosen", ""):
            if text.isascii() and text.isdigit() and len(text) < 5 and int(text) < SHOWN:
                chosen = int(text)
            else:
                wrong.append(f"chosen = {text[:40]!r}: must be the number of a fake, from 0 to {SHOWN - 1}")
        scene, more = _scene({name: query[name] for name in ("scene", *Scene.model_fields) if name in query})
        return cls(scene, layers, speed, chosen), "; ".join([*more, *wrong])

    def to_query(self) -> dict[str, str]:
        """The parts of the link as text, without what is usual."""
        parts = self.scene.to_query()
        if self.layers != USUAL:
            parts["layers"] = ",".join(self.layers) or "none"
        if self.speed != USUAL_SPEED:
            parts["speed"] = str(self.speed)
        if self.chosen is not None:
            parts["chosen"] = str(self.chosen)
        return parts


def _scene(query: Mapping[str, str]) -> tuple[Scene, list[str]]:
    """The scene of as many parts as go together, and what is wrong with the others."""
    try:
        return Scene.from_query(query), []
    except ConfigError:
        pass
    scene, good, wrong = Scene(), {}, []
    units = [unit for unit in _TOGETHER if all(name in query for name in unit)]
    paired = {name for unit in units for name in unit}
    for unit in [*units, *((name,) for name in query if name not in paired)]:
        part = {name: query[name] for name in unit}
        try:
            scene = Scene.from_query({**good, **part})
        except ConfigError as error:
            wrong.append(str(error))
        else:
            good |= part
    return scene, wrong

"""One frame of a lab: what is played, as it stands now or stood once, for the layers that are on."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gan_core.lab import Play
from pages.parts.lab import orders
from pages.parts.lab.frame import pack

SHARES = ("surface", "optimal", "scores")
PLACES = ("real", "fake", "manifold", "pushes", "path")


def draw(play: Play, show: orders.Show, at: int | None, substep: Any, header: dict[str, Any]) -> bytes:
    """See `frame.pack`.

    Args:
        at: a step of the past; None: now.
        substep: what slow motion has just done, if anything.
    """
    layers = [layer for layer in show.layers if layer != "path" or show.chosen is not None]
    view = play.view(layers, show.chosen or 0)
    found: dict[str, Tensor] = {}
    for name in (*SHARES, *PLACES):
        value = getattr(view, name, None)
        if isinstance(value, Tensor):
            found[name] = value
    with torch.no_grad():
        return pack(
            {
                **header, "step": view.step, "at": at, "chosen": show.chosen, "readings": play.readings().as_dict(),
                "past": [0, play.step_count], "substep": told(substep),
            },
            {name: found[name] for name in SHARES if name in found},
            {name: found[name] for name in PLACES if name in found},
        )


def told(substep: Any) -> dict[str, Any] | None:
    """A sub-step as the browser shows it."""
    if substep is None:
        return None
    return {
        "side": substep.side, "name": substep.name, "sentence": substep.sentence,
        "layers": [substep.lights] if substep.lights else [], "term": substep.term, "number": substep.number,
    }


def ink_of(cells: list[int]) -> str:
    """A drawing as a link holds it."""
    raise NotImplementedError

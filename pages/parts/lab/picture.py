"""One frame of a lab: what is played, as it stands now or stood once, for the layers that are on."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn.functional import avg_pool2d

from gan_core.lab import Play, Substep
from gan_core.lab.terms import terms
from pages.parts.lab import orders
from pages.parts.lab.frame import pack

SHARES = ("surface", "optimal")
PLACES = ("real", "fake", "manifold", "pushes", "path")


def draw(play: Play, show: orders.Show, at: int | None, substep: Substep | None, header: dict[str, Any]) -> bytes:
    """See `frame.pack`.

    Args:
        at: a step of the past; None: now.
        substep: what slow motion has just done, if anything.
    """
    lit = lights(substep)
    layers = {layer for layer in show.layers if layer != "path" or show.chosen is not None} | set(lit)
    view = play.view(layers, show.chosen or 0, at)
    arrays = {name: value for name in (*SHARES, *PLACES) if (value := getattr(view, name)) is not None}
    if substep is not None and "pushes" not in lit:  # pushes are those of the fakes that always are shown
        arrays |= {name: value for name in ("real", "fake") if (value := getattr(substep, name)) is not None}
    if "optimal" in arrays:
        arrays["optimal"] = faded(arrays["optimal"])
    steps = play.past.steps
    return pack(
        {
            **header, "step": view.step, "at": at, "chosen": show.chosen, "readings": play.readings(at).as_dict(),
            "terms": terms(play) if at is None else {},
            "past": [steps[0] if steps else play.step_count, play.step_count], "substep": told(substep),
        },
        {name: arrays[name] for name in SHARES if name in arrays},
        {name: arrays[name] for name in PLACES if name in arrays},
    )


def faded(optimal: Tensor) -> Tensor:
    """[R, R] with nan → the same with soft edges, 0.5 where it is not known: to the eye, that is nothing."""
    known = optimal.nan_to_num(0.5)[None, None]
    for _ in range(2):
        known = avg_pool2d(known, 3, 1, 1, count_include_pad=False)
    return known[0, 0]


def lights(substep: Substep | None) -> list[str]:
    """The layers that a sub-step is about: a score is of points, and G moves its manifold."""
    if substep is None:
        return []
    more = {"score": ["real", "fake"], "gradient": ["fake"], "update": ["manifold"]} if substep.side == "g" else {
        "score": ["real", "fake"]
    }
    return list(dict.fromkeys(layer for layer in (substep.lights, *more.get(substep.name, [])) if layer))


def told(substep: Substep | None) -> dict[str, Any] | None:
    """A sub-step as the browser shows it."""
    if substep is None:
        return None
    return {
        "side": substep.side, "name": substep.name, "sentence": substep.sentence, "lights": lights(substep),
        "term": substep.term, "number": substep.number, "turn": substep.turn, "turns": substep.turns,
    }

"""Scenes by name, ready to play.

Modes covered of the ring's eight after 1,500 steps, with the seeds 0, 1 and 2 (`tests/lab/test_scenes.py` plays them):

    ring            8 8 8
    collapse        1 1 1    G five times as fast as D; it hops from heap to heap, 0 or 1 at whatever step one looks
      critic        8 7 7    five steps of D for each of G
      unrolled      8 8 8
      (with R1, or a Wasserstein critic of one step: 0 to 1, they do not help a D that is too slow; packed: 3 to 6)
    half            5 4 3    D twenty times as fast as G, and steep
      r1            8 8 8
      wasserstein   8 8 8
      packed        7 8 7    with dips between
    weak-d          1 1 0    at 1,200
    momentum        1 1 0    at 1,200; R1, packs and a Wasserstein critic do not help
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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


_COLLAPSING: dict[str, Any] = {"lr_g": 1e-2}
"""G moves five times as fast as D: before D has told the heaps apart, G has gone to one of them, and on to the next."""


_STEEP: dict[str, Any] = {"lr_d": 2e-2, "lr_g": 1e-3}
"""D is twenty times as fast: it knows every fake, and its slope pushes each only to the nearest heap."""


_PATIENT: dict[str, Any] = {"units_d": 64, "units_g": 64, "lr_g": 1e-3, "critic_steps": 3}
"""Larger networks and a D that is well ahead, for data with more to it."""


def _named(title: str, sentence: str, **values: Any) -> NamedScene:
    return NamedScene(title, sentence, Scene(**values))


SCENES: dict[str, NamedScene] = {
    "ring": _named("Ring", "Eight heaps on a circle: G finds them all within some 1,500 steps."),
    "collapse": _named(
        "Collapse", "The same ring, but G moves too fast for D: it draws one heap, then hops to the next.",
        **_COLLAPSING,
    ),
    "critic": _named(
        "A D that keeps up", "As Collapse, but D learns five times for each step of G: all eight are found.",
        **_COLLAPSING, critic_steps=5,
    ),
    "unrolled": _named(
        "Unrolled D", "As Collapse, but G sees five steps of D ahead: hopping no longer pays, and it spreads out.",
        **_COLLAPSING, unrolled_steps=5,
    ),
    "half": _named(
        "Half the ring", "D is far ahead and steep: each fake climbs the nearest heap, and some heaps stay empty.",
        **_STEEP,
    ),
    "r1": _named(
        "R1 penalty", "As Half the ring, but D must be flat at real points: its slope reaches farther, all eight fill.",
        **_STEEP, r1_weight=0.1,
    ),
    "packed": _named(
        "Packed D", "As Half the ring, but D judges four points together: if heaps are missing, it can tell.",
        **_STEEP, packing=4,
    ),
    "wasserstein": _named(
        "Wasserstein", "As Half the ring, with a critic whose slope is held at 1: it tells far from near, all fill.",
        **_STEEP, objective="wasserstein", gp_weight=1.0,
    ),
    "weak-d": _named(
        "D too weak", "D has eight units a layer: too few to tell eight heaps apart, so G need not find them.",
        units_d=8,
    ),
    "momentum": _named(
        "Momentum", "Both sides overshoot: with a high beta 1 the game circles and never settles.",
        beta1=0.9, lr_d=5e-3, lr_g=5e-3,
    ),
    "two": _named(
        "Two heaps", "Both are found at once, yet G lays only a string through them: a count of modes is not all.",
        data="two-gaussians",
    ),
    "moons": _named("Two moons", "G bends its latents along two half circles.", data="two-moons", **_PATIENT),
    "spiral": _named("Spiral", "One long arm: within 400 steps G lies along it.", data="spiral", **_PATIENT),
    "checkerboard": _named(
        "Checkerboard", "Sharp edges: what lies between the squares is hard to leave empty.", data="checkerboard",
        **_PATIENT,
    ),
    "grid": _named(
        "Grid of 25", "Twenty-five heaps: about two thirds of them are found in 2,000 steps.", data="grid-of-25",
        **_PATIENT,
    ),
}

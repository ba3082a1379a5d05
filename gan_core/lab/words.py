"""Slow motion in words: what each part of an alternation is, and what of the picture and of the formula it concerns."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gan_core.lab.scene import Scene
from gan_core.objectives import OBJECTIVES


@dataclass(frozen=True)
class Wording:
    """
    Attributes:
        lights: the layer of the picture that it concerns, "" if none.
        term: of the formula: "real", "fake", "both" or "".
    """

    title: str
    sentence: str
    lights: str
    term: str


_WORDS: dict[tuple[str, str], Wording] = {
    ("d", "noise"): Wording(
        "Draw", "A batch of real points is drawn from the data, and as many random latents z.", "real", ""
    ),
    ("d", "generate"): Wording("Generate", "G turns each latent into a fake.", "fake", ""),
    ("d", "score"): Wording("D scores", "D says of each point how real it looks.", "surface", "both"),
    ("d", "loss"): Wording(
        "D's loss", "How wrong D was, on real points and on fakes, as one number.", "surface", "both"
    ),
    ("d", "gradient"): Wording(
        "D's gradient", "Which way each weight of D would have to move for a smaller loss.", "surface", "both"
    ),
    ("d", "update"): Wording(
        "D learns", "D's weights move one step that way: its surface rises under real points and sinks under fakes.",
        "surface", "",
    ),
    ("g", "score"): Wording("D scores again", "D, changed by now, judges the same fakes.", "surface", "fake"),
    ("g", "loss"): Wording("G's loss", "How little D was taken in, as one number.", "fake", "fake"),
    ("g", "gradient"): Wording(
        "G's gradient", "D's slope at each fake says where to go; through G, how each weight would have to move.",
        "pushes", "fake",
    ),
    ("g", "update"): Wording("G learns", "G's weights move one step that way, and the fakes with them.", "fake", ""),
}


def wording(side: str, name: str, scene: Scene) -> Wording:
    """How a part of an alternation (see `slow_motion.Part`) is told in this scene."""
    words = _WORDS[side, name]
    if side == "g" and words.term == "fake" and OBJECTIVES[scene.objective].needs_real:
        words = replace(words, term="both")
    if (side, name) == ("g", "score") and scene.unrolled_steps:
        words = replace(
            words, title="D scores ahead",
            sentence=f"D, as it would be {_steps(scene.unrolled_steps)} further on, judges the same fakes.",
        )
    if name == "score" and scene.packing > 1 and side == "d":
        words = replace(words, sentence=f"D says of every {scene.packing} points together how real they look.")
    return words


def _steps(count: int) -> str:
    return "one step" if count == 1 else f"{count} steps"

"""Slow motion in words: what each part of an alternation is, and what of the picture and of the formula it concerns."""

from __future__ import annotations

from dataclasses import dataclass


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


WORDS: dict[tuple[str, str], Wording] = {
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

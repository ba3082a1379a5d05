"""What a lesson's goals may look at: the readings of the lab, and those of a training run at its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gan_core.evaluation import Evaluation
from gan_core.store import History

LAB_READINGS = {
    "loss_d": "what D minimises",
    "loss_g": "what G minimises",
    "value": "V(D, G) = E log D(x) + E log(1 − D(G(z))); −log 4 ≈ −1.386 where D can only guess",
    "d_real": "mean D on real points",
    "d_fake": "mean D on fake points",
    "grad_d": "length of D's gradient",
    "grad_g": "length of G's gradient",
    "score_real": "D's mean score of real points, before it is read as a belief",
    "score_fake": "the same of fake points",
    "js": "Jensen-Shannon divergence of fake and real points, in nats: 0 where they are alike, log 2 ≈ 0.69 at most",
    "modes": "clusters of the data that fakes are found in",
    "high_quality": "share of fakes that lie in a cluster of the data",
}
"""Reading of the lab → what it is; see `gan_core.lab.Readings` for how each is measured."""

CURVES = ("loss_d", "loss_g", "d_real", "d_fake", "grad_d", "grad_g")

RUN_READINGS = {
    **{name: f"{what}, mean of the last fifth of the curve" for name, what in (
        ("loss_d", "what D minimises"), ("loss_g", "what G minimises"), ("d_real", "mean D on real pictures"),
        ("d_fake", "mean D on fake pictures"), ("grad_d", "length of D's gradient"),
        ("grad_g", "length of G's gradient"),
    )},
    "loss_d_early": "what D minimises, mean of the curve's second twentieth",
    "loss_g_early": "what G minimises, mean of the curve's second twentieth",
    "loss_g_rise": "by how much loss_g is above loss_g_early; negative where it fell",
    "fid": "Fréchet distance of the last samples to the data",
    "fid_first": "the same of the untrained G",
    "fid_real": "the same of as many real samples",
    "way": "how far the Fréchet distance has come, from the untrained G's (0) to real samples' (1), as a logarithm",
    "diversity": "mean distance of two samples, over that of two real ones",
    "classes": "classes that a fifth as many samples as in the data are taken for",
    "right": "share of samples that are taken for the class that was asked for",
    "confidence": "how sure the classifier is of what it takes samples for",
}
"""Reading of a training run at its end → what it is."""

DRAWN = 0.2
"""A class counts as drawn from this share of its frequency in the data."""


def run_readings(history: History, measures: tuple[Evaluation, ...], images: int) -> dict[str, float] | None:
    """The readings of a run at its end; None as long as its last generator is not measured.

    Args:
        measures: of the run, by images seen, the untrained generator's first.
        images: seen at its end.
    """
    if len(history) < 20 or not measures or measures[-1].images < images:
        return None
    found: dict[str, float] = {}
    count = len(history)
    for name in CURVES:
        found[name] = float(np.nanmean(history.column(name)[-(count // 5):]))
    for name in ("loss_d", "loss_g"):
        found[f"{name}_early"] = float(np.nanmean(history.column(name)[count // 20 : count // 10]))
    found["loss_g_rise"] = found["loss_g"] - found["loss_g_early"]
    first, last = measures[0], measures[-1]
    found["fid"], found["fid_first"] = _number(last.scores, "fid"), _number(first.scores, "fid")
    found["fid_real"] = _number(last.floor, "fid")
    found["diversity"] = _number(last.scores, "diversity") / max(_number(last.floor, "diversity"), 1e-6)
    least = max(found["fid_real"], 1e-6)
    ahead = float(np.log(max(found["fid"], least) / least) / np.log(max(found["fid_first"], 2 * least) / least))
    found["way"] = 1 - ahead
    for name in ("right", "confidence"):
        if last.scores.get(name) is not None:
            found[name] = _number(last.scores, name)
    counts, real = last.scores.get("class_counts"), last.floor.get("class_counts")
    if isinstance(counts, list) and isinstance(real, list):
        total, of_real = sum(counts) or 1, sum(real) or 1
        found["classes"] = sum(c / total >= DRAWN * r / of_real for c, r in zip(counts, real, strict=True))
    return found


def _number(scores: Mapping[str, Any], name: str) -> float:
    value = scores.get(name)
    return float(value) if isinstance(value, int | float) else float("nan")

"""What the quality parts' socket tells of a run. No socket in here."""

from __future__ import annotations

import math
from typing import Any

from gan_core.config import RunConfig
from gan_core.evaluation import Evaluation
from gan_core.snapshot import ACTIVE
from gan_core.verdicts import Verdict
from pages.parts.workbench import runs

POINTS = 200
"""The most measures that are drawn; of more, every second, fourth, …"""


def quality(name: str) -> dict[str, Any]:
    """
    Raises:
        WorkbenchError: no such run, or it cannot be read.
    """
    watched, snapshot = runs().watched(name), runs().snapshot(name)
    folder = runs().folder(name)
    measures = watched.measures
    told: dict[str, Any] = {
        "kind": "quality",
        "run": name,
        "trains": snapshot.here and snapshot.state in ACTIVE,
        "note": watched.note,
        "verdicts": [_verdict(one) for one in watched.verdicts],
        "measures": _columns(measures),
    }
    if beliefs := watched.beliefs:
        told["beliefs"] = {
            "edges": [_number(edge) for edge in beliefs.edges], "real": beliefs.real, "fake": beliefs.fake,
            "undecided": _number(beliefs.undecided),
        }
    if measures:
        last = measures[-1]
        right = "" if last.accuracy is None else f", right on {last.accuracy:.1%} of real pictures it was not shown"
        told["by"] = f"{last.samples:,} samples by {last.extractor} {last.digest}{right}"
        told["floor"] = {key: _number(last.floor.get(key)) for key in ("fid", "diversity")}
        counts, real = last.scores.get("class_counts"), last.floor.get("class_counts")
        if isinstance(counts, list) and isinstance(real, list):
            told["classes"] = {"names": list(folder.info.dataset.classes), "counts": counts, "real": real}
    return told


def _columns(measures: tuple[Evaluation, ...]) -> dict[str, list[float | None]]:
    every = 1
    while len(measures) / every > POINTS:
        every *= 2
    kept = measures[::-1][::every][::-1]  # the newest among them
    return {
        "images": [one.images for one in kept],
        **{key: [_number(one.scores.get(key)) for one in kept] for key in ("fid", "fid_error")},
    }


def _verdict(one: Verdict) -> dict[str, Any]:
    mood = "bad" if one.alarm else "good" if one.kind == "healthy" else "calm"
    return {
        "kind": one.kind, "mood": mood, "title": one.title, "text": one.text, "since": one.since,
        "advice": one.advice,
        "changes": [f"{RunConfig.model_fields[name].title}: {_said(value)}" for name, value in one.changes.items()],
        "anew": one.at == 0,
        "evidence": [
            {"name": part.name, "value": part.value, "series": part.series[-POINTS:], "real": _number(part.real)}
            for part in one.evidence
        ],
    }


def _said(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _number(value: Any) -> float | None:
    return float(f"{value:.5g}") if isinstance(value, (int, float)) and math.isfinite(value) else None

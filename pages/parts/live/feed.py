"""What the live part's socket tells of a run, as far as its reader does not know it yet. No socket in here."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from gan_core.networks import is_conditional
from gan_core.pictures import as_kept, drawable, png, sheet
from gan_core.schedules import target_images
from gan_core.snapshot import ACTIVE, Snapshot
from gan_core.store import COLUMNS, History, RunFolder
from gan_core.trainer import fixed_latents, grid_columns
from pages.parts.states import MARKS
from pages.parts.workbench import runs

POINTS = 1000
"""The most points a curve has on the screen, however long the run."""

LISTED = 60
"""The most runs that the list shows; with more there is a filter."""


def facts(snapshot: Snapshot) -> dict[str, Any]:
    """Where the run stands."""
    endless = snapshot.target_images is None and snapshot.target_seconds is None
    count = snapshot.dataset.count
    return {
        "kind": "facts",
        "run": snapshot.name,
        "state": snapshot.state,
        "mark": MARKS[snapshot.state],
        "active": snapshot.state in ACTIVE,
        "step": snapshot.step,
        "images": snapshot.images,
        "epoch": snapshot.images / count,
        "seconds": round(snapshot.seconds, 1),
        "rate": round(snapshot.rate),
        "progress": None if endless else round(snapshot.progress, 4),
        "secondsLeft": None if snapshot.seconds_left is None else round(snapshot.seconds_left, 1),
        "targetImages": target_images(snapshot.config, count),
        "targetSeconds": snapshot.target_seconds,
    }


@dataclass
class Curves:
    """How much of a run's curves a reader has."""

    _history: History | None = None
    _generation: int = -1
    _stride: int = 1
    _buckets: int = 0

    @property
    def any(self) -> bool:
        """Whether the reader has a point at all."""
        return self._buckets > 0

    def news(self, history: History) -> dict[str, Any] | None:
        """The points that the reader lacks; all of them, thinned anew, where what he has became wrong or too much."""
        same = history is self._history and history.generation == self._generation
        generation = history.generation
        piece = history.thinned(POINTS, self._buckets, self._stride) if same else None
        if piece is None or piece.coarser:
            same, piece = False, history.thinned(POINTS)
        fresh = piece.buckets - self._buckets if same else piece.buckets
        self._history, self._generation = history, generation
        self._stride, self._buckets = piece.stride, piece.buckets
        if same and not fresh:
            return None
        columns = {name: [_number(value) for value in piece.columns[name].tolist()] for name in COLUMNS}
        return {"kind": "points", "all": not same, "stride": piece.stride, "columns": columns}


def _number(value: float) -> float | None:
    """Seven digits are more than a screen shows; NaN (not recorded) is null in JSON."""
    return float(f"{value:.7g}") if math.isfinite(value) else None


@dataclass
class Grids:
    """Which sample grids a reader knows of."""

    _known: list[int] = field(default_factory=list)
    _first: bool = True

    def news(self, folder: RunFolder) -> dict[str, Any] | None:
        """The grids kept since; all of them where some went away (the run goes on from an earlier checkpoint)."""
        kept = [images for images, _ in folder.samples()]
        grown = kept[: len(self._known)] == self._known
        added = kept[len(self._known):] if grown else kept
        changed = self._first or not grown or bool(added)
        first, self._known, self._first = self._first or not grown, kept, False
        return {"kind": "grids", "all": first, "kept": added} if changed else None


class LiveGrid:
    """The sample grid as the generator in training draws it now: between two kept grids it sharpens too."""

    def __init__(self) -> None:
        self._drawn: nn.Module | None = None

    def news(self, name: str) -> tuple[int, bytes] | None:
        """(images seen, PNG) if there is a newer generator; None where the run does not train in this process."""
        published = runs().published(name)
        if published is None or published[0] is self._drawn:
            return None
        generator, images = published
        self._drawn = generator
        picture = _draw(name, generator, images)
        return None if picture is None else (images, picture)


_lock = threading.Lock()
_drawn: dict[str, tuple[nn.Module, bytes]] = {}


def _draw(name: str, generator: nn.Module, images: int) -> bytes | None:
    """Drawn once for all who watch."""
    with _lock:
        known = _drawn.get(name)
        if known is not None and known[0] is generator:
            return known[1]
    folder = runs().folder(name)
    shape, n_classes = folder.info.dataset.shape, len(folder.info.dataset.classes)
    if not drawable(shape):
        return None
    conditional = is_conditional(folder.config, n_classes)
    columns = grid_columns(folder.config, conditional, n_classes)
    z, labels = fixed_latents(folder.config, columns, conditional, n_classes)
    with torch.inference_mode():
        picture = png(sheet(as_kept(generator(z, labels)), columns))
    with _lock:
        _drawn.pop(name, None)
        _drawn[name] = generator, picture
        while len(_drawn) > 8:
            del _drawn[next(iter(_drawn))]
    return picture


def listing(wanted: str) -> dict[str, Any]:
    """The runs whose names hold `wanted`, newest first."""
    found = runs().snapshots()
    active = [one for one in found if one.state in ACTIVE]
    matching = [one for one in found if wanted.casefold() in one.name.casefold()]
    return {
        "kind": "runs",
        "total": len(found),
        "matching": len(matching),
        "active": len(active),
        "runs": [
            {"name": one.name, "state": one.state, "mark": MARKS[one.state], "what": _in_short(one)}
            for one in matching[:LISTED]
        ],
    }


def _in_short(snapshot: Snapshot) -> str:
    """The second line of a run in the list."""
    if snapshot.state in ("training", "paused"):
        endless = snapshot.target_images is None and snapshot.target_seconds is None
        return snapshot.state if endless else f"{snapshot.state} · {int(100 * snapshot.progress)} %"
    return f"{snapshot.state} · {snapshot.images:,} images" if snapshot.images else snapshot.state

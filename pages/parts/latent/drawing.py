"""What the explorer's socket draws: one picture, the strip of a path, thumbnails, downloads. No socket in here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from gan_core import latent
from gan_core.errors import ConfigError
from gan_core.latent import View
from gan_core.networks import is_conditional
from gan_core.pictures import mosaic, png
from gan_core.store import RunFolder
from pages.parts.workbench import runs

STRIP = 11
FRAMES = 24
SCALE = 8
RANGE = 3.0
"""Sliders and the strip of one coordinate go from -RANGE to RANGE: 99.7 % of a Gaussian."""

# Forward passes of single pictures that measuring the coordinates' influence may cost.
_MEASURED = 4096

_influences: WeakKeyDictionary[nn.Module, list[float]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Scene:
    """A generator and what is known of its space."""

    run: str
    generator: nn.Module
    images: int
    latent_dim: int
    classes: tuple[str, ...]

    @property
    def space(self) -> tuple[int, int]:
        return self.latent_dim, len(self.classes)


def classes_told(folder: RunFolder) -> tuple[str, ...]:
    """The classes that the run's generator can be asked for; () where it is not told any."""
    classes = folder.info.dataset.classes
    return classes if is_conditional(folder.config, len(classes)) else ()


def check_pictures(folder: RunFolder) -> None:
    """
    Raises:
        ConfigError: the run's samples are not pictures.
    """
    shape = folder.info.dataset.shape
    if len(shape) != 3 or shape[0] not in (1, 3):
        raise ConfigError(
            f"{folder.name}: its samples have the shape {shape}, and only grey or colour pictures can be explored here"
        )


def scene(run: str, images: int | None) -> Scene:
    """
    Raises:
        WorkbenchError: no such run or checkpoint, damaged, or no pictures.
    """
    folder = runs().folder(run)
    check_pictures(folder)
    generator, seen = runs().generator(run, images)
    return Scene(run, generator, seen, folder.config.latent_dim, classes_told(folder))


def picture(here: Scene, view: View) -> bytes:
    """The one picture where the view stands, as PNG."""
    return png(mosaic(latent.draw(here.generator, *latent.place(view, *here.space)), 1))


def strip(here: Scene, view: View, dim: int | None) -> bytes:
    """STRIP pictures side by side: the way from A to B, or what coordinate `dim` does to A."""
    return png(mosaic(latent.draw(here.generator, *_way(here, view, dim, STRIP)), STRIP, gap=0))


def thumbnails(here: Scene, view: View, seeds: Sequence[int], side: str) -> bytes:
    """Sample A or B as it would be with other seeds, side by side."""
    label = view.label if side == "a" else view.label_b
    alone = View(truncation=view.truncation, label=label)
    places = [latent.place(alone.model_copy(update={"seed": seed}), *here.space) for seed in seeds]
    z = torch.cat([z for z, _ in places])
    labels = [soft for _, soft in places if soft is not None]
    pictures = latent.draw(here.generator, z, torch.cat(labels) if labels else None)
    return png(mosaic(pictures, len(seeds), gap=0))


def coordinates(here: Scene, view: View) -> list[float]:
    """Where sample A lies before a hand moved it: what each slider goes back to."""
    z, _ = latent.place(view.model_copy(update={"dims": {}, "mode": "sliders"}), *here.space)
    return [round(float(value), 4) for value in z[0]]


def influence(here: Scene) -> list[float]:
    """See `latent.influence`; measured once for each generator."""
    known = _influences.get(here.generator)
    if known is None:
        count = max(4, min(64, _MEASURED // here.latent_dim))
        known = _influences[here.generator] = latent.influence(here.generator, *here.space, count, 0).tolist()
    return known


def large_png(here: Scene, view: View) -> bytes:
    """The picture, each pixel a square of SCALE."""
    shown = mosaic(latent.draw(here.generator, *latent.place(view, *here.space)), 1)
    return png(shown.repeat(SCALE, 0).repeat(SCALE, 1))


def animation(here: Scene, view: View, dim: int | None) -> bytes:
    """The strip's way as an endless GIF, there and back."""
    return latent.gif(latent.draw(here.generator, *_way(here, view, dim, FRAMES)), 2.0, SCALE, True)


def as_json(here: Scene, view: View) -> bytes:
    """All that is needed to draw the picture again elsewhere."""
    z, labels = latent.place(view, *here.space)
    content: dict[str, Any] = {
        "run": here.run,
        "images_seen": here.images,
        "seed": view.seed,
        "view": view.model_dump(mode="json"),
        "z": z[0].tolist(),
        "labels": None if labels is None else dict(zip(here.classes, labels[0].tolist(), strict=True)),
    }
    return json.dumps(content, indent=1).encode()


def _way(here: Scene, view: View, dim: int | None, steps: int) -> tuple[Tensor, Tensor | None]:
    if dim is None:
        return latent.path(view, *here.space, steps)
    if dim >= here.latent_dim:
        raise ConfigError(f"dim = {dim}: this generator's latent has the coordinates 0 to {here.latent_dim - 1}")
    z, labels = latent.place(view.model_copy(update={"mode": "sliders"}), *here.space)
    z = z.repeat(steps, 1)
    z[:, dim] = torch.linspace(-RANGE, RANGE, steps)
    return z, None if labels is None else labels.repeat(steps, 1)

"""Runs as they learned: the moments of which there are pictures, the same latents at each, and several side by side.

    strip = Strip("first", moments(folder, history), lambda moment: sheet(folder, moment, generator))
    frames = side_by_side([strip, other], by="images")           # for an animation
    rows = time_by_latent(strip, height=28)                      # one picture: time down, latents across
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import nn

from gan_core import latent
from gan_core.errors import StoreError
from gan_core.pictures import drawable
from gan_core.pictures import sheet as sheet_of
from gan_core.store import History, RunFolder
from gan_core.trainer import fixed_latents, grid_columns

Picture = NDArray[np.uint8]
By = Literal["images", "seconds"]

MOST_MOMENTS = 120
FRAMES = 60
"""Of an animation at most."""
POINTS = 400
"""Of a generator of points, as many as a scatter plot needs to show where they lie."""

_BACKGROUND, _INK = (17, 17, 20), (235, 235, 235)
_LABEL, _GAP, _SIDE = 22, 12, 600


@dataclass(frozen=True)
class Moment:
    """A place in a run's training that can be looked at.

    Attributes:
        seconds: of training until there; 0 where the curves do not tell.
        grid: the sample grid that was kept there.
        checkpoint: whether there is one, so that any latent can be drawn.
    """

    images: int
    seconds: float
    grid: Path | None
    checkpoint: bool


@dataclass(frozen=True)
class Strip:
    """One run's moments, and what is seen at each.

    Attributes:
        picture: raises a `WorkbenchError` where that cannot be seen any more.
    """

    name: str
    moments: Sequence[Moment]
    picture: Callable[[Moment], Picture]


def moments(
    folder: RunFolder, history: History, checkpoints_only: bool = False, most: int = MOST_MOMENTS
) -> list[Moment]:
    """Where there is a checkpoint or a kept sample grid, in order; of very many, every so many of them."""
    grids = {} if checkpoints_only else dict(folder.samples())
    kept = {file.images for file in folder.checkpoints()}
    places = sorted(grids.keys() | kept)
    if len(places) > most:
        places = [places[index] for index in np.linspace(0, len(places) - 1, most).round().astype(int)]
    return [
        Moment(images, round(seconds or 0.0, 2), grids.get(images), images in kept)
        for images, seconds in zip(places, history.seconds_at(places), strict=True)
    ]


def nearest(found: Sequence[Moment], at: float, by: By) -> Moment:
    """The moment nearest to `at`; of two as near, the earlier."""
    return min(found, key=lambda moment: abs(getattr(moment, by) - at))


def sheet(folder: RunFolder, moment: Moment, generator: Callable[[int], nn.Module]) -> Picture:
    """The run's sample grid at a moment: as it was kept, or drawn now by the checkpoint from the same latents.

    Args:
        generator: images seen → the generator of that checkpoint, in eval mode on the CPU.

    Raises:
        StoreError: neither can be read, or nothing shows its samples.
    """
    if moment.grid is not None:
        try:
            with Image.open(io.BytesIO(moment.grid.read_bytes()), formats=("PNG",)) as picture:
                return np.asarray(picture.convert("L" if picture.mode in ("L", "1") else "RGB"))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            if not moment.checkpoint:
                raise StoreError(f"{folder.name}/samples/{moment.grid.name}: cannot be read ({error})") from None
    facts = folder.info.dataset
    if not drawable(facts.shape):
        raise StoreError(f"{folder.name}: draws samples of shape {list(facts.shape)}, which no picture shows")
    net = generator(moment.images)
    conditional = bool(net.n_classes)
    columns = grid_columns(folder.config, conditional, len(facts.classes))
    z, labels = fixed_latents(folder.config, columns, conditional, len(facts.classes))
    return sheet_of(latent.draw(net, z, labels), columns)


def same_latents(folders: Sequence[RunFolder]) -> bool:
    """Whether the sample grids of these runs are drawn from the same latents."""
    return len({(one.config.seed, one.config.grid, one.config.latent_dim) for one in folders}) <= 1


def drawn(generator: nn.Module, seed: int, truncation: float, columns: int, rows: int) -> Picture:
    """A mosaic by one generator: picture i from the latent of `seed + i`, where classes are known class by class. One
    that draws points gives a scatter plot of `POINTS`."""
    samples = _from_seeds(generator, seed, truncation, rows * columns)
    if samples.ndim == 2:
        samples = _from_seeds(generator, seed, truncation, POINTS)
    return sheet_of(samples, columns)


def _from_seeds(generator: nn.Module, seed: int, truncation: float, count: int) -> torch.Tensor:
    latent_dim, n_classes = cast(int, generator.latent_dim), cast(int, generator.n_classes)
    seeds = [(seed + i) % 2**31 for i in range(count)]
    z = latent.truncate(torch.stack([latent.latent(one, latent_dim) for one in seeds]), truncation)
    return latent.draw(generator, z, torch.arange(count) % n_classes if n_classes else None)


def side_by_side(strips: Sequence[Strip], by: By = "images", most: int = FRAMES) -> list[Picture]:
    """All runs together through time, each at its nearest moment: frames of one size, uint8 [H, W, 3], with the names
    and places written over them.

    Raises:
        WorkbenchError: a picture cannot be seen any more.
    """
    places = sorted({getattr(moment, by) for strip in strips for moment in strip.moments})
    if len(places) > most:
        places = [places[index] for index in np.linspace(0, len(places) - 1, most).round().astype(int)]
    seen: dict[tuple[int, Moment], Image.Image] = {}
    rows = []
    for at in places:
        row = [(i, nearest(strip.moments, at, by)) for i, strip in enumerate(strips)]
        for i, moment in row:
            if (i, moment) not in seen:
                seen[i, moment] = _enlarged(strips[i].picture(moment))
        rows.append(row)
    sizes = [
        (max(one.width for (j, _), one in seen.items() if j == i),
         max(one.height for (j, _), one in seen.items() if j == i)) for i in range(len(strips))
    ]
    width = sum(one for one, _ in sizes) + _GAP * (len(sizes) + 1)
    height = max(one for _, one in sizes) + _LABEL + _GAP
    return [_frame([(strips[i].name, moment, seen[i, moment]) for i, moment in row], sizes, width, height)
            for row in rows]


def _enlarged(picture: Picture) -> Image.Image:
    """Each pixel a square, as large as it fits."""
    image = Image.fromarray(picture).convert("RGB")
    scale = max(1, _SIDE // max(image.size))
    return image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)


def _frame(
    row: Sequence[tuple[str, Moment, Image.Image]], sizes: Sequence[tuple[int, int]], width: int, height: int
) -> Picture:
    frame = Image.new("RGB", (width + width % 2, height + height % 2), _BACKGROUND)  # video counts in twos
    pen, font, left = ImageDraw.Draw(frame), ImageFont.load_default(13), _GAP
    for (name, moment, image), (wide, _) in zip(row, sizes, strict=True):
        place = f"  {moment.images:,} images"
        while name and pen.textlength(name + place, font) > wide:
            name = name[:-2] + "…" if len(name) > 2 else ""
        pen.text((left, 4), name + place, _INK, font)
        frame.paste(image, (left, _LABEL))
        left += wide + _GAP
    return np.asarray(frame)


def time_by_latent(strip: Strip, height: int, most: int = 12) -> list[tuple[Moment, Picture]]:
    """Time downwards, latents across: of moments spread over the training, the first row of each sheet.

    Args:
        height: of one sample in pixels.
        most: rows.

    Raises:
        WorkbenchError: a picture cannot be seen any more.
    """
    found = list(strip.moments)
    if len(found) > most:
        found = [found[index] for index in np.linspace(0, len(found) - 1, most).round().astype(int)]
    return [(moment, strip.picture(moment)[:height]) for moment in found]


def stacked(rows: Sequence[tuple[Moment, Picture]], upto: int | None = None) -> Picture:
    """Rows of `time_by_latent` as one picture, uint8 [H, W, 3], their places written beside them.

    Args:
        upto: only the first so many are drawn, and room is left for the others: a frame of an animation.
    """
    images = [_wide(picture) for _, picture in rows]
    gap, left = 2, 110
    width = left + max(image.width for image in images) + _GAP
    height = sum(image.height + gap for image in images) + 2 * _GAP
    sheet = Image.new("RGB", (width + width % 2, height + height % 2), _BACKGROUND)
    pen, font, top = ImageDraw.Draw(sheet), ImageFont.load_default(13), _GAP
    for (moment, _), image in list(zip(rows, images, strict=True))[:upto]:
        words = f"{moment.images:,}"
        pen.text((left - 12 - pen.textlength(words, font), top + image.height / 2 - 8), words, _INK, font)
        sheet.paste(image, (left, top))
        top += image.height + gap
    return np.asarray(sheet)


def _wide(picture: Picture) -> Image.Image:
    image = Image.fromarray(picture).convert("RGB")
    scale = max(1, 640 // image.width)
    return image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)


def gif(frames: Sequence[Picture], seconds: float = 6.0) -> bytes:
    """Frames of one size, uint8 [H, W, 3], as an animation that begins again; see `latent.gif`."""
    return latent.gif(torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2), seconds, 1, False)

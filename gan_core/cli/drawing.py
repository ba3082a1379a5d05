"""`sample` and `interpolate`: pictures from a trained generator."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any, cast

import click
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gan_core import latent
from gan_core.cli.shell import Command, checkpoint_option, checkpoints_option, name_argument, out_option, say, write
from gan_core.errors import ConfigError, WorkbenchError
from gan_core.pictures import mosaic, png
from gan_core.runs import Runs
from gan_core.store import Store

MOST = {".png": 10_000, ".gif": 1_000, ".npz": 100_000}


@click.command(cls=Command)
@name_argument
@out_option(".png", ".npz")
@click.option("--count", default=64, show_default=True, metavar="N", help="How many.")
@click.option("--seed", default=0, show_default=True, help="Of the first; the next has the next seed, and so on.")
@click.option("--label", type=int, help="Only this class. Default: all classes in turn.")
@click.option("--truncation", default=1.0, show_default=True, help="Latents times this: below 1 likelier, less varied.")
@checkpoint_option
@checkpoints_option
def sample(
    name: str, out: Path, count: int, seed: int, label: int | None, truncation: float, step: int | None, store: Store
) -> None:
    """Draw pictures with the run NAME.

    \b
      python -m gan_core sample digits-quick-1 --count 100 --out samples.png
      python -m gan_core sample digits-quick-1 --count 10000 --out samples.npz
      python -m gan_core sample digits-quick-1 --label 7 --truncation 0.7 --checkpoint 780 --out sevens.png

    The picture of a seed is the one that the Explore page shows for it, and the same every time.

    A .png is a grid (a column a class where there are at most 12). A .npz holds `images`, uint8 N×H×W (grey) or N×H×W×C
    (colour), and `labels`, int64 N; all -1 where the generator was not told classes.
    """
    ending = out.suffix.lower()
    if not 1 <= count <= MOST[ending]:
        raise WorkbenchError(f"count = {count}: must be at least 1 and at most {MOST[ending]:,} for {ending}")
    generator, images = _generator(store, name, step)
    latent_dim, n_classes = cast(int, generator.latent_dim), cast(int, generator.n_classes)
    # The Explore page's own rules for a seed, a label and a truncation; the last seed is checked too.
    asked = {"label": label, "truncation": truncation}
    latent.View.from_message({**asked, "seed": seed}).check(latent_dim, n_classes)
    latent.View.from_message({"seed": seed + count - 1})

    z = latent.truncate(torch.stack([latent.latent(seed + i, latent_dim) for i in range(count)]), truncation)
    labels = None
    if n_classes:
        labels = torch.arange(count) % n_classes if label is None else torch.full((count,), label)
    pictures = latent.draw(generator, z, labels)
    if ending == ".png":
        by_class = label is None and 0 < n_classes <= 12
        columns = n_classes if by_class else max(1, round(count**0.5))
        write(out, png(mosaic(_pictures_only(pictures, name), columns)))
    else:
        known = torch.full((count,), -1) if labels is None else labels
        write(out, _npz(images=_channels_last(pictures), labels=known.numpy()))
    say(f"{out}: {count:,} pictures by {name} at {images:,} images")


@click.command(cls=Command)
@name_argument
@out_option(".png", ".gif", ".npz")
@click.option("--from-seed", "seed", default=0, show_default=True, help="The first picture's latent.")
@click.option("--to-seed", "seed_b", default=1, show_default=True, help="The last picture's latent.")
@click.option("--from-label", "label", type=int, help="The first picture's class. Default: 0, where there are classes.")
@click.option("--to-label", "label_b", type=int, help="The last picture's class. Default: the first's.")
@click.option("--steps", default=16, show_default=True, help="Pictures, the two ends included.")
@click.option(
    "--how", default="spherical", show_default=True, metavar="linear|spherical",
    help="The way: straight, or along the great circle, where latents lie.",
)
@click.option("--truncation", default=1.0, show_default=True, help="Latents times this: below 1 likelier, less varied.")
@click.option("--seconds", default=2.0, show_default=True, help="For .gif: how long one way takes.")
@click.option("--scale", default=8, show_default=True, help="For .gif: how large a pixel is drawn.")
@click.option("--back/--one-way", "back", default=True, show_default=True, help="For .gif: play it backwards too.")
@checkpoint_option
@checkpoints_option
def interpolate(
    name: str, out: Path, steps: int, seconds: float, scale: int, back: bool, step: int | None, store: Store,
    **view: Any,
) -> None:
    """Draw the way from one picture of the run NAME to another.

    \b
      python -m gan_core interpolate digits-quick-1 --from-seed 3 --to-seed 8 --out strip.png
      python -m gan_core interpolate digits-quick-1 --from-label 1 --to-label 7 --steps 48 --out melt.gif

    A .png is a strip (16 a row), a .gif an animation. A .npz holds `images` as `sample` does, `t`, float32 N, from 0 to
    1, and where there are classes `label_weights`, float32 N×classes.
    """
    ending = out.suffix.lower()
    for key, value, low, high in (
        ("steps", steps, 2, MOST[ending]), ("scale", scale, 1, 32), ("seconds", seconds, 0.02, 3600)
    ):
        if not low <= value <= high:
            raise WorkbenchError(f"{key} = {value}: must be at least {low} and at most {high}")
    generator, images = _generator(store, name, step)
    latent_dim, n_classes = cast(int, generator.latent_dim), cast(int, generator.n_classes)
    try:
        z, labels = latent.path(latent.View.from_message(view), latent_dim, n_classes, steps)
    except ConfigError as error:  # in the words of the flags
        flag = {"": "from_", "_b": "to_"}
        message = re.sub(r"\b(seed|label)(|_b)(?= = )", lambda match: flag[match[2]] + match[1], str(error))
        raise WorkbenchError(message) from None
    pictures = latent.draw(generator, z, labels)
    if ending == ".npz":
        arrays = {"images": _channels_last(pictures), "t": np.linspace(0, 1, steps, dtype=np.float32)}
        write(out, _npz(**arrays) if labels is None else _npz(**arrays, label_weights=labels.numpy()))
    elif ending == ".gif":
        write(out, latent.gif(_pictures_only(pictures, name), seconds, scale, back))
    else:
        write(out, png(mosaic(_pictures_only(pictures, name), columns=16)))
    say(f"{out}: {steps:,} pictures by {name} at {images:,} images")


def _generator(store: Store, name: str, step: int | None) -> tuple[nn.Module, int]:
    runs = Runs(store)
    return runs.generator(name, None if step is None else runs.folder(name).find(step=step).images)


def _pictures_only(samples: Tensor, name: str) -> Tensor:
    if samples.ndim != 4 or samples.shape[1] not in (1, 3):
        raise WorkbenchError(f"{name}: draws samples of shape {list(samples.shape[1:])}, no pictures; write a .npz")
    return samples


def _channels_last(samples: Tensor) -> NDArray[np.uint8]:
    """[N, C, H, W] → [N, H, W] where C is 1, else [N, H, W, C]; anything else as it is."""
    array = samples.numpy()
    if array.ndim != 4:
        return array
    return array[:, 0] if array.shape[1] == 1 else array.transpose(0, 2, 3, 1)


def _npz(**arrays: NDArray[Any]) -> bytes:
    """Plain arrays only, so that `numpy.load` needs no pickle."""
    out = io.BytesIO()
    np.savez_compressed(out, allow_pickle=False, **arrays)
    return out.getvalue()

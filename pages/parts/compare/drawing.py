"""What stands side by side: the same latents drawn by each checkpoint, and what it took to get there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
import torch

from gan_core.errors import StoreError
from gan_core.networks import is_conditional
from gan_core.pictures import drawable, png
from gan_core.snapshot import Snapshot
from gan_core.store import RunFolder
from gan_core.store.files import stamp
from gan_core.timeline import POINTS, drawn
from pages.parts.compare.link import Choice
from pages.parts.workbench import runs

ROWS, COLUMNS = 6, 8
SCALE = 4
"""Each pixel becomes a square of so many: sharp when a browser shrinks it to fit."""


@dataclass(frozen=True)
class Shown:
    """One of the checkpoints that stand side by side.

    Attributes:
        letter: A, B, …: how it is called on the page and marked in its curve.
        classes: that its generator is told; 0 where it is told none.
        seconds: training time until it was written; None where its curves do not tell.
    """

    letter: str
    choice: Choice
    snapshot: Snapshot
    folder: RunFolder
    classes: int
    step: int
    epoch: float
    seconds: float | None


@dataclass(frozen=True)
class Layout:
    """Which latents, and where they stand: the same for all. Picture i is drawn from the latent of seed + i."""

    seed: int
    truncation: float
    columns: int

    @property
    def count(self) -> int:
        return ROWS * self.columns


def look(letter: str, choice: Choice) -> Shown:
    """
    Raises:
        WorkbenchError: no such run or checkpoint, or its files are damaged.
    """
    snapshot, folder = runs().snapshot(choice.run), runs().folder(choice.run)
    file, facts = folder.find(choice.images), folder.info.dataset
    told = len(facts.classes) if is_conditional(folder.config, len(facts.classes)) else 0
    return Shown(
        letter, choice, snapshot, folder, told, file.step, file.images / facts.count,
        runs().history(choice.run).seconds_at([file.images])[0],
    )


def layout(shown: Sequence[Shown], seed: int, truncation: float) -> Layout:
    """A column a class where all that are told classes know the same number and it fits in a row, as often as there is
    room; else 8 columns."""
    told = {one.classes for one in shown if one.classes}
    classes = told.pop() if len(told) == 1 else COLUMNS
    columns = classes * max(1, COLUMNS // classes) if classes <= 12 else COLUMNS
    return Layout(seed, truncation, columns)


def picture(one: Shown, layout: Layout) -> bytes:
    """The checkpoint's mosaic as PNG.

    Raises:
        WorkbenchError: no picture shows its samples, or the file is damaged or gone.
    """
    shape = one.folder.info.dataset.shape
    if not drawable(shape):
        raise StoreError(f"{one.choice.run}: draws samples of shape {list(shape)}, which no picture shows")
    file = one.folder.find(one.choice.images).path
    return _picture(str(file), stamp(file), one.choice.run, one.choice.images, layout)


@st.cache_data(max_entries=64, show_spinner=False)
def _picture(path: str, changed: tuple[int, int] | None, run: str, images: int, layout: Layout) -> bytes:
    """`path` and `changed` are part of the key: another run may take the name, another file the place."""
    # This thread's own: begun after a training said otherwise, it would take the training's cores for each picture.
    torch.set_num_threads(1)
    sheet = drawn(runs().generator(run, images)[0], layout.seed, layout.truncation, layout.columns, ROWS)
    return png(sheet.repeat(SCALE, 0).repeat(SCALE, 1))


def sameness(shown: Sequence[Shown], layout: Layout) -> str:
    """In words: what is the same in all the pictures, and what is not."""
    sizes = {one.folder.config.latent_dim for one in shown}
    told = {one.classes for one in shown}
    count = POINTS if all(one.folder.info.dataset.shape == (2,) for one in shown) else layout.count
    seeds = f"seeds {layout.seed:,} to {layout.seed + count - 1:,}"
    if len(sizes) == 1:
        text = f"The same in all: the {count} latents ({sizes.pop()} numbers each, {seeds})"
    else:
        listed = ", ".join(f"{one.letter} {one.folder.config.latent_dim}" for one in shown)
        text = f"Not the same: the latents, which differ in size ({listed} numbers). The same in all: their {seeds}"
    if told == {0}:
        text += " and their places. No generator here is told a class: each draws what it likes."
    elif len(told) == 1:
        columns = "" if layout.columns % max(told) else ", a column each,"
        text += f", their classes{columns} and their places."
    elif 0 in told:
        free = ", ".join(one.letter for one in shown if not one.classes)
        text += f" and their places. Not the same: the classes; {free} is told none and draws what it likes."
    else:
        listed = ", ".join(f"{one.letter} {one.classes}" for one in shown)
        text += f" and their places. Not the same: the classes, of which they know different numbers ({listed})."
    if len({one.choice.run for one in shown}) > 1:
        text += " Each run gives the latents a meaning of its own; within one run the same place keeps its picture."
    return text

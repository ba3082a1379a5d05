"""What a dataset looks like before anyone trains on it."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from gan_core.datasets.base import Dataset
from gan_core.pictures import drawable, png, sheet, to_uint8

MAX_ROWS = 10
POINTS = 2_000


@dataclass(frozen=True)
class Preview:
    """A dataset in short.

    Attributes:
        name, title: of the registry.
        shape: of one sample.
        count: samples in all.
        class_counts: samples of each class; {} when unlabelled.
        skipped: 'file: reason' of what could not be used.
        picture: a PNG of real samples, b"" where they can not be shown.
    """

    name: str
    title: str
    shape: tuple[int, ...]
    count: int
    class_counts: dict[str, int]
    skipped: tuple[str, ...]
    picture: bytes


def make_preview(dataset: Dataset, title: str, columns: int, seed: int) -> Preview:
    """Draw samples without replacement: a row for each of the first ten classes that have any, else a plain grid."""
    return Preview(
        name=dataset.name,
        title=title,
        shape=dataset.shape,
        count=len(dataset),
        class_counts=dataset.class_counts(),
        skipped=dataset.skipped,
        picture=_picture(dataset, columns, seed),
    )


def _picture(dataset: Dataset, columns: int, seed: int) -> bytes:
    if not drawable(dataset.shape):
        return b""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(dataset), generator=generator)
    if len(dataset.shape) == 1:
        return png(sheet(dataset.samples[order[:POINTS].to(dataset.samples.device)], columns))
    if dataset.labels is None:
        rows = [order[i : i + columns] for i in range(0, min(len(order), MAX_ROWS * columns), columns)]
    else:
        labels = dataset.labels.cpu()[order]
        rows = [chosen for label in range(dataset.n_classes) if len(chosen := order[labels == label][:columns])]
    rows = rows[:MAX_ROWS]
    width = max(len(row) for row in rows)
    cells = torch.zeros(len(rows), width, *dataset.shape, dtype=torch.uint8)
    for cell, row in zip(cells, rows, strict=True):
        found = dataset.samples.index_select(0, row.to(dataset.samples.device)).cpu()
        cell[: len(row)] = found if found.dtype == torch.uint8 else to_uint8(found)
    return png(sheet(cells.flatten(0, 1), columns=width))

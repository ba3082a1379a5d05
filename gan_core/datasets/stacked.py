"""Stacked MNIST: three random digits as the red, green and blue of one picture, so 1,000 kinds of picture (Che 2017,
section 4.1.1; Metz 2017). The field's test of mode coverage, for unconditional generators."""

from __future__ import annotations

import torch

from gan_core.datasets.base import Dataset
from gan_core.datasets.idx_sets import MNIST
from gan_core.datasets.source import Request, Source

CHANNELS = 3


def stack(digits: Dataset) -> Dataset:
    """As many pictures as there are digits: uint8 [N, 3, S, S], without labels.

    Each channel holds every digit once, in an order of its own, the same every time: so the three are independent, and
    every digit is seen as often as any other.
    """
    random = torch.Generator().manual_seed(0)
    orders = [torch.randperm(len(digits), generator=random) for _ in range(CHANNELS)]
    return Dataset("stacked-mnist", torch.cat([digits.samples[order] for order in orders], 1), None)


def _read(request: Request) -> Dataset:
    return stack(MNIST.read(request))


SOURCE = Source(
    name="stacked-mnist",
    title="Stacked MNIST",
    description="60,000 colour pictures, each of three random digits of MNIST as red, green and blue: 1,000 kinds of "
    "picture, which shows whether G finds them all.",
    needs="files",
    read=_read,
    key=lambda request: request.data_dir,
    resources=MNIST.resources,
)

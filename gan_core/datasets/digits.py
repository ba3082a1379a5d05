"""Handwritten digits that come with scikit-learn: nothing to download, so the first click always works.

Source: UCI "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak, 1998), 1,797 pictures of 8x8 pixels with
17 levels, by way of `sklearn.datasets.load_digits`.
"""

from __future__ import annotations

import gzip
import importlib.util
import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from gan_core.datasets.base import Dataset, Jitter
from gan_core.datasets.source import Request, Source

INNER, SIDE = 20, 28
"""MNIST's own proportions: the digit fills 20x20 in the middle of 28x28."""


def read(request: Request | None = None) -> Dataset:
    """Build the set: uint8 [1797, 1, 28, 28], labels 0..9, with jitter. Takes well under a second.

    8x8 to 20x20 by Lanczos, centred in 28x28, then sharpened by a sigmoid, since enlarged strokes are grey and soft.
    """
    images, labels = _original()
    small = images.astype(np.float32).reshape(-1, 8, 8) / 16.0
    large = np.zeros((len(small), SIDE, SIDE), dtype=np.float32)
    edge = (SIDE - INNER) // 2
    for picture, target in zip(small, large, strict=True):
        resized = Image.fromarray(picture).resize((INNER, INNER), Image.Resampling.LANCZOS)
        target[edge : edge + INNER, edge : edge + INNER] = np.asarray(resized)
    sharp = np.rint(_sharpen(large.clip(0.0, 1.0)) * 255.0).astype(np.uint8)
    return Dataset(
        name="digits",
        samples=torch.from_numpy(sharp).unsqueeze(1),
        labels=torch.from_numpy(labels),
        classes=tuple("0123456789"),
        jitter=Jitter(),
    )


def _original() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Values 0..16 as [1797, 64], and labels [1797].

    Importing scikit-learn takes seconds and this page is the first that anyone sees, so its file is read directly;
    should a version keep it elsewhere, `load_digits` knows.
    """
    package = importlib.util.find_spec("sklearn")
    for folder in (package and package.submodule_search_locations) or ():
        file = Path(folder) / "datasets" / "data" / "digits.csv.gz"
        if file.is_file():
            with gzip.open(file, "rt", encoding="ascii") as lines:
                table = np.loadtxt(lines, delimiter=",", dtype=np.uint8)
            return table[:, :-1], table[:, -1].astype(np.int64)
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return np.asarray(images).astype(np.uint8), np.asarray(labels).astype(np.int64)


def _sharpen(x: NDArray[np.float32]) -> NDArray[np.float64]:
    """sigmoid(10 (x - 0.45)), rescaled so that 0 stays 0 and 1 stays 1."""
    y = 1.0 / (1.0 + np.exp(-10.0 * (x.astype(np.float64) - 0.45)))
    low, high = (1.0 / (1.0 + math.exp(-10.0 * (end - 0.45))) for end in (0.0, 1.0))
    return (y - low) / (high - low)


SOURCE = Source(
    name="digits",
    title="Digits (built in)",
    description="1,797 handwritten digits, 28x28 grey, enlarged from 8x8. Comes with the program: nothing to download.",
    needs="nothing",
    read=read,
)

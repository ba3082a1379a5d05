"""CIFAR-10 from its binary version (Krizhevsky, 2009; https://www.cs.toronto.edu/~kriz/cifar.html).

The version that torchvision reads is a set of Python pickles, which can run code when opened; it is never touched.
"""

from __future__ import annotations

import os
from pathlib import Path

import torch

from gan_core.datasets.base import Dataset
from gan_core.datasets.downloads import Resource, not_downloaded
from gan_core.datasets.source import Request, Source
from gan_core.errors import DatasetError

FOLDER, PICKLED = "cifar-10-batches-bin", "cifar-10-batches-py"
BATCHES = tuple(f"{FOLDER}/data_batch_{i}.bin" for i in range(1, 6))
NAMES = f"{FOLDER}/batches.meta.txt"
SHAPE = (3, 32, 32)
RECORD = 1 + 3 * 32 * 32
"""One label byte, then red, green and blue, row by row."""
MAX_BYTES = 2**28


def read(request: Request) -> Dataset:
    """The training split: uint8 [50000, 3, 32, 32], labels 0..9.

    Raises:
        DatasetError: files are missing, are only there pickled, or do not consist of whole records.
    """
    absent = [path for name in (*BATCHES, NAMES) if not os.path.isfile(path := request.data_dir / name)]
    if absent:
        if os.path.isdir(request.data_dir / PICKLED):
            raise DatasetError(
                f"'{request.data_dir / PICKLED}' holds CIFAR-10 as Python pickles, which can run any code when they "
                "are opened, so they never are. Download the binary version with the button on the Train page or "
                f"with `python -m gan_core download cifar10`; it goes to '{request.data_dir / FOLDER}'. "
                "'digits' needs no download."
            )
        raise not_downloaded("cifar10", absent)
    classes = _read_names(request.data_dir / NAMES)
    batches = [_read_batch(request.data_dir / name) for name in BATCHES]
    for name, batch in zip(BATCHES, batches, strict=True):
        if len(batch) != len(batches[0]):
            raise DatasetError(
                f"'{request.data_dir / name}' holds {len(batch):,} pictures, '{Path(BATCHES[0]).name}' "
                f"{len(batches[0]):,}; all five are equally long, so one is cut short. "
                "Delete the folder and download again."
            )
    records = torch.cat(batches)
    labels = records[:, 0].long()
    if int(labels.max()) >= len(classes):
        raise DatasetError(
            f"'{request.data_dir / FOLDER}' holds the label {int(labels.max())}, but '{NAMES}' names only "
            f"{len(classes)} classes. Delete the folder and download again."
        )
    return Dataset("cifar10", records[:, 1:].reshape(-1, *SHAPE).contiguous(), labels, classes)


def _read_bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DatasetError(f"'{path}' is larger than any file of CIFAR-10. Delete it and download again.")
        return path.read_bytes()
    except OSError as error:
        raise DatasetError(f"'{path}' could not be read: {error.strerror or error}") from error


def _read_batch(path: Path) -> torch.Tensor:
    """uint8 [N, 3073]"""
    content = _read_bytes(path)
    if not content or len(content) % RECORD:
        raise DatasetError(
            f"'{path}' holds {len(content):,} bytes, which is not a whole number of records of {RECORD:,}. "
            "Delete it and download again."
        )
    return torch.frombuffer(bytearray(content), dtype=torch.uint8).view(-1, RECORD)


def _read_names(path: Path) -> tuple[str, ...]:
    names = tuple(line.strip() for line in _read_bytes(path).decode("utf-8", "replace").splitlines() if line.strip())
    if not names or len(set(names)) != len(names):
        raise DatasetError(f"'{path}' must name each class on a line of its own. Delete it and download again.")
    return names


SOURCE = Source(
    name="cifar10",
    title="CIFAR-10",
    description="50,000 small photographs in ten kinds, 32x32 colour (Krizhevsky, 2009).",
    needs="files",
    read=read,
    key=lambda request: request.data_dir,
    resources=(
        Resource(
            "cifar-10-binary.tar.gz",
            ("https://www.cs.toronto.edu/~kriz/",),
            "c32a1d4ab5d03f1284b67883e8d87530",
            170_052_171,
            unpack=tuple((name, name) for name in (*BATCHES, NAMES)),
        ),
    ),
)

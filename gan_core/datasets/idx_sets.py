"""The MNIST family: files in Yann LeCun's IDX format, laid out below the data folder as torchvision lays them out.

Addresses, checksums and class names are torchvision's (`torchvision.datasets.mnist`; a test compares them, importing
torchvision here would cost every start a second). Only the training split is used.
"""

from __future__ import annotations

import gzip
import math
import zlib
from dataclasses import dataclass
from pathlib import Path

import torch

from gan_core.datasets import downloads
from gan_core.datasets.base import Dataset
from gan_core.datasets.downloads import Resource
from gan_core.datasets.source import Request, Source
from gan_core.errors import DatasetError

MAX_BYTES = 2**31


def read_idx(path: Path, dimensions: int) -> torch.Tensor:
    """Read one IDX file of unsigned bytes, packed by gzip or not (told by its first bytes, not by its name).

    The format: two zero bytes, the type (0x08: unsigned byte), the number of dimensions, then each dimension as a
    big-endian 32-bit number, then the values with the last dimension fastest.

    Args:
        path: the file.
        dimensions: how many it must have: 3 for pictures, 1 for labels.

    Returns:
        uint8 tensor of the shape the file states.

    Raises:
        DatasetError: unreadable, not IDX, of another type or number of dimensions, empty, or not as long as stated.
    """
    again = "Delete it and download it again."
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            with gzip.open(raw) if packed else raw as file:
                magic = file.read(4)
                if magic != bytes((0, 0, 8, dimensions)):
                    raise DatasetError(
                        f"'{path}' is not an IDX file of bytes with {dimensions} dimension(s): it begins with "
                        f"0x{magic.hex() or '(nothing)'}, 0x00000{8}{dimensions:02x} is right. {again}"
                    )
                header = file.read(4 * dimensions)
                shape = tuple(int.from_bytes(header[i : i + 4], "big") for i in range(0, len(header), 4))
                size = math.prod(shape)
                if len(header) < 4 * dimensions or not 0 < size <= MAX_BYTES:
                    raise DatasetError(f"'{path}' states impossible dimensions {shape}. {again}")
                values = bytearray(file.read(size))
                longer = bool(file.read(1))
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DatasetError(f"'{path}' is cut short or damaged ({error}). {again}") from error
    except OSError as error:
        raise DatasetError(f"'{path}' could not be read: {error.strerror or error}") from error
    if len(values) != size or longer:
        found = f"{len(values):,}" if len(values) < size else f"more than {size:,}"
        raise DatasetError(f"'{path}' holds {found} values where its header states {size:,} {shape}. {again}")
    return torch.frombuffer(values, dtype=torch.uint8).view(shape)


@dataclass(frozen=True)
class _Family:
    """One member of the family: what differs from MNIST, and how to read it."""

    name: str
    images: str
    labels: str
    classes: tuple[str, ...]
    first_label: int = 0
    transposed: bool = False

    def read(self, request: Request) -> Dataset:
        wanted = [request.data_dir / file for file in (self.images, self.labels)]
        found = [downloads.find(path) for path in wanted]
        pictures_path, labels_path = found
        if pictures_path is None or labels_path is None:
            raise downloads.not_downloaded(self.name, [path for path, at in zip(wanted, found, strict=True) if not at])
        pictures = read_idx(pictures_path, 3)
        labels = read_idx(labels_path, 1).long() - self.first_label
        if len(pictures) != len(labels):
            raise DatasetError(
                f"'{pictures_path}' holds {len(pictures):,} pictures but '{labels_path}' {len(labels):,} labels. "
                "Delete both and download them again."
            )
        low, high = int(labels.min()), int(labels.max())
        if low < 0 or high >= len(self.classes):
            raise DatasetError(
                f"'{labels_path}' holds labels from {low + self.first_label} to {high + self.first_label}; "
                f"{self.first_label} to {len(self.classes) - 1 + self.first_label} are right. "
                "Delete it and download it again."
            )
        if self.transposed:
            pictures = pictures.transpose(1, 2)
        return Dataset(self.name, pictures.unsqueeze(1).contiguous(), labels, self.classes)


def _source(family: _Family, title: str, description: str, resources: tuple[Resource, ...]) -> Source:
    return Source(
        name=family.name,
        title=title,
        description=description,
        needs="files",
        read=family.read,
        key=lambda request: request.data_dir,
        resources=resources,
    )


def _mnist_like(
    name: str,
    folder: str,
    classes: tuple[str, ...],
    title: str,
    description: str,
    mirrors: tuple[str, ...],
    images: tuple[str, int],
    labels: tuple[str, int],
) -> Source:
    """A set with MNIST's file names: `images` and `labels` are (md5, bytes) of the packed training files."""
    pictures_file = f"{folder}/raw/train-images-idx3-ubyte.gz"
    labels_file = f"{folder}/raw/train-labels-idx1-ubyte.gz"
    return _source(
        _Family(name, pictures_file, labels_file, classes),
        title,
        description,
        (Resource(pictures_file, mirrors, *images), Resource(labels_file, mirrors, *labels)),
    )


MNIST = _mnist_like(
    "mnist",
    "MNIST",
    tuple("0123456789"),
    "MNIST",
    "60,000 handwritten digits, 28x28 grey (LeCun, Cortes and Burges, 1998).",
    ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"),
    ("f68b3c2dcbeaaa9fbdd348bbdeb94873", 9_912_422),
    ("d53e105ee54ea40749a09fcbcd1e9432", 28_881),
)
FASHION_MNIST = _mnist_like(
    "fashion-mnist",
    "FashionMNIST",
    ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    "Fashion-MNIST",
    "60,000 pieces of clothing in ten kinds, 28x28 grey (Xiao, Rasul and Vollgraf, 2017).",
    (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    ("8d4fb7e6c68d591d4c3dfef9ec88bf0d", 26_421_880),
    ("25c81989df183df01b3e8a0aad5dffbe", 29_515),
)
KMNIST = _mnist_like(
    "kmnist",
    "KMNIST",
    ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    "Kuzushiji-MNIST",
    "60,000 cursive Japanese characters in ten kinds, 28x28 grey (Clanuwat et al., 2018).",
    ("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
    ("bdb82020997e1d708af4cf47b453dcf7", 18_165_135),
    ("e144d726b3acfaa3e44228e80efcd344", 29_497),
)

_EMNIST = _Family(
    "emnist",
    "EMNIST/raw/emnist-letters-train-images-idx3-ubyte.gz",
    "EMNIST/raw/emnist-letters-train-labels-idx1-ubyte.gz",
    tuple("abcdefghijklmnopqrstuvwxyz"),
    first_label=1,  # the letters split counts from 1
    transposed=True,  # NIST stores columns first
)
EMNIST = _source(
    _EMNIST,
    "EMNIST letters",
    "124,800 handwritten letters a to z, capital and small together, 28x28 grey (Cohen et al., 2017). The download is "
    "one 562 MB file for all of EMNIST; only the letters are kept.",
    (
        Resource(
            "EMNIST/raw/gzip.zip",
            ("https://biometrics.nist.gov/cs_links/EMNIST/",),
            "58c8d27c78d21e728a6bc7b3cc06412e",
            561_753_746,
            unpack=tuple((f"gzip/{Path(file).name}", file) for file in (_EMNIST.images, _EMNIST.labels)),
        ),
    ),
)
SOURCES = (MNIST, FASHION_MNIST, KMNIST, EMNIST)

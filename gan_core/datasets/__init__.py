"""Datasets by name: what there is, whether it is here, how to fetch it, and the samples themselves.

    from gan_core import datasets
    digits = datasets.load("digits")
    x, y = digits.batch(torch.arange(64), torch.Generator().manual_seed(0))   # [64, 1, 28, 28] in [-1, 1], [64]

A new set is one file with a `Source`, and its place in `DATASETS` below.
"""

from __future__ import annotations

import os
from pathlib import Path

from gan_core.datasets import cifar, digits, downloads, folder, idx_sets, mixtures, plane, stacked
from gan_core.datasets.base import Dataset, Jitter
from gan_core.datasets.downloads import Progress
from gan_core.datasets.memo import Memo
from gan_core.datasets.picture_file import Colour
from gan_core.datasets.preview import Preview, make_preview
from gan_core.datasets.source import Request, Source
from gan_core.datasets.uploads import save_upload
from gan_core.errors import DatasetError

__all__ = [
    "DATASETS",
    "Dataset",
    "Jitter",
    "Preview",
    "Source",
    "data_folder",
    "download",
    "download_size",
    "is_available",
    "load",
    "preview",
    "save_upload",
    "whole_path",
]

DATASETS: dict[str, Source] = {
    source.name: source
    for source in (
        digits.SOURCE, *idx_sets.SOURCES, cifar.SOURCE, stacked.SOURCE, *mixtures.SOURCES,
        *plane.SOURCES, folder.SOURCE,
    )
}

_memo = Memo(max_bytes=2**30)


def data_folder(data_dir: str | Path | None = None) -> Path:
    """Where downloads go: the argument, else the environment's GAN_DATA_DIR, else 'data' in the current folder."""
    return _at_home(data_dir or os.environ.get("GAN_DATA_DIR") or "data")


def whole_path(path: str | Path) -> Path:
    """A path as a person writes it → the same wherever the program is started from.

    Raises:
        DatasetError: `~name` of a person whom this machine does not know.
    """
    return _at_home(path).absolute()


def _at_home(path: str | Path) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise DatasetError(f"'{path}': {str(error).rstrip('.')}; write the whole path") from None


def load(
    name: str,
    data_dir: str | Path | None = None,
    path: str | Path | None = None,
    image_size: int = 28,
    colour: Colour = "auto",
    on_progress: Progress | None = None,
    drawing: str | None = None,
) -> Dataset:
    """The samples of a set. The same arguments give the same object while it is kept; any thread may call.

    Args:
        name: one of `DATASETS`.
        data_dir: see `data_folder`; for sets that are downloaded.
        path, image_size, colour: for 'folder': the folder or zip, pixels a side (28, 32 or 64), and the kind.
        on_progress: called with (files done, files in all) while a folder is read.
        drawing: for 'drawing': its strokes, see `plane.drawing`.

    Raises:
        DatasetError: unknown name, or the files are missing, damaged or of the wrong kind; says what to do.
    """
    source = _source(name)
    request = Request(
        data_dir=data_folder(data_dir).absolute(),
        path=None if path is None or not str(path).strip() else whole_path(path),
        image_size=image_size,
        colour=colour,
        on_progress=on_progress,
        drawing=drawing,
    )
    return _memo.get((name, source.key(request)), lambda: source.read(request))


def is_available(name: str, data_dir: str | Path | None = None) -> bool:
    """Whether `load` needs no download: built in, the person's own, or all files are there (their content unread)."""
    return not _source(name).missing(data_folder(data_dir))


def download_size(name: str) -> int:
    """Bytes that a whole download fetches; 0 for sets that need none."""
    return sum(resource.size for resource in _source(name).resources)


def download(
    name: str, data_dir: str | Path | None = None, on_progress: Progress | None = None, base_url: str | None = None
) -> None:
    """Fetch what a set needs; what is there already stays, and a broken download continues where it stopped.

    Args:
        name: one of `DATASETS`. Nothing happens for 'digits'.
        data_dir: see `data_folder`.
        on_progress: called with (bytes done, bytes in all); an exception from it stops, and keeps what came.
        base_url: a folder on the web to use instead of the known mirrors.

    Raises:
        DatasetError: unknown name, nothing to download ('folder'), no connection, corrupted, or the disk refuses.
    """
    source = _source(name)
    if source.needs == "path":
        raise DatasetError(f"the dataset '{name}' is the person's own pictures: give its path; nothing is downloaded")
    downloads.fetch(source.resources, data_folder(data_dir), on_progress, base_url)


def preview(dataset: Dataset, columns: int = 12, seed: int = 0) -> Preview:
    """Numbers and one picture of real samples: a row a class (the first ten), or a grid where there are none.

    Args:
        dataset: any; samples that are neither pictures nor points in the plane give `picture=b""`.
        columns: samples a row.
        seed: which samples are drawn.
    """
    title = DATASETS[dataset.name].title if dataset.name in DATASETS else dataset.name
    return make_preview(dataset, title, columns, seed)


def _source(name: str) -> Source:
    if name not in DATASETS:
        raise DatasetError(f"there is no dataset {name!r}; choose one of {', '.join(DATASETS)}")
    return DATASETS[name]

"""A person's own pictures: a folder or a zip, whose sub-folders are the classes.

The rule: every folder on the first level that holds at least one readable picture, at any depth, is a class; classes
are numbered by sorted name. Pictures that lie beside class folders are skipped (and listed). A single class is none:
its pictures are unlabelled, and so are the loose ones where there is no class folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from gan_core.archive import ArchiveLimitError
from gan_core.datasets.base import Dataset
from gan_core.datasets.collection import MAX_FILE_BYTES, Entry, open_collection
from gan_core.datasets.downloads import Progress
from gan_core.datasets.picture_file import Colour, Unreadable, read_picture
from gan_core.datasets.source import Request, Source
from gan_core.errors import ArchiveError, DatasetError

SIZES = (28, 32, 64)
COLOURS: tuple[Colour, ...] = ("auto", "grey", "colour")
MAX_BYTES = 2 * 2**30
"""Of all pictures together, at rest: 174,000 in colour at 64 x 64."""

Picture = NDArray[np.uint8]


def read(request: Request) -> Dataset:
    """All readable pictures below a folder or in a zip: uint8 [N, 1 or 3, size, size].

    Raises:
        DatasetError: no path, nothing readable there, fewer than two pictures, or more than fits.
    """
    path = _path(request)
    if request.image_size not in SIZES:
        raise DatasetError(f"image_size = {request.image_size}: choose {_choices(SIZES)} pixels")
    if request.colour not in COLOURS:
        raise DatasetError(f"colour = {request.colour!r}: choose {_choices(COLOURS)}")
    with open_collection(path) as collection:
        reader = _Reader(request, len(collection.entries), list(collection.skipped))
        loose = [entry for entry in collection.entries if "/" not in entry.name]
        pictures = reader.read_all([entry for entry in collection.entries if "/" in entry.name])
        names = tuple(sorted({name.split("/")[0] for name, _ in pictures}))
        if names:
            reader.skip(loose, "beside the class folders; put it into one of them")
        else:
            pictures = reader.read_all(loose)
    if len(pictures) < 2:
        raise DatasetError(_too_few(path, len(pictures), reader.skipped))
    if len(names) == 1:  # nothing to tell apart; and a zip of such a folder looks like one of loose pictures
        names = ()
    labels = torch.tensor([names.index(name.split("/")[0]) for name, _ in pictures]) if names else None
    return Dataset(
        name="folder",
        samples=_stack([picture for _, picture in pictures]),
        labels=labels,
        classes=names,
        skipped=tuple(reader.skipped),
    )


def key(request: Request) -> Hashable:
    """Path, settings, and the names, sizes and times of all files: what is changed on disk is read anew."""
    path = _path(request)
    digest = hashlib.sha256()
    with open_collection(path) as collection:
        for entry in collection.entries:
            digest.update(f"{entry.name}\0{entry.size}\0{entry.stamp}\n".encode("utf-8", "surrogateescape"))
        state = path.stat()
    zipped = None if path.is_dir() else (state.st_size, state.st_mtime_ns)
    return str(path), zipped, digest.hexdigest(), request.image_size, request.colour


class _Reader:
    """Reads entries one by one; keeps count of the progress, the memory and what was skipped."""

    def __init__(self, request: Request, total: int, skipped: list[str]) -> None:
        self._size = request.image_size
        self._colour: Colour = request.colour
        self._report: Progress = request.on_progress or (lambda done, total: None)
        self._total = total
        self._done = 0
        self._bytes = 0
        self.skipped = skipped

    def read_all(self, entries: list[Entry]) -> list[tuple[str, Picture]]:
        """(name, picture) of each entry that gives one."""
        pictures: list[tuple[str, Picture]] = []
        for entry in entries:
            try:
                picture = self._read(entry)
            except Unreadable as reason:
                self.skipped.append(f"{entry.name}: {reason}")
            else:
                pictures.append((entry.name, picture))
            self._done += 1
            self._report(self._done, self._total)
        return pictures

    def skip(self, entries: list[Entry], reason: str) -> None:
        """List entries as skipped without looking at them."""
        self.skipped.extend(f"{entry.name}: {reason}" for entry in entries)
        if entries:
            self._done += len(entries)
            self._report(self._done, self._total)

    def _read(self, entry: Entry) -> Picture:
        if entry.size > MAX_FILE_BYTES:
            raise Unreadable(f"too large: {entry.size:,} bytes; {MAX_FILE_BYTES:,} are allowed")
        try:
            with entry.open() as file:
                if file.read(4) == b"PK\x03\x04":
                    raise Unreadable("a zip inside; unpack it first")
                file.seek(0)
                picture = read_picture(file, self._size, self._colour)
        except ArchiveLimitError as error:
            raise DatasetError(f"the zip cannot be used: {error}") from error
        except (ArchiveError, OSError) as error:
            raise Unreadable(str(error)) from error
        self._bytes += picture.nbytes
        if self._bytes > MAX_BYTES:
            raise DatasetError(
                f"the pictures take more than {MAX_BYTES:,} bytes of memory at {self._size} x {self._size} pixels "
                f"(after {self._done:,} of {self._total:,} files). Use fewer, smaller, or grey ones."
            )
        return picture


def _stack(pictures: list[Picture]) -> torch.Tensor:
    """uint8 [N, C, S, S], in colour as soon as one picture is; the list is emptied on the way to spare memory."""
    channels = 3 if any(picture.ndim == 3 for picture in pictures) else 1
    side = pictures[0].shape[0]
    samples = np.empty((len(pictures), channels, side, side), dtype=np.uint8)
    for i in range(len(pictures) - 1, -1, -1):
        picture = pictures.pop()
        samples[i] = picture.transpose(2, 0, 1) if picture.ndim == 3 else picture
    return torch.from_numpy(samples)


def _path(request: Request) -> Path:
    if request.path is None:
        raise DatasetError("the dataset 'folder' needs a path: a folder of pictures (sub-folders are classes) or a zip")
    return request.path


def _too_few(path: Path, count: int, skipped: list[str]) -> str:
    shown = "; ".join(skipped[:3]) + (f"; and {len(skipped) - 3:,} more" if len(skipped) > 3 else "")
    reasons = f" Skipped: {shown}." if skipped else " There are no files in it."
    found = "no picture" if count == 0 else "only one picture"
    return f"'{path}' gives {found} (PNG, JPEG or WebP); at least 2 are needed, and hundreds to train on.{reasons}"


def _choices(values: tuple[object, ...]) -> str:
    return ", ".join(str(value) for value in values[:-1]) + f" or {values[-1]}"


SOURCE = Source(
    name="folder",
    title="Own pictures",
    description="A folder or a zip of PNG, JPEG or WebP pictures of any size; sub-folders are classes. "
    "Each is cropped to its middle square and resized.",
    needs="path",
    read=read,
    key=key,
)

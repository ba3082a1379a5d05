"""The files of a folder or a zip, in one order and under one kind of name, before anyone looks into them."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from gan_core.archive import Meter, open_zip, safe_members
from gan_core.errors import ArchiveError, DatasetError

MAX_FILES = 200_000
MAX_FILE_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Entry:
    """One file.

    Attributes:
        name: path inside the collection, with '/'.
        size: bytes.
        stamp: changes when the content does (time of change in a folder, CRC in a zip).
        open: opens it for reading.
    """

    name: str
    size: int
    stamp: int
    open: Callable[[], BinaryIO]


@dataclass(frozen=True)
class Collection:
    """Files sorted by name, and 'file: reason' for what was left out."""

    entries: tuple[Entry, ...]
    skipped: tuple[str, ...] = ()


def is_junk(name: str) -> bool:
    """Whether a file is one that systems leave behind (hidden, __MACOSX, Thumbs.db), which nobody means."""
    return any(
        part.startswith(".") or part.casefold() in ("__macosx", "thumbs.db", "desktop.ini")
        for part in PurePosixPath(name).parts
    )


def top_folders(names: Sequence[str]) -> int:
    """How many leading folders all names have in common: what a zip of one folder wraps around its content."""
    parents = [PurePosixPath(name).parts[:-1] for name in names]
    if not parents:
        return 0
    first, last = min(parents), max(parents)
    return next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))


@contextlib.contextmanager
def open_collection(path: Path) -> Iterator[Collection]:
    """The files of a folder, or of a zip without its wrapping folders. Entries can be opened while this is open.

    Links are followed only to files inside the folder; links to folders, and out of it, are listed as skipped.

    Raises:
        DatasetError: there is nothing at `path`, it is neither folder nor zip, it cannot be read, the zip is unsafe or
            damaged, or there are more than `MAX_FILES` files.
    """
    with contextlib.ExitStack() as stack:
        try:
            collection = _open(path, stack)
        except ArchiveError as error:
            raise DatasetError(f"'{path}' is not a folder, and cannot be read as a zip of pictures: {error}") from error
        except OSError as error:
            raise DatasetError(f"'{path}' could not be read: {error.strerror or error}") from error
        yield collection


def _open(path: Path, stack: contextlib.ExitStack) -> Collection:
    if path.is_dir():
        return _scan(path)
    if not path.is_file():
        raise DatasetError(f"there is no folder or zip of pictures at '{path}'. Give the path of one that exists.")
    zf = stack.enter_context(open_zip(path))
    members = [info for info in safe_members(zf) if not is_junk(info.filename)]
    meter = Meter(zf)
    strip = top_folders([info.filename for info in members])
    entries = (
        Entry(
            name="/".join(PurePosixPath(info.filename).parts[strip:]),
            size=info.file_size,
            stamp=info.CRC,
            open=lambda info=info: io.BytesIO(meter.read(info)),
        )
        for info in members
    )
    return Collection(tuple(sorted(entries, key=lambda entry: entry.name)))


def _scan(root: Path) -> Collection:
    entries: list[Entry] = []
    skipped: list[str] = []
    inside = root.resolve()
    for folder, folders, files in os.walk(root, onerror=lambda error: skipped.append(_refused(root, error))):
        here = Path(folder)
        for name in sorted(folders):
            if (here / name).is_symlink() and not is_junk(name):
                shown = (here / name).relative_to(root).as_posix()
                skipped.append(f"{_printable(shown)}: a link to a folder, which is not followed")
        folders[:] = [name for name in folders if not is_junk(name)]
        for name in files:
            if is_junk(name):
                continue
            path = here / name
            shown = path.relative_to(root).as_posix()
            if not _is_text(shown):
                skipped.append(f"{_printable(shown)}: its name is no text (UTF-8); rename it")
            elif path.is_symlink() and not _leads_inside(path, inside):
                skipped.append(f"{shown}: a link that leads out of the folder or in a circle, which is not followed")
            elif not path.is_file():
                skipped.append(f"{shown}: not a file")
            else:
                state = path.stat()
                entries.append(Entry(shown, state.st_size, state.st_mtime_ns, lambda path=path: path.open("rb")))
        if len(entries) > MAX_FILES:
            raise DatasetError(f"'{root}' holds more than {MAX_FILES:,} files, the limit. Choose a smaller folder.")
    return Collection(tuple(sorted(entries, key=lambda entry: entry.name)), tuple(sorted(skipped)))


def _leads_inside(link: Path, inside: Path) -> bool:
    try:
        return link.resolve().is_relative_to(inside)
    except (OSError, RuntimeError):  # RuntimeError: a circle, up to Python 3.12
        return False


def _is_text(name: str) -> bool:
    """Linux takes any bytes as a name, which run.json could not hold."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _printable(name: str) -> str:
    return name.encode(errors="surrogateescape").decode(errors="replace")


def _refused(root: Path, error: OSError) -> str:
    name = os.path.relpath(error.filename, root) if error.filename else "."
    return f"{_printable(name)}: could not be opened ({error.strerror})"

"""Zip files from outside, read without trusting them.

    with open_zip(file) as zf:
        members = safe_members(zf)                 # every name checked before anything is written
        extract(zf, members, Path("new-folder"))   # all of it, or nothing

What a header says about sizes is used only to refuse early. The limits hold on the bytes that really come out.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from gan_core.errors import ArchiveError

MAX_MEMBERS = 200_000
MAX_BYTES = 2 * 2**30
MAX_RATIO = 200
"""Unpacked bytes for each byte of the zip; deflate reaches about 1,000, pictures and weights stay below 10."""
RATIO_FREE_BYTES = 16 * 2**20
"""The ratio is not looked at before this many bytes came out: a few blank pictures compress very well."""

_CHUNK = 2**18
_ENTRY = b"PK\x01\x02"


class ArchiveLimitError(ArchiveError):
    """A zip unfolds to more than it may. Reading on is pointless, where one damaged entry could be passed over."""


@contextlib.contextmanager
def open_zip(file: str | Path | BinaryIO, *, max_members: int = MAX_MEMBERS) -> Iterator[zipfile.ZipFile]:
    """Open a zip for reading.

    Args:
        file: a path, or a seekable binary file (left open, wherever its position was).
        max_members: refuses longer tables of contents before Python builds an object for each entry.

    Raises:
        ArchiveError: not a zip, damaged, unreadable, or too many entries.
    """
    label = f"'{file}'" if isinstance(file, str | Path) else "the file"
    with contextlib.ExitStack() as stack:
        try:
            stream = stack.enter_context(Path(file).open("rb")) if isinstance(file, str | Path) else file
            if _count_entries(stream) > max_members:
                raise ArchiveError(f"{label} has more than {max_members:,} entries, which is the limit")
            zf = stack.enter_context(zipfile.ZipFile(stream))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
            if isinstance(error, ArchiveError):
                raise
            raise ArchiveError(f"{label} is not a zip file, or is damaged or cut short ({error})") from error
        except OSError as error:
            raise ArchiveError(f"{label} could not be read: {error.strerror or error}") from error
        yield zf


def safe_members(
    zf: zipfile.ZipFile, *, max_members: int = MAX_MEMBERS, max_bytes: int = MAX_BYTES
) -> list[zipfile.ZipInfo]:
    """The files of a zip, once every entry was found harmless. Entries for folders are checked and left out.

    Raises:
        ArchiveError: an entry is absolute, climbs with '..', names a drive, holds a backslash or a NUL, is a link or a
            device, is encrypted, is compressed in a way other than deflate, or stands twice; or there are too many
            entries, or they declare more than `max_bytes` in all.
    """
    infos = zf.infolist()
    if len(infos) > max_members:
        raise ArchiveError(f"the zip has {len(infos):,} entries; the limit is {max_members:,}")
    files: list[zipfile.ZipInfo] = []
    names: set[str] = set()
    for info in infos:
        problem = _problem(info)
        if problem:
            raise ArchiveError(f"the zip's entry {_shown(info)} {problem}; nothing was unpacked")
        if info.is_dir():
            continue
        name = _key(info.filename)
        if name in names:
            raise ArchiveError(f"the zip's entry {_shown(info)} stands in it more than once; nothing was unpacked")
        names.add(name)
        files.append(info)
    for info in files:
        for parent in PurePosixPath(_key(info.filename)).parents:
            if parent.as_posix() in names:
                raise ArchiveError(
                    f"the zip's entry {_shown(info)} lies inside another entry that is a file; nothing was unpacked"
                )
    declared = sum(info.file_size for info in files)
    if declared > max_bytes:
        raise ArchiveError(f"the zip unpacks to {declared:,} bytes; the limit is {max_bytes:,}")
    return files


class Meter:
    """Reads members and counts what comes out of all of them together, so that a bomb stops while it unfolds.

    Args:
        zf: an open zip.
        max_bytes: unpacked bytes in all.
        max_ratio: unpacked bytes for each byte of the zip file itself, looked at beyond `RATIO_FREE_BYTES`.
    """

    def __init__(self, zf: zipfile.ZipFile, *, max_bytes: int = MAX_BYTES, max_ratio: float = MAX_RATIO) -> None:
        self._zf = zf
        self._max_bytes = max_bytes
        size = zf.fp.seek(0, os.SEEK_END) if zf.fp is not None else 0  # ZipFile seeks before each read of its own
        self._max_unfolded = max(RATIO_FREE_BYTES, int(size * max_ratio))
        self.done = 0

    def chunks(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        """The bytes of one member, piece by piece.

        Raises:
            ArchiveLimitError: a limit is passed.
            ArchiveError: this member is damaged.
        """
        taken = 0
        try:
            with self._zf.open(info) as source:
                while chunk := source.read(_CHUNK):
                    taken += len(chunk)
                    self.done += len(chunk)
                    if self.done > self._max_bytes:
                        raise ArchiveLimitError(f"the zip unpacks to more than {self._max_bytes:,} bytes, the limit")
                    if self.done > self._max_unfolded:
                        raise ArchiveLimitError(
                            f"the zip unpacks to far more than its own size ({self.done:,} bytes and more to come): "
                            "it looks like a zip bomb"
                        )
                    yield chunk
        except ArchiveLimitError:
            raise
        # ValueError, OSError: an entry that is said to lie before the file's beginning.
        except (
            zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, ValueError, OSError
        ) as error:
            raise ArchiveError(f"the zip's entry {_shown(info)} is damaged or cannot be read: {error}") from error
        if taken != info.file_size:
            raise ArchiveError(
                f"the zip's entry {_shown(info)} is damaged: {taken:,} bytes where {info.file_size:,} were announced"
            )

    def read(self, info: zipfile.ZipInfo) -> bytes:
        """All bytes of one member; see `chunks`."""
        return b"".join(self.chunks(info))


def extract(
    zf: zipfile.ZipFile,
    members: Sequence[zipfile.ZipInfo],
    into: Path,
    *,
    strip: int = 0,
    max_bytes: int = MAX_BYTES,
    max_ratio: float = MAX_RATIO,
) -> None:
    """Unpack members into a new folder: all of them, or nothing. Times, owners and modes are not taken over.

    Args:
        zf: an open zip.
        members: what `safe_members` returned, or some of it.
        into: the folder to make; must not exist. Written under a temporary name beside it, then renamed.
        strip: leading folders to leave out of each name.
        max_bytes, max_ratio: see `Meter`.

    Raises:
        ArchiveError: `into` exists, a member is unsafe or damaged, a limit is passed, or the disk refuses.
    """
    if into.exists():
        raise ArchiveError(f"'{into}' exists already; unpack under another name")
    meter = Meter(zf, max_bytes=max_bytes, max_ratio=max_ratio)
    work: Path | None = None
    try:
        into.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{into.name[:40]}-", suffix=".part", dir=into.parent))
        content = work / "content"  # mkdtemp makes a folder only its owner may read; this one has the usual rights
        content.mkdir()
        for info in members:
            problem = _problem(info)
            if problem:
                raise ArchiveError(f"the zip's entry {_shown(info)} {problem}; nothing was unpacked")
            target = content.joinpath(*PurePosixPath(info.filename).parts[strip:])
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as out:
                for chunk in meter.chunks(info):
                    out.write(chunk)
        os.rename(content, into)
    except OSError as error:
        raise ArchiveError(f"could not unpack to '{into}': {error.strerror or error}; nothing was kept") from error
    finally:
        if work is not None:
            shutil.rmtree(work, ignore_errors=True)


def _problem(info: zipfile.ZipInfo) -> str:
    """What makes an entry unsafe, '' when nothing does. `orig_filename` is the name before Python trimmed it."""
    name = info.orig_filename
    parts = name.removesuffix("/").split("/")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if "\0" in name:
        return "has a NUL character in its name"
    if "\\" in name:
        return "has a backslash in its name"
    if name.startswith("/"):
        return "has an absolute path"
    if re.match(r"[A-Za-z]:", name):
        return "names a drive"
    if ".." in parts:
        return "climbs out of its folder with '..'"
    if "" in parts:
        return "has an empty part in its path"
    if kind == stat.S_IFLNK:
        return "is a link"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is neither a file nor a folder"
    if info.flag_bits & 0x41:
        return "is encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is compressed in a way other than deflate (write the zip again with the usual settings)"
    return ""


def _key(name: str) -> str:
    """Names that are one file on disk get one key, on a disk that ignores case too."""
    return PurePosixPath(name).as_posix().casefold()


def _shown(info: zipfile.ZipInfo) -> str:
    name = repr(info.orig_filename)
    return name if len(name) <= 100 else name[:99] + "…'"


def _count_entries(stream: BinaryIO) -> int:
    """How many entries a zip can have at most: each needs its own signature in the file."""
    stream.seek(0)
    count, tail = 0, b""
    while chunk := stream.read(_CHUNK):
        window = tail + chunk
        count += window.count(_ENTRY)
        tail = window[-(len(_ENTRY) - 1) :]
    stream.seek(0)
    return count

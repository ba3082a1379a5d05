"""Named members out of a downloaded .zip or .tar.gz, each written under a temporary name, then renamed."""

from __future__ import annotations

import gzip
import os
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from gan_core.archive import Meter, open_zip, safe_members
from gan_core.errors import ArchiveError, DatasetError

MAX_MEMBER = 512 * 2**20
"""Bytes; the largest member of any set we know has 98 million."""

_CHUNK = 2**20


def take_out(archive: Path, members: Sequence[tuple[str, Path]]) -> None:
    """Write each member of an archive to its target file. Only these names are looked at; targets come from our tables.

    Raises:
        DatasetError: a member is missing or the archive is damaged (it is left where it is).
        OSError: the disk refused.
    """
    try:
        if archive.suffix == ".zip":
            _from_zip(archive, members)
        else:
            _from_tar(archive, members)
    except (ArchiveError, tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise DatasetError(f"'{archive}' could not be unpacked: {error}. Delete it and download it again.") from error


def _from_zip(archive: Path, members: Sequence[tuple[str, Path]]) -> None:
    with open_zip(archive) as zf:
        infos = {info.filename: info for info in safe_members(zf)}
        meter = Meter(zf)
        for name, target in members:
            if name not in infos:
                raise DatasetError(f"'{archive}' holds no '{name}'. Delete it and download it again.")
            _write(target, meter.chunks(infos[name]))


def _from_tar(archive: Path, members: Sequence[tuple[str, Path]]) -> None:
    wanted = dict(members)
    with tarfile.open(archive, "r:gz") as tar:
        for info in tar:  # one pass: looking members up by name would read the whole file first
            target = wanted.get(info.name)
            if target is None:
                continue
            source = tar.extractfile(info) if info.isreg() and info.size <= MAX_MEMBER else None
            if source is None:
                raise DatasetError(f"'{archive}': '{info.name}' is not a file of a sensible size.")
            with source:
                _write(target, iter(lambda source=source: source.read(_CHUNK), b""))
            del wanted[info.name]
    if wanted:
        raise DatasetError(f"'{archive}' holds no '{next(iter(wanted))}'. Delete it and download it again.")


def _write(target: Path, chunks: Iterable[bytes] | Iterator[bytes]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    try:
        with part.open("wb") as out:
            for chunk in chunks:
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)

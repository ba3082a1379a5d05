"""Downloads that survive a broken line: into `<file>.part`, continued where they stopped, checked, then renamed."""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import threading
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gan_core.datasets import unpack
from gan_core.errors import DatasetError

Progress = Callable[[int, int], None]
"""Called with (done, total). What it raises stops the work; a download can be continued later."""

TIMEOUT = 30.0
"""Seconds without a byte after which a server counts as gone."""

_CHUNK = 2**18
_locks: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)
_locks_guard = threading.Lock()


@dataclass(frozen=True)
class Resource:
    """One file to fetch.

    Attributes:
        file: where it goes, below the data folder, with '/'.
        mirrors: addresses of folders that hold it under its own name; tried in turn.
        md5: of the whole file (what torchvision's tables hold; it guards against damage, not against an enemy).
        size: bytes, as the page of the set tells; what the server says counts more.
        unpack: for a .zip or .tar.gz, (member, file below the data folder) pairs to take out of it; the archive itself
            is deleted afterwards.
    """

    file: str
    mirrors: tuple[str, ...]
    md5: str
    size: int
    unpack: tuple[tuple[str, str], ...] = ()

    @property
    def results(self) -> tuple[str, ...]:
        """The files, below the data folder, that are there when this is done."""
        return tuple(target for _, target in self.unpack) or (self.file,)


class _LineBroke(Exception):
    """This mirror did not give the whole file; what came is kept."""


class _Corrupted(Exception):
    """What this mirror gave is not the file; the part was deleted."""


def find(path: Path) -> Path | None:
    """`path`, or for 'x.gz' also 'x' (preferred: it reads faster); None where neither is there."""
    raw = path.with_suffix("") if path.suffix == ".gz" else path
    # Not Path.is_file, which raises where a folder may not be looked into.
    return raw if os.path.isfile(raw) else path if os.path.isfile(path) else None


def missing(resources: Sequence[Resource], data_dir: Path) -> list[Path]:
    """The files of these resources that are not below the data folder."""
    wanted = [data_dir / name for resource in resources for name in resource.results]
    return [path for path in wanted if find(path) is None]


def not_downloaded(name: str, absent: Sequence[Path]) -> DatasetError:
    """The error for a set that was never downloaded: where its files were looked for, and the ways out."""
    names = ", ".join(f"'{path.name}'" for path in absent)
    unpacked = " (or unpacked, without .gz)" if any(path.suffix == ".gz" for path in absent) else ""
    return DatasetError(
        f"the dataset '{name}' is not downloaded: there is no {names}{unpacked} in '{absent[0].parent}'. "
        f"Download it with the button on the Train page or with `python -m gan_core download {name}`, or point "
        "GAN_DATA_DIR at a folder that has it. 'digits' needs no download."
    )


def fetch(
    resources: Sequence[Resource], data_dir: Path, on_progress: Progress | None = None, base_url: str | None = None
) -> None:
    """Bring every resource below the data folder; what is there already is left alone.

    Args:
        resources: what to fetch, one after another.
        data_dir: made where it does not exist.
        on_progress: (bytes done, bytes in all), over all resources together, kept parts included.
        base_url: the address of a folder to use instead of every mirror.

    Raises:
        DatasetError: no mirror gave a file (the part is kept and continued by the next call), a file was corrupted
            (its part is deleted), or the disk is full or not writable.
    """
    total = sum(resource.size for resource in resources)
    before = 0
    for resource in resources:
        target = data_dir / resource.file
        with _lock(target):
            if missing([resource], data_dir):
                start = before
                report = None if on_progress is None else lambda done, start=start: on_progress(start + done, total)
                try:
                    _fetch_one(resource, target, report, base_url)
                    if resource.unpack:
                        unpack.take_out(target, [(member, data_dir / name) for member, name in resource.unpack])
                        target.unlink()
                except OSError as error:
                    raise DatasetError(
                        f"could not write below '{target.parent}': {error.strerror or error}. "
                        "Free some space or choose another data folder (GAN_DATA_DIR), then try again."
                    ) from error
        before += resource.size
        if on_progress is not None:
            on_progress(before, total)


def _lock(target: Path) -> threading.Lock:
    with _locks_guard:
        return _locks[target.absolute()]


def _fetch_one(resource: Resource, target: Path, report: Callable[[int], None] | None, base_url: str | None) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_file() and _md5(target) == resource.md5:  # an archive that came whole but was not unpacked
        return
    part = target.with_name(target.name + ".part")
    needed = resource.size - _size(part)
    free = shutil.disk_usage(target.parent).free
    if needed > free:
        raise DatasetError(
            f"'{target.name}' needs {needed:,} more bytes, but '{target.parent}' has only {free:,} bytes free. "
            "Free some space or choose another data folder (GAN_DATA_DIR)."
        )
    reasons: list[str] = []
    corrupted = False
    for mirror in (base_url,) if base_url is not None else resource.mirrors:
        url = f"{mirror.rstrip('/')}/{PurePosixPath(resource.file).name}"
        try:
            _pull(url, part, resource.size, report)
            _verify(part, resource)
        except _LineBroke as error:
            reasons.append(f"{url}: {error}")
            continue
        except _Corrupted as error:
            corrupted = True
            reasons.append(f"{url}: {error}")
            continue
        os.replace(part, target)
        return
    kept = _size(part)
    if kept:
        advice = f"{kept:,} of {resource.size:,} bytes are kept: trying again continues there."
    elif corrupted:
        advice = "What came was deleted; trying again starts afresh."
    else:
        advice = "Check the connection and try again."
    raise DatasetError(
        f"'{target.name}' could not be downloaded into '{target.parent}'. {advice} 'digits' needs no download. "
        + "; ".join(reasons)
    )


def _pull(url: str, part: Path, size: int, report: Callable[[int], None] | None) -> None:
    """Bring the part file to its full size, from where it stands.

    Raises:
        _LineBroke, _Corrupted: see there.
        OSError: the disk refused.
    """
    have = _size(part)
    if have > size:
        part.unlink()
        have = 0
    if report is not None:
        report(have)
    if have == size:
        return
    if not url.startswith(("https://", "http://")):
        raise _LineBroke("not a web address")
    with _open(url, have, part) as answer:
        resumed = answer.status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if answer.status == 206 and have and not resumed:
            raise _LineBroke(f"the server sent another range ({answer.headers.get('Content-Range')})")
        done = have if resumed else 0
        # The server knows the length best; the table's is for showing before, and for a server that does not tell.
        length = answer.headers.get("Content-Length", "")
        size = done + int(length) if length.isdigit() else size
        with part.open("ab" if resumed else "wb") as out:
            while done < size:
                try:
                    chunk = answer.read(min(_CHUNK, size + 1 - done))
                except (OSError, http.client.HTTPException) as error:
                    raise _LineBroke(f"the connection broke after {done:,} bytes ({_reason(error)})") from error
                if not chunk:
                    break
                out.write(chunk)
                done += len(chunk)
                if report is not None:
                    report(min(done, size))
            out.flush()
            os.fsync(out.fileno())
    if done < size:
        raise _LineBroke(f"the connection broke after {done:,} of {size:,} bytes")


def _open(url: str, have: int, part: Path) -> http.client.HTTPResponse:
    """Ask for the rest of a file; a server that refuses the rest (416) is asked for the whole."""
    for start in (have, 0):
        headers = {"User-Agent": "gan-workbench", "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        try:
            return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code != 416 or not start:
                raise _LineBroke(f"HTTP {error.code} {error.reason}") from error
            part.unlink()
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _LineBroke(_reason(error)) from error
    raise _LineBroke("HTTP 416")


def _verify(part: Path, resource: Resource) -> None:
    found = _md5(part)
    if found != resource.md5:
        size = _size(part)
        part.unlink()
        raise _Corrupted(f"corrupted: {size:,} bytes with MD5 {found}, where {resource.md5} is right")


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _reason(error: BaseException) -> str:
    inner = getattr(error, "reason", error)
    return str(inner) or type(inner).__name__

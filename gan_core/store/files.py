"""Writing so that a crash leaves the old file or the new one, and reading lines that may be torn."""

from __future__ import annotations

import io
import itertools
import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic_core import from_json

TEMPORARY = ".writing-"


def write_atomic(path: Path, data: bytes) -> None:
    """Write `data` to a temporary name beside `path`, flush it to the disk, then rename."""
    # Not tempfile, whose files only their owner can read: the renamed file would stay so.
    temporary = path.parent / f"{TEMPORARY}{secrets.token_hex(8)}"
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Flush a rename within `folder` itself, where the system can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def leftovers(folder: Path, prefix: str, age: float) -> list[Path]:
    """What a killed process left half-made in `folder`: names beginning with `prefix`, older than `age` seconds.

    Younger ones may be in the making by another process.
    """
    found = []
    for path in folder.glob(f"{prefix}*"):
        try:
            if time.time() - path.lstat().st_mtime > age:
                found.append(path)
        except FileNotFoundError:
            continue
    return found


def stamp(path: Path) -> tuple[int, int] | None:
    """Tells whether a file changed: (time, size), or None where there is none."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size


def append_line(path: Path, record: Mapping[str, Any]) -> None:
    """Append one JSON line with one write, after ending a line that a crash tore."""
    line = json.dumps(record, separators=(",", ":"), allow_nan=False).encode() + b"\n"
    with open(path, "ab+") as file:
        if file.tell() > 0:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                line = b"\n" + line
        file.write(line)


def read_lines(data: bytes) -> Iterator[dict[str, Any] | None]:
    """The JSON object of each whole line in `data`, or None for a line that holds none; empty lines are left out.

    A last line without its end is left out too: it is torn, or still being written. Some at a time, for a record takes
    many times the memory of its line, and one array is read much faster than its parts.
    """
    lines = (line for line in io.BytesIO(data[: whole(data)]) if line.strip())
    while some := list(itertools.islice(lines, 500)):
        records = _read(b"[" + b",".join(some) + b"]")
        # Damaged lines can be joined to other records than they are apart; then their number tells.
        if not isinstance(records, list) or len(records) != len(some):
            records = [_read(line) for line in some]
        for record in records:
            yield record if isinstance(record, dict) else None


def _read(text: bytes) -> Any:
    """The JSON value, or None where it is none. Not Python's own reader, which takes three times as long."""
    try:
        return from_json(text, allow_inf_nan=False, cache_strings="keys")
    except ValueError:
        return None


def whole(data: bytes) -> int:
    """Bytes of `data` up to the end of its last whole line."""
    return data.rfind(b"\n") + 1

"""Writing so that a crash leaves the old file or the new one, and reading lines that may be torn."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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


def read_lines(data: bytes) -> tuple[list[dict[str, Any]], int, int]:
    """Whole lines of JSON objects in `data` → (records, damaged lines skipped, bytes consumed).

    A last line without its end is not consumed: it is torn, or still being written.
    """
    end = data.rfind(b"\n") + 1
    records: list[dict[str, Any]] = []
    damaged = 0
    for line in data[:end].splitlines():
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if isinstance(record, dict):
            records.append(record)
        else:
            damaged += 1
    return records, damaged, end

"""The curves of a run: whole in memory as columns, read from disk as far as they grew."""

from __future__ import annotations

import itertools
import math
import os
import threading
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gan_core.errors import StoreError
from gan_core.store.files import read_lines, whole

COLUMNS: tuple[str, ...] = (
    "step", "images", "epoch", "seconds", "loss_d", "loss_g", "d_real", "d_fake", "grad_d", "grad_g", "lr_d", "lr_g",
)
REQUIRED = COLUMNS[:8]
_NUMBERS = {int, float}


def row(record: Mapping[str, Any]) -> list[float] | None:
    """A record's numbers in the order of `COLUMNS`, NaN where an optional one is missing; None: it is no record."""
    try:
        values = [record[name] for name in COLUMNS]
        if {*map(type, values)} <= _NUMBERS and all(map(math.isfinite, values)):  # nearly all are such
            return [*map(float, values)]
    except (KeyError, OverflowError):
        pass
    values = []
    for name in COLUMNS:
        value = record.get(name, None if name in REQUIRED else math.nan)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
        try:
            value = float(value)
        except OverflowError:  # JSON knows whole numbers of any length
            return None
        if name in REQUIRED and not math.isfinite(value):
            return None
        values.append(value)
    return values


def _columns(records: Sequence[Mapping[str, Any]]) -> list[array[float]] | None:
    """Records that are all complete, column by column, which is many times faster than `row` by row; None: some are
    not."""
    columns = []
    try:
        for name in COLUMNS:
            values = [record[name] for record in records]
            if not {*map(type, values)} <= _NUMBERS:
                return None
            columns.append(array("d", values))
    except (KeyError, OverflowError):
        return None
    return columns if all(np.isfinite(column).all() for column in columns) else None


def newest(path: Path, count: int) -> list[dict[str, float]]:
    """The last records of a history file, at most `count`, oldest first: what a list of runs shows of each, at the same
    cost however long the run.

    Raises:
        OSError: it cannot be read; none where there is none.
    """
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - count * _LINE_BYTES))
            data = file.read()
    except FileNotFoundError:
        return []
    rows = [row(record or {}) for record in read_lines(data)]
    return [dict(zip(COLUMNS, values, strict=True)) for values in rows if values is not None][-count:]


_LINE_BYTES = 512
"""More than a record takes."""


class History:
    """Records of one run by column. Safe to read while another thread appends.

    Attributes:
        damaged: lines that were not a record and were skipped.
        generation: changes when earlier records were replaced (a run resumed from an earlier checkpoint), so that a
            reader who follows knows to begin again.
    """

    def __init__(self) -> None:
        self._columns = {name: array("d") for name in COLUMNS}
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._offset, self._inode, self._size = 0, 0, 0
        self.damaged = 0
        self.generation = 0

    def __len__(self) -> int:
        return len(self._columns["step"])

    def append(self, record: Mapping[str, Any]) -> bool:
        """Add one record; False (and counted as damaged) if a required number is missing or not finite."""
        return self._extend([record]) == 1

    def _extend(self, records: Sequence[Mapping[str, Any]]) -> int:
        """Add what are records → how many."""
        added = _columns(records)
        if added is None:
            rows = [row(record) for record in records]
            good = [values for values in rows if values is not None]
            self.damaged += len(rows) - len(good)
            added = [array("d", values) for values in zip(*good, strict=True)]
        with self._lock:
            for column, values in zip(self._columns.values(), added, strict=False):
                column.extend(values)
        return len(added[0]) if added else 0

    def refresh(self, path: Path) -> None:
        """Read what was appended to the file at `path` since the last time; all of it if the file was replaced.

        Raises:
            StoreError: there is something at `path` that cannot be read.
        """
        with self._reading:  # two readers at once would each take the same lines
            try:
                stat = path.stat()
                if (stat.st_ino, stat.st_size) == (self._inode, self._size):
                    return
                with open(path, "rb") as file:
                    stat = os.fstat(file.fileno())
                    if stat.st_ino != self._inode or stat.st_size < self._offset:
                        self._clear(stat.st_ino)
                    file.seek(self._offset)
                    data = file.read()
            except FileNotFoundError:
                return
            except OSError as error:
                raise StoreError(f"{path.parent.name}/{path.name}: cannot be read: {error.strerror}") from None
            self._size = self._offset + len(data)
            self._offset += whole(data)
            records = read_lines(data)
            while some := list(itertools.islice(records, 5_000)):
                self._extend([record or {} for record in some])

    def _clear(self, inode: int) -> None:
        with self._lock:
            for column in self._columns.values():
                del column[:]
            self._offset, self._inode, self.damaged = 0, inode, 0
            self.generation += 1

    def last(self) -> dict[str, float] | None:
        """The newest record."""
        with self._lock:
            return {name: column[-1] for name, column in self._columns.items()} if len(self) else None

    def seconds_at(self, images: Sequence[float]) -> list[float | None]:
        """Training time until each of these, between the records as a straight line; None where there are none."""
        seen, seconds = (np.concatenate(([0.0], self.column(name))) for name in ("images", "seconds"))
        if len(seen) == 1:
            return [None] * len(images)
        count = min(len(seen), len(seconds))  # another thread may have appended in between
        return [float(value) for value in np.interp(images, seen[:count], seconds[:count])]

    def column(self, name: str) -> np.ndarray:
        """A copy of one column, float64 [records]."""
        with self._lock:
            return np.array(self._columns[name])

    def thinned(self, points: int = 1000, start: int = 0, stride: int | None = None) -> Thinned:
        """At most about `points` points: means over runs of `stride` neighbours, a power of two that only ever doubles.

        Args:
            points: the most points wanted, when `stride` is not given.
            start: buckets to leave out at the beginning: those the reader has.
            stride: the reader's own, to go on with.

        Returns:
            only whole buckets, so that a bucket once given never changes. x columns (step, images, epoch, seconds) are
            the bucket's last, the others its mean.
        """
        with self._lock:
            count = len(self)
            needed = 1
            while count / needed > points:
                needed *= 2
            stride = stride or needed
            whole = count // stride
            start = min(start, whole)
            # Sliced before conversion: a reader who follows pays for what is new, not for the length of the run.
            parts = {
                name: np.array(column[start * stride : whole * stride]).reshape(-1, stride)
                for name, column in self._columns.items()
            }
        columns = {
            name: values[:, -1] if name in ("step", "images", "epoch", "seconds") else values.mean(1)
            for name, values in parts.items()
        }
        return Thinned(columns, stride, whole, needed > stride)


class Thinned:
    """A thinned piece of a history.

    Attributes:
        columns: name → float64 [points].
        stride: records per point.
        buckets: whole buckets there are in all, what to give as `start` next time.
        coarser: there are now so many points that a reader should begin again with a larger stride.
    """

    def __init__(self, columns: dict[str, np.ndarray], stride: int, buckets: int, coarser: bool) -> None:
        self.columns, self.stride, self.buckets, self.coarser = columns, stride, buckets, coarser

"""Datasets kept in memory, so that ten runs on one set hold it once and the second page opens at once."""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable

from gan_core.datasets.base import Dataset


class Memo:
    """Made once for each key, by one thread while others wait for it; the least recently used go first.

    Args:
        max_bytes: of all kept sets together; the newest is kept whatever its size. A set in use elsewhere lives on.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._kept: OrderedDict[Hashable, Dataset] = OrderedDict()
        self._guard = threading.Lock()
        self._gates: defaultdict[Hashable, threading.Lock] = defaultdict(threading.Lock)

    def get(self, key: Hashable, make: Callable[[], Dataset]) -> Dataset:
        """The set for `key`; what `make` raises is not remembered."""
        with self._guard:
            gate = self._gates[key]
        with gate:
            with self._guard:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    return self._kept[key]
            made = make()
            with self._guard:
                self._kept[key] = made
                while len(self._kept) > 1 and sum(map(_nbytes, self._kept.values())) > self._max_bytes:
                    self._gates.pop(self._kept.popitem(last=False)[0], None)
            return made

    def clear(self) -> None:
        """Forget everything."""
        with self._guard:
            self._kept.clear()


def _nbytes(dataset: Dataset) -> int:
    return dataset.samples.nbytes + (0 if dataset.labels is None else dataset.labels.nbytes)

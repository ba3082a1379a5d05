"""How many runs may train at once."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Slots:
    """How many may train at once. First come, first served; the number may change at any time."""

    def __init__(self, limit: int = 1) -> None:
        self._changed = threading.Condition()
        self._limit, self._held = limit, 0
        self._waiting: list[object] = []

    @property
    def limit(self) -> int:
        return self._limit

    @limit.setter
    def limit(self, value: int) -> None:
        with self._changed:
            self._limit = max(1, value)
            self._changed.notify_all()

    def acquire(self, give_up: Callable[[], bool], meanwhile: Callable[[], None] = lambda: None) -> bool:
        """Wait for a place; False as soon as `give_up()` says so. `meanwhile()` is called now and then until there is
        one."""
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
        try:
            while True:
                with self._changed:
                    if give_up():
                        return False
                    if self._held < self._limit and self._waiting[0] is ticket:
                        self._held += 1
                        return True
                    self._changed.wait(0.2)
                meanwhile()
        finally:
            with self._changed:
                self._waiting.remove(ticket)
                self._changed.notify_all()

    def release(self) -> None:
        with self._changed:
            self._held -= 1
            self._changed.notify_all()

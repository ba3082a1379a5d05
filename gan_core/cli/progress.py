"""How far something is: a bar on a terminal; in a log, a plain line now and then."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Column

from gan_core.cli.shell import say

LINE_SECONDS = 10.0


class Bar:
    """A line on stderr that tells how far it is, for as long as the `with` lasts.

    Args:
        line_seconds: between two lines where stderr is no terminal.
    """

    def __init__(self, line_seconds: float = LINE_SECONDS) -> None:
        console = Console(stderr=True)
        self._bar: Progress | None = None
        if console.is_terminal:
            # No thread of its own: it draws when it is told something new.
            self._bar = Progress(
                BarColumn(10), TextColumn("{task.fields[text]}", markup=False, table_column=Column(no_wrap=True)),
                console=console, auto_refresh=False,
            )
            self._task = self._bar.add_task("", total=1, text="")
        self._every, self._last = line_seconds, time.monotonic()

    def __enter__(self) -> Bar:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def show(self, share: float | None, text: str) -> None:
        """
        Args:
            share: done, in [0, 1]; None where nobody knows the end.
            text: the rest of the line.
        """
        percent = "" if share is None else f"{int(100 * share)} %  "
        if self._bar:
            total = None if share is None else 1
            self._bar.update(self._task, total=total, completed=share or 0, text=percent + text, refresh=True)
        elif time.monotonic() - self._last >= self._every:
            self._last = time.monotonic()
            say(percent + text, err=True)

"""The live part's socket: a run's facts, curves and pictures as they come, without any rerun of the script.

A tab says once what it looks at, `{"run": NAME}`, `{"quality": NAME}` or `{"list": FILTER}`; from then on it is told
what changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
import time
from collections.abc import Coroutine
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gan_core.errors import ConfigError, WorkbenchError
from gan_core.snapshot import ACTIVE
from pages.parts.live.feed import Curves, Grids, LiveGrid, facts, listing
from pages.parts.quality.feed import quality
from pages.parts.sockets import Socket, socket_route
from pages.parts.threads import in_thread
from pages.parts.workbench import runs

EAGER_SECONDS, LIVE_SECONDS, REST_SECONDS, LIST_SECONDS = 0.1, 0.5, 1.5, 1.0
"""Between two looks: before the first point, while it trains, at rest, and at the list of runs."""

DRAWING_SECONDS = 1.0
"""Between new points and pictures while it trains: to draw them takes a tenth of a second, of the cores that the
training wants."""

GRID = struct.Struct("<Q")
"""A binary message is the live sample grid: images seen, then the PNG."""


class Wish(BaseModel):
    """What a tab looks at."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)
    run: str | None = Field(default=None, min_length=1, max_length=80)
    quality: str | None = Field(default=None, min_length=1, max_length=80)
    list: str | None = Field(default=None, max_length=80)


def read(message: dict[str, Any]) -> Wish:
    """
    Raises:
        ConfigError: names the part that is wrong.
    """
    try:
        wish = Wish.model_validate(message)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part)[:40] for part in first["loc"])
        raise ConfigError(f"a wish with a wrong {place}: {first['msg']}") from None
    if [wish.run, wish.quality, wish.list].count(None) != 2:
        raise ConfigError("a wish must hold one of run and quality, a name, and list, a filter")
    return wish


async def watch_run(socket: Socket, name: str) -> None:
    """Tell of one run for ever."""
    curves, grids, live = Curves(), Grids(), LiveGrid()
    told: dict[str, Any] | None = None
    complained = ""
    next_drawing = 0.0
    await socket.send({"kind": "watching", "run": name})
    while True:
        try:
            now = await in_thread(lambda: facts(runs().snapshot(name)))
            points = kept = grid = None
            if time.monotonic() >= next_drawing or now["state"] not in ACTIVE:
                points = await in_thread(lambda: curves.news(runs().history(name)))
                kept = await in_thread(lambda: grids.news(runs().folder(name)))
                grid = await in_thread(lambda: live.news(name))
                next_drawing = time.monotonic() + (DRAWING_SECONDS - 0.1 if curves.any else 0.0)
        except WorkbenchError as error:
            if str(error) != complained:
                complained = str(error)
                await socket.send({"kind": "error", "text": complained})
            await asyncio.sleep(REST_SECONDS)
            continue
        complained = ""
        for message in (points, kept, now if now != told else None):
            if message is not None:
                await socket.send(message)
        told = now
        if grid is not None:
            await socket.send_bytes(GRID.pack(grid[0]) + grid[1])
        if now["state"] not in ACTIVE:
            await asyncio.sleep(REST_SECONDS)
        else:
            await asyncio.sleep(LIVE_SECONDS if curves.any else EAGER_SECONDS)


async def watch_quality(socket: Socket, name: str) -> None:
    """Tell of what is known of one run's quality for ever."""
    told: Any = None
    await socket.send({"kind": "watching", "run": name})
    while True:
        try:
            now = await in_thread(lambda: quality(name))
        except WorkbenchError as error:
            now = {"kind": "error", "text": str(error)}
        if now != told:
            told = now
            await socket.send(now)
        await asyncio.sleep(REST_SECONDS)


async def watch_list(socket: Socket, wanted: str) -> None:
    """Tell of all runs for ever."""
    told: dict[str, Any] | None = None
    while True:
        now = await in_thread(lambda: listing(wanted))
        if now != told:
            told = now
            await socket.send(now)
        await asyncio.sleep(LIST_SECONDS)


async def serve(socket: Socket) -> None:
    """One tab, until it leaves; a new wish replaces the one before."""
    watcher: asyncio.Task[None] | None = None
    receiver = asyncio.create_task(socket.receive())
    try:
        while True:
            tasks = {receiver} if watcher is None else {receiver, watcher}
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if watcher is not None and watcher in done:
                watcher.result()  # it ends only by an error: the other side left, most often
            wish = read(receiver.result())
            await _end(watcher)
            watcher = asyncio.create_task(_watch(socket, wish))
            receiver = asyncio.create_task(socket.receive())
    finally:
        await _end(watcher)
        await _end(receiver)


def _watch(socket: Socket, wish: Wish) -> Coroutine[Any, Any, None]:
    if wish.run is not None:
        return watch_run(socket, wish.run)
    return watch_quality(socket, wish.quality) if wish.quality is not None else watch_list(socket, wish.list or "")


async def _end(task: asyncio.Task[Any] | None) -> None:
    if task is not None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task


LIVE = socket_route("/gan/live", serve)

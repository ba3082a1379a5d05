"""The explorer's socket: a small view comes in with each movement of the hand, a PNG goes back.

Of each kind of request only the newest waits: what the hand has left already is never drawn. Where the newest
generator is looked at, its pictures are drawn again, unasked, when a running training publishes new weights.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.websockets import WebSocketDisconnect
from torch import nn

from gan_core.errors import ConfigError, WorkbenchError
from gan_core.latent import View
from gan_core.run import ACTIVE
from pages.parts.latent import drawing
from pages.parts.sockets import Socket, socket_route
from pages.parts.threads import in_thread
from pages.parts.workbench import runs

log = logging.getLogger(__name__)

Kind = Literal["picture", "strip", "thumbs_a", "thumbs_b", "png", "gif", "json", "latent", "influence"]
KINDS: tuple[str, ...] = get_args(Kind)
"""In the order they are answered. A binary answer's first byte is its kind's place here, counted from 1."""

KEPT = ("picture", "strip", "thumbs_a", "thumbs_b")
HEADER = struct.Struct("<BxxxIQ")
"""A binary answer: kind, number of the request, images seen; then the file."""

LOOK_SECONDS, LOOK_SECONDS_AT_REST = 0.4, 1.5


class Asked(BaseModel):
    """One request.

    Attributes:
        number: counted by the asker; comes back with the answer.
        view: see `View.from_message`.
        dim: for strip and gif: what this coordinate does, in place of the way from A to B.
        seeds: for thumbnails.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    kind: Kind
    number: int = Field(ge=0, lt=2**31)
    run: str = Field(min_length=1, max_length=80)
    images: int | None = Field(None, ge=0, lt=10**15)
    view: dict[str, Any] = {}
    dim: int | None = Field(None, ge=0, le=1023)
    seeds: list[int] = Field([], max_length=24)


def read(message: dict[str, Any]) -> Asked:
    """
    Raises:
        ConfigError: names the part that is wrong.
    """
    try:
        return Asked.model_validate(message)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part)[:40] for part in first["loc"])
        raise ConfigError(f"a request with a wrong {place}: {first['msg']}") from None


def answer(asked: Asked) -> bytes | dict[str, Any]:
    """What to send back.

    Raises:
        WorkbenchError: anything that the asker can do something about.
    """
    here = drawing.scene(asked.run, asked.images)
    view = View.from_message(asked.view).check(*here.space)
    match asked.kind:
        case "picture":
            content = drawing.picture(here, view)
        case "strip":
            content = drawing.strip(here, view, asked.dim)
        case "thumbs_a" | "thumbs_b":
            seeds = [View.from_message({"seed": seed}).seed for seed in asked.seeds]
            if not seeds:
                raise ConfigError("a request for thumbnails without seeds")
            content = drawing.thumbnails(here, view, seeds, asked.kind[-1])
        case "png":
            content = drawing.large_png(here, view)
        case "gif":
            content = drawing.animation(here, view, asked.dim)
        case "json":
            content = drawing.as_json(here, view)
        case "latent":
            return {"kind": "latent", "number": asked.number, "z": drawing.coordinates(here, view)}
        case "influence":
            return {"kind": "influence", "number": asked.number, "values": drawing.influence(here)}
    return HEADER.pack(KINDS.index(asked.kind) + 1, asked.number, here.images) + content


class Desk:
    """One connection's requests and what became of them."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._waiting: dict[str, Asked] = {}
        self._kept: dict[str, Asked] = {}
        self._wake = asyncio.Event()
        self._drawn_with: nn.Module | None = None
        self._told: dict[str, Any] | None = None
        self._complained: str | None = None
        self._look_after = LOOK_SECONDS
        self._measuring: asyncio.Task[None] | None = None

    async def put(self, message: dict[str, Any]) -> None:
        """Take a request; an older one of its kind that still waits is dropped."""
        try:
            asked = read(message)
        except ConfigError as error:
            await self._socket.send({"kind": "error", "text": str(error)})
            return
        self._waiting[asked.kind] = asked
        self._wake.set()

    async def work(self) -> None:
        """Answer for ever, and look now and then whether there is something newer to show."""
        try:
            while True:
                try:
                    await asyncio.wait_for(self._wake.wait(), self._look_after)
                except TimeoutError:
                    await self._look()
                while self._waiting:
                    kind = min(self._waiting, key=KINDS.index)
                    await self._take(self._waiting.pop(kind))
                self._wake.clear()
        finally:
            if self._measuring is not None:
                self._measuring.cancel()

    async def _take(self, asked: Asked) -> None:
        if asked.kind == "influence":  # long: pictures do not wait for it
            if self._measuring is None or self._measuring.done():
                self._measuring = asyncio.create_task(self._answer(asked))
            else:
                self._measuring.add_done_callback(lambda _: self._ask_again(asked))
            return
        before = self._kept.get("picture")
        another = asked.kind == "picture" and (
            before is None or (before.run, before.images) != (asked.run, asked.images)
        )
        if another:
            self._drawn_with = self._told = self._complained = None
        if asked.kind in KEPT:
            self._kept[asked.kind] = asked
        await self._answer(asked)
        if another:
            await self._look()

    def _ask_again(self, asked: Asked) -> None:
        self._waiting.setdefault(asked.kind, asked)
        self._wake.set()

    async def _answer(self, asked: Asked) -> None:
        try:
            result = await in_thread(lambda: answer(asked))
        except WorkbenchError as error:
            result = {"kind": "error", "text": str(error), "of": asked.kind, "number": asked.number}
            self._complained = str(error)
        except Exception:  # the connection lives on, whatever it was
            log.exception("%s of %s", asked.kind, asked.run)
            result = {"kind": "error", "text": f"the {asked.kind} could not be drawn; the server's log says why",
                      "of": asked.kind, "number": asked.number}
        if isinstance(result, bytes):
            await self._socket.send_bytes(result)
        else:
            await self._socket.send(result)

    async def _look(self) -> None:
        """Tell when the run's state changed, and draw again what is shown when its generator did."""
        picture = self._kept.get("picture")
        if picture is None:
            return
        try:
            newest, told = await in_thread(lambda: look(picture))
        except WorkbenchError as error:
            if str(error) != self._complained:
                self._complained = str(error)
                await self._socket.send({"kind": "error", "text": str(error)})
            return
        self._complained = None
        self._look_after = LOOK_SECONDS if told["state"] in ACTIVE else LOOK_SECONDS_AT_REST
        if told != self._told:
            self._told = told
            await self._socket.send(told)
        if newest is not self._drawn_with:
            changed, self._drawn_with = self._drawn_with is not None, newest
            for kind, asked in self._kept.items() if changed else ():
                if (asked.run, asked.images) == (picture.run, picture.images):
                    self._waiting.setdefault(kind, asked)


def look(picture: Asked) -> tuple[nn.Module, dict[str, Any]]:
    """The generator that is shown, and the run's state as the component wants to know it."""
    generator, _ = runs().generator(picture.run, picture.images)
    state = runs().snapshot(picture.run).state
    checkpoints = len(runs().folder(picture.run).checkpoints())
    return generator, {"kind": "state", "run": picture.run, "state": state, "checkpoints": checkpoints}


async def serve(socket: Socket) -> None:
    """One explorer, until it leaves."""
    desk = Desk(socket)
    worker = asyncio.create_task(desk.work())
    receiver = asyncio.create_task(socket.receive())
    try:
        # Where the worker has ended, so does the connection: the explorer then takes up a new one.
        while worker not in (await asyncio.wait({worker, receiver}, return_when=asyncio.FIRST_COMPLETED))[0]:
            await desk.put(receiver.result())
            receiver = asyncio.create_task(socket.receive())
    finally:
        receiver.cancel()
        worker.cancel()
        await asyncio.gather(receiver, return_exceptions=True)
        (end,) = await asyncio.gather(worker, return_exceptions=True)
        if isinstance(end, Exception) and not isinstance(end, (WebSocketDisconnect, RuntimeError)):
            log.error("an explorer's socket ended: %r", end)


LATENT = socket_route("/gan/latent", serve)

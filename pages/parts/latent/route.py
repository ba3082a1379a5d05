"""The explorer's socket: a small view comes in with each movement of the hand, a PNG goes back.

Of each kind of request only the newest waits: what the hand has left already is never drawn. Where the newest
generator is looked at, its pictures are drawn again, unasked, when a running training publishes new weights.
"""

from __future__ import annotations

import asyncio
import struct
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field
from torch import nn

from gan_core.errors import ConfigError, WorkbenchError
from gan_core.latent import View
from gan_core.snapshot import ACTIVE
from pages.parts.desk import Desk, attend, read_as
from pages.parts.latent import drawing
from pages.parts.sockets import Socket, socket_route
from pages.parts.threads import in_thread
from pages.parts.workbench import runs

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
    return read_as(Asked, message)


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


class ExplorerDesk(Desk[Asked]):
    """One explorer's requests, and what is drawn again by itself."""

    def __init__(self, socket: Socket) -> None:
        super().__init__(socket, KINDS, read, answer)
        self.look_after = LOOK_SECONDS
        self._kept: dict[str, Asked] = {}
        self._drawn_with: nn.Module | None = None
        self._told: dict[str, Any] | None = None
        self._measuring: asyncio.Task[None] | None = None

    async def work(self) -> None:
        try:
            await super().work()
        finally:
            if self._measuring is not None:
                self._measuring.cancel()

    async def take(self, asked: Asked) -> None:
        if asked.kind == "influence":  # long: pictures do not wait for it
            if self._measuring is None or self._measuring.done():
                self._measuring = asyncio.create_task(self.give(asked))
            else:
                self._measuring.add_done_callback(lambda _: self.again(asked))
            return
        before = self._kept.get("picture")
        another = asked.kind == "picture" and (
            before is None or (before.run, before.images) != (asked.run, asked.images)
        )
        if another:
            self._drawn_with = self._told = self.complained = None
        if asked.kind in KEPT:
            self._kept[asked.kind] = asked
        await self.give(asked)
        if another:
            await self.look()

    async def look(self) -> None:
        """Tell when the run's state changed, and draw again what is shown when its generator did."""
        picture = self._kept.get("picture")
        if picture is None:
            return
        try:
            newest, told = await in_thread(lambda: look(picture))
        except WorkbenchError as error:
            if str(error) != self.complained:
                self.complained = str(error)
                await self.socket.send({"kind": "error", "text": str(error)})
            return
        self.complained = None
        self.look_after = LOOK_SECONDS if told["state"] in ACTIVE else LOOK_SECONDS_AT_REST
        if told != self._told:
            self._told = told
            await self.socket.send(told)
        if newest is not self._drawn_with:
            changed, self._drawn_with = self._drawn_with is not None, newest
            for asked in self._kept.values() if changed else ():
                if (asked.run, asked.images) == (picture.run, picture.images):
                    self.again(asked)


def look(picture: Asked) -> tuple[nn.Module, dict[str, Any]]:
    """The generator that is shown, and the run's state as the component wants to know it."""
    generator, _ = runs().generator(picture.run, picture.images)
    state = runs().snapshot(picture.run).state
    checkpoints = len(runs().folder(picture.run).checkpoints())
    return generator, {"kind": "state", "run": picture.run, "state": state, "checkpoints": checkpoints}


LATENT = socket_route("/gan/latent", lambda socket: attend(socket, ExplorerDesk(socket)))

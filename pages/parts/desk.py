"""What a drawing socket does with requests that come faster than they can be answered: of each kind only the newest
waits. What the hand has left already is never drawn."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.websockets import WebSocketDisconnect

from gan_core.errors import ConfigError, WorkbenchError
from pages.parts.sockets import Socket
from pages.parts.threads import in_thread

log = logging.getLogger(__name__)

Model = TypeVar("Model", bound=BaseModel)


class Request(Protocol):
    """A request that was read: its kind, the number that its asker counted, and the run that it is about."""

    @property
    def kind(self) -> str: ...
    @property
    def number(self) -> int: ...
    @property
    def run(self) -> str: ...


Asked = TypeVar("Asked", bound=Request)


def read_as(model: type[Model], message: dict[str, Any]) -> Model:
    """
    Raises:
        ConfigError: names the part of the request that is wrong.
    """
    try:
        return model.model_validate(message)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part)[:40] for part in first["loc"])
        raise ConfigError(f"a request with a wrong {place}: {first['msg']}") from None


class Desk(Generic[Asked]):
    """One connection's requests and what became of them.

    Args:
        kinds: in the order in which they are answered.
        read: a message → a request. Raises ConfigError.
        answer: a request → a file or a message to send back, worked out in a thread. Raises WorkbenchError for what the
            asker can do something about.

    Attributes:
        look_after: seconds of quiet until `look`; None: never.
        complained: the last trouble that was told, until something is well again.
    """

    def __init__(
        self, socket: Socket, kinds: Sequence[str], read: Callable[[dict[str, Any]], Asked],
        answer: Callable[[Asked], bytes | dict[str, Any]],
    ) -> None:
        self.socket = socket
        self.look_after: float | None = None
        self.complained: str | None = None
        self._kinds, self._read, self._answer = kinds, read, answer
        self._waiting: dict[str, Asked] = {}
        self._wake = asyncio.Event()

    async def put(self, message: dict[str, Any]) -> None:
        """Take a request; an older one of its kind that still waits is dropped."""
        try:
            asked = self._read(message)
        except ConfigError as error:
            await self.socket.send({"kind": "error", "text": str(error)})
            return
        self._waiting[asked.kind] = asked
        self._wake.set()

    def again(self, asked: Asked) -> None:
        """Answer once more, unless a newer request of its kind waits."""
        self._waiting.setdefault(asked.kind, asked)
        self._wake.set()

    async def work(self) -> None:
        """Answer for ever, and look now and then whether there is something newer to show."""
        while True:
            try:
                await asyncio.wait_for(self._wake.wait(), self.look_after)
            except TimeoutError:
                await self.look()
            while self._waiting:
                kind = min(self._waiting, key=self._kinds.index)
                await self.take(self._waiting.pop(kind))
            self._wake.clear()

    async def take(self, asked: Asked) -> None:
        """A request's turn has come."""
        await self.give(asked)

    async def look(self) -> None:
        """There was quiet for `look_after` seconds."""

    async def give(self, asked: Asked) -> None:
        """Answer a request, or say what is wrong with it."""
        try:
            result = await in_thread(lambda: self._answer(asked))
        except WorkbenchError as error:
            result = {"kind": "error", "text": str(error), "of": asked.kind, "number": asked.number}
            self.complained = str(error)
        except Exception:  # the connection lives on, whatever it was
            log.exception("%s of %s", asked.kind, asked.run)
            result = {"kind": "error", "text": f"the {asked.kind} could not be drawn; the server's log says why",
                      "of": asked.kind, "number": asked.number}
        if isinstance(result, bytes):
            await self.socket.send_bytes(result)
        else:
            await self.socket.send(result)


async def attend(socket: Socket, desk: Desk[Any]) -> None:
    """One connection, until it leaves."""
    worker = asyncio.create_task(desk.work())
    receiver = asyncio.create_task(socket.receive())
    try:
        # Where the worker has ended, so does the connection: the page then takes up a new one.
        while worker not in (await asyncio.wait({worker, receiver}, return_when=asyncio.FIRST_COMPLETED))[0]:
            await desk.put(receiver.result())
            receiver = asyncio.create_task(socket.receive())
    finally:
        receiver.cancel()
        worker.cancel()
        await asyncio.gather(receiver, return_exceptions=True)
        (end,) = await asyncio.gather(worker, return_exceptions=True)
        if isinstance(end, Exception) and not isinstance(end, (WebSocketDisconnect, RuntimeError)):
            log.error("a drawing socket ended: %r", end)

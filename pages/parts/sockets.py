"""WebSocket routes beside the Streamlit script: who may open one, how many, how large and how often messages may be."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit.web.server.server_util import is_url_from_allowed_origins
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from gan_core.errors import WorkbenchError

log = logging.getLogger(__name__)

MESSAGE_BYTES = 16_384
MESSAGES_PER_SECOND = 200
MOST_OPEN = 256
"""Connections of each route at once; a tab holds one or two."""


class Socket:
    """One accepted connection. `receive` gives checked JSON objects; `send` and `send_bytes` answer."""

    def __init__(self, websocket: WebSocket, message_bytes: int = MESSAGE_BYTES) -> None:
        self._websocket, self._message_bytes = websocket, message_bytes
        self._allowance, self._moment = float(MESSAGES_PER_SECOND), monotonic()

    async def receive(self) -> dict[str, Any]:
        """The next message.

        Raises:
            WebSocketDisconnect: the other side left.
            WorkbenchError: too large, too many, or not a JSON object; the connection is then closed.
        """
        event = await self._websocket.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event.get("code") or 1000)
        text = event.get("text")
        if text is None:
            raise WorkbenchError("a message that is not text")
        now = monotonic()
        self._allowance += (now - self._moment) * MESSAGES_PER_SECOND
        self._allowance, self._moment = min(self._allowance, float(MESSAGES_PER_SECOND)) - 1, now
        if self._allowance < 0:
            raise WorkbenchError(f"more than {MESSAGES_PER_SECOND} messages a second")
        if len(text) > self._message_bytes:
            raise WorkbenchError(f"a message of more than {self._message_bytes} characters")
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            raise WorkbenchError("a message that is not a JSON object")
        return message

    async def send(self, message: dict[str, Any]) -> None:
        await self._websocket.send_text(json.dumps(message, separators=(",", ":"), allow_nan=False))

    async def send_bytes(self, data: bytes) -> None:
        await self._websocket.send_bytes(data)


def same_origin(websocket: WebSocket) -> bool:
    """Whether a page of this app asks: a page of another site must not read runs, nor command them.

    The same rule as for Streamlit's own socket. The host counts too: else a site whose name is made to lead here (DNS
    rebinding) would be its own origin.
    """
    origin, host = websocket.headers.get("origin"), websocket.headers.get("host", "")
    if not is_host_allowed(host):
        return False
    if origin is None:  # no browser: a browser always says where it comes from
        return True
    return origin.split("://", 1)[-1] == host or is_url_from_allowed_origins(origin)


def socket_route(
    path: str, serve: Callable[[Socket], Awaitable[None]], message_bytes: int = MESSAGE_BYTES
) -> WebSocketRoute:
    """A route that serves each connection with `serve`, after checking where it comes from and how many there are.

    Args:
        message_bytes: the most that a message may have; more for a route that takes pictures.
    """
    served = 0

    async def endpoint(websocket: WebSocket) -> None:
        nonlocal served
        if not same_origin(websocket):
            await websocket.close(1008, "another origin")
            return
        await websocket.accept()
        if served >= MOST_OPEN:
            await _close(websocket, 1013, f"{MOST_OPEN} connections are open already; try again later")
            return
        served += 1
        try:
            await serve(Socket(websocket, message_bytes))
        except WebSocketDisconnect:
            return
        except WorkbenchError as error:
            await _close(websocket, 1008, str(error))
        except RuntimeError as error:  # sending to one who left a moment ago
            log.debug("%s: %s", path, error)
        finally:
            served -= 1

    return WebSocketRoute(path, endpoint)


async def _close(websocket: WebSocket, code: int, reason: str) -> None:
    try:
        await websocket.close(code, reason[:120])
    except RuntimeError:
        return

"""The live part's socket."""

from __future__ import annotations

from pages.parts.sockets import Socket, socket_route


async def serve(socket: Socket) -> None:
    """One live part, until it leaves."""
    while True:
        await socket.receive()


LIVE = socket_route("/gan/live", serve)

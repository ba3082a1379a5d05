"""The lab's socket: orders come in, frames go out, and each connection has a lab of its own."""

from __future__ import annotations

import asyncio
from typing import Any

from gan_core.errors import ConfigError
from pages.parts.lab import orders
from pages.parts.lab.player import Message, Player
from pages.parts.sockets import Socket, socket_route

MOST_LABS = 16
"""Open at once, in all tabs of all visitors. Each that plays wants a core."""

FULL = (
    f"{MOST_LABS} labs are open here already, which is all that this machine takes. Close a tab with one, then press "
    "Play again."
)

_players: set[Player] = set()


async def serve(socket: Socket) -> None:
    """One tab, until it leaves."""
    loop, outbox = asyncio.get_running_loop(), asyncio.Queue[Message]()

    def deliver(message: Message) -> None:
        try:
            loop.call_soon_threadsafe(outbox.put_nowait, message)
        except RuntimeError:  # the server has ended
            pass

    sender = asyncio.create_task(_send(socket, outbox))
    player: Player | None = None
    try:
        while True:
            message = await socket.receive()
            try:
                order = orders.read(message)
            except ConfigError as error:
                await outbox.put({"kind": "error", "text": str(error)})
                continue
            if player is None:
                player = _seat(deliver)
            if player is None:
                if not isinstance(order, orders.Seen | orders.Show):
                    await outbox.put({"kind": "full", "text": FULL})
                continue
            player.put(order)
    finally:
        sender.cancel()
        if player is not None:
            _players.discard(player)
            player.close()
        await asyncio.gather(sender, return_exceptions=True)


def _seat(deliver: Any) -> Player | None:
    """A lab for one more tab; None: all are taken."""
    if len(_players) >= MOST_LABS:
        return None
    player = Player(deliver)
    _players.add(player)
    return player


async def _send(socket: Socket, outbox: asyncio.Queue[Message]) -> None:
    while True:
        message = await outbox.get()
        if isinstance(message, bytes):
            await socket.send_bytes(message)
        else:
            await socket.send(message)


LAB = socket_route("/gan/lab", serve)

"""The Inside screen's socket: a picture comes in with each movement of the hand, what D makes of it goes back."""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from pages.parts.desk import Desk, attend, read_as
from pages.parts.inside import copies, drawing
from pages.parts.sockets import MESSAGE_BYTES, Socket, socket_route

Kind = Literal["picture", "samples", "gauge", "copies"]
KINDS: tuple[str, ...] = get_args(Kind)
"""In the order they are answered."""

# A picture as base64 takes four characters for three bytes.
PIXELS = drawing.MOST_NUMBERS * 4 // 3


class Asked(BaseModel):
    """One request.

    Attributes:
        number: counted by the asker; comes back with the answer.
        run, images: whose discriminator; images None: of the newest checkpoint.
        pixels, label: for a picture, see `drawing.picture`.
        page: for samples and copies, see `drawing.page` and `copies.page`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    kind: Kind
    number: int = Field(ge=0, lt=2**31)
    run: str = Field(min_length=1, max_length=80)
    images: int | None = Field(None, ge=0, lt=10**15)
    pixels: str = Field("", max_length=PIXELS)
    label: int | None = Field(None, ge=0, lt=10**6)
    page: int = Field(0, ge=0, lt=10**6)


def read(message: dict[str, Any]) -> Asked:
    """
    Raises:
        ConfigError: names the part that is wrong.
    """
    return read_as(Asked, message)


def answer(asked: Asked) -> dict[str, Any]:
    """What to send back.

    Raises:
        WorkbenchError: anything that the asker can do something about.
    """
    here = drawing.scene(asked.run, asked.images)
    match asked.kind:
        case "picture":
            content = drawing.picture(here, asked.pixels, asked.label)
        case "samples":
            content = drawing.page(here, asked.page)
        case "gauge":
            content = drawing.gauge(here)
        case "copies":
            content = copies.page(here, asked.page)
    return {"kind": asked.kind, "number": asked.number, "run": asked.run, "images": here.images, **content}


async def serve(socket: Socket) -> None:
    """One tab, until it leaves."""
    desk: Desk[Asked] = Desk(socket, KINDS, read, answer)
    await attend(socket, desk)


INSIDE = socket_route("/gan/inside", serve, MESSAGE_BYTES + PIXELS)

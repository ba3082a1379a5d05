"""What a tab may ask of its lab, each checked."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from gan_core.errors import ConfigError
from gan_core.lab import CHANGEABLE, LAYERS
from gan_core.lab.eye import SHOWN

MOST_MARKS = 200
MOST_STEPS = 10**6

Step = Annotated[int, Field(ge=1, le=MOST_STEPS)]


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True)


class Show(Order):
    """What is to be seen.

    Attributes:
        layers: of `LAYERS`.
        chosen: the fake whose path is shown; None: none.
    """

    kind: Literal["show"] = "show"
    layers: Annotated[list[Literal["real", "fake", "surface", "optimal", "manifold", "pushes", "path"]],
                      Field(max_length=len(LAYERS))] = []
    chosen: Annotated[int, Field(ge=0, lt=SHOWN)] | None = None


class Open(Order):
    """A scene, from its beginning.

    Attributes:
        query: as in a link.
        marks: steps, rising, of which the exact readings are told; at the last one it pauses, and tells them.
    """

    kind: Literal["open"]
    query: Annotated[dict[Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=5000)]],
                     Field(max_length=60)]
    show: Show = Show()
    marks: Annotated[list[Step], Field(max_length=MOST_MARKS)] = []


class Go(Order):
    """Play or pause.

    Attributes:
        speed: alternations a second, at most; 0: as fast as it can.
        slow: sub-steps instead, each for a while.
    """

    kind: Literal["go"]
    on: bool
    speed: Annotated[float, Field(ge=0, le=10_000)] = 0
    slow: bool = False


class OneStep(Order):
    """One step of both, of one side, or one sub-step."""

    kind: Literal["step"]
    what: Literal["both", "d", "g", "sub"]


class Change(Order):
    """Settings that change while it plays; which ones may: `CHANGEABLE`."""

    kind: Literal["change"]
    settings: Annotated[dict[Annotated[str, Field(max_length=40)], int | float | Annotated[str, Field(max_length=40)]],
                        Field(max_length=len(CHANGEABLE))]


class Reset(Order):
    kind: Literal["reset"]


class Look(Order):
    """Back at a step of the past; None: now."""

    kind: Literal["look"]
    at: Annotated[int, Field(ge=0, le=10**9)] | None = None


class Seen(Order):
    """A frame is on the screen."""

    kind: Literal["seen"]
    number: int = Field(ge=0, lt=2**53)


AnyOrder = Annotated[Open | Go | OneStep | Change | Reset | Show | Look | Seen, Field(discriminator="kind")]
_ORDERS: TypeAdapter[Any] = TypeAdapter(AnyOrder)


def read(message: dict[str, Any]) -> Any:
    """A message → the order in it, one of the classes here.

    Raises:
        ConfigError: names the part that is wrong.
    """
    try:
        return _ORDERS.validate_python(message)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part)[:40] for part in first["loc"]) or "kind"
        raise ConfigError(f"a request with a wrong {place}: {first['msg']}") from None

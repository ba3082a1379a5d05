"""What the browser draws: a header as JSON, then arrays as small as the screen needs them. `frames.js` reads it."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

UNIT = 8192
"""Of a coordinate in an int16: the plane is seen to ±4, which is more than the picture shows."""

SHARE = 254
"""Of 1 in a byte. 255 says: not known."""

LENGTH = struct.Struct("<I")


def pack(header: Mapping[str, Any], shares: Mapping[str, Tensor], places: Mapping[str, Tensor]) -> bytes:
    """
    Args:
        header: JSON; `arrays` is added, [name, kind, shape] each in the order in which they lie.
        shares: numbers in [0, 1], nan for what is not known: a byte each.
        places: coordinates: an int16 each.

    Returns:
        Length of the header (uint32), header, arrays; each begins at a multiple of four bytes.
    """
    parts = [(name, "u8", _bytes(one)) for name, one in shares.items()]
    parts += [(name, "i16", _shorts(one)) for name, one in places.items()]
    arrays = [[name, kind, list(array.shape)] for name, kind, array in parts]
    text = json.dumps({**_sayable(header), "arrays": arrays}, separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-len(text) % 4)
    return b"".join((LENGTH.pack(len(text)), text, *(_padded(array) for _, _, array in parts)))


def unpack(frame: bytes) -> tuple[dict[str, Any], dict[str, NDArray[np.float64]]]:
    """A frame → its header and its arrays as numbers; what is not known is nan."""
    (length,) = LENGTH.unpack_from(frame)
    header = json.loads(frame[4 : 4 + length])
    arrays, at = {}, 4 + length
    for name, kind, shape in header["arrays"]:
        count = math.prod(shape)
        if kind == "u8":
            values = np.frombuffer(frame, np.uint8, count, at).reshape(shape)
            arrays[name] = np.where(values == 255, np.nan, values / SHARE)
            at += count + -count % 4
        else:
            arrays[name] = np.frombuffer(frame, "<i2", count, at).reshape(shape) / UNIT
            at += 2 * count + -2 * count % 4
    return header, arrays


def _bytes(values: Tensor) -> NDArray[np.uint8]:
    array = values.detach().numpy()
    known = np.nan_to_num(np.clip(array, 0, 1), nan=0.0)
    return np.where(np.isnan(array), 255, np.rint(known * SHARE)).astype(np.uint8)


def _shorts(values: Tensor) -> NDArray[np.int16]:
    return np.rint(np.clip(np.nan_to_num(values.detach().numpy()) * UNIT, -32768, 32767)).astype("<i2")


def _padded(array: NDArray[Any]) -> bytes:
    data = array.tobytes()
    return data + b"\0" * (-len(data) % 4)


def _sayable(value: Any) -> Any:
    """JSON knows no infinity: nothing instead."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _sayable(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_sayable(one) for one in value]
    return value

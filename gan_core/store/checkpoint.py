"""A checkpoint as bytes: safetensors with a seal, so that a torn, flipped or foreign file is told from a good one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any

import torch
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from gan_core.errors import StoreError

FORMAT = "gan-workbench-1"
Count = Annotated[int, Field(ge=0, lt=10**18)]
Rate = Annotated[float, Field(gt=0, le=1)]


class Rates(BaseModel):
    """The base learning rates of both sides."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
    d: Rate
    g: Rate


class Place(BaseModel):
    """Where in the run a checkpoint stands. The seal is no secret: a file may be whole and still hold nonsense."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
    step: Count
    images: Count
    d_steps: Count
    seconds: Annotated[float, Field(ge=0)]
    position: Count
    window_count: Count
    rates: Rates


class Header(BaseModel):
    """What stands beside the tensors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    place: Place
    config: dict[str, JsonValue]


def _seal(tensors: Mapping[str, Tensor], header: str) -> str:
    digest = hashlib.sha256(header.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(memoryview(tensor.contiguous().reshape(-1).view(torch.uint8).numpy()))  # type: ignore[arg-type]
    return digest.hexdigest()


def encode(tensors: Mapping[str, Tensor], place: Mapping[str, Any], config: Mapping[str, Any]) -> bytes:
    """Tensors (on the CPU) and the place in the run → the bytes of a `.safetensors` file.

    Its metadata holds `format`, `header` (JSON: `place`, and `config`, the settings of the game) and `seal`, a SHA-256
    over the header and every tensor.
    """
    header = json.dumps({"place": place, "config": config}, sort_keys=True)
    metadata = {"format": FORMAT, "header": header, "seal": _seal(tensors, header)}
    return save(dict(tensors), metadata)


def decode(data: bytes, where: str) -> tuple[dict[str, Tensor], dict[str, Any], dict[str, Any]]:
    """The bytes of a checkpoint → (tensors, place, settings of the game).

    Raises:
        StoreError: not safetensors, not ours, or changed since it was written. Nothing in the file is ever executed.
    """
    try:
        tensors = load(data)
        length = int.from_bytes(data[:8], "little")
        metadata = json.loads(data[8 : 8 + length]).get("__metadata__") or {}
        seal = _seal(tensors, metadata.get("header", ""))
    except (SafetensorError, ValueError, RuntimeError, RecursionError, AttributeError, KeyError, TypeError) as error:
        kind = "looks like a pickle, which is never read" if data[:1] == b"\x80" or data[:2] == b"PK" else str(error)
        raise StoreError(f"{where}: not a checkpoint ({kind}); only whole .safetensors files of this program") from None
    if metadata.get("format") != FORMAT:
        raise StoreError(f"{where}: a safetensors file, but not a checkpoint of this program (no {FORMAT!r} in it)")
    if metadata.get("seal") != seal:
        raise StoreError(f"{where}: damaged: its contents do not match its seal; use another checkpoint of this run")
    try:
        header = Header.model_validate_json(metadata.get("header", ""))
    except ValidationError as error:
        first = error.errors()[0]
        part = ".".join(map(str, first["loc"])) or "its header"
        raise StoreError(f"{where}: not a checkpoint of this program: {part}: {first['msg']}") from None
    return tensors, header.place.model_dump(), header.config

"""A checkpoint as bytes: safetensors with a seal, so that a torn, flipped or foreign file is told from a good one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from gan_core.errors import StoreError

FORMAT = "gan-workbench-1"
_PLACE = {
    "step": int, "images": int, "d_steps": int, "seconds": (int, float), "position": int, "window_count": int,
    "rates": dict,
}


def _seal(tensors: Mapping[str, Tensor], header: str) -> str:
    digest = hashlib.sha256(header.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(memoryview(tensor.contiguous().reshape(-1).view(torch.uint8).numpy()))  # type: ignore[arg-type]
    return digest.hexdigest()


def encode(tensors: Mapping[str, Tensor], place: Mapping[str, Any], config_digest: str) -> bytes:
    """Tensors (on the CPU) and the place in the run → the bytes of a `.safetensors` file.

    Its metadata holds `format`, `place` (JSON), `config` (the digest of the settings) and `seal`, a SHA-256 over all of
    these and every tensor.
    """
    header = json.dumps({"place": place, "config": config_digest}, sort_keys=True)
    metadata = {"format": FORMAT, "header": header, "seal": _seal(tensors, header)}
    return save(dict(tensors), metadata)


def decode(data: bytes, where: str) -> tuple[dict[str, Tensor], dict[str, Any], str]:
    """The bytes of a checkpoint → (tensors, place, digest of its settings).

    Raises:
        StoreError: not safetensors, not ours, or changed since it was written. Nothing in the file is ever executed.
    """
    try:
        tensors = load(data)
        length = int.from_bytes(data[:8], "little")
        metadata = json.loads(data[8 : 8 + length]).get("__metadata__", {})
    except (SafetensorError, ValueError, RuntimeError, RecursionError, AttributeError, KeyError) as error:
        kind = "looks like a pickle, which is never read" if data[:1] == b"\x80" or data[:2] == b"PK" else str(error)
        raise StoreError(f"{where}: not a checkpoint ({kind}); only whole .safetensors files of this program") from None
    if metadata.get("format") != FORMAT:
        raise StoreError(f"{where}: a safetensors file, but not a checkpoint of this program (no {FORMAT!r} in it)")
    if metadata.get("seal") != _seal(tensors, metadata.get("header", "")):
        raise StoreError(f"{where}: damaged: its contents do not match its seal; use another checkpoint of this run")
    header = json.loads(metadata["header"])
    place = header["place"]
    for key, kind in _PLACE.items():
        if not isinstance(place.get(key), kind):
            raise StoreError(f"{where}: {key!r} is missing or of the wrong kind")
    return tensors, place, str(header["config"])

"""A name for weights."""

from __future__ import annotations

import hashlib

from torch import nn


def digest_of(net: nn.Module) -> str:
    """12 hex digits that change with any weight."""
    digest = hashlib.sha256()
    for name, value in net.state_dict().items():
        digest.update(f"{name} {tuple(value.shape)}\n".encode())
        digest.update(value.contiguous().numpy().data)
    return digest.hexdigest()[:12]

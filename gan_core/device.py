"""Where a run computes, and how."""

from __future__ import annotations

import os

import torch

from gan_core.config import RunConfig
from gan_core.errors import ConfigError


def pick_device(name: str) -> torch.device:
    """`auto`, `cpu`, `cuda` or `mps` → a device.

    Raises:
        ConfigError: asked for, and PyTorch finds none.
    """
    here = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next(kind for kind in ("cuda", "mps", "cpu") if here[kind]))
    if not here[name]:
        found = ", ".join(kind for kind, there in here.items() if there)
        raise ConfigError(f"device = {name!r}: PyTorch finds none on this machine; it finds {found}")
    return torch.device(name)


def thread_count(config: RunConfig) -> int:
    """CPU threads of the training step."""
    return config.threads or min(4, os.cpu_count() or 1)


def settle(device: torch.device) -> None:
    """Have a GPU compute the same numbers each time, and products on its tensor cores, for every run in the process. A
    CPU stays as it is.

    Weight gradients of transposed convolutions otherwise add up in an order that differs from time to time (cuDNN's
    CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0), and a resumed run would not equal one that never stopped. cuDNN's convolutions
    round their factors to TF32's ten bits of mantissa anyway; linear layers then do the same.
    """
    if device.type == "cuda":
        torch.backends.cudnn.deterministic = True
        torch.backends.cuda.matmul.allow_tf32 = True

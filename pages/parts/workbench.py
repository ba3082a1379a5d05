"""What every screen and socket of this process shares: the one `Runs`. A refresh or a second tab finds it again."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import torch

from gan_core.figures import DISCRIMINATOR_COLOUR, GENERATOR_COLOUR
from gan_core.runs import Runs
from gan_core.store import Store

# Before this process's first tensor operation: otherwise the screens' threads and the training's fight for the cores.
torch.set_num_threads(1)

ROOT = Path(__file__).resolve().parents[2]

__all__ = ["DISCRIMINATOR_COLOUR", "GENERATOR_COLOUR", "runs"]

_lock = threading.Lock()
_runs: Runs | None = None


def runs() -> Runs:
    """All runs below $GAN_CHECKPOINTS, or checkpoints/ beside streamlit_app.py."""
    global _runs
    with _lock:
        if _runs is None:
            _runs = Runs(Store(os.environ.get("GAN_CHECKPOINTS") or ROOT / "checkpoints"))
        return _runs

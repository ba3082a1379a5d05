"""What every screen and socket of this process shares: the one `Runs`, and what measures them. A refresh or a second
tab finds both again."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import torch

from gan_core.figures import DISCRIMINATOR_COLOUR, GENERATOR_COLOUR
from gan_core.measuring import Measuring
from gan_core.runs import Runs
from gan_core.store import Store

# Before this process's first tensor operation: otherwise the screens' threads and the training's fight for the cores.
torch.set_num_threads(1)

ROOT = Path(__file__).resolve().parents[2]

__all__ = ["DISCRIMINATOR_COLOUR", "GENERATOR_COLOUR", "measuring", "runs"]

_lock = threading.RLock()
_runs: Runs | None = None
_measuring: Measuring | None = None


def runs() -> Runs:
    """All runs below $GAN_CHECKPOINTS, or checkpoints/ beside streamlit_app.py."""
    global _runs
    with _lock:
        if _runs is None:
            _runs = Runs(Store(os.environ.get("GAN_CHECKPOINTS") or ROOT / "checkpoints"))
        return _runs


def measuring() -> Measuring:
    """What measures checkpoints of these runs."""
    global _measuring
    with _lock:
        if _measuring is None:
            _measuring = Measuring(runs())
        return _measuring

"""What the first click on Train would otherwise wait for, done beforehand."""

from __future__ import annotations

import gc

from gan_core.pictures import mosaic, png
from gan_core.presets import make_config
from gan_core.runs import load_data
from gan_core.trainer import Trainer


def warm() -> None:
    """Play one step of the default game and draw its samples: PyTorch imports and prepares much on first use (two
    seconds of it in the first optimiser)."""
    config = make_config()
    trainer = Trainer(config, load_data(config))
    trainer.step()
    png(mosaic(trainer.draw_fixed(), trainer.columns))
    # All of it stays for good. Left out of the collector's rounds, it cannot hold up every thread at each of them.
    gc.collect()
    gc.freeze()

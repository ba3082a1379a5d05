"""What the convolutional families have in common: the pictures they can make, and how their weights begin."""

from __future__ import annotations

from gan_core.config import RunConfig

SIZES = (28, 32, 64)
CHANNELS = (1, 3)


def check(shape: tuple[int, ...], name: str) -> str | None:
    """Why a family of this kind, called `name`, cannot make samples of `shape`; None: it can."""
    if len(shape) == 3 and shape[0] in CHANNELS and shape[1] == shape[2] and shape[1] in SIZES:
        return None
    return (
        f"network = {name!r}: makes square pictures of {', '.join(map(str, SIZES))} pixels with 1 or 3 channels, and "
        f"the data's samples have shape {shape}; the network 'mlp' takes any shape, and 'points' a few "
        "numbers"
    )


def init_std(config: RunConfig) -> float | None:
    """Weights begin at N(0, 0.02) (Radford 2016, section 3), which counts on a normalisation to restore their size;
    without one in D, torch's own initialisation."""
    return None if config.discriminator_norm == "none" else 0.02

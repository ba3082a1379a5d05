"""What changes over a run, as pure functions of images seen: a resumed run needs no memory of them."""

from __future__ import annotations

import math

from gan_core.config import RunConfig


def rate_factor(config: RunConfig, images: int) -> float:
    """What both learning rates are multiplied with after `images`: 1 before the decay, its floor after."""
    if config.lr_decay == "none":
        return 1.0
    progress = (images - config.lr_decay_from) / (config.lr_decay_to - config.lr_decay_from)
    progress = min(max(progress, 0.0), 1.0)
    falling = 1 - progress if config.lr_decay == "linear" else (1 + math.cos(math.pi * progress)) / 2
    return config.lr_decay_floor + (1 - config.lr_decay_floor) * falling


def noise_level(config: RunConfig, images: int) -> float:
    """Standard deviation of the instance noise after `images` (Sønderby 2017; linear to 0)."""
    return config.instance_noise * max(0.0, 1 - images / config.instance_noise_images)


def penalty_due(config: RunConfig, d_step: int) -> bool:
    """Whether R1 and R2 are added to D's loss after so many of its steps: at every `penalty_interval`-th (Karras 2020,
    section 3.1: lazy regularisation)."""
    return (config.r1_weight > 0 or config.r2_weight > 0) and d_step % config.penalty_interval == 0


def ema_decay(config: RunConfig, images: int) -> float:
    """Share of the old average kept by one step's update.

    ½ ** (images per step / half-life), and less at the beginning, min(that, (1 + t) / (10 + t)) at step t: an average
    that begins at random weights should forget them fast (TensorFlow's ExponentialMovingAverage, `num_updates`).
    """
    if not config.ema_half_life:
        return 0.0
    per_step = config.batch_size * config.critic_steps
    step = images / per_step
    return min(0.5 ** (per_step / config.ema_half_life), (1 + step) / (10 + step))


def _spacing(config: RunConfig, dataset_size: int) -> int:
    if config.sample_every_epochs is not None:
        return max(1, round(config.sample_every_epochs * dataset_size))
    assert config.sample_every_images is not None  # the config holds one of the two
    return config.sample_every_images


def sample_due(config: RunConfig, before: int, after: int, dataset_size: int) -> bool:
    """Whether a sample grid belongs between `before` and `after` images.

    Grids come at every multiple of the spacing. Where it is given in images they also come at 640, 1,280, 2,560 …
    below it: the first seconds change most.
    """
    spacing = _spacing(config, dataset_size)
    if after // spacing > before // spacing:
        return True
    early = 640
    while config.sample_every_images is not None and early < spacing:
        if before < early <= after:
            return True
        early *= 2
    return False


def target_images(config: RunConfig, dataset_size: int) -> int | None:
    """Images after which the run is complete; None where its length is given in seconds, or has no end."""
    if config.images is not None:
        return config.images
    return None if config.epochs is None else max(1, round(config.epochs * dataset_size))


def complete(config: RunConfig, dataset_size: int, images: int, seconds: float) -> bool:
    """Whether a run that stands there has the length that was asked for."""
    target = target_images(config, dataset_size)
    return (target is not None and images >= target) or (config.seconds is not None and seconds >= config.seconds)

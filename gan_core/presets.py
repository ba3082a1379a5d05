"""Named recipes. Each holds only what differs from the defaults of `RunConfig`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gan_core.config import RunConfig, replaced, validated
from gan_core.errors import ConfigError


@dataclass(frozen=True)
class Preset:
    """A recipe: what it is called, what it is for, and the settings that make it."""

    title: str
    description: str
    values: Mapping[str, Any] = field(default_factory=dict)


# Lin et al. 2018, section 4.1, have the latents; the game is R3GAN's.
_POINTS = {
    "network": "points", "conditional": "no", "latent_dim": 2, "discriminator_norm": "none",
    "objective": "relativistic", "penalty_interval": 2, "batch_size": 256, "beta2": 0.99, "lr_decay": "linear",
    "grid": 16, "sample_every_images": 20_000, "save_every_images": 250_000,
    "threads": 1,  # a layer is too small to be worth sharing out
}

PRESETS: dict[str, Preset] = {
    "quick": Preset(
        "Quick", "Readable digits in seconds on a laptop: small convolutions, hinge loss, spectral normalisation.",
        {
            "network": "shuffle", "lr_g": 8e-3, "images": 200_000,
            # The last steps of the game settle; trained on beyond, it goes on slowly.
            "lr_decay": "linear", "lr_decay_from": 50_000, "lr_decay_floor": 0.1,
        },
    ),
    "article": Preset(
        "The article", "The article's GAN to the letter: two small fully connected networks, 50 epochs.",
        {
            "network": "mlp", "conditional": "no", "latent_dim": 100, "discriminator_norm": "none",
            "objective": "non-saturating", "lr_d": 2e-4, "lr_g": 2e-4, "beta1": 0.5, "beta2": 0.999,
            "ema_half_life": 0, "epochs": 50, "grid": 4, "sample_every_images": None, "sample_every_epochs": 10,
        },
    ),
    "dcgan": Preset(
        "DCGAN", "The classic convolutional GAN (Radford 2016): batch norm in both, unconditional.",
        {
            "conditional": "no", "latent_dim": 100, "discriminator_norm": "batch", "objective": "non-saturating",
            "lr_d": 2e-4, "lr_g": 2e-4, "beta1": 0.5, "beta2": 0.999, "ema_half_life": 0, "images": 600_000,
        },
    ),
    "wgan-gp": Preset(
        "WGAN-GP", "Wasserstein distance with gradient penalty (Gulrajani 2017): five critic steps for one of G.",
        {
            "network": "shuffle", "discriminator_norm": "none", "objective": "wasserstein", "critic_steps": 5,
            "lr_d": 2e-3, "lr_g": 8e-3, "images": 400_000,
            "lr_decay": "linear", "lr_decay_from": 200_000, "lr_decay_to": 400_000, "lr_decay_floor": 0.1,
        },
    ),
    "r3gan": Preset(
        "R3GAN", "Relativistic loss with R1 and R2 penalties (Huang 2024): the game with a proof of convergence.",
        {
            "network": "shuffle", "discriminator_norm": "none", "objective": "relativistic", "r1_weight": 1.0,
            "r2_weight": 1.0, "penalty_interval": 4, "lr_d": 2e-3, "lr_g": 2e-3, "beta2": 0.99, "images": 300_000,
            "lr_decay": "linear", "lr_decay_to": 300_000, "lr_decay_floor": 0.1,
        },
    ),
    "stacked-mnist": Preset(
        "Stacked MNIST", "Three digits at once as red, green and blue: draws all 1,000 kinds. Needs MNIST.",
        {
            "dataset": "stacked-mnist", "network": "channels", "latent_dim": 1024, "images": 300_000,
            "lr_decay": "linear", "lr_decay_to": 300_000, "ema_half_life": 20_000,
        },
    ),
    "ring": Preset(
        "Ring", "Points in the plane: 8 Gaussians on a ring, the field's first test of mode collapse.",
        {
            **_POINTS, "dataset": "ring", "r1_weight": 0.1, "r2_weight": 0.1, "lr_d": 3e-3, "lr_g": 2e-3,
            "images": 600_000, "lr_decay_to": 600_000, "ema_half_life": 10_000,
        },
    ),
    "grid": Preset(
        "Grid", "Points in the plane: 25 Gaussians on a grid, a harder test of mode collapse.",
        {
            **_POINTS, "dataset": "grid", "r1_weight": 0.01, "r2_weight": 0.01, "lr_d": 1e-2, "lr_g": 5e-3,
            "images": 2_500_000, "lr_decay_from": 500_000, "lr_decay_to": 2_500_000, "ema_half_life": 20_000,
        },
    ),
    "collapse": Preset(
        "Collapse", "Fails on purpose: G moves far faster than D and draws one thing only. For learners.",
        {
            "network": "mlp", "conditional": "no", "discriminator_norm": "none", "objective": "non-saturating",
            "lr_d": 3e-5, "lr_g": 5e-2, "ema_half_life": 0, "images": 50_000,
        },
    ),
}


def preset_config(preset: str) -> RunConfig:
    """A preset as it is; the defaults where this version does not know it, as an imported run's may be."""
    return make_config(preset) if preset in PRESETS else validated({"preset": preset})


def make_config(preset: str = "quick", **values: Any) -> RunConfig:
    """A preset with changes → a validated config.

    A length given in `values` replaces the preset's own, in whatever unit, and likewise the spacing of sample grids.

    Raises:
        ConfigError: unknown preset, or see `config.validated`.
    """
    if preset not in PRESETS:
        raise ConfigError(f"preset = {preset!r}: must be one of {', '.join(PRESETS)}")
    return validated({**replaced(PRESETS[preset].values, values), "preset": preset})

"""The families of networks: each file holds a generator and its discriminator, side by side.

A new family is a file with `Generator`, `Discriminator`, `init_std` and `check`, its line in `FAMILIES`, and its name
in `RunConfig.network`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from gan_core.config import RunConfig
from gan_core.errors import ConfigError, StoreError
from gan_core.networks import channels, dcgan, mlp, plane, points, shuffle
from gan_core.networks.layers import has_batch_norm, initialise, one_hot

FAMILIES = {
    "mlp": mlp, "dcgan": dcgan, "shuffle": shuffle, "channels": channels, "points": points, "plane": plane,
}

__all__ = [
    "FAMILIES", "build", "check", "has_batch_norm", "is_conditional", "load_discriminator", "load_generator", "one_hot",
    "size",
]


def is_conditional(config: RunConfig, n_classes: int) -> bool:
    """Whether the networks are told the class.

    Raises:
        ConfigError: asked for, and the data has no labels.
    """
    if config.conditional == "yes" and n_classes < 1:
        raise ConfigError("conditional = 'yes': this data has no labels; set conditional to 'auto' or 'no'")
    return config.conditional != "no" and n_classes > 0


def check(config: RunConfig, shape: tuple[int, ...], n_classes: int) -> None:
    """
    Raises:
        ConfigError: the family cannot make samples of `shape`, or conditional without labels, or in packs.
    """
    complaint = FAMILIES[config.network].check(shape)
    if complaint:
        raise ConfigError(complaint)
    if is_conditional(config, n_classes) and config.packing > 1:
        raise ConfigError(
            f"packing = {config.packing}: a pack's samples are of any classes, so D cannot be told one; set "
            "conditional to 'no'"
        )


def _empty(
    config: RunConfig, shape: tuple[int, ...], n_classes: int, dropout_generator: torch.Generator
) -> tuple[nn.Module, nn.Module]:
    family = FAMILIES[config.network]
    check(config, shape, n_classes)
    classes = n_classes if is_conditional(config, n_classes) else 0
    # On the meta device nothing is drawn: torch's own initialisation would use the global generator.
    with torch.device("meta"):
        generator = family.Generator(config, shape, classes)
        discriminator = family.Discriminator(
            config, (config.packing * shape[0], *shape[1:]), classes, dropout_generator
        )
    if config.latent == "uniform":
        generator.register_forward_pre_hook(_uniform)
    return generator, discriminator


def _uniform(net: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """Latents from N(0, 1) → as many from the uniform distribution on [-1, 1], each by the normal's distribution
    function, 2 Φ(z) - 1. So whoever walks among latents, samples or exports needs to know of one distribution only."""
    z, *others = inputs
    return (torch.erf(z / math.sqrt(2)), *others)


def build(
    config: RunConfig, shape: tuple[int, ...], n_classes: int, init: torch.Generator, dropout: torch.Generator
) -> tuple[nn.Module, nn.Module]:
    """Generator and discriminator on the CPU, their weights drawn from `init`, dropout to be drawn from `dropout`.

    Args:
        shape: of one sample, e.g. (1, 28, 28).
        n_classes: of the data; 0 where it has no labels.

    Raises:
        ConfigError: the family cannot make that shape, or conditional without labels.
    """
    generator, discriminator = _empty(config, shape, n_classes, dropout)
    for net in (generator, discriminator):
        net.to_empty(device="cpu")
        initialise(net, init, FAMILIES[config.network].init_std(config))
    return generator, discriminator


def size(config: RunConfig, shape: tuple[int, ...], n_classes: int) -> int:
    """Numbers in both networks, buffers included; nothing is allocated.

    Raises:
        ConfigError: the family cannot make that shape, or conditional without labels.
    """
    pair = _empty(config, shape, n_classes, torch.Generator())
    return sum(value.numel() for net in pair for value in net.state_dict().values())


def load_generator(
    config: RunConfig, shape: tuple[int, ...], n_classes: int, weights: Mapping[str, Tensor]
) -> nn.Module:
    """A generator on the CPU in eval mode that holds `weights`, its state dict.

    Raises:
        ConfigError: the family cannot make that shape, or conditional without labels.
        StoreError: a weight is missing, too many, or of another shape or kind. Nothing is allocated for settings that
            the weights do not fit, however large.
    """
    return _loaded(0, config, shape, n_classes, weights)


def load_discriminator(
    config: RunConfig, shape: tuple[int, ...], n_classes: int, weights: Mapping[str, Tensor]
) -> nn.Module:
    """A discriminator on the CPU in eval mode that holds `weights`, its state dict, the buffers of its normalisations
    too: it scores each picture on its own, and always the same. Raises as `load_generator` does."""
    return _loaded(1, config, shape, n_classes, weights)


def _loaded(
    side: int, config: RunConfig, shape: tuple[int, ...], n_classes: int, weights: Mapping[str, Tensor]
) -> nn.Module:
    """Side 0 of the pair is the generator, side 1 the discriminator."""
    try:
        net = _empty(config, shape, n_classes, torch.Generator())[side]
    except (RuntimeError, TypeError):
        raise StoreError(f"the settings make more weights from samples of {shape} than can be counted") from None
    mine = net.state_dict()
    if mine.keys() != weights.keys():
        names = ", ".join(sorted(mine.keys() ^ weights.keys())[:3])
        raise StoreError(f"weights do not fit the settings: {names} are missing or too many")
    for name, value in mine.items():
        if weights[name].shape != value.shape or weights[name].dtype != value.dtype:
            raise StoreError(
                f"weights do not fit the settings: {name} is {tuple(weights[name].shape)} {weights[name].dtype}, the "
                f"settings make it {tuple(value.shape)} {value.dtype}"
            )
    net.load_state_dict(weights, assign=True)
    return net.requires_grad_(False).eval()

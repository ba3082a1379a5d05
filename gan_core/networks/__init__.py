"""The families of networks: each file holds a generator and its discriminator, side by side.

A new family is a file with `Generator`, `Discriminator`, `init_std` and `check`, its line in `FAMILIES`, and its name
in `RunConfig.network`.
"""

from __future__ import annotations

import torch
from torch import nn

from gan_core.config import RunConfig
from gan_core.errors import ConfigError
from gan_core.networks import dcgan, mlp
from gan_core.networks.layers import initialise, one_hot

FAMILIES = {"mlp": mlp, "dcgan": dcgan}

__all__ = ["FAMILIES", "build", "build_generator", "check", "is_conditional", "one_hot"]


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
        ConfigError: the family cannot make samples of `shape`, or conditional without labels.
    """
    complaint = FAMILIES[config.network].check(shape)
    if complaint:
        raise ConfigError(complaint)
    is_conditional(config, n_classes)


def _empty(
    config: RunConfig, shape: tuple[int, ...], n_classes: int, dropout_generator: torch.Generator
) -> tuple[nn.Module, nn.Module]:
    family = FAMILIES[config.network]
    check(config, shape, n_classes)
    classes = n_classes if is_conditional(config, n_classes) else 0
    # On the meta device nothing is drawn: torch's own initialisation would use the global generator.
    with torch.device("meta"):
        return family.Generator(config, shape, classes), family.Discriminator(
            config, shape, classes, dropout_generator
        )


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


def build_generator(config: RunConfig, shape: tuple[int, ...], n_classes: int) -> nn.Module:
    """A generator on the CPU with zero weights, in eval mode, for weights that are about to be loaded."""
    generator, _ = _empty(config, shape, n_classes, torch.Generator())
    generator.to_empty(device="cpu")
    for tensor in (*generator.parameters(), *generator.buffers()):
        tensor.data.zero_()
    return generator.eval()

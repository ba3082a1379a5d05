"""Plain fully connected networks as small as one likes, for samples that are a few numbers each: the lab's.

Unlike those of `points` they have nothing that would help, no batch norm and no sine, and each side has its own depth
and width.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gan_core.config import RunConfig
from gan_core.networks.layers import Projection, one_hot, spectral

ACTIVATIONS = {"relu": nn.ReLU, "leaky-relu": lambda: nn.LeakyReLU(0.2), "tanh": nn.Tanh}


def _hidden(into: int, units: int, depth: int, activation: str, normalise: bool) -> tuple[list[nn.Module], int]:
    """Hidden layers → them, and the size of what comes out."""
    layers: list[nn.Module] = []
    for _ in range(depth):
        layer = nn.Linear(into, units)
        layers += [spectral(layer) if normalise else layer, ACTIVATIONS[activation]()]
        into = units
    return layers, into


class Generator(nn.Module):
    """Latents [B, latent_dim] (and labels) → samples [B, *shape], any real numbers.

    `depth_g` hidden layers of `units_g` units, then Linear.
    """

    def __init__(self, config: RunConfig, shape: tuple[int, ...], n_classes: int) -> None:
        super().__init__()
        self.latent_dim, self.shape, self.n_classes = config.latent_dim, shape, n_classes
        layers, size = _hidden(
            config.latent_dim + n_classes, config.units_g, config.depth_g, config.activation, normalise=False
        )
        self.model = nn.Sequential(*layers, nn.Linear(size, math.prod(shape)))

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.n_classes:
            z = torch.cat((z, one_hot(labels, self.n_classes)), 1)
        return self.model(z).unflatten(1, self.shape)


class Discriminator(nn.Module):
    """Samples [B, *shape] (and labels) → logits [B].

    `depth_d` hidden layers of `units_d` units, then Linear to one number.
    """

    def __init__(
        self, config: RunConfig, shape: tuple[int, ...], n_classes: int, dropout_generator: torch.Generator
    ) -> None:
        super().__init__()
        normalise = config.discriminator_norm == "spectral"
        layers, size = _hidden(math.prod(shape), config.units_d, config.depth_d, config.activation, normalise)
        self.features = nn.Sequential(nn.Flatten(), *layers)
        self.head = Projection(size, n_classes, normalise)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.head(self.features(x), labels)


def init_std(config: RunConfig) -> float | None:
    """None: torch's own initialisation."""
    return None


def check(shape: tuple[int, ...]) -> str | None:
    """Why this family cannot make samples of `shape`; None: it can."""
    return None

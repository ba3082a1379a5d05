"""Fully connected networks for samples that are a few numbers each, such as points in the plane.

As those that mixtures of Gaussians are usually learned with (Lin et al. 2018, section 4.1): unlike the article's pair,
G ends in no tanh, which reaches neither -1 nor 1, and D has no dropout, which would blur where a narrow mode ends. D's
first layer is a sine (Sitzmann 2020, section 3.2): a network of ReLUs is slow to learn what changes within a hundredth.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gan_core.config import RunConfig
from gan_core.networks.layers import Projection, one_hot, spectral

UNITS = 4
"""Units of a hidden layer, times `width`."""

LAYERS = 3

FREQUENCY = 15.0
"""ω₀ of the sine: how fast D's first features change, in radians per unit of weight and distance."""


class Sine(nn.Module):
    """sin(ω₀ x)."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(FREQUENCY * x)


class Generator(nn.Module):
    """Latents [B, latent_dim] (and labels) → samples [B, *shape], any real numbers.

    Three hidden layers of 4 `width` units with batch norm and ReLU, then Linear.
    """

    def __init__(self, config: RunConfig, shape: tuple[int, ...], n_classes: int) -> None:
        super().__init__()
        self.latent_dim, self.shape, self.n_classes = config.latent_dim, shape, n_classes
        units, into = UNITS * config.width, config.latent_dim + n_classes
        layers: list[nn.Module] = []
        for _ in range(LAYERS):
            layers += [nn.Linear(into, units, bias=False), nn.BatchNorm1d(units), nn.ReLU()]
            into = units
        self.model = nn.Sequential(*layers, nn.Linear(into, math.prod(shape)))

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.n_classes:
            z = torch.cat((z, one_hot(labels, self.n_classes)), 1)
        return self.model(z).unflatten(1, self.shape)


class Discriminator(nn.Module):
    """Samples [B, *shape] (and labels) → logits [B].

    Three hidden layers of 4 `width` units: the first a sine, then leaky ReLU 0.2.
    """

    def __init__(
        self, config: RunConfig, shape: tuple[int, ...], n_classes: int, dropout_generator: torch.Generator
    ) -> None:
        super().__init__()
        normalise = config.discriminator_norm == "spectral"
        units, into = UNITS * config.width, math.prod(shape)
        layers: list[nn.Module] = [nn.Flatten()]
        for number in range(LAYERS):
            layer = nn.Linear(into, units)
            layers += [spectral(layer) if normalise else layer, nn.LeakyReLU(0.2) if number else Sine()]
            into = units
        self.features = nn.Sequential(*layers)
        self.head = Projection(into, n_classes, normalise)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.head(self.features(x), labels)


def init_std(config: RunConfig) -> float | None:
    """None: torch's own initialisation."""
    return None


def check(shape: tuple[int, ...]) -> str | None:
    """Why this family cannot make samples of `shape`; None: it can."""
    return None

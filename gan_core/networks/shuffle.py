"""Convolutions on a quarter of the picture's side, their channels shuffled into pixels (Shi 2016).

Both networks work at 7 × 7 where the picture has 28 × 28: a convolution costs a sixteenth there, and the last step to
pixels is a mere reordering. For square pictures of 28, 32 or 64 pixels, grey or colour.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gan_core.config import RunConfig
from gan_core.networks import square
from gan_core.networks.layers import Projection, one_hot, spectral
from gan_core.networks.square import init_std as init_std

BLOCK = 4
"""Pixels a side that one place of the inner picture stands for."""


class Generator(nn.Module):
    """Latents [B, latent_dim] (and labels) → pictures [B, C, S, S] in [-1, 1].

    Linear to 2 `width` channels of S/4 × S/4, a 3 × 3 convolution, another to the 16 C channels that become pixels;
    batch norm and ReLU between.
    """

    def __init__(self, config: RunConfig, shape: tuple[int, ...], n_classes: int) -> None:
        super().__init__()
        channels, size, _ = shape
        self.latent_dim, self.shape, self.n_classes = config.latent_dim, shape, n_classes
        inner, side = 2 * config.width, size // BLOCK
        self.inner = (inner, side, side)
        self.first = nn.Linear(config.latent_dim + n_classes, inner * side**2, bias=False)
        self.model = nn.Sequential(
            nn.BatchNorm2d(inner), nn.ReLU(),
            nn.Conv2d(inner, inner, 3, padding=1, bias=False), nn.BatchNorm2d(inner), nn.ReLU(),
            nn.Conv2d(inner, channels * BLOCK**2, 3, padding=1), nn.PixelShuffle(BLOCK), nn.Tanh(),
        )

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.n_classes:
            z = torch.cat((z, one_hot(labels, self.n_classes)), 1)
        return self.model(self.first(z).unflatten(1, self.inner))


class Discriminator(nn.Module):
    """Pictures [B, C, S, S] (and labels) → logits [B].

    Pixels shuffled into channels, a 3 × 3 convolution, others that halve the picture to at most 4 × 4, a projection.
    ReLU between.
    """

    def __init__(
        self, config: RunConfig, shape: tuple[int, ...], n_classes: int, dropout_generator: torch.Generator
    ) -> None:
        super().__init__()
        channels, size, _ = shape
        self.features, found = convolutions(config, channels, size)
        self.head = Projection(found, n_classes, config.discriminator_norm == "spectral")

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.head(self.features(x), labels)


def convolutions(config: RunConfig, channels: int, size: int) -> tuple[nn.Sequential, int]:
    """D's features of pictures [B, channels, size, size], flat, and how many there are."""
    norm, inner, side = config.discriminator_norm, 2 * config.width, size // BLOCK
    layers: list[nn.Module] = [nn.PixelUnshuffle(BLOCK)]
    into, stride = channels * BLOCK**2, 1
    while True:
        convolution = nn.Conv2d(into, inner, 3, stride, padding=1, bias=norm != "batch" or stride == 1)
        layers.append(spectral(convolution) if norm == "spectral" else convolution)
        if norm == "batch" and stride > 1:
            layers.append(nn.BatchNorm2d(inner))
        layers.append(nn.ReLU())
        side = (side + stride - 1) // stride
        if side <= 4:
            return nn.Sequential(*layers, nn.Flatten()), inner * side**2
        into, stride = inner, 2


def check(shape: tuple[int, ...]) -> str | None:
    """Why this family cannot make samples of `shape`; None: it can."""
    return square.check(shape, "shuffle")

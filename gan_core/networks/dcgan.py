"""Convolutional networks after DCGAN (Radford 2016), for square pictures of 28, 32 or 64 pixels, grey or colour."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gan_core.config import RunConfig
from gan_core.networks import square
from gan_core.networks.layers import Projection, one_hot, spectral
from gan_core.networks.square import init_std as init_std

STEPS = {28: 2, 32: 2, 64: 3}  # doublings from the innermost picture (7, 8, 8 pixels) to the outermost


class Generator(nn.Module):
    """Latents [B, latent_dim] (and labels) → pictures [B, C, S, S] in [-1, 1].

    Linear to the innermost picture, then transposed convolutions that double it, halving the channels down to
    `width`; batch norm and leaky ReLU between.
    """

    def __init__(self, config: RunConfig, shape: tuple[int, ...], n_classes: int) -> None:
        super().__init__()
        channels, size, _ = shape
        steps = STEPS[size]
        self.latent_dim, self.shape, self.n_classes = config.latent_dim, shape, n_classes
        inner = config.width * 2 ** (steps - 1)
        self.inner = (inner, size // 2**steps, size // 2**steps)
        self.first = nn.Linear(config.latent_dim + n_classes, inner * self.inner[1] ** 2, bias=False)
        layers: list[nn.Module] = [nn.BatchNorm2d(inner), nn.LeakyReLU(0.2)]
        for step in range(steps):
            outer = channels if step == steps - 1 else inner // 2
            last = step == steps - 1
            layers.append(nn.ConvTranspose2d(inner, outer, 4, stride=2, padding=1, bias=last))
            layers += [nn.Tanh()] if last else [nn.BatchNorm2d(outer), nn.LeakyReLU(0.2)]
            inner = outer
        self.model = nn.Sequential(*layers)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.n_classes:
            z = torch.cat((z, one_hot(labels, self.n_classes)), 1)
        return self.model(self.first(z).unflatten(1, self.inner))


class Discriminator(nn.Module):
    """Pictures [B, C, S, S] (and labels) → logits [B]: convolutions that halve the picture, then a projection."""

    def __init__(
        self, config: RunConfig, shape: tuple[int, ...], n_classes: int, dropout_generator: torch.Generator
    ) -> None:
        super().__init__()
        channels, size, _ = shape
        norm = config.discriminator_norm
        layers: list[nn.Module] = []
        inner = channels
        for step in range(STEPS[size] + 1):
            outer = config.width * 2**step
            convolution = nn.Conv2d(inner, outer, 4, stride=2, padding=1, bias=norm != "batch" or step == 0)
            layers.append(spectral(convolution) if norm == "spectral" else convolution)
            if norm == "batch" and step:
                layers.append(nn.BatchNorm2d(outer))
            layers.append(nn.LeakyReLU(0.2))
            inner = outer
        side = size // 2 ** (STEPS[size] + 1)
        self.features = nn.Sequential(*layers, nn.Flatten())
        self.head = Projection(inner * side * side, n_classes, norm == "spectral")

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.head(self.features(x), labels)


def check(shape: tuple[int, ...]) -> str | None:
    """Why this family cannot make samples of `shape`; None: it can."""
    return square.check(shape, "dcgan")

"""The article's two fully connected networks, for samples of any shape."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gan_core.config import RunConfig
from gan_core.networks.layers import Dropout, Projection, one_hot, spectral


class Generator(nn.Module):
    """Latents [B, latent_dim] (and labels) → samples [B, *shape] in [-1, 1].

    Linear 256, leaky ReLU 0.2, batch norm; Linear 512, leaky ReLU 0.2, batch norm; Linear; tanh: the article's order.
    A conditional one is given the label's one-hot code beside the latent (Mirza 2014).
    """

    def __init__(self, config: RunConfig, shape: tuple[int, ...], n_classes: int) -> None:
        super().__init__()
        self.latent_dim, self.shape, self.n_classes = config.latent_dim, shape, n_classes
        self.model = nn.Sequential(
            nn.Linear(config.latent_dim + n_classes, 256), nn.LeakyReLU(0.2), nn.BatchNorm1d(256),
            nn.Linear(256, 512), nn.LeakyReLU(0.2), nn.BatchNorm1d(512),
            nn.Linear(512, math.prod(shape)), nn.Tanh(),
        )

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.n_classes:
            z = torch.cat((z, one_hot(labels, self.n_classes)), 1)
        return self.model(z).unflatten(1, self.shape)


class Discriminator(nn.Module):
    """Samples [B, *shape] (and labels) → logits [B].

    Linear 512, Linear 256, each with leaky ReLU 0.2 and dropout 0.3, then Linear 1. The article ends in a sigmoid and
    takes BCELoss of it; here the loss takes the logit and does both at once, which is the same number without
    overflow.
    """

    def __init__(
        self, config: RunConfig, shape: tuple[int, ...], n_classes: int, dropout_generator: torch.Generator
    ) -> None:
        super().__init__()
        normalise = config.discriminator_norm == "spectral"
        hidden: list[nn.Module] = [nn.Linear(math.prod(shape), 512), nn.Linear(512, 256)]
        if normalise:
            hidden = [spectral(layer) for layer in hidden]
        self.features = nn.Sequential(
            nn.Flatten(),
            hidden[0], nn.LeakyReLU(0.2), Dropout(0.3, dropout_generator),
            hidden[1], nn.LeakyReLU(0.2), Dropout(0.3, dropout_generator),
        )
        self.head = Projection(256, n_classes, normalise)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.head(self.features(x), labels)


def init_std(config: RunConfig) -> float | None:
    """None: torch's own initialisation, as the article has it."""
    return None


def check(shape: tuple[int, ...]) -> str | None:
    """Why this family cannot make samples of `shape`; None: it can."""
    return None

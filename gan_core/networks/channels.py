"""Pictures whose channels are each a picture of the same kind, such as Stacked MNIST: one small network for them all.

Both networks are `shuffle`'s, with the same weights for red, green and blue, since a digit is the same thing in each:
so every picture teaches them three times. What belongs together is G's and D's to learn, from one latent for the whole
picture and from one judgement of it: nothing tells them that the channels are independent, or that there are digits.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gan_core.config import RunConfig
from gan_core.networks import shuffle, square
from gan_core.networks.layers import Projection, one_hot, spectral
from gan_core.networks.square import init_std as init_std

CODE = 64
"""Numbers that one channel is drawn from."""


class Generator(nn.Module):
    """Latents [B, latent_dim] (and labels) → pictures [B, C, S, S] in [-1, 1].

    Linear from the whole latent to a code for each channel; each code drawn as a grey picture by the same `shuffle`
    network.
    """

    def __init__(self, config: RunConfig, shape: tuple[int, ...], n_classes: int) -> None:
        super().__init__()
        channels, size, _ = shape
        self.latent_dim, self.shape, self.n_classes = config.latent_dim, shape, n_classes
        self.codes = nn.Linear(config.latent_dim + n_classes, channels * CODE, bias=False)
        self.channel = shuffle.Generator(config.model_copy(update={"latent_dim": CODE}), (1, size, size), 0)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.n_classes:
            z = torch.cat((z, one_hot(labels, self.n_classes)), 1)
        return self.channel(self.codes(z).reshape(-1, CODE)).reshape(-1, *self.shape)


class Discriminator(nn.Module):
    """Pictures [B, C, S, S] (and labels) → logits [B].

    Each channel through the same convolutions and to 4 `width` features; those of all channels together through one
    hidden layer of 8 `width`, then a projection. ReLU between.
    """

    def __init__(
        self, config: RunConfig, shape: tuple[int, ...], n_classes: int, dropout_generator: torch.Generator
    ) -> None:
        super().__init__()
        channels, size, _ = shape
        spectrally = config.discriminator_norm == "spectral"

        def layer(into: int, out: int) -> nn.Module:
            return spectral(nn.Linear(into, out)) if spectrally else nn.Linear(into, out)

        convolutions, found = shuffle.convolutions(config, 1, size)
        each, together = 4 * config.width, 8 * config.width
        self.channel = nn.Sequential(convolutions, layer(found, each), nn.ReLU())
        self.together = nn.Sequential(layer(channels * each, together), nn.ReLU())
        self.head = Projection(together, n_classes, spectrally)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        features = self.channel(x.reshape(-1, 1, *x.shape[2:]))
        return self.head(self.together(features.reshape(len(x), -1)), labels)


def check(shape: tuple[int, ...]) -> str | None:
    """Why this family cannot make samples of `shape`; None: it can."""
    return square.check(shape, "channels")

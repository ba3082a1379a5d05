"""The article's loop, for comparison: what one gets by following a tutorial. It trains the same two networks.

A DataLoader that transforms each picture on its own, BCELoss on probabilities, two passes through G for every step,
unfused Adam, and numbers read back where the article prints them.
"""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms


class Pictures(Dataset[tuple[Tensor, int]]):
    """Pictures as torchvision's MNIST gives them: a PIL image and a label (always 0), transformed when asked for."""

    def __init__(self, samples: Tensor) -> None:
        self.samples, self.labels = samples[:, 0], torch.zeros(len(samples), dtype=torch.int64)
        self.transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(self.samples[index].numpy())), int(self.labels[index])


def networks(latent_dim: int = 100, pixels: int = 784) -> tuple[nn.Module, nn.Module]:
    """The article's generator and discriminator."""
    generator = nn.Sequential(
        nn.Linear(latent_dim, 256), nn.LeakyReLU(0.2), nn.BatchNorm1d(256),
        nn.Linear(256, 512), nn.LeakyReLU(0.2), nn.BatchNorm1d(512),
        nn.Linear(512, pixels), nn.Tanh(),
    )
    discriminator = nn.Sequential(
        nn.Linear(pixels, 512), nn.LeakyReLU(0.2), nn.Dropout(0.3),
        nn.Linear(512, 256), nn.LeakyReLU(0.2), nn.Dropout(0.3),
        nn.Linear(256, 1), nn.Sigmoid(),
    )
    return generator, discriminator


class Baseline:
    """`step()` is one pass of the article's inner loop, on the device that it was asked to use."""

    def __init__(self, samples: Tensor, batch_size: int = 64, device: torch.device | str = "cpu") -> None:
        self.device = device
        self.loader = DataLoader(Pictures(samples), batch_size=batch_size, shuffle=True)
        self.batches = iter(self.loader)
        self.generator, self.discriminator = (net.to(device) for net in networks())
        self.criterion = nn.BCELoss()
        self.optimiser_g = torch.optim.Adam(self.generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
        self.optimiser_d = torch.optim.Adam(self.discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))

    def _next(self) -> Tensor:
        try:
            return next(self.batches)[0]
        except StopIteration:
            self.batches = iter(self.loader)
            return next(self.batches)[0]

    def step(self) -> tuple[Tensor, Tensor, int]:
        """(loss of D, loss of G, images)"""
        real = self._next().flatten(1).to(self.device)
        count = len(real)
        ones, zeros = torch.ones(count, 1, device=self.device), torch.zeros(count, 1, device=self.device)

        self.optimiser_d.zero_grad()
        loss_real = self.criterion(self.discriminator(real), ones)
        z = torch.randn(count, 100, device=self.device)
        loss_fake = self.criterion(self.discriminator(self.generator(z).detach()), zeros)
        loss_d = loss_real + loss_fake
        loss_d.backward()
        self.optimiser_d.step()

        self.optimiser_g.zero_grad()
        loss_g = self.criterion(self.discriminator(self.generator(z)), ones)
        loss_g.backward()
        self.optimiser_g.step()
        return loss_d, loss_g, count

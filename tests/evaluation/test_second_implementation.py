"""The distances against another implementation of them, torchmetrics', on the same features."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance

from gan_core.evaluation import Moments, frechet_distance
from gan_core.evaluation.extractors import RandomConvolutions
from gan_core.evaluation.kernel import kernel_distance

COUNT = 400

pytestmark = pytest.mark.filterwarnings("ignore:Metric `Kernel Inception Distance` will save")


class Features(nn.Module):
    """Features of ours, in the place of Inception's."""

    num_features = 128

    def __init__(self) -> None:
        super().__init__()
        self.body = RandomConvolutions(3)

    def forward(self, samples: Tensor) -> Tensor:
        return self.body.features(samples).double()  # single ones: sums differ between processors


def pictures(seed: int, brightness: float) -> Tensor:
    """Colour pictures with a bright square each: uint8 [COUNT, 3, 28, 28]."""
    random = torch.Generator().manual_seed(seed)
    found = torch.rand(COUNT, 3, 28, 28, generator=random) * 60
    for picture, (x, y) in zip(found, torch.randint(0, 18, (COUNT, 2), generator=random).tolist(), strict=True):
        picture[:, y : y + 9, x : x + 9] += brightness * torch.rand(3, 1, 1, generator=random)
    return found.to(torch.uint8)


@pytest.mark.parametrize("brightness", [120.0, 180.0])  # of the same kind, and of another
def test_the_frechet_distance_is_torchmetrics(brightness: float):
    real, fake = pictures(0, 120.0), pictures(1, brightness)
    theirs = FrechetInceptionDistance(feature=Features())
    theirs.update(real, real=True)
    theirs.update(fake, real=False)
    features = RandomConvolutions(3).features
    ours = frechet_distance(Moments.of(features(fake)), Moments.of(features(real)))
    assert ours == pytest.approx(theirs.compute().item(), rel=1e-3)


@pytest.mark.parametrize("brightness", [120.0, 180.0])
def test_the_kernel_distance_is_torchmetrics(brightness: float):
    real, fake = pictures(0, 120.0), pictures(1, brightness)
    theirs = KernelInceptionDistance(feature=Features(), subsets=1, subset_size=COUNT)
    theirs.update(real, real=True)
    theirs.update(fake, real=False)
    features = RandomConvolutions(3).features
    ours, _ = kernel_distance(features(fake), features(real), blocks=1)
    assert ours == pytest.approx(theirs.compute()[0].item(), rel=1e-6)

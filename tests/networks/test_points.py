"""Networks for points: any place can be reached, and nothing of the game is lost on them."""

from __future__ import annotations

import pytest
import torch

from gan_core import networks
from gan_core.errors import ConfigError
from gan_core.presets import make_config


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("norm", ["none", "spectral"])
@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("shape", [(2,), (3, 4)])
def test_shapes(shape: tuple[int, ...], classes: int, norm: str) -> None:
    config = make_config("ring", conditional="auto", discriminator_norm=norm)
    generator, discriminator = networks.build(config, shape, classes, seeded(0), seeded(1))
    labels = torch.arange(6) % classes if classes else None
    samples = generator(torch.randn(6, config.latent_dim, generator=seeded(2)), labels)
    assert samples.shape == (6, *shape)
    assert discriminator(samples, labels).shape == (6,)


def test_the_ends_of_the_data_can_be_passed() -> None:
    generator, _ = networks.build(make_config("ring"), (2,), 8, seeded(0), seeded(1))
    assert generator(100 * torch.randn(500, 2, generator=seeded(2))).abs().max() > 1


@pytest.mark.parametrize("network", ["shuffle", "dcgan"])
def test_points_are_refused_by_convolutions_and_named_what_suits_them(network: str) -> None:
    with pytest.raises(ConfigError, match=rf"network = '{network}'.*\(2,\).*'points'"):
        networks.check(make_config(network=network), (2,), 8)

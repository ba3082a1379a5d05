"""One network for all channels: the same weights in each, one latent and one judgement for the whole."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gan_core import networks
from gan_core.errors import ConfigError
from gan_core.presets import make_config


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pair(shape: tuple[int, ...] = (3, 28, 28), classes: int = 0, **settings: object) -> tuple[nn.Module, nn.Module]:
    config = make_config("stacked-mnist", width=4, latent_dim=24, **settings)
    return networks.build(config, shape, classes, seeded(0), seeded(1))


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 28, 28), (3, 32, 32), (3, 64, 64)])
def test_shapes(shape: tuple[int, ...], classes: int) -> None:
    generator, discriminator = pair(shape, classes)
    labels = torch.arange(4) % classes if classes else None
    pictures = generator(torch.randn(4, 24, generator=seeded(2)), labels)
    assert pictures.shape == (4, *shape) and pictures.abs().max() <= 1
    assert discriminator(pictures, labels).shape == (4,)


def test_the_same_code_draws_the_same_in_every_channel() -> None:
    generator, _ = pair()
    generator.eval()
    weight = generator.codes.weight  # type: ignore[union-attr]
    with torch.no_grad():
        z = torch.randn(1, 24, generator=seeded(2))
        red, green, blue = generator(z)[0]
        assert not torch.allclose(red, green) and not torch.allclose(green, blue)  # one latent, three codes
        weight[64:128] = weight[:64]  # type: ignore[index]
        red_now, green_now, blue_now = generator(z)[0]
    assert torch.equal(red_now, green_now) and torch.equal(red_now, red) and torch.equal(blue_now, blue)


def test_every_number_of_the_latent_reaches_every_channel() -> None:
    generator, _ = pair()
    z = torch.randn(2, 24, generator=seeded(2), requires_grad=True)
    for channel in range(3):
        (slope,) = torch.autograd.grad(generator(z)[:, channel].square().sum(), z)
        assert (slope.abs() > 0).all()


def test_the_judgement_is_of_what_stands_together() -> None:
    """A sum of judgements of single channels could not tell a red 3 beside a green 5 from one beside a green 3."""
    _, discriminator = pair(discriminator_norm="none")
    with torch.no_grad():
        for weight in discriminator.parameters():  # large enough that the two pictures switch hidden units
            weight.mul_(8)
    a, b = torch.rand(2, 1, 28, 28, generator=seeded(3)) * 2 - 1
    picture = [torch.cat((one, other, a))[None] for one in (a, b) for other in (a, b)]
    aa, ab, ba, bb = (discriminator(x).item() for x in picture)
    assert abs(aa + bb - ab - ba) > 0.01 * abs(aa)


def test_other_sides_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"network = 'channels'.*28, 32, 64"):
        networks.check(make_config("stacked-mnist"), (3, 30, 30), 0)

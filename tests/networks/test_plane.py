"""Plain networks for points: each side as deep and as wide as asked, in packs, and from latents of either kind."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gan_core import networks
from gan_core.config import validated
from gan_core.errors import ConfigError
from gan_core.presets import make_config


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def sizes(net: nn.Module) -> list[tuple[int, int]]:
    return [(part.in_features, part.out_features) for part in net.modules() if isinstance(part, nn.Linear)]


@pytest.mark.parametrize("norm", ["none", "spectral"])
@pytest.mark.parametrize("classes", [0, 3])
def test_each_side_has_its_own_shape(classes: int, norm: str) -> None:
    config = validated({
        "network": "plane", "latent_dim": 1, "depth_g": 3, "units_g": 5, "depth_d": 1, "units_d": 9,
        "discriminator_norm": norm,
    })
    generator, discriminator = networks.build(config, (2,), classes, seeded(0), seeded(1))
    assert sizes(generator) == [(1 + classes, 5), (5, 5), (5, 5), (5, 2)]
    assert sizes(discriminator)[:2] == [(2, 9), (9, 1)]
    labels = torch.arange(6) % classes if classes else None
    samples = generator(torch.randn(6, 1, generator=seeded(2)), labels)
    assert samples.shape == (6, 2) and discriminator(samples, labels).shape == (6,)


def test_without_hidden_layers_all_is_straight() -> None:
    config = validated({"network": "plane", "latent_dim": 2, "depth_g": 0, "depth_d": 0, "discriminator_norm": "none"})
    for net in networks.build(config, (2,), 0, seeded(0), seeded(1)):
        a, b = torch.randn(2, 4, 2, generator=seeded(2))
        assert torch.allclose(net((a + b) / 2), (net(a) + net(b)) / 2, atol=1e-6)


@pytest.mark.parametrize("activation", ["relu", "leaky-relu", "tanh"])
def test_activations_differ(activation: str) -> None:
    config = validated({"network": "plane", "activation": activation, "latent_dim": 2})
    generator, _ = networks.build(config, (2,), 0, seeded(0), seeded(1))
    kinds = {nn.ReLU: "relu", nn.LeakyReLU: "leaky-relu", nn.Tanh: "tanh"}
    assert {kinds[type(part)] for part in generator.modules() if type(part) in kinds} == {activation}


@pytest.mark.parametrize("preset", ["article", "dcgan", "quick", "ring"])
def test_uniform_latents_are_uniform_for_every_family(preset: str) -> None:
    """G is given 2 Φ(z) - 1 of what is drawn from N(0, 1): what enters its first layer is even from -1 to 1."""
    shape = (2,) if preset == "ring" else (1, 28, 28)
    plain, uniform = (
        networks.build(make_config(preset, latent=latent, conditional="no"), shape, 0, seeded(0), seeded(1))[0].eval()
        for latent in ("gaussian", "uniform")
    )
    z = torch.randn(4000, plain.latent_dim, generator=seeded(2))  # type: ignore[arg-type]
    seen: list[torch.Tensor] = []
    first = next(part for part in uniform.modules() if isinstance(part, nn.Linear))
    first.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        uniform(z[:64])
        assert torch.allclose(uniform(z[:8]), plain(torch.erf(z[:8] / 2**0.5)), atol=1e-6)
        uniform(z)
    flat = seen[-1].flatten().sort().values
    assert torch.equal(seen[0], seen[-1][:64])
    gaps = flat - torch.linspace(-1, 1, len(flat))
    assert gaps.abs().max() < 4 / len(flat) ** 0.5  # Kolmogorov-Smirnov


@pytest.mark.parametrize("preset", ["article", "dcgan", "quick", "stacked-mnist", "ring"])
def test_packs_enter_as_more_channels(preset: str) -> None:
    shape = (2,) if preset == "ring" else (3, 28, 28) if preset == "stacked-mnist" else (1, 28, 28)
    config = make_config(preset, packing=2, conditional="no")
    generator, discriminator = networks.build(config, shape, 10, seeded(0), seeded(1))
    packs = torch.randn(3, 2 * shape[0], *shape[1:], generator=seeded(2))
    assert discriminator(packs).shape == (3,)
    assert generator(torch.randn(3, config.latent_dim, generator=seeded(3))).shape == (3, *shape)


def test_packs_of_classes_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"packing = 2: .*conditional to 'no'"):
        networks.check(make_config("quick", packing=2), (1, 28, 28), 10)
    networks.check(make_config("quick", packing=2), (1, 28, 28), 0)

"""The convolutional pairs: every size, colour and condition, and what a family refuses."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gan_core import networks
from gan_core.errors import ConfigError, StoreError


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("network", ["dcgan", "shuffle"])
@pytest.mark.parametrize("size", [28, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("n_classes", [0, 10])
@pytest.mark.parametrize("norm", ["spectral", "batch", "none"])
def test_shapes(tiny_config, network: str, size: int, channels: int, n_classes: int, norm: str):
    config = tiny_config("quick", network=network, discriminator_norm=norm)
    shape = (channels, size, size)
    generator, discriminator = networks.build(config, shape, n_classes, seeded(0), seeded(1))
    z = torch.randn(3, config.latent_dim, generator=seeded(2))
    labels = torch.tensor([0, 1, 2]) if n_classes else None
    pictures = generator(z, labels)
    assert pictures.shape == (3, *shape) and pictures.dtype == torch.float32
    assert float(pictures.detach().abs().max()) <= 1
    assert discriminator(pictures, labels).shape == (3,)
    assert generator.n_classes == n_classes and generator.shape == shape
    gradients = torch.autograd.grad(discriminator(pictures, labels).sum(), [*generator.parameters()])
    assert all(gradient.abs().sum() > 0 for gradient in gradients)  # D's lesson reaches every weight of G


def test_channels_and_norms_of_radfords_design(tiny_config):
    config = tiny_config("dcgan", width=8)
    generator, discriminator = networks.build(config, (3, 64, 64), 0, seeded(0), seeded(1))
    ups = [layer for layer in generator.modules() if isinstance(layer, nn.ConvTranspose2d)]
    downs = [layer for layer in discriminator.modules() if isinstance(layer, nn.Conv2d)]
    assert [(layer.in_channels, layer.out_channels) for layer in ups] == [(32, 16), (16, 8), (8, 3)]
    assert [(layer.in_channels, layer.out_channels) for layer in downs] == [(3, 8), (8, 16), (16, 32), (32, 64)]
    assert all(layer.stride == (2, 2) for layer in ups + downs)
    # Batch norm everywhere but at G's output and D's input.
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in generator.modules()) == len(ups)
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in discriminator.modules()) == len(downs) - 1
    assert isinstance(generator.model[-1], nn.Tanh)


def test_width_adjusts(tiny_config):
    counts = [
        sum(p.numel() for p in networks.build(tiny_config(width=width), (1, 28, 28), 0, seeded(0), seeded(1))[1]
            .parameters())
        for width in (4, 8, 16)
    ]
    assert counts[0] < counts[1] < counts[2]


def test_the_class_reaches_both(tiny_config):
    config = tiny_config("quick")
    generator, discriminator = networks.build(config, (1, 28, 28), 10, seeded(0), seeded(1))
    generator.eval()
    discriminator.eval()
    z = torch.randn(1, config.latent_dim, generator=seeded(2))
    three, eight = torch.tensor([3]), torch.tensor([8])
    assert not torch.equal(generator(z, three), generator(z, eight))
    picture = generator(z, three)
    assert not torch.equal(discriminator(picture, three), discriminator(picture, eight))
    soft = nn.functional.one_hot(three, 10).float()
    assert torch.equal(generator(z, soft), picture)
    with pytest.raises(ValueError, match="conditional"):
        generator(z)


@pytest.mark.parametrize("network", ["dcgan", "shuffle"])
@pytest.mark.parametrize("shape", [(2,), (1, 28, 32), (4, 32, 32), (1, 30, 30), (28, 28), (1, 1, 28, 28)])
def test_a_shape_it_cannot_make(tiny_config, network: str, shape: tuple[int, ...]):
    with pytest.raises(ConfigError, match=rf"network = '{network}'.*28, 32, 64.*mlp"):
        networks.build(tiny_config("quick", network=network), shape, 0, seeded(0), seeded(1))


def test_the_shuffled_pair_works_at_a_quarter_of_the_side(tiny_config):
    config = tiny_config("quick", network="shuffle", width=8)
    generator, discriminator = networks.build(config, (3, 64, 64), 0, seeded(0), seeded(1))
    sides: list[tuple[int, ...]] = []
    for net in (generator, discriminator):
        for layer in net.modules():
            if isinstance(layer, nn.Conv2d):
                layer.register_forward_hook(lambda _layer, _given, out: sides.append(tuple(out.shape[1:])))
    discriminator(generator(torch.randn(2, config.latent_dim, generator=seeded(2))))
    assert sides == [(16, 16, 16), (48, 16, 16), (16, 16, 16), (16, 8, 8), (16, 4, 4)]


@pytest.mark.parametrize(
    ("conditional", "n_classes", "expected"),
    [("auto", 10, True), ("auto", 0, False), ("yes", 10, True), ("no", 10, False), ("no", 0, False)],
)
def test_when_it_is_conditional(tiny_config, conditional: str, n_classes: int, expected: bool):
    assert networks.is_conditional(tiny_config(conditional=conditional), n_classes) is expected


def test_conditional_without_labels(tiny_config):
    with pytest.raises(ConfigError, match="no labels"):
        networks.check(tiny_config(conditional="yes"), (1, 28, 28), 0)


# a generator from its weights


@pytest.mark.parametrize("preset", ["quick", "article"])
def test_a_generator_from_its_weights_draws_the_same(tiny_config, preset: str):
    config = tiny_config(preset)
    generator, _ = networks.build(config, (1, 28, 28), 10, seeded(0), seeded(1))
    weights = {name: value.clone() for name, value in generator.state_dict().items()}
    before = torch.random.get_rng_state()
    loaded = networks.load_generator(config, (1, 28, 28), 10, weights)
    assert torch.equal(before, torch.random.get_rng_state())
    assert not loaded.training and not any(parameter.requires_grad for parameter in loaded.parameters())
    z = torch.randn(4, config.latent_dim, generator=seeded(2))
    labels = torch.arange(4) if generator.n_classes else None
    assert torch.equal(loaded(z, labels), generator.eval()(z, labels))


@pytest.mark.parametrize("fault", ["missing", "unknown", "shape", "dtype"])
def test_weights_that_do_not_fit(tiny_config, fault: str):
    config = tiny_config("quick")
    generator, _ = networks.build(config, (1, 28, 28), 10, seeded(0), seeded(1))
    weights = dict(generator.state_dict())
    name = "first.weight"
    if fault == "missing":
        del weights[name]
    elif fault == "unknown":
        weights["extra"] = torch.zeros(1)
    elif fault == "shape":
        weights[name] = weights[name][:, 1:]
    else:
        weights[name] = weights[name].double()
    with pytest.raises(StoreError, match=name if fault != "unknown" else "extra"):
        networks.load_generator(config, (1, 28, 28), 10, weights)


def test_settings_that_ask_for_more_than_a_machine_has_take_nothing(tiny_config):
    """512 × 10¹⁴ weights: known to be wrong before a byte is asked for."""
    with pytest.raises(StoreError, match="do not fit"):
        networks.load_generator(tiny_config("article"), (10**7, 10**7), 0, {"model.0.weight": torch.zeros(1)})
    with pytest.raises(StoreError, match="than can be counted"):
        networks.load_generator(tiny_config("article"), (10**18, 10**18), 0, {})

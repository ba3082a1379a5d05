"""The article's two networks, layer by layer against the article's own code."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from gan_core import networks
from gan_core.presets import make_config


class ArticleGenerator(nn.Module):
    """The article's code, word for word."""

    def __init__(self, latent_dim=100, img_dim=784):
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(latent_dim, 256),
            nn.LeakyReLU(0.2),
            nn.BatchNorm1d(256),
            nn.Linear(256, 512),
            nn.LeakyReLU(0.2),
            nn.BatchNorm1d(512),
            nn.Linear(512, img_dim),
            nn.Tanh()
        )

    def forward(self, z):
        return self.model(z).view(z.size(0), 1, 28, 28)


class ArticleDiscriminator(nn.Module):
    """The article's code, word for word."""

    def __init__(self, img_dim=784):
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(img_dim, 512),
            nn.LeakyReLU(0.2),
            nn.Dropout(0.3),
            nn.Linear(512, 256),
            nn.LeakyReLU(0.2),
            nn.Dropout(0.3),
            nn.Linear(256, 1),
            nn.Sigmoid()
        )

    def forward(self, img):
        img_flat = img.view(img.size(0), -1)
        return self.model(img_flat)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def ours() -> tuple[nn.Module, nn.Module]:
    return networks.build(make_config("article"), (1, 28, 28), 10, seeded(0), seeded(1))


@pytest.fixture
def articles(ours: tuple[nn.Module, nn.Module]) -> tuple[ArticleGenerator, ArticleDiscriminator]:
    """The article's networks with our weights in them."""
    with torch.random.fork_rng():
        generator, discriminator = ArticleGenerator(), ArticleDiscriminator()
    generator.load_state_dict(ours[0].state_dict())
    names = {"features.1": "model.0", "features.4": "model.3", "head.score": "model.6"}
    theirs = {}
    for key, value in ours[1].state_dict().items():
        layer, _, part = key.rpartition(".")
        theirs[f"{names[layer]}.{part}"] = value
    discriminator.load_state_dict(theirs)
    return generator, discriminator


@pytest.mark.parametrize("training", [True, False])
def test_the_generator_is_the_articles(ours, articles, training: bool):
    mine, theirs = ours[0].train(training), articles[0].train(training)
    z = torch.randn(16, 100, generator=seeded(2))
    pictures = mine(z)
    assert torch.equal(pictures, theirs(z))
    assert pictures.shape == (16, 1, 28, 28)
    for name, value in theirs.state_dict().items():  # the running means moved alike too
        assert torch.equal(mine.state_dict()[name], value), name


def test_the_discriminator_is_the_articles(ours, articles):
    mine, theirs = ours[1].eval(), articles[1].eval()
    x = torch.rand(16, 1, 28, 28, generator=seeded(2)) * 2 - 1
    assert mine(x).shape == (16,)
    assert torch.allclose(torch.sigmoid(mine(x)), theirs(x).squeeze(1), atol=1e-6)


def test_the_discriminators_layers_in_training_too(ours, articles):
    """The same kinds in the same order, so that dropout stands where the article has it."""
    mine = [*ours[1].features[1:], ours[1].head.score, nn.Sigmoid()]
    theirs = list(articles[1].model)
    assert [type(layer).__name__ for layer in mine] == [type(layer).__name__ for layer in theirs]
    for one, other in zip(mine, theirs, strict=True):
        assert getattr(one, "p", None) == getattr(other, "p", None)
        assert getattr(one, "negative_slope", None) == getattr(other, "negative_slope", None)


def test_the_number_of_parameters(ours):
    counts = [sum(parameter.numel() for parameter in net.parameters()) for net in ours]
    assert counts == [561_168, 533_505]


def test_any_shape_and_the_class(tiny_config):
    config = tiny_config("article", conditional="yes")
    generator, discriminator = networks.build(config, (2,), 3, seeded(0), seeded(1))
    z, labels = torch.randn(5, config.latent_dim, generator=seeded(2)), torch.tensor([0, 1, 2, 0, 1])
    assert generator(z, labels).shape == (5, 2)
    assert discriminator(generator(z, labels), labels).shape == (5,)
    generator.eval()
    assert not torch.equal(generator(z, labels), generator(z, labels.flip(0)))


def test_spectral_normalisation_of_every_layer_of_d(tiny_config):
    _, discriminator = networks.build(
        tiny_config("article", discriminator_norm="spectral", conditional="yes"), (1, 28, 28), 10, seeded(0), seeded(1)
    )
    discriminator.eval()
    weights: list[Tensor] = [discriminator.features[1].weight, discriminator.features[4].weight]
    weights += [discriminator.head.score.weight, discriminator.head.embed.weight]
    for weight in weights:
        assert float(torch.linalg.svdvals(weight.detach())[0]) == pytest.approx(1, abs=0.06)

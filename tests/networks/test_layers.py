"""Dropout, spectral normalisation, projection and first weights against formulas and PyTorch's own."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from gan_core import networks
from gan_core.networks.layers import Dropout, Projection, SpectralNorm, initialise, one_hot, spectral


def largest(weight: torch.Tensor) -> float:
    return float(torch.linalg.svdvals(weight.detach().flatten(1))[0])


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_dropout_drops_its_share_and_keeps_the_mean():
    layer = Dropout(0.3, seeded(0))
    x = torch.ones(200, 500)
    y = layer(x)
    dropped = (y == 0).float().mean()
    assert dropped == pytest.approx(0.3, abs=0.01)
    assert torch.allclose(y[y != 0], torch.tensor(1 / 0.7))
    assert torch.equal(layer.eval()(x), x)


def test_dropouts_masks_are_the_generators():
    x = torch.ones(4, 50)
    first, again = Dropout(0.5, seeded(7))(x), Dropout(0.5, seeded(7))(x)
    assert torch.equal(first, again)
    assert not torch.equal(first, Dropout(0.5, seeded(8))(x))


@pytest.mark.parametrize("layer", ["linear", "convolution"])
def test_spectral_norm_divides_by_the_largest_singular_value(layer: str):
    with torch.random.fork_rng():
        module = spectral(nn.Linear(40, 30) if layer == "linear" else nn.Conv2d(6, 30, 4))
    initialise(module, seeded(0))
    original = module.parametrizations.weight.original
    assert largest(module.weight) == pytest.approx(1, abs=0.03)
    for _ in range(300):
        last = module.weight
    assert torch.allclose(last, original / largest(original), rtol=1e-4)


def test_spectral_norm_rests_in_eval_mode():
    module = spectral(nn.Linear(5, 4, device="meta").to_empty(device="cpu"))
    initialise(module, seeded(0), 0.02)
    module.eval()
    u = module.parametrizations.weight[0].u.clone()
    assert torch.equal(module.weight, module.weight)
    assert torch.equal(module.parametrizations.weight[0].u, u)


def test_spectral_norms_gradient_is_pytorchs():
    """The same u and v in both: forward and backward agree, the path through sigma included."""
    with torch.random.fork_rng():
        theirs = parametrizations.spectral_norm(nn.Linear(7, 5, bias=False))
        mine = spectral(nn.Linear(7, 5, bias=False))
    with torch.no_grad():
        mine.parametrizations.weight.original.copy_(theirs.parametrizations.weight.original)
        mine.parametrizations.weight[0].u.copy_(theirs.parametrizations.weight[0]._u)
        mine.parametrizations.weight[0].v.copy_(theirs.parametrizations.weight[0]._v)
    x = torch.randn(3, 7, generator=seeded(1))
    gradients = []
    for module in (mine, theirs):
        loss = module.eval()(x).square().sum()
        gradients.append(torch.autograd.grad(loss, module.parametrizations.weight.original)[0])
    assert torch.allclose(gradients[0], gradients[1], rtol=1e-4, atol=1e-6)
    # And it is not the gradient of the weight alone: sigma counts.
    assert float((gradients[0] * mine.parametrizations.weight.original.detach()).sum()) == pytest.approx(0, abs=1e-4)


def test_a_later_power_iteration_leaves_an_earlier_pass_alone():
    """Two passes before one backward: each keeps the u and v that it was made with."""
    module = spectral(nn.Linear(6, 6, device="meta").to_empty(device="cpu"))
    initialise(module, seeded(0))
    x = torch.randn(3, 6, generator=seeded(1))
    (module(x).sum() + module(x).sum()).backward()
    assert torch.isfinite(module.parametrizations.weight.original.grad).all()


@pytest.mark.parametrize("normalise", [True, False])
def test_projection_is_miyatos_formula(normalise: bool):
    head = Projection(6, 3, normalise)
    initialise(head, seeded(0), 0.5)
    head.eval()
    h, labels = torch.randn(5, 6, generator=seeded(1)), torch.tensor([0, 2, 1, 2, 0])
    embedding = head.embed.weight.t()[labels]
    expected = [
        head.score.bias.item() + sum((head.score.weight[0, k] * h[b, k]).item() for k in range(6))
        + sum((embedding[b, k] * h[b, k]).item() for k in range(6))
        for b in range(5)
    ]
    assert torch.allclose(head(h, labels), torch.tensor(expected), atol=1e-5)


def test_a_mix_of_classes_is_a_place_between_them():
    head = Projection(6, 3, False)
    initialise(head, seeded(0))
    h = torch.randn(1, 6, generator=seeded(1))
    between = head(h, torch.tensor([[0.25, 0.0, 0.75]]))
    assert torch.allclose(between, 0.25 * head(h, torch.tensor([0])) + 0.75 * head(h, torch.tensor([2])), atol=1e-6)


def test_an_unconditional_head_looks_at_no_label():
    head = Projection(6, 0, False)
    initialise(head, seeded(0))
    h = torch.randn(4, 6, generator=seeded(1))
    assert head.embed is None
    assert torch.equal(head(h, None), head.score(h).squeeze(1))


def test_one_hot_is_pytorchs():
    labels = torch.tensor([3, 0, 2])
    assert torch.equal(one_hot(labels, 4), nn.functional.one_hot(labels, 4).float())
    with pytest.raises(ValueError, match="conditional"):
        one_hot(None, 4)


def _layer(kind: str) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(1)  # the same each time: of 32 biases the largest is now and then far from the bound
        return {
            "linear": lambda: nn.Linear(300, 200), "convolution": lambda: nn.Conv2d(16, 64, 4),
            "transposed": lambda: nn.ConvTranspose2d(64, 32, 4),
        }[kind]()


@pytest.mark.parametrize("kind", ["linear", "convolution", "transposed"])
def test_first_weights_are_pytorchs_own_distribution(kind: str):
    layer, theirs = _layer(kind), _layer(kind)
    initialise(layer, seeded(0))
    for mine, other in ((layer.weight, theirs.weight), (layer.bias, theirs.bias)):
        bound = float(other.detach().abs().max())
        assert float(mine.detach().abs().max()) == pytest.approx(bound, rel=0.06)
    assert float(layer.weight.std()) == pytest.approx(float(theirs.weight.std()), rel=0.02)
    assert abs(float(layer.weight.mean())) < 0.02 * float(theirs.weight.abs().max())


@pytest.mark.parametrize("kind", ["linear", "convolution", "transposed"])
def test_first_weights_of_dcgan(kind: str):
    layer = _layer(kind)
    initialise(layer, seeded(0), 0.02)
    assert float(layer.weight.std()) == pytest.approx(0.02, rel=0.02)
    assert abs(float(layer.weight.mean())) < 5e-4
    assert float(layer.weight.abs().max()) > 0.06  # a normal's tail, which no uniform of this spread has
    assert torch.equal(layer.bias, torch.zeros_like(layer.bias))


def test_first_batch_norm():
    norm = nn.BatchNorm2d(4000)
    initialise(norm, seeded(0), 0.02)
    assert float(norm.weight.mean()) == pytest.approx(1, abs=2e-3)
    assert float(norm.weight.std()) == pytest.approx(0.02, rel=0.05)
    assert torch.equal(norm.bias, torch.zeros(4000))
    initialise(norm, seeded(0))
    assert torch.equal(norm.weight, torch.ones(4000))


@pytest.mark.parametrize("preset", ["quick", "article", "dcgan"])
def test_every_number_of_new_networks_follows_from_the_seed(tiny_config, preset: str):
    """Nothing is left as it lay in memory, and the global generator is neither asked nor moved."""
    before = torch.random.get_rng_state()
    config = tiny_config(preset)
    first = networks.build(config, (1, 28, 28), 10, seeded(3), seeded(4))
    again = networks.build(config, (1, 28, 28), 10, seeded(3), seeded(4))
    other = networks.build(config, (1, 28, 28), 10, seeded(5), seeded(4))
    assert torch.equal(before, torch.random.get_rng_state())
    for one, same, different in zip(first, again, other, strict=True):
        for name, value in one.state_dict().items():
            assert torch.equal(value, same.state_dict()[name]), name
            assert torch.isfinite(value).all(), name
        assert any(not torch.equal(value, different.state_dict()[name]) for name, value in one.state_dict().items())


def test_spectral_norm_begins_close_to_the_truth(tiny_config):
    """The first real pass divides by the singular value, not by a guess."""
    config = tiny_config("quick", network="dcgan", width=16)
    _, discriminator = networks.build(config, (3, 64, 64), 10, seeded(0), seeded(1))
    found = [module for module in discriminator.modules() if isinstance(module, SpectralNorm)]
    assert len(found) == 4 + 2
    for module in discriminator.eval().modules():
        if hasattr(module, "parametrizations"):
            assert largest(module.weight) == pytest.approx(1, abs=0.08)

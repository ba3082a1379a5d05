"""Looking into a discriminator: its scores, where they are pushed, and what they are compared with."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gan_core import xray
from gan_core.config import RunConfig
from gan_core.datasets import Dataset
from gan_core.errors import StoreError
from gan_core.networks import load_discriminator
from gan_core.objectives import OBJECTIVES
from gan_core.trainer import Trainer

CONFIGS = [
    {"preset": "quick"}, {"preset": "dcgan"}, {"preset": "article"}, {"preset": "wgan-gp", "network": "dcgan"},
    {"preset": "quick", "network": "mlp"},
]


@pytest.fixture(scope="module", params=CONFIGS, ids=lambda values: "-".join(values.values()))
def trained(
    request: pytest.FixtureRequest, tiny: Callable[..., Dataset], tiny_config: Callable[..., RunConfig]
) -> Trainer:
    """A few steps on colour pictures, so that buffers are no longer what they began as."""
    trainer = Trainer(tiny_config(**request.param), tiny(shape=(3, 28, 28)))
    for _ in range(3):
        trainer.step()
    return trainer


def _loaded(trainer: Trainer) -> nn.Module:
    """As from a checkpoint."""
    tensors, _ = trainer.state()
    weights = {k.removeprefix("discriminator."): v for k, v in tensors.items() if k.startswith("discriminator.")}
    return load_discriminator(trainer.config, trainer.dataset.shape, trainer.dataset.n_classes, weights)


def _samples(trainer: Trainer, count: int = 6) -> tuple[Tensor, Tensor | None]:
    x, labels = trainer.dataset.batch(torch.arange(count), torch.Generator())
    return x, labels if trainer.game.conditional else None


def test_scores_are_those_of_the_trainers_own_discriminator(trained: Trainer) -> None:
    x, labels = _samples(trained)
    found = xray.scores(_loaded(trained), x, labels)
    own = trained.game.discriminator.eval()
    with torch.no_grad():
        torch.testing.assert_close(found, own(x, labels), rtol=1e-5, atol=1e-6)


def test_a_picture_is_scored_alone_and_looking_changes_nothing(trained: Trainer) -> None:
    x, labels = _samples(trained)
    net = _loaded(trained)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    together = xray.scores(net, x, labels)
    for place in range(len(x)):
        alone = xray.scores(net, x[place:place + 1], None if labels is None else labels[place:place + 1])
        torch.testing.assert_close(alone[0], together[place], rtol=1e-5, atol=1e-6)
        xray.push(net, x[place], None if labels is None else labels[place])
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert all(parameter.grad is None for parameter in net.parameters()) and x.grad is None


def test_many_are_scored_in_batches_as_in_one(tiny: Callable[..., Dataset], tiny_config: Callable[..., Any]) -> None:
    trainer = Trainer(tiny_config("wgan-gp"), tiny(count=300))
    x, labels = _samples(trainer, 300)
    with torch.no_grad():
        torch.testing.assert_close(xray.scores(_loaded(trainer), x, labels), _loaded(trainer)(x, labels))
    assert xray.scores(_loaded(trainer), x[:0], None if labels is None else labels[:0]).shape == (0,)


class Double(nn.Module):
    """A discriminator in float64, its labels too."""

    def __init__(self, net: nn.Module, n_classes: int) -> None:
        super().__init__()
        self.net, self.n_classes = net.double(), n_classes

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.net(x, None if labels is None else nn.functional.one_hot(labels, self.n_classes).double())


@pytest.mark.parametrize("dab", [0.0, 1.0, 2.3])
def test_push_is_the_slope_along_a_dab_of_the_brush(trained: Trainer, dab: float) -> None:
    """Against central differences in float64, at pixels in the middle, at an edge and in a corner."""
    net = Double(_loaded(trained), trained.dataset.n_classes)
    x, labels = _samples(trained)
    sample, label = x[4].double(), None if labels is None else labels[4]
    found = xray.push(net, sample, label, dab)
    assert found.shape == (28, 28)
    rows, columns = torch.meshgrid(torch.arange(28.0), torch.arange(28.0), indexing="ij")
    reach = max(1, round(3 * dab))
    whole = sum(math.exp(-(i * i + j * j) / (2 * dab**2)) for i in range(-reach, reach + 1) for j in
                range(-reach, reach + 1)) if dab else 1.0
    for row, column in ((14, 9), (0, 13), (27, 27)):
        away = (rows - row).square() + (columns - column).square()
        if dab:
            near = torch.maximum((rows - row).abs(), (columns - column).abs()) <= reach
            bump = torch.exp(-away.double() / (2 * dab**2)) * near / whole
        else:
            bump = (away == 0).double()
        small = 1e-6
        ends = torch.stack([sample + small * bump, sample - small * bump])
        with torch.no_grad():
            up, down = net(ends, None if label is None else label.repeat(2))
        assert float(found[row, column]) == pytest.approx(float(up - down) / (2 * small), rel=1e-4, abs=1e-9)


class Linear(nn.Module):
    """D whose logit is the product with one picture."""

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.weights = weights

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return (x * self.weights).flatten(1).sum(1)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_linear_discriminators_push_is_its_weights(channels: int) -> None:
    random = torch.Generator().manual_seed(0)
    weights, sample = torch.randn(2, channels, 9, 7, generator=random)
    torch.testing.assert_close(xray.push(Linear(weights), sample, None, dab=0), weights.sum(0))
    # A dab is spread out, and nothing of it is lost but what lies beyond the edge.
    middle = torch.zeros(channels, 9, 7)
    middle[0, 4, 3] = 2.0
    spread = xray.push(Linear(middle), sample, None, dab=0.5)
    assert float(spread.sum()) == pytest.approx(2.0) and spread.argmax() == 4 * 7 + 3
    torch.testing.assert_close(spread, spread.flip(0, 1))


@pytest.mark.parametrize(("shape", "dab"), [((9, 7), 1.0), ((2,), 1.0), ((1, 9, 7), -1.0)])
def test_a_push_needs_a_picture(shape: tuple[int, ...], dab: float) -> None:
    with pytest.raises(ValueError, match="push needs"):
        xray.push(Linear(torch.ones(shape)), torch.ones(shape), None, dab)


def test_weights_that_do_not_fit_are_refused(trained: Trainer) -> None:
    tensors, _ = trained.state()
    weights = {k.removeprefix("discriminator."): v for k, v in tensors.items() if k.startswith("discriminator.")}
    shape, classes = trained.dataset.shape, trained.dataset.n_classes
    name = next(iter(weights))
    with pytest.raises(StoreError, match="missing or too many"):
        load_discriminator(trained.config, shape, classes, {k: v for k, v in weights.items() if k != name})
    with pytest.raises(StoreError, match=r"the settings make it"):
        load_discriminator(trained.config, shape, classes, {**weights, name: weights[name].double()})


REAL, FAKE = torch.tensor([1.0, 3.0]), torch.tensor([-3.0, -2.0])
PLAIN, WITH_BATCH_NORM = nn.Linear(1, 1), nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1))


@pytest.mark.parametrize(
    ("objective", "net", "expected"),
    [
        ("hinge", PLAIN, 0.0), ("minimax", PLAIN, 0.0), ("non-saturating", PLAIN, 0.0), ("least-squares", PLAIN, 0.5),
        ("wasserstein", PLAIN, -0.25), ("relativistic", PLAIN, -0.25), ("non-saturating", WITH_BATCH_NORM, -0.25),
    ],
)
def test_where_a_discriminator_cannot_tell(objective: str, net: nn.Module, expected: float) -> None:
    assert float(xray.undecided(OBJECTIVES[objective], net, REAL, FAKE)) == pytest.approx(expected)


def test_histogram_counts_each_score_once_over_the_same_bins() -> None:
    random = torch.Generator().manual_seed(0)
    real, fake = torch.randn(100, generator=random) + 1, torch.randn(70, generator=random)
    edges, first, second = xray.histogram(real, fake, 12)
    assert edges.shape == (13,) and (np.diff(edges) > 0).all()
    assert (first.sum(), second.sum()) == (100, 70)
    assert edges[0] == min(real.min(), fake.min()) and edges[-1] == max(real.max(), fake.max())
    inside = (real.double().numpy() >= edges[3]) & (real.double().numpy() < edges[4])
    assert first[3] == inside.sum()


def test_histogram_of_hardly_anything() -> None:
    same = torch.full((5,), 2.0)
    edges, first, second = xray.histogram(same, torch.tensor([]))
    assert (first.sum(), second.sum()) == (5, 0) and edges[0] < 2 < edges[-1]
    broken = torch.tensor([1.0, math.nan, math.inf])
    assert [counts.sum() for counts in xray.histogram(broken, broken)[1:]] == [1, 1]
    assert np.isfinite(xray.histogram(broken[1:], broken[1:])[0]).all()

"""Mode coverage against cases worked out by hand, and damage whose direction is known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from gan_core.datasets.mixtures import GRID, RING
from gan_core.evaluation import Moments
from gan_core.evaluation.classifier import Classifier
from gan_core.evaluation.modes import evenness, floor, score_points, score_stack
from gan_core.networks.layers import initialise


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_kl_of_known_counts() -> None:
    assert evenness(torch.tensor([5, 5, 5, 5])) == pytest.approx(0, abs=1e-12)
    assert evenness(torch.tensor([0, 9, 0, 0])) == pytest.approx(math.log(4))  # one mode alone
    assert evenness(torch.tensor([1, 1, 0, 0])) == pytest.approx(math.log(2))  # half of them
    assert evenness(torch.tensor([3, 1])) == pytest.approx(0.75 * math.log(1.5) + 0.25 * math.log(0.5))
    assert evenness(torch.zeros(8, dtype=torch.int64)) == pytest.approx(math.log(8))  # none: as bad as can be


@pytest.mark.parametrize(("modes", "samples"), [(8, 2_500), (1_000, 26_000)])
def test_chance_alone_scores_the_floor(modes: int, samples: int) -> None:
    found = [
        evenness(torch.bincount(torch.randint(modes, (samples,), generator=seeded(seed)), minlength=modes))
        for seed in range(60)
    ]
    # The estimate is of order 1 / N; 60 draws of a chi-squared with K - 1 degrees.
    error = floor(modes, samples) * math.sqrt(2 / (modes - 1) / 60)
    assert sum(found) / 60 == pytest.approx(floor(modes, samples), abs=5 * error + 0.05 * floor(modes, samples))
    assert floor(1_000, 26_000) == pytest.approx(0.0192, abs=1e-4)  # what Stacked MNIST is known for


@pytest.mark.parametrize("mixture", [RING, GRID], ids=["ring", "grid"])
def test_real_points_score_nearly_perfectly(mixture) -> None:
    scores = score_points(mixture.read().samples[:2_500], mixture)
    assert scores.modes == len(mixture.centres)
    assert scores.high_quality == pytest.approx(1 - math.exp(-4.5), abs=0.01)  # a Rayleigh's share within 3
    assert scores.kl < 3 * floor(len(mixture.centres), 2_500)


def test_points_on_one_centre_and_far_from_all() -> None:
    one = score_points(torch.tensor([RING.centres[3]]).repeat(10, 1), RING)
    assert (one.modes, one.high_quality) == (1, 1.0) and one.kl == pytest.approx(math.log(8))
    none = score_points(torch.zeros(10, 2), RING)
    assert (none.modes, none.high_quality) == (0, 0.0) and none.kl == pytest.approx(math.log(8))


def test_the_edge_of_high_quality_is_three_deviations() -> None:
    x, y = RING.centres[0]
    for far, good in ((2.9, 1.0), (3.1, 0.0)):
        assert score_points(torch.tensor([[x + far * RING.deviation, y]]), RING).high_quality == good


def test_damage_tells() -> None:
    data = GRID.read()
    assert data.labels is not None
    good = score_points(data.samples[:2_500], GRID)
    some = score_points(data.samples[data.labels < 20][:2_500], GRID)  # five modes are dropped
    assert some.modes == 20 and some.kl > good.kl + 0.9 * math.log(25 / 20)
    rare = score_points(data.samples[(data.labels > 0) | (torch.arange(100_000) % 10 == 0)][:2_500], GRID)
    assert rare.modes == 25 and rare.kl > good.kl
    noisy = score_points(data.samples[:2_500] + 0.05 * torch.randn(2_500, 2, generator=seeded(0)), GRID)
    assert noisy.high_quality < 0.5


class Brightness(nn.Module):
    """Tells the class of a picture by how bright it is, as surely as `scale` makes it: 0 at black, 3 at white."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale, self.head = scale, nn.Linear(1, 4)

    def features(self, samples: Tensor) -> Tensor:
        return samples.float().mean((1, 2, 3), keepdim=True).flatten(1) / 85

    def probabilities(self, features: Tensor) -> Tensor:
        return (-self.scale * (features - torch.arange(4)).square()).softmax(1)


def stacks(classes: Tensor) -> Tensor:
    """Classes [N, 3] → pictures whose channels are as bright as their class."""
    return (85 * classes).to(torch.uint8)[:, :, None, None].expand(-1, -1, 4, 4).contiguous()


def score(classes: Tensor, scale: float = 50.0):
    judge: Classifier = Brightness(scale)  # type: ignore[assignment]
    real = Moments.of(judge.features(stacks(torch.arange(400)[:, None] % 4)))
    return score_stack(stacks(classes), judge, real)


def test_every_combination_counts_as_a_mode() -> None:
    every = torch.cartesian_prod(*[torch.arange(4)] * 3)
    full = score(every)
    assert full.modes == 64 and full.kl == pytest.approx(0, abs=1e-9) and full.confidence == pytest.approx(1)
    assert full.fid == pytest.approx(0, abs=0.02)
    # As many of each class in every channel, but always the same in all three: what no channel alone would show.
    tied = score(torch.arange(64)[:, None].repeat(1, 3) % 4)
    assert tied.modes == 4 and tied.kl == pytest.approx(math.log(16)) and tied.fid == pytest.approx(full.fid, abs=1e-6)
    one = score(torch.ones(64, 3, dtype=torch.int64))
    assert one.modes == 1 and one.kl == pytest.approx(math.log(64)) and one.fid > 0.5


def test_an_unsure_classifier_is_told() -> None:
    every = torch.cartesian_prod(*[torch.arange(4)] * 3)
    assert score(every, 0.5).confidence < 0.7 < score(every).confidence


def test_the_real_classifier_takes_single_channels() -> None:
    net = Classifier((1, 28, 28), 10)
    initialise(net, seeded(0))
    samples = torch.randint(0, 256, (70, 3, 28, 28), dtype=torch.uint8, generator=seeded(1))
    real = Moments.of(net.features(samples[:50, :1]))
    shares: list[float] = []
    scores = score_stack(samples, net, real, shares.append)
    assert shares == [pytest.approx(i / 3) for i in (1, 2, 3)]
    assert 1 <= scores.modes <= 70 and 0.1 < scores.confidence < 1 and scores.fid >= 0
    classes = torch.stack([net.probabilities(net.features(samples[:, i : i + 1])).argmax(1) for i in range(3)], 1)
    assert scores.modes == len(classes.unique(dim=0))

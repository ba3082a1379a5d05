"""Each measure against its formula written plainly, and against damage whose direction is known."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from gan_core.datasets import Dataset
from gan_core.errors import DatasetError
from gan_core.evaluation import Judge, Scores, most_samples
from gan_core.evaluation.classes import classes_of, divergence
from gan_core.evaluation.extractors import Coordinates, RandomConvolutions, extractor_for
from gan_core.evaluation.kernel import kernel_distance
from gan_core.evaluation.manifold import NEAREST, NEIGHBOURS, Balls, mean_distance, overlap
from gan_core.evaluation.memory import TrainingSet


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(count: int, seed: int, width: int = 4) -> Tensor:
    return torch.randn(count, width, generator=seeded(seed))


# kernel distance


def test_kernel_distance_is_its_formula():
    x, y = normal(30, 0), normal(30, 1) + 0.5

    def k(a: Tensor, b: Tensor) -> float:
        return (float(a.double() @ b.double()) / 4 + 1) ** 3

    n = 30
    within = sum(k(a[i], a[j]) for a in (x, y) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    expected = within - 2 * sum(k(a, b) for a in x for b in y) / n**2
    assert kernel_distance(x, y, blocks=1)[0] == pytest.approx(expected)


def test_kernel_distance_of_the_same_kind_is_nothing_but_error():
    found = [kernel_distance(normal(1000, 2 * seed), normal(1000, 2 * seed + 1)) for seed in range(40)]
    far, _ = kernel_distance(normal(1000, 0) + 0.5, normal(1000, 1))
    distances = torch.tensor([distance for distance, _ in found])
    mean, spread = distances.mean(), distances.std()
    assert abs(mean) < 4 * spread / 40**0.5 and far > 10 * spread  # unbiased, and not blind
    told = torch.tensor([error for _, error in found]).mean()
    assert 0.7 < told / spread < 1.4  # the error that is told is the one that is made


# balls


def plain_overlap(fake: Tensor, real: Tensor) -> tuple[float, float, float, float]:
    def radius(x: Tensor, i: int, k: int) -> float:
        return sorted(float((x[i] - other).norm()) for j, other in enumerate(x) if j != i)[k - 1]

    def inside(point: Tensor, x: Tensor, i: int, k: int) -> bool:
        return float((point - x[i]).norm()) <= radius(x, i, k)

    m, n = len(real), len(fake)
    return (
        sum(any(inside(f, real, i, NEIGHBOURS) for i in range(m)) for f in fake) / n,
        sum(any(inside(r, fake, i, NEIGHBOURS) for i in range(n)) for r in real) / m,
        sum(inside(f, real, i, NEAREST) for f in fake for i in range(m)) / (NEAREST * n),
        sum(any(inside(f, real, i, NEAREST) for f in fake) for i in range(m)) / m,
    )


def test_overlap_is_its_formula():
    fake, real = normal(25, 0, 2) + 0.7, normal(30, 1, 2)
    found = overlap(Balls.of(fake), Balls.of(real))
    expected = plain_overlap(fake, real)
    assert (found.precision, found.recall, found.density, found.coverage) == pytest.approx(expected)
    assert len(set(expected)) >= 3 and all(0 < value < 1 for value in expected)  # the case tells them apart


def test_missing_modes_cost_recall_and_noise_costs_precision():
    real, centres = normal(1500, 0, 8), torch.eye(8)[:3] * 20
    modes = torch.arange(1500) % 3
    whole, half = (Balls.of(normal(1500, seed, 8) + centres[which]) for seed, which in ((1, modes), (2, modes % 2)))
    truth = Balls.of(real + centres[modes])
    good, dropped = overlap(whole, truth), overlap(half, truth)
    assert dropped.recall < 0.75 * good.recall and dropped.coverage < 0.75 * good.coverage
    assert dropped.precision == pytest.approx(good.precision, abs=0.05)
    noisy = overlap(Balls.of(normal(1500, 3, 8) * 2 + centres[modes]), truth)
    assert noisy.precision < 0.6 * good.precision and noisy.density < 0.6 * good.density


def test_balls_of_very_few():
    balls = Balls.of(torch.tensor([[0.0], [1.0], [3.0]]))
    assert balls.radii[:, :2].tolist() == [[1, 3], [1, 2], [2, 3]] and balls.radii.shape == (3, 5)
    assert balls.radii[:, 4].tolist() == [3, 2, 3]


def test_mean_distance_leaves_a_sample_itself_out():
    assert mean_distance(torch.tensor([[0.0], [1.0], [3.0]])) == pytest.approx((1 + 3 + 2) / 3)


# copies


def test_copies_are_told_from_new_samples(tiny: Any):
    data = tiny(300, seed=4)
    everything = TrainingSet(data)
    assert everything.copies(data.samples[:100]).authenticity == 0
    assert everything.copies(data.samples[:100]).nearest.tolist() == list(range(100))
    assert everything.copies(tiny(100, seed=5).samples).authenticity == pytest.approx(0.5, abs=0.3)
    real = everything.copies(data.samples[:100], torch.arange(100))  # none is its own copy
    assert real.authenticity > 0.2 and (real.nearest != torch.arange(100)).all()


def test_copies_that_are_moved_as_the_data_is(tiny: Any):
    data = tiny(60, jitter=True)
    everything = TrainingSet(data)
    moved = data.batch(torch.arange(60), seeded(8))[0]
    copied = everything.copies(((moved + 1) * 127.5).round().clamp(0, 255).to(torch.uint8))
    assert copied.authenticity < 0.5 and (copied.nearest == torch.arange(60)).float().mean() > 0.8


# classes


def test_classes_in_closed_form():
    probabilities = torch.tensor([[0.9, 0.1, 0.0], [0.6, 0.4, 0.0], [0.2, 0.8, 0.0], [0.7, 0.2, 0.1]])
    found = classes_of(probabilities, torch.tensor([0.5, 0.25, 0.25]), torch.tensor([0, 1, 1, 2]))
    assert found.counts == (3, 1, 0)
    assert found.kl == pytest.approx(0.75 * math.log(0.75 / 0.5))
    assert found.confidence == pytest.approx(0.75) and found.right == 0.5
    assert divergence(torch.tensor([2, 1, 1]), torch.tensor([0.5, 0.25, 0.25])) == pytest.approx(0)


# extractors


def test_random_features_are_the_same_everywhere_and_tell_pictures_apart(tiny: Any):
    one, other = RandomConvolutions(1), RandomConvolutions(1)
    samples = tiny(20).samples
    assert one.digest == other.digest != RandomConvolutions(3).digest and len(one.digest) == 12
    assert torch.equal(one.features(samples), other.features(samples))
    assert torch.allclose(one.features(samples, 3), one.features(samples, 20), atol=1e-6)
    assert one.features(samples).std(0).min() > 0 and one.probabilities(samples) is None


def test_the_extractor_that_suits_the_data(tiny: Any, tmp_path: Any):
    assert isinstance(extractor_for(tiny(classes=0), tmp_path), RandomConvolutions)
    assert isinstance(extractor_for(tiny(shape=(2,), classes=0), tmp_path), Coordinates)
    assert list(tmp_path.iterdir()) == []


# all at once


@pytest.fixture(scope="module")
def cloud() -> Dataset:
    """Points of four classes in the plane."""
    labels = torch.arange(2000) % 4
    centres = torch.tensor([[4.0, 0.0], [0.0, 4.0], [-4.0, 0.0], [0.0, -4.0]])
    return Dataset(
        name="cloud", samples=normal(2000, 0, 2) + centres[labels], labels=labels, classes=("a", "b", "c", "d")
    )


@pytest.fixture(scope="module")
def judge(cloud: Dataset) -> Judge:
    return Judge(cloud, Coordinates(), 500)


def drawn(judge: Judge, cloud: Dataset, **damage: Any) -> Scores:
    """Scores of new points of the same kind, or damaged."""
    labels = torch.arange(500) % damage.get("modes", 4)
    points = normal(500, 7, 2) * damage.get("noise", 1.0)
    centres = torch.stack([cloud.samples[cloud.labels == label].mean(0) for label in range(4)])
    return judge.scores(points + centres[labels])


def test_the_floor_is_that_of_new_samples(judge: Judge, cloud: Dataset):
    new = drawn(judge, cloud)
    assert new.fid == pytest.approx(judge.floor.fid, abs=6 * judge.floor.fid_error)
    assert new.kid == pytest.approx(judge.floor.kid, abs=6 * judge.floor.kid_error)
    for name in ("precision", "recall", "coverage", "diversity"):
        assert getattr(new, name) == pytest.approx(getattr(judge.floor, name), abs=0.08), name
    assert new.authenticity == pytest.approx(judge.floor.authenticity, abs=0.1)
    assert drawn(judge, cloud) == new  # the same again


def test_damage_is_worse_the_more_there_is(judge: Judge, cloud: Dataset):
    noisy = [drawn(judge, cloud, noise=level) for level in (1.0, 2.0, 4.0)]
    dropped = [drawn(judge, cloud, modes=modes) for modes in (4, 3, 2, 1)]
    for scores in (noisy, dropped):
        for name in ("fid", "kid"):
            values = [getattr(one, name) for one in scores]
            assert values == sorted(values) and values[-1] > 5 * abs(values[0]), (name, values)
    assert [one.precision for one in noisy] == sorted((one.precision for one in noisy), reverse=True)
    assert [one.recall for one in dropped] == sorted((one.recall for one in dropped), reverse=True)
    assert dropped[-1].diversity < 0.7 * dropped[0].diversity
    copied = judge.scores(cloud.samples[:500])
    assert copied.authenticity == 0 and copied.fid < noisy[2].fid  # the only one that tells copies


def test_what_cannot_be_judged(judge: Judge, cloud: Dataset, tiny: Any):
    with pytest.raises(ValueError, match="3 samples"):
        judge.scores(cloud.samples[:3])
    with pytest.raises(DatasetError, match="50 to 1000"):
        Judge(cloud, Coordinates(), 1001)
    with pytest.raises(DatasetError, match="too few"):
        Judge(tiny(20), RandomConvolutions(1), 10)
    assert most_samples(cloud) == 1000 and most_samples(tiny(1000, jitter=True)) == 2000

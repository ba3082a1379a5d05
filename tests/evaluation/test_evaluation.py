"""The distance against closed forms and a second implementation, and a classifier that is kept and found again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import torch
from torch import Tensor

from gan_core import evaluation
from gan_core.datasets import Dataset
from gan_core.errors import DatasetError
from gan_core.evaluation import Moments, classifier, draw, draw_real, frechet_distance, frechet_error


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def features(count: int, width: int = 6, seed: int = 0) -> Tensor:
    """Correlated, so that no axis stands alone."""
    mix = torch.randn(width, width, generator=seeded(99))
    return torch.randn(count, width, generator=seeded(seed)) @ mix


# the distance


def test_between_gaussians_of_one_number():
    """(μa - μb)² + (σa - σb)², the Wasserstein distance of two normal distributions."""
    a = Moments(torch.tensor([1.0]).double(), torch.tensor([[4.0]]).double(), 10)
    b = Moments(torch.tensor([-2.0]).double(), torch.tensor([[25.0]]).double(), 10)
    assert frechet_distance(a, b) == pytest.approx(9 + 9)


def test_against_a_matrix_root():
    a, b = Moments.of(features(300)), Moments.of(features(400, seed=1) * 1.7 + 0.3)
    root = scipy.linalg.sqrtm((a.covariance @ b.covariance).numpy())
    expected = (
        float((a.mean - b.mean).square().sum())
        + float(np.trace(a.covariance.numpy() + b.covariance.numpy() - 2 * np.real(root)))
    )
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(b, a) == pytest.approx(expected, rel=1e-9)


def test_moments_are_numpys():
    x = features(50)
    moments = Moments.of(x)
    assert np.allclose(moments.mean, x.double().numpy().mean(0)) and moments.count == 50
    assert np.allclose(moments.covariance, np.cov(x.double().numpy(), rowvar=False))


def test_a_set_is_no_way_from_itself_even_with_a_constant_feature():
    x = torch.cat((features(200), torch.ones(200, 1)), 1)
    assert frechet_distance(Moments.of(x), Moments.of(x)) == pytest.approx(0, abs=1e-6)


def test_more_damage_is_further():
    x = features(2000)
    noise = torch.randn(x.shape, generator=seeded(5))
    far = [frechet_distance(Moments.of(x), Moments.of(x + level * noise)) for level in (0, 0.3, 1, 3)]
    assert far == sorted(far) and far[-1] > 10 * far[1] > 0


def test_the_error_that_is_told_is_the_one_that_is_made():
    """At the floor, where a bootstrap tells twice as much, as far from it; with a feature that is always the same."""
    width = 20
    real = Moments.of(torch.cat((features(400, width, seed=999), torch.ones(400, 1)), 1))
    for scale, shift in ((1.0, 0.0), (1.5, 1.0)):
        distances, errors = [], []
        for seed in range(60):
            fakes = torch.cat((features(400, width, seed) * scale + shift, torch.ones(400, 1)), 1)
            distances.append(frechet_distance(Moments.of(fakes), real))
            errors.append(frechet_error(fakes, real))
        assert 0.75 < torch.tensor(errors).mean() / torch.tensor(distances).std() < 1.35


# samples


def test_samples_do_not_depend_on_the_batch():
    labels = torch.tensor([0, 0, 1])

    def generator(z: Tensor, y: Tensor | None) -> Tensor:
        return (z[:, :1] / 4 if y is None else y.float().view(-1, 1))[:, :, None, None]

    one, other = (draw(generator, 3, None, 10, seeded(0), batch)[0] for batch in (3, 10))
    assert torch.equal(one, other) and one.shape == (10, 1, 1, 1) and one.dtype == torch.uint8
    asked, chosen = draw(generator, 3, labels, 3000, seeded(0))
    assert (asked == 255).float().mean() == pytest.approx(1 / 3, abs=0.04)  # y = 1, in the data's own share
    assert chosen is not None and torch.equal(asked[:, 0, 0, 0] == 255, chosen == 1)


def test_real_samples_are_each_drawn_before_any_again(tiny: Any):
    data = tiny(20)
    once = draw_real(data, 20, seeded(0))
    assert torch.equal(once.flatten(1).float().sum(1).sort()[0], data.samples.flatten(1).float().sum(1).sort()[0])
    assert len(draw_real(data, 50, seeded(0))) == 50


# the classifier


@pytest.fixture
def bars() -> Dataset:
    """Two classes that anyone can tell: an upright and a lying bar, somewhere."""
    places = torch.arange(200) % 20 + 4
    samples = torch.zeros(200, 1, 28, 28, dtype=torch.uint8)
    labels = torch.arange(200) // 100
    for picture, place, label in zip(samples, places, labels, strict=True):
        (picture[0, :, place] if label else picture[0, place]).fill_(255)
    return Dataset(name="bars", samples=samples, labels=labels, classes=("lying", "upright"))


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier, "_LEAST_SHOWN", 128 * 25)


def test_it_learns_and_is_the_same_again(bars: Dataset, tmp_path: Path):
    told: list[float] = []
    net = evaluation.load_or_train(bars, tmp_path, told.append)
    assert net.accuracy == 1.0 and told[-1] == 1.0 and told == sorted(told)
    assert net.features(bars.samples).shape == (200, classifier.FEATURES)
    assert torch.equal(net.probabilities(net.features(bars.samples)).argmax(1), bars.labels)  # type: ignore[arg-type]
    assert torch.allclose(net.features(bars.samples, 7), net.features(bars.samples, 100), atol=1e-4)
    told.clear()
    kept = evaluation.load_or_train(bars, tmp_path, told.append)
    assert not told and kept.accuracy == 1.0  # found, not trained
    assert torch.equal(kept.features(bars.samples), net.features(bars.samples))
    assert torch.equal(evaluation.train(bars).features(bars.samples), net.features(bars.samples))


def test_a_kept_one_that_is_damaged_is_made_anew(bars: Dataset, tmp_path: Path):
    evaluation.load_or_train(bars, tmp_path)
    (path,) = tmp_path.iterdir()
    good = path.read_bytes()
    path.write_bytes(good[:-10])
    assert evaluation.load_or_train(bars, tmp_path).accuracy == 1.0
    assert path.read_bytes() == good


def test_data_without_classes(tiny: Any, tmp_path: Path):
    with pytest.raises(DatasetError, match="at least two classes"):
        evaluation.load_or_train(tiny(classes=0), tmp_path)
    assert list(tmp_path.iterdir()) == []

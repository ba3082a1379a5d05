"""Rates, noise, the average and the sample grids as functions of images seen."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from gan_core.presets import make_config
from gan_core.schedules import ema_decay, noise_level, rate_factor, sample_due, target_images


def test_no_decay_never_changes_the_rate() -> None:
    assert {rate_factor(make_config("dcgan"), images) for images in (0, 1, 10**6, 10**12)} == {1.0}


@pytest.mark.parametrize(
    ("kind", "floor", "expected"),
    [
        ("linear", 0.0, {0: 1, 100: 1, 150: 0.75, 200: 0.5, 300: 0, 400: 0}),
        ("linear", 0.2, {0: 1, 100: 1, 150: 0.8, 200: 0.6, 300: 0.2, 10**9: 0.2}),
        ("cosine", 0.0, {0: 1, 100: 1, 150: (1 + math.sqrt(0.5)) / 2, 200: 0.5, 300: 0, 400: 0}),
        ("cosine", 0.2, {100: 1, 200: 0.6, 300: 0.2, 400: 0.2}),
    ],
)
def test_rates_fall_between_two_marks(kind: str, floor: float, expected: dict[int, float]) -> None:
    config = make_config("quick", lr_decay=kind, lr_decay_from=100, lr_decay_to=300, lr_decay_floor=floor)
    for images, factor in expected.items():
        assert rate_factor(config, images) == pytest.approx(factor, abs=1e-12)
    factors = [rate_factor(config, images) for images in range(0, 400, 7)]
    assert factors == sorted(factors, reverse=True)


def test_noise_falls_to_zero() -> None:
    config = make_config("quick", instance_noise=0.4, instance_noise_images=200)
    levels = [noise_level(config, images) for images in (0, 50, 100, 200, 201, 10**9)]
    assert levels == pytest.approx([0.4, 0.3, 0.2, 0, 0, 0])
    assert noise_level(make_config("quick"), 0) == 0


def test_half_life_is_in_images() -> None:
    """Far from the start, after `ema_half_life` images an old weight counts half: whatever the batch."""
    for batch, critic in ((64, 1), (16, 5), (10, 1)):
        config = make_config("quick", batch_size=batch, critic_steps=critic, ema_half_life=batch * critic * 100)
        assert ema_decay(config, 10**9) ** 100 == pytest.approx(0.5)
    assert ema_decay(make_config("quick", ema_half_life=0), 10**9) == 0


def test_average_begins_fast() -> None:
    config = make_config("quick")
    assert ema_decay(config, 64) == pytest.approx(2 / 11)
    assert ema_decay(config, 64 * 90) == pytest.approx(91 / 100)
    decays = [ema_decay(config, 64 * step) for step in range(1, 5000)]
    assert decays == sorted(decays) and decays[-1] == pytest.approx(0.5 ** (64 / 8850))


def _grids(config: object, marks: list[int], size: int) -> list[tuple[int, int]]:
    return [(a, b) for a, b in itertools.pairwise(marks) if sample_due(config, a, b, size)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "size", "due"),
    [
        ({"sample_every_images": 8000}, 1797, {640, 1280, 2560, 5120, 8000, 16000, 24000}),
        ({"sample_every_images": 5120}, 1797, {640, 1280, 2560, 5120, 10240, 15360, 20480}),
        ({"sample_every_images": 640}, 1797, set(range(640, 25600, 640))),
        ({"sample_every_images": 500}, 1797, set(range(500, 25600, 500))),
        ({"sample_every_epochs": 2}, 1797, set(range(3594, 25600, 3594))),
        ({"sample_every_epochs": 0.5}, 6001, set(range(3000, 25600, 3000))),
    ],
)
def test_grids_are_the_same_however_the_images_are_split(values: dict[str, float], size: int, due: set[int]) -> None:
    """Against a list of the moments; and any split of the images into steps finds each moment in its own step."""
    config = make_config("quick", **values)
    end = 25_000
    dice = random.Random(4)
    for _ in range(30):
        inner = sorted(dice.sample(range(1, end), dice.choice((3, 40, 600))))
        marks = [0, *inner, end]
        expected = [(a, b) for a, b in itertools.pairwise(marks) if any(a < moment <= b for moment in due)]
        assert _grids(config, marks, size) == expected
    for batch in (1, 64, 320):
        marks = list(range(0, end + batch, batch))
        found = {b for _, b in _grids(config, marks, size)}
        assert found == {-(-moment // batch) * batch for moment in due if moment <= marks[-1]}


def test_target_images() -> None:
    assert target_images(make_config("quick", images=5), 1797) == 5
    assert target_images(make_config("article"), 60_000) == 3_000_000
    assert target_images(make_config("quick", epochs=0.5), 7) == 4
    assert target_images(make_config("quick", epochs=1e-6), 7) == 1
    assert target_images(make_config("quick", seconds=3), 7) is None
    assert target_images(make_config("quick", images=None), 7) is None

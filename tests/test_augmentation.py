"""What each change may do to a picture, that each picture has its own, and that the gradient is its exact adjoint."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gan_core.augmentation import AUGMENTATIONS, augmented
from gan_core.config import Augmentation


def _random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _pictures(count: int = 200, channels: int = 1, side: int = 28) -> Tensor:
    return torch.rand(count, channels, side, side, generator=_random(5)) * 2 - 1


def test_every_name_of_the_settings_is_there() -> None:
    assert set(AUGMENTATIONS) == set(Augmentation.__args__)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", AUGMENTATIONS)
@pytest.mark.parametrize("channels", [1, 3])
def test_repeatable_and_from_its_own_generator(name: str, channels: int) -> None:
    x, before = _pictures(20, channels), torch.get_rng_state()
    original = x.clone()
    first, second = augmented(x, (name,), _random(1)), augmented(x, (name,), _random(1))
    assert torch.equal(first, second) and not torch.equal(first, augmented(x, (name,), _random(2)))
    assert first.shape == x.shape and torch.equal(x, original) and torch.equal(torch.get_rng_state(), before)


def test_names_are_applied_one_after_another() -> None:
    x, random = _pictures(9), _random(3)
    expected = AUGMENTATIONS["cutout"](AUGMENTATIONS["translation"](x, random), random)
    assert torch.equal(augmented(x, ("translation", "cutout"), _random(3)), expected)
    assert augmented(x, (), random) is x


def test_brightness_and_contrast_of_grey() -> None:
    x = _pictures(2000)
    y = augmented(x, ("colour",), _random())
    shift = (y.mean((1, 2, 3)) - x.mean((1, 2, 3)))
    assert -0.5 <= shift.min() < -0.49 and 0.49 < shift.max() <= 0.5 + 1e-6
    contrast = y.std((1, 2, 3)) / x.std((1, 2, 3))
    assert 0.5 - 1e-4 <= contrast.min() < 0.51 and 1.49 < contrast.max() <= 1.5 + 1e-4
    assert torch.corrcoef(torch.stack((shift, contrast)))[0, 1].abs() < 0.1  # two draws, not one
    linear = (y - y.mean((1, 2, 3), keepdim=True)) / (x - x.mean((1, 2, 3), keepdim=True))
    torch.testing.assert_close(linear[0], torch.full_like(linear[0], contrast[0].item()), rtol=1e-2, atol=1e-2)


def test_saturation_of_colour() -> None:
    x = _pictures(2000, 3)
    y = augmented(x, ("colour",), _random())

    def spread(pictures: Tensor) -> Tensor:
        return (pictures - pictures.mean(1, keepdim=True)).flatten(1).norm(dim=1)

    def grey(pictures: Tensor) -> Tensor:
        mean = pictures.mean(1)
        return (mean - mean.mean((1, 2), keepdim=True)).flatten(1).norm(dim=1)

    saturation = (spread(y) / spread(x)) / (grey(y) / grey(x))
    assert 0 <= saturation.min() < 0.02 and 1.98 < saturation.max() <= 2 + 1e-3
    assert saturation.mean().item() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(("side", "most"), [(28, 4), (32, 4), (5, 1)])
def test_translation_moves_whole_pixels_and_fills_with_zero(side: int, most: int) -> None:
    x = _pictures(600, 2, side) + 3  # nothing is 0 before
    y = augmented(x, ("translation",), _random())
    canvas = torch.zeros(600, 2, side + 2 * most, side + 2 * most)
    canvas[:, :, most : most + side, most : most + side] = x
    moves = {}
    for down in range(2 * most + 1):
        for right in range(2 * most + 1):
            same = (canvas[:, :, down : down + side, right : right + side] == y).flatten(1).all(1)
            moves[down, right] = int(same.sum())
    assert sum(moves.values()) == 600  # each picture is exactly one of them
    assert min(moves.values()) > 0  # each move happens
    assert max(moves.values()) < 600 / len(moves) * 4


def test_cutout_is_one_square_of_zeros() -> None:
    x = _pictures(500, 2) + 3
    y = augmented(x, ("cutout",), _random())
    for before, after in zip(x, y, strict=True):
        hole = (after == 0).all(0)
        assert torch.equal(after[:, ~hole], before[:, ~hole])
        rows, columns = hole.any(1).nonzero().flatten(), hole.any(0).nonzero().flatten()
        assert len(rows) * len(columns) == int(hole.sum())  # a filled rectangle
        assert rows[-1] - rows[0] + 1 == len(rows) and columns[-1] - columns[0] + 1 == len(columns)
        for lines in (rows, columns):
            assert len(lines) == 14 or ((lines[0] == 0 or lines[-1] == 27) and 7 <= len(lines) < 14)
    covered = (y == 0).all(1).float().mean(0)
    assert covered.min() > 0.05  # every place is hidden at times


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_the_gradient_is_exact(name: str) -> None:
    x = (torch.rand(3, 3, 6, 6, generator=_random(8), dtype=torch.float64) - 0.5).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: augmented(x, (name,), _random(4)), (x,))

"""The lab's measures on fakes whose numbers are known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from gan_core.datasets import plane
from gan_core.lab import measures

RING = plane.DENSITIES["ring-of-8"]


def drawn(count: int = 4096, seed: int = 0) -> Tensor:
    return RING.sample(count, torch.Generator().manual_seed(seed))


def near(mode: int, count: int) -> Tensor:
    random = torch.Generator().manual_seed(mode)
    return torch.tensor(RING.modes[mode]) + RING.deviation * torch.randn(count, 2, generator=random)


def test_js_of_the_same_of_nothing_shared_and_between() -> None:
    data = measures.histogram(drawn(200_000, 1))
    floor = measures.js_divergence(measures.histogram(drawn()), data)
    cells = int((data > 0).sum())
    assert 0 < floor < 2 * cells / (8 * 4096)
    far = torch.full((100, 2), 9.0)
    assert measures.js_divergence(measures.histogram(far), data) == pytest.approx(math.log(2))
    assert measures.js_divergence(data, data) == 0
    # One of eight equal modes, drawn perfectly: m = (p + q) / 2 has 9/16 of its mass there.
    one = measures.js_divergence(measures.histogram(near(0, 200_000)), data)
    expected = (math.log(16 / 9) + math.log(2 / 9) / 8 + 7 / 8 * math.log(2)) / 2
    assert one == pytest.approx(expected, abs=0.01)


def test_a_histogram_counts_what_is_outside() -> None:
    edge = measures.EXTENT
    points = torch.tensor([[-edge, -edge], [edge - 1e-4, -edge], [edge, 0.0], [float("nan"), 0.0], [0.0, -1e30]])
    shares = measures.histogram(points)
    assert shares[0] == shares[measures.BINS - 1] == 0.2 and shares[-1] == pytest.approx(0.6)
    assert shares.sum().item() == pytest.approx(1)


def test_modes_need_their_share_and_quality() -> None:
    assert measures.modes_covered(drawn(), RING)[0] == 8
    within = 1 - math.exp(-4.5)  # three standard deviations in two dimensions
    assert measures.modes_covered(drawn(), RING)[1] == pytest.approx(within, abs=0.005)
    fair = 4096 // 8
    some = torch.cat([near(mode, fair) for mode in range(6)])
    few = torch.cat([some, near(6, fair // 8), torch.zeros(2 * fair - fair // 8, 2)])
    modes, high_quality = measures.modes_covered(few, RING)
    # Too few at one mode, none at another.
    assert modes == 6 and high_quality == pytest.approx(within * (6 + 1 / 8) / 8, abs=0.005)
    enough = torch.cat([some, near(6, fair // 3), torch.zeros(2 * fair - fair // 3, 2)])
    assert measures.modes_covered(enough, RING)[0] == 7
    wide = torch.cat([torch.tensor(RING.modes).repeat(512, 1) * (1 + 3.1 * RING.deviation)])
    assert measures.modes_covered(wide, RING) == (0, 0.0)


def test_the_kernel_density_is_the_blurred_one() -> None:
    grid = measures.grid(64)
    found = measures.kernel_density(drawn(200_000), 64)
    exact = RING.density(grid, measures.BLUR)
    assert (found - exact).abs().max() < 0.02 * exact.max()
    mass = found.sum().item() * (2 * measures.EXTENT / 64) ** 2
    assert mass == pytest.approx(1, abs=0.01)
    one = measures.kernel_density(torch.tensor([[0.7, -0.3]]), 64)
    row, column = divmod(int(one.argmax()), 64)
    assert math.dist(grid[row, column].tolist(), (0.7, -0.3)) < 0.05


def test_the_optimal_discriminator() -> None:
    p_data = RING.density(measures.grid(64), measures.BLUR)
    same = measures.optimal_discriminator(p_data, p_data)
    assert same.isnan().any() and same[~same.isnan()].unique().tolist() == [0.5]
    missed = measures.optimal_discriminator(p_data, torch.zeros(64, 64))
    assert missed[~missed.isnan()].unique().tolist() == [1.0]
    assert measures.optimal_discriminator(p_data, 3 * p_data).nan_to_num(0.25).unique().tolist() == [0.25]

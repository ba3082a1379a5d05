"""Gaussians in the plane: where they are said to be, as wide as said, and the same every time."""

from __future__ import annotations

import math

import pytest
import torch

from gan_core import datasets
from gan_core.datasets.mixtures import GRID, MIXTURES, RING, Mixture


@pytest.mark.parametrize("mixture", MIXTURES.values(), ids=list(MIXTURES))
def test_the_points_lie_about_their_centres(mixture: Mixture) -> None:
    data = mixture.read()
    assert data.samples.shape == (100_000, 2) and data.samples.dtype == torch.float32 and data.labels is not None
    counts = torch.bincount(data.labels)
    share = 1 / len(mixture.centres)
    assert len(counts) == data.n_classes == len(mixture.centres)
    assert (counts / 1e5 - share).abs().max() < 6 * (share / 1e5) ** 0.5  # equally likely
    for mode, centre in enumerate(mixture.centres):
        moved = (data.samples[data.labels == mode] - torch.tensor(centre)) / mixture.deviation
        error = 1 / math.sqrt(len(moved))
        assert moved.mean(0).abs().max() < 6 * error
        assert (moved.std(0) - 1).abs().max() < 6 * error and abs(moved.prod(1).mean()) < 6 * error


def test_the_papers_places_in_proportion() -> None:
    assert len(RING.centres) == 8 and len(GRID.centres) == 25
    assert all(math.hypot(*centre) == pytest.approx(1, abs=1e-5) for centre in RING.centres)
    apart = torch.pdist(torch.tensor(GRID.centres)).min().item()
    assert (RING.deviation, GRID.deviation / apart) == (0.01, 0.05 / 2)
    assert max(abs(x) for centre in GRID.centres for x in centre) == 1


def test_the_same_every_time() -> None:
    assert GRID.read().fingerprint == GRID.read().fingerprint != RING.read().fingerprint


def test_their_preview_is_a_scatter_plot() -> None:
    preview = datasets.preview(datasets.load("ring"))
    assert preview.picture.startswith(b"\x89PNG") and preview.title == "Ring of 8 Gaussians"
    assert len(preview.class_counts) == 8 and preview.shape == (2,)

"""Densities in the plane: what is drawn from them is what they say, and a drawing is what was drawn."""

from __future__ import annotations

import math

import pytest
import torch

from gan_core import datasets
from gan_core.datasets import plane
from gan_core.datasets.plane import Density, drawing
from gan_core.errors import DatasetError

EVERY: dict[str, Density] = {**plane.DENSITIES, "drawing": plane.density_of("drawing", "AA__.fg.A_")}
SIDE = 200


@pytest.fixture(scope="module", params=EVERY.values(), ids=list(EVERY))
def density(request: pytest.FixtureRequest) -> Density:
    return request.param


def lattice() -> torch.Tensor:
    """The middles of 200² cells over [-2, 2]²."""
    places = (torch.arange(SIDE) + 0.5) * (4 / SIDE) - 2
    y, x = torch.meshgrid(places, places, indexing="ij")
    return torch.stack((x, y), -1)


@pytest.mark.parametrize("blur", [0.0, 0.1])
def test_samples_fall_where_the_density_says(density: Density, blur: float) -> None:
    """Shares of samples in 40² squares against the density's integral over them; when moved by a Gaussian, against the
    blurred one's."""
    random = torch.Generator().manual_seed(1)
    count = 100_000
    points = density.sample(count, random)
    points = points + blur * torch.randn(points.shape, generator=random)
    mass = density.density(lattice(), blur) * (4 / SIDE) ** 2
    assert mass.sum().item() == pytest.approx(1, abs=2e-3)
    expected = mass.reshape(40, SIDE // 40, 40, SIDE // 40).sum((1, 3))
    cell = ((points + 2) * 10).floor().long().clamp(0, 39)
    found = torch.bincount(cell[:, 1] * 40 + cell[:, 0], minlength=1600).reshape(40, 40) / count
    noise = (expected.clamp_min(1 / count) / count).sqrt()
    assert ((found - expected).abs() / (6 * noise + 1e-3)).max() < 1  # 0.001: the corners of the lattice's cells


def test_they_are_data_sets(density: Density) -> None:
    text = "AA__.fg.A_" if density.name == "drawing" else None
    data = datasets.load(density.name, drawing=text)
    assert data.name == density.name and data.samples.shape == (50_000, 2) and data.labels is None
    assert data.fingerprint == density.read().fingerprint
    assert datasets.preview(data).picture.startswith(b"\x89PNG")
    assert density.title and density.description.endswith(".")


def test_modes_are_peaks() -> None:
    counts = {name: len(density.modes) for name, density in EVERY.items() if density.modes}
    assert counts == {"two-gaussians": 2, "ring-of-8": 8, "grid-of-25": 25}
    for name in counts:
        density = EVERY[name]
        centres = torch.tensor(density.modes)
        assert torch.pdist(centres).min() > 6 * density.deviation  # they can be told apart
        beside = density.density(centres + torch.tensor([density.deviation, 0.0]))
        ratio = density.density(centres) / beside
        assert torch.allclose(ratio, torch.full_like(ratio, math.exp(0.5)), rtol=1e-3)


def test_no_such_density() -> None:
    with pytest.raises(DatasetError, match="no density 'circle'; choose one of line, "):
        plane.density_of("circle")


# drawings


def test_strokes_come_back_as_they_were_drawn() -> None:
    strokes = [[(-1.2, -1.2), (0.0, 0.31), (1.2, 1.2)], [(0.5, -0.5)]]
    back = drawing.from_text(drawing.to_text(strokes))
    assert [len(stroke) for stroke in back] == [3, 1]
    step = 2.4 / 63
    for stroke, other in zip(strokes, back, strict=True):
        for point, found in zip(stroke, other, strict=True):
            assert math.dist(point, found) <= step / math.sqrt(2) + 1e-9
    text = drawing.to_text(strokes)
    assert drawing.to_text(drawing.from_text(text)) == text
    assert drawing.to_text([[(9.0, 0.0), (7.0, 0.0)]]) == drawing.to_text([[(1.2, 0.0)]])


def test_a_stroke_is_even_along_its_length() -> None:
    """However its points are spaced: one long line, or the same in two pieces of unlike length."""
    along = torch.stack((torch.linspace(-0.9, 0.9, 50), torch.full((50,), -1.2)), 1)
    for text in ("AA_A", "AAIA_A"):
        density = plane.density_of("drawing", text).density(along)
        assert (density.max() / density.min()).item() < 1.05


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it has 0 letters"), ("A", "stroke 1 has 1 letters"), ("AA.", "stroke 2 has 0 letters"),
        ("AAA.AA", "stroke 1 has 3 letters"), ("AA.B!", "'!' at place 5"), ("AA AA", "' ' at place 3"),
        ("AÄ", "'Ä' at place 2"), ("A" * 4001, "it has 4,001 letters"),
    ],
)
def test_what_is_no_drawing(text: str, said: str) -> None:
    with pytest.raises(DatasetError, match=f"drawing: .*{said}"):
        datasets.load("drawing", drawing=text)


def test_what_cannot_be_written() -> None:
    for strokes, said in (
        ([], "empty"), ([[]], "empty"), ([[(math.nan, 0.0)]], "nan"),
        ([[(i % 2, i / 9999) for i in range(9999)]], "draw less"),
    ):
        with pytest.raises(DatasetError, match=said):
            drawing.to_text(strokes)

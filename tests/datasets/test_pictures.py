import io

import numpy as np
import pytest
import torch
from PIL import Image

from gan_core.pictures import FRAME, SIDE, as_kept, drawable, mosaic, png, scatter, sheet, to_uint8


def test_every_byte_survives_the_way_to_floats_and_back() -> None:
    values = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(to_uint8(values / 127.5 - 1), values)


def test_what_is_outside_is_clamped_and_the_input_is_left_alone() -> None:
    x = torch.tensor([-5.0, -1.0, 0.0, 1.0, 7.0, float("nan"), float("inf")])
    kept = x.clone()
    assert to_uint8(x).tolist() == [0, 0, 128, 255, 255, 0, 255]
    assert torch.equal(x[:5], kept[:5])


def test_mosaic_places_pictures_row_by_row_with_gaps() -> None:
    samples = torch.stack([torch.full((1, 2, 3), i + 1, dtype=torch.uint8) for i in range(5)])
    sheet = mosaic(samples, columns=3, gap=1)
    assert sheet.shape == (2 * 2 + 1, 3 * 3 + 2)
    assert sheet[0].tolist() == [1, 1, 1, 0, 2, 2, 2, 0, 3, 3, 3]
    assert sheet[2].tolist() == [0] * 11
    assert sheet[4].tolist() == [4, 4, 4, 0, 5, 5, 5, 0, 0, 0, 0]


def test_mosaic_keeps_colours_and_needs_no_gap() -> None:
    samples = torch.zeros(2, 3, 4, 4, dtype=torch.uint8)
    samples[1, 2] = 9
    sheet = mosaic(samples, columns=8, gap=0)
    assert sheet.shape == (4, 8, 3)
    assert sheet[0, 7].tolist() == [0, 0, 9] and sheet[0, 3].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "samples", [torch.zeros(2, 1, 4, 4), torch.zeros(2, 2, 4, 4, dtype=torch.uint8), torch.zeros(0, 1, 4, 4).byte()]
)
def test_mosaic_refuses_what_is_no_picture(samples: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="uint8 samples"):
        mosaic(samples, columns=2)


def test_a_scatter_plot_has_x_to_the_right_and_y_upwards() -> None:
    drawn = scatter(torch.tensor([[FRAME / 2, FRAME / 2]]))
    assert drawn.shape == (SIDE, SIDE)
    rows, columns = np.nonzero(drawn)
    assert len(rows) == 9 and abs(rows.mean() - SIDE / 4) <= 1 and abs(columns.mean() - 3 * SIDE / 4) <= 1


def test_more_points_in_one_place_are_brighter_and_strays_are_left_out() -> None:
    one, three = scatter(torch.zeros(1, 2)), scatter(torch.zeros(3, 2))
    assert 0 < one.max() < three.max() < 255
    assert scatter(torch.tensor([[9.0, 0.0], [float("nan"), 0.0], [0.0, float("inf")]])).max() == 0
    assert scatter(torch.tensor([[FRAME, -FRAME]])).max() > 0  # the corner is inside


def test_a_sheet_is_what_suits_the_samples() -> None:
    points, pictures = torch.rand(5, 2), torch.rand(4, 1, 6, 6)
    assert as_kept(points).equal(points) and as_kept(pictures).equal(to_uint8(pictures))
    assert np.array_equal(sheet(as_kept(points), 2), scatter(points))
    assert np.array_equal(sheet(as_kept(pictures), 2), mosaic(to_uint8(pictures), 2))
    assert [drawable(shape) for shape in ((2,), (1, 8, 8), (3, 8, 8), (3,), (2, 8, 8))] == [True] * 3 + [False] * 2
    with pytest.raises(ValueError, match="points"):
        sheet(torch.rand(5, 3), 2)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_png_gives_the_same_pixels_back(shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    with Image.open(io.BytesIO(png(array))) as opened:
        assert opened.format == "PNG" and np.array_equal(np.asarray(opened), array)


def test_png_refuses_floats() -> None:
    with pytest.raises(ValueError, match="float64"):
        png(np.zeros((4, 4)))  # type: ignore[arg-type]

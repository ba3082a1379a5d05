"""Pictures from tensors: one for many samples, and its PNG. Knows no dataset and no network.

Samples are pictures, laid out side by side, or points in the plane, which one scatter plot shows.
"""

from __future__ import annotations

import io

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

FRAME = 1.25
"""Half the side of what a scatter plot shows: data lies about [-1, 1]."""

SIDE = 320
"""Pixels a side of a scatter plot."""

DOT = 0.6
"""How much of the way to white one point brightens its place."""


def to_uint8(x: torch.Tensor) -> torch.Tensor:
    """Samples as networks see them to samples as files hold them, the inverse of `uint8 / 127.5 - 1`.

    Args:
        x: float tensor of any shape, nominally in [-1, 1]; values outside are clamped, NaN becomes 0 (black).

    Returns:
        uint8 tensor of the same shape on the same device: `round((x + 1) * 127.5)`.
    """
    scaled = (x.detach().float() + 1.0).mul_(127.5).nan_to_num_(nan=0.0, posinf=255.0, neginf=0.0)
    return scaled.round_().clamp_(0.0, 255.0).to(torch.uint8)


def as_kept(samples: torch.Tensor) -> torch.Tensor:
    """Samples as networks make them, [N, *shape], as files hold them: pictures as uint8, anything else as it is."""
    return to_uint8(samples) if samples.ndim == 4 else samples.detach().float()


def drawable(shape: tuple[int, ...]) -> bool:
    """Whether `sheet` can show samples of this shape: grey and colour pictures, and points in the plane."""
    return shape == (2,) or (len(shape) == 3 and shape[0] in (1, 3))


def sheet(samples: torch.Tensor, columns: int) -> NDArray[np.uint8]:
    """One picture of many samples, as they are kept: a `mosaic` of pictures, or the `scatter` of points.

    Raises:
        ValueError: they are neither; see `drawable`.
    """
    return scatter(samples) if samples.ndim == 2 else mosaic(samples, columns)


def scatter(points: torch.Tensor) -> NDArray[np.uint8]:
    """Points in the plane as dots on black, always in the same frame: two pictures can be laid over each other.

    Args:
        points: float [N, 2] of x to the right and y upwards, on any device. What lies outside ±`FRAME`, or is not a
            number, is not drawn.

    Returns:
        uint8 [`SIDE`, `SIDE`]; the brighter, the more points lie on top of each other.

    Raises:
        ValueError: for another shape.
    """
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"a scatter plot needs points [N, 2], not {list(points.shape)}")
    x, y = points.detach().float().cpu().numpy().T
    found = np.histogram2d(-y, x, bins=SIDE, range=[[-FRAME, FRAME]] * 2)[0]
    dark = np.zeros((SIDE + 2, SIDE + 2), dtype=np.float32)
    for down in range(3):  # a dot is 3 × 3 pixels
        for right in range(3):
            dark[down : down + SIDE, right : right + SIDE] += found
    light = 255 * (1 - (1 - DOT) ** dark[1:-1, 1:-1])
    return light.round().astype(np.uint8)


def mosaic(samples: torch.Tensor, columns: int, gap: int = 1, background: int = 0) -> NDArray[np.uint8]:
    """Lay pictures out row by row in one picture.

    Args:
        samples: uint8 [N, C, H, W] with C of 1 or 3, N at least 1, on any device.
        columns: pictures a row; the last row may be shorter. Fewer samples than columns make a narrower mosaic.
        gap: pixels between neighbours (none around the outside).
        background: 0..255, the grey of the gaps and of places left empty.

    Returns:
        uint8 [rows*H + (rows-1)*gap, cols*W + (cols-1)*gap], with a last axis of 3 when C is 3.

    Raises:
        ValueError: for another type or shape, or a count that makes no picture.
    """
    if samples.dtype != torch.uint8 or samples.ndim != 4 or samples.shape[1] not in (1, 3) or 0 in samples.shape:
        raise ValueError(
            f"a mosaic needs uint8 samples [N, 1 or 3, H, W] with N at least 1, "
            f"not {samples.dtype} {list(samples.shape)}; use to_uint8 for samples in [-1, 1]"
        )
    if columns < 1 or gap < 0:
        raise ValueError(f"a mosaic needs at least 1 column and a gap of 0 or more, not columns={columns}, gap={gap}")
    count, channels, height, width = samples.shape
    columns = min(columns, count)
    rows = -(-count // columns)
    cells = np.full((rows * columns, height + gap, width + gap, channels), background, dtype=np.uint8)
    cells[:count, :height, :width] = samples.detach().permute(0, 2, 3, 1).cpu().numpy()
    sheet = cells.reshape(rows, columns, height + gap, width + gap, channels).transpose(0, 2, 1, 3, 4)
    sheet = sheet.reshape(rows * (height + gap), columns * (width + gap), channels)
    sheet = sheet[: sheet.shape[0] - gap, : sheet.shape[1] - gap]
    return np.ascontiguousarray(sheet[..., 0] if channels == 1 else sheet)


def png(array: NDArray[np.uint8]) -> bytes:
    """Encode one picture as PNG (zlib level 1: written often, small anyway).

    Args:
        array: uint8 [H, W] (grey) or [H, W, 3] (colour), as `mosaic` returns.

    Raises:
        ValueError: for another type or shape.
    """
    array = np.ascontiguousarray(array)
    picture = array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3)
    if array.dtype != np.uint8 or not picture or 0 in array.shape:
        raise ValueError(f"a PNG needs uint8 [H, W] or [H, W, 3], not {array.dtype} {list(array.shape)}")
    out = io.BytesIO()
    Image.fromarray(array).save(out, format="PNG", compress_level=1)
    return out.getvalue()

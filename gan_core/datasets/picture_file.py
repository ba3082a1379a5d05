"""One picture file of any kind, as a small square of bytes."""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_PIXELS = 64_000_000

Colour = Literal["auto", "grey", "colour"]


class Unreadable(Exception):
    """The reason, in words, why a file gives no picture."""


def read_picture(file: BinaryIO, size: int, colour: Colour) -> NDArray[np.uint8]:
    """Decode a picture, turn it upright, cut the square out of its middle and resize that (Lanczos).

    Transparent places become white, as on a page. 16-bit grey keeps its upper 8 bits; of an animation, the first frame.

    Args:
        file: binary, at its start. What it is, is told by its content.
        size: pixels a side of the result.
        colour: 'grey' and 'colour' force one kind; 'auto' gives grey exactly where all three channels are equal.

    Returns:
        uint8 [size, size] for grey, [size, size, 3] for colour.

    Raises:
        Unreadable: not a picture of these kinds, damaged, or with more than `MAX_PIXELS` (then it is not decoded).
    """
    try:
        with Image.open(file, formats=FORMATS) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise Unreadable(f"too large: {width:,} x {height:,} pixels; {MAX_PIXELS:,} in all are allowed")
            picture.draft(None, (4 * size, 4 * size))  # large JPEGs decode at a fraction; no effect on the others
            upright = ImageOps.exif_transpose(picture)
            small = _square(_eight_bit(upright), size)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Unreadable(f"too large: {MAX_PIXELS:,} pixels are allowed") from error
    except UnidentifiedImageError as error:
        raise Unreadable("not a PNG, JPEG or WebP picture") from error
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, struct.error, zlib.error) as error:
        raise Unreadable(f"damaged or cut short ({error})") from error
    except MemoryError as error:
        raise Unreadable("too large for the memory") from error
    if colour == "grey":
        return np.asarray(small.convert("L"))
    pixels = np.asarray(small.convert("RGB"))
    grey = (pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 1] == pixels[..., 2]).all()
    return np.ascontiguousarray(pixels[..., 0]) if colour == "auto" and grey else pixels


def is_picture(file: BinaryIO) -> bool:
    """Whether the content begins like a picture that `read_picture` takes. Nothing is decoded."""
    try:
        with Image.open(file, formats=FORMATS) as picture:
            return picture.width * picture.height <= MAX_PIXELS
    except Exception:  # whatever a hostile header makes Pillow raise, the answer is the same
        return False


def _eight_bit(picture: Image.Image) -> Image.Image:
    """Grey L, RGB, or RGBA where something is transparent."""
    if picture.mode.startswith("I"):
        wide = np.asarray(picture).astype(np.float64)
        return Image.fromarray(np.rint(wide.clip(0, 65535) / 257.0).astype(np.uint8))
    if picture.has_transparency_data:
        return picture.convert("RGBA")
    return picture if picture.mode in ("L", "RGB") else picture.convert("L" if picture.mode == "1" else "RGB")


def _square(picture: Image.Image, size: int) -> Image.Image:
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    # Cut first: resize(box=...) lets a little of what lies outside the box bleed in.
    middle = picture.crop((left, top, left + side, top + side))
    small = middle.resize((size, size), Image.Resampling.LANCZOS, reducing_gap=3.0)
    if small.mode != "RGBA":
        return small
    return Image.alpha_composite(Image.new("RGBA", small.size, "white"), small).convert("RGB")

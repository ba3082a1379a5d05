"""MP4 of frames, by an encoder that a Python package brings along; the package is needed for nothing else."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from gan_core.errors import WorkbenchError

_MISSING = (
    "MP4 needs the package 'imageio-ffmpeg', which brings its own encoder and is not installed: "
    "pip install -r requirements-video.txt"
)


class VideoError(WorkbenchError):
    """A video could not be written; the message is the reason in words."""


def why_not() -> str | None:
    """Why there can be no MP4, and how to get it; None: there can."""
    try:
        _encoder()
    except VideoError as error:
        return str(error)
    return None


def _encoder() -> ModuleType:
    try:
        return importlib.import_module("imageio_ffmpeg")
    except ImportError:
        raise VideoError(_MISSING) from None


def mp4(frames: Sequence[NDArray[np.uint8]], seconds: float) -> bytes:
    """Frames as the bytes of an MP4 (H.264, which every browser plays).

    Args:
        frames: uint8 [H, W, 3] of one size, both sides even; at least one.
        seconds: for all of them.

    Raises:
        VideoError: the package is missing, or its encoder fails.
    """
    encoder = _encoder()
    height, width, _ = frames[0].shape
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "video.mp4"
        try:
            writer = encoder.write_frames(
                str(path), (width, height), fps=max(1.0, len(frames) / seconds), macro_block_size=2, quality=8,
                ffmpeg_log_level="error",
            )
            writer.send(None)
            for frame in frames:
                writer.send(np.ascontiguousarray(frame))
            writer.close()
            return path.read_bytes()
        except (OSError, RuntimeError) as error:  # no encoder for this system, or it ended
            reason = str(error).strip().splitlines() or ["it ended without a word"]
            raise VideoError(f"the video encoder failed: {reason[-1]}") from None

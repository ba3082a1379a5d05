"""Runs as they learned: which moments there are, what is seen at each, and what can be taken home of it."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from torch import nn

from gan_core import video
from gan_core.config import RunConfig
from gan_core.datasets import Dataset
from gan_core.errors import StoreError, WorkbenchError
from gan_core.pictures import mosaic, png
from gan_core.runs import Runs
from gan_core.store import COLUMNS, RunFolder
from gan_core.timeline import (
    Moment,
    Strip,
    drawn,
    gif,
    moments,
    nearest,
    same_latents,
    sheet,
    side_by_side,
    stacked,
    time_by_latent,
)
from gan_core.trainer import Trainer


def moment(images: int, seconds: float = 0.0) -> Moment:
    return Moment(images, seconds, None, True)


def strip(name: str, *places: int, size: tuple[int, int] = (20, 30)) -> Strip:
    """A run whose picture at n images is all of grey n."""
    return Strip(name, [moment(n, n / 10) for n in places], lambda at: np.full(size, at.images, dtype=np.uint8))


@pytest.fixture
def generator(runs: Runs) -> Callable[[int], nn.Module]:
    return lambda images: runs.generator("run", images)[0]


def test_moments_are_checkpoints_and_kept_grids(folder: RunFolder, tiny_data: Dataset):
    trainer = Trainer(folder.config, tiny_data)
    folder.save_sample(0, b"png")
    for step in range(1, 4):
        trainer.step()
        folder.append_history({**dict.fromkeys(COLUMNS, 1.0), "step": step, "images": 4 * step, "seconds": step / 2})
        if step != 2:
            folder.save_checkpoint(*trainer.state())
    folder.save_sample(8, b"png")
    folder.save_sample(12, b"png")
    found = moments(folder, folder.history())
    assert [(one.images, one.seconds, one.grid is not None, one.checkpoint) for one in found] == [
        (0, 0.0, True, False), (4, 0.5, False, True), (8, 1.0, True, False), (12, 1.5, True, True)
    ]
    assert [one.images for one in moments(folder, folder.history(), checkpoints_only=True)] == [4, 12]
    assert [one.images for one in moments(folder, folder.history(), most=3)] == [0, 8, 12]


def test_the_nearest_moment_by_images_and_by_seconds():
    found = [moment(0, 0.0), moment(10, 9.0), moment(20, 10.0)]
    assert [nearest(found, at, "images").images for at in (-5, 4, 5, 6, 99)] == [0, 0, 0, 10, 20]
    assert [nearest(found, at, "seconds").images for at in (4, 5, 9.4, 9.6)] == [0, 10, 10, 20]


def test_a_checkpoint_draws_the_very_grid_that_was_kept(
    folder: RunFolder, tiny_data: Dataset, generator: Callable[[int], nn.Module]
):
    """So that both can stand in one row of time."""
    trainer = Trainer(folder.config, tiny_data)
    trainer.step()
    folder.save_checkpoint(*trainer.state())
    kept = mosaic(trainer.draw_fixed(), trainer.columns)
    assert np.array_equal(sheet(folder, moment(4), generator), kept)
    folder.save_sample(4, png(kept))
    (found,) = moments(folder, folder.history())
    assert np.array_equal(sheet(folder, found, lambda images: pytest.fail("the file will do")), kept)
    assert found.grid is not None
    found.grid.write_bytes(b"damaged")
    assert np.array_equal(sheet(folder, found, generator), kept)
    with pytest.raises(StoreError, match=r"run/samples/000000004.png: cannot be read"):
        sheet(folder, Moment(4, 0.0, found.grid, False), generator)


def test_latents_of_a_seed_are_the_same_at_each_moment(
    folder: RunFolder, tiny_data: Dataset, generator: Callable[[int], nn.Module]
):
    trainer = Trainer(folder.config, tiny_data)
    trainer.step()
    folder.save_checkpoint(*trainer.state())
    one, again = (drawn(generator(4), 3, 1.0, 10, 2) for _ in range(2))
    next_seed = drawn(generator(4), 13, 1.0, 10, 1)
    assert one.shape == (57, 289) and np.array_equal(one, again) and np.array_equal(one[29:], next_seed)


def test_whether_grids_have_the_same_latents(folder: RunFolder, runs: Runs, tiny_config: Callable[..., RunConfig]):
    folders = [folder]
    for name, changes in (("rate", {"lr_g": 0.5}), ("seed", {"seed": 1}), ("size", {"grid": 3})):
        folders.append(runs.store.create(tiny_config(**changes), folder.info.dataset, name))
    assert [same_latents([folder, other]) for other in folders] == [True, True, False, False]


def test_frames_show_each_run_at_its_nearest_moment():
    frames = side_by_side([strip("a", 0, 100, 200), strip("b", 0, 90)])
    assert len(frames) == 4 and len({frame.shape for frame in frames}) == 1
    height, width, _ = frames[0].shape
    assert height % 2 == width % 2 == 0
    middle = [(int(frame[height // 2, width // 4, 0]), int(frame[height // 2, 3 * width // 4, 0])) for frame in frames]
    assert middle == [(0, 0), (100, 90), (100, 90), (200, 90)]
    assert not np.array_equal(frames[1][:22], frames[3][:22])  # the place is written over it
    by_time = side_by_side([strip("a", 0, 100, 200), strip("b", 0, 90)], "seconds")
    assert len(by_time) == 4
    assert len(side_by_side([strip("a", *range(200))], most=7)) == 7


def test_names_of_any_length_fit():
    short, long = (side_by_side([strip(name, 5)])[0] for name in ("a", "W" * 80))
    assert short.shape == long.shape


def test_time_goes_down_and_latents_across():
    rows = time_by_latent(strip("a", *range(0, 200, 10), size=(20, 30)), height=8, most=5)
    assert [at.images for at, _ in rows] == [0, 50, 100, 140, 190] and all(row.shape == (8, 30) for _, row in rows)
    whole, begun = stacked(rows), stacked(rows, 2)
    assert whole.shape == begun.shape
    ink = [int(whole[y, whole.shape[1] // 2, 0]) for y in range(whole.shape[0])]
    assert [value for value in dict.fromkeys(ink) if value in (0, 50, 100, 140, 190)] == [0, 50, 100, 140, 190]
    assert 190 not in begun[:, whole.shape[1] // 2, 0]


def test_a_gif_has_a_frame_for_each_picture():
    data = gif(side_by_side([strip("a", 0, 100, 200)]), 1.5)
    with Image.open(io.BytesIO(data)) as animation:
        assert getattr(animation, "n_frames", 1) == 3 and animation.info["duration"] == 500


def test_an_mp4_has_a_frame_for_each_picture(tmp_path: Path):
    encoder = pytest.importorskip("imageio_ffmpeg")
    frames = side_by_side([strip("a", *range(0, 250, 10))])
    data = video.mp4(frames, seconds=5.0)
    assert video.why_not() is None and data[4:8] == b"ftyp"

    path = tmp_path / "a.mp4"
    path.write_bytes(data)
    count, seconds = encoder.count_frames_and_secs(str(path))
    assert count == 25 and seconds == pytest.approx(5.0, abs=0.2)


def test_without_the_encoder_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    assert "pip install -r requirements-video.txt" in str(video.why_not())
    with pytest.raises(WorkbenchError, match=r"requirements-video\.txt"):
        video.mp4(side_by_side([strip("a", 0)]), 1.0)


def test_an_encoder_that_ends_is_told_in_words(monkeypatch: pytest.MonkeyPatch):
    class Encoder:
        @staticmethod
        def write_frames(*_: Any, **__: Any) -> Any:
            raise RuntimeError("No ffmpeg exe could be found.\nInstall one")

    monkeypatch.setattr(video, "_encoder", lambda: Encoder)
    with pytest.raises(WorkbenchError, match="the video encoder failed: Install one"):
        video.mp4(side_by_side([strip("a", 0)]), 1.0)

"""A run whose samples are points: its grid is a scatter plot, and its measures take the points as they are."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from gan_core.evaluation import Judge, draw, extractor_for
from gan_core.pictures import SIDE
from gan_core.presets import make_config
from gan_core.runs import Runs, load_data
from gan_core.store import Store
from gan_core.trainer import stream


def test_its_grids_are_scatter_plots_and_it_can_be_judged(
    store: Store, wait: Callable[..., None], tmp_path: Path
) -> None:
    runs = Runs(store)
    config = make_config("ring", images=1_024, device="cpu")
    runs.start(config, "one")
    wait(lambda: runs.snapshot("one").state == "finished")
    kept = runs.folder("one").samples()
    assert [images for images, _ in kept] == [0, 768, 1024]
    for _, path in kept:
        with Image.open(io.BytesIO(path.read_bytes())) as picture:
            assert picture.size == (SIDE, SIDE) and picture.getextrema() != (0, 0)
    generator, _ = runs.generator("one", None)
    dataset = load_data(config)
    samples, _ = draw(generator, config.latent_dim, None, 60, stream(0, "test"))
    judge = Judge(dataset, extractor_for(dataset, tmp_path), 60)
    assert judge.scores(samples).fid > 10 * judge.floor.fid  # 1,024 points teach nothing
    assert runs.shutdown(timeout=60)

"""Runs as training leaves them: to be taken along, or to be spoiled."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gan_core import runs as runs_module
from gan_core.datasets import Dataset
from gan_core.pictures import mosaic, png
from gan_core.runs import Runs
from gan_core.store import RunFolder, Store
from gan_core.trainer import Trainer


@pytest.fixture(scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory, tiny: Callable[..., Any], tiny_config: Callable[..., Any]) -> Path:
    """A store with one run, `run`, of four steps, as training leaves it."""
    store, dataset = Store(tmp_path_factory.mktemp("made") / "checkpoints"), tiny()
    folder = store.create(tiny_config(images=16), runs_module.facts(dataset), "run")
    folder.append_event("started", 0)
    trainer = Trainer(folder.config, dataset)
    for _ in range(4):
        trainer.step()
        record = trainer.record()
        assert record
        folder.append_history(record)
        if trainer.images in (8, 16):
            folder.save_checkpoint(*trainer.state())
            folder.save_sample(trainer.images, png(mosaic(trainer.draw_fixed(), trainer.columns)))
    folder.append_event("finished", 16)
    folder.write_info(note="a note, äöü")
    return store.root


@pytest.fixture
def made(_made: Path, store: Store) -> RunFolder:
    """That run in a store of the test's own."""
    shutil.copytree(_made, store.root)
    return store.open("run")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Store:
    """Another machine's store, empty."""
    return Store(tmp_path / "elsewhere")


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory, tiny: Any, tiny_config: Any) -> Path:
    """A good run with two checkpoints, curves and grids, to be copied and spoiled."""
    store = Store(tmp_path_factory.mktemp("pattern"))
    data = tiny()
    folder = store.create(tiny_config(images=80, record_every_steps=1), runs_module.facts(data), "victim")
    trainer = Trainer(folder.config, data)
    folder.append_event("started", 0)
    for _ in range(4):
        trainer.step()
        folder.append_history(trainer.record() or {})
        if trainer.step_count % 2 == 0:
            folder.save_checkpoint(*trainer.state())
            folder.save_sample(trainer.images, b"png")
    folder.append_event("stopped", trainer.images)
    return folder.path


@pytest.fixture
def root(pattern: Path, tmp_path: Path) -> Path:
    """A folder of runs: 'good' and 'victim'."""
    root = tmp_path / "checkpoints"
    shutil.copytree(pattern, root / "victim")
    shutil.copytree(pattern, root / "good")
    return root


@pytest.fixture
def hostile_runs(root: Path, tiny_data: Dataset) -> Iterator[Runs]:
    runs = Runs(Store(root))
    yield runs
    assert runs.shutdown(timeout=60)

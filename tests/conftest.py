"""Tiny data sets, tiny settings and a store of its own for every test."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_core import runs as runs_module
from gan_core.config import RunConfig
from gan_core.datasets import Dataset, Jitter
from gan_core.presets import make_config
from gan_core.runs import Runs
from gan_core.store import RunFolder, Store


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Tiny networks gain nothing from more, and bits may differ with the number of threads."""
    torch.set_num_threads(1)


def _tiny(
    count: int = 20, shape: tuple[int, ...] = (1, 28, 28), classes: int = 10, jitter: bool = False, seed: int = 0
) -> Dataset:
    generator = torch.Generator().manual_seed(seed)
    pictures = len(shape) == 3
    return Dataset(
        name="tiny",
        samples=torch.randint(0, 256, (count, *shape), generator=generator, dtype=torch.uint8)
        if pictures
        else torch.randn(count, *shape, generator=generator),
        labels=torch.arange(count) % classes if classes else None,
        classes=tuple(str(number) for number in range(classes)),
        jitter=Jitter() if jitter else None,
    )


@pytest.fixture(scope="session")
def tiny() -> Callable[..., Dataset]:
    """A random data set: (count, shape, classes, jitter, seed)."""
    return _tiny


def _tiny_config(preset: str = "quick", **values: Any) -> RunConfig:
    small = {
        "dataset": "tiny", "width": 4, "latent_dim": 8, "batch_size": 4, "grid": 2, "device": "cpu", "threads": 1,
    }
    return make_config(preset, **{**small, **values})


@pytest.fixture(scope="session")
def tiny_config() -> Callable[..., RunConfig]:
    """A preset made small: (preset, **settings)."""
    return _tiny_config


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store in an empty folder."""
    return Store(tmp_path / "checkpoints")


@pytest.fixture
def folder(store: Store, tiny: Callable[..., Dataset], tiny_config: Callable[..., RunConfig]) -> RunFolder:
    """An empty run folder named 'run', of the tiny quick settings."""
    return store.create(tiny_config(), runs_module.facts(tiny()), "run")


@pytest.fixture
def tiny_data(monkeypatch: pytest.MonkeyPatch, tiny: Callable[..., Dataset]) -> Dataset:
    """What every run of this test trains on, whatever data set it names."""
    dataset = tiny()
    monkeypatch.setattr(runs_module, "load_data", lambda config: dataset)
    return dataset


@pytest.fixture
def runs(store: Store, tiny_data: Dataset) -> Iterator[Runs]:
    """The runs of `store`, trained on `tiny_data`; all stopped at the end."""
    runs = Runs(store)
    yield runs
    assert runs.shutdown(timeout=60)


@pytest.fixture(scope="session")
def wait() -> Callable[..., None]:
    """Wait until a condition holds; a minute passes for 'never'."""

    def until(condition: Callable[[], object], timeout: float = 60.0) -> None:
        end = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.005)

    return until


@pytest.fixture(scope="session")
def contents() -> Callable[[Path], dict[str, str]]:
    """Every file below a folder and the hash of its bytes; links by where they point. Locks hold nothing."""

    def read(root: Path) -> dict[str, str]:
        return {
            str(path.relative_to(root)): str(path.readlink())
            if path.is_symlink()
            else hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(root.rglob("*"))
            if path.name != ".lock" and (path.is_symlink() or path.is_file())
        }

    return read

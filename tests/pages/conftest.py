"""The dashboard's pages without a browser, on a store of the test's own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from streamlit import config as st_config
from streamlit.testing.v1 import AppTest

from gan_core import runs as runs_module
from gan_core.config import RunConfig
from gan_core.runs import Runs
from gan_core.store import RunFolder, Store
from gan_core.trainer import Trainer
from pages.parts import workbench
from tests.datasets.conftest import idx, mnist_files, served_mnist, web

__all__ = ["idx", "mnist_files", "served_mnist", "web"]

DOOR = Path(__file__).resolve().parents[2] / "streamlit_app.py"


@pytest.fixture(autouse=True)
def asked_as_testserver() -> Iterator[None]:
    """The name by which Starlette's client asks."""
    allowed = st_config.get_option("server.allowedHosts")
    st_config.set_option("server.allowedHosts", [*allowed, "testserver"])
    yield
    st_config.set_option("server.allowedHosts", allowed)


@pytest.fixture
def page_runs(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    """The dashboard's runs: of an empty store at first, on the embedded digits, two CPU threads never."""
    runs = Runs(store)
    monkeypatch.setattr(workbench, "_runs", runs)
    yield runs
    assert runs.shutdown(timeout=60)


@pytest.fixture
def open_page(page_runs: Runs) -> Callable[..., AppTest]:
    """Open a page, as a link does: (name="train", **query). No exception may have reached the screen."""

    def open_it(name: str = "train", **query: str) -> AppTest:
        app = AppTest.from_file(str(DOOR), default_timeout=60)
        if name != "train":
            app.switch_page(f"pages/{name}.py")
        for key, value in query.items():
            app.query_params[key] = value
        app.run()
        assert not app.exception, app.exception
        return app

    return open_it


@pytest.fixture
def trained(page_runs: Runs, tiny_config: Callable[..., RunConfig], wait: Callable[..., None]) -> Callable[..., str]:
    """Train a tiny run on the embedded digits to its end: (name="one", **settings) → its name."""

    def train(name: str = "one", preset: str = "quick", **settings: object) -> str:
        config = tiny_config(preset, **{
            "dataset": "digits", "images": 40, "save_every_images": 20, "measure": "off", **settings,
        })
        page_runs.start(config, name)
        wait(lambda: page_runs.snapshot(name).state == "finished")
        return name

    return train


@pytest.fixture
def make(page_runs: Runs, tiny: Callable[..., Any], tiny_config: Callable[..., Any]) -> Callable[..., RunFolder]:
    """A run with checkpoints: (name, *images seen, of data, **settings). Each is newer than those before."""
    made = []

    def run(name: str, *checkpoints: int, data: dict[str, Any] | None = None, **settings: Any) -> RunFolder:
        dataset = tiny(**data or {})
        folder = page_runs.store.create(tiny_config(**settings), runs_module.facts(dataset), name)
        trainer = Trainer(folder.config, dataset)
        while checkpoints and trainer.images < max(checkpoints):
            trainer.step()
            trainer.seconds = trainer.images / 2
            record = trainer.record()
            assert record
            folder.append_history(record)
            if trainer.images in checkpoints:
                folder.save_checkpoint(*trainer.state())
        made.append(folder)
        moment = 10**9 * len(made)
        os.utime(folder.path / "run.json", ns=(moment, moment))
        return folder

    return run


@pytest.fixture
def opened(open_page: Callable[..., AppTest]) -> Callable[..., AppTest]:
    """Open the page, as a link with this query does."""
    return partial(open_page, "compare")

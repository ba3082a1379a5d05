"""The dashboard's pages without a browser, on a store of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gan_core.config import RunConfig
from gan_core.runs import Runs
from gan_core.store import Store
from pages.parts import workbench
from tests.datasets.conftest import idx, mnist_files, served_mnist, web

__all__ = ["idx", "mnist_files", "served_mnist", "web"]

DOOR = Path(__file__).resolve().parents[2] / "streamlit_app.py"


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
        config = tiny_config(preset, **{"dataset": "digits", "images": 40, "save_every_images": 20, **settings})
        page_runs.start(config, name)
        wait(lambda: page_runs.snapshot(name).state == "finished")
        return name

    return train

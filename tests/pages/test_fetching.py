"""A download asked for on the page: from a real server, seen by every tab, tried again where it broke."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gan_core import datasets
from pages.parts import fetching


@pytest.fixture
def tiny_mnist(served_mnist, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """MNIST with 30 pictures, on the test's own server; the empty data folder it belongs in."""
    monkeypatch.setenv("GAN_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(fetching, "_downloads", {})
    return tmp_path / "data"


def _click(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label.startswith(label)).click().run()


def test_downloaded_on_the_page_then_trained_on(
    tiny_mnist: Path, web, open_page: Callable[..., AppTest], wait: Callable[..., None]
) -> None:
    web.break_after = 5_000
    app = open_page()
    app.selectbox(key="dataset").set_value("mnist").run()
    _click(app, "Download")
    wait(lambda: not fetching.state("mnist").active)
    app.run()
    assert "bytes are kept" in app.error[0].value
    assert not datasets.is_available("mnist")
    web.break_after = None
    _click(app, "Try again")
    wait(lambda: not fetching.state("mnist").active)
    app.run()
    assert not app.error and datasets.is_available("mnist")
    assert "30 real samples of 28 × 28 pixels, grey, 10 classes of 3 each" in " ".join(c.value for c in app.caption)
    assert not next(button for button in app.button if button.label == "Train").disabled


def test_asked_for_twice_it_is_fetched_once(tiny_mnist: Path, web, wait: Callable[..., None]) -> None:
    for _ in range(3):
        fetching.begin("mnist")
    first = fetching.state("mnist")
    wait(lambda: not first.active)
    assert fetching.state("mnist") is first and first.error is None
    assert sorted(path for path, _ in web.asked) == sorted(f"/{name}" for name in web.files)
    assert first.done == first.total == sum(map(len, web.files.values()))

"""The address of the pages that look at one checkpoint: what both say of one that cannot be followed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from gan_core.config import RunConfig
from gan_core.datasets import Dataset
from gan_core.runs import Runs, facts
from tests.pages.looking import given_of, said, shown

Open = Callable[..., AppTest]
Train = Callable[..., str]

pytestmark = pytest.mark.parametrize("page", ["explore", "inside"])


@pytest.mark.parametrize("name", ["../one", "one\0", "x" * 300, "ONE ", "[one](http://other.example)"])
def test_hostile_run_names(open_page: Open, trained: Train, page: str, name: str) -> None:
    trained("one")
    app = open_page(page, run=name)
    assert len(app.warning) == 1 and shown(app)["run"] == "one"
    assert "[one]" not in app.warning[0].value and "http://" not in app.warning[0].value


def test_damaged_run_is_named_and_left_out(open_page: Open, trained: Train, page_runs: Runs, page: str) -> None:
    trained("one")
    trained("two")
    (page_runs.store.path("two") / "run.json").write_text("{")
    app = open_page(page, run="two")
    assert len(app.warning) == 2 and all("two/run.json: damaged" in said(one) for one in app.warning)
    assert shown(app)["run"] == "one" and app.selectbox(key=f"{page}_run").options == ["✓ one"]


def test_damaged_checkpoint_leaves_the_others(open_page: Open, trained: Train, page_runs: Runs, page: str) -> None:
    trained("one")
    path = page_runs.folder("one").find(20).path
    path.write_bytes(path.read_bytes()[:-1])
    app = open_page(page, run="one", images="20")
    assert path.name in said(app.error[0]) and given_of(app) is None
    app.selectbox(key=f"{page}_checkpoint").set_value(40).run()
    assert shown(app)["images"] == 40


def test_samples_that_are_no_pictures(
    open_page: Open, page_runs: Runs, tiny: Callable[..., Dataset], tiny_config: Callable[..., RunConfig], page: str
) -> None:
    page_runs.store.create(tiny_config(conditional="no"), facts(tiny(shape=(2,), classes=0)), "points")
    app = open_page(page, run="points")
    assert "only grey or colour pictures" in said(app.error[0])


def test_back_from_another_page_it_is_as_it_was(open_page: Open, trained: Train, page: str) -> None:
    """But not where a newer run came meanwhile."""
    trained("one")
    app = open_page(page, run="one", images="20")
    app.switch_page("pages/compare.py").run()
    app.query_params.clear()
    app.switch_page(f"pages/{page}.py").run()
    assert (shown(app)["images"], app.query_params["images"]) in ((20, "20"), (20, ["20"]))
    app.switch_page("pages/compare.py").run()
    trained("two")
    app.query_params.clear()
    app.switch_page(f"pages/{page}.py").run()
    assert shown(app)["run"] == "two" and "images" not in app.query_params

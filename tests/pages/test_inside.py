"""The Inside page: whose discriminator it opens on, and what it says when there is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from gan_core.config import RunConfig
from gan_core.datasets import Dataset
from gan_core.runs import Runs, facts

Open = Callable[..., AppTest]
Train = Callable[..., str]


def _given(app: AppTest) -> dict[str, Any] | None:
    """What the X-ray was handed; None where it is not on the page."""
    found = app.get("bidi_component")
    return json.loads(found[0].proto.json) if found else None  # type: ignore[attr-defined]


def _shown(app: AppTest) -> dict[str, Any]:
    given = _given(app)
    assert given is not None and not app.error, [one.value for one in app.error]
    return given


def _said(element: Any) -> str:
    """What a reader sees of Markdown that shows just that."""
    return element.value.replace("\\", "")


def test_without_runs_the_one_click_leads_to_training(open_page: Open) -> None:
    app = open_page("inside")
    assert _given(app) is None and not app.selectbox
    assert "No discriminator to look into yet" in app.subheader[0].value
    (button,) = app.button
    assert button.click().run().button[0].label == "Train"


def test_opens_on_the_newest_discriminator(open_page: Open, trained: Train) -> None:
    trained("one")
    trained("two", conditional="no")
    app = open_page("inside")
    given = _shown(app)
    assert (given["run"], given["images"], given["classes"], given["shape"]) == ("two", 40, [], [1, 28, 28])
    assert given["link"] == {"show": "fake", "number": 0, "label": None} and not app.warning
    assert dict(app.query_params) == {"run": "two", "show": "fake", "number": "0"}
    assert app.selectbox(key="inside_checkpoint").options == [
        "newest: 40 images seen", "40 images seen", "20 images seen"
    ]


def test_link_opens_its_picture_and_picks_change_it(open_page: Open, trained: Train) -> None:
    trained("one")
    trained("two")
    app = open_page("inside", run="one", images="20", show="real", number="17", label="4")
    before = _shown(app)
    assert (before["run"], before["images"]) == ("one", 20)
    assert before["link"] == {"show": "real", "number": 17, "label": 4}

    app.selectbox(key="inside_checkpoint").set_value("newest").run()
    given = _shown(app)
    assert given["images"] == 40 and given["revision"] == before["revision"]  # what a hand drew stays
    assert "images" not in app.query_params and app.query_params["label"] == "4"

    app.selectbox(key="inside_run").set_value("two").run()
    given = _shown(app)
    assert given["run"] == "two" and given["revision"] == before["revision"]
    assert given["link"] == {"show": "real", "number": 17, "label": None} and app.query_params["run"] == "two"


def test_bad_link_is_named_and_the_page_works(open_page: Open, trained: Train) -> None:
    trained("one")
    app = open_page("inside", run="nonsense", images="abc", show="drawn")
    (warning,) = app.warning
    for part in ("'nonsense'", "images = 'abc'", "show = 'drawn'"):
        assert part in _said(warning)
    assert _shown(app)["run"] == "one"
    app.selectbox(key="inside_checkpoint").set_value(20).run()
    assert not app.warning and app.query_params["images"] == "20"


@pytest.mark.parametrize(("conditional", "knows"), [("yes", "knows the classes 0 to 9"), ("no", "knows no classes")])
def test_a_class_that_d_does_not_know(open_page: Open, trained: Train, conditional: str, knows: str) -> None:
    trained("one", conditional=conditional)
    app = open_page("inside", run="one", label="10")
    assert knows in _said(app.warning[0])
    assert _shown(app)["link"]["label"] is None


@pytest.mark.parametrize("name", ["../one", "one\0", "x" * 300, "[one](http://other.example)"])
def test_hostile_run_names(open_page: Open, trained: Train, name: str) -> None:
    trained("one")
    app = open_page("inside", run=name)
    assert len(app.warning) == 1 and _shown(app)["run"] == "one"
    assert "[one]" not in app.warning[0].value and "http://" not in app.warning[0].value


def test_damaged_checkpoint_leaves_the_others(open_page: Open, trained: Train, page_runs: Runs) -> None:
    trained("one")
    path = page_runs.folder("one").find(20).path
    path.write_bytes(path.read_bytes()[:-1])
    app = open_page("inside", run="one", images="20")
    assert path.name in _said(app.error[0]) and _given(app) is None
    app.selectbox(key="inside_checkpoint").set_value(40).run()
    assert _shown(app)["images"] == 40


def test_run_that_has_no_checkpoint_yet_can_write_one(
    open_page: Open, page_runs: Runs, tiny_config: Callable[..., RunConfig], wait: Callable[..., None]
) -> None:
    page_runs.start(tiny_config(dataset="digits", images=10**9, save_every_images=10**9), "one")
    wait(lambda: page_runs.published("one"))
    app = open_page("inside", run="one")
    if not page_runs.folder("one").checkpoints():
        assert "one is training" in _said(app.info[0]) and _given(app) is None
        next(one for one in app.button if one.label == "Save a checkpoint now").click().run()
        wait(lambda: page_runs.folder("one").checkpoints())
    given = _shown(app.run())
    assert given["run"] == "one" and not app.info
    page_runs.run("one").save()
    wait(lambda: page_runs.folder("one").find().images > given["images"])
    assert _shown(app.run())["images"] > given["images"]


def test_samples_that_are_no_pictures(
    open_page: Open, page_runs: Runs, tiny: Callable[..., Dataset], tiny_config: Callable[..., RunConfig]
) -> None:
    page_runs.store.create(tiny_config(conditional="no"), facts(tiny(shape=(2,), classes=0)), "points")
    app = open_page("inside", run="points")
    assert "only grey or colour pictures" in _said(app.error[0])


@pytest.mark.parametrize("page", ["train", "explore"])
def test_the_way_from_other_pages(open_page: Open, trained: Train, page: str) -> None:
    trained("one")
    trained("two")
    app = open_page(page, run="one")
    if page == "explore":
        next(one for one in app.button if one.label == "Look inside D").click().run()
        assert _shown(app)["run"] == "one"
    else:
        (link,) = [one for one in app.get("page_link") if one.proto.label == "Look inside D"]  # type: ignore[attr-defined]
        assert link.proto.page == "inside" and "run=one" in link.proto.query_string  # type: ignore[attr-defined]

"""The Inside page: whose discriminator it opens on, and what it says when there is none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from gan_core.config import RunConfig
from gan_core.runs import Runs
from tests.pages.looking import given_of, said, shown

Open = Callable[..., AppTest]
Train = Callable[..., str]


def test_without_runs_the_one_click_leads_to_training(open_page: Open) -> None:
    app = open_page("inside")
    assert given_of(app) is None and not app.selectbox
    assert "No discriminator to look into yet" in app.subheader[0].value
    (button,) = app.button
    assert button.click().run().button[0].label == "Train"


def test_opens_on_the_newest_discriminator(open_page: Open, trained: Train) -> None:
    trained("one")
    trained("two", conditional="no")
    app = open_page("inside")
    given = shown(app)
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
    before = shown(app)
    assert (before["run"], before["images"]) == ("one", 20)
    assert before["link"] == {"show": "real", "number": 17, "label": 4}

    app.selectbox(key="inside_checkpoint").set_value("newest").run()
    given = shown(app)
    assert given["images"] == 40 and given["revision"] == before["revision"]  # what a hand drew stays
    assert "images" not in app.query_params and app.query_params["label"] == "4"

    app.selectbox(key="inside_run").set_value("two").run()
    given = shown(app)
    assert given["run"] == "two" and given["revision"] == before["revision"]
    assert given["link"] == {"show": "real", "number": 17, "label": None} and app.query_params["run"] == "two"


def test_bad_link_is_named_and_the_page_works(open_page: Open, trained: Train) -> None:
    trained("one")
    app = open_page("inside", run="nonsense", images="abc", show="drawn")
    (warning,) = app.warning
    for part in ("'nonsense'", "images = 'abc'", "show = 'drawn'"):
        assert part in said(warning)
    assert shown(app)["run"] == "one"
    app.selectbox(key="inside_checkpoint").set_value(20).run()
    assert not app.warning and app.query_params["images"] == "20"


@pytest.mark.parametrize(("conditional", "knows"), [("yes", "knows the classes 0 to 9"), ("no", "knows no classes")])
def test_a_class_that_d_does_not_know(open_page: Open, trained: Train, conditional: str, knows: str) -> None:
    trained("one", conditional=conditional)
    app = open_page("inside", run="one", label="10")
    assert knows in said(app.warning[0])
    assert shown(app)["link"]["label"] is None


def test_run_that_has_no_checkpoint_yet_can_write_one(
    open_page: Open, page_runs: Runs, tiny_config: Callable[..., RunConfig], wait: Callable[..., None]
) -> None:
    page_runs.start(tiny_config(dataset="digits", images=10**9, save_every_images=10**9), "one")
    wait(lambda: page_runs.published("one"))
    app = open_page("inside", run="one")
    if not page_runs.folder("one").checkpoints():
        assert "one is training" in said(app.info[0]) and given_of(app) is None
        next(one for one in app.button if one.label == "Save a checkpoint now").click().run()
        wait(lambda: page_runs.folder("one").checkpoints())
    given = shown(app.run())
    assert given["run"] == "one" and not app.info
    page_runs.run("one").save()
    wait(lambda: page_runs.folder("one").find().images > given["images"])
    assert shown(app.run())["images"] > given["images"]


@pytest.mark.parametrize("page", ["train", "explore"])
def test_the_way_from_other_pages(open_page: Open, trained: Train, page: str) -> None:
    trained("one")
    trained("two")
    app = open_page(page, run="one")
    if page == "explore":
        next(one for one in app.button if one.label == "Look inside D").click().run()
        assert shown(app)["run"] == "one"
    else:
        (link,) = [one for one in app.get("page_link") if one.proto.label == "Look inside D"]  # type: ignore[attr-defined]
        assert link.proto.page == "inside" and "run=one" in link.proto.query_string  # type: ignore[attr-defined]

"""The Explore page: which generator and place it opens on, and what it says when there is none."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from gan_core.config import RunConfig
from gan_core.datasets import Dataset
from gan_core.runs import Runs, facts
from tests.pages.looking import given_of, said, shown

Open = Callable[..., AppTest]
Train = Callable[..., str]


def test_without_runs_the_one_click_leads_to_training(open_page: Open) -> None:
    app = open_page("explore")
    assert given_of(app) is None and not app.selectbox
    assert "No generator to explore yet" in app.subheader[0].value
    (button,) = app.button
    assert button.label == "Train a generator"
    assert button.click().run().button[0].label == "Train"


def test_opens_on_the_newest_generator_from_3_to_8(open_page: Open, trained: Train) -> None:
    trained("one")
    trained("two")
    app = open_page("explore")
    given = shown(app)
    assert (given["run"], given["images"], given["state"], given["checkpoints"]) == ("two", None, "finished", 2)
    assert {key: given["view"][key] for key in ("mode", "label", "label_b", "t")} == {
        "mode": "interpolate", "label": 3, "label_b": 8, "t": 0.0,
    }
    assert not app.warning
    # The address is one to come back to.
    assert dict(app.query_params) == {"run": "two", "mode": "interpolate", "label": "3", "label_b": "8"}
    assert app.selectbox(key="explore_run").options == ["✓ two", "✓ one"]
    checkpoints = ["newest: 40 images seen", "40 images seen", "20 images seen"]
    assert app.selectbox(key="explore_checkpoint").options == checkpoints


def test_picks_change_what_is_shown_and_the_link(open_page: Open, trained: Train) -> None:
    trained("one")
    trained("two", latent_dim=6)
    app = open_page("explore", run="two", mode="sliders", dims="5:1.5", seed="4", label="2")
    before = shown(app)
    app.selectbox(key="explore_checkpoint").set_value(20).run()
    given = shown(app)
    assert (given["run"], given["images"]) == ("two", 20)
    assert given["revision"] == before["revision"] and given["view"] == before["view"]
    assert app.query_params["images"] == "20" and app.query_params["dims"] == "5:1.5"

    app.selectbox(key="explore_run").set_value("one").run()
    given = shown(app)
    assert (given["run"], given["images"], given["latentDim"]) == ("one", None, 8)
    assert given["revision"] > before["revision"]
    assert given["view"]["seed"] == 4 and given["view"]["dims"] == {"5": 1.5}
    assert app.query_params["run"] == "one" and "images" not in app.query_params
    app.selectbox(key="explore_checkpoint").set_value(20).run()
    app.selectbox(key="explore_checkpoint").set_value("newest").run()
    assert shown(app)["images"] is None and "images" not in app.query_params


def test_link_opens_its_place(open_page: Open, trained: Train) -> None:
    trained("one")
    trained("two")
    app = open_page("explore", run="one", images="20", mode="interpolate", label="1", label_b="7", t="0.346", seed="9")
    given = shown(app)
    assert (given["run"], given["images"]) == ("one", 20)
    view = given["view"]
    assert (view["mode"], view["label"], view["label_b"], view["t"], view["seed"]) == ("interpolate", 1, 7, 0.346, 9)
    assert app.selectbox(key="explore_run").value == "one" and app.selectbox(key="explore_checkpoint").value == 20


def test_unconditional_run_has_no_classes(open_page: Open, trained: Train) -> None:
    trained("plain", conditional="no")
    given = shown(open_page("explore", run="plain", label="3"))
    assert given["classes"] == [] and given["view"]["label"] is None and given["view"]["label_b"] is None


def test_bad_link_is_named_and_the_page_works(open_page: Open, trained: Train) -> None:
    trained("one")
    app = open_page("explore", run="nonsense", images="abc", t="7")
    (warning,) = app.warning
    for part in ("'nonsense'", "images = 'abc'", "t = '7'"):
        assert part in said(warning)
    assert shown(app)["run"] == "one"
    app.selectbox(key="explore_checkpoint").set_value(20).run()
    assert not app.warning and app.query_params["run"] == "one" and "t" not in app.query_params


def test_checkpoint_that_is_gone(open_page: Open, trained: Train) -> None:
    trained("one")
    trained("two")
    app = open_page("explore", run="one", images="30", t="0.5")
    assert "no checkpoint at images 30" in said(app.warning[0])
    given = shown(app)
    assert (given["run"], given["images"], given["view"]["t"]) == ("one", None, 0.5)


def test_run_without_a_checkpoint(
    open_page: Open, trained: Train, page_runs: Runs, tiny: Callable[..., Dataset],
    tiny_config: Callable[..., RunConfig],
) -> None:
    trained("one")
    page_runs.store.create(tiny_config(), facts(tiny()), "bare")
    assert shown(open_page("explore"))["run"] == "one"
    app = open_page("explore", run="bare")
    assert "bare: has no checkpoint yet" in said(app.error[0]) and given_of(app) is None
    app.selectbox(key="explore_run").set_value("one").run()
    assert shown(app)["run"] == "one"


def test_run_that_waits_says_so_and_then_appears(
    open_page: Open, page_runs: Runs, tiny_config: Callable[..., RunConfig], wait: Callable[..., None]
) -> None:
    for name in ("first", "waiting"):
        page_runs.start(tiny_config(dataset="digits", images=10**9), name)
    app = open_page("explore", run="waiting")
    assert "waiting is queued" in app.info[0].value and given_of(app) is None
    page_runs.run("first").stop()
    wait(lambda: page_runs.published("waiting"))
    given = shown(app.run())
    assert given["state"] == "training" and not app.info
    assert app.selectbox(key="explore_checkpoint").options[0] == "newest, live"

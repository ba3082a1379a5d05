"""The Train page: first visit, the form, one run and its buttons."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from gan_core.datasets import DATASETS
from gan_core.presets import PRESETS, make_config
from gan_core.runs import Runs
from pages.parts import fetching, form

Open = Callable[..., AppTest]


def _button(app: AppTest, label: str):
    return next(button for button in app.button if button.label == label)


def _said(element) -> str:
    """What a person reads of it: without the marks that keep it from being Markdown."""
    return element.value.replace("\\", "")


def _labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def test_first_visit_has_one_click(open_page: Open) -> None:
    app = open_page()
    assert _labels(app) == ["Train"]
    assert "Two networks play a game" in app.markdown[0].value
    assert "1,797 real samples of 28 × 28 pixels, grey, 10 classes" in " ".join(one.value for one in app.caption)


def test_train_begins_the_default_run_and_shows_it(open_page: Open, page_runs: Runs) -> None:
    app = open_page()
    _button(app, "Train").click().run()
    assert not app.exception
    (snapshot,) = page_runs.snapshots()
    assert snapshot.config == make_config("quick") and snapshot.name == "digits-quick-1"
    assert app.query_params["run"] == "digits-quick-1"
    assert {"New run", "Pause", "Stop"} <= set(_labels(app))


def test_settings_of_the_form_reach_the_run(open_page: Open, page_runs: Runs) -> None:
    app = open_page()
    app.selectbox(key="preset").set_value("wgan-gp").run()
    app.number_input(key="wgan-gp/lr_g").set_value(0.001)
    app.number_input(key="wgan-gp/critic_steps").set_value(3)
    app.multiselect(key="wgan-gp/augment").set_value(["translation"])
    app.selectbox(key="wgan-gp/unit").set_value("seconds").run()
    app.number_input(key="wgan-gp/seconds").set_value(5)
    app.text_input(key="name").set_value("mine")
    app.run()
    _button(app, "Train").click().run()
    expected = make_config("wgan-gp", lr_g=0.001, critic_steps=3, augment=("translation",), seconds=5)
    assert page_runs.snapshot("mine").config == expected


def test_what_the_click_itself_changed_counts(open_page: Open, page_runs: Runs) -> None:
    """A field that is left by clicking Train arrives together with the click."""
    app = open_page()
    app.run()
    app.text_input(key="name").set_value("mine")
    app.number_input(key="quick/lr_g").set_value(0.001)
    _button(app, "Train").click().run()
    (snapshot,) = page_runs.snapshots()
    assert snapshot.name == "mine" and snapshot.config == make_config("quick", lr_g=0.001)


def test_an_untouched_form_is_not_drawn_again_by_the_click(
    open_page: Open, page_runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page()
    app.run()
    monkeypatch.setattr(form, "main_settings", None)  # drawing it would fail
    _button(app, "Train").click().run()
    assert not app.exception and page_runs.store.names() == ["digits-quick-1"]


@pytest.mark.parametrize("preset", [name for name in PRESETS if DATASETS[make_config(name).dataset].needs == "nothing"])
def test_the_untouched_form_is_the_preset(open_page: Open, page_runs: Runs, preset: str) -> None:
    app = open_page()
    app.selectbox(key="preset").set_value(preset).run()
    _button(app, "Train").click().run()
    assert page_runs.snapshots()[0].config == make_config(preset)


def test_a_preset_brings_its_data_along_and_takes_points_away_again(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GAN_DATA_DIR", str(tmp_path))
    app = open_page()
    app.selectbox(key="preset").set_value("grid").run()
    assert app.selectbox(key="dataset").value == "grid" and not _button(app, "Train").disabled
    assert "100,000 real samples of 2 numbers, 25 classes" in " ".join(one.value for one in app.caption)
    assert "one draws points" in app.markdown[0].value
    app.selectbox(key="preset").set_value("quick").run()
    assert app.selectbox(key="dataset").value == "digits" and not app.error
    app.selectbox(key="preset").set_value("stacked-mnist").run()
    assert "Download 9.9 MB" in _labels(app)


def test_points_for_networks_of_pictures_are_refused_in_words(open_page: Open) -> None:
    app = open_page()
    app.selectbox(key="dataset").set_value("ring").run()
    assert "network = 'shuffle'" in _said(app.error[0]) and "'points'" in _said(app.error[0])
    assert _button(app, "Train").disabled and not app.exception


def test_an_impossible_combination_is_said_and_cannot_be_started(open_page: Open, page_runs: Runs) -> None:
    app = open_page()
    app.number_input(key="quick/label_smoothing").set_value(0.2).run()
    assert "label_smoothing = 0.2" in _said(app.error[0])
    assert _button(app, "Train").disabled
    app.number_input(key="quick/label_smoothing").set_value(0.0).run()
    assert not app.error and not _button(app, "Train").disabled


def test_a_data_folder_of_nobody_is_an_error_in_words(open_page: Open) -> None:
    app = open_page()
    app.selectbox(key="dataset").set_value("mnist").run()
    app.text_input(key="data_dir").set_value("~nobody-of-this-name/data").run()
    assert not app.exception and "~nobody-of-this-name/data" in _said(app.error[0])
    assert _button(app, "Train").disabled


def test_a_bad_name_is_an_error_and_nothing_is_made(open_page: Open, page_runs: Runs) -> None:
    app = open_page()
    app.text_input(key="name").set_value("../outside").run()
    _button(app, "Train").click().run()
    assert "run name '../outside'" in _said(app.error[0])
    assert page_runs.snapshots() == [] and not page_runs.store.root.exists()


def test_missing_data_offers_a_download_with_its_size(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GAN_DATA_DIR", str(tmp_path / "nothing"))
    begun: list[tuple[str, str | None]] = []
    monkeypatch.setattr(fetching, "begin", lambda *asked: begun.append(asked))
    app = open_page()
    app.selectbox(key="dataset").set_value("mnist").run()
    assert str(tmp_path / "nothing") in app.info[0].value and "MB" in app.info[0].value
    assert _button(app, "Train").disabled
    next(button for button in app.button if button.label.startswith("Download")).click().run()
    assert begun == [("mnist", None)]
    app.text_input(key="data_dir").set_value(str(tmp_path / "elsewhere")).run()
    assert str(tmp_path / "elsewhere") in app.info[0].value


def _zip_of_pictures() -> bytes:
    out = io.BytesIO()
    random = np.random.default_rng(0)
    with zipfile.ZipFile(out, "w") as zf:
        for kind in ("cats", "dogs"):
            for number in range(3):
                picture = io.BytesIO()
                Image.fromarray(random.integers(0, 256, (40, 50, 3), dtype=np.uint8)).save(picture, "PNG")
                zf.writestr(f"{kind}/{number}.png", picture.getvalue())
        zf.writestr("cats/broken.png", b"no picture")
    return out.getvalue()


def test_a_folder_of_pictures(open_page: Open, page_runs: Runs, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(_zip_of_pictures())) as zf:
        zf.extractall(tmp_path / "pets")
    app = open_page()
    app.selectbox(key="dataset").set_value("folder").run()
    assert _button(app, "Train").disabled and "path of a folder" in app.info[0].value
    app.text_input(key="dataset_path").set_value(str(tmp_path / "none")).run()
    assert str(tmp_path / "none") in _said(app.error[0]) and _button(app, "Train").disabled
    app.text_input(key="dataset_path").set_value(str(tmp_path / "pets"))
    app.selectbox(key="quick/image_size").set_value(32).run()
    assert "6 real samples of 32 × 32 pixels, colour, 2 classes of 3 each" in " ".join(c.value for c in app.caption)
    assert "1 files could not be used" in [expander.label for expander in app.expander]
    _button(app, "Train").click().run()
    (snapshot,) = page_runs.snapshots()
    assert snapshot.dataset.shape == (3, 32, 32) and snapshot.dataset.classes == ("cats", "dogs")


def test_an_uploaded_zip(open_page: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GAN_DATA_DIR", str(tmp_path))
    app = open_page()
    app.selectbox(key="dataset").set_value("folder").run()
    app.file_uploader[0].set_value(("pets.zip", _zip_of_pictures(), "application/zip")).run()
    assert (tmp_path / "uploads" / "pets" / "cats" / "0.png").is_file()
    assert "6 real samples of 28 × 28 pixels" in " ".join(c.value for c in app.caption)
    app.run()
    assert [path.name for path in (tmp_path / "uploads").iterdir()] == ["pets"]  # a rerun does not unpack it again


def test_buttons_follow_the_state(open_page: Open, page_runs: Runs, trained, wait) -> None:
    trained("one")
    app = open_page(run="one")
    assert "Resume" not in _labels(app) and {"New run", "Train"} <= set(_labels(app))
    app.number_input(key="total/one").set_value(4_000_000).run()
    app.button(key="longer").click().run()
    wait(lambda: page_runs.snapshot("one").state == "training")
    app.run()
    _button(app, "Pause").click().run()
    wait(lambda: page_runs.snapshot("one").state == "paused")
    app.run()
    assert "Pause" not in _labels(app)
    _button(app, "Resume").click().run()
    wait(lambda: page_runs.snapshot("one").state == "training")
    app.run()
    _button(app, "Save").click().run()
    wait(lambda: "saved" in [event["event"] for event in page_runs.folder("one").events()])
    _button(app, "Stop").click().run()
    wait(lambda: page_runs.snapshot("one").state == "stopped")
    app.run()
    assert {"Resume", "Train"} <= set(_labels(app))


def test_rates_change_while_it_runs(open_page: Open, page_runs: Runs, tiny_config, wait) -> None:
    page_runs.start(tiny_config(dataset="digits", images=None), "one")
    wait(lambda: page_runs.snapshot("one").step > 2)
    app = open_page(run="one")

    def changes() -> list[dict[str, float]]:
        found = [event for event in page_runs.folder("one").events() if event["event"] == "rates"]
        return [{key: value for key, value in event.items() if key.startswith("lr_")} for event in found]

    for number, (side, rate) in enumerate((("D", 0.002), ("G", 0.0005)), 1):  # only what was written changes
        next(field for field in app.number_input if field.label == f"Learning rate {side}").set_value(rate)
        _button(app, "Apply").click().run()
        wait(lambda wanted=number: len(changes()) == wanted)
    assert changes() == [{"lr_d": 0.002}, {"lr_g": 0.0005}]


def test_going_on_with_another_rate(open_page: Open, page_runs: Runs, trained, wait) -> None:
    trained("one")
    app = open_page(run="one")
    images = page_runs.snapshot("one").images
    next(field for field in app.number_input if field.label == "Images in all").set_value(images + 64)
    next(field for field in app.number_input if field.label == "Learning rate G").set_value(0.0005)
    next(button for button in app.button if button.key == "longer").click().run()
    wait(lambda: page_runs.snapshot("one").state == "finished" and page_runs.snapshot("one").images >= images + 64)
    assert [event.get("lr_g") for event in page_runs.folder("one").events() if event["event"] == "rates"] == [0.0005]


def test_a_run_of_a_preset_that_is_not_known(open_page: Open, page_runs: Runs, trained) -> None:
    """Whatever an imported run's settings say is shown as text, and fetches nothing."""
    trained("one")
    folder = page_runs.folder("one")
    odd = {"preset": "![x](http://127.0.0.1:9/x.png)", "data_dir": "![y](http://127.0.0.1:9/y.png)"}
    folder.write_info(config=folder.config.model_copy(update=odd))
    app = open_page(run="one")
    assert not app.exception
    (said,) = [text.value for text in app.markdown if "Preset" in text.value]
    assert r"\!\[x\]\(" in said and r"\!\[y\]\(" in said


def test_a_run_that_is_not_there(open_page: Open, trained) -> None:
    trained("one")
    app = open_page(run="two")
    assert "no run named 'two'" in _said(app.error[0])
    _button(app, "New run").click().run()
    assert app.query_params == {"new": "1"} and "Train" in _labels(app)


def test_the_queue_is_settable(open_page: Open, page_runs: Runs, trained) -> None:
    trained("one")
    app = open_page()
    next(field for field in app.number_input if field.label == "Runs that train at once").set_value(2).run()
    assert page_runs.slots.limit == 2


def test_a_failed_run_says_why(open_page: Open, page_runs: Runs, trained) -> None:
    trained("one")
    page_runs.folder("one").append_event("failed", 40, reason="the disk is full: free some space")
    app = open_page(run="one")
    assert _said(app.error[0]) == "the disk is full: free some space" and "Resume" in _labels(app)

"""What can be done with a run as a whole, on the Compare screen."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from gan_core.runs import Runs
from gan_core.store import RunFolder, export_run
from tests.pages.comparing import Make, Open, chosen, pictures, told


def test_a_run_is_renamed_and_its_checkpoints_stay_chosen(make: Make, page_runs: Runs, opened: Open) -> None:
    make("first", 8, 16)
    page = opened()
    page.text_input(key="compare_name/first").set_value("better")
    page.text_area(key="compare_note/first").set_value("wider than before")
    submit(page)
    assert page_runs.store.names() == ["better"]
    assert page_runs.folder("better").info.note == "wider than before"
    assert chosen(page) == ["better:8", "better:16"]
    assert page.selectbox(key="compare_run").value == "better"
    assert page.text_area(key="compare_note/better").value == "wider than before"
    assert "renamed to better" in page.success[0].value
    assert sum("wider than before" in element.proto.body for element in page.get("html")) == 2  # on both cards
    assert not page.warning


@pytest.mark.parametrize(
    ("name", "complaint"), [("second", "there is a run named 'second' already"), ("../x", "run name")]
)
def test_a_name_that_cannot_be_is_an_error_and_nothing_changes(
    make: Make, page_runs: Runs, name: str, complaint: str, opened: Open
) -> None:
    make("second", 8)
    make("first", 8)
    page = opened()
    page.selectbox(key="compare_run").set_value("first").run()
    page.text_input(key="compare_name/first").set_value(name)
    submit(page)
    assert complaint in page.error[0].value.replace("\\", "")
    assert sorted(page_runs.store.names()) == ["first", "second"]
    assert chosen(page) == ["second:8", "first:8"]


def submit(page: AppTest) -> None:
    next(button for button in page.button if button.label == "Save name and note").click().run()
    assert not page.exception


def test_deleting_asks_first(make: Make, page_runs: Runs, opened: Open) -> None:
    make("second", 8)
    make("first", 8)
    page = opened(c=["first:8", "second:8"])
    page.button(key="compare_delete").click().run()
    assert "first** with 1 checkpoint" in told(page)
    assert sorted(page_runs.store.names()) == ["first", "second"]
    page.button(key="compare_keep").click().run()
    assert sorted(page_runs.store.names()) == ["first", "second"]
    page.button(key="compare_delete").click().run()
    page.button(key="compare_delete_sure").click().run()
    assert page_runs.store.names() == ["second"]
    assert not page.exception
    assert chosen(page) == ["second:8"]
    assert "first was deleted" in page.success[0].value
    assert not page.warning


def test_the_last_run_can_be_deleted(make: Make, page_runs: Runs, opened: Open) -> None:
    make("first", 8)
    page = opened()
    page.button(key="compare_delete").click().run()
    page.button(key="compare_delete_sure").click().run()
    assert not page.exception
    assert page_runs.store.names() == []
    assert "No runs yet" in told(page)


def test_a_run_in_training_is_neither_renamed_nor_deleted(make: Make, opened: Open) -> None:
    folder = make("first", 8, 16)
    folder.append_event("started", 0)
    with folder.lock():
        page = opened()
        assert page.text_input(key="compare_name/first").disabled
        assert "stop it on the Train page" in page.text_input(key="compare_name/first").help
        assert page.button(key="compare_delete").disabled
        assert "stop it on the Train page" in page.button(key="compare_delete").help
        page.text_area(key="compare_note/first").set_value("notes can be taken meanwhile")
        submit(page)
    assert RunFolder(folder.path).info.note == "notes can be taken meanwhile"
    assert not opened().button(key="compare_delete").disabled


def test_a_damaged_run_is_listed_with_the_reason_and_can_be_deleted(make: Make, page_runs: Runs, opened: Open) -> None:
    make("good", 8, 16)
    (make("bad", 8).path / "run.json").write_text("{")
    page = opened()
    assert "bad/run.json: damaged or not ours" in told(page).replace("\\", "")
    page.button(key="compare_delete_damaged/bad").click().run()
    assert "cannot be read by this program" in told(page)
    assert sorted(page_runs.store.names()) == ["bad", "good"]
    page.button(key="compare_delete_sure").click().run()
    assert page_runs.store.names() == ["good"]
    assert not page.exception


def test_a_damaged_checkpoint_leaves_the_others_shown(make: Make, opened: Open) -> None:
    folder = make("first", 8, 16)
    file = folder.find(8).path
    file.write_bytes(file.read_bytes()[:-1])
    page = opened()
    assert "first/000000008.safetensors: not a checkpoint" in page.error[0].value.replace("\\", "")
    assert pictures(page) == 1


def test_a_zip_is_imported_or_refused_with_the_reason(make: Make, page_runs: Runs, opened: Open) -> None:
    packed = io.BytesIO()
    export_run(make("first", 8, 16), packed)
    page = opened()
    page.file_uploader[0].upload("first.zip", packed.getvalue(), "application/zip").run()
    assert not page.exception
    assert sorted(page_runs.store.names()) == ["first", "first-2"]
    assert "Imported as first-2, with 2 checkpoints" in page.success[0].value.replace("\\", "")
    assert page.selectbox(key="compare_run").value == "first-2"
    page.file_uploader[0].upload("wrong.zip", b"no zip", "application/zip").run()
    assert "wrong.zip was not imported" in page.error[0].value.replace("\\", "")
    assert sorted(page_runs.store.names()) == ["first", "first-2"]
    assert not page.success


def test_a_run_too_large_for_the_uploader_says_so(
    make: Make, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("first", 8, 16)
    assert "larger than" not in told(opened())
    monkeypatch.setattr("pages.parts.compare.manage.get_option", lambda name: {"server.maxUploadSize": 0}[name])
    assert "may be larger than the 0 MB" in told(opened()) and "`--server.maxUploadSize 1`" in told(opened())


def test_a_note_of_another_tab_is_neither_lost_nor_hidden(
    open_page: Open, page_runs: Runs, trained: Callable[..., str]
) -> None:
    trained("one")
    mine = open_page("compare")
    page_runs.folder("one").write_info(note="theirs")
    mine.run()
    (field,) = mine.text_area
    assert field.value == "theirs"
    field.set_value("mine")
    page_runs.folder("one").write_info(note="theirs again")
    _save = next(button for button in mine.button if button.label == "Save name and note")
    _save.click().run()
    assert page_runs.folder("one").info.note == "theirs again" and "changed elsewhere" in mine.error[0].value
    next(button for button in mine.button if button.label == "Save name and note").click().run()
    assert page_runs.folder("one").info.note == "mine"

"""A run goes into a zip and comes out the same, from another program's hands too, and while it trains."""

from __future__ import annotations

import errno
import io
import os
import shutil
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_core.errors import StoreError
from gan_core.runs import Runs
from gan_core.store import RunFolder, Store, export_run, import_run
from gan_core.trainer import Trainer
from tests.store.zips import FIRST, SAMPLE, SECOND, exported, members, zipped

# round trips


def test_a_run_comes_back_byte_for_byte(
    made: RunFolder, elsewhere: Store, contents: Callable[[Path], dict[str, str]]
) -> None:
    folder = import_run(elsewhere, exported(made))
    assert folder.name == "run"
    assert contents(folder.path) == contents(made.path)
    assert len(contents(folder.path)) == 7
    assert (folder.info, folder.state(), len(folder.history())) == (made.info, ("finished", None), 4)
    assert elsewhere.names() == ["run"]


def test_an_imported_generator_draws_the_same_and_the_run_goes_on(
    made: RunFolder, elsewhere: Store, tiny: Callable[..., Any]
) -> None:
    import_run(elsewhere, exported(made), "again")
    (there, _), (here, _) = Runs(Store(made.path.parent)).generator("run"), Runs(elsewhere).generator("again")
    z, labels = torch.ones(2, 8), torch.tensor([3, 8])
    assert torch.equal(here(z, labels), there(z, labels))
    trainer = Trainer(made.config, tiny())
    trainer.load_state(*elsewhere.open("again").load_checkpoint())
    assert (trainer.step_count, trainer.images) == (4, 16)


def test_the_zip_holds_the_run_and_nothing_else(made: RunFolder) -> None:
    for stray in (".lock", ".writing-x", "notes.txt", "model.pkl", "samples/notes.txt"):
        (made.path / stray).write_bytes(b"x")
    with zipfile.ZipFile(exported(made)) as zf:
        how = {info.filename: info.compress_type for info in zf.infolist()}
    stored = dict.fromkeys((FIRST, SECOND, SAMPLE, "run/samples/000000008.png"), zipfile.ZIP_STORED)
    lines = dict.fromkeys(("run/run.json", "run/history.jsonl", "run/events.jsonl"), zipfile.ZIP_DEFLATED)
    assert how == stored | lines


def test_the_zip_can_be_written_where_there_is_no_seeking(made: RunFolder, elsewhere: Store) -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.out = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.out += data
            return len(data)

    pipe = Pipe()
    export_run(made, pipe)  # type: ignore[arg-type]
    assert len(import_run(elsewhere, io.BytesIO(bytes(pipe.out))).checkpoints()) == 2


def test_a_taken_name_gets_a_number_and_a_given_one_is_used(made: RunFolder, store: Store) -> None:
    file = exported(made)
    assert [import_run(store, file).name, import_run(store, file).name] == ["run-2", "run-3"]
    assert [import_run(store, file, "mine").name, import_run(store, file, "mine").name] == ["mine", "mine-2"]


def test_a_run_without_checkpoints_or_curves_travels_too(
    folder: RunFolder, elsewhere: Store, contents: Callable[[Path], dict[str, str]]
) -> None:
    assert contents(import_run(elsewhere, exported(folder)).path) == contents(folder.path)


def test_what_was_measured_travels_too(made: RunFolder, elsewhere: Store) -> None:
    made.append_evaluation({"extractor": "classifier", "scores": {"fid": 3.5}})
    assert import_run(elsewhere, exported(made)).evaluations() == made.evaluations() != []


def test_a_torn_last_line_travels_as_it_is(made: RunFolder, elsewhere: Store) -> None:
    with open(made.path / "history.jsonl", "ab") as file:
        file.write(b'{"step":5,"ima')
    folder = import_run(elsewhere, exported(made))
    assert (folder.path / "history.jsonl").read_bytes().endswith(b'{"step":5,"ima')
    assert len(folder.history()) == 4


def test_a_path_will_do(made: RunFolder, elsewhere: Store, tmp_path: Path) -> None:
    path = tmp_path / "run.zip"
    path.write_bytes(exported(made).getvalue())
    assert import_run(elsewhere, path).name == "run"


@pytest.mark.parametrize("state", ["started", "paused"])
def test_a_run_that_trained_when_it_left_does_not_train_where_it_arrives(
    made: RunFolder, elsewhere: Store, state: str
) -> None:
    made.append_event(state, 16)
    with made.lock():
        assert made.state()[0] in ("training", "paused")
        file = exported(made)
    assert import_run(elsewhere, file).state()[0] == "interrupted"
    snapshot = Runs(elsewhere).snapshot("run")
    assert (snapshot.state, snapshot.here) == ("interrupted", False)


# zips made by hand


@pytest.mark.parametrize(
    ("prefix", "name"),
    [
        ("", "tiny-quick-1"), ("mine/", "mine"), ("deep/er/", "er"), ("what?*/", "tiny-quick-1"),
        ("con/", "tiny-quick-1"),
    ],
)
def test_the_name_is_the_folders_where_that_can_be_one(
    made: RunFolder, elsewhere: Store, prefix: str, name: str
) -> None:
    files = {prefix + path.removeprefix("run/"): data for path, data in members(exported(made)).items()}
    assert import_run(elsewhere, zipped(files)).name == name


def test_what_systems_leave_in_folders_is_passed_over(
    made: RunFolder, elsewhere: Store, contents: Callable[[Path], dict[str, str]]
) -> None:
    strays = (
        "__MACOSX/run/._run.json", "run/.DS_Store", "run/samples/Thumbs.db", "run/desktop.ini", "run/.lock",
        "run/.writing-ab12", "run/samples/.writing-cd34", "run/000000099.safetensors.damaged",
    )
    files = members(exported(made)) | dict.fromkeys(strays, b"x")
    folder = import_run(elsewhere, zipped(files))
    assert contents(folder.path) == contents(made.path)
    assert not (folder.path / ".lock").exists()


# while it trains


def test_a_checkpoint_removed_meanwhile_is_left_out(
    made: RunFolder, elsewhere: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = made.checkpoints()
    stale[0].path.unlink()
    monkeypatch.setattr(RunFolder, "checkpoints", lambda self: stale)
    names = set(members(exported(made)))
    assert SECOND in names
    assert FIRST not in names


def test_where_the_newest_was_replaced_the_newer_one_is_taken(
    made: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    listings = [made.checkpoints()[:1], made.checkpoints()[1:]]
    listings[0][0].path.unlink()
    monkeypatch.setattr(RunFolder, "checkpoints", lambda self: listings.pop(0))
    names = set(members(exported(made)))
    assert SECOND in names
    assert FIRST not in names


def test_a_run_in_training_can_be_exported_at_any_moment(
    runs: Runs, elsewhere: Store, tiny_config: Callable[..., Any], wait: Callable[..., None]
) -> None:
    name = runs.start(tiny_config(save_every_images=8, keep_checkpoints=1, record_every_steps=1))
    folder = runs.folder(name)
    wait(lambda: folder.checkpoints())
    for number in range(4):
        before = folder.checkpoints()[-1].images
        wait(lambda before=before: folder.checkpoints()[-1].images > before)
        arrived = import_run(elsewhere, exported(folder), f"at-{number}")
        newest = arrived.checkpoints()[-1].images
        last = arrived.history().last()
        assert last is not None
        assert newest > before
        assert last["images"] >= newest  # curves may reach further, as after a crash; a gap could never be filled
    runs.run(name).stop()


def test_a_full_disk_is_an_error_in_words(made: RunFolder) -> None:
    class Full(io.BytesIO):
        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(StoreError, match="run: could not be exported: No space left on device"):
        export_run(made, Full())


def test_a_run_that_is_gone_is_an_error_in_words(made: RunFolder) -> None:
    shutil.rmtree(made.path)
    with pytest.raises(StoreError, match=r"run: could not be exported: No such file or directory \(run.json\)"):
        exported(made)


def test_some_who_import_at_once_get_a_run_each(made: RunFolder, elsewhere: Store) -> None:
    data = exported(made).getvalue()
    with ThreadPoolExecutor(4) as threads:
        folders = list(threads.map(lambda _: import_run(elsewhere, io.BytesIO(data)), range(4)))
    assert sorted(folder.name for folder in folders) == ["run", "run-2", "run-3", "run-4"]
    assert all(len(folder.checkpoints()) == 2 for folder in folders)


def test_a_name_taken_at_the_last_moment_is_not_overwritten(
    made: RunFolder, elsewhere: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, admit = exported(made), Store.admit

    def late(self: Store, folder: Path, name: str) -> RunFolder:
        if not self.names():
            shutil.copytree(made.path, self.root / name)  # someone else was faster
        return admit(self, folder, name)

    monkeypatch.setattr(Store, "admit", late)
    assert import_run(elsewhere, file).name == "run-2"


def test_a_store_that_cannot_be_written_is_an_error_in_words(made: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot keep runs there"):
        import_run(Store(tmp_path / "file"), exported(made))

"""Names, and runs that appear, move and go away whole."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gan_core import runs as runs_module
from gan_core.config import RunConfig
from gan_core.datasets import Dataset
from gan_core.errors import StoreError
from gan_core.store import RunFolder, Store
from gan_core.store import files as files_module
from gan_core.store import store as store_module
from gan_core.store.store import check_name

GOOD = ["a", "digits-quick-1", "my run (2)", "Ziffern_ü.1+2", "数字", "a" * 80, "console", "x.con", "0"]
BAD = [
    "", " ", "../x", "..", ".", "a/b", "a\\b", "/etc/passwd", "/", "C:\\x", "C:x", "nul", "CON", "com1", "LPT9.txt",
    "aux.", "a\0b", "\0", "a\nb", "a\n", "a" * 81, "a.", "a ", "-a", ".hidden", "~", "a*b", "a?b", "a:b", 'a"b', "a|b",
    "<a>", "%2e%2e", "a/../b", "𐐀" * 80, "\u202ea",
]


@pytest.fixture
def make(store: Store, tiny: Callable[..., Dataset], tiny_config: Callable[..., RunConfig]) -> Callable[..., RunFolder]:
    return lambda name=None, **settings: store.create(tiny_config(**settings), runs_module.facts(tiny()), name)


@pytest.mark.parametrize("name", GOOD)
def test_names_that_work(make: Callable[..., RunFolder], store: Store, name: str):
    assert make(name).name == name
    assert store.names() == [name] and store.open(name).path.parent == store.root


@pytest.mark.parametrize("name", BAD)
def test_names_that_do_not(
    make: Callable[..., RunFolder], store: Store, name: str, tmp_path: Path, contents: Callable[[Path], dict[str, str]]
):
    make("good")
    before = contents(tmp_path)
    for act in (
        lambda: make(name), lambda: store.open(name), lambda: store.delete(name), lambda: store.rename(name, "b"),
        lambda: store.rename("good", name), lambda: store.free_name(name), lambda: store.path(name),
    ):
        with pytest.raises(StoreError, match="run name"):
            act()
    assert contents(tmp_path) == before and os.listdir(store.root) == ["good"]


def test_a_name_that_is_no_text():
    with pytest.raises(StoreError, match="run name"):
        check_name(None)  # type: ignore[arg-type]


def test_names_are_found_for_runs(make: Callable[..., RunFolder], store: Store):
    assert [make().name for _ in range(3)] == ["tiny-quick-1", "tiny-quick-2", "tiny-quick-3"]
    store.delete("tiny-quick-2")
    assert make().name == "tiny-quick-2"
    assert store.free_name("other") == "other"
    assert store.free_name("tiny-quick-1") == "tiny-quick-1-2"
    make("long" * 20)
    assert store.free_name("long" * 20) == ("long" * 20)[:74] + "-2"


def test_taken_names(make: Callable[..., RunFolder], store: Store, contents: Any):
    make("a")
    make("b")
    before = contents(store.root)
    with pytest.raises(StoreError, match="there is a run named 'a' already"):
        make("a")
    with pytest.raises(StoreError, match="there is a run named 'b' already"):
        store.rename("a", "b")
    assert contents(store.root) == before


def test_newest_first_and_only_runs(make: Callable[..., RunFolder], store: Store):
    for number, name in enumerate(("first", "second", "third")):
        os.utime(make(name).path / "run.json", (number, number))
    (store.root / "README.md").write_text("x")
    (store.root / "empty").mkdir()
    (store.root / ".hidden").mkdir()
    (store.root / ".hidden" / "run.json").write_text("{}")
    assert store.names() == ["third", "second", "first"]


def test_an_absent_folder_of_runs_is_empty(tmp_path: Path):
    assert Store(tmp_path / "absent").names() == []
    (tmp_path / "file").write_text("x")
    assert Store(tmp_path / "file").names() == []
    with pytest.raises(StoreError, match="no run named 'a'"):
        Store(tmp_path / "absent").open("a")
    assert not (tmp_path / "absent").exists()


def test_what_there_is_is_named(make: Callable[..., RunFolder], store: Store):
    make("here")
    with pytest.raises(StoreError, match=r"no run named 'gone'.*there are: here"):
        store.open("gone")


def test_a_new_run_is_whole(make: Callable[..., RunFolder], store: Store):
    folder = make("a")
    assert sorted(os.listdir(folder.path)) == ["events.jsonl", "run.json", "samples"]
    assert [event["event"] for event in folder.events()] == ["created"]
    assert folder.state() == ("stopped", None)
    assert os.listdir(store.root) == ["a"]
    if os.name == "posix":
        assert folder.path.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_no_half_run(
    make: Callable[..., RunFolder], store: Store, call: str, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files_module.os, call, full)
    with pytest.raises(StoreError, match="disk is full"):
        make("a")
    assert os.listdir(store.root) == []


def test_a_folder_that_cannot_be_written(tmp_path: Path, tiny: Any, tiny_config: Any):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot keep runs there"):
        Store(tmp_path / "file").create(tiny_config(), runs_module.facts(tiny()))


def test_a_race_for_a_name_is_lost_with_an_error(
    make: Callable[..., RunFolder], store: Store, monkeypatch: pytest.MonkeyPatch
):
    """Another process took the name between the look and the rename."""
    make("a")
    monkeypatch.setattr(Path, "exists", lambda self: False)
    with pytest.raises(StoreError, match="a: "):
        make("a")
    monkeypatch.undo()
    assert os.listdir(store.root) == ["a"]


def test_a_race_for_a_found_name_is_run_again(
    store: Store, tiny: Any, tiny_config: Any, monkeypatch: pytest.MonkeyPatch
):
    """Nobody chose the name, so the next one will do."""
    facts, real = runs_module.facts(tiny()), Store.next_name
    taken = store.create(tiny_config(), facts).name
    names = iter((taken,))
    monkeypatch.setattr(Store, "next_name", lambda self, config: next(names, None) or real(self, config))
    assert store.create(tiny_config(), facts).name == "tiny-quick-2"


def test_renaming_keeps_everything(make: Callable[..., RunFolder], store: Store, contents: Any):
    before = contents(make("a").path)
    folder = store.rename("a", "b")
    assert (folder.name, contents(folder.path)) == ("b", before)
    assert store.names() == ["b"]
    with pytest.raises(StoreError, match="no run named 'a'"):
        store.rename("a", "c")


def test_deleting(make: Callable[..., RunFolder], store: Store):
    make("a")
    make("b")
    (store.path("b") / "run.json").write_text("damaged")
    store.delete("b")
    store.delete("a")
    assert os.listdir(store.root) == []
    with pytest.raises(StoreError, match="no run named 'a'"):
        store.delete("a")


def test_a_deleted_run_is_gone_in_one_step(
    make: Callable[..., RunFolder], store: Store, monkeypatch: pytest.MonkeyPatch
):
    """Killed while it removes the files: what is left is out of sight, and cleared away a day later."""
    make("a")

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(store_module.shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        store.delete("a")
    monkeypatch.undo()
    assert store.names() == []
    (left,) = os.listdir(store.root)
    make("b")
    assert sorted(os.listdir(store.root)) == sorted([left, "b"])
    os.utime(store.root / left, (0, 0))
    make("c")
    assert sorted(os.listdir(store.root)) == ["b", "c"]


@pytest.mark.parametrize("act", ["rename", "delete"])
def test_a_run_in_training_stays_where_it_is(make: Callable[..., RunFolder], store: Store, act: str, contents: Any):
    folder = make("a")
    before = contents(store.root)
    with folder.lock(), pytest.raises(StoreError, match="a: is being trained; stop it before"):
        store.delete("a") if act == "delete" else store.rename("a", "b")
    assert contents(store.root) == before


def test_a_link_is_no_run(make: Callable[..., RunFolder], store: Store, tmp_path: Path, contents: Any):
    """It is listed, so that a person sees why it does not work, and deleting it leaves what it points at."""
    make("a")
    elsewhere = tmp_path / "elsewhere"
    os.rename(store.path("a"), elsewhere)
    store.path("linked").symlink_to(elsewhere)
    before = contents(tmp_path)
    for act in (lambda: store.open("linked"), lambda: store.rename("linked", "b")):
        with pytest.raises(StoreError, match="linked: is a link"):
            act()
    assert contents(tmp_path) == before and store.names() == ["linked"]
    store.delete("linked")
    assert store.names() == [] and contents(elsewhere)

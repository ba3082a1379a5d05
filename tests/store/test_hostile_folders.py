"""Curves, events and folders that others made, or that something broke: read as far as they go."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from gan_core.config import RunConfig
from gan_core.errors import StoreError
from gan_core.runs import Runs
from gan_core.snapshot import ENDED
from gan_core.store import COLUMNS, Store
from tests.store.hostile import Contents, everything, lives_on

# curves and events


NOISE = [
    b"", b"\n\n\n", b"nonsense\n", b"[]\n", b"null\n", b"\xff\xfe\n", b"[" * 50_000 + b"\n", b"{\n", b"\0\0\0\n",
    b'{"step":1}\n', b'{"a":' * 50_000 + b"\n", b"\x80\x04K\x01.\n",
]


@pytest.mark.parametrize("noise", NOISE, ids=range(len(NOISE)))
@pytest.mark.parametrize("name", ["history.jsonl", "events.jsonl"])
def test_noise_among_good_lines(hostile_runs: Runs, root: Path, contents: Contents, name: str, noise: bytes):
    path = root / "victim" / name
    first, *rest = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + noise + b"".join(rest) + noise.rstrip(b"\n")[:100])
    before = contents(root)
    assert len(everything(hostile_runs)) == 1
    assert len(hostile_runs.history("victim")) == 4
    assert [event["event"] for event in hostile_runs.folder("victim").events()] == ["created", "started", "stopped"]
    assert hostile_runs.snapshot("victim").state == "stopped"
    assert hostile_runs.history("victim").damaged == (name == "history.jsonl" and bool(noise.strip()))
    lives_on(hostile_runs)
    assert contents(root) == before


@pytest.mark.parametrize("name", ["history.jsonl", "events.jsonl"])
def test_lines_bit_by_bit(hostile_runs: Runs, root: Path, name: str):
    path, source = root / "victim" / name, random.Random(3)
    data = path.read_bytes()
    for number in range(60):
        broken = bytearray(data)
        if number % 2:
            broken[source.randrange(len(data))] ^= 1 << source.randrange(8)
        else:
            broken = broken[: source.randrange(len(data))] + source.randbytes(20) * (number % 4 // 2)
        path.write_bytes(bytes(broken))
        runs = Runs(Store(root))
        assert runs.snapshot("victim").state in ENDED
        assert len(runs.history("victim")) <= 5
        assert len({len(runs.history("victim").column(column)) for column in COLUMNS}) == 1
        runs.folder("victim").events()
    lives_on(hostile_runs)


@pytest.mark.parametrize(
    "event",
    [{"event": []}, {"event": {}}, {"event": None}, {"event": 3}, {"event": True}, {}, {"event": ["stopped"]},
     {"time": "x"}],
    ids=str,
)
def test_events_of_no_kind(hostile_runs: Runs, root: Path, event: dict[str, Any], wait: Any):
    with open(root / "victim" / "events.jsonl", "a") as file:
        file.write(json.dumps(event) + "\n")
    assert hostile_runs.snapshot("victim").state == "stopped"
    assert [one["event"] for one in hostile_runs.folder("victim").events()] == ["created", "started", "stopped"]
    lives_on(hostile_runs)
    hostile_runs.resume("victim", images=24)
    wait(lambda: not hostile_runs.snapshot("victim").here)
    assert hostile_runs.snapshot("victim").state == "finished"


@pytest.mark.parametrize("reason", [3, None, [], {"a": 1}, True, "x"])
def test_events_with_any_reason(hostile_runs: Runs, root: Path, reason: Any):
    with open(root / "victim" / "events.jsonl", "a") as file:
        file.write(json.dumps({"event": "failed", "reason": reason, "images": "many", "time": 3}) + "\n")
    snapshot = hostile_runs.snapshot("victim")
    assert snapshot.state == "failed" and snapshot.reason == (reason if reason == "x" else None)


@pytest.mark.parametrize("value", [10**400, -(10**400), 10**30, True, None, "9", [], {}, float("nan"), float("inf")],
                         ids=range(10))
@pytest.mark.parametrize("column", ["step", "images", "seconds", "loss_d", "lr_g"])
def test_curves_with_any_number(hostile_runs: Runs, root: Path, column: str, value: Any, wait: Any):
    path = root / "victim" / "history.jsonl"
    line = json.loads(path.read_bytes().splitlines()[-1]) | {column: value}
    with open(path, "a") as file:
        file.write(json.dumps(line) + "\n")
    runs = hostile_runs
    assert runs.snapshot("victim").state == "stopped"
    runs.history("victim").thinned(2)
    assert len(everything(runs)) == 1
    lives_on(runs)


def test_any_curves_are_gone_on_from(hostile_runs: Runs, root: Path, wait: Any):
    """What is no record is dropped; what lies beyond the checkpoint is made again."""
    path = root / "victim" / "history.jsonl"
    good = path.read_bytes()
    line = json.loads(good.splitlines()[-1])
    for bad in ({"step": 10**400}, {"step": True}, {"step": "4"}, {"step": 4.5}, {"step": 10**9}, {"loss_d": None}):
        with open(path, "a") as file:
            file.write(json.dumps(line | bad) + "\n")
    hostile_runs.resume("victim", images=20)
    wait(lambda: not hostile_runs.snapshot("victim").here)
    assert hostile_runs.snapshot("victim").state == "finished"
    assert hostile_runs.history("victim").column("step").tolist() == [1, 2, 3, 4, 5]
    assert path.read_bytes().startswith(good)


# folders


@pytest.mark.parametrize("name", ["run.json", "history.jsonl", "events.jsonl", "samples", ".lock"])
def test_a_folder_where_a_file_should_be_and_the_reverse(hostile_runs: Runs, root: Path, contents: Contents, name: str):
    path = root / "victim" / name
    if path.is_dir():
        shutil.rmtree(path)
        path.write_bytes(b"x")
    else:
        path.unlink(missing_ok=True)
        (path / "inside").mkdir(parents=True)
    before = contents(root)
    for error in everything(hostile_runs):
        assert error.startswith("victim")
    lives_on(hostile_runs)
    assert contents(root) == before


def test_a_folder_named_as_a_checkpoint(hostile_runs: Runs, root: Path, wait: Any):
    """The run goes on from the one before it, and says what is in its way when it comes there."""
    path = root / "victim" / "000000016.safetensors"
    path.unlink()
    (path / "inside").mkdir(parents=True)
    assert hostile_runs.generator("victim")[1] == 8
    hostile_runs.resume("victim", images=16)
    wait(lambda: not hostile_runs.snapshot("victim").here)
    snapshot = hostile_runs.snapshot("victim")
    assert snapshot.state == "failed" and "the disk refused: Is a directory" in str(snapshot.reason)
    assert hostile_runs.generator("victim")[1] == 8 and (path / "inside").is_dir()


def test_a_linked_folder(hostile_runs: Runs, root: Path, tmp_path: Path, contents: Contents):
    outside = tmp_path / "outside"
    shutil.move(root / "victim", outside)
    (root / "victim").symlink_to(outside, target_is_directory=True)
    before = contents(tmp_path)
    errors = everything(hostile_runs)
    assert len(errors) == 8 and all(error.startswith("victim: is a link") for error in errors)
    assert hostile_runs.damaged().keys() == {"victim"}
    lives_on(hostile_runs)
    assert contents(tmp_path) == before


def test_links_that_lead_nowhere_or_in_circles(hostile_runs: Runs, root: Path):
    (root / "nowhere").symlink_to(root / "absent")
    (root / "circle").symlink_to(root / "circle")
    assert hostile_runs.damaged() == {}
    lives_on(hostile_runs)


@pytest.mark.parametrize("name", ["history.jsonl", "events.jsonl", "samples", ".lock"])
def test_a_link_within_a_folder_is_not_trained_through(
    hostile_runs: Runs, root: Path, tmp_path: Path, contents: Contents, name: str
):
    runs, path, outside = hostile_runs, root / "victim" / name, tmp_path / "outside"
    if path.exists():
        shutil.move(path, outside)
    else:
        outside.write_bytes(b"precious")
    path.symlink_to(outside)
    before = contents(tmp_path)
    with pytest.raises(StoreError, match=f"victim: {name} is a link"):
        runs.resume("victim", images=40)
    lives_on(runs)
    assert contents(tmp_path) == before


def test_names_in_the_folder_that_no_run_may_have(hostile_runs: Runs, root: Path):
    """Copied in by hand: said to be wrong, where a person can see it, or passed over."""
    for name in ("con", "ends with space ", "ends.", "-x", "a" * 120, "new\nline"):
        shutil.copytree(root / "good", root / name)
    assert hostile_runs.damaged().keys() == {"con", "ends with space ", "ends.", "-x", "a" * 120}
    lives_on(hostile_runs)
    for name in hostile_runs.damaged():
        hostile_runs.delete(name)
    assert not hostile_runs.damaged() and (root / "new\nline").is_dir()


@pytest.mark.parametrize("name", ["../good", "../../etc", "/etc", "good/../victim", "good\0", "C:\\x", "", ".", ".."])
def test_names_that_lead_elsewhere(hostile_runs: Runs, root: Path, contents: Contents, name: str, tiny_config: Any):
    before = contents(root.parent)
    runs = hostile_runs
    errors = everything(runs, name)
    assert len(errors) == 8 and all(error.startswith("run name ") for error in errors)
    config: RunConfig = tiny_config()
    for act in (
        lambda: runs.start(config, name), lambda: runs.rename("good", name), lambda: runs.rename(name, "x"),
        lambda: runs.delete(name),
    ):
        with pytest.raises(StoreError, match="run name"):
            act()
    assert contents(root.parent) == before

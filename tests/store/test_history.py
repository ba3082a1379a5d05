"""Curves: read as far as they grew, thinned without ever changing a point that was given."""

from __future__ import annotations

import json
import math
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gan_core.errors import StoreError
from gan_core.store import COLUMNS, History, newest
from gan_core.store import history as history_module
from gan_core.store.files import append_line, write_atomic

HUGE = pytest.param(10**400, id="huge")


def record(step: int) -> dict[str, Any]:
    values: dict[str, Any] = {name: float(step) for name in COLUMNS}
    return values | {"step": step, "images": 4 * step, "seconds": step / 10, "loss_d": math.sin(step)}


def filled(count: int) -> History:
    history = History()
    for step in range(1, count + 1):
        history.append(record(step))
    return history


def test_columns_and_last():
    history = filled(5)
    assert len(history) == 5
    assert history.column("images").tolist() == [4, 8, 12, 16, 20]
    last = history.last()
    assert last is not None and last["step"] == 5 and last["loss_d"] == math.sin(5)
    assert History().last() is None


def test_growing_with_the_file(tmp_path: Path):
    path, history = tmp_path / "history.jsonl", History()
    history.refresh(path)
    assert len(history) == 0
    for step in range(1, 6):
        append_line(path, record(step))
        history.refresh(path)
        history.refresh(path)
        assert history.column("step").tolist() == list(range(1, step + 1))
    assert history.damaged == 0


def test_only_what_is_new_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path, history, read = tmp_path / "history.jsonl", History(), []
    real = history_module.read_lines
    monkeypatch.setattr(history_module, "read_lines", lambda data: (read.append(len(data)), real(data))[1])
    for step in range(1, 101):
        append_line(path, record(step))
    history.refresh(path)
    for _ in range(3):
        history.refresh(path)
    assert read == [path.stat().st_size]
    before = path.stat().st_size
    append_line(path, record(101))
    history.refresh(path)
    assert read == [before, path.stat().st_size - before]


def test_a_torn_end_is_read_once_it_is_whole(tmp_path: Path):
    path, history = tmp_path / "history.jsonl", History()
    line = json.dumps(record(1)).encode() + b"\n"
    for end in range(len(line) + 1):
        path.write_bytes(line[:end])
        history = History()
        history.refresh(path)
        assert len(history) == (end == len(line))
    with open(path, "ab") as file:
        file.write(line[:20])
    history.refresh(path)
    with open(path, "ab") as file:
        file.write(line[20:])
    history.refresh(path)
    assert len(history) == 2 and history.damaged == 0


def test_a_replaced_file_begins_anew(tmp_path: Path):
    path, history = tmp_path / "history.jsonl", History()
    for step in range(1, 9):
        append_line(path, record(step))
    history.refresh(path)
    before = history.generation
    write_atomic(path, b"".join(json.dumps(record(step)).encode() + b"\n" for step in range(1, 4)))
    history.refresh(path)
    assert history.column("step").tolist() == [1, 2, 3]
    assert history.generation != before
    # One that is replaced by a longer one is noticed too.
    write_atomic(path, b"".join(json.dumps(record(2 * step)).encode() + b"\n" for step in range(1, 20)))
    history.refresh(path)
    assert history.column("step").tolist() == [2 * step for step in range(1, 20)]


def test_two_readers_at_once_read_every_line_once(tmp_path: Path):
    path, history = tmp_path / "history.jsonl", History()
    stop = threading.Event()

    def follow() -> None:
        while not stop.is_set():
            history.refresh(path)

    readers = [threading.Thread(target=follow) for _ in range(3)]
    for reader in readers:
        reader.start()
    for step in range(1, 301):
        append_line(path, record(step))
    stop.set()
    for reader in readers:
        reader.join()
    history.refresh(path)
    assert history.column("step").tolist() == list(range(1, 301))


def test_only_one_reads_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """As above, without counting on the scheduler: a second reader comes while the first has read and not yet kept."""
    path, history = tmp_path / "history.jsonl", History()
    append_line(path, record(1))
    real, second = history_module.read_lines, threading.Thread(target=lambda: history.refresh(path))

    def slow(data: bytes) -> Any:
        if not second.ident:
            second.start()
            second.join(0.2)
        return real(data)

    monkeypatch.setattr(history_module, "read_lines", slow)
    history.refresh(path)
    second.join()
    assert history.column("step").tolist() == [1]


@pytest.mark.parametrize("name", history_module.REQUIRED)
@pytest.mark.parametrize("value", [None, "1", [], {}, True, math.nan, math.inf, HUGE])
def test_a_record_without_a_number_it_must_have(name: str, value: Any):
    history = History()
    assert not history.append(record(1) | {name: value})
    assert not history.append({key: value for key, value in record(1).items() if key != name})
    assert (len(history), history.damaged) == (0, 2)
    assert all(len(history.column(column)) == 0 for column in COLUMNS)


@pytest.mark.parametrize("value", [True, "x", [], HUGE])
def test_an_optional_number_of_the_wrong_kind(value: Any):
    history = History()
    assert not history.append(record(1) | {"grad_d": value})
    assert history.append(dict.fromkeys(history_module.REQUIRED, 1))
    assert math.isnan(history.column("grad_d")[0])
    assert all(len(history.column(column)) == 1 for column in COLUMNS)


def test_what_cannot_be_read_is_an_error_that_names_it(tmp_path: Path):
    (tmp_path / "run" / "history.jsonl").mkdir(parents=True)
    with pytest.raises(StoreError, match=r"run/history.jsonl: cannot be read"):
        History().refresh(tmp_path / "run" / "history.jsonl")


# thinned


@pytest.mark.parametrize("count", [1, 7, 999, 1000, 1001, 2000, 4097, 20_001])
def test_at_most_as_many_points_as_wanted(count: int):
    piece = filled(count).thinned(1000)
    points = len(piece.columns["step"])
    assert points <= 1000 and points == count // piece.stride == piece.buckets
    assert points > 450 or piece.stride == 1
    assert piece.stride & (piece.stride - 1) == 0
    assert not piece.coarser
    assert {len(values) for values in piece.columns.values()} == {points}


def test_points_are_means_and_places_are_ends():
    history = filled(13)
    piece = history.thinned(4)
    assert piece.stride == 4 and piece.buckets == 3
    assert piece.columns["step"].tolist() == [4, 8, 12]
    assert piece.columns["images"].tolist() == [16, 32, 48]
    expected = [np.mean([math.sin(step) for step in range(start, start + 4)]) for start in (1, 5, 9)]
    assert piece.columns["loss_d"] == pytest.approx(expected)


def test_a_reader_who_follows_gets_every_point_once_and_none_changes():
    history, have, buckets, stride, restarts, most = History(), [], 0, None, 0, 0
    for step in range(1, 5001):
        history.append(record(step))
        if step % 37:
            continue
        piece = history.thinned(100, buckets, stride)
        if piece.coarser or stride is None:
            piece = history.thinned(100)
            have, restarts = [], restarts + 1
        have += list(zip(*(piece.columns[name].tolist() for name in COLUMNS), strict=True))
        buckets, stride = piece.buckets, piece.stride
        whole = history.thinned(100, 0, stride)
        assert have == list(zip(*(whole.columns[name].tolist() for name in COLUMNS), strict=True))
        most = max(most, len(have))
    assert most <= 137 and restarts <= 8
    assert stride == 64


def test_a_long_run_costs_a_follower_no_more_than_a_short_one(monkeypatch: pytest.MonkeyPatch):
    """What is turned into arrays is what is new, not the whole run."""
    history, sizes = filled(30_000), []
    piece = history.thinned(1000)
    history.append(record(30_001))
    real = np.array
    monkeypatch.setattr(history_module.np, "array", lambda x, *a: (sizes.append(len(x)), real(x, *a))[1])
    again = history.thinned(1000, piece.buckets, piece.stride)
    assert len(again.columns["step"]) == 0
    assert max(sizes) < piece.stride


def test_reading_while_another_thread_appends():
    history, stop = History(), threading.Event()

    def write() -> None:
        for step in range(1, 20_000):
            history.append(record(step))
            if stop.is_set():
                return

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(200):
            piece = history.thinned(50)
            assert len({len(values) for values in piece.columns.values()}) == 1
            last = history.last()
            assert last is None or last["images"] == 4 * last["step"]
    finally:
        stop.set()
        writer.join()


def test_files_are_closed(tmp_path: Path):
    path, history = tmp_path / "history.jsonl", History()
    handles = Path("/proc/self/fd")
    if not handles.exists():
        pytest.skip("counts open files by /proc")
    before = len(os.listdir(handles))
    for step in range(1, 50):
        append_line(path, record(step))
        history.refresh(path)
    assert len(os.listdir(handles)) <= before


def test_the_newest_records_are_read_without_the_rest(tmp_path: Path):
    path = tmp_path / "history.jsonl"
    assert newest(path, 5) == []
    for step in range(1, 3):
        append_line(path, record(step))
    assert [one["step"] for one in newest(path, 5)] == [1, 2]
    for step in range(3, 2_000):
        append_line(path, record(step))
    with open(path, "ab") as file:
        file.write(b'nonsense\n{"step": 2')
    whole = History()
    whole.refresh(path)
    found = newest(path, 20)
    assert found[-1] == whole.last() and [one["step"] for one in found] == list(range(1_980, 2_000))


def test_time_between_two_records_is_in_between():
    history = History()
    assert history.seconds_at([8]) == [None]
    for step in (2, 4):
        history.append({**dict.fromkeys(COLUMNS, 0.5), "step": step, "images": 4 * step, "seconds": step * 2})
    assert history.seconds_at([0, 2, 8, 10, 16, 99]) == [0, 1, 4, 5, 8, 8]

"""Whole files or none, and lines of which a crash may tear the last."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from gan_core.store import files


def test_a_file_is_replaced_as_a_whole(tmp_path: Path):
    path = tmp_path / "file"
    files.write_atomic(path, b"old")
    files.write_atomic(path, b"new and longer")
    assert path.read_bytes() == b"new and longer"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, call: str, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "file"
    files.write_atomic(path, b"old")

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, call, full)
    with pytest.raises(OSError, match="No space"):
        files.write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_it_is_on_the_disk_before_it_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Flushed, then renamed, then the folder flushed: in any other order a power cut leaves an empty file."""
    calls: list[str] = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(files.os, name, lambda *a, name=name, real=real: (calls.append(name), real(*a))[1])
    files.write_atomic(tmp_path / "file", b"x")
    assert calls == ["fsync", "replace", "fsync"]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_others_may_read_what_the_umask_lets_them(tmp_path: Path):
    files.write_atomic(tmp_path / "file", b"x")
    (tmp_path / "plain").write_bytes(b"x")
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_lines_are_appended(tmp_path: Path):
    path = tmp_path / "lines"
    files.append_line(path, {"a": 1})
    files.append_line(path, {"b": "ü\n"})
    assert path.read_bytes().count(b"\n") == 2
    assert list(files.read_lines(path.read_bytes())) == [{"a": 1}, {"b": "ü\n"}]


def test_a_torn_line_is_ended_before_the_next(tmp_path: Path):
    path = tmp_path / "lines"
    path.write_bytes(b'{"a":1}\n{"b":')
    assert list(files.read_lines(path.read_bytes())) == [{"a": 1}] and files.whole(path.read_bytes()) == 8
    files.append_line(path, {"c": 3})
    assert list(files.read_lines(path.read_bytes())) == [{"a": 1}, None, {"c": 3}]


def test_a_number_json_does_not_know_is_not_written(tmp_path: Path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.append_line(tmp_path / "lines", {"a": float("nan")})
    assert not (tmp_path / "lines").exists()


@pytest.mark.parametrize("cut", range(1, 30))
def test_torn_anywhere(cut: int):
    """However much of the last line is there, all before it is read, and it is read once it is whole."""
    data = b'{"a":1}\n{"b":2}\n{"c":"x y z"}\n'
    consumed = files.whole(data[:-cut])
    assert data[:consumed].endswith(b"\n") or consumed == 0
    read = [*files.read_lines(data[:-cut]), *files.read_lines(data[consumed:])]
    assert read == [{"a": 1}, {"b": 2}, {"c": "x y z"}]


@pytest.mark.parametrize(
    "line",
    [b"nonsense", b"[1,2]", b"3", b"null", b'"text"', b"{", b"\xff\xfe\x00", b"[" * 100_000, b'{"a":' * 100_000,
     b'{"a":' + b"9" * 5000 + b"}", b"{'a': 1}", b"\x80\x04K\x01."],
)
def test_a_line_that_is_no_record_is_counted_and_passed_over(line: bytes):
    data = b'{"a":1}\n' + line + b'\n\n{"b":2}\n'
    assert list(files.read_lines(data)) == [{"a": 1}, None, {"b": 2}] and files.whole(data) == len(data)


def test_leftovers_are_told_from_files_in_the_making(tmp_path: Path):
    for name, age in ((".writing-old", 120), (".writing-new", 0), ("kept", 999)):
        (tmp_path / name).write_bytes(b"x")
        moment = os.stat(tmp_path / name).st_mtime - age
        os.utime(tmp_path / name, (moment, moment))
    assert files.leftovers(tmp_path, ".writing-", 60) == [tmp_path / ".writing-old"]
    assert files.leftovers(tmp_path / "absent", ".writing-", 60) == []


def test_a_stamp_changes_with_the_file(tmp_path: Path):
    path = tmp_path / "file"
    assert files.stamp(path) is None
    path.write_bytes(b"x")
    first = files.stamp(path)
    assert first == files.stamp(path)
    files.append_line(path, json.loads("{}"))
    assert files.stamp(path) != first


@pytest.mark.parametrize(
    "lines",
    [
        [b'{"a": 1}', b'{"b": 2}', b'{"c": 3}'],
        [b'{"a": 1', b'{"b": 2}', b'"c": 3}'],
        [b'{"a": [{}', b'{"b": 2}]}', b"{}"],
        [b"1], [2", b'{"b": 2}', b"\xff\xfe"],
        [b'{"a": NaN}', b'{"b": Infinity}', b'{"c": 1e999}'],
        [b"{}] x", b'{"a": 1}'] * 400,
    ],
)
def test_lines_read_together_are_what_each_is_alone(lines: list[bytes]):
    """They are read some at a time, as one array: what is damaged must not join up."""
    alone = [next(files.read_lines(line + b"\n")) for line in lines]
    assert list(files.read_lines(b"\n".join([*lines, b""]))) == alone

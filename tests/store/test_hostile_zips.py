"""What is no run stays outside: an error that names the file and what is wrong with it, and nothing left behind."""

from __future__ import annotations

import io
import json
import os
import pickle
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gan_core.errors import ArchiveError, StoreError, WorkbenchError
from gan_core.store import RunFolder, Store, import_run
from tests.store.zips import FIRST, SAMPLE, SECOND, exported, members, zipped


def changed(files: dict[str, bytes], name: str, old: bytes, new: bytes) -> dict[str, bytes]:
    assert old in files[name]
    return files | {name: files[name].replace(old, new)}


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


class Payload:
    """Unpickled, it makes a folder."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.path,)


def blank_png(side: int) -> bytes:
    """A true PNG of side × side blank pixels, whatever it weighs unpacked."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1 + side) * side)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def of_shape(files: dict[str, bytes], shape: list[int]) -> dict[str, bytes]:
    info = json.loads(files["run/run.json"])
    info["dataset"]["shape"] = shape
    return files | {"run/run.json": json.dumps(info).encode()}


def of_other_settings(files: dict[str, bytes]) -> dict[str, bytes]:
    return changed(files, "run/run.json", b'"lr_g": 0.008', b'"lr_g": 0.003')


HOSTILE: dict[str, tuple[Callable[[dict[str, bytes]], dict[str, bytes]], str]] = {
    "absolute path": (lambda files: files | {"/etc/evil": b"x"}, "absolute path"),
    "climbing path": (lambda files: files | {"run/../../evil": b"x"}, r"climbs out of its folder with '\.\.'"),
    "drive": (lambda files: files | {"C:/evil": b"x"}, "names a drive"),
    "backslash": (lambda files: files | {"run\\..\\evil": b"x"}, "backslash"),
    "foreign file": (lambda files: files | {"run/notes.txt": b"x"}, r"'run/notes\.txt' is no part of a run"),
    "pickle": (lambda files: files | {"run/model.pkl": b"x"}, r"'run/model\.pkl' is no part of a run"),
    "outside the folder": (lambda files: files | {"000000008.safetensors": b"x"}, "is no part of a run"),
    "sample in the wrong place": (lambda files: files | {"run/000000008.png": b"x"}, "is no part of a run"),
    "two names for one place": (
        lambda files: files | {"run/0000000008.safetensors": files[FIRST]}, "is no part of a run",
    ),
    "digits of another script": (lambda files: files | {"run/٠٠٠٠٠٠٠٠٨.safetensors": files[FIRST]}, "no part of a run"),
    "two runs": (
        lambda files: files | {"other/run.json": files["run/run.json"]}, r"holds 2 runs \(run, other\)",
    ),
    "no run.json": (
        lambda files: {name: data for name, data in files.items() if name != "run/run.json"}, "holds no run.json",
    ),
    "empty zip": (lambda files: {}, "holds no run.json"),
    "run.json is not JSON": (lambda files: files | {"run/run.json": b"\xff\x00"}, "run/run.json: damaged or not ours"),
    "run.json is another JSON": (lambda files: files | {"run/run.json": b"{}"}, "run/run.json: damaged or not ours"),
    "run.json of a newer version": (
        lambda files: changed(files, "run/run.json", b'"schema_version": 1', b'"schema_version": 2'), "schema_version",
    ),
    "setting out of range": (
        lambda files: changed(files, "run/run.json", b'"width": 4', b'"width": 99999'), "run/run.json: .*width",
    ),
    "shape that no memory holds": (
        lambda files: of_shape(changed(files, "run/run.json", b'"shuffle"', b'"mlp"'), [1, 2**31, 28]),
        r"run/run.json: dataset.shape = \(1, 2147483648, 28\): no sample",
    ),
    "shape that the networks cannot make": (
        lambda files: of_shape(files, [1, 29, 29]), "run/run.json: network = 'shuffle'",
    ),
    "huge run.json": (
        lambda files: files | {"run/run.json": files["run/run.json"] + b" " * 2**21}, "at most 1,048,576 fit",
    ),
    "checkpoint is text": (lambda files: files | {FIRST: b"hello"}, "run/000000008.safetensors: not a checkpoint"),
    "checkpoint is empty": (lambda files: files | {FIRST: b""}, "run/000000008.safetensors: not a checkpoint"),
    "checkpoint is cut": (lambda files: files | {SECOND: files[SECOND][:-5]}, "run/000000016.safetensors: not a check"),
    "checkpoint with a flipped bit": (
        lambda files: files | {FIRST: flipped(files[FIRST], len(files[FIRST]) - 3)},
        "run/000000008.safetensors: damaged: its contents do not match its seal",
    ),
    "checkpoint with a flipped header": (
        lambda files: files | {FIRST: flipped(files[FIRST], files[FIRST].index(b'"header"') + 20)},
        "run/000000008.safetensors: ",
    ),
    "checkpoint of other settings": (of_other_settings, "safetensors: was made with other settings"),
    "checkpoint under another name": (
        lambda files: {name.replace("000000008.s", "000000012.s"): data for name, data in files.items()},
        "run/000000012.safetensors: holds the state at 8 images",
    ),
    "sample is text": (lambda files: files | {SAMPLE: b"hello"}, "run/samples/000000016.png: not a PNG picture"),
    "sample is a GIF": (
        lambda files: files | {SAMPLE: b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"}, "png: not a PNG picture",
    ),
    "sample is cut": (lambda files: files | {SAMPLE: files[SAMPLE][:-40]}, "run/samples/000000016.png: not a PNG"),
    "sample with a flipped bit": (
        lambda files: files | {SAMPLE: flipped(files[SAMPLE], len(files[SAMPLE]) // 2)}, "png: not a PNG picture",
    ),
    "sample that unfolds": (
        lambda files: files | {SAMPLE: blank_png(5000)}, r"samples/000000016.png: 5000 × 5000 pixels; .* at most 4096",
    ),
    "history is another file": (
        lambda files: files | {"run/history.jsonl": b"step,loss\n1,2\n"}, "run/history.jsonl: .* none of its 2 lines",
    ),
    "history without its numbers": (
        lambda files: files | {"run/history.jsonl": b'{"step": 1}\n'}, "run/history.jsonl: .* none of its 1 lines",
    ),
    "history that goes backwards": (
        lambda files: files | {
            "run/history.jsonl": b"".join(files["run/history.jsonl"].splitlines(keepends=True)[::-1])
        },
        "run/history.jsonl: step falls from 4 to 3",
    ),
    "a time that is none": (
        lambda files: files | {
            "run/run.json": re.sub(rb'"created": *"[^"]+"', b'"created":"![](//ab.cd/e)"', files["run/run.json"])
        },
        "run/run.json: .*created",
    ),
    "events are another file": (
        lambda files: files | {"run/events.jsonl": b'[1]\n{"event": ["started"]}\n'}, "run/events.jsonl: .* 2 lines",
    ),
    "bomb": (
        lambda files: files | {"run/history.jsonl": bytes(2**27)}, "zip bomb",
    ),
    "events without end": (
        lambda files: files | {"run/events.jsonl": b'{"event":"a"}\n' * 400_000},
        "events.jsonl': 5,600,000 bytes; at most",
    ),
    "a checkpoint larger than its networks": (
        lambda files: files | {SECOND: files[SECOND] + bytes(2**22)},
        "safetensors: [0-9,]+ bytes; a checkpoint of these settings has at most",
    ),
    "more samples than can be counted": (
        lambda files: files | {
            "run/run.json": re.sub(rb'"count": *[0-9]+', b'"count":1' + b"0" * 400, files["run/run.json"])
        },
        "run.json: .*dataset.count",
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_run_stays_outside(
    made: RunFolder, store: Store, contents: Callable[[Path], dict[str, str]], kind: str
) -> None:
    spoil, complaint = HOSTILE[kind]
    file = zipped(spoil(members(exported(made))))
    before = contents(store.root)
    with pytest.raises((StoreError, ArchiveError), match=complaint):
        import_run(store, file)
    assert contents(store.root) == before
    assert os.listdir(store.root) == ["run"]


def test_a_pickle_named_as_a_checkpoint_is_never_run(made: RunFolder, store: Store, tmp_path: Path) -> None:
    evil = pickle.dumps(Payload(str(tmp_path / "evil")))
    with pytest.raises(StoreError, match=r"8\.safetensors: not a checkpoint .*pickle, which is never read"):
        import_run(store, zipped(members(exported(made)) | {FIRST: evil}))
    assert not (tmp_path / "evil").exists()
    assert os.listdir(store.root) == ["run"]


def test_a_name_with_a_nul_is_refused(made: RunFolder, store: Store) -> None:
    files = members(exported(made)) | {"run/evilXtxt": b"x"}
    data = zipped(files).getvalue().replace(b"run/evilXtxt", b"run/evil\0txt")
    with pytest.raises(ArchiveError, match="NUL"):
        import_run(store, io.BytesIO(data))
    assert os.listdir(store.root) == ["run"]


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9, 0.9999])
def test_a_zip_cut_short_is_refused(made: RunFolder, store: Store, keep: float) -> None:
    data = exported(made).getvalue()
    with pytest.raises(ArchiveError, match="not a zip file, or is damaged or cut short"):
        import_run(store, io.BytesIO(data[: int(keep * len(data))]))
    assert os.listdir(store.root) == ["run"]


def test_no_flipped_byte_passes_unseen(
    made: RunFolder, elsewhere: Store, contents: Callable[[Path], dict[str, str]]
) -> None:
    """One byte of the zip changed: refused, or (in a date or a right, which are not taken over) without effect."""
    data, good = exported(made).getvalue(), contents(made.path)
    refused = 0
    for at in range(7, len(data), len(data) // 60):
        try:
            folder = import_run(elsewhere, io.BytesIO(flipped(data, at)), "one")
        except WorkbenchError:
            refused += 1
            continue
        assert contents(folder.path) == good
        elsewhere.delete(folder.name)
    assert refused > 50
    assert os.listdir(elsewhere.root) == []


def test_entries_said_to_lie_before_the_beginning(made: RunFolder, elsewhere: Store, tmp_path: Path) -> None:
    data = bytearray(exported(made).getvalue())
    offset = int.from_bytes(data[-6:-2], "little")  # of the directory, in the zip's last record
    data[-6:-2] = (offset + 2**16).to_bytes(4, "little")
    (tmp_path / "run.zip").write_bytes(data)
    for file in (io.BytesIO(data), tmp_path / "run.zip"):
        with pytest.raises(ArchiveError, match="damaged"):
            import_run(elsewhere, file)
    assert os.listdir(elsewhere.root) == []


@pytest.mark.parametrize("name", ["../evil", "a/b", "nul\0", "", " run", ".hidden", "x" * 81])
def test_a_name_that_no_run_may_have_is_refused(made: RunFolder, store: Store, name: str) -> None:
    with pytest.raises(StoreError, match="run name"):
        import_run(store, exported(made), name)
    assert os.listdir(store.root) == ["run"]

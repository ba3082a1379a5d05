"""Settings and checkpoints that others made, or that something broke: a clear error, and nothing changed."""

from __future__ import annotations

import json
import os
import pickle
import random
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load, save

from gan_core.errors import StoreError
from gan_core.runs import Runs
from gan_core.snapshot import ENDED
from gan_core.store import Store
from gan_core.store.checkpoint import FORMAT, _seal
from tests.store.hostile import Contents, everything, lives_on


def test_the_control(hostile_runs: Runs, root: Path, contents: Contents):
    before = contents(root)
    lives_on(hostile_runs)
    assert len(everything(hostile_runs)) == 1
    assert hostile_runs.damaged() == {} and contents(root) == before


# run.json


def changed(path: Path, *keys: str, value: Any) -> bytes:
    whole = json.loads((path / "run.json").read_text())
    place = whole
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    return json.dumps(whole).encode()


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"null", b"[]", b"3", b'"x"', b"{}", b"\xff\xfe", b"\0" * 100, b"[" * 100_000, b'{"a":' * 100_000,
     pickle.dumps({"a": 1}), b'{"schema_version": 1}', b"9" * 5000],
    ids=range(14),
)
def test_run_json_that_is_none(hostile_runs: Runs, root: Path, contents: Contents, data: bytes):
    (root / "victim" / "run.json").write_bytes(data)
    before = contents(root)
    errors = everything(hostile_runs)
    assert len(errors) == 8 and all(error.startswith("victim/run.json: ") for error in errors)
    lives_on(hostile_runs)
    assert hostile_runs.damaged().keys() == {"victim"} and contents(root) == before


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("schema_version",), 2), (("schema_version",), "1x"), (("created",), 5), (("created",), "x" * 1000),
        (("note",), "x" * 20_000), (("extra",), 1), (("config",), None), (("config", "lr_d"), "fast"),
        (("config", "lr_d"), 1e999), (("config", "unknown"), 1), (("config", "width"), 10**9),
        (("config", "batch_size"), 0), (("config", "augment"), ["explode"]), (("dataset",), []),
        (("dataset", "count"), 0), (("dataset", "fingerprint"), "../../etc/passwd"), (("dataset", "shape"), []),
        (("dataset", "shape"), ["a"]), (("dataset", "classes"), "abc"), (("versions",), {"torch": 3}),
    ],
)
def test_run_json_with_something_else_in_it(
    hostile_runs: Runs, root: Path, contents: Contents, keys: tuple[str, ...], value: Any
):
    (root / "victim" / "run.json").write_bytes(changed(root / "victim", *keys, value=value))
    before = contents(root)
    errors = everything(hostile_runs)
    assert len(errors) == 8 and all(error.startswith("victim/run.json: ") for error in errors)
    lives_on(hostile_runs)
    assert contents(root) == before


@pytest.mark.parametrize(
    "shape", [[1], [0], [-1, 28, 28], [1, 64, 64], [3, 28, 28], [10**6, 10**6, 10**6], [10**18, 10**18], [2**62]]
)
@pytest.mark.parametrize("network", ["dcgan", "mlp"])
def test_run_json_whose_data_does_not_fit_its_checkpoints(
    hostile_runs: Runs, root: Path, contents: Contents, shape: list[int], network: str
):
    """Also where the networks would need more memory than there is in the world."""
    victim = root / "victim"
    (victim / "run.json").write_bytes(changed(victim, "dataset", "shape", value=shape))
    if network == "mlp":
        (victim / "run.json").write_bytes(changed(victim, "config", "network", value="mlp"))
    before = contents(root)
    errors = everything(hostile_runs)
    assert len(errors) >= 3
    lives_on(hostile_runs)
    assert contents(root) == before


def test_run_json_bit_by_bit(hostile_runs: Runs, root: Path):
    """Whatever a flipped bit makes of it: an error for people, or a run that is still one."""
    path, source = root / "victim" / "run.json", random.Random(0)
    data = path.read_bytes()
    for _ in range(120):
        flipped = bytearray(data)
        flipped[source.randrange(len(data))] ^= 1 << source.randrange(8)
        path.write_bytes(bytes(flipped) if source.random() < 0.7 else data[: source.randrange(len(data))])
        try:
            Runs(Store(root)).snapshot("victim")
        except StoreError as error:
            assert str(error).startswith("victim/run.json: ")
    lives_on(hostile_runs)


# checkpoints


def resealed(data: bytes, **place: Any) -> bytes:
    """The same checkpoint with another place, and the seal made right."""
    tensors = load(data)
    length = int.from_bytes(data[:8], "little")
    header = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["header"])
    header["place"] |= place
    text = json.dumps(header, sort_keys=True)
    return save(tensors, {"format": FORMAT, "header": text, "seal": _seal(tensors, text)})


def test_checkpoints_bit_by_bit(hostile_runs: Runs, root: Path, contents: Contents):
    victim, source = root / "victim", random.Random(1)
    data = (victim / "000000016.safetensors").read_bytes()
    folder = hostile_runs.store.open("victim")
    good, _ = folder.load_checkpoint(16)
    refused = 0
    for number in range(150):
        broken = bytearray(data)
        if number % 3 == 0:
            broken = broken[: source.randrange(len(data))]
        elif number % 3 == 1:
            broken[source.randrange(len(data))] ^= 1 << source.randrange(8)
        else:
            start = source.randrange(len(data))
            broken[start : start + 64] = source.randbytes(64)
        (victim / "000000016.safetensors").write_bytes(bytes(broken))
        before = contents(root)
        try:
            tensors, place = folder.load_checkpoint(16)
            assert place["images"] == 16 and all(torch.equal(tensors[name], value) for name, value in good.items())
        except StoreError as error:
            assert str(error).startswith("victim/000000016.safetensors: ")
            refused += 1
        assert contents(root) == before
    assert refused >= 145
    assert folder.load_checkpoint()[1]["images"] == 8  # the one before is as good as it was


def spoil_pickle(path: Path) -> None:
    torch.save({"a": torch.zeros(2)}, path)


def spoil_pickle_plain(path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return os.system, (f"touch {path.parent / 'owned'}",)

    path.write_bytes(pickle.dumps(Evil()))


def spoil_header(path: Path) -> None:
    path.write_bytes((2**62).to_bytes(8, "little") + path.read_bytes()[8:])


def spoil_foreign(path: Path) -> None:
    path.write_bytes(save({"ema.first.weight": torch.zeros(3)}))


def spoil_tensor(path: Path) -> None:
    tensors = load(path.read_bytes())
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    text = json.loads(data[8 : 8 + length])["__metadata__"]["header"]
    tensors["ema.first.weight"] = torch.zeros(1)
    path.write_bytes(save(tensors, {"format": FORMAT, "header": text, "seal": _seal(tensors, text)}))


@pytest.mark.parametrize(
    "spoil",
    [spoil_pickle, spoil_pickle_plain, spoil_header, spoil_foreign, lambda path: path.write_bytes(b""),
     lambda path: path.write_bytes(random.Random(2).randbytes(10_000))],
)
def test_files_that_are_no_checkpoints(hostile_runs: Runs, root: Path, contents: Contents, spoil: Any):
    for file in (root / "victim").glob("*.safetensors"):
        spoil(file)
    before = contents(root)
    errors = everything(hostile_runs)
    assert len(errors) == 3 and all(error.startswith("victim/000000016.safetensors: ") for error in errors)
    assert hostile_runs.snapshot("victim").state in ENDED
    lives_on(hostile_runs)
    assert contents(root) == before and not (root / "victim" / "owned").exists()


def test_a_sealed_checkpoint_whose_weights_do_not_fit(hostile_runs: Runs, root: Path):
    for file in (root / "victim").glob("*.safetensors"):
        spoil_tensor(file)
    with pytest.raises(StoreError, match=r"victim/000000016.safetensors: weights do not fit.*first.weight"):
        hostile_runs.generator("victim")


@pytest.mark.parametrize(
    "place",
    [{"step": -1}, {"step": 10**15}, {"images": 0}, {"images": 10**17}, {"position": 10**6}, {"position": 17},
     {"position": -3}, {"d_steps": 0}, {"window_count": 10**12}, {"seconds": float("nan")}, {"rates": {"d": "x"}},
     {"rates": {"d": 1e-3, "g": 1e-3, "z": 1.0}}, {"extra": 1}, {"seconds": "long"}],
    ids=str,
)
def test_a_sealed_checkpoint_of_nonsense_is_not_trained_from(
    hostile_runs: Runs, root: Path, place: dict[str, Any], wait: Any
):
    """It may be noticed when it is read or when a run is to go on from it: never by training for ever on nothing."""
    runs = hostile_runs
    for file in (root / "victim").glob("*.safetensors"):
        file.write_bytes(resealed(file.read_bytes(), **place))
    try:
        runs.resume("victim", images=400)
        wait(lambda: not runs.snapshot("victim").here)
        reason = runs.snapshot("victim").reason
        assert runs.snapshot("victim").state == "failed"
    except StoreError as error:
        reason = str(error)
    assert reason and ("checkpoint" in reason or reason.startswith("victim/000000016.safetensors: "))
    lives_on(runs)
    assert [file.images for file in runs.folder("victim").checkpoints()] == [8, 16]


def test_the_resealed_control_trains_on(hostile_runs: Runs, root: Path, wait: Any):
    file = root / "victim" / "000000016.safetensors"
    file.write_bytes(resealed(file.read_bytes()))
    hostile_runs.resume("victim", images=24)
    wait(lambda: not hostile_runs.snapshot("victim").here)
    assert hostile_runs.snapshot("victim").state == "finished"

"""Folders that others made, or that something broke: an error that names the file, nothing changed, the list lives."""

from __future__ import annotations

import json
import os
import pickle
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load, save

from gan_core import runs as runs_module
from gan_core.config import RunConfig
from gan_core.datasets import Dataset
from gan_core.errors import StoreError, WorkbenchError
from gan_core.run import ENDED
from gan_core.runs import Runs
from gan_core.store import COLUMNS, Store
from gan_core.store.checkpoint import FORMAT, _seal
from gan_core.trainer import Trainer

Contents = Callable[[Path], dict[str, str]]


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory, tiny: Any, tiny_config: Any) -> Path:
    """A good run with two checkpoints, curves and grids, to be copied and spoiled."""
    store = Store(tmp_path_factory.mktemp("pattern"))
    data = tiny()
    folder = store.create(tiny_config(images=80, record_every_steps=1), runs_module.facts(data), "victim")
    trainer = Trainer(folder.config, data)
    folder.append_event("started", 0)
    for _ in range(4):
        trainer.step()
        folder.append_history(trainer.record() or {})
        if trainer.step_count % 2 == 0:
            folder.save_checkpoint(*trainer.state())
            folder.save_sample(trainer.images, b"png")
    folder.append_event("stopped", trainer.images)
    return folder.path


@pytest.fixture
def root(pattern: Path, tmp_path: Path) -> Path:
    """A folder of runs: 'good' and 'victim'."""
    root = tmp_path / "checkpoints"
    shutil.copytree(pattern, root / "victim")
    shutil.copytree(pattern, root / "good")
    return root


@pytest.fixture
def hostile_runs(root: Path, tiny_data: Dataset) -> Iterator[Runs]:
    runs = Runs(Store(root))
    yield runs
    assert runs.shutdown(timeout=60)


def everything(runs: Runs, name: str = "victim") -> list[str]:
    """All that screens ask of a run → the errors, of which only those for people are allowed."""
    errors = []
    for ask in (
        lambda: runs.snapshot(name), lambda: runs.history(name).thinned(), lambda: runs.folder(name).events(),
        lambda: runs.folder(name).samples(), lambda: runs.folder(name).checkpoints(), lambda: runs.generator(name),
        lambda: runs.generator(name, 16), lambda: runs.resume(name, images=16),
    ):
        try:
            ask()
        except WorkbenchError as error:
            errors.append(str(error))
    return errors


def lives_on(runs: Runs) -> None:
    """The list of runs shows the good one, and each bad one is either listed or explained."""
    assert "good" in {one.name for one in runs.snapshots()}
    assert set(runs.store.names()) == {one.name for one in runs.snapshots()} | runs.damaged().keys()
    assert everything(runs, "good") == ["good: has already run its length (16 images, 0 s); give a larger total of "
                                        "images, epochs or seconds"]


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
    assert hostile_runs.damaged().keys() == {"con", "ends with space ", "ends."}
    lives_on(hostile_runs)


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

"""One run's folder: what was asked, what happened, its curves, sample grids and checkpoints."""

from __future__ import annotations

import errno
import json
import os
import platform
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import filelock
import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor

from gan_core.config import RunConfig, fits, of_the_game
from gan_core.errors import StoreError
from gan_core.store import checkpoint
from gan_core.store.files import TEMPORARY, append_line, leftovers, read_lines, stamp, write_atomic
from gan_core.store.history import History, row

SCHEMA = 1
LEFTOVER_SECONDS = 60.0
_looking, _writing = threading.Lock(), threading.Lock()
# Events that change what a run is doing, and what it is doing after them.
STATES = {
    "created": "stopped", "started": "training", "resumed": "training", "unpaused": "training", "paused": "paused",
    "stopped": "stopped", "finished": "finished", "failed": "failed",
}


class DatasetFacts(BaseModel):
    """What a run remembers of its data, so that its generator can be used where the data is not."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    fingerprint: str = Field(pattern="^[0-9a-f]{64}$")
    count: int = Field(ge=1, le=10**12)
    shape: tuple[int, ...] = Field(min_length=1, max_length=4)
    classes: tuple[str, ...] = ()


Moment = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]{0,10}(Z|[+-]\d\d:\d\d)$")]


class Parent(BaseModel):
    """Which run a run was forked from, and where.

    Attributes:
        name: the parent's at that time. It may be another's by now, or nobody's.
        created: the parent's, by which it is known again under another name.
        images: seen at the checkpoint that the fork goes on from; 0: it began anew.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(min_length=1, max_length=80)
    created: Moment
    images: int = Field(ge=0, le=10**18)


class RunInfo(BaseModel):
    """run.json."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    schema_version: int = Field(default=SCHEMA, ge=1, le=SCHEMA)
    created: Moment
    note: str = Field(default="", max_length=10_000)
    config: RunConfig
    dataset: DatasetFacts
    versions: dict[str, str] = {}
    parent: Parent | None = None


@dataclass(frozen=True)
class CheckpointFile:
    """A checkpoint on disk, known by images seen."""

    images: int
    step: int
    path: Path


def versions() -> dict[str, str]:
    """What made a run: named in run.json, so that a difference can be explained later."""
    return {"torch": str(torch.__version__), "python": platform.python_version(), "system": platform.platform()}


def now() -> str:
    """The time as ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class RunFolder:
    """Reads and writes one folder below checkpoints/. Made by `Store`, never directly.

    Raises (on opening):
        StoreError: no run.json, or one that is damaged or of a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, path.name
        self.info = read_info(path)

    @property
    def config(self) -> RunConfig:
        """What was asked."""
        return self.info.config

    # what was asked, and what happened

    def write_info(self, **changes: Any) -> None:
        """Replace fields of run.json (`note`, `config`) as it is on disk now: another part of the program may have
        written the others since this was opened.

        Raises:
            StoreError: a value that is not allowed, or the file cannot be written; nothing is changed then.
        """
        with _writing:
            try:
                info = RunInfo(**{**read_info(self.path).model_dump(), **changes})
            except ValidationError as error:
                raise StoreError(f"{self.name}: {error.errors()[0]['msg']}") from None
            try:
                write_atomic(self.path / "run.json", info.model_dump_json(indent=2).encode())
            except OSError as error:
                raise StoreError(f"{self.name}: {disk_reason(error)}") from None
            self.info = info

    def append_event(self, event: str, images: int, **details: Any) -> None:
        """One line in events.jsonl."""
        append_line(self.path / "events.jsonl", {"time": now(), "event": event, "images": images, **details})

    def events(self) -> list[dict[str, Any]]:
        """All events that can be read, oldest first: each has a text `event`; what else it holds may be anything.

        Raises:
            StoreError: there is an events.jsonl that cannot be read.
        """
        return [record for record in self._lines("events.jsonl") if isinstance(record.get("event"), str)]

    def append_evaluation(self, record: Mapping[str, Any]) -> None:
        """One line in evaluations.jsonl: what was measured of a checkpoint.

        Raises:
            StoreError: the file cannot be written.
        """
        try:
            append_line(self.path / "evaluations.jsonl", record)
        except OSError as error:
            raise StoreError(f"{self.name}: {disk_reason(error)}") from None

    def evaluations(self) -> list[dict[str, Any]]:
        """All that was measured of its checkpoints, oldest first; what a line holds may be anything.

        Raises:
            StoreError: there is an evaluations.jsonl that cannot be read.
        """
        return list(self._lines("evaluations.jsonl"))

    def _lines(self, name: str) -> Iterator[dict[str, Any]]:
        try:
            data = (self.path / name).read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(f"{self.name}/{name}: cannot be read: {error.strerror}") from None
        yield from filter(None, read_lines(data))

    def events_stamp(self) -> tuple[int, int] | None:
        """Changes with every event."""
        return stamp(self.path / "events.jsonl")

    def state(self) -> tuple[str, str | None]:
        """(state, reason): training, paused, stopped, finished, failed or interrupted, as far as the disk knows."""
        last = next((event for event in reversed(self.events()) if event["event"] in STATES), None)
        state = "stopped" if last is None else STATES[last["event"]]
        if state in ("training", "paused") and not self.is_locked():
            return "interrupted", "its process ended without saying so; resume goes on from the last checkpoint"
        reason = None if last is None else last.get("reason")
        return state, reason if isinstance(reason, str) else None

    # who trains it

    def check_links(self) -> None:
        """
        Raises:
            StoreError: a part of the run is a link, through which training would write outside its folder.
        """
        for name in ("samples", "history.jsonl", "events.jsonl", ".lock"):
            if (self.path / name).is_symlink():
                raise StoreError(f"{self.name}: {name} is a link; a run is trained only where its own files lie")

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the run while training it. The system lets go of it when the process dies, however it dies.

        Raises:
            StoreError: another process or thread trains this run, or see `check_links`.
        """
        self.check_links()
        # A lock makes the folder it lies in: what was deleted while it queued must not come back empty.
        if not (self.path / "run.json").is_file():
            raise StoreError(f"{self.name}: was deleted or renamed meanwhile")
        lock = filelock.FileLock(self.path / ".lock", timeout=2, thread_local=False)
        try:
            lock.acquire()
        except filelock.Timeout:
            raise StoreError(f"{self.name}: is being trained already, here or elsewhere; stop it there first") from None
        try:
            yield
        finally:
            lock.release()

    def is_locked(self) -> bool:
        """Whether someone trains it at this moment."""
        return is_locked(self.path)

    # curves

    def append_history(self, record: Mapping[str, float]) -> None:
        """One line in history.jsonl."""
        append_line(self.path / "history.jsonl", record)

    def history(self) -> History:
        """The curves so far."""
        history = History()
        history.refresh(self.path / "history.jsonl")
        return history

    def history_until(self, step: int) -> bytes:
        """The records of history.jsonl up to `step`, a line each."""
        path = self.path / "history.jsonl"
        data = path.read_bytes() if path.exists() else b""
        kept = (_kept(record, step) for record in read_lines(data))
        return "".join(line for line in kept if line is not None).encode()

    def rewind(self, step: int) -> None:
        """Forget curves and grids beyond `step`: they will be made again, the same, from the checkpoint there.

        Only for who holds the lock. Files that a killed process left half-written go too.
        """
        path = self.path / "history.jsonl"
        kept = self.history_until(step)
        if path.exists() and path.read_bytes() != kept:
            write_atomic(path, kept)
        for images, grid in self.samples():
            if images > step * self.images_per_step:
                grid.unlink(missing_ok=True)
        for place in (self.path, self.path / "samples"):
            for torn in leftovers(place, TEMPORARY, LEFTOVER_SECONDS):
                torn.unlink(missing_ok=True)

    # sample grids

    def save_sample(self, images: int, png: bytes) -> None:
        """Keep the sample grid at `images`."""
        folder = self.path / "samples"
        folder.mkdir(exist_ok=True)
        write_atomic(folder / f"{images:09d}.png", png)

    def samples(self) -> list[tuple[int, Path]]:
        """(images, file) of every sample grid, in order."""
        return _numbered(self.path / "samples", "png")

    # checkpoints

    @property
    def images_per_step(self) -> int:
        """Real samples seen in one step of G."""
        return self.config.batch_size * self.config.critic_steps

    def checkpoints(self) -> list[CheckpointFile]:
        """Every checkpoint, in order."""
        return [
            CheckpointFile(images, images // self.images_per_step, path)
            for images, path in _numbered(self.path, "safetensors")
        ]

    def find(self, images: int | None = None, step: int | None = None) -> CheckpointFile:
        """The checkpoint at `images` or `step`; without either, the newest.

        Raises:
            StoreError: there is none; names those there are.
        """
        found = self.checkpoints()
        if not found:
            raise StoreError(f"{self.name}: has no checkpoint yet; train it, or press Save")
        if images is None and step is None:
            return found[-1]
        for file in found:
            if file.images == images or file.step == step:
                return file
        wanted = f"images {images:,}" if step is None else f"step {step}"
        there = ", ".join(f"step {file.step} ({file.images:,} images)" for file in found)
        raise StoreError(f"{self.name}: no checkpoint at {wanted}; there are {there}")

    def save_checkpoint(self, tensors: Mapping[str, Tensor], place: Mapping[str, Any]) -> Path:
        """Write a checkpoint, then remove the oldest beyond `keep_checkpoints`.

        Checkpoints beyond this one do not count: someone put them there.
        """
        path = self.path / f"{place['images']:09d}.safetensors"
        write_atomic(path, checkpoint.encode(tensors, place, of_the_game(self.config)))
        upto = [file for file in self.checkpoints() if file.images <= place["images"]]
        for old in upto[: -self.config.keep_checkpoints]:
            with suppress(OSError):  # someone reads it (Windows): it goes the next time
                old.path.unlink()
        return path

    def load_checkpoint(self, images: int | None = None) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Tensors and place of the checkpoint at `images`; without it, of the newest that can be read.

        Raises:
            StoreError: none, damaged, or made with other settings than run.json holds.
        """
        candidates = [self.find(images)] if images is not None else self.checkpoints()[::-1] or [self.find()]
        problem: StoreError | None = None
        for file in candidates:
            data = self._bytes(file.path)  # a disk that fails to read is no reason to fall back
            try:
                return self._decoded(file.path, data)
            except StoreError as error:
                problem = problem or error
        assert problem is not None
        raise problem

    def set_aside(self, images: int) -> list[str]:
        """Take the checkpoints beyond `images` out of the run: those that `load_checkpoint` found damaged.

        Only for who holds the lock. They stay in the folder as `NUMBER.safetensors.damaged` → their old names.
        """
        beyond = [file.path for file in self.checkpoints() if file.images > images]
        for path in beyond:
            os.replace(path, path.with_name(f"{path.name}.damaged"))
        return [path.name for path in beyond]

    def _bytes(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise StoreError(f"{self.name}/{path.name}: cannot be read: {error.strerror}") from None

    def _decoded(self, path: Path, data: bytes) -> tuple[dict[str, Tensor], dict[str, Any]]:
        where = f"{self.name}/{path.name}"
        tensors, place, made_with = checkpoint.decode(data, where)
        if not fits(made_with, self.config):
            raise StoreError(f"{where}: was made with other settings than run.json holds; restore run.json")
        if place["images"] != int(path.stem):
            raise StoreError(
                f"{where}: holds the state at {place['images']:,} images, which its name contradicts; give it back its "
                "own name"
            )
        return tensors, place


def _kept(record: dict[str, Any] | None, step: int) -> str | None:
    """The record's line, where it is one of a step up to `step`."""
    if record is None or row(record) is None or record["step"] > step:
        return None
    return json.dumps(record, separators=(",", ":")) + "\n"


def is_locked(path: Path) -> bool:
    """Whether someone trains the run in the folder `path` at this moment."""
    if not (path / ".lock").exists():
        return False
    # To look is to hold it for an instant, so that two who look would take each other for a training: within this
    # process they take turns, and another process's instant is waited for.
    lock = filelock.FileLock(path / ".lock", timeout=0.02, thread_local=False)
    with _looking:
        try:
            lock.acquire(poll_interval=0.005)
        except filelock.Timeout:
            return True
        except OSError:  # it may not be written, or is no file: nobody of this program holds it
            return False
        lock.release()
    return False


def read_info(path: Path) -> RunInfo:
    """run.json of the folder `path`.

    Raises:
        StoreError: missing, damaged, or of a newer version.
    """
    where = f"{path.name}/run.json"
    try:
        data = (path / "run.json").read_bytes()
    except OSError as error:
        raise StoreError(f"{where}: cannot be read ({error.strerror}); a run's folder must hold it") from None
    try:
        return RunInfo.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise StoreError(f"{where}: damaged or not ours: {place}: {first['msg']}") from None


def _numbered(folder: Path, ending: str) -> list[tuple[int, Path]]:
    pattern = re.compile(rf"([0-9]{{9}}|[1-9][0-9]{{9,17}})\.{ending}")
    try:
        with os.scandir(folder) as entries:
            found = [(pattern.fullmatch(entry.name), entry.name) for entry in entries if entry.is_file()]
    except OSError:  # not there, no folder, or not ours to read
        return []
    return sorted((int(match[1]), folder / name) for match, name in found if match)


def disk_reason(error: OSError) -> str:
    """An error of the disk in words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full: free some space, then resume from the last checkpoint"
    where = f" ({error.filename})" if isinstance(error.filename, str) else ""
    return f"the disk refused: {error.strerror or error}{where}"

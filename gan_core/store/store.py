"""All runs below one folder: made, found, renamed, deleted."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gan_core.config import RunConfig
from gan_core.errors import StoreError
from gan_core.store.files import append_line, leftovers, sync_folder, write_atomic
from gan_core.store.folder import DatasetFacts, Parent, RunFolder, RunInfo, disk_reason, is_locked, now, versions

_NAME = re.compile(r"\w[\w .()+-]{0,79}")
_ARRIVING = ".arriving-"
_NAME_BYTES = 200  # file systems allow 255 of a name, and a letter may take four
_LEFTOVER_SECONDS = 86_400.0
_WINDOWS = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def check_name(name: str) -> str:
    """A run's name, which is its folder's.

    Raises:
        StoreError: empty, too long, or with characters that a folder's name cannot or should not hold.
    """
    if (
        not isinstance(name, str) or not _NAME.fullmatch(name) or name[-1] in ". " or _WINDOWS.fullmatch(name)
        or len(name.encode()) > _NAME_BYTES
    ):
        raise StoreError(
            f"run name {str(name)[:90]!r}: 1 to 80 letters, digits, spaces and _ - . ( ) +, beginning with a letter or "
            "digit; no slashes, and no name that Windows keeps for itself"
        )
    return name


class Store:
    """The folder of runs, `checkpoints/` unless told otherwise."""

    def __init__(self, root: str | Path = "checkpoints") -> None:
        self.root = Path(root).absolute()

    def names(self) -> list[str]:
        """Every folder that holds a run.json, newest first; also one whose name is not allowed, so that someone who
        put it there is told."""
        found = []
        try:
            with os.scandir(self.root) as entries:
                for entry in entries:
                    if entry.name.startswith(".") or not entry.name.isprintable():
                        continue
                    try:
                        found.append((os.stat(os.path.join(entry.path, "run.json")).st_mtime_ns, entry.name))
                    except OSError:
                        continue
        except (FileNotFoundError, NotADirectoryError):
            return []
        return [name for _, name in sorted(found, reverse=True)]

    def path(self, name: str) -> Path:
        """Where the run `name` lies, or would lie."""
        return self.root / check_name(name)

    def open(self, name: str) -> RunFolder:
        """
        Raises:
            StoreError: no such run, or its run.json cannot be read.
        """
        path = self.path(name)
        if not path.is_dir():
            there = ", ".join(self.names()[:8]) or "none"
            raise StoreError(f"no run named {name!r} in {self.root}; there are: {there}")
        if path.is_symlink():
            raise StoreError(f"{name}: is a link to another folder; move or copy the folder itself into {self.root}")
        return RunFolder(path)

    def free_name(self, wanted: str) -> str:
        """`wanted` itself, or with the next free number behind it."""
        check_name(wanted)
        if not self.path(wanted).exists():
            return wanted
        number = 2
        while (self.root / f"{wanted[:74]}-{number}").exists():
            number += 1
        return f"{wanted[:74]}-{number}"

    def next_name(self, config: RunConfig) -> str:
        """dataset-preset-number, the first that is free; run-number where those of an imported run are no name."""
        stem, number = f"{config.dataset}-{config.preset}", 1
        if not _NAME.fullmatch(f"{stem}-{number}"):
            stem = "run"
        while (self.root / f"{stem}-{number}").exists():
            number += 1
        return f"{stem}-{number}"

    def create(
        self, config: RunConfig, dataset: DatasetFacts, name: str | None = None, parent: Parent | None = None,
        fill: Callable[[RunFolder], None] | None = None, free: Callable[[], str] | None = None,
    ) -> RunFolder:
        """A new run's folder, complete from the moment it can be seen.

        Args:
            name: None: the one that `free` finds; without it, `next_name`.
            parent: of a fork.
            fill: puts more into the folder before that moment.

        Raises:
            StoreError: the name is taken or not allowed, or the folder cannot be written.
        """
        if name is not None:
            check_name(name)
        info = RunInfo(created=now(), config=config, dataset=dataset, versions=versions(), parent=parent)
        with self.arriving() as folder:
            try:
                write_atomic(folder / "run.json", info.model_dump_json(indent=2).encode())
                append_line(folder / "events.jsonl", {"time": info.created, "event": "created", "images": 0})
                (folder / "samples").mkdir()
                if fill is not None:
                    fill(RunFolder(folder))
            except OSError as error:
                raise StoreError(f"{self.root}: {disk_reason(error)}") from None
            if name is not None:
                return self.admit(folder, name)
            return self.admit_free(folder, free or (lambda: self.next_name(config)))

    @contextmanager
    def arriving(self) -> Iterator[Path]:
        """A hidden folder beside the runs, to be filled and then admitted; what is left of it at the end is removed.

        Raises:
            StoreError: the folder of runs cannot be written.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            for old in leftovers(self.root, _ARRIVING, _LEFTOVER_SECONDS):  # of a process that was killed
                shutil.rmtree(old, ignore_errors=True)
            folder = Path(tempfile.mkdtemp(dir=self.root, prefix=_ARRIVING))
        except OSError as error:
            raise StoreError(f"{self.root}: cannot keep runs there: {error.strerror}") from None
        folder.chmod(0o755)  # mkdtemp's own is for one user only, and the run's folder keeps it
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def admit(self, folder: Path, name: str) -> RunFolder:
        """Make a filled folder a run, in one rename."""
        target = self.path(name)
        if target.exists():
            raise StoreError(f"there is a run named {name!r} already; choose another name, or delete that one first")
        try:
            os.rename(folder, target)
        except OSError as error:
            raise StoreError(f"{name}: {disk_reason(error)}") from None
        sync_folder(self.root)
        return RunFolder(target)

    def admit_free(self, folder: Path, free: Callable[[], str]) -> RunFolder:
        """`admit` under the name that `free()` finds, again where someone else takes that one at the same moment."""
        while True:
            name = free()
            try:
                return self.admit(folder, name)
            except StoreError:
                if not self.path(name).exists():
                    raise

    def rename(self, name: str, new: str) -> RunFolder:
        """
        Raises:
            StoreError: no such run, it is being trained, or the new name is taken or not allowed.
        """
        folder = self.open(name)
        if folder.is_locked():
            raise StoreError(f"{name}: is being trained; stop it before renaming it")
        return self.admit(folder.path, check_name(new))

    def delete(self, name: str) -> None:
        """Remove a run and all that is in its folder; also one whose run.json is damaged. Of a link, only the link.

        Raises:
            StoreError: no such run, or it is being trained.
        """
        path = self.root / name
        if name.startswith(".") or path.parent != self.root or not os.path.lexists(path):
            path = self.path(name)
        if path.is_symlink():
            path.unlink()
            return
        if not path.is_dir():
            raise StoreError(f"no run named {name!r} in {self.root}")
        if is_locked(path):
            raise StoreError(f"{name}: is being trained; stop it before deleting it")
        # Out of sight in one rename, so that a crash cannot leave half a run.
        with self.arriving() as doomed:
            try:
                os.rename(path, doomed / name)
            except OSError as error:
                raise StoreError(f"{name}: could not be deleted: {error.strerror}") from None

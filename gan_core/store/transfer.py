"""A run as one zip: to another machine, to a colleague, to the attic.

    with open("first.zip", "wb") as file:
        export_run(store.open("first"), file)
    folder = import_run(store, "first.zip")          # checked before it can be seen, under a name that is free

The zip holds the run's folder as it lies on disk:

    first/run.json  first/history.jsonl  first/events.jsonl  first/samples/000000640.png  first/000000640.safetensors

Only these are read. What a file manager or a running training leaves beside them (`.lock`, `.DS_Store`, …) is passed
over; a zip with anything else in it is refused, so that nothing is ever silently lost or let in.
"""

from __future__ import annotations

import io
import itertools
import os
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from PIL import Image

from gan_core import networks
from gan_core.archive import extract, open_zip, safe_members
from gan_core.errors import ArchiveError, ConfigError, StoreError
from gan_core.store.files import read_lines, sync_folder
from gan_core.store.folder import RunFolder
from gan_core.store.history import COLUMNS, row
from gan_core.store.store import Store, check_name

MAX_INFO_BYTES = 2**20
MAX_LINES_BYTES = {"history.jsonl": 2**29, "events.jsonl": 2**22, "evaluations.jsonl": 2**22}
MAX_PICTURE_BYTES = 2**25
MAX_PICTURE_SIDE = 4096
MAX_BYTES = 64 * 2**30
MAX_RATIO = 50
"""Unpacked bytes for each byte of the zip: weights and pictures hardly shrink, curves to a tenth."""
MAX_SAMPLE_VALUES = 2**22
"""Numbers in one sample of a run's data: a picture of 1,024 × 1,024 in colour fits."""

LINES = tuple(MAX_LINES_BYTES)

_IMAGES = r"([0-9]{9}|[1-9][0-9]{9,17})"
_CHECKPOINT = re.compile(rf"{_IMAGES}\.safetensors")
_SAMPLE = re.compile(rf"samples/{_IMAGES}\.png")
_PASSED_OVER = re.compile(
    r"(.*/)?(\.lock|\.writing-[^/]*|[0-9]+\.safetensors\.damaged|\.DS_Store|\._[^/]*|Thumbs\.db|desktop\.ini)"
    r"|__MACOSX/.*"
)


# out


def export_run(folder: RunFolder, file: BinaryIO) -> None:
    """Write the run as a zip to `file`, one member in memory at a time.

    A run may train meanwhile. What is written is a run that existed: checkpoints are whole (they appear in one rename)
    and are read before the curves, which may therefore reach beyond them, as after a crash, but never fall short.

    Args:
        file: open for writing in binary; need not be seekable.

    Raises:
        StoreError: a file of the run, or `file`, fails; `file` then holds no whole zip.
    """
    try:
        with zipfile.ZipFile(file, "w") as zf:
            for name, data in _contents(folder):
                # Pictures are compressed already, and weights are noise to a compressor.
                dense = name.endswith((".png", ".safetensors"))
                zf.writestr(f"{folder.name}/{name}", data, zipfile.ZIP_STORED if dense else zipfile.ZIP_DEFLATED)
    except OSError as error:
        where = f" ({Path(error.filename).name})" if isinstance(error.filename, str) else ""
        raise StoreError(f"{folder.name}: could not be exported: {error.strerror or error}{where}") from error


def _contents(folder: RunFolder) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of each file that is part of the run."""
    yield "run.json", (folder.path / "run.json").read_bytes()
    yield from _checkpoints(folder)
    for name in LINES:
        if (folder.path / name).exists():
            yield name, (folder.path / name).read_bytes()
    for _, path in folder.samples():
        if (data := _unless_removed(path)) is not None:
            yield f"samples/{path.name}", data


def _checkpoints(folder: RunFolder) -> Iterator[tuple[str, bytes]]:
    """Newest first: a training run removes the oldest, and where even the newest is gone there is a newer one."""
    while files := folder.checkpoints()[::-1]:
        newest = _unless_removed(files[0].path)
        if newest is None:
            continue
        yield files[0].path.name, newest
        for file in files[1:]:
            if (data := _unless_removed(file.path)) is not None:
                yield file.path.name, data
        return


def _unless_removed(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


# in


def import_run(store: Store, file: str | Path | BinaryIO, name: str | None = None) -> RunFolder:
    """Take a run out of a zip that `export_run` wrote, or that someone made of a run's folder.

    Every file is checked before the run can be seen: run.json is validated, each checkpoint decoded, its seal and its
    settings compared, each picture decoded, the curves and events read. All of it is taken over, or nothing.

    Args:
        file: a path, or a seekable binary file.
        name: the new run's; None: that of the folder in the zip, or dataset-preset-number. With a number behind it
            where it is taken.

    Returns:
        the run. It does not train, whatever its events say last: it can be resumed from its newest checkpoint.

    Raises:
        ArchiveError: not a zip, damaged, or unsafe to unpack; says why.
        StoreError: not a run, or one that is damaged; names the file and what is wrong with it.
    """
    if name is not None:
        check_name(name)
    with open_zip(file) as zf:
        members, inside = _members(zf)
        own = inside.name if inside.name and _allowed(inside.name) else None
        with store.arriving() as arriving:
            _check_space(arriving, sum(info.file_size for info in members))
            path = arriving / (own or "run")
            extract(zf, members, path, strip=len(inside.parts), max_bytes=MAX_BYTES, max_ratio=MAX_RATIO)
            folder = _checked(path)
            for arrived in path.rglob("*"):
                _flush(arrived)
            wanted = name or own
            return store.admit_free(path, lambda: store.free_name(wanted) if wanted else store.next_name(folder.config))


def _check_space(where: Path, needed: int) -> None:
    free = shutil.disk_usage(where).free
    if needed > free:
        raise StoreError(f"the run takes {needed:,} bytes, and the disk has {free:,} left; free some space first")


def _members(zf: zipfile.ZipFile) -> tuple[list[zipfile.ZipInfo], PurePosixPath]:
    """The run's files in a zip, and the folder they lie in there."""
    members = [info for info in safe_members(zf, max_bytes=MAX_BYTES) if not _PASSED_OVER.fullmatch(info.filename)]
    found = [PurePosixPath(info.filename).parent for info in members if PurePosixPath(info.filename).name == "run.json"]
    if not found:
        raise StoreError("the zip holds no run.json: it is no run of this program; export one on the Compare page")
    if len(found) > 1:
        raise StoreError(f"the zip holds {len(found)} runs ({', '.join(map(str, found[:4]))}); zip each one by itself")
    inside = found[0]
    for info in members:
        path = PurePosixPath(info.filename)
        relative = path.relative_to(inside).as_posix() if path.is_relative_to(inside) else None
        limit = None if relative is None else _limit(relative)
        if limit is None:
            raise StoreError(
                f"the zip's file {info.filename[:120]!r} is no part of a run: only run.json, history.jsonl, "
                "events.jsonl, evaluations.jsonl, samples/NUMBER.png and NUMBER.safetensors are taken in; remove it "
                "from the zip"
            )
        if info.file_size > limit:
            raise StoreError(f"the zip's file {info.filename[:120]!r}: {info.file_size:,} bytes; at most {limit:,} fit")
    return members, inside


def _limit(name: str) -> float | None:
    """The most bytes that a file of a run may have; None: it is no file of a run."""
    if name == "run.json":
        return MAX_INFO_BYTES
    if name in LINES:
        return MAX_LINES_BYTES[name]
    if _SAMPLE.fullmatch(name):
        return MAX_PICTURE_BYTES
    return float("inf") if _CHECKPOINT.fullmatch(name) else None


def _allowed(name: str) -> bool:
    try:
        check_name(name)
    except StoreError:
        return False
    return True


def _checked(path: Path) -> RunFolder:
    """
    Raises:
        StoreError: something in the unpacked folder is not as a run's must be.
    """
    folder = RunFolder(path)
    _check_networks(folder)
    for _, picture in folder.samples():
        _check_picture(picture, f"{folder.name}/samples/{picture.name}")
    for name in LINES:
        _check_lines(path / name, f"{folder.name}/{name}")
    limit = _checkpoint_bytes(folder)
    for file in folder.checkpoints():
        if (size := file.path.stat().st_size) > limit:
            raise StoreError(
                f"{folder.name}/{file.path.name}: {size:,} bytes; a checkpoint of these settings has at most {limit:,}"
            )
        _, place = folder.load_checkpoint(file.images)
        if place["images"] != file.images:
            raise StoreError(
                f"{folder.name}/{file.path.name}: holds the state at {place['images']:,} images, which its name "
                "contradicts; give it back its own name"
            )
    return folder


def _check_networks(folder: RunFolder) -> None:
    """Whether the settings can make the data's samples at all, before anyone builds networks for them."""
    facts = folder.info.dataset
    where, values = f"{folder.name}/run.json", 1
    for side in facts.shape:
        values *= max(side, 0)
    if not 1 <= values <= MAX_SAMPLE_VALUES:
        raise StoreError(f"{where}: dataset.shape = {facts.shape}: no sample this program can make")
    try:
        networks.check(folder.config, facts.shape, len(facts.classes))
    except ConfigError as error:
        raise StoreError(f"{where}: {error}") from None


def _checkpoint_bytes(folder: RunFolder) -> int:
    """The most bytes that a checkpoint of these settings has: what is larger is not read into memory."""
    facts = folder.info.dataset
    floats = networks.size(folder.config, facts.shape, len(facts.classes))
    # Weights, their average, and Adam's two moments; then the random states (mt19937: 5 kB each) and the header.
    return 4 * 4 * floats + 2**20


def _check_picture(path: Path, where: str) -> None:
    data = io.BytesIO(path.read_bytes())
    try:
        with Image.open(data, formats=("PNG",)) as picture:
            if max(picture.size) > MAX_PICTURE_SIDE:
                raise StoreError(
                    f"{where}: {picture.width} × {picture.height} pixels; a sample grid has at most {MAX_PICTURE_SIDE} "
                    "a side"
                )
            picture.verify()  # checksums; the pixels need another look
        with Image.open(data, formats=("PNG",)) as picture:
            picture.load()
    except StoreError:
        raise
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise StoreError(f"{where}: not a PNG picture, or damaged ({error})") from None


def _check_lines(path: Path, where: str) -> None:
    """Torn lines are part of a crashed run's life; a file without one good line is something else."""
    if not path.exists():
        return
    if path.name == "history.jsonl":
        rows = [row(record or {}) for record in read_lines(path.read_bytes())]
        good = [values is not None for values in rows]
        for before, after in itertools.pairwise(values for values in rows if values is not None):
            for name, was, now in zip(COLUMNS[:4], before, after, strict=False):
                if now < was:
                    raise StoreError(f"{where}: {name} falls from {was:.12g} to {now:.12g}; a run only goes forward")
    else:
        key = "event" if path.name == "events.jsonl" else "extractor"
        good = [isinstance((record or {}).get(key), str) for record in read_lines(path.read_bytes())]
    if good and not any(good):
        raise StoreError(f"{where}: damaged or not ours: none of its {len(good):,} lines can be read")


def _flush(path: Path) -> None:
    """To the disk itself, so that a crash cannot leave a run that looks whole and is not."""
    if path.is_dir():
        sync_folder(path)
        return
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    except OSError as error:
        raise ArchiveError(f"{path.name}: could not be written: {error.strerror}") from error
    finally:
        os.close(handle)

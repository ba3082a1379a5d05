"""A zip of pictures that someone hands over, unpacked into a folder that the dataset 'folder' can read."""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path
from typing import BinaryIO

from gan_core.archive import extract, open_zip, safe_members
from gan_core.datasets.collection import is_junk, open_collection, top_folders
from gan_core.datasets.picture_file import is_picture
from gan_core.errors import ArchiveError, DatasetError


def save_upload(file: BinaryIO | bytes, into: Path, name: str) -> Path:
    """Unpack an uploaded zip into a new folder below `into`: all of it, or nothing.

    A folder that wraps the whole content is taken off, so that its sub-folders become the classes.

    Args:
        file: the zip, as bytes or a seekable binary file.
        into: the folder for uploads; made where it does not exist.
        name: the wish for the new folder's name, such as the uploaded file's; made harmless, and numbered when taken.

    Returns:
        The new folder.

    Raises:
        DatasetError: not a zip, unsafe, too large, damaged, without at least two pictures, or the disk refuses.
    """
    stream = io.BytesIO(file) if isinstance(file, bytes | bytearray | memoryview) else file
    try:
        with open_zip(stream) as zf:
            members = [info for info in safe_members(zf) if not is_junk(info.filename)]
            target = _free(Path(into), _slug(name))
            extract(zf, members, target, strip=top_folders([info.filename for info in members]))
    except ArchiveError as error:
        raise DatasetError(f"'{name}' cannot be used: {error}") from error
    if not _has_pictures(target):
        shutil.rmtree(target, ignore_errors=True)
        raise DatasetError(
            f"'{name}' holds fewer than two pictures (PNG, JPEG or WebP); nothing was kept. "
            "Upload a zip of pictures, with a sub-folder for each class or with none."
        )
    return target


def _has_pictures(folder: Path) -> bool:
    found = 0
    with open_collection(folder) as collection:
        for entry in collection.entries:
            with entry.open() as file:
                found += is_picture(file)
            if found == 2:
                return True
    return False


def _slug(name: str) -> str:
    stem = re.sub(r"\.zip$", "", re.split(r"[/\\]", name)[-1], flags=re.IGNORECASE)
    return re.sub(r"[^\w-]+", "-", stem).strip("-_")[:60] or "pictures"


def _free(into: Path, name: str) -> Path:
    path, number = into / name, 1
    while path.exists():
        number += 1
        path = into / f"{name}-{number}"
    return path

"""Downloads of data sets in threads of their own: they go on whatever page is open, and every tab sees the same one."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from gan_core import datasets
from gan_core.errors import WorkbenchError


@dataclass
class Download:
    """One data set on its way.

    Attributes:
        done, total: bytes.
        error: why it ended early, in words; trying again goes on where it stopped.
    """

    done: int = 0
    total: int = 0
    error: str | None = None
    active: bool = True


_lock = threading.Lock()
_downloads: dict[tuple[str, Path], Download] = {}


def state(name: str, data_dir: str | None = None) -> Download | None:
    """The download of this data set into this folder, running or ended; None before anyone asked for it."""
    return _downloads.get(_key(name, data_dir))


def begin(name: str, data_dir: str | None = None) -> None:
    """Fetch it, unless that is being done already."""
    key = _key(name, data_dir)
    with _lock:
        known = _downloads.get(key)
        if known is not None and known.active:
            return
        download = _downloads[key] = Download(total=datasets.download_size(name))
    threading.Thread(target=_fetch, args=(*key, download), name=f"download {name}", daemon=True).start()


def _key(name: str, data_dir: str | None) -> tuple[str, Path]:
    return name, datasets.data_folder(data_dir).absolute()


def _fetch(name: str, data_dir: Path, download: Download) -> None:
    def note(done: int, total: int) -> None:
        download.done, download.total = done, total

    try:
        datasets.download(name, data_dir, note)
    except WorkbenchError as error:
        download.error = str(error)
    except Exception as error:  # shown to the person, whatever it was
        download.error = f"{type(error).__name__}: {error}"
    finally:
        download.active = False

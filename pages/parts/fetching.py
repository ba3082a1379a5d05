"""Downloads of data sets in threads of their own: they go on whatever page is open, and every tab sees the same one."""

from __future__ import annotations

import threading
from dataclasses import dataclass

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
_downloads: dict[str, Download] = {}


def state(name: str) -> Download | None:
    """The download of this data set, running or ended; None before anyone asked for it."""
    return _downloads.get(name)


def begin(name: str, base_url: str | None = None) -> None:
    """Fetch it, unless that is being done already."""
    with _lock:
        known = _downloads.get(name)
        if known is not None and known.active:
            return
        download = _downloads[name] = Download(total=datasets.download_size(name))
    threading.Thread(target=_fetch, args=(name, download, base_url), name=f"download {name}", daemon=True).start()


def _fetch(name: str, download: Download, base_url: str | None) -> None:
    def note(done: int, total: int) -> None:
        download.done, download.total = done, total

    try:
        datasets.download(name, on_progress=note, base_url=base_url)
    except WorkbenchError as error:
        download.error = str(error)
    except Exception as error:  # shown to the person, whatever it was
        download.error = f"{type(error).__name__}: {error}"
    finally:
        download.active = False

"""What a dataset tells the registry about itself. A new set is one of these, and one line in `__init__.py`."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gan_core.datasets import downloads
from gan_core.datasets.base import Dataset
from gan_core.datasets.downloads import Progress, Resource
from gan_core.datasets.picture_file import Colour

Needs = Literal["nothing", "files", "path"]


@dataclass(frozen=True)
class Request:
    """What a person asked for, checked.

    Attributes:
        data_dir: the folder that downloads go to.
        path: the person's own folder or zip, for sources that need one.
        image_size: pixels a side, for sources whose pictures have any size.
        colour: 'auto', 'grey' or 'colour', for the same.
        on_progress: called with (done, total) while reading takes long.
        drawing: a drawing's strokes, as text.
    """

    data_dir: Path
    path: Path | None = None
    image_size: int = 28
    colour: Colour = "auto"
    on_progress: Progress | None = None
    drawing: str | None = None


def _no_key(request: Request) -> Hashable:
    return None


@dataclass(frozen=True)
class Source:
    """One entry of the registry.

    Attributes:
        name: how settings and the shell call it, like 'fashion-mnist'.
        title: how a screen calls it.
        description: one or two sentences for a screen.
        needs: 'nothing' (built in), 'files' (below the data folder, can be downloaded) or 'path' (the person's own).
        read: makes the dataset; raises DatasetError.
        key: what, besides the name, decides the content; equal keys share one dataset in memory.
        resources: what `download` fetches, and so what `read` finds below the data folder.
    """

    name: str
    title: str
    description: str
    needs: Needs
    read: Callable[[Request], Dataset]
    key: Callable[[Request], Hashable] = _no_key
    resources: tuple[Resource, ...] = ()

    def missing(self, data_dir: Path) -> list[Path]:
        """The files below the data folder that `read` needs and that are not there."""
        return downloads.missing(self.resources, data_dir)

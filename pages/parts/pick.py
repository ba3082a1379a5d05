"""Which run and which checkpoint a page shows: what its link asks for, as far as that is there."""

from __future__ import annotations

from collections.abc import Sequence

from gan_core.errors import WorkbenchError
from gan_core.snapshot import Snapshot
from gan_core.store import RunFolder
from pages.parts.workbench import runs


def newest_run(snapshots: Sequence[Snapshot]) -> str:
    """The run in training, else the newest that has something to show."""
    training = (snapshot.name for snapshot in snapshots if snapshot.state == "training")
    drawing = (snapshot.name for snapshot in snapshots if runs().folder(snapshot.name).checkpoints())
    return next(training, None) or next(drawing, None) or snapshots[0].name


def there(
    run: str | None, images: int | None, snapshots: Sequence[Snapshot], newest: str
) -> tuple[RunFolder, int | None, list[str]]:
    """The run and the checkpoint that are asked for, or the newest in place of what is not there; and that in words.

    Args:
        run: None: the newest.
        images: of a checkpoint; None: the newest.
    """
    wrong: list[str] = []
    if run is not None and run not in [snapshot.name for snapshot in snapshots]:
        wrong.append(_why_missing(run))
        run, images = None, None
    folder = runs().folder(run or newest)
    if images is not None:
        try:
            folder.find(images)
        except WorkbenchError as error:
            wrong.append(str(error))
            images = None
    return folder, images, wrong


def _why_missing(name: str) -> str:
    try:
        return f"{runs().folder(name).name}: is not among the runs below"
    except WorkbenchError as error:
        return str(error)

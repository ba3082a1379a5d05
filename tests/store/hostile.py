"""A good run beside one that is to be spoiled, and what must hold whatever was done to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gan_core.errors import WorkbenchError
from gan_core.runs import Runs

Contents = Callable[[Path], dict[str, str]]


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

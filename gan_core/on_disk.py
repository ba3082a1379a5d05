"""A run that does not train in this process, as its folder tells."""

from __future__ import annotations

import sys
from typing import Any

from gan_core.errors import StoreError
from gan_core.schedules import target_images
from gan_core.snapshot import Snapshot
from gan_core.store import History, RunFolder, newest
from gan_core.store.files import stamp
from gan_core.watch import Watched, watched


class OnDisk:
    """A run as its folder tells, read again only as far as files changed."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self._info = stamp(folder.path / "run.json")
        self.events_stamp: tuple[int, int] | None = None
        self._state: tuple[str, str | None] = ("stopped", None)
        self._history = History()
        self._watched: Watched | None = None
        self._watched_stamp: Any = None
        self._lately_stamp: tuple[int, int] | None = None
        self._newest: list[dict[str, float]] = []

    def outdated(self) -> bool:
        return stamp(self.folder.path / "run.json") != self._info

    def history(self) -> History:
        self._history.refresh(self.folder.path / "history.jsonl")
        return self._history

    def watched(self) -> Watched:
        now = stamp(self.folder.path / "evaluations.jsonl"), stamp(self.folder.path / "history.jsonl")
        if self._watched is None or now != self._watched_stamp:
            self._watched, self._watched_stamp = watched(self.folder, self.history(), sys.maxsize), now
        return self._watched

    def _lately(self) -> list[dict[str, float]]:
        """The newest records: a list of runs must not cost more for long ones."""
        path = self.folder.path / "history.jsonl"
        if (now := stamp(path)) != self._lately_stamp:
            try:
                self._newest = newest(path, 20)
            except OSError as error:
                raise StoreError(f"{self.folder.name}/{path.name}: cannot be read: {error.strerror}") from None
            self._lately_stamp = now
        return self._newest

    def snapshot(self) -> Snapshot:
        folder, config, facts = self.folder, self.folder.config, self.folder.info.dataset
        events = folder.events_stamp()
        # A run that says it trains may have died since: only whoever holds its lock can tell.
        if events != self.events_stamp or self._state[0] in ("training", "paused"):
            self._state = folder.state()
            self.events_stamp = events
        state, reason = self._state
        lately = self._lately()
        last = lately[-1] if lately else dict.fromkeys(("step", "images", "seconds"), 0.0)
        rate = 0.0
        if state == "training" and lately and last["seconds"] > (first := lately[0])["seconds"]:
            rate = (last["images"] - first["images"]) / (last["seconds"] - first["seconds"])
        files = folder.checkpoints()
        newest = files[-1].images if files else 0
        images = max(int(last["images"]), newest if state != "interrupted" else 0)
        return Snapshot(
            folder.name, state, reason, config, facts, images // folder.images_per_step, images,
            last["seconds"], rate, target_images(config, facts.count), config.seconds, False,
        )

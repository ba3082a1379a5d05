"""How a run's state is called and marked, the same on every screen."""

from __future__ import annotations

from gan_core.snapshot import Snapshot

MARKS = {
    "queued": "◌", "training": "●", "paused": "‖", "stopping": "…", "stopped": "■", "finished": "✓", "failed": "✕",
    "interrupted": "↯",
}


def label(snapshot: Snapshot) -> str:
    """The run in a list: its mark and its name."""
    return f"{MARKS[snapshot.state]} {snapshot.name}"

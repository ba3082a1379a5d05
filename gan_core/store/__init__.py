"""The run folders on disk: the only code that writes below checkpoints/."""

from gan_core.store.folder import CheckpointFile, DatasetFacts, RunFolder, RunInfo, disk_reason, now, versions
from gan_core.store.history import COLUMNS, History, Thinned
from gan_core.store.store import Store

__all__ = [
    "COLUMNS", "CheckpointFile", "DatasetFacts", "History", "RunFolder", "RunInfo", "Store", "Thinned", "disk_reason",
    "now", "versions",
]

"""The run folders on disk: the only code that writes below checkpoints/."""

from gan_core.store.folder import (
    CheckpointFile,
    DatasetFacts,
    Parent,
    RunFolder,
    RunInfo,
    disk_reason,
    now,
    versions,
)
from gan_core.store.history import COLUMNS, History, Thinned, newest
from gan_core.store.store import Store
from gan_core.store.transfer import export_run, import_run

__all__ = [
    "COLUMNS", "CheckpointFile", "DatasetFacts", "History", "Parent", "RunFolder", "RunInfo", "Store", "Thinned",
    "disk_reason", "export_run", "import_run", "newest", "now", "versions",
]

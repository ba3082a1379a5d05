"""Who goes first where a machine's cores are wanted by all."""

from __future__ import annotations

import os
import threading


def lower_priority(niceness: int) -> None:
    """Let others go first: the screens before the training, the training before what measures it.

    Of the calling thread alone, which on Linux has a priority of its own; elsewhere nothing. Before the thread's first
    tensor operation, whose team of threads inherits it.
    """
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
    except (AttributeError, OSError):
        pass

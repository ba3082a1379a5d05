"""Threads for what sockets draw and read, so that the server's event loop never waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Result = TypeVar("Result")

# Threads of our own: one that began after a training said `set_num_threads(2)` would take two threads for each picture.
_threads = ThreadPoolExecutor(4, "screens", initializer=torch.set_num_threads, initargs=(1,))


async def in_thread(work: Callable[[], Result]) -> Result:
    """`work()`, off the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_threads, work)

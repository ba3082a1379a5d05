"""The same work again and again: on a CUDA device from a graph that was captured once, elsewhere by calling it.

A small network's step is hundreds of tiny kernels, which a CPU can hardly hand out as fast as a GPU is done with them.
Captured by hand: the graphs of `torch.compile` cannot be used from threads (pytorch #123177).
"""

from __future__ import annotations

import functools
import logging
import threading
from collections import Counter
from collections.abc import Callable, Hashable, Sequence

import torch

log = logging.getLogger(__name__)

WARM_UP = 3
"""Plays before a capture: libraries choose their algorithms and make their buffers in the first."""

TRIES = 3
"""Captures that may fail, where something else in the process disturbs them, before all work is played as on a CPU."""

_taking_turns = threading.Lock()
"""A capture begins by waiting for the whole device, which breaks another that is under way. And PyTorch has a few
streams only, which it hands out again and again: what else is done on that of a capture would become a part of it."""


@functools.cache
def _stream(device: torch.device) -> torch.cuda.Stream:
    """What all captures, and the plays before them, are made on in turn."""
    return torch.cuda.Stream(device)


class Replay:
    """Plays a piece of work, which must read and write the same tensors each time, and wait for nothing.

    Args:
        device: only on a CUDA device is anything captured.
        generators: what the work draws from; each play, from a graph too, goes on where the one before ended.
    """

    def __init__(self, device: torch.device, generators: Sequence[torch.Generator]) -> None:
        self.captures, self._device = device.type == "cuda", device
        self._generators = generators
        self._graphs: dict[Hashable, torch.cuda.CUDAGraph] = {}
        self._played: Counter[Hashable] = Counter()
        self._failed = 0

    def __call__(self, key: Hashable, work: Callable[[], None]) -> None:
        """Play `work`. The same key promises the same operations on the same tensors."""
        if not self.captures:
            work()
        elif key in self._graphs:
            self._graphs[key].replay()
        elif self._played[key] < WARM_UP:
            self._played[key] += 1
            self._beside(work)
        else:
            self._capture(key, work)

    def _beside(self, work: Callable[[], None]) -> None:
        """On the stream that it will be captured on, as PyTorch asks of what comes before a capture."""
        stream = _stream(self._device)
        with _taking_turns:
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                work()
            torch.cuda.current_stream().wait_stream(stream)

    def _capture(self, key: Hashable, work: Callable[[], None]) -> None:
        graph, states = torch.cuda.CUDAGraph(), [generator.get_state() for generator in self._generators]
        try:
            for generator in self._generators:
                graph.register_generator_state(generator)
            # thread_local: what other threads do on the device meanwhile is theirs, and no error.
            mode = {"stream": _stream(self._device), "capture_error_mode": "thread_local"}
            with _taking_turns, torch.cuda.graph(graph, **mode):
                work()
        except RuntimeError as error:
            self._give_up(error, states)
            self._beside(work)
            return
        self._graphs[key] = graph
        graph.replay()  # a capture itself computes nothing

    def _give_up(self, error: RuntimeError, states: Sequence[torch.Tensor]) -> None:
        """Go on as if nothing had been captured yet, with generators that know of no graph, from where they stood."""
        self._failed += 1
        self.captures = self._failed < TRIES
        log.warning("no CUDA graph (try %d of %d): %s", self._failed, TRIES, str(error).splitlines()[0])
        self._graphs.clear()
        self._played.clear()
        for generator, state in zip(self._generators, states, strict=True):
            fresh = torch.Generator(generator.device)
            fresh.set_state(state)
            generator.graphsafe_set_state(fresh)

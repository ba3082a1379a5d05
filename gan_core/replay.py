"""The same work again and again: on a CUDA device from a graph that was captured once, elsewhere by calling it.

A small network's step is hundreds of tiny kernels, which a CPU can hardly hand out as fast as a GPU is done with them.
Captured by hand: the graphs of `torch.compile` cannot be used from threads (pytorch #123177).
"""

from __future__ import annotations

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

_one_capture = threading.Lock()
"""A capture begins by waiting for the whole device, which no other may be under way for: it would break both."""


class Replay:
    """Plays a piece of work, which must read and write the same tensors each time, and wait for nothing.

    Args:
        device: only on a CUDA device is anything captured.
        generators: what the work draws from; each play, from a graph too, goes on where the one before ended.
    """

    def __init__(self, device: torch.device, generators: Sequence[torch.Generator]) -> None:
        self.captures = device.type == "cuda"
        self._generators = generators
        self._graphs: dict[Hashable, torch.cuda.CUDAGraph] = {}
        self._played: Counter[Hashable] = Counter()
        self._failed = 0
        # Of its own: runs in other threads may capture at the same moment.
        self._stream = torch.cuda.Stream(device) if self.captures else None

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
        assert self._stream is not None
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            work()
        torch.cuda.current_stream().wait_stream(self._stream)

    def _capture(self, key: Hashable, work: Callable[[], None]) -> None:
        graph, states = torch.cuda.CUDAGraph(), [generator.get_state() for generator in self._generators]
        try:
            for generator in self._generators:
                graph.register_generator_state(generator)
            # thread_local: what other threads do on the device meanwhile is theirs, and no error.
            with _one_capture, torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local"):
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

"""How near a training step is to the machine's limit: what it computes, and how fast its matrix products are alone."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map
from torch.utils.flop_counter import flop_registry

from gan_core.trainer import Trainer

_PRODUCTS = {
    torch.ops.aten.mm.default, torch.ops.aten.addmm.default, torch.ops.aten.bmm.default,
    torch.ops.aten.convolution.default, torch.ops.aten.convolution_backward.default,
}


@dataclass(frozen=True)
class Limit:
    """Of one real image that D sees: floating-point operations of the step's matrix products and convolutions, and the
    seconds that these take with nothing else around them, each repeated alone at the very shapes of the step."""

    flop: float
    seconds: float


class _Calls(TorchDispatchMode):
    """Counts each product by its shapes, and keeps a way to make it again.

    Not PyTorch's FlopCounterMode, which refuses `autograd.grad`; but its formulas.
    """

    def __init__(self) -> None:
        super().__init__()
        self.flop = 0
        self.counts: Counter[str] = Counter()
        self.again: dict[str, Callable[[], Any]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if func in _PRODUCTS:
            self.flop += flop_registry[func.overloadpacket](*args, **(kwargs or {}), out_val=result)
            key = str((func, tree_map(lambda x: (x.shape, x.stride()) if isinstance(x, Tensor) else x, args)))
            self.counts[key] += 1
            if key not in self.again:
                like = tree_map(lambda x: torch.randn_like(x) if isinstance(x, Tensor) else x, args)
                self.again[key] = lambda: func(*like, **(kwargs or {}))
        return result


def limit(trainer: Trainer, steps: int = 4, repeats: int = 10) -> Limit:
    """
    Args:
        steps: to count over; a multiple of the interval of lazy penalties.
        repeats: of each product; the fastest counts.
    """
    trainer.step()  # whatever is made once only
    before = trainer.images
    with _Calls() as calls:
        for _ in range(steps):
            trainer.step()
    images = trainer.images - before
    seconds = sum(count * _fastest(calls.again[key], repeats) for key, count in calls.counts.items())
    return Limit(calls.flop / images, seconds / images)


@torch.no_grad()
def _fastest(work: Callable[[], Any], repeats: int) -> float:
    work()
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)

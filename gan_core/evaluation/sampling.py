"""Samples to be judged: as many as asked for, in batches, from a generator's own stream of latents."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from gan_core.datasets import Dataset
from gan_core.pictures import as_kept, to_uint8


@torch.no_grad()
def draw(
    generator: Callable[[Tensor, Tensor | None], Tensor], latent_dim: int, labels: Tensor | None, count: int,
    random: torch.Generator, batch: int = 500,
) -> tuple[Tensor, Tensor | None]:
    """Samples as they would be kept, by `generator` as it is (eval mode is the caller's): [count, *shape], uint8 where
    they are pictures, else float32; and the classes that were asked for, int64 [count], or None.

    Args:
        labels: int64, the data's own; each sample's is drawn from them, so that fakes have the classes' real shares.
            None: the generator knows no classes.
        random: where latents and labels are drawn from, on the CPU.
    """
    z = torch.randn(count, latent_dim, generator=random)
    chosen = None if labels is None else labels[torch.randint(len(labels), (count,), generator=random)]
    parts = zip(z.split(batch), [None] * count if chosen is None else chosen.split(batch), strict=False)
    return torch.cat([as_kept(generator(latents, y)).cpu() for latents, y in parts]), chosen


def real_places(dataset: Dataset, count: int, random: torch.Generator) -> Tensor:
    """Places of `count` samples, int64: each once before any a second time, in an order from `random`."""
    rounds = -(-count // len(dataset))
    return torch.cat([torch.randperm(len(dataset), generator=random) for _ in range(rounds)])[:count]


def shown(dataset: Dataset, places: Tensor, random: torch.Generator) -> Tensor:
    """Real samples as D sees them (moved a little, where the data says so): uint8 [N, *shape], floats as they are."""
    parts = []
    for part in places.split(2000):
        x = dataset.batch(part, random)[0]
        parts.append(to_uint8(x) if dataset.samples.dtype == torch.uint8 else x)
    return torch.cat(parts)


def draw_real(dataset: Dataset, count: int, random: torch.Generator) -> Tensor:
    """Real samples as D sees them: uint8 [count, *shape]; see `real_places` and `shown`."""
    return shown(dataset, real_places(dataset, count, random), random)

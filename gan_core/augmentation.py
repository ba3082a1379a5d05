"""Differentiable augmentation (Zhao 2020): random changes to what D sees, through which the gradient still flows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad


def _uniform(x: Tensor, low: float, high: float, generator: torch.Generator) -> Tensor:
    """One number per picture, [B, 1, 1, 1]."""
    return torch.rand(x.shape[0], 1, 1, 1, generator=generator, device=x.device) * (high - low) + low


def _integers(x: Tensor, low: int, high: int, generator: torch.Generator) -> Tensor:
    """One whole number in [low, high] per picture, [B, 1, 1]."""
    return torch.randint(low, high + 1, (x.shape[0], 1, 1), generator=generator, device=x.device)


def colour(x: Tensor, generator: torch.Generator) -> Tensor:
    """Brightness ±0.5; for colour pictures saturation × [0, 2]; contrast × [0.5, 1.5]."""
    x = x + _uniform(x, -0.5, 0.5, generator)
    if x.shape[1] > 1:
        grey = x.mean(1, keepdim=True)
        x = (x - grey) * _uniform(x, 0, 2, generator) + grey
    mean = x.mean((1, 2, 3), keepdim=True)
    return (x - mean) * _uniform(x, 0.5, 1.5, generator) + mean


def translation(x: Tensor, generator: torch.Generator) -> Tensor:
    """Moved by up to an eighth of the side each way; what comes in is the middle value 0, as in the paper's code."""
    _, _, height, width = x.shape
    up, left = int(height / 8 + 0.5), int(width / 8 + 0.5)
    rows = torch.arange(height, device=x.device).view(1, -1, 1) + _integers(x, 0, 2 * up, generator)
    columns = torch.arange(width, device=x.device).view(1, 1, -1) + _integers(x, 0, 2 * left, generator)
    padded = pad(x, (left, left, up, up))
    pictures = torch.arange(x.shape[0], device=x.device).view(-1, 1, 1)
    return padded.permute(0, 2, 3, 1)[pictures, rows, columns].permute(0, 3, 1, 2)


def cutout(x: Tensor, generator: torch.Generator) -> Tensor:
    """A square of half the side, somewhere, set to the middle value 0."""
    _, _, height, width = x.shape
    rows = torch.arange(height, device=x.device).view(1, -1, 1)
    columns = torch.arange(width, device=x.device).view(1, 1, -1)
    top = _integers(x, -(height // 4), height - height // 4, generator)
    left = _integers(x, -(width // 4), width - width // 4, generator)
    inside = (rows >= top) & (rows < top + height // 2) & (columns >= left) & (columns < left + width // 2)
    return x * (~inside).unsqueeze(1)


AUGMENTATIONS: dict[str, Callable[[Tensor, torch.Generator], Tensor]] = {
    "colour": colour, "translation": translation, "cutout": cutout,
}


def augmented(x: Tensor, names: Sequence[str], generator: torch.Generator) -> Tensor:
    """Pictures [B, C, H, W] after the named changes, each picture with its own draw."""
    for name in names:
        x = AUGMENTATIONS[name](x, generator)
    return x

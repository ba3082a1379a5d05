"""How a player turns its gradient into a step: Adam, RMSProp or plain gradient descent."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.optim import SGD, Adam, Optimizer, RMSprop

from gan_core.config import RunConfig


def make(
    kind: str, parameters: Sequence[Tensor], rate: float, config: RunConfig, device: torch.device
) -> Optimizer:
    """An optimiser whose memory exists from the start, so that saving and loading need no case for "before the first
    step".

    Args:
        kind: `adam` (Kingma & Ba 2015), `rmsprop` (Hinton 2012), whose memory of the gradient's size is `beta2`, or
            `sgd`, whose momentum is `beta1`.
    """
    on_cuda = device.type == "cuda"
    if kind == "adam":
        optimiser: Optimizer = Adam(
            parameters, lr=rate, betas=(config.beta1, config.beta2), fused=True, capturable=on_cuda
        )
        parts = {"step": True, "exp_avg": False, "exp_avg_sq": False}
    elif kind == "rmsprop":
        optimiser = RMSprop(parameters, lr=rate, alpha=config.beta2, capturable=on_cuda, foreach=True)
        parts = {"step": True, "square_avg": False}
    else:
        optimiser = SGD(parameters, lr=rate, momentum=config.beta1, fused=True)
        parts = {"momentum_buffer": False} if config.beta1 else {}
    for parameter in parameters:
        optimiser.state[parameter] = {
            name: torch.zeros((), device=device) if scalar
            else torch.zeros_like(parameter, memory_format=torch.preserve_format)
            for name, scalar in parts.items()
        }
    return optimiser

"""A look ahead: D's weights after some steps more against the G of now (Metz 2017, equations 6 to 9).

    θ⁰ = θ,  θᵏ⁺¹ = θᵏ - η · step(∇ L_D(θᵏ, G)),  and G minimises L_G(θᴷ, G)

in which the steps stay differentiable: G's gradient flows through them too, so that G learns how D would answer. A step
is the optimiser's own, begun from its memory as it is, which is not changed: gradient descent with momentum, RMSProp or
Adam. What these divide by, the root of the squared gradients' average, is updated but held constant when
differentiated: where a unit is silent its slope is infinite. D's penalties are left out of the look ahead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.optim import Optimizer

from gan_core.config import RunConfig

Weights = dict[str, Tensor]
Ahead = Callable[[Callable[[Weights], Tensor]], Weights]


def look_ahead(
    loss_of: Callable[[Weights], Tensor], named: Mapping[str, Tensor], optimiser: Optimizer, kind: str,
    rate: float | Tensor, config: RunConfig,
) -> Weights:
    """
    Args:
        loss_of: weights → what D would then minimise, on the batch at hand.
        named: D's parameters by name, with what `optimiser` remembers of each.
        kind: of optimiser, as in `optimisers.make`.

    Returns:
        D's parameters after `config.unrolled_steps` steps, by name, attached to whatever the loss depends on.
    """
    parameters = list(named.values())
    sizes, shapes = [p.numel() for p in parameters], [p.shape for p in parameters]

    def remembered(part: str) -> Tensor:
        # As one vector: a small network's step is many small operations otherwise.
        return torch.cat([optimiser.state[p][part].flatten() for p in parameters])

    def by_name(flat: Tensor) -> Weights:
        return {
            name: part.view(shape) for name, part, shape in zip(named, flat.split(sizes), shapes, strict=True)
        }

    flat = torch.cat([p.detach().flatten() for p in parameters]).requires_grad_()
    beta1, beta2 = config.beta1, config.beta2
    first = remembered("exp_avg") if kind == "adam" else None
    if kind == "sgd" and beta1:
        first = remembered("momentum_buffer")
    second = None if kind == "sgd" else remembered("exp_avg_sq" if kind == "adam" else "square_avg")
    steps = optimiser.state[parameters[0]]["step"] if kind == "adam" else None
    for number in range(1, config.unrolled_steps + 1):
        (slope,) = torch.autograd.grad(loss_of(by_name(flat)), flat, create_graph=True)
        move = slope
        if second is not None:
            second = beta2 * second + (1 - beta2) * slope.detach().square()
            size = second
            if kind == "adam":
                assert first is not None and steps is not None
                first = beta1 * first + (1 - beta1) * slope
                move = first / (1 - beta1 ** (steps + number))
                size = second / (1 - beta2 ** (steps + number))
            move = move / (size.sqrt() + 1e-8)
        elif first is not None:
            first = beta1 * first + slope
            move = first
        flat = flat - rate * move
    return by_name(flat)

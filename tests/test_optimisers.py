"""Each optimiser's steps by its own formula, and its memory in the state from the start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from gan_core.trainer import Trainer

Make = Callable[..., Any]
PARTS = {"adam": {"step", "exp_avg", "exp_avg_sq"}, "rmsprop": {"step", "square_avg"}, "sgd": {"momentum_buffer"}}


@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize("kind", PARTS)
def test_steps_by_the_formula(tiny: Make, tiny_config: Make, kind: str, fixed: bool) -> None:
    rate, beta1, beta2 = 0.01, 0.5, 0.8
    config = tiny_config("article", optimiser_d=kind, beta1=beta1, beta2=beta2, lr_d=rate)
    trainer = Trainer(config, tiny(), fixed=fixed)
    trainer._schedule()
    expected = [parameter.detach().double() for parameter in trainer.parameters["d"]]
    first = [torch.zeros_like(value) for value in expected]
    second = [torch.zeros_like(value) for value in expected]
    random = torch.Generator().manual_seed(0)
    for number in range(1, 4):
        gradients = tuple(torch.randn(value.shape, generator=random) for value in expected)
        trainer.update("d", gradients)
        for place, gradient in enumerate(gradients):
            g = gradient.double()
            if kind == "sgd":
                first[place] = beta1 * first[place] + g
                move = first[place]
            else:
                first[place] = beta1 * first[place] + (1 - beta1) * g
                second[place] = beta2 * second[place] + (1 - beta2) * g.square()
                move = g / (second[place].sqrt() + 1e-8)
                if kind == "adam":
                    size = (second[place] / (1 - beta2**number)).sqrt() + 1e-8
                    move = first[place] / (1 - beta1**number) / size
            expected[place] = expected[place] - rate * move
    for parameter, value in zip(trainer.parameters["d"], expected, strict=True):
        assert torch.allclose(parameter.detach(), value.float(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", PARTS)
def test_its_memory_is_in_the_state(tiny: Make, tiny_config: Make, kind: str) -> None:
    trainer = Trainer(tiny_config("article", optimiser_g=kind), tiny())
    before = set(trainer.state()[0])
    trainer.step()
    assert set(trainer.state()[0]) == before
    memory = {name.rsplit(".", 1)[1] for name in before if name.startswith("optimiser.generator.")}
    assert memory == PARTS[kind]


def test_descent_without_momentum_remembers_nothing(tiny: Make, tiny_config: Make) -> None:
    trainer = Trainer(tiny_config("article", optimiser_g="sgd", beta1=0.0), tiny())
    trainer.step()
    assert not [name for name in trainer.state()[0] if name.startswith("optimiser.generator.")]

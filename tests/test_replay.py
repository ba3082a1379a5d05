"""What a captured step needs can be tested without a GPU: the same numbers, the same tensors, and no waiting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from gan_core import datasets
from gan_core.config import RunConfig
from gan_core.presets import PRESETS
from gan_core.replay import Replay
from gan_core.trainer import Trainer

# Everything that changes over a run, at once.
RESTLESS = {
    "instance_noise": 0.2, "instance_noise_images": 40, "lr_decay": "cosine", "lr_decay_from": 0, "lr_decay_to": 100,
    "augment": ("colour", "translation", "cutout"), "ema_half_life": 50,
}
# What makes the CPU wait for a GPU, or find out sizes.
WAITING = {"_local_scalar_dense", "nonzero", "masked_select", "_unique2", "is_nonzero", "equal"}


@pytest.fixture
def pair(tiny_config: Callable[..., RunConfig]) -> Callable[..., tuple[Trainer, Trainer]]:
    """The same run twice: as on a CPU, and with all that changes in tensors of its own."""

    def make(preset: str, **settings: Any) -> tuple[Trainer, Trainer]:
        config, data = tiny_config(preset, dataset="digits", **settings), datasets.load("digits")
        return Trainer(config, data, fixed=False), Trainer(config, data, fixed=True)

    return make


@pytest.mark.parametrize("settings", [{}, RESTLESS], ids=["as it is", "all that changes"])
@pytest.mark.parametrize("preset", PRESETS)
def test_tensors_of_its_own_change_no_number(
    pair: Callable[..., tuple[Trainer, Trainer]], preset: str, settings: dict[str, Any]
) -> None:
    plain, fixed = pair(preset, **settings)
    for _ in range(8):
        plain.step()
        fixed.step()
        expected, found = plain.record(), fixed.record()
        assert expected is not None and found == pytest.approx(expected, rel=2e-3, abs=2e-4)
    for (name, one), (_, other) in zip(plain._tensors(), fixed._tensors(), strict=True):
        assert torch.allclose(one.float(), other.float(), rtol=1e-2, atol=2e-3), name
    assert torch.equal(plain.noise.get_state(), fixed.noise.get_state())


@pytest.mark.parametrize(
    ("preset", "settings"),
    [
        *((preset, {}) for preset in PRESETS),
        # PyTorch's RMSProp takes a rate that lies in a tensor without waiting on GPUs only.
        ("article", {"optimiser_d": "sgd", "optimiser_g": "sgd", "unrolled_steps": 2, "latent": "uniform"}),
        ("wgan-gp", {"optimiser_g": "sgd", "unrolled_steps": 1}),
        ("r3gan", {"unrolled_steps": 1, "packing": 2, "conditional": "no"}),
    ],
)
def test_a_step_waits_for_nothing_and_makes_no_new_inputs(
    pair: Callable[..., tuple[Trainer, Trainer]], preset: str, settings: dict[str, Any]
) -> None:
    _, trainer = pair(preset, **{**RESTLESS, "instance_noise_images": 10_000, **settings})
    trainer.step()
    before = _inputs(trainer)
    asked: set[str] = set()

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            asked.add(func.overloadpacket.__name__)
            return func(*args, **(kwargs or {}))

    with Watch():
        trainer.step()
    assert "mm" in asked or "convolution" in asked or "addmm" in asked
    assert not asked & WAITING
    assert _inputs(trainer) == before


def _inputs(trainer: Trainer) -> dict[str, int]:
    """Where the tensors lie that a step reads and that are set from outside."""
    knobs = {name: value.data_ptr() for name, value in trainer._knobs.items() if isinstance(value, Tensor)}
    assert {"lr_d", "lr_g", "share"} <= knobs.keys()
    return knobs | {"indices": trainer.indices.data_ptr(), "window": trainer._window.data_ptr()}


def test_without_a_gpu_work_is_simply_done() -> None:
    replay, done = Replay(torch.device("cpu"), []), []
    for number in range(5):
        replay("key", lambda number=number: done.append(number))
    assert done == [0, 1, 2, 3, 4] and not replay.captures

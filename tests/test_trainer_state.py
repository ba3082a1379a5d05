"""What a training step must not touch, the sample grid, and states that are refused."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from gan_core.config import RunConfig
from gan_core.device import pick_device, thread_count
from gan_core.errors import ConfigError, StoreError
from gan_core.presets import PRESETS
from gan_core.trainer import Trainer, fixed_latents, grid_columns

Make = Callable[..., Any]


def states_equal(one: Trainer, other: Trainer) -> bool:
    (mine, place), (theirs, there) = one.state(), other.state()
    return place == there and mine.keys() == theirs.keys() and all(torch.equal(mine[n], theirs[n]) for n in mine)


# what a step must not touch


@pytest.mark.parametrize("preset", PRESETS)
def test_looking_does_not_disturb(tiny: Make, tiny_config: Make, preset: str):
    """Grids, states, checks and copies between the steps change no bit of what is trained."""
    alone, watched = (Trainer(tiny_config(preset), tiny(jitter=True)) for _ in range(2))
    for _ in range(3):
        alone.step()
        watched.draw_fixed()
        watched.state()
        watched.step()
        watched.check_finite()
        copy.deepcopy(watched.ema).eval()
    assert states_equal(alone, watched)


@pytest.mark.parametrize("preset", PRESETS)
def test_the_global_generator_is_neither_used_nor_moved(tiny: Make, tiny_config: Make, preset: str):
    results = []
    for seed in (0, 1):
        with torch.random.fork_rng():
            torch.random.default_generator.manual_seed(seed)
            before = torch.random.get_rng_state()
            trainer = Trainer(tiny_config(preset, augment=("colour", "translation", "cutout")), tiny(jitter=True))
            trainer.step()
            trainer.draw_fixed()
            assert torch.equal(before, torch.random.get_rng_state())
        results.append(trainer)
    assert states_equal(*results)


def test_two_runs_side_by_side_are_the_runs_alone(tiny: Make, tiny_config: Make):
    alone = [Trainer(tiny_config("article", seed=seed), tiny()) for seed in (1, 2)]
    mixed = [Trainer(tiny_config("article", seed=seed), tiny()) for seed in (1, 2)]
    for trainer in alone:
        for _ in range(3):
            trainer.step()
    for _ in range(3):
        for trainer in mixed:
            trainer.step()
    assert all(states_equal(one, other) for one, other in zip(alone, mixed, strict=True))


class NoWaiting(TorchDispatchMode):
    """Refuses every operation that takes a number off the device, from Python or from within PyTorch."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        assert "_local_scalar_dense" not in str(func) and "is_nonzero" not in str(func), f"the step waits: {func}"
        return func(*args, **kwargs or {})


@pytest.mark.parametrize("preset", PRESETS)
def test_a_step_waits_for_nothing(tiny: Make, tiny_config: Make, preset: str, monkeypatch: pytest.MonkeyPatch):
    trainer = Trainer(tiny_config(preset, augment=("colour", "translation", "cutout")), tiny(jitter=True))

    def refuse(*_: Any) -> None:
        raise AssertionError("the step waits")

    for name in ("item", "tolist", "numpy", "cpu", "__bool__", "__float__", "__int__", "__index__", "__array__"):
        monkeypatch.setattr(torch.Tensor, name, refuse)
    with NoWaiting():
        for _ in range(2):
            trainer.step()
    for look in (trainer.record, trainer.check_finite, trainer.draw_fixed):
        with pytest.raises(AssertionError, match="waits"), NoWaiting():
            look()


def test_waiting_inside_pytorch_would_be_noticed():
    with pytest.raises(AssertionError, match="waits"), NoWaiting():
        torch.arange(3)[torch.tensor(1)]  # reads the index


# the sample grid


def test_the_grid_is_the_same_latents_through_the_average(tiny: Make, tiny_config: Make):
    config = tiny_config("quick")
    trainer = Trainer(config, tiny())
    for _ in range(3):
        trainer.step()
    z, labels = fixed_latents(config, trainer.columns, True, 10)
    assert labels is not None and labels.tolist() == list(range(10)) * config.grid
    assert torch.equal(z, trainer.fixed_z) and len(z) == config.grid * 10
    ema = copy.deepcopy(trainer.ema).eval()
    pictures = trainer.draw_fixed()
    assert pictures.dtype == torch.uint8 and pictures.shape == (config.grid * 10, 1, 28, 28)
    expected = ((ema(z, labels).detach() + 1) * 127.5).round().clamp(0, 255)
    assert torch.equal(pictures.float(), expected)
    assert trainer.game.generator.training


def test_columns_of_the_grid(tiny_config: Make):
    config = tiny_config("quick", grid=4)
    assert grid_columns(config, True, 10) == 10
    assert grid_columns(config, True, 26) == 4
    assert grid_columns(config, False, 10) == 4


# what it refuses


def test_a_device_that_is_not_there():
    absent = next(name for name in ("mps", "cuda") if not getattr(torch, name).is_available())
    with pytest.raises(ConfigError, match=f"device = '{absent}'.*it finds .*cpu"):
        pick_device(absent)
    assert pick_device("cpu").type == "cpu"


def damaged(tensors: dict[str, Tensor], place: dict[str, Any], fault: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    name = next(name for name in tensors if name.startswith("generator."))
    tensors, place = dict(tensors), {**place, "rates": dict(place["rates"])}
    if fault == "missing":
        del tensors[name]
    elif fault == "unknown":
        tensors["generator.extra"] = torch.zeros(1)
    elif fault == "shape":
        tensors[name] = tensors[name][:1]
    elif fault == "kind":
        tensors[name] = tensors[name].double()
    elif fault == "noise":
        tensors["random.noise"] = torch.zeros(10, dtype=torch.uint8)
    elif fault == "order":
        tensors["random.order"] = torch.full_like(tensors["random.order"], 255)
    else:
        key, _, value = fault.partition("=")
        place[key] = int(value)
    return tensors, place


@pytest.mark.parametrize(
    "fault",
    ["missing", "unknown", "shape", "kind", "noise", "order", "position=21", "position=3", "images=13", "d_steps=1",
     "step=9", "window_count=99"],
)
def test_a_state_that_is_not_its_own_changes_nothing(tiny: Make, tiny_config: Make, fault: str):
    """A place beyond the data would otherwise train for ever on nothing."""
    source, trainer, untouched = (Trainer(tiny_config("quick"), tiny()) for _ in range(3))
    for _ in range(3):
        source.step()
    with pytest.raises(StoreError, match="checkpoint"):
        trainer.load_state(*damaged(*source.state(), fault))
    assert states_equal(trainer, untouched)
    trainer.step()
    untouched.step()
    assert states_equal(trainer, untouched)


def test_another_games_state(tiny: Make, tiny_config: Callable[..., RunConfig]):
    source = Trainer(tiny_config("article"), tiny())
    with pytest.raises(StoreError, match="not of these networks"):
        Trainer(tiny_config("quick"), tiny()).load_state(*source.state())


def test_threads_asked_for(tiny_config: Make, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    assert thread_count(tiny_config(threads=0)) == 4
    assert thread_count(tiny_config(threads=3)) == 3

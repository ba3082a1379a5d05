"""What holds on a GPU: the same numbers captured or not, each time again, over a resume, and beside another run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_core import datasets
from gan_core.config import RunConfig
from gan_core.presets import PRESETS, make_config
from gan_core.replay import Replay
from gan_core.runs import Runs
from gan_core.snapshot import ENDED
from gan_core.store import Store
from gan_core.trainer import Trainer

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")

CAPTURED = 20
"""Steps after which a lazy penalty too was met often enough to be captured."""
OF_DIGITS = [name for name, preset in PRESETS.items() if "dataset" not in preset.values]


@pytest.fixture
def trainer(tiny_config: Callable[..., RunConfig]) -> Callable[..., Trainer]:
    def make(preset: str, **settings: Any) -> Trainer:
        return Trainer(tiny_config(preset, dataset="digits", device="cuda", **settings), datasets.load("digits"))

    return make


def steps(trainer: Trainer, count: int) -> Trainer:
    for _ in range(count):
        trainer.step()
    return trainer


def equal(one: Trainer, other: Trainer) -> None:
    for (name, a), (_, b) in zip(one._tensors(), other._tensors(), strict=True):
        assert torch.equal(a, b), name
    assert torch.equal(one.noise.get_state(), other.noise.get_state())


@pytest.mark.parametrize("preset", OF_DIGITS)
def test_a_captured_step_computes_the_same_bits(trainer: Callable[..., Trainer], preset: str) -> None:
    captured, plain = trainer(preset), trainer(preset)
    plain.replay.captures = False
    equal(steps(captured, 2 * CAPTURED), steps(plain, 2 * CAPTURED))
    assert captured.replay.captures and captured.replay._graphs


@pytest.mark.parametrize(
    "settings",
    [
        {"optimiser_d": "rmsprop", "optimiser_g": "rmsprop"},
        {"optimiser_d": "sgd", "optimiser_g": "sgd"},
        {"optimiser_d": "sgd", "optimiser_g": "sgd", "beta1": 0.0},
        *({"unrolled_steps": 2, "optimiser_d": kind, "optimiser_g": kind} for kind in ("adam", "rmsprop", "sgd")),
        {"packing": 2},
    ],
    ids=str,
)
def test_so_it_does_with_every_optimiser_unrolled_and_in_packs(
    trainer: Callable[..., Trainer], settings: dict[str, Any]
) -> None:
    plane = {"network": "plane", "conditional": "no", "discriminator_norm": "none", "lr_d": 1e-3, "lr_g": 1e-3}
    captured, plain = (trainer("quick", **plane, **settings) for _ in range(2))
    plain.replay.captures = False
    equal(steps(captured, 2 * CAPTURED), steps(plain, 2 * CAPTURED))
    assert captured.replay.captures and captured.replay._graphs


@pytest.mark.parametrize("preset", OF_DIGITS)
def test_a_resumed_run_equals_one_that_never_stopped(trainer: Callable[..., Trainer], preset: str) -> None:
    straight = steps(trainer(preset), CAPTURED)
    tensors, place = straight.state()
    kept = {name: tensor.clone() for name, tensor in tensors.items()}
    resumed = trainer(preset)
    resumed.load_state(kept, json.loads(json.dumps(place)))
    equal(steps(straight, CAPTURED), steps(resumed, CAPTURED))


@pytest.mark.parametrize("preset", OF_DIGITS)
def test_bfloat16_is_captured_and_learns(trainer: Callable[..., Trainer], preset: str) -> None:
    found = steps(trainer(preset, precision="bfloat16"), 2 * CAPTURED)
    assert found.replay.captures and found.record() is not None  # a number that is not finite would be an error


def test_what_cannot_be_captured_is_done_all_the_same() -> None:
    """Work that waits for the device breaks its capture: it goes on from the same random numbers."""
    device = torch.device("cuda")
    ours, plain = (torch.Generator(device).manual_seed(3) for _ in range(2))
    replay, drawn = Replay(device, [ours]), []
    expected = [torch.rand(4, generator=plain, device=device).tolist() for _ in range(30)]
    for _ in range(30):
        replay("key", lambda: drawn.append(torch.rand(4, generator=ours, device=device).tolist()))
    assert drawn == expected and not replay.captures


def test_two_runs_train_at_the_same_time(tmp_path: Path) -> None:
    """Each captures while the other trains, and the screens' thread computes too."""
    runs = Runs(Store(tmp_path), concurrency=2)
    names = [runs.start(make_config(preset, device="cuda", images=60_000)) for preset in ("quick", "r3gan")]
    x = torch.eye(64, device="cuda")
    while any(runs.snapshot(name).state not in ENDED for name in names):
        x = x @ x
    assert [runs.snapshot(name).state for name in names] == ["finished"] * 2
    runs.shutdown()

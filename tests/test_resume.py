"""Stopped and resumed in another process equals never stopped, bit for bit, for every preset and every mechanism."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from gan_core import runs as runs_module
from gan_core.presets import PRESETS
from gan_core.store import Store
from gan_core.trainer import Trainer

ROOT = Path(__file__).resolve().parents[1]
STEPS, SAVED = 11, 4  # of 20 samples in batches of 4: saved in the middle of an epoch and of a record's window

CASES: dict[str, dict[str, Any]] = {
    **{preset: {"preset": preset} for preset in PRESETS},
    "linear decay": {"preset": "quick", "lr_decay": "linear", "lr_decay_from": 10, "lr_decay_to": 40},
    "cosine decay": {"preset": "article", "lr_decay": "cosine", "lr_decay_from": 0, "lr_decay_to": 30},
    "augmentation": {"preset": "r3gan", "augment": ("colour", "translation", "cutout")},
    "shuffle": {"preset": "quick", "network": "shuffle"},
    "instance noise": {"preset": "dcgan", "instance_noise": 0.5, "instance_noise_images": 30},
    "conditional critic": {"preset": "wgan-gp", "conditional": "yes", "discriminator_norm": "spectral"},
    "conditional mlp": {"preset": "article", "conditional": "yes", "discriminator_norm": "spectral"},
    "batches across epochs": {"preset": "quick", "batch_size": 7},
    "batches beyond the data": {"preset": "quick", "batch_size": 33},
    "smoothing without EMA": {"preset": "dcgan", "label_smoothing": 0.1},
    "least squares": {"preset": "quick", "objective": "least-squares", "ema_half_life": 5},
    "minimax": {"preset": "article", "objective": "minimax", "ema_half_life": 10},
    "descent": {"preset": "article", "optimiser_d": "sgd", "optimiser_g": "rmsprop"},
    "descent without memory": {"preset": "quick", "optimiser_d": "rmsprop", "optimiser_g": "sgd", "latent": "uniform"},
    "unrolled": {"preset": "article", "unrolled_steps": 2},
    "packed": {"preset": "wgan-gp", "packing": 2, "conditional": "no"},
    "plain networks": {
        "preset": "r3gan", "network": "plane", "units_d": 8, "units_g": 8, "depth_d": 1, "unrolled_steps": 1,
        "packing": 2, "conditional": "no", "optimiser_d": "rmsprop",
    },
}
CHANGED = {"d": 3e-4, "g": 7e-4}  # as if a person had moved the sliders before the checkpoint

CHILD = """
import json, sys
import torch
from safetensors.torch import load_file, save_file
from gan_core.datasets import Dataset, Jitter
from gan_core.store import Store
from gan_core.trainer import Trainer

torch.set_num_threads(1)
root, out, until = sys.argv[1], sys.argv[2], int(sys.argv[3])
data = load_file(root + "/data.safetensors")
dataset = Dataset("tiny", data["samples"], data["labels"], tuple("0123456789"), Jitter())
store = Store(root)
ended = {}
for name in store.names():
    folder = store.open(name)
    trainer = Trainer(folder.config, dataset)
    trainer.load_state(*folder.load_checkpoint())
    records = []
    while trainer.step_count < until:
        trainer.step()
        if trainer.step_count % 3 == 0:
            records.append(trainer.record())
    tensors, place = trainer.state()
    save_file(tensors, out + "/" + name + ".safetensors")
    ended[name] = {"place": place, "records": records}
print(json.dumps(ended))
"""


def train(trainer: Trainer, until: int) -> list[dict[str, float] | None]:
    records = []
    while trainer.step_count < until:
        trainer.step()
        if trainer.step_count % 3 == 0:
            records.append(trainer.record())
    return records


def test_every_preset_goes_on_in_a_fresh_process(tmp_path: Path, tiny: Callable[..., Any], tiny_config: Any):
    dataset, store = tiny(jitter=True), Store(tmp_path / "runs")
    out = tmp_path / "out"
    out.mkdir()
    whole: dict[str, tuple[Trainer, list[dict[str, float] | None]]] = {}
    for number, settings in enumerate(CASES.values()):
        config = tiny_config(**settings)
        folder = store.create(config, runs_module.facts(dataset), f"case-{number:02d}")
        trainer = Trainer(config, dataset)
        train(trainer, 2)
        trainer.rates.update(CHANGED)
        train(trainer, SAVED)
        folder.save_checkpoint(*trainer.state())
        whole[folder.name] = trainer, train(trainer, STEPS)
    assert SAVED % 3 and SAVED * 4 % 20

    save_file({"samples": dataset.samples, "labels": dataset.labels}, tmp_path / "runs" / "data.safetensors")
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(store.root), str(out), str(STEPS)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )
    assert child.returncode == 0, child.stderr
    ended = json.loads(child.stdout)
    assert len(ended) == len(CASES)

    for (name, (trainer, records)), case in zip(whole.items(), CASES, strict=True):
        tensors, place = trainer.state()
        theirs = load_file(out / f"{name}.safetensors")
        assert theirs.keys() == tensors.keys()
        for key, value in tensors.items():
            assert torch.equal(value, theirs[key]), f"{case}: {key}"
        assert ended[name]["place"] == place, case
        assert place["rates"] == CHANGED and place["window_count"] == 2
        assert ended[name]["records"] == records, case


@pytest.mark.parametrize("saved", range(1, 7))
def test_wherever_it_was_saved(tiny: Callable[..., Any], tiny_config: Any, saved: int):
    """At the beginning, the middle and the very end of an epoch; on a lazy penalty's step and between."""
    config = tiny_config("r3gan", penalty_interval=3)
    whole, first, second = (Trainer(config, tiny(jitter=True)) for _ in range(3))
    train(whole, 9)
    train(first, saved)
    second.load_state(*first.state())
    train(second, 9)
    assert whole.state()[1] == second.state()[1]
    for name, value in whole.state()[0].items():
        assert torch.equal(value, second.state()[0][name]), name


def test_a_state_is_a_copy(tiny: Callable[..., Any], tiny_config: Any):
    """Training on, or loading it, changes nothing in what was taken."""
    trainer, other = Trainer(tiny_config("quick"), tiny()), Trainer(tiny_config("quick"), tiny())
    train(trainer, 2)
    tensors, place = trainer.state()
    taken = {name: value.clone() for name, value in tensors.items()}
    other.load_state(tensors, place)
    for one in (trainer, other):
        one.rates["d"] = 0.5
        train(one, 4)
    assert place["rates"]["d"] == other.config.lr_d
    assert all(torch.equal(value, tensors[name]) for name, value in taken.items())


def test_other_settings_would_be_noticed(tiny: Callable[..., Any], tiny_config: Any):
    """The comparison can fail: another seed, or one more step, gives other tensors."""
    one, other = (Trainer(tiny_config("quick", seed=seed), tiny()) for seed in (1, 2))
    train(one, 1)
    train(other, 1)
    assert not torch.equal(one.state()[0]["generator.first.weight"], other.state()[0]["generator.first.weight"])

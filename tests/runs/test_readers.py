"""What screens read of a run while it trains, and that nobody waits."""

from __future__ import annotations

import threading

import pytest
import torch

from gan_core import run as run_module
from gan_core.runs import Runs
from gan_core.store import folder as folder_module
from tests.runs.conftest import ENDLESS, Config, Gate, Wait, ended


def test_the_published_generator_is_the_average_and_stays_as_it_was(
    runs: Runs, tiny_config: Config, wait: Wait, gate: Gate, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(run_module, "PUBLISH_SECONDS", 0.0)
    name = runs.start(tiny_config(images=ENDLESS))
    wait(lambda: runs.generator(name) if runs.published(name) else None)
    first, images = runs.generator(name)
    weights = {key: value.clone() for key, value in first.state_dict().items()}
    assert images == 0 and not first.training and not any(p.requires_grad for p in first.parameters())
    gate.allow(5)
    wait(lambda: (published := runs.published(name)) and published[1] == 20)
    second, images = runs.generator(name)
    assert all(torch.equal(value, first.state_dict()[key]) for key, value in weights.items())
    assert any(not torch.equal(value, second.state_dict()[key]) for key, value in weights.items())
    runs.run(name).stop()
    gate.release()
    wait(ended(runs, name))
    on_disk, saved = runs.generator(name)
    tensors, _ = runs.folder(name).load_checkpoint(saved)
    assert all(torch.equal(value, tensors[f"ema.{key}"]) for key, value in on_disk.state_dict().items())


def test_nobody_waits_for_a_long_step_or_a_slow_disk(
    runs: Runs, tiny_config: Config, wait: Wait, gate: Gate, monkeypatch: pytest.MonkeyPatch
):
    name = runs.start(tiny_config(images=ENDLESS, save_every_images=4))
    wait(lambda: gate.waiting)

    def look() -> None:
        runs.snapshot(name)
        runs.snapshots()
        runs.damaged()
        runs.history(name).thinned()
        runs.generator(name)
        runs.folder(name).samples()
        runs.run(name).set_rates(d=1e-3)
        runs.run(name).save()

    def in_time() -> None:
        told: list[str] = []
        looker = threading.Thread(target=lambda: (look(), told.append("all")), daemon=True)
        looker.start()
        looker.join(30)
        assert told, "a reader waits for the training"

    in_time()  # within a step that does not end
    slow, real = Gate(), folder_module.write_atomic
    monkeypatch.setattr(folder_module, "write_atomic", lambda *a: (slow.pass_one(), real(*a))[1])
    try:
        gate.allow(1)
        wait(lambda: gate._left == 0)
        wait(lambda: slow.waiting)
        in_time()  # within a write that does not end
    finally:
        slow.release()

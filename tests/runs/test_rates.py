"""Learning rates that change while a run trains, and the rate at which it does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gan_core import runs as runs_module
from gan_core.config import RunConfig
from gan_core.datasets import Dataset
from gan_core.errors import ConfigError
from gan_core.run import RateMeter
from gan_core.runs import Runs
from gan_core.snapshot import Snapshot
from gan_core.trainer import Trainer
from tests.runs.conftest import ENDLESS, Config, Gate, Wait, ended, events, same

# learning rates


def test_rates_change_while_it_runs(runs: Runs, tiny_data: Dataset, tiny_config: Config, wait: Wait, gate: Gate):
    config = tiny_config(images=40, record_every_steps=1)
    name = runs.start(config)
    run, folder = runs.run(name), runs.folder(name)
    gate.allow(3)
    wait(lambda: len(run.history) == 3)
    run.set_rates(d=1e-4, g=2e-4)
    gate.allow(3)
    wait(lambda: len(run.history) == 6)
    change = next(event for event in folder.events() if event["event"] == "rates")
    assert folder.load_checkpoint()[1]["rates"] == {"d": 1e-4, "g": 2e-4}  # a kill now would not take it back
    assert (change["lr_d"], change["lr_g"]) == (1e-4, 2e-4)
    assert change["images"] in (12, 16)  # the fourth step may have begun already
    run.set_rates(g=5e-4)
    gate.allow(1)
    wait(lambda: gate._left == 0)
    run.stop()
    gate.allow(1)
    wait(ended(runs, name))
    assert folder.load_checkpoint()[1]["rates"] == {"d": 1e-4, "g": 5e-4}
    assert folder.config.lr_d == config.lr_d  # what was asked at first stays known
    runs.resume(name)
    gate.release()
    wait(ended(runs, name))
    used = runs.history(name)
    assert used.column("lr_d").tolist()[:3] == [4e-3] * 3 and used.column("lr_d").tolist()[4:] == [1e-4] * 6
    assert used.column("lr_g").tolist()[8:] == [5e-4] * 2

    trainer = Trainer(config, tiny_data)
    for lr_d, lr_g in zip(used.column("lr_d"), used.column("lr_g"), strict=True):
        trainer.rates = {"d": float(lr_d), "g": float(lr_g)}
        trainer.step()
        trainer.record()
    same(folder, trainer)


def test_rates_changed_during_a_pause_outlive_a_stop(runs: Runs, tiny_config: Config, wait: Wait, gate: Gate):
    name = runs.start(tiny_config(images=ENDLESS))
    runs.run(name).pause()
    wait(lambda: runs.snapshot(name).state == "paused")
    runs.run(name).set_rates(d=1e-5)
    wait(lambda: "rates" in events(runs.folder(name)))  # at once, not when it goes on
    runs.run(name).stop()
    wait(ended(runs, name))
    assert runs.folder(name).load_checkpoint()[1]["rates"] == {"d": 1e-5, "g": 8e-3}


def test_rates_changed_just_before_a_stop(runs: Runs, tiny_config: Config, wait: Wait, gate: Gate):
    name = runs.start(tiny_config(images=ENDLESS))
    wait(lambda: runs.snapshot(name).state == "training")
    runs.run(name).set_rates(g=1e-5)
    runs.run(name).stop()
    gate.release()
    wait(ended(runs, name))
    assert runs.folder(name).load_checkpoint()[1]["rates"]["g"] == 1e-5
    assert "rates" in events(runs.folder(name))


@pytest.mark.parametrize("rates", [{"d": 0.0}, {"g": 2.0}, {"d": float("nan")}, {"d": "fast"}, {"x": 1e-3},
                                   {"d": 1e-3, "g": -1.0}])
def test_rates_that_are_not_allowed(runs: Runs, tiny_config: Config, wait: Wait, gate: Gate, rates: dict[str, Any]):
    name = runs.start(tiny_config(images=16))
    run = runs.run(name)
    with pytest.raises(ConfigError, match=f"lr_{list(rates)[-1]}"):
        run.set_rates(**rates)
    gate.release()
    wait(ended(runs, name))
    assert "rates" not in events(runs.folder(name))
    assert runs.folder(name).load_checkpoint()[1]["rates"] == {"d": 4e-3, "g": 8e-3}


# images a second


def snapshot(config: RunConfig, **changes: Any) -> Snapshot:
    facts = runs_module.DatasetFacts(name="x", fingerprint="0" * 64, count=20, shape=(2,))
    whole = Snapshot("a", "training", None, config, facts, 5, 20, 4.0, 10.0, 100, None, True)
    return replace(whole, **changes)


def test_progress_and_time_left(tiny_config: Config):
    config = tiny_config()
    assert snapshot(config).progress == 0.2 and snapshot(config).seconds_left == 8.0
    assert snapshot(config, images=500).progress == 1 and snapshot(config, images=500).seconds_left == 0
    assert snapshot(config, state="finished").progress == 1
    assert snapshot(config, rate=0.0).seconds_left is None
    timed = snapshot(config, target_images=None, target_seconds=16.0)
    assert timed.progress == 0.25 and timed.seconds_left == 12.0
    endless = snapshot(config, target_images=None)
    assert endless.progress == 0 and endless.seconds_left is None


def test_the_rate_is_of_the_last_seconds():
    meter = RateMeter(0, 0.0)
    assert meter.rate(0, 0.0) == 0
    assert meter.rate(100, 1.0) == 100
    for second in range(2, 30):
        rate = meter.rate(100 if second < 3 else 100 + 50 * (second - 2), float(second))
    assert rate == pytest.approx(50)

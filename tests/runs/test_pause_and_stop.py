"""Pause and stop: what they save, and that they change nothing."""

from __future__ import annotations

from typing import Any

import pytest

from gan_core import run as run_module
from gan_core.datasets import Dataset
from gan_core.errors import StoreError
from gan_core.run import Run
from gan_core.runs import Runs
from tests.runs.conftest import ENDLESS, Clock, Config, Gate, Wait, ended, events, plain, raising, same, spoiled_step

# pause


def test_a_pause_saves_and_changes_nothing(
    runs: Runs, tiny_data: Dataset, tiny_config: Config, wait: Wait, gate: Gate
):
    config = tiny_config(images=80)
    name = runs.start(config)
    run, folder = runs.run(name), runs.folder(name)
    gate.allow(6)
    wait(lambda: gate._left == 0)
    run.pause()
    gate.allow(1)
    wait(lambda: runs.snapshot(name).state == "paused")
    saved = folder.find().images
    assert saved == runs.snapshot(name).images > 0 and events(folder)[-1] == "paused"
    assert folder.state() == ("paused", None) and folder.is_locked()
    gate.release()
    other = runs.start(tiny_config(images=20), "other")  # one at a time: the place is free
    wait(ended(runs, other))
    assert runs.snapshot(other).state == "finished"
    assert runs.snapshot(name).images == saved and runs.snapshot(name).state == "paused"
    runs.resume(name)
    wait(ended(runs, name))
    assert events(folder) == ["created", "started", "paused", "unpaused", "finished"]
    same(folder, plain(config, tiny_data, 20))


def test_a_pause_is_no_training_time(
    runs: Runs, tiny_config: Config, wait: Wait, gate: Gate, monkeypatch: pytest.MonkeyPatch
):
    clock = Clock()
    monkeypatch.setattr(run_module, "time", clock)
    name = runs.start(tiny_config(images=20))
    gate.allow(2)
    wait(lambda: gate._left == 0)
    runs.run(name).pause()
    gate.allow(1)
    wait(lambda: runs.snapshot(name).state == "paused")
    clock.now += 10_000
    runs.resume(name)
    gate.release()
    wait(ended(runs, name))
    assert runs.folder(name).load_checkpoint()[1]["seconds"] < 100


def test_paused_while_it_queues(runs: Runs, tiny_config: Config, wait: Wait, gate: Gate):
    first, second = runs.start(tiny_config(images=20), "first"), runs.start(tiny_config(images=20), "second")
    runs.run(second).pause()
    gate.release()
    wait(ended(runs, first))
    wait(lambda: runs.snapshot(second).state == "paused")
    assert runs.snapshot(second).images == 0 and runs.folder(second).find().images == 0
    runs.resume(second)
    wait(ended(runs, second))
    assert runs.snapshot(second).state == "finished"


def test_a_pause_taken_back_at_once(runs: Runs, tiny_config: Config, wait: Wait, gate: Gate):
    name = runs.start(tiny_config(images=20))
    wait(lambda: runs.snapshot(name).state == "training")
    runs.run(name).pause()
    runs.resume(name)
    gate.release()
    wait(ended(runs, name))
    assert events(runs.folder(name)) == ["created", "started", "finished"]


def waiting_to_go_on(runs: Runs, tiny_config: Config, wait: Wait) -> tuple[str, str]:
    """A run that was paused, whose place another took, and that waits for one again → both names."""
    name = runs.start(tiny_config(images=ENDLESS), "paused")
    runs.run(name).pause()
    wait(lambda: runs.snapshot(name).state == "paused")
    other = runs.start(tiny_config(images=ENDLESS), "other")
    wait(lambda: runs.snapshot(other).state == "training")
    runs.resume(name)
    wait(lambda: runs.snapshot(name).state == "queued")
    return name, other


def test_going_on_queues_again(runs: Runs, tiny_config: Config, wait: Wait, gate: Gate):
    name, other = waiting_to_go_on(runs, tiny_config, wait)
    gate.release()
    runs.run(other).stop()
    wait(lambda: runs.snapshot(name).state == "training")
    assert runs.snapshot(other).state == "stopped"


def test_saved_while_paused(runs: Runs, tiny_config: Config, wait: Wait, gate: Gate):
    """It was saved when it paused: the person is told so, and nothing is written twice."""
    name = runs.start(tiny_config(images=ENDLESS))
    runs.run(name).pause()
    wait(lambda: runs.snapshot(name).state == "paused")
    before = runs.folder(name).find().path.stat().st_mtime_ns
    runs.run(name).save()
    wait(lambda: events(runs.folder(name))[-1] == "saved")
    assert runs.folder(name).find().path.stat().st_mtime_ns == before
    assert runs.snapshot(name).state == "paused"


# stop


def test_stopped_and_resumed_is_never_stopped(
    runs: Runs, tiny_data: Dataset, tiny_config: Config, wait: Wait, gate: Gate
):
    config = tiny_config(images=80, record_every_steps=3)
    name = runs.start(config)
    for allowed in (3, 4, 5):
        gate.allow(allowed)
        wait(lambda: gate._left == 0)
        runs.run(name).stop("enough for now")
        gate.allow(1)
        wait(ended(runs, name))
        gate._left = 0
        snapshot = runs.snapshot(name)
        assert (snapshot.state, snapshot.reason) == ("stopped", "enough for now")
        assert snapshot.images == runs.folder(name).find().images > 0
        runs.resume(name)
    gate.release()
    wait(ended(runs, name))
    same(runs.folder(name), plain(config, tiny_data, 20))
    assert runs.history(name).column("step").tolist() == [1, 3, 6, 9, 12, 15, 18]
    assert events(runs.folder(name)) == ["created", "started"] + ["stopped", "resumed"] * 3 + ["finished"]


def test_stopped_during_a_pause(runs: Runs, tiny_config: Config, wait: Wait, gate: Gate):
    name = runs.start(tiny_config(images=ENDLESS))
    runs.run(name).pause()
    wait(lambda: runs.snapshot(name).state == "paused")
    runs.run(name).stop()
    wait(ended(runs, name))
    assert events(runs.folder(name)) == ["created", "started", "paused", "stopped"]
    assert runs.snapshot(name).state == "stopped"
    assert runs.slots._held == 0


def test_stopped_while_it_queues(runs: Runs, tiny_config: Config, wait: Wait, gate: Gate):
    runs.start(tiny_config(images=ENDLESS), "first")
    second = runs.start(tiny_config(images=20), "second")
    assert runs.snapshot(second).state == "queued"
    runs.run(second).stop()
    wait(ended(runs, second))
    assert runs.snapshot(second).state == "stopped"
    assert runs.store.open(second).checkpoints() == []
    gate.release()
    runs.run("first").stop()
    runs.resume(second)
    wait(ended(runs, second))
    assert (runs.snapshot(second).state, runs.snapshot(second).images) == ("finished", 20)


def test_stopped_while_it_waits_to_go_on(runs: Runs, tiny_config: Config, wait: Wait, gate: Gate):
    name, other = waiting_to_go_on(runs, tiny_config, wait)
    runs.run(name).stop()
    wait(ended(runs, name))
    assert events(runs.folder(name))[-2:] == ["paused", "stopped"]
    assert runs.snapshot(other).state == "training" and runs.slots._held == 1


def test_the_end_is_the_last_word(runs: Runs, tiny_config: Config, wait: Wait):
    """A stop that comes as the run ends must not leave it stopping for ever."""
    name = runs.start(tiny_config(images=8))
    run = runs._here[name]
    wait(lambda: not run.active)
    for late in (run.stop, run.pause, run.unpause, run.save):
        late()
        assert run.snapshot().state == "finished" and not run.active


def test_a_stop_shows_until_it_has_ended(runs: Runs, tiny_config: Config, wait: Wait, gate: Gate):
    name = runs.start(tiny_config(images=ENDLESS))
    wait(lambda: runs.snapshot(name).state == "training")
    run = runs.run(name)
    run.stop()
    assert runs.snapshot(name).state == "stopping"
    for state in ("queued", "training", "paused"):
        run._show(state=state)
        assert run.snapshot().state == "stopping"
    with pytest.raises(StoreError, match="just being stopped"):
        runs.resume(name)
    gate.release()
    wait(ended(runs, name))


def test_what_has_ended_can_be_resumed_at_once(
    runs: Runs, tiny_config: Config, wait: Wait, monkeypatch: pytest.MonkeyPatch
):
    """Its lock and its place are free before anyone is told: a quick click must not hear that someone trains it."""
    real, found = Run._show, []

    def show(self: Run, **changes: Any) -> None:
        if changes.get("state") in run_module.ENDED:
            found.append((self.folder.is_locked(), runs.slots._held))
        real(self, **changes)

    monkeypatch.setattr(Run, "_show", show)
    name = runs.start(tiny_config(images=8))
    wait(ended(runs, name))
    spoiled_step(monkeypatch, 3, raising(MemoryError()))
    name = runs.start(tiny_config(images=40, seed=13))
    wait(ended(runs, name))
    assert runs.snapshot(name).state == "failed" and found == [(False, 0)] * 2


def test_rates_set_while_it_waits_to_go_on_are_written_down_at_once(
    runs: Runs, tiny_config: Config, wait: Wait, gate: Gate
):
    """Its place was given to another: what is asked meanwhile must not be lost with the process."""
    name, _ = waiting_to_go_on(runs, tiny_config, wait)
    runs.run(name).set_rates(g=0.5)
    wait(lambda: runs.folder(name).load_checkpoint()[1]["rates"]["g"] == 0.5)
    assert "rates" in events(runs.folder(name)) and runs.snapshot(name).state == "queued"


def test_paused_again_while_it_waits_to_go_on(runs: Runs, tiny_config: Config, wait: Wait, gate: Gate):
    name, other = waiting_to_go_on(runs, tiny_config, wait)
    runs.run(name).pause()
    wait(lambda: runs.snapshot(name).state == "paused")
    gate.release()
    runs.run(other).stop()
    wait(ended(runs, other))
    assert runs.snapshot(name).state == "paused"  # the place that came free is not taken
    runs.run(name).unpause()
    wait(lambda: runs.snapshot(name).state == "training")

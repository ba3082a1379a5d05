"""The queue of a store's runs: who trains, who waits, what cannot start and what is refused."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import torch

from gan_core import runs as runs_module
from gan_core.datasets import Dataset
from gan_core.errors import ConfigError, DatasetError, StoreError
from gan_core.runs import Runs
from gan_core.slots import Slots
from gan_core.store import Store
from gan_core.trainer import Trainer
from tests.runs.conftest import ENDLESS, Config, Wait, ended, states

# places


def test_slots_are_first_come_first_served():
    slots, got = Slots(1), []
    assert slots.acquire(lambda: False)
    threads = []
    for number in range(4):

        def hold(number: int = number) -> None:
            slots.acquire(lambda: False)
            got.append(number)
            slots.release()

        threads.append(threading.Thread(target=hold))
        threads[-1].start()
        while len(slots._waiting) <= number:
            pass
    slots.release()
    for thread in threads:
        thread.join(30)
    assert got == [0, 1, 2, 3] and slots._held == 0


def test_slots_that_become_more_let_the_next_in():
    slots, entered = Slots(1), threading.Event()
    assert slots.acquire(lambda: False)
    thread = threading.Thread(target=lambda: slots.acquire(lambda: False) and entered.set())
    thread.start()
    assert not entered.wait(0.05)
    slots.limit = 2
    assert entered.wait(30)
    thread.join()
    slots.limit = 0
    assert slots.limit == 1


def test_who_gives_up_leaves_the_queue():
    slots = Slots(1)
    assert slots.acquire(lambda: False)
    assert not slots.acquire(lambda: True)
    slots.release()
    assert not slots.acquire(lambda: True)
    assert slots._held == 0 and not slots._waiting
    assert slots.acquire(lambda: False)


# the queue


@pytest.mark.parametrize("limit", [1, 2])
def test_so_many_train_and_the_others_queue(
    store: Store, tiny_data: Dataset, tiny_config: Config, wait: Wait, limit: int
):
    runs = Runs(store, concurrency=limit)
    try:
        names = [runs.start(tiny_config(images=ENDLESS), f"run-{number}") for number in range(4)]
        for number in range(4 - limit):
            training, queued = names[number : number + limit], names[number + limit :]
            wait(lambda t=training: all(runs.snapshot(name).images for name in t))
            assert {runs.snapshot(name).state for name in training} == {"training"}
            assert {runs.snapshot(name).state for name in queued} <= {"queued"}
            assert not any(runs.store.open(name).is_locked() for name in queued)
            runs.run(names[number]).stop()
            wait(ended(runs, names[number]))
    finally:
        assert runs.shutdown(timeout=60)


def test_one_more_at_once(runs: Runs, tiny_config: Config, wait: Wait):
    names = [runs.start(tiny_config(images=ENDLESS)) for _ in range(2)]
    wait(lambda: runs.snapshot(names[0]).state == "training")
    assert runs.snapshot(names[1]).state == "queued"
    runs.slots.limit = 2
    wait(lambda: runs.snapshot(names[1]).state == "training")
    assert runs.snapshot(names[0]).state == "training"


def test_a_failed_run_gives_its_place_away(
    runs: Runs, tiny_config: Config, wait: Wait, monkeypatch: pytest.MonkeyPatch
):
    real = Trainer.step

    def step(self: Trainer) -> None:
        if self.config.seed == 13:
            raise MemoryError
        real(self)

    monkeypatch.setattr(Trainer, "step", step)
    names = [runs.start(tiny_config(images=20, seed=seed)) for seed in (13, 1, 13, 2)]
    wait(lambda: not any(runs.snapshot(name).here for name in names))
    assert [runs.snapshot(name).state for name in names] == ["failed", "finished", "failed", "finished"]


def test_shutdown_saves_all(store: Store, tiny_data: Dataset, tiny_config: Config, wait: Wait):
    runs = Runs(store, concurrency=2)
    for name in ("one", "two", "three", "queued"):
        runs.start(tiny_config(images=ENDLESS), name)
    wait(lambda: runs.snapshot("one").images)
    runs.run("one").pause()
    wait(lambda: runs.snapshot("one").state == "paused")
    wait(lambda: runs.snapshot("two").images and runs.snapshot("three").images)
    assert runs.shutdown("the lights went out", timeout=60)
    after = Runs(store)
    assert {one.state for one in after.snapshots()} == {"stopped"}
    for name in ("one", "two", "three"):
        assert after.snapshot(name).reason == "the lights went out"
        assert after.folder(name).load_checkpoint()[1]["images"] == after.snapshot(name).images > 0
    assert after.snapshot("queued").images == 0
    assert runs.shutdown()


# starting


@pytest.mark.parametrize("fault", ["data", "network", "device", "name", "taken"])
def test_what_cannot_start_leaves_nothing(
    runs: Runs, finished: str, tiny_config: Config, monkeypatch: pytest.MonkeyPatch, fault: str, contents: Any
):
    before = contents(runs.store.root)
    config, name = tiny_config(), "new"
    if fault == "data":
        monkeypatch.undo()
        config = tiny_config(dataset="nothing")
    elif fault == "network":
        monkeypatch.setattr(
            runs_module, "load_data", lambda config: Dataset("points", torch.zeros(9, 2), None)
        )
    elif fault == "device":
        config = tiny_config(device="mps" if not torch.backends.mps.is_available() else "cuda")
    else:
        name = "../new" if fault == "name" else finished
    with pytest.raises((ConfigError, DatasetError, StoreError)):
        runs.start(config, name)
    assert contents(runs.store.root) == before
    assert states(runs) == {finished: "finished"}


def test_names_of_one_store_are_found_by_all(runs: Runs, tiny_config: Config, wait: Wait):
    names = [runs.start(tiny_config(images=8)) for _ in range(3)]
    assert names == ["tiny-quick-1", "tiny-quick-2", "tiny-quick-3"]
    wait(lambda: not any(runs.snapshot(name).here for name in names))


# what is refused


@pytest.mark.parametrize("state", ["training", "queued", "paused"])
def test_an_active_run_is_neither_renamed_nor_deleted(runs: Runs, tiny_config: Config, wait: Wait, state: str):
    name = runs.start(tiny_config(images=ENDLESS), "a")
    if state == "paused":
        runs.run(name).pause()
    wait(lambda: runs.snapshot(name).state == ("paused" if state == "paused" else "training"))
    if state == "queued":
        name = runs.start(tiny_config(images=ENDLESS), "b")
    for act in (lambda: runs.rename(name, "c"), lambda: runs.delete(name)):
        with pytest.raises(StoreError, match=f"{name}: is {state} here; stop it first"):
            act()
    assert runs.snapshot(name).state == state
    runs.run(name).stop()
    wait(ended(runs, name))
    runs.rename(name, "c")
    runs.delete("c")
    assert name not in states(runs)


def test_a_run_that_does_not_train_here_has_no_buttons(runs: Runs, finished: str):
    for name in (finished, "absent"):
        with pytest.raises(StoreError, match="does not train in this process"):
            runs.run(name)

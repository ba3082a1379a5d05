"""All runs, shown in one way: those this process trains, those another one trains, those at rest."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from gan_core import datasets, fork, game
from gan_core.config import LENGTHS, PLACES, RATES, RunConfig, replaced, validated
from gan_core.datasets import Dataset
from gan_core.device import pick_device
from gan_core.errors import ConfigError, StoreError, WorkbenchError
from gan_core.networks import load_discriminator, load_generator
from gan_core.on_disk import OnDisk
from gan_core.run import Run, check_data
from gan_core.schedules import complete
from gan_core.slots import Slots
from gan_core.snapshot import Snapshot
from gan_core.store import DatasetFacts, History, RunFolder, Store
from gan_core.store.files import stamp
from gan_core.verdicts import Verdict
from gan_core.watch import Watched

KEPT_NETWORKS = 16


def load_data(config: RunConfig) -> Dataset:
    """The data a config asks for.

    Raises:
        DatasetError: not there, or cannot be read.
    """
    return datasets.load(
        config.dataset, config.data_dir, config.dataset_path, image_size=config.image_size, colour=config.colour,
        drawing=config.drawing,
    )


def facts(dataset: Dataset) -> DatasetFacts:
    """What a run remembers of its data."""
    return DatasetFacts(
        name=dataset.name, fingerprint=dataset.fingerprint, count=len(dataset), shape=dataset.shape,
        classes=dataset.classes,
    )


def _whole_paths(values: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(datasets.whole_path(values[key])) for key in ("data_dir", "dataset_path") if values.get(key)}


def _changed(config: RunConfig, changes: Mapping[str, Any]) -> tuple[RunConfig, dict[str, float]]:
    """The config to go on with, and new rates by side: those belong to the run's course, not to what it began as.

    Raises:
        ConfigError: something else than a length, a rate or a place, or a value that is not allowed.
    """
    allowed = (*LENGTHS, *RATES, *PLACES)
    for key in changes:
        if key not in allowed:
            raise ConfigError(f"{key}: cannot change in a run that has begun; what can: {', '.join(allowed)}")
    checked = validated(replaced(config.model_dump(), {**changes, **_whole_paths(changes)}))
    rates = {key.removeprefix("lr_"): getattr(checked, key) for key in RATES if key in changes}
    return checked.model_copy(update={key: getattr(config, key) for key in RATES}), rates


class Runs:
    """The runs below one store. One per process; safe from any thread.

    Args:
        concurrency: how many train at once; the others queue.
    """

    def __init__(self, store: Store, concurrency: int = 1) -> None:
        self.store, self.slots = store, Slots(concurrency)
        self._here: dict[str, Run] = {}
        self._seen: dict[str, OnDisk] = {}
        self._networks: OrderedDict[tuple[str, Path, tuple[int, int] | None], nn.Module] = OrderedDict()
        self._lock = threading.RLock()

    # commands

    def start(self, config: RunConfig, name: str | None = None) -> str:
        """Check that it can work, make the run's folder, and train as soon as there is a place → its name.

        Raises:
            WorkbenchError: of the config, the data or the name; nothing is left behind then.
        """
        # The same data, wherever the program is started from when the run is gone on with.
        values = config.model_dump()
        source = datasets.DATASETS.get(config.dataset)
        if source and source.needs == "files" and values["data_dir"] is None:
            values["data_dir"] = str(datasets.data_folder())
        config = validated({**values, **_whole_paths(values)})
        dataset = load_data(config)
        game.check(config, dataset.shape, dataset.n_classes)
        pick_device(config.device)
        with self._lock:
            return self._begin(self.store.create(config, facts(dataset), name))

    def resume(self, name: str, **changes: Any) -> str:
        """Go on from the newest good checkpoint.

        Args:
            changes: one of `images`, `epochs`, `seconds`, a new total; `lr_d`, `lr_g`, new rates from here on;
                `data_dir`, `dataset_path`, `device`, `threads`, where the run moved. None: as it was.

        Raises:
            WorkbenchError: no such run, trained elsewhere, already as long as asked for, its checkpoints are damaged,
                its data is not there or not the same, or a value that is not allowed. Nothing is changed then.
        """
        changes = {key: value for key, value in changes.items() if value is not None}
        if self._unpaused(name, changes):
            return name
        # All that can be wrong is said here, where someone listens; and without the lock, for data may take a while.
        folder = self.store.open(name)
        if folder.is_locked():
            raise StoreError(f"{name}: is being trained by another process; stop it there first")
        folder.check_links()
        config, rates = _changed(folder.config, changes)
        # Not the curves' end: a run that was killed may have curves beyond its last checkpoint.
        place = folder.load_checkpoint()[1] if folder.checkpoints() else {"images": 0, "seconds": 0.0}
        done = complete(config, folder.info.dataset.count, place["images"], place["seconds"])
        # One that was killed at its very end still has its last grid to draw, and its end to write down.
        if done and folder.state()[0] not in ("interrupted", "failed"):
            raise StoreError(
                f"{name}: has already run its length ({place['images']:,} images, {place['seconds']:.0f} s); "
                "give a larger total of images, epochs or seconds"
            )
        pick_device(config.device)
        check_data(folder, load_data(config))
        with self._lock:
            if self._unpaused(name, changes):  # someone else was faster
                return name
            return self._begin(folder, resuming=True, config=config, rates=rates)

    def fork(self, name: str, at: int | None = None, new: str | None = None, **changes: Any) -> str:
        """Begin a run that goes on from a checkpoint of another, with other settings → its name.

        It has the parent's curves, sample grids and evaluations up to there, and knows its parent, which is left as it
        is and may train meanwhile. Where nothing is changed it repeats what the parent did from there, bit for bit.

        Args:
            at: images seen of the checkpoint; None: the newest; 0: from the beginning, with nothing that was learned.
            new: its name; None: the parent's with `-fork` behind it, and a number where that is taken.
            changes: settings. Learning rates stay as they are at the checkpoint, also where they were changed while
                the parent trained. A length is the new total, what the parent trained until there included; where none
                is given it is the parent's, twice that where the checkpoint has reached it. Another `seed` draws
                all that is random anew from there on: other luck with the same settings.

        Raises:
            WorkbenchError: no such run or checkpoint, or it is damaged; a value that is not allowed; a length that is
                reached already; or, unless `at` is 0, other data, another count of images a step, or settings whose
                networks are not those of the checkpoint. Nothing is left behind then.
        """
        parent = self.store.open(name)
        parent.check_links()
        plan = fork.plan(parent, at, {**changes, **_whole_paths(changes)})
        dataset = load_data(plan.config)
        made = fork.make(
            self.store, parent, plan, dataset, facts(dataset), new, lambda images: self.generator(name, images)[0]
        )
        with self._lock:
            return self._begin(made, resuming=bool(plan.images))

    def _unpaused(self, name: str, changes: Mapping[str, Any]) -> bool:
        """Whether the run trains here already; a paused one goes on."""
        run = self._here.get(name)
        if run is not None and run.over:  # it only has to let go of its lock
            run.join(10)
        if run is None or not run.active:
            return False
        if run.snapshot().state == "stopping":
            raise StoreError(f"{name}: is just being stopped; try again when it has stopped")
        if changes:
            raise StoreError(f"{name}: is being trained; stop it before changing its {', '.join(changes)}")
        run.unpause()
        return True

    def _begin(self, folder: RunFolder, **how: Any) -> str:
        run = Run(folder, load_data, self.slots, **how)
        self._here[folder.name] = run
        run.start()
        return folder.name

    def run(self, name: str) -> Run:
        """The run in this process.

        Raises:
            StoreError: it does not train here.
        """
        run = self._here.get(name)
        if run is None or not run.active:
            raise StoreError(f"{name}: does not train in this process")
        return run

    def rename(self, name: str, new: str) -> None:
        """
        Raises:
            StoreError: see `Store.rename`.
        """
        with self._lock:
            self._check_at_rest(name)
            self.store.rename(name, new)
            self._forget(name)

    def delete(self, name: str) -> None:
        """
        Raises:
            StoreError: see `Store.delete`.
        """
        with self._lock:
            self._check_at_rest(name)
            self.store.delete(name)
            self._forget(name)

    def _check_at_rest(self, name: str) -> None:
        # The store knows of those that train. One that still queues holds no lock.
        run = self._here.get(name)
        if run and run.active:
            raise StoreError(f"{name}: is {run.snapshot().state} here; stop it first")

    def _forget(self, name: str) -> None:
        self._here.pop(name, None)
        self._seen.pop(name, None)

    def shutdown(self, reason: str = "the program was ended", timeout: float = 30.0) -> bool:
        """Save and stop every run here; whether all ended in time."""
        with self._lock:
            running = [run for run in self._here.values() if run.active]
        for run in running:
            run.stop(reason)
        end = time.monotonic() + timeout
        ended = all(run.join(max(0.0, end - time.monotonic())) for run in running)
        with self._lock:
            watches = [run.watch for run in self._here.values() if run.watch]
        for watch in watches:  # nothing of it is owed, but a thread within an operation cannot be ended cleanly
            watch.join(max(0.0, end - time.monotonic()))
        return ended

    # reading

    def snapshot(self, name: str) -> Snapshot:
        """What is known of a run now, wherever it trains.

        Raises:
            StoreError: no such run, or its run.json is damaged.
        """
        run = self._here.get(name)
        if run and run.active:
            return run.snapshot()
        if run and not run.folder.path.is_dir():
            self._forget(name)
        seen = self._on_disk(name)
        found = seen.snapshot()
        if run and run.unwritten_end and run.unwritten_end == seen.events_stamp:
            # Nothing was written since either: only this process knows why it ended.
            ours = run.snapshot()
            elsewhere = found.state in ("training", "paused")  # which is why it could not begin here
            found = replace(found, state=found.state if elsewhere else ours.state, reason=ours.reason)
        return found

    def snapshots(self) -> list[Snapshot]:
        """Every run that can be read, the one begun last first."""
        found: list[tuple[str, Snapshot]] = []
        for name in self.store.names():
            try:
                snapshot = self.snapshot(name)
                found.append((self.folder(name).info.created, snapshot))
            except WorkbenchError:
                continue
        return [snapshot for _, snapshot in sorted(found, key=lambda one: one[0], reverse=True)]

    def damaged(self) -> dict[str, str]:
        """Runs that cannot be read, and why."""
        wrong: dict[str, str] = {}
        for name in self.store.names():
            try:
                self.snapshot(name)
            except WorkbenchError as error:
                wrong[name] = str(error)
        return wrong

    def folder(self, name: str) -> RunFolder:
        """The run's folder, read anew where run.json changed."""
        return self._on_disk(name).folder

    def history(self, name: str) -> History:
        """The run's curves so far, up to date."""
        run = self._here.get(name)
        if run and run.active:
            return run.history
        return self._on_disk(name).history()

    def watched(self, name: str) -> Watched:
        """What is known of the run's quality, wherever it trains.

        Raises:
            StoreError: see `snapshot`.
        """
        run = self._here.get(name)
        if run and run.active and run.watch:
            return run.watch.watched
        return self._on_disk(name).watched()

    def follow(self, name: str, verdict: Verdict) -> str:
        """Fork the run with what a verdict proposes, after stopping it where it trains here → the fork's name.

        Raises:
            WorkbenchError: see `fork`.
        """
        run = self._here.get(name)
        if run and run.active:
            run.stop("a fork takes its place")
            run.join(60)
        at = verdict.at
        if at:  # measures are denser than checkpoints
            there = [file.images for file in self.folder(name).checkpoints() if file.images <= at]
            at = there[-1] if there else 0
        try:
            return self.fork(name, at, **verdict.changes)
        except ConfigError:
            if at == 0:
                raise
            return self.fork(name, 0, **verdict.changes)  # networks of another shape begin anew

    def published(self, name: str) -> tuple[nn.Module, int] | None:
        """The generator in training as it was a moment ago, and its images seen; None where it does not train here."""
        run = self._here.get(name)
        return run.generator() if run and run.active else None

    def generator(self, name: str, images: int | None = None) -> tuple[nn.Module, int]:
        """A generator to draw with, in eval mode on the CPU, and its images seen.

        Args:
            images: of a checkpoint; None: the newest there is, live where the run trains here.

        Raises:
            StoreError: no such checkpoint, or it is damaged or does not fit run.json.
        """
        published = self.published(name) if images is None else None
        if published is not None:
            return published
        return self._of_checkpoint(name, images, "ema", load_generator)

    def discriminator(self, name: str, images: int | None = None) -> tuple[nn.Module, int]:
        """A discriminator to look into, in eval mode on the CPU, and its images seen.

        Args:
            images: of a checkpoint; None: the newest one, of a run in training too, whose D changes with every step.

        Raises:
            StoreError: no such checkpoint, or it is damaged or does not fit run.json.
        """
        return self._of_checkpoint(name, images, "discriminator", load_discriminator)

    def _of_checkpoint(
        self, name: str, images: int | None, part: str, load: Callable[..., nn.Module]
    ) -> tuple[nn.Module, int]:
        """The network that a checkpoint keeps as `part`; those used last stay in memory."""
        folder = self.folder(name)
        file = folder.find(images)
        key = (part, file.path, stamp(file.path))
        with self._lock:
            if key in self._networks:
                self._networks.move_to_end(key)
                return self._networks[key], file.images
        tensors, _ = folder.load_checkpoint(file.images)
        facts = folder.info.dataset
        weights = {
            key.removeprefix(f"{part}."): value for key, value in tensors.items() if key.startswith(f"{part}.")
        }
        try:
            network = load(folder.config, facts.shape, len(facts.classes), weights)
        except WorkbenchError as error:
            raise StoreError(f"{name}/{file.path.name}: {error}") from None
        with self._lock:
            self._networks[key] = network
            while len(self._networks) > KEPT_NETWORKS:
                self._networks.popitem(last=False)
        return network, file.images

    def _on_disk(self, name: str) -> OnDisk:
        with self._lock:
            seen = self._seen.get(name)
            if seen is None or seen.outdated():
                seen = self._seen[name] = OnDisk(self.store.open(name))
            return seen

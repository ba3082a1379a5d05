"""A run that goes on from another's checkpoint, with other settings: what it is asked to be, and its folder.

    plan = fork.plan(parent, 50_000, {"lr_g": 1e-3})
    folder = fork.make(store, parent, plan, dataset, facts(dataset), None, generator)

`Runs.fork` does both, and trains it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from gan_core import game, latent
from gan_core.config import LENGTHS, RATES, RunConfig, replaced, validated
from gan_core.datasets import Dataset
from gan_core.device import pick_device
from gan_core.errors import ConfigError, StoreError, WorkbenchError
from gan_core.pictures import drawable, png, sheet
from gan_core.schedules import complete
from gan_core.store import DatasetFacts, Parent, RunFolder, Store
from gan_core.store.files import write_atomic
from gan_core.trainer import Trainer, stream

FROM_START = "fork from the beginning (--from-start), where every setting may change"
_ENDING = "-fork"


@dataclass(frozen=True)
class Plan:
    """What a fork is to be.

    Attributes:
        config: its settings.
        changed: the settings that are not the parent's.
        images: seen at the checkpoint; 0: it begins anew.
        tensors, place: of the checkpoint, see `Trainer.state`; empty where it begins anew.
    """

    config: RunConfig
    changed: tuple[str, ...]
    images: int = 0
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    place: Mapping[str, Any] = field(default_factory=dict)


def plan(parent: RunFolder, at: int | None, changes: Mapping[str, Any]) -> Plan:
    """The settings of a fork, and where it goes on. Arguments as for `Runs.fork`.

    Raises:
        ConfigError: a value that is not allowed, a length that is reached already, or a setting that cannot change.
        StoreError: no such checkpoint, or it is damaged.
    """
    if "preset" in changes:
        raise ConfigError(
            f"preset = {changes['preset']!r}: a fork keeps its parent's recipe; give the settings that are to differ, "
            "or begin a new run"
        )
    if at == 0:
        config = validated(replaced(parent.config.model_dump(), changes))
        return Plan(config, tuple(config.differences(parent.config)))
    tensors, place = parent.load_checkpoint(at)
    now = {**parent.config.model_dump(), **{key: place["rates"][key.removeprefix("lr_")] for key in RATES}}
    config = validated(replaced(now, changes))
    size, images, seconds = parent.info.dataset.count, place["images"], place["seconds"]
    if complete(config, size, images, seconds):
        if any(changes.get(name) is not None for name in LENGTHS):
            raise ConfigError(
                f"{_length(config)}: {parent.name} had {images:,} images and {seconds:.0f} s behind it at this "
                "checkpoint, which a fork's length includes; give a larger one"
            )
        config = _twice(config, size, images, seconds)
    changed = tuple(config.differences(parent.config))
    for name in ("batch_size", "critic_steps"):
        if name in changed:
            raise ConfigError(
                f"{name} = {getattr(config, name)}: cannot change in what was trained with {name} = "
                f"{getattr(parent.config, name)}, for a checkpoint counts its steps in batches; {FROM_START}"
            )
    return Plan(config, changed, images, tensors, place)


def _length(config: RunConfig) -> str:
    return next(f"{name} = {getattr(config, name):,}" for name in LENGTHS if getattr(config, name) is not None)


def _twice(config: RunConfig, size: int, images: int, seconds: float) -> RunConfig:
    """As long again as its length, or as the checkpoint where that lies beyond."""
    seen = {"images": images, "epochs": images / size, "seconds": seconds}
    name = next(name for name in LENGTHS if getattr(config, name) is not None)
    length = getattr(config, name)
    return validated({**config.model_dump(), name: 2 * (length if 2 * length > seen[name] else seen[name])})


def make(
    store: Store, parent: RunFolder, plan: Plan, dataset: Dataset, facts: DatasetFacts, name: str | None,
    generator: Callable[[int], nn.Module],
) -> RunFolder:
    """The fork's folder, complete from the moment it can be seen.

    Args:
        dataset, facts: the data of `plan.config`.
        name: None: see `Runs.fork`.
        generator: images seen → the generator of that checkpoint of the parent.

    Raises:
        ConfigError: this game cannot be played, or its networks are not those of the checkpoint.
        StoreError: other data, the name is taken, or the folder cannot be written. Nothing is left behind.
    """
    where = Parent(name=parent.name, created=parent.info.created, images=plan.images)
    trainer = _gone_on(parent, plan, dataset) if plan.images else None
    if trainer is None:
        game.check(plan.config, dataset.shape, dataset.n_classes)
        pick_device(plan.config.device)

    def fill(folder: RunFolder) -> None:
        if trainer is not None:
            _copy_past(parent, folder, trainer, generator)
        folder.append_event("forked", plan.images, parent=parent.name)

    made = store.create(plan.config, facts, name, where, fill, lambda: store.free_name(_stem(parent.name)))
    try:
        parent.append_event("forked", plan.images, into=made.name)
    except OSError as error:
        store.delete(made.name)
        raise StoreError(f"{parent.name}: its events cannot be written: {error.strerror}") from None
    return made


def _stem(name: str) -> str:
    """`-fork` behind a name, once only, with room for a number."""
    base, ending, number = name.rpartition(_ENDING)
    if ending and (not number or number.lstrip("-").isdigit()):
        name = base
    return name[:64].encode()[:180].decode(errors="ignore").rstrip(". ") + _ENDING


def _gone_on(parent: RunFolder, plan: Plan, dataset: Dataset) -> Trainer:
    """A trainer of the fork that stands where the checkpoint was taken."""
    at, known = f"the checkpoint at {plan.images:,} images", parent.info.dataset
    if dataset.fingerprint != known.fingerprint:
        raise StoreError(
            f"dataset = {plan.config.dataset!r}: its {len(dataset):,} samples are not the {known.count:,} that {at} of "
            f"{parent.name} has learned from; {FROM_START}"
        )
    trainer = Trainer(plan.config, dataset)
    tensors = dict(plan.tensors)
    if "seed" in plan.changed:
        tensors["random.order"] = stream(plan.config.seed, "order").get_state()
        tensors["random.noise"] = stream(plan.config.seed, "noise", trainer.device).get_state()
    try:
        trainer.load_state(tensors, plan.place)
    except StoreError as error:
        if _shapes(tensors) == _shapes(trainer.state()[0]):  # not the networks
            raise StoreError(f"{parent.name}: {error}; with another seed it is drawn anew here") from None
        given = ", ".join(f"{name} = {getattr(plan.config, name)!r}" for name in plan.changed)
        raise ConfigError(
            f"{given or parent.name}: {error}. What decides the networks cannot change in what was trained; "
            f"{FROM_START}"
        ) from None
    trainer.rates = {"d": plan.config.lr_d, "g": plan.config.lr_g}
    return trainer


def _shapes(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in tensors.items() if not name.startswith("random.")}


def _copy_past(
    parent: RunFolder, folder: RunFolder, trainer: Trainer, generator: Callable[[int], nn.Module]
) -> None:
    """What the parent had until there: its curves, evaluations, sample grids, and the checkpoint."""
    folder.save_checkpoint(*trainer.state())
    write_atomic(folder.path / "history.jsonl", parent.history_until(trainer.step_count))
    measured = [
        record for record in parent.evaluations()
        if isinstance(record.get("images"), int) and record["images"] <= trainer.images
    ]
    if measured:
        lines = "".join(json.dumps(record, separators=(",", ":")) + "\n" for record in measured)
        write_atomic(folder.path / "evaluations.jsonl", lines.encode())
    # The two that decide the grid's latents, where the networks are the same.
    if (folder.config.seed, folder.config.grid) == (parent.config.seed, parent.config.grid):
        for images, path in parent.samples():
            if images <= trainer.images:
                folder.save_sample(images, path.read_bytes())
        return
    for file in parent.checkpoints():  # other latents: drawn anew where the parent still can
        if file.images <= trainer.images and drawable(folder.info.dataset.shape):
            try:
                net = generator(file.images)
            except WorkbenchError:  # damaged: one grid less
                continue
            pictures = latent.draw(net, trainer.fixed_z, trainer.fixed_labels)
            folder.save_sample(file.images, png(sheet(pictures, trainer.columns)))

"""`train`, `resume` and `fork`: a run in its thread, watched from here until it ends or someone ends it."""

from __future__ import annotations

import shlex
import signal
import time
from collections.abc import Callable
from types import FrameType, TracebackType

import click

from gan_core import datasets
from gan_core.cli.progress import Bar
from gan_core.cli.settings import TrainCommand, assigned, config_from, setting_option, setting_options
from gan_core.cli.shell import Command, F, Failure, checkpoint_option, checkpoints_option, name_argument, say
from gan_core.config import LENGTHS, PLACES, RATES, RunConfig, parse_assignments, replaced, validated
from gan_core.errors import ConfigError, StoreError
from gan_core.presets import preset_config
from gan_core.run import Run
from gan_core.runs import Runs
from gan_core.snapshot import ACTIVE, Snapshot
from gan_core.store import Store
from gan_core.words import duration

POLL_SECONDS = 0.2
WATCH_SECONDS = 10.0
"""For the last checkpoint to be measured; a large one is let go."""


@click.command(cls=TrainCommand, options_metavar="[SETTINGS]")
@setting_options
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Any setting, as often as you like.")
@click.option("--name", metavar="NAME", help="The run's name. Default: dataset-preset-number.")
@checkpoints_option
def train(assignments: tuple[str, ...], name: str | None, store: Store, **flags: str | None) -> None:
    """Begin a new run and train it to its end.

    \b
      python -m gan_core train
      python -m gan_core train --preset r3gan --dataset mnist --seconds 120 --seed 7
      python -m gan_core train --dataset folder --dataset-path my-pictures --image-size 64 --epochs 200
      python -m gan_core train --preset article --lr-g 0.0001 --set lr_d=0.0001 --name slow

    The preset is the recipe, and every other setting given replaces the preset's. The defaults below are those of a
    preset that does not say otherwise. --images none trains until you end it, where the preset's length is in images.

    Ctrl-C (or SIGTERM) saves a checkpoint and ends; `resume` goes on exactly there.
    """
    config = config_from(flags, assignments)
    _read_pictures(config)
    runs = Runs(store)
    _watch(runs, lambda: runs.start(config, name))


def _changes(function: F) -> F:
    """What may change where a run goes on, besides its length."""
    for key in reversed((*RATES, *PLACES)):
        function = setting_option(key, RunConfig.model_fields[key], "as it was")(function)
    return function


@click.command(cls=Command)
@name_argument
@click.option("--images", metavar="INTEGER", help="Train until this many pictures were shown, in all.")
@click.option("--epochs", metavar="NUMBER", help="Train until the data was shown this many times, in all.")
@click.option("--seconds", metavar="NUMBER", help="Train for this many seconds, in all.")
@_changes
@checkpoints_option
def resume(name: str, store: Store, **changes: str | None) -> None:
    """Go on with the run NAME from its newest checkpoint, as if it had never stopped.

    \b
      python -m gan_core resume digits-quick-1
      python -m gan_core resume digits-quick-1 --images 400000
      python -m gan_core resume digits-quick-1 --lr-g 0.0005

    A length is the new total, what was trained already included. The other settings are for a run that diverged, or
    that moved: where nothing is given, all stays as it was.
    """
    given = parse_assignments([f"{key}={text}" for key, text in changes.items() if text is not None])
    for key, value in given.items():
        if value is None:
            raise ConfigError(f"{key} = {changes[key]!r}: give a number, or leave it out where it stays as it was")
    runs = Runs(store)
    places = {key: value for key, value in given.items() if key in PLACES}
    _read_pictures(validated({**runs.folder(name).config.model_dump(), **places}))
    _watch(runs, lambda: runs.resume(name, **given))


@click.command(cls=Command)
@name_argument
@checkpoint_option
@click.option("--from-start", is_flag=True, help="From the beginning: nothing that was learned, and any setting.")
@click.option("--name", "new", metavar="NEW", help="The new run's name. Default: NAME-fork, with a number if taken.")
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="A setting that is to differ.")
@checkpoints_option
def fork(
    name: str, step: int | None, from_start: bool, new: str | None, assignments: tuple[str, ...], store: Store
) -> None:
    """Begin a new run that goes on from a checkpoint of the run NAME, with other settings.

    \b
      python -m gan_core fork digits-quick-1 --set lr_g=0.001
      python -m gan_core fork digits-quick-1 --checkpoint 780 --set objective=relativistic --set images=400000
      python -m gan_core fork digits-quick-1 --from-start --set width=64 --name wide

    The new run has the curves and sample grids of NAME up to there, and NAME stays as it is. Learning rates are those
    at the checkpoint. A length is the new total; without one it is that of NAME, or twice that where the checkpoint has
    reached it. With another seed chance falls otherwise; with nothing changed the same happens again.

    What decides the networks, the data, batch_size and critic_steps can change with --from-start only.
    """
    if from_start and step is not None:
        raise ConfigError(f"checkpoint = {step}: give either --checkpoint or --from-start")
    changes = assigned(assignments)
    runs = Runs(store)
    parent = runs.folder(name)
    at = 0 if from_start else None if step is None else parent.find(step=step).images
    _read_pictures(validated(replaced(parent.config.model_dump(), changes)))
    _watch(runs, lambda: runs.fork(name, at, new, **changes))


def _read_pictures(config: RunConfig) -> None:
    """Read a folder of pictures with a bar: the run then finds them read."""
    if config.dataset != "folder":
        return
    with Bar() as bar:
        datasets.load(
            config.dataset, config.data_dir, config.dataset_path, image_size=config.image_size, colour=config.colour,
            on_progress=lambda done, total: bar.show(done / max(1, total), f"{done:,} of {total:,} pictures read"),
        )


class Signals:
    """Remembers SIGINT and SIGTERM instead of ending, so that a run can be saved; the second one ends at once."""

    def __init__(self) -> None:
        self.caught: signal.Signals | None = None

    def __enter__(self) -> Signals:
        self._before = {number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._restore()

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.caught = signal.Signals(number)
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


def _watch(runs: Runs, begin: Callable[[], str]) -> None:
    """Begin a run, show how far it is, and end with the exit code that fits how it ended."""
    with Signals() as signals:
        name = begin()
        say(_headline(runs.snapshot(name)))
        try:
            run = runs.run(name)
        except StoreError:  # ended already
            end = runs.snapshot(name)
        else:
            _follow(run, signals)
            end = run.snapshot()
    what = f"{name}: {end.state} at {end.images:,} images (step {end.step:,}, {duration(end.seconds)})"
    where = "" if runs.store.root == Store().root else f" --checkpoints {shlex.quote(str(runs.store.root))}"
    command = f"python -m gan_core {{}} {shlex.quote(name)}{where}"
    if end.state == "failed":
        raise Failure(f"{what}: {end.reason}")
    if end.state == "finished":
        say(f"{what}\nDraw with it:  {command.format('sample')} --out samples.png")
        return
    saved = "saved" if runs.folder(name).checkpoints() else "before there was anything to save"
    say(f"{what}, {saved}\nGo on with it:  {command.format('resume')}")
    if signals.caught:
        click.get_current_context().exit(128 + signals.caught)


def _follow(run: Run, signals: Signals) -> None:
    """Until the run has ended; a signal makes it save and stop."""
    with Bar() as bar:
        asked = False
        while run.active:
            if signals.caught and not asked:
                asked = True
                run.stop(f"ended by {signals.caught.name}")
                say(f"{signals.caught.name}: saving a checkpoint; once more ends without", err=True)
            bar.show(*_progress(run.snapshot(), run.history.last()))
            time.sleep(POLL_SECONDS)
        bar.show(*_progress(run.snapshot(), run.history.last()))
    run.join()
    if run.watch is not None:
        run.watch.join(WATCH_SECONDS)


def _headline(snapshot: Snapshot) -> str:
    config, data = snapshot.config, snapshot.dataset
    length = next((f"{getattr(config, unit):,} {unit}" for unit in LENGTHS if getattr(config, unit)), "no end set")
    changed = config.differences(preset_config(config.preset))
    settings = ", ".join(f"{key} {value[0]}" for key, value in changed.items() if key not in (*LENGTHS, "dataset"))
    shape = "×".join(map(str, data.shape))
    classes = f", {len(data.classes)} classes" if data.classes else ""
    return (
        f"{snapshot.name}: {config.preset} on {config.dataset} ({data.count:,} samples of {shape}{classes}), {length}"
        + (f"; {settings}" if settings else "")
    )


def _progress(snapshot: Snapshot, last: dict[str, float] | None) -> tuple[float | None, str]:
    """(share done, the line beside it)."""
    known = snapshot.target_images is not None or snapshot.target_seconds is not None
    total = f" of {snapshot.target_images:,}" if snapshot.target_images is not None else ""
    parts = [f"{snapshot.images:,}{total} images"]
    if snapshot.state != "training":
        parts.append(snapshot.state)
    if snapshot.rate:
        parts.append(f"{snapshot.rate:,.0f}/s")
    if snapshot.seconds_left is not None and snapshot.state in ACTIVE:
        parts.append(f"{duration(snapshot.seconds_left)} left")
    if last:
        parts.append(f"D {last['loss_d']:.2f}  G {last['loss_g']:.2f}")
    return (snapshot.progress if known else None), "  ".join(parts)

"""A trainer in a background thread: start, pause, resume, stop, save, change a rate; and what it has done so far.

A `Run` trains one run folder in one thread.
"""

from __future__ import annotations

import copy
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from gan_core.config import RunConfig, validated
from gan_core.datasets import Dataset
from gan_core.device import thread_count
from gan_core.errors import StoreError, WorkbenchError
from gan_core.pictures import drawable, png, sheet
from gan_core.priority import lower_priority
from gan_core.rollback import best_before, calmer, roll_back
from gan_core.schedules import sample_due, target_images
from gan_core.slots import Slots
from gan_core.snapshot import ACTIVE, ENDED, Snapshot
from gan_core.store import History, RunFolder, disk_reason
from gan_core.trainer import Trainer
from gan_core.verdicts import Verdict
from gan_core.watch import Moment, Watch

log = logging.getLogger(__name__)

SAVE_SECONDS = 60.0
PUBLISH_SECONDS = 0.4


def check_data(folder: RunFolder, dataset: Dataset) -> None:
    """
    Raises:
        StoreError: it is not what the run was begun with.
    """
    facts = folder.info.dataset
    if dataset.fingerprint != facts.fingerprint:
        raise StoreError(
            f"the data {folder.config.dataset!r} is not what this run was begun with ({len(dataset):,} samples now, "
            f"{facts.count:,} then, or other contents); put the old data back, or begin a new run"
        )


class Run:
    """One run's thread. Its commands return at once and are carried out between two steps.

    Attributes:
        history: the curves so far.
        watch: what measures it; None before it trains, or where that is not wanted.
        unwritten_end: the stamp of events.jsonl as it was when the run's end could not be written there.
    """

    def __init__(
        self, folder: RunFolder, data: Callable[[RunConfig], Dataset], slots: Slots, resuming: bool = False,
        config: RunConfig | None = None, rates: Mapping[str, float] | None = None,
    ) -> None:
        """
        Args:
            data: config → what to train on.
            resuming: go on from the newest checkpoint.
            config, rates: to go on with, written down as soon as the run's lock is held; see `set_rates`.
        """
        self.folder, self._data, self._slots, self._resuming = folder, data, slots, resuming
        self.config = config or folder.config
        self.history = History()
        self.watch: Watch | None = None
        self.unwritten_end: tuple[int, int] | None = None
        self._saved_at, self._last_save = -1, 0.0
        self._lock = threading.Lock()
        self._wake = threading.Condition()
        self._stop = self._pause = self._save = self._holding = self._over = False
        self._stop_reason: str | None = None
        self._rates: dict[str, float] = dict(rates or {})
        self._alarm: Verdict | None = None
        self._tries = 0
        self._published: tuple[nn.Module, int] | None = None
        config = self.config
        # What there is already, for as long as it queues.
        self.history.refresh(folder.path / "history.jsonl")
        last = self.history.last() or dict.fromkeys(("step", "images", "seconds"), 0.0)
        self._snapshot = Snapshot(
            folder.name, "queued", None, config, folder.info.dataset, int(last["step"]), int(last["images"]),
            last["seconds"], 0.0,
            target_images(config, folder.info.dataset.count), config.seconds, True,
        )
        self._thread = threading.Thread(target=self._work, name=f"run {folder.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    # what screens read

    def snapshot(self) -> Snapshot:
        """The newest facts; never waits for the training."""
        return self._snapshot

    def generator(self) -> tuple[nn.Module, int] | None:
        """A copy of the EMA generator in eval mode on the CPU and its images seen; None before the first.

        The module is never changed after it was published, so it may be used from any thread.
        """
        return self._published

    @property
    def active(self) -> bool:
        return self._snapshot.state in ACTIVE

    @property
    def over(self) -> bool:
        """Whether its end is written down: commands come too late."""
        return self._over

    # commands

    def pause(self) -> None:
        self._command(_pause=True)

    def unpause(self) -> None:
        self._command(_pause=False)

    def stop(self, reason: str | None = None) -> None:
        """Save, then end. The run can be resumed."""
        self._command(_stop=True, _stop_reason=reason)
        self._show(state="stopping")

    def save(self) -> None:
        self._command(_save=True)

    def set_rates(self, **rates: float) -> None:
        """New base learning rates, `d` and or `g`, from the next step on; recorded among the events.

        Raises:
            ConfigError: a rate that is not allowed; none is changed then.
        """
        given = {f"lr_{side}": rate for side, rate in rates.items()}
        allowed = validated({**self.folder.config.model_dump(), **given})
        with self._wake:
            self._rates |= {side: getattr(allowed, f"lr_{side}") for side in rates}
            self._wake.notify_all()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the thread's end; whether it ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _command(self, **flags: Any) -> None:
        with self._wake:
            for name, value in flags.items():
                setattr(self, name, value)
            self._wake.notify_all()

    def _show(self, **changes: Any) -> None:
        with self._lock:
            state = changes.get("state")
            if self._snapshot.state in ENDED:  # the last word: a late command cannot bring it back
                return
            if self._stop and state in ACTIVE:
                changes["state"] = "stopping"
            self._snapshot = replace(self._snapshot, **changes)

    # the thread

    def _work(self) -> None:
        state, reason = "failed", None
        try:
            if self._take_slot(lambda: self._stop):
                state, reason = self._hold()
            else:
                state, reason = "stopped", self._stop_reason or "stopped before it began"
        finally:
            self._give_slot()
            self._show(state=state, reason=reason, rate=0.0)

    def _hold(self) -> tuple[str, str | None]:
        """Train with the run's lock held, and write down how it ended before anyone else can take it up."""
        try:
            lower_priority(5)
            torch.set_num_threads(thread_count(self.config))
            with self.folder.lock():
                self._show(state="training")  # its data and networks are made ready
                try:
                    if self.config != self.folder.config:
                        self.folder.write_info(config=self.config)
                    end = self._train()
                except Exception as error:  # the dashboard lives on, whatever it was
                    end = "failed", _in_words(error, self.folder.name)
                finally:
                    if self.watch is not None:
                        self.watch.end()
                self._over = True
                self._write_end(*end)
                return end
        except Exception as error:  # of the lock: the run's events belong to who holds it
            self.unwritten_end = self.folder.events_stamp()
            return "failed", _in_words(error, self.folder.name)

    def _write_end(self, state: str, reason: str | None) -> None:
        try:
            self.folder.append_event(state, self._snapshot.images, **({"reason": reason} if reason else {}))
        except (OSError, MemoryError):  # a full disk must not hide the reason from the screen
            log.warning("run %s: the event %r could not be written", self.folder.name, state)
            self.unwritten_end = self.folder.events_stamp()

    def _take_slot(self, give_up: Callable[[], bool], meanwhile: Callable[[], None] = lambda: None) -> bool:
        self._holding = self._slots.acquire(give_up, meanwhile)
        return self._holding

    def _give_slot(self) -> None:
        if self._holding:
            self._holding = False
            self._slots.release()

    def _train(self) -> tuple[str, str | None]:
        """The whole training → (state, reason) of its end."""
        folder, config = self.folder, self.config
        dataset = self._data(config)
        check_data(folder, dataset)
        trainer = Trainer(config, dataset)
        if self._resuming and folder.checkpoints():
            trainer.load_state(*folder.load_checkpoint())
            for name in folder.set_aside(trainer.images):
                folder.append_event("damaged", trainer.images, file=name)
        folder.rewind(trainer.step_count)
        self.history.refresh(folder.path / "history.jsonl")
        folder.append_event("resumed" if self._resuming else "started", trainer.images)
        self._begin_watch(dataset)
        self._publish(trainer, told=True)
        if trainer.images == 0:
            self._keep_sample(trainer)
        self._saved_at = trainer.images if trainer.images else -1
        clock = last_publish = self._last_save = time.monotonic()
        meter = RateMeter(trainer.images, trainer.seconds)
        while not self._done(trainer) and not self._stop:
            if self._pause:
                self._stay_paused(trainer)
                clock = self._last_save = time.monotonic()
                continue
            if self._alarm is not None and self._answered(trainer):
                meter = RateMeter(trainer.images, trainer.seconds)
                clock = last_publish = time.monotonic()
                continue
            self._obey(trainer)
            before = trainer.images
            trainer.step()
            moment = time.monotonic()
            trainer.seconds += moment - clock
            clock = moment
            if trainer.step_count == 1 or trainer.step_count % config.record_every_steps == 0:
                record = trainer.record()
                if record:
                    self.history.append(record)
                    folder.append_history(record)
            if sample_due(config, before, trainer.images, len(dataset)):
                self._keep_sample(trainer)
            due = trainer.images // config.save_every_images > before // config.save_every_images
            if due or moment - self._last_save >= SAVE_SECONDS:
                self._keep_checkpoint(trainer)
            if moment - last_publish >= PUBLISH_SECONDS:
                self._publish(trainer, meter.rate(trainer.images, trainer.seconds))
                last_publish = moment
        self._obey(trainer)
        self._keep_checkpoint(trainer)
        self._publish(trainer)
        if not self._done(trainer):
            return "stopped", self._stop_reason
        if not (folder.path / "samples" / f"{trainer.images:09d}.png").exists():
            self._keep_sample(trainer)
        return "finished", None

    def _done(self, trainer: Trainer) -> bool:
        target = self._snapshot.target_images
        limit = self._snapshot.target_seconds
        return (target is not None and trainer.images >= target) or (limit is not None and trainer.seconds >= limit)

    def _stay_paused(self, trainer: Trainer) -> None:
        self._keep_checkpoint(trainer)
        self.folder.append_event("paused", trainer.images)
        self._publish(trainer)
        self._show(state="paused", rate=0.0)
        self._give_slot()  # others may train meanwhile
        while not self._stop:
            with self._wake:
                self._wake.wait_for(lambda: self._stop or self._save or self._rates or not self._pause)
            self._obey(trainer)
            if self._pause:
                continue
            self._show(state="queued")
            if self._take_slot(lambda: self._stop or self._pause, lambda: self._obey(trainer)):
                self.folder.append_event("unpaused", trainer.images)
                self._show(state="training")
                return
            self._show(state="paused")

    def _obey(self, trainer: Trainer) -> None:
        """Carry out what was asked for since the last step."""
        if self._rates:
            with self._wake:
                rates, self._rates = self._rates, {}
            trainer.rates.update(rates)
            self.folder.append_event("rates", trainer.images, **{f"lr_{side}": rate for side, rate in rates.items()})
            self._saved_at = -1
            self._keep_checkpoint(trainer)  # what is written down as changed must stay so, also after a kill
        if self._save:
            self._save = False
            self._keep_checkpoint(trainer)
            self.folder.append_event("saved", trainer.images)

    def _keep_checkpoint(self, trainer: Trainer) -> None:
        """Write a checkpoint, unless this very state has one."""
        if self._saved_at != trainer.images:
            trainer.check_finite()
            self.folder.save_checkpoint(*trainer.state())
            self._saved_at = trainer.images
            self._publish(trainer, told=True)  # of what is kept, it is known how good it is
        self._last_save = time.monotonic()

    def _keep_sample(self, trainer: Trainer) -> None:
        if drawable(trainer.dataset.shape):
            self.folder.save_sample(trainer.images, png(sheet(trainer.draw_fixed(), trainer.columns)))

    def _publish(self, trainer: Trainer, rate: float | None = None, told: bool = False) -> None:
        """Show screens where it stands.

        Args:
            rate: None: as it was.
            told: this very generator is to be measured.
        """
        generator = _apart(trainer.ema)
        self._published = generator, trainer.images
        shown = {} if rate is None else {"rate": rate}
        self._show(step=trainer.step_count, images=trainer.images, seconds=trainer.seconds, **shown)
        if self.watch is not None and (told or self.watch.hungry):
            self.watch.offer(
                Moment(generator, _apart(trainer.game.discriminator), trainer.step_count, trainer.images)
            )

    def _begin_watch(self, dataset: Dataset) -> None:
        if self.config.measure == "live":
            self.watch = Watch(self.folder, dataset, self.history, self._tell)
            self.watch.start()

    def _answered(self, trainer: Trainer) -> bool:
        """Do what is wanted on collapse → whether that was anything."""
        verdict, self._alarm = self._alarm, None
        assert verdict is not None
        if self.config.on_collapse == "pause":
            self._pause = True
            return True
        if self._tries >= self.config.tries:
            return False
        self._tries += 1
        assert self.watch is not None
        came_to, rates = trainer.images, calmer(trainer.rates)
        file = best_before(self.folder.checkpoints(), self.watch.watched.measures, verdict)
        self.watch.forget()
        self._alarm = None  # one raised meanwhile was of what is taken back
        roll_back(trainer, self.folder, file)
        self.history.refresh(self.folder.path / "history.jsonl")
        trainer.rates.update(rates)
        self._saved_at = -1
        self._keep_checkpoint(trainer)  # with the new rates: also after a kill it goes on from here
        self.folder.append_event(
            "rolled back", trainer.images, came_to=came_to, why=verdict.kind, tries=self._tries,
            **{f"lr_{side}": rate for side, rate in rates.items()},
        )
        return True

    def _tell(self, verdict: Verdict) -> None:
        """Among the events of the run; from the watch's thread."""
        if verdict.kind in ("collapse", "unstable") and self.config.on_collapse != "go on":
            self._alarm = verdict
        try:
            self.folder.append_event("verdict", verdict.images, kind=verdict.kind, text=verdict.text)
        except OSError as error:
            log.warning("run %s: a verdict could not be written: %s", self.folder.name, error)


def _apart(net: nn.Module) -> nn.Module:
    """A copy to look at, which the training does not change any more."""
    return copy.deepcopy(net).to("cpu").eval().requires_grad_(False)


class RateMeter:
    """Images a second over the last few seconds, so that the number shown neither jumps nor lags."""

    def __init__(self, images: int, seconds: float) -> None:
        self._points = [(images, seconds)]

    def rate(self, images: int, seconds: float) -> float:
        self._points.append((images, seconds))
        while len(self._points) > 2 and seconds - self._points[0][1] > 5:
            self._points.pop(0)
        first_images, first_seconds = self._points[0]
        return (images - first_images) / (seconds - first_seconds) if seconds > first_seconds else 0.0


def _in_words(error: Exception, name: str) -> str:
    """Why a run failed, for people; what nobody foresaw is logged too."""
    if isinstance(error, WorkbenchError):
        return str(error)
    if isinstance(error, OSError):
        return disk_reason(error)
    text = str(error).lower()
    # CUDA has a class of its own; PyTorch's allocators for CPU and MPS report with a plain RuntimeError.
    short = isinstance(error, RuntimeError) and any(words in text for words in _MEMORY_WORDS)
    if short or isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return _OUT_OF_MEMORY
    log.error("run %s failed", name, exc_info=error)
    return f"{type(error).__name__}: {error}"


_MEMORY_WORDS = ("out of memory", "not enough memory", "can't allocate memory")
_OUT_OF_MEMORY = (
    "out of memory: make batch_size, width or the pictures smaller, or close other programs; checkpoints already "
    "written are kept"
)

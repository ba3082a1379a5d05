"""One tab's lab: a `Play` in a thread of its own, paced by a clock, shown as fast as the tab draws. No socket here."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Any

import torch

from gan_core.errors import ConfigError, WorkbenchError
from gan_core.lab import Play, Scene, Substep
from gan_core.lab.measures import EXTENT
from gan_core.priority import lower_priority
from pages.parts.lab import orders
from pages.parts.lab.picture import draw

log = logging.getLogger(__name__)

FRAMES_PER_SECOND = 30
AHEAD = 2
"""Frames on their way to the screen: the next one is made while the last one travels."""

UNSEEN_SECONDS = 2.0
"""A tab that has drawn nothing for so long is hidden or gone: it is not played for."""

SLOW_SECONDS = 1.6
"""Between two sub-steps of slow motion: the time to read a sentence."""

NICENESS = 5

MOST_WAITING = 500
"""Orders: steps come faster than a slow game makes them, when a key is held down."""

Message = bytes | dict[str, Any]


class Player:
    """Obeys orders in turn, and plays between them.

    Args:
        deliver: called from the thread with each frame and message.
    """

    def __init__(self, deliver: Callable[[Message], None]) -> None:
        self._deliver = deliver
        self._orders: deque[orders.Order] = deque()
        self._wake = threading.Condition()
        self._closed = False
        self._play: Play | None = None
        self._life = 0
        self._show = orders.Show()
        self._wanted: list[int] = []
        self._marks: list[int] = []
        self._marked: list[dict[str, Any]] = []
        self._on, self._slow, self._speed = False, False, 0.0
        self._substep: Substep | None = None
        self._at: int | None = None
        self._dirty = False
        self._number = 0
        self._unseen: dict[int, float] = {}
        self._next_step = self._next_frame = 0.0
        self._pace = Pace()
        self._thread = threading.Thread(target=self._work, name="lab", daemon=True)
        self._thread.start()

    def put(self, order: orders.Order) -> None:
        """Obey this next. From any thread. A new scene makes what waits before it pointless.

        Raises:
            WorkbenchError: more wait already than a hand can give.
        """
        with self._wake:
            if isinstance(order, orders.Open):
                self._orders.clear()
            if len(self._orders) >= MOST_WAITING:
                raise WorkbenchError(f"{MOST_WAITING} orders wait already")
            self._orders.append(order)
            self._wake.notify()

    def close(self) -> None:
        """End; the thread goes after what it does now."""
        with self._wake:
            self._closed = True
            self._wake.notify()

    def join(self, seconds: float) -> bool:
        """Wait for its end → whether it came."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    # the thread

    def _work(self) -> None:
        lower_priority(NICENESS)
        torch.set_num_threads(1)
        while True:
            with self._wake:
                while not self._closed and not self._orders and (pause := self._pause()) != 0:
                    self._wake.wait(pause)
                if self._closed:
                    return
                given = list(self._orders)
                self._orders.clear()
            try:
                for order in given:
                    try:
                        self._obey(order)
                    except ConfigError as error:
                        self._refuse(str(error))
                self._advance()
                self._draw()
            except WorkbenchError as error:
                self._stop(str(error))
            except Exception:  # this lab goes on, whatever it was
                log.exception("a lab")
                self._stop("This lab failed; the server's log says why. Reset begins it again.")

    def _stop(self, text: str) -> None:
        self._on = False
        self._deliver({"kind": "paused", "text": text})

    def _pause(self) -> float | None:
        """Seconds until there is something to do; None: until there is an order."""
        now, due = monotonic(), []
        if self._playing(now):
            due.append(self._next_step)
        elif self._on:
            due.append(now + UNSEEN_SECONDS)
        if self._dirty and len(self._unseen) < AHEAD:
            due.append(self._next_frame)
        return max(0.0, min(due) - now) if due else None

    def _playing(self, now: float) -> bool:
        watched = not self._unseen or now - min(self._unseen.values()) < UNSEEN_SECONDS
        return self._on and self._play is not None and watched

    def _advance(self) -> None:
        """Play what is due until the next frame, or an order, comes."""
        now = monotonic()
        if not self._playing(now) or self._play is None:
            self._pace.clear()
            return
        if self._slow:
            if now >= self._next_step:
                self._substep = self._play.substep()
                self._next_step = now + SLOW_SECONDS
                self._dirty = True
                self._mark()
            return
        gap = 1 / self._speed if self._speed else 0.0
        until = max(self._next_frame, now + 0.004)
        while self._on and not self._orders and not self._closed and now < until and now >= self._next_step:
            self._play.step()
            self._substep, self._dirty = None, True
            self._pace.step(monotonic())
            # A machine that is too slow does not run after the steps that it missed.
            self._next_step = max(self._next_step + gap, now - 2 * gap)
            self._mark()
            now = monotonic()

    def _mark(self) -> None:
        """The exact readings of a step that was asked for; at the last of them it pauses."""
        if self._play is None or not self._marks or self._play.step_count < self._marks[0]:
            return
        self._marked.append(self._play.readings().as_dict())
        self._marks.pop(0)
        if not self._marks:
            self._on = False
            self._deliver({"kind": "ended", "life": self._life, "scene": self._play.scene.to_query(),
                           "marks": self._marked})

    def _draw(self) -> None:
        now = monotonic()
        if not self._dirty or self._play is None or len(self._unseen) >= AHEAD or now < self._next_frame:
            return
        self._dirty = False
        self._number += 1
        header = {
            "number": self._number, "life": self._life, "rate": self._pace.rate(now) if self._on else 0, "on": self._on,
        }
        substep = self._substep if self._at is None else None  # it is of now
        frame = draw(self._play, self._show, self._at, substep, header)
        self._unseen[self._number] = monotonic()
        self._next_frame = now + 1 / FRAMES_PER_SECOND
        self._deliver(frame)

    # orders

    def _obey(self, order: orders.Order) -> None:
        match order:
            case orders.Seen():
                self._unseen = {number: at for number, at in self._unseen.items() if number > order.number}
                return
            case orders.Open():
                self._open(order)
            case orders.Show():
                self._show = order
            case _ if self._play is None:
                return
            case orders.Go():
                if order.on and not self._on:
                    self._next_step = monotonic()
                self._on, self._slow, self._speed = order.on, order.slow, order.speed
                if order.on:
                    self._at = None
                self._next_step = min(self._next_step, monotonic() + 1)
            case orders.OneStep():
                self._step(self._play, order.what)
            case orders.Change():
                self._play.change(**order.settings)
            case orders.Reset():
                self._on, self._at, self._substep = False, None, None
                self._play.reset()
                self._begun(self._play)
            case orders.Look():
                self._at = order.at
                self._on = self._on and order.at is None
        self._dirty = True

    def _open(self, order: orders.Open) -> None:
        """Another scene, from its beginning; where it cannot be, the one before stays."""
        play = Play(Scene.from_query(order.query))
        self._on, self._at, self._substep, self._play = False, None, None, play
        self._show, self._wanted = order.show, sorted(set(order.marks))
        self._begun(play)

    def _refuse(self, text: str) -> None:
        """Say what cannot be, and what is played still."""
        play = self._play
        still = None if play is None else {"scene": play.scene.model_dump(), "query": play.scene.to_query()}
        self._deliver({"kind": "refused", "text": text, "still": still})

    def _begun(self, play: Play) -> None:
        """Say what is played now."""
        self._life += 1
        self._marks, self._marked = list(self._wanted), []
        self._unseen.clear()
        self._next_frame = 0.0
        self._deliver({
            "kind": "scene", "life": self._life, "scene": play.scene.model_dump(), "query": play.scene.to_query(),
            "facts": {"extent": EXTENT, "n_modes": play.readings().n_modes or 0},
        })

    def _step(self, play: Play, what: str) -> None:
        self._at, self._on = None, False
        if what == "sub":
            self._substep = play.substep()
        else:
            self._substep = None
            {"both": play.step, "d": play.step_d, "g": play.step_g}[what]()
        self._mark()


class Pace:
    """How many steps a second were made of late."""

    def __init__(self) -> None:
        self._moments: deque[float] = deque(maxlen=400)

    def step(self, now: float) -> None:
        self._moments.append(now)

    def clear(self) -> None:
        self._moments.clear()

    def rate(self, now: float) -> float:
        """Steps a second over the last second or so; 0 where there are none."""
        while self._moments and now - self._moments[0] > 1.5:
            self._moments.popleft()
        if len(self._moments) < 2:
            return 0.0
        return (len(self._moments) - 1) / max(1e-6, self._moments[-1] - self._moments[0])

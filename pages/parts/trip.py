"""From one link of a page to another, however often the script is asked to run meanwhile."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import streamlit as st

STALE_SECONDS, LONGEST_SECONDS = 3.0, 60.0


@dataclass
class Trip:
    """One such way.

    When the browser asks for another run of the script (a run's state changed, say, while one was being forked),
    Streamlit begins it at once, and ends the one before, or its callback, at its next word to the session. What runs
    next therefore waits until it is known where to go; that is kept in here, which is no word to the session.
    """

    left: dict[str, str] = field(default_factory=dict)
    link: dict[str, str] = field(default_factory=dict)
    moment: float = -STALE_SECONDS
    under_way: bool = False

    def go(self, link: dict[str, str]) -> None:
        self.link, self.moment = link, time.monotonic()
        st.query_params.from_dict(self.link)

    def stay(self) -> None:
        """The browser may ask with the old link once more, before it has heard of the new one: that is no going
        back."""
        end = time.monotonic() + LONGEST_SECONDS
        while self.under_way and time.monotonic() < end:
            time.sleep(0.02)
        lately = time.monotonic() - self.moment < STALE_SECONDS
        if lately and st.query_params.to_dict() in (self.left, self.link):
            st.query_params.from_dict(self.link)


@contextlib.contextmanager
def leave() -> Iterator[Trip]:
    """Around what may take a while and then goes somewhere."""
    trip = st.session_state.setdefault("trip", Trip())
    trip.left, trip.under_way = st.query_params.to_dict(), True
    try:
        yield trip
    finally:
        trip.under_way = False


def stay() -> None:
    """To be asked for before a page reads its link."""
    st.session_state.setdefault("trip", Trip()).stay()

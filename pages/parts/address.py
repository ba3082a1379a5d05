"""The address of a page that shows a checkpoint of one run: how it is read, and how it says what is looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

import streamlit as st

from gan_core.errors import ConfigError
from gan_core.snapshot import Snapshot
from pages.parts.pick import newest_run
from pages.parts.words import plain
from pages.parts.workbench import runs

place = st.session_state


class Linked(Protocol):
    """What such an address holds."""

    def __init__(self, run: str | None = None) -> None: ...

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Self:
        """
        Raises:
            ConfigError: names each bad part.
        """
        ...

    def to_query(self) -> dict[str, str]: ...


L = TypeVar("L", bound=Linked)


@dataclass(frozen=True)
class Address(Generic[L]):
    """What this tab looks at on one page. It outlives the way to another page and back.

    Attributes:
        page: its name, of which the names in the session are made.
        kind: what the address holds.
    """

    page: str
    kind: type[L]

    @property
    def link(self) -> L:
        """What is looked at."""
        return place[f"{self.page}_link"]

    @property
    def complaint(self) -> str:
        """What of the address could not be followed, in words; empty where all could."""
        return place[f"{self.page}_complaint"]

    @property
    def revision(self) -> int:
        """Rises when the page goes somewhere, so that its component follows."""
        return place[f"{self.page}_revision"]

    def go(self, link: L) -> None:
        """Show `link`; the component takes it."""
        self.settle(link, "")
        place[f"{self.page}_revision"] = place.get(f"{self.page}_revision", 0) + 1

    def settle(self, link: L, complaint: str) -> None:
        """Show what is there of it, and say what is not."""
        place[f"{self.page}_link"], place[f"{self.page}_complaint"] = link, complaint

    def write(self, link: L) -> None:
        """Let the page's address say what is looked at: the component is there already."""
        self.settle(link, "")
        place[f"{self.page}_query"] = link.to_query()
        st.query_params.from_dict(place[f"{self.page}_query"])

    def read(self, newest: str) -> None:
        """Go where the page's address says, when it says something new."""
        query, known = st.query_params.to_dict(), f"{self.page}_link" in place
        if known and query == place[f"{self.page}_query"]:
            return
        if not query and known and place[f"{self.page}_newest"] == newest:
            self.write(self.link)  # back from another page
            return
        place[f"{self.page}_query"], place[f"{self.page}_newest"] = query, newest
        try:
            self.go(self.kind.from_query(query))
        except ConfigError as error:
            self.go(self.kind(query.get("run")))
            self.settle(self.link, str(error))


def page(
    address: Address[L], settle: Callable[[Sequence[Snapshot], str], None],
    pickers: Callable[[Sequence[Snapshot]], None], stage: Callable[[], None], empty: Callable[[], None],
) -> None:
    """The whole of such a page.

    Args:
        settle: (runs, the newest one's name): put what is there in the place of what the address asks for and is not.
        pickers: other runs and checkpoints to choose.
        stage: what is looked at.
        empty: what stands there without any run.
    """
    snapshots = runs().snapshots()
    if snapshots:
        newest = newest_run(snapshots)
        address.read(newest)
        settle(snapshots, newest)
        if not address.complaint:
            address.write(address.link)  # what is looked at now, also where the address did not say
        pickers(snapshots)
        if address.complaint:
            st.warning(f"This link could not be followed in all: {plain(address.complaint)}")
        stage()
    else:
        empty()
    for reason in runs().damaged().values():
        st.warning(f"Left out, because it cannot be read: {plain(reason)}")

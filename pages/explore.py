"""Explore: walk through the latent space of any generator, the one in training too."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl

import streamlit as st

from gan_core.errors import WorkbenchError
from gan_core.latent import View
from gan_core.snapshot import ACTIVE, Snapshot
from pages.parts.address import Address, page
from pages.parts.latent import explorer, said
from pages.parts.latent.drawing import check_pictures, classes_told
from pages.parts.latent.link import START, Link, fitted
from pages.parts.pick import there
from pages.parts.states import label
from pages.parts.words import plain
from pages.parts.workbench import runs

NEWEST = "newest"
place = st.session_state
address = Address("explore", Link)


def let_go() -> None:
    """The hand came to rest: the component is there already."""
    if query := said():
        link = address.link
        address.write(Link(link.run, link.images, View.from_query(dict(parse_qsl(query)))))


def pick_run() -> None:
    address.go(Link(place.explore_run, None, address.link.view))
    address.write(address.link)


def pick_checkpoint() -> None:
    picked, link = place.explore_checkpoint, address.link
    address.write(Link(link.run, None if picked == NEWEST else picked, link.view))


def settle(snapshots: Sequence[Snapshot], newest: str) -> None:
    """Replace what the link asks for and is not there by what is, and say so."""
    link, wrong = address.link, [address.complaint] if address.complaint else []
    folder, images, missing = there(link.run, link.images, snapshots, newest)
    view = fitted(link.view or START, folder.config.latent_dim, len(classes_told(folder)))
    address.settle(Link(folder.name, images, view), "; ".join([*wrong, *missing]))


def empty() -> None:
    st.subheader("No generator to explore yet")
    st.write(
        "A generator turns random numbers, the latent, into pictures. Train one first: digits appear within seconds. "
        "Then walk through what it has learned here, from a 3 to an 8 under your hand."
    )
    if st.button("Train a generator", type="primary"):
        st.switch_page("pages/train.py")


@st.fragment(run_every=1.0)
def wait_for_pictures(name: str) -> None:
    """A run that waits or just begins: its first pictures come by themselves."""
    try:
        runs().generator(name)
    except WorkbenchError:
        state = runs().snapshot(name).state
        st.info(f"{plain(name)} is {state}: its pictures appear here as soon as it has begun to draw.")
        if state in ACTIVE:
            return
    st.rerun()


def pickers(snapshots: Sequence[Snapshot]) -> None:
    link = address.link
    assert link.run is not None  # it is settled
    shown = {snapshot.name: snapshot for snapshot in snapshots}
    checkpoints = [file.images for file in reversed(runs().folder(link.run).checkpoints())]
    live = shown[link.run].state in ACTIVE
    newest = "newest, live" if live else f"newest: {checkpoints[0]:,} images seen" if checkpoints else "none yet"
    place.explore_run, place.explore_checkpoint = link.run, link.images or NEWEST
    left, middle, inside, right = st.columns([5, 5, 3, 4], vertical_alignment="bottom")
    left.selectbox("Run", list(shown), format_func=lambda name: label(shown[name]), key="explore_run",
                   on_change=pick_run)
    middle.selectbox(
        "Checkpoint", [NEWEST, *checkpoints], key="explore_checkpoint", on_change=pick_checkpoint,
        format_func=lambda images: newest if images == NEWEST else f"{images:,} images seen",
        help="The generator as it was kept at that moment of its training. Of a run in training, the newest is live.",
    )
    if inside.button(
        "Look inside D", icon=":material/visibility:", width="stretch",
        help="What the discriminator, which these pictures were made to fool, looks at.",
    ):
        where = {"run": link.run} if link.images is None else {"run": link.run, "images": str(link.images)}
        st.switch_page("pages/inside.py", query_params=where)
    if right.button("Compare checkpoints", icon=":material/compare:", width="stretch"):
        st.switch_page("pages/compare.py")


def stage() -> None:
    link = address.link
    assert link.run is not None  # it is settled
    folder, snapshot = runs().folder(link.run), runs().snapshot(link.run)
    try:
        check_pictures(folder)
    except WorkbenchError as error:
        st.error(plain(str(error)))
        return
    try:
        runs().generator(folder.name, link.images)
    except WorkbenchError as error:
        if snapshot.state in ACTIVE and not folder.checkpoints():
            wait_for_pictures(folder.name)
        else:
            st.error(plain(str(error)))
        return
    explorer(folder, snapshot, link, address.revision, let_go, lambda: None)


page(address, settle, pickers, stage, empty)

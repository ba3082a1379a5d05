"""Inside: what a discriminator looks at, in samples of both kinds and in what a hand draws."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl

import streamlit as st

from gan_core.errors import WorkbenchError
from gan_core.snapshot import ACTIVE, Snapshot
from pages.parts.address import Address, page
from pages.parts.inside import said, xray
from pages.parts.inside.link import Link
from pages.parts.latent.drawing import check_pictures, classes_told
from pages.parts.pick import there
from pages.parts.states import label
from pages.parts.words import plain
from pages.parts.workbench import runs

NEWEST = "newest"
place = st.session_state
address = Address("inside", Link)


def chosen() -> None:
    """A picture or a class was clicked: the component is there already."""
    if query := said():
        link = address.link
        picture = Link.from_query(dict(parse_qsl(query)))
        address.write(Link(link.run, link.images, picture.show, picture.number, picture.label))


def pick_run() -> None:
    link = address.link
    address.write(Link(place.inside_run, None, link.show, link.number))


def pick_checkpoint() -> None:
    picked, link = place.inside_checkpoint, address.link
    address.write(Link(link.run, None if picked == NEWEST else picked, link.show, link.number, link.label))


def settle(snapshots: Sequence[Snapshot], newest: str) -> None:
    """Replace what the link asks for and is not there by what is, and say so."""
    link, wrong = address.link, [address.complaint] if address.complaint else []
    folder, images, missing = there(link.run, link.images, snapshots, newest)
    classes = len(classes_told(folder))
    told = link.label if link.label is not None and link.label < classes else None
    if link.label is not None and told is None and not missing:
        knows = f"knows the classes 0 to {classes - 1}" if classes else "knows no classes"
        wrong.append(f"label = {link.label}: the discriminator of {folder.name} {knows}")
    address.settle(Link(folder.name, images, link.show, link.number, told), "; ".join([*wrong, *missing]))


def empty() -> None:
    st.subheader("No discriminator to look into yet")
    st.write(
        "A discriminator tells real pictures from a generator's. Train a pair first: it takes seconds. Then see here "
        "which pixels it believes and which it doubts, and try to draw something that fools it."
    )
    if st.button("Train a pair", type="primary"):
        st.switch_page("pages/train.py")


def save_now(name: str) -> None:
    try:
        runs().run(name).save()
    except WorkbenchError as error:
        st.toast(plain(str(error)), icon=":material/warning:")


@st.fragment(run_every=1.0)
def wait_for_checkpoint(name: str) -> None:
    """A run that waits or just begins: its first discriminator comes by itself."""
    snapshot = runs().snapshot(name)
    if snapshot.state in ACTIVE and not runs().folder(name).checkpoints():
        st.info(
            f"{plain(name)} is {snapshot.state}: its discriminator can be looked into from its first checkpoint on, "
            "which is written within the first minute of training."
        )
        if snapshot.here and snapshot.state == "training":
            st.button("Save a checkpoint now", type="primary", on_click=save_now, args=(name,))
        return
    st.rerun()


@st.fragment(run_every=2.0)
def follow(name: str, images: int) -> None:
    """The newest checkpoint of a run in training gives way to a newer one."""
    try:
        if runs().folder(name).find().images == images:
            return
    except WorkbenchError:  # deleted meanwhile: the page says so
        pass
    st.rerun()


def pickers(snapshots: Sequence[Snapshot]) -> None:
    link = address.link
    assert link.run is not None  # it is settled
    shown = {snapshot.name: snapshot for snapshot in snapshots}
    checkpoints = [file.images for file in reversed(runs().folder(link.run).checkpoints())]
    newest = f"newest: {checkpoints[0]:,} images seen" if checkpoints else "none yet"
    place.inside_run, place.inside_checkpoint = link.run, link.images or NEWEST
    left, middle, right = st.columns([3, 3, 2], vertical_alignment="bottom")
    left.selectbox("Run", list(shown), format_func=lambda name: label(shown[name]), key="inside_run",
                   on_change=pick_run)
    middle.selectbox(
        "Checkpoint", [NEWEST, *checkpoints], key="inside_checkpoint", on_change=pick_checkpoint,
        format_func=lambda images: newest if images == NEWEST else f"{images:,} images seen",
        help="The discriminator as it was kept at that moment of its training. Of a run in training, the newest one "
        "gives way to a newer one by itself.",
    )
    if right.button("Explore its generator", icon=":material/explore:", width="stretch"):
        where = {"run": link.run} if link.images is None else {"run": link.run, "images": str(link.images)}
        st.switch_page("pages/explore.py", query_params=where)


def stage() -> None:
    link = address.link
    assert link.run is not None  # it is settled
    folder, snapshot = runs().folder(link.run), runs().snapshot(link.run)
    try:
        check_pictures(folder)
        _, images = runs().discriminator(folder.name, link.images)
    except WorkbenchError as error:
        if snapshot.state in ACTIVE and not folder.checkpoints():
            wait_for_checkpoint(folder.name)
        else:
            st.error(plain(str(error)))
        return
    xray(folder, link, images, address.revision, chosen)
    if snapshot.state in ACTIVE and link.images is None:
        follow(folder.name, images)


page(address, settle, pickers, stage, empty)

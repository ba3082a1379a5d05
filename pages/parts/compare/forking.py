"""A fork of a checkpoint that is looked at: what is to differ, and off to the Train page."""

from __future__ import annotations

import streamlit as st

from gan_core import fork
from gan_core.config import RunConfig
from gan_core.errors import WorkbenchError
from pages.parts import form
from pages.parts.compare.drawing import Shown
from pages.parts.words import plain
from pages.parts.workbench import runs

HERE, START = "this checkpoint", "the beginning"


def button(one: Shown) -> None:
    """Opens the form."""
    if st.button(
        "Fork …", icon=":material/fork_right:", key=f"compare_fork/{one.choice}",
        help="A new run that goes on from this checkpoint with other settings; this one stays as it is.",
    ):
        _ask(one)


@st.dialog("Fork: go on with other settings", width="large")
def _ask(one: Shown) -> None:
    name, images = one.choice
    origin = st.segmented_control(
        "The new run goes on from", [HERE, START], default=HERE, required=True, key=f"compare_fork_from/{one.choice}",
        format_func=lambda where: f"{name} at {images:,} images" if where == HERE else where,
        help="From a checkpoint, what was learned is kept, and networks, data and batch stay as they are. From the "
        "beginning every setting may change.",
    )
    at = images if origin == HERE else 0
    try:
        base = _base(one, at)
        changes = form.main_settings(f"fork/{name}:{at}", base, without=("network",) if at else ())
        new = st.text_input(
            "Name of the new run", key=f"compare_fork_name/{one.choice}", max_chars=80,
            placeholder=f"{name}-fork, or the next free number",
        )
        with st.expander("All settings"):
            changes |= form.other_settings(f"fork/{name}:{at}", base)
        st.caption(_told(base, changes))
        if st.button("Fork and train", type="primary", key="compare_fork_go"):
            made = runs().fork(name, at, new.strip() or None, **changes)
            st.switch_page("pages/train.py", query_params={"run": made})
    except WorkbenchError as error:
        st.error(plain(str(error)))


def _base(one: Shown, at: int) -> RunConfig:
    """The fork's settings where nothing is changed; worked out once, for its checkpoint is read for that."""
    key = f"compare_fork_base/{one.choice.run}:{at}/{one.folder.info.created}"
    if key not in st.session_state:
        st.session_state[key] = fork.plan(one.folder, at, {}).config
    return st.session_state[key]


def _told(base: RunConfig, changes: dict[str, object]) -> str:
    """In words, what will be other than it was."""
    if not changes:
        return "Nothing is changed yet: the fork would do what this run did. Change a rate, the objective or the seed."
    named = (f"{RunConfig.model_fields[key].title} {getattr(base, key)} → {value}" for key, value in changes.items())
    return plain("Changed: " + ", ".join(named))

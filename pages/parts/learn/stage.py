"""Where a lesson's trial is played: the lab, or a training run as the Train page shows it."""

from __future__ import annotations

import streamlit as st

from gan_core.config import RunConfig
from gan_core.errors import StoreError
from gan_core.lessons import Header, Lesson, judge, marks, run_readings
from gan_core.snapshot import ACTIVE
from pages.parts.lab import lab
from pages.parts.lab import said as lab_said
from pages.parts.learn.state import Attempt
from pages.parts.learn.words import WORDS
from pages.parts.live import live_view
from pages.parts.words import plain
from pages.parts.workbench import runs

PREFIX = "learn"
MEASURED_SECONDS = 30
"""How long a run's last samples may take to be measured, before the lesson says that they were not."""


def begin(lesson: Lesson, trial: str, attempt: Attempt, other: bool = False) -> None:
    """Put a trial on the stage and run it.

    Args:
        other: with other random numbers than before.

    Raises:
        WorkbenchError: the training cannot be begun.
    """
    header = lesson.header
    seed = attempt.seeds.get(trial)
    if other:
        now = header.config(trial, seed).seed if header.trains(trial) else header.scene(trial, seed).seed
        seed = now + 1
    if header.trains(trial):
        attempt.runs[trial] = train(lesson, trial, header.config(trial, seed))
    if seed is not None:
        attempt.seeds[trial] = seed
    attempt.found.pop(trial, None)
    attempt.outcomes.pop(trial, None)
    attempt.notes.pop(trial, None)
    attempt.waited.pop(trial, None)
    attempt.showing, attempt.turn = trial, attempt.turn + 1


def train(lesson: Lesson, trial: str, config: RunConfig) -> str:
    """Begin the training of a trial, or find it where it is under way already → its name.

    Raises:
        WorkbenchError: it cannot be begun.
    """
    stem = f"{PREFIX}-{lesson.id}-{trial}"
    for snapshot in runs().snapshots():
        mine = snapshot.name.startswith(f"{stem}-") and snapshot.name.removeprefix(f"{stem}-").isdecimal()
        if mine and snapshot.here and snapshot.state in ("queued", "training") and snapshot.config == config:
            return snapshot.name
    taken = set(runs().store.names())
    number = next(number for number in range(1, len(taken) + 2) if f"{stem}-{number}" not in taken)
    return runs().start(config, f"{stem}-{number}")


def stage(lesson: Lesson, attempt: Attempt, words: dict[str, str]) -> None:
    """Mount what is shown now."""
    trial = attempt.showing
    assert trial is not None
    header = lesson.header
    if header.trains(trial):
        told(header, trial)
        training(lesson, attempt, trial, words)
    else:
        scene = header.scene(trial, attempt.seeds.get(trial))
        with st.container(horizontal=True, vertical_alignment="center"):
            told(header, trial)
            st.space("stretch")
            st.page_link("pages/lab.py", label=words["lab_page"], query_params=scene.to_query())
        lab(
            scene, key_of(lesson, attempt), marks=marks(header, trial), choices="none",
            autoplay=trial not in attempt.outcomes,
            lang="zh" if words is WORDS["zh"] else "en",
        )
    if note := attempt.notes.get(trial):
        st.warning(note)


def told(header: Header, trial: str) -> None:
    """Which trial it is, and what is special about it."""
    one = header.trial[trial]
    if one.say:
        st.caption(f"**{one.title}.** {one.say}")


def key_of(lesson: Lesson, attempt: Attempt) -> str:
    """Of the lab on the stage: another for each time that a trial is run."""
    return f"learn_lab/{lesson.id}/{lesson.language}/{attempt.showing}/{attempt.turn}"


def training(lesson: Lesson, attempt: Attempt, trial: str, words: dict[str, str]) -> None:
    """A training run: its live view, and what can be done with it."""
    name = attempt.runs[trial]
    try:
        snapshot = runs().snapshot(name)
    except StoreError as error:  # deleted meanwhile
        st.warning(plain(str(error)))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        state = "queued" if snapshot.state == "queued" else "training" if snapshot.state in ACTIVE else "trained"
        st.caption(words[state].format(name=plain(name)))
        st.space("stretch")
        if snapshot.state in ("queued", "training"):
            st.button(words["stop"], key="learn_stop", on_click=stop, args=(name,))
        st.page_link("pages/train.py", label=words["train_page"], query_params={"run": name})
        if snapshot.state not in ACTIVE and runs().folder(name).checkpoints():
            st.page_link("pages/explore.py", label=words["explore_page"], query_params={"run": name})
    if snapshot.state not in ACTIVE and trial not in attempt.outcomes and trial not in attempt.notes:
        wait_for_measure(lesson, attempt, trial, words)
    live_view(snapshot)


def stop(name: str) -> None:
    try:
        runs().run(name).stop()
    except StoreError:  # it ended a moment ago
        pass


@st.fragment(run_every=0.5)
def wait_for_measure(lesson: Lesson, attempt: Attempt, trial: str, words: dict[str, str]) -> None:
    """The last samples of a run are measured a moment after its end."""
    attempt.waited[trial] = attempt.waited.get(trial, 0) + 1
    if note_run(lesson, attempt, trial, attempt.waited[trial] > 2 * MEASURED_SECONDS):
        st.rerun()
    st.caption(words["measuring"])


def note_outcomes(lesson: Lesson, attempt: Attempt) -> None:
    """Judge what has come to its end."""
    trial = attempt.showing
    if trial is not None and trial not in attempt.found:
        if lesson.header.trains(trial):
            note_run(lesson, attempt, trial, False)
        elif (ended := lab_said(key_of(lesson, attempt))) is not None:
            if ended["scene"] == lesson.header.scene(trial, attempt.seeds.get(trial)).to_query():
                attempt.found[trial] = ended["marks"]
            else:
                attempt.notes[trial] = WORDS[lesson.language]["no_lab"]
    attempt.outcomes = {name: judge(lesson.header, name, found) for name, found in attempt.found.items()}


def note_run(lesson: Lesson, attempt: Attempt, trial: str, last: bool) -> bool:
    """Judge a training run, if there is anything to judge → whether there is anything new to say.

    Args:
        last: not to wait any longer.
    """
    words, name = WORDS[lesson.language], attempt.runs[trial]
    try:
        snapshot = runs().snapshot(name)
        if snapshot.state in ACTIVE:
            return False
        if snapshot.state != "finished":
            attempt.notes[trial] = words["stopped"].format(state=snapshot.state)
            return True
        found = run_readings(runs().history(name), runs().watched(name).measures, snapshot.images)
    except StoreError as error:
        attempt.notes[trial] = plain(str(error))
        return True
    if found is None:
        if last:
            attempt.notes[trial] = words["unmeasured"]
        return last
    attempt.found[trial] = [found]
    return True

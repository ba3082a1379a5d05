"""How good the checkpoints are: measured on demand, ranked with error bars, never by a loss."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st

from gan_core.errors import WorkbenchError
from gan_core.evaluation.judge import LEAST, MOST
from gan_core.evaluation.ranking import BAR, Place, Ruler, Standing, best_of_runs, by_ruler, ranked, standing
from gan_core.figures import scores
from gan_core.measuring import SAMPLES
from gan_core.quality import MEASURES, NAMES, cell, floor_of, lines, measures_of, ruler_in_words, ties, verdict
from gan_core.store import now
from pages.parts.charts import figure
from pages.parts.compare import markup
from pages.parts.compare.drawing import Shown
from pages.parts.words import plain
from pages.parts.workbench import measuring, runs

FILL_SECONDS = 1.0
"""Between two looks at what was found, while measuring goes on."""
_NEXT = "compare_next_look"


def section(shown: Sequence[Shown], colours: Mapping[str, str]) -> None:
    """The section of the page."""
    st.subheader(
        "Quality", help="How near drawn samples come to the data: a loss does not say. Each number has an error bar of "
        f"{BAR:g} standard errors; where bars overlap, the measure cannot tell which is better: a tie. The floor is "
        "what as many other real samples score.",
    )
    folders = {one.choice.run: one.folder for one in shown}
    found: list[Standing] = []
    for name, folder in folders.items():
        try:
            found += standing(folder, lambda images, name=name: runs().generator(name, images)[0])
        except WorkbenchError as error:
            st.error(plain(str(error)))
    measured = {(one.run, one.images) for one in found}
    _controls(shown, list(folders), wanting=any(tuple(one.choice) not in measured for one in shown))
    groups = by_ruler(found)
    if not groups:
        st.caption("None of these runs' checkpoints has been measured yet.")
        return
    ruler = _choose(groups)
    here = groups[ruler]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = st.segmented_control(
            "Rank by", list(NAMES), default="fid", required=True, key="compare_rank_by", persist_state="session",
            format_func=NAMES.__getitem__,
            help="FID is the more common; KID has no bias from the number of samples. Both: less is better.",
        ) or "fid"
        x = st.segmented_control(
            "over", ["images", "seconds"], default="images", required=True, key="compare_quality_x",
            persist_state="session", format_func={"images": "images seen", "seconds": "training time"}.__getitem__,
            help="What was learned from so many images, or in so much time on the machine that trained it.",
        ) or "images"
    left, right = st.columns(2, gap="medium")
    with left:
        _best(here, by)
    with right:
        _curves(here, by, x, colours)
    _table(ranked(here, by), shown, colours)
    missing = [name for name in folders if name not in {one.run for one in here}]
    if missing:
        st.caption(plain(f"Not measured like this: {', '.join(missing)}."))


def _controls(shown: Sequence[Shown], names: list[str], wanting: bool) -> None:
    """What to measure, or how far that is. `wanting`: one of those shown was not measured yet."""
    job = measuring().job
    if job is not None and job.active:
        st.session_state.compare_seen_done = job.done
        _watch()
        return
    if job is not None and job.error:
        st.error(plain(job.error))
    elif job is not None and job.cancelled:
        st.caption(f"Cancelled: {job.done} of {job.total} checkpoints were measured, and are kept.")
    every = [(name, file.images) for name in names for file in runs().folder(name).checkpoints()]
    with st.container(horizontal=True, vertical_alignment="bottom", key="compare_measure"):
        st.button(
            f"Measure the {len(shown)} shown", type="primary" if wanting else "secondary", on_click=_begin,
            args=([(one.choice.run, one.choice.images) for one in shown],), key="compare_measure_shown",
            help="Draws samples of each and holds them against the data. What was measured already is not again.",
        )
        st.button(
            f"Measure all {len(every)} of {'this run' if len(names) == 1 else 'these runs'}", on_click=_begin,
            args=(every,), key="compare_measure_all", help="Finds the best checkpoint; takes longer.",
        )
        st.number_input(
            "Samples of each", LEAST, MOST, SAMPLES, 500, key="compare_samples", persist_state="session", width=150,
            help="More samples: narrower bars, more time. Where the data is too small to judge so many, as many as it "
            "can. Numbers from different counts are not put beside each other.",
        )


def _begin(wanted: list[tuple[str, int]]) -> None:
    st.session_state.compare_begun = now()
    try:
        measuring().begin(wanted, int(st.session_state.get("compare_samples") or SAMPLES))
    except WorkbenchError as error:  # another tab was faster
        st.toast(plain(str(error)), icon=":material/warning:")


@st.fragment(run_every=0.5)
def _watch() -> None:
    job = measuring().job
    if job is None or not job.active:
        st.rerun()
    assert job is not None
    if job.done != st.session_state.get("compare_seen_done") and time.monotonic() >= st.session_state.get(_NEXT, 0.0):
        st.session_state[_NEXT] = time.monotonic() + FILL_SECONDS
        st.rerun()  # what was found meanwhile, in the table and the curves
    with st.container(horizontal=True, vertical_alignment="center", key="compare_measuring"):
        st.progress(
            min(1.0, max(0.0, job.share)),
            plain(f"{job.done} of {job.total} checkpoints measured · {job.share:.0%} {job.what}"),
        )
        st.button("Cancel", key="compare_measure_cancel", on_click=measuring().cancel, disabled=job.cancelled,
                  help="What was measured until now is kept.")


def _choose(groups: Mapping[Ruler, Sequence[Standing]]) -> Ruler:
    """Which of the numbers to look at: those of different rulers are never side by side."""
    words = {  # of several without what changes while one measures: a choice must stay the same
        ruler: ruler_in_words(ruler, found, runs().folder(found[0].run).info.dataset.name, counted=len(groups) == 1)
        for ruler, found in groups.items()
    }
    if len(words) == 1:
        st.caption(plain(f"Measured by: {next(iter(words.values()))}."))
        return next(iter(words))
    job, begun = measuring().job, st.session_state.get("compare_begun")
    fresh = [ruler for ruler, found in groups.items() if begun and any(one.evaluation.time >= begun for one in found)]
    if fresh:  # who asked for these wants to see them
        st.session_state.compare_ruler = max(fresh)
        if job is None or not job.active:
            del st.session_state.compare_begun
    return st.selectbox(
        "Measured by", list(words), format_func=words.__getitem__, key="compare_ruler", width=620,
        help="Numbers of other data, feature extractors or counts of samples say nothing beside each other.",
    )


def _best(found: Sequence[Standing], by: str) -> None:
    """Which is the best, of each run and of all, and the way to look into it."""
    if told := verdict(found, by):
        st.markdown(plain(told))
    for place in best_of_runs(found, by):
        one = place.standing
        others = ties(found, place, by)
        tied = f"; tied with {_listed([f'{images:,}' for images in others])}" if others else ""
        with st.container(horizontal=True, vertical_alignment="center"):
            icon, label = ":material/star:" if place.rank == 1 else ":material/explore:", (
                f"Best of {plain(one.run)}: {one.images:,} images"
            )
            if len(runs().folder(one.run).info.dataset.shape) == 3:
                st.page_link(
                    "pages/explore.py", icon=icon, label=label,
                    query_params={"run": one.run, "images": str(one.images)}, help="Opens it on the Explore page.",
                )
            else:
                st.markdown(label)
            value, bar = cell(one.evaluation.scores, by)
            st.caption(f"{NAMES[by]} {value} {bar}{tied}")


def _listed(parts: list[str], most: int = 4) -> str:
    return ", ".join(parts[:most]) + (f" and {len(parts) - most} more" if len(parts) > most else "")


def _table(places: Sequence[Place], shown: Sequence[Shown], colours: Mapping[str, str]) -> None:
    letters = {(one.choice.run, one.choice.images): one.letter for one in shown}
    ranks = [place.rank for place in places]
    names = measures_of(places)
    heads = "".join(
        f'<th scope="col" title="{escape(meaning)}">{escape(word)}</th>'
        for word, meaning in (MEASURES[name] for name in names)
    )
    body = ""
    for place in places:
        one = place.standing
        letter = letters.get((one.run, one.images), "")
        tie = ' <span class="cmp-soft">tie</span>' if ranks.count(place.rank) > 1 else ""
        body += (
            f'<tr><td>{place.rank}{tie}</td><th scope="row">{markup.badge(letter or "·", colours[one.run])} '
            f'{escape(one.run)} <span class="cmp-soft">{one.images:,} images</span></th>'
            + "".join(f"<td>{_cell(one.evaluation.scores, name)}</td>" for name in names) + "</tr>"
        )
    if places:
        floor = places[0].standing.evaluation.floor
        body += (
            '<tr class="cmp-floor"><td></td><th scope="row">real samples <span class="cmp-soft">the floor</span></th>'
            + "".join(f"<td>{_cell(floor, name)}</td>" for name in names) + "</tr>"
        )
    st.html(
        '<div class="cmp-wide cmp-tall" tabindex="0" role="region" aria-label="Quality of the checkpoints">'
        '<table class="cmp-table cmp-quality"><thead><tr>'
        f'<th scope="col" title="1, and as many more as are clearly better">place</th><th scope="col">checkpoint</th>'
        f"{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(scores: Mapping[str, object], name: str) -> str:
    value, bar = cell(scores, name)
    return f'{value} <span class="cmp-soft">{bar}</span>' if bar else value


def _curves(found: Sequence[Standing], by: str, x: str, colours: Mapping[str, str]) -> None:
    """The measure over training, a line a run with its band."""
    histories = {one.run: runs().history(one.run) for one in found}
    drawn = lines(found, by, histories, colours)
    figure(
        scores(drawn, NAMES[by], floor_of(found, by), x, log=by == "fid"), "compare_scores",
        f"{NAMES[by]} over {x} of {', '.join(one.name for one in drawn)}",
    )

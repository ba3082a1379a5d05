"""Compare: checkpoints side by side, of one run or several; and what can be done with a run as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from gan_core.config import RunConfig
from gan_core.errors import WorkbenchError
from gan_core.figures import AXES, Curve, beliefs, losses, run_colour
from gan_core.report import report
from gan_core.words import duration
from pages.parts.charts import figure
from pages.parts.compare import drawing, forking, manage, markup, quality, relatives, scrubber
from pages.parts.compare.drawing import Shown
from pages.parts.compare.link import LAST_SEED, MOST, Choice, Link, choices
from pages.parts.states import MARKS
from pages.parts.words import plain
from pages.parts.workbench import runs

place = st.session_state
NEUTRAL = "#6b7280"
HALF_LIVES = (0, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)

# ---------------------------------------------------------------------------------------------------- what is chosen


def go(link: Link) -> None:
    place.compare_chosen = [str(choice) for choice in link.chosen]
    place.compare_seed, place.compare_truncation = link.seed, link.truncation


def read_address(there: Sequence[Choice]) -> None:
    """Go where the page's address says, when that is new; else where this tab was last; else to the newest."""
    query = {name: st.query_params.get_all(name) for name in st.query_params}
    newest = tuple(there[:2][::-1])  # the older one on the left: time goes to the right
    if query and query != place.get("compare_query"):
        link, wrong = Link.from_query(query)
        place.compare_wrong = wrong
        go(link if link.chosen else Link(newest, link.seed, link.truncation))
    elif "compare_chosen" not in place:
        last = place.get("compare_last")
        go(last if last and last.chosen else Link(newest))
    elif "compare_seed" not in place:  # nothing was chosen, so that these were not on the page
        place.compare_seed, place.compare_truncation = place.compare_last.seed, place.compare_last.truncation
    known = {str(choice) for choice in there}
    gone = [text for text in place.compare_chosen if text not in known]
    if gone:
        place.compare_wrong = [*place.get("compare_wrong", []), f"not here (any more): {', '.join(gone)}"]
        place.compare_chosen = [text for text in place.compare_chosen if text in known]


def write_address() -> None:
    """Let the page's address, and this tab, remember what is shown."""
    link = Link(
        tuple(map(Choice.parse, place.compare_chosen)), place.compare_seed, place.compare_truncation
    )
    place.compare_last, place.compare_query = link, link.to_query()
    st.query_params.from_dict(place.compare_query)


def other_latents(count: int) -> None:
    following = place.compare_seed + count
    place.compare_seed = following if following + count <= LAST_SEED else 0


def choose(there: Sequence[Choice]) -> list[Choice]:
    labels = {str(choice): choice.label for choice in there}
    if wrong := place.pop("compare_wrong", None):
        st.warning("The link could not be followed in all: " + plain("; ".join(wrong)))
    st.multiselect(
        "Checkpoints side by side", list(labels), key="compare_chosen", format_func=labels.__getitem__,
        max_selections=MOST, placeholder="Choose two or more; type to search",
        help=f"Two to {MOST}, of one run or of several. A checkpoint is what a run had learned when it had seen so "
        "many real images. The page's address holds your choice: copy it to come back.",
    )
    return [Choice.parse(text) for text in place.compare_chosen]


# ---------------------------------------------------------------------------------------------------- side by side


def pictures(shown: Sequence[Shown], colours: dict[str, str]) -> None:
    layout = drawing.layout(shown, place.compare_seed, place.compare_truncation)
    with st.container(horizontal=True, vertical_alignment="bottom", key="compare_controls"):
        st.number_input(
            "Latents from seed", 0, LAST_SEED, key="compare_seed", width=170,
            help="The first picture is drawn from the latent of this seed, the next from the next one's. The Explore "
            "page shows the same picture for the same seed.",
        )
        st.button(
            "Other latents", on_click=other_latents, args=(layout.count,), key="compare_other",
            help=f"The next {layout.count} seeds, for all of them.",
        )
        st.slider(
            "Truncation", 0.0, 2.0, step=0.05, key="compare_truncation", width=240,
            help="All latents times this. Below 1: nearer to what G draws most surely, and less varied. Above 1: "
            "further out than G was trained for.",
        )
    across = len(shown) if len(shown) <= 4 else 3
    with st.container(key="compare_cards"):
        for start in range(0, len(shown), across):
            for column, one in zip(st.columns(across), shown[start : start + across], strict=False):
                with column.container(border=True):
                    card(one, layout, colours)
    st.caption(drawing.sameness(shown, layout))


def card(one: Shown, layout: drawing.Layout, colours: dict[str, str]) -> None:
    name, state = one.choice.run, one.snapshot.state
    markup.head(one.letter, colours[name], name, f"{MARKS[state]} {state}")
    try:
        kind = "pictures" if len(one.folder.info.dataset.shape) == 3 else "points"
        what = f"{kind.capitalize()} drawn by {name} at {one.choice.images:,} images seen"
        st.image(drawing.picture(one, layout), width="stretch", alt=what)
    except WorkbenchError as error:
        st.error(plain(str(error)))
    markup.facts([
        ("images seen", f"{one.choice.images:,}", "Real pictures shown to D until this checkpoint, with repetition"),
        (
            "training time", "unknown" if one.seconds is None else duration(one.seconds),
            "Time spent in training steps until this checkpoint, pauses left out, on the machine that trained it",
        ),
        ("step", f"{one.step:,}", "How often G had learned. One step: D learns (once or as often as set), then G"),
        ("epoch", f"{one.epoch:,.1f}", "How many times the whole data had been shown"),
    ])
    if one.folder.info.note:
        markup.note(one.folder.info.note)
    with st.container(horizontal=True, vertical_alignment="center"):
        if len(one.folder.info.dataset.shape) == 3:  # points: nothing to explore
            st.page_link(
                "pages/explore.py", label="Explore this generator", icon=":material/explore:",
                query_params={"run": name, "images": str(one.choice.images)},
            )
        forking.button(one)


# ---------------------------------------------------------------------------------------------------- curves


def curves(shown: Sequence[Shown], colours: dict[str, str]) -> None:
    st.subheader(
        "Curves", help="The letters stand where the chosen checkpoints are. D(real) and D(fake) are the probabilities "
        "of being real that D gives to real pictures and to G's; where both are 0.5 it cannot tell them apart.",
    )
    by_run: dict[str, dict[str, float]] = {}
    for one in shown:
        by_run.setdefault(one.choice.run, {})[one.letter] = one.choice.images
    several = len(by_run) > 1
    drawn = [
        Curve(
            run, runs().history(run).thinned().columns, marks, colours[run] if several else None,
            relatives.forked_at(run),
        )
        for run, marks in by_run.items()
    ]
    drawn = [curve for curve in drawn if len(curve.columns["step"])]
    if not drawn:
        st.info("These runs have no curves yet.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key="compare_curve_controls"):
        x = st.segmented_control(
            "x axis", list(AXES), default="images", required=True, key="compare_x", persist_state="session",
            format_func=lambda name: AXES[name].replace(" (s)", ""),
            help="Images seen is the fair measure of what was learned, training time of what it cost (on the machine "
            "that trained it).",
        )
        half_life = st.select_slider(
            "Smoothing", HALF_LIVES, 0, key="compare_smoothing", persist_state="session", width=240,
            format_func=lambda images: f"{images:,} images" if images else "off",
            help="An exponential moving average over the past: a point counts half as much for each so many images "
            "seen since. The same for every run, however densely it was recorded.",
        )
        log = st.toggle(
            "Log scale", key="compare_log", persist_state="session",
            help="For the losses. Values at or below 0, which some objectives have, are left out then.",
        )
    over, names = AXES[x or "images"], " and ".join(curve.name for curve in drawn)
    left, right = st.columns(2, gap="medium")
    with left:
        figure(
            losses(drawn, x or "images", log, half_life), "compare_losses", f"Losses of D and G over {over}: {names}"
        )
    with right:
        figure(
            beliefs(drawn, x or "images", half_life), "compare_beliefs", f"D(real) and D(fake) over {over}: {names}"
        )


# ---------------------------------------------------------------------------------------------------- settings


def settings(shown: Sequence[Shown], colours: dict[str, str]) -> None:
    st.subheader(
        "Settings that differ", help="Of all settings of the runs above, only those in which they are not the same."
    )
    folders = {one.choice.run: one.folder for one in shown}
    if len(folders) == 1:
        st.caption("One run: no setting differs. Only the images seen do.")
        return
    first, *others = folders.values()
    names = set().union(*(first.config.differences(other.config) for other in others))
    if names:
        letters = {run: " ".join(one.letter for one in shown if one.choice.run == run) for run in folders}
        rows = []
        for name, info in RunConfig.model_fields.items():
            if name in names:
                values = [getattr(folder.config, name) for folder in folders.values()]
                rows.append((info.title or name, name, values, info.description or ""))
        heads = [markup.badge(letters[run], colours[run]) + f" <b>{markup.escape(run)}</b>" for run in folders]
        markup.differences(heads, rows)
    else:
        st.caption("No setting differs.")
    for run, folder in folders.items():
        changed = [event for event in folder.events() if event["event"] == "rates"]
        if changed:
            st.caption(plain(f"{run}: its learning rates were changed while it trained, {_rates_told(changed)}."))
    if len({folder.info.dataset.fingerprint for folder in folders.values()}) > 1:
        st.caption("They were trained on different data (the contents differ, whatever its name).")


def _rates_told(changed: Sequence[Mapping[str, Any]]) -> str:
    """The first few changes of rates, in words."""
    told = [
        f"{', '.join(f'{side.upper()} to {event[key]}' for side in 'dg' if (key := f'lr_{side}') in event)} at "
        f"{event.get('images')} images"
        for event in changed[:4]
    ]
    return "; ".join(told) + (f"; and {len(changed) - 4} times more" if len(changed) > 4 else "")


def take_home(shown: Sequence[Shown]) -> None:
    """All of this in one file."""
    names = list(dict.fromkeys(one.choice.run for one in shown))
    st.download_button(
        f"Report of {plain(' and '.join(names))}", lambda: report(runs(), names).encode(),
        f"{'-'.join(names)[:80]}.html", "text/html", key="compare_report", on_click="ignore",
        icon=":material/description:", help="Settings, curves, sample grids over time, what was measured, events, and "
        "how to repeat it, in one HTML file that opens anywhere, without a network. Made when you click.",
    )


# ---------------------------------------------------------------------------------------------------- the page


def empty(there: Sequence[Choice]) -> None:
    """Nothing to compare yet, and what to do about it."""
    with st.container(border=True):
        if there:
            st.markdown(
                f"**Compare needs two checkpoints**, and there is one: {there[0].label}. Let that run go on, or press "
                "**Save** while it trains, or train a second run with another setting."
            )
        elif runs().store.names():
            st.markdown(
                "**No checkpoint yet.** A run writes its first when it has seen enough images, after a minute, and "
                "when it ends; or press **Save** while it trains."
            )
        else:
            st.markdown(
                "**No runs yet.** Train one, and its checkpoints stand here side by side: the same latents, drawn by "
                "what the generator knew early and late, or by two runs with different settings."
            )
        if st.button("Go to Train", type="primary", key="compare_train"):
            st.switch_page("pages/train.py")


def looked_at(chosen: Sequence[Choice]) -> list[Shown]:
    shown = []
    for choice in chosen:
        try:
            shown.append(drawing.look("ABCDEF"[len(shown)], choice))
        except WorkbenchError as error:
            st.error(plain(str(error)))
    return shown


markup.style()
there = choices(runs())
read_address(there)
chosen: list[Choice] = []
if len(there) < 2:
    empty(there)
if there:
    chosen = choose(there)
    shown = looked_at(chosen)
    if len(shown) < 2 <= len(there):
        st.info("Choose two or more checkpoints above." if not shown else "Choose a second checkpoint above.")
    if shown:
        distinct = list(dict.fromkeys(one.choice.run for one in shown))
        colours = {
            run: run_colour(index) if len(distinct) > 1 else NEUTRAL for index, run in enumerate(distinct)
        }
        pictures(shown, colours)
        scrubber.section(shown, colours, place.compare_seed, place.compare_truncation)
        quality.section(shown, colours)
        curves(shown, colours)
        relatives.section(shown, colours)
        settings(shown, colours)
        take_home(shown)
    write_address()
manage.section(list(dict.fromkeys(choice.run for choice in chosen)))

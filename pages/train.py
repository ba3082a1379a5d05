"""Train: begin a run, watch it, steer it."""

from __future__ import annotations

import base64
import contextlib
import html
from typing import Any

import streamlit as st

from gan_core import datasets, game
from gan_core.config import GROUPS, RunConfig, fields
from gan_core.datasets import DATASETS, Dataset, Preview, plane
from gan_core.datasets.mixtures import MIXTURES
from gan_core.errors import WorkbenchError
from gan_core.objectives import OBJECTIVES
from gan_core.presets import PRESETS, make_config, preset_config
from gan_core.runs import load_data
from gan_core.snapshot import ACTIVE, ENDED, Snapshot
from pages.parts import data, form
from pages.parts.charts import charts_ahead
from pages.parts.live import chosen, live_view, run_list
from pages.parts.quality import asked, measures_view, verdict_line
from pages.parts.states import MARKS
from pages.parts.trip import leave, stay
from pages.parts.words import plain
from pages.parts.workbench import runs

SENTENCE = (
    "Two networks play a game: one draws {things}, one tries to tell them from real ones. Press **Train** and watch "
    "both get better."
)

# ---------------------------------------------------------------------------------------------------- a new run


@st.cache_data(max_entries=16, show_spinner=False)
def preview_of(fingerprint: str, _dataset: Dataset) -> Preview:
    return datasets.preview(_dataset, columns=24)


def show_preview(preview: Preview) -> None:
    """Real samples, and what there is of them."""
    if preview.picture:
        encoded = base64.b64encode(preview.picture).decode()
        title = html.escape(preview.title)
        kind = " points" if preview.shape == (2,) else ""
        st.html(f'<img class="real-samples{kind}" alt="Real samples of {title}" src="data:image/png;base64,{encoded}">')
    channels, *size = preview.shape if len(preview.shape) == 3 else (0, *preview.shape)
    kind = {1: " pixels, grey", 3: " pixels, colour"}.get(channels, " numbers")
    counts = preview.class_counts
    spread = ""
    if counts:
        least, most = min(counts.values()), max(counts.values())
        spread = f", {len(counts)} classes of {least:,}" + (f" to {most:,}" if most > least else " each")
    text = f"{preview.title}: {preview.count:,} real samples of {' × '.join(map(str, size))}{kind}{spread}"
    st.caption(text)


def show_details(preview: Preview) -> None:
    if preview.skipped:
        with st.expander(f"{len(preview.skipped):,} files could not be used", icon=":material/warning:"):
            st.text("\n".join(preview.skipped[:500]))
    if preview.class_counts:
        with st.expander("Samples of each class"):
            st.dataframe(
                {"class": list(preview.class_counts), "samples": list(preview.class_counts.values())},
                hide_index=True, width="content", height=min(38 + 35 * len(preview.class_counts), 390),
            )


def take_data_along() -> None:
    """A preset for data of its own brings it along; no other preset could learn points."""
    own = PRESETS[st.session_state["preset"]].values.get("dataset")
    if own or st.session_state["dataset"] in (*MIXTURES, *plane.DENSITIES, "drawing"):
        st.session_state["dataset"] = own or RunConfig().dataset


def new_run(first: bool) -> None:
    """The form. What matters most stands on top, and is drawn when the settings below it are known."""
    top = st.container(key="hero")
    with st.expander("Choose other data or settings", expanded=not first):
        left, right = st.columns(2)
        preset = left.selectbox(
            "Preset", list(PRESETS), format_func=lambda name: PRESETS[name].title, key="preset",
            persist_state="session", help="A recipe: networks, objective, rates and length that go together.",
            on_change=take_data_along,
        )
        left.caption(PRESETS[preset].description)
        right.selectbox(
            "Dataset", list(DATASETS), format_func=lambda name: DATASETS[name].title, key="dataset",
            persist_state="session", help="What D is shown as real, and what G learns to draw.",
        )
        right.caption(DATASETS[st.session_state["dataset"]].description)
        values = data.choose(preset)
        values |= form.main_settings(preset)
        name = st.text_input(
            "Name of the run", key="name", persist_state="session",
            placeholder=f"{values['dataset']}-{preset}-1, or the next free number",
            help="Its folder's name below checkpoints/.",
        )
        with st.expander("All settings"):
            values |= form.other_settings(preset)
        details = st.container()
    with top:
        config, dataset = check(preset, values)
        preview = None if dataset is None else preview_of(dataset.fingerprint, dataset)
        of_points = preview is not None and preview.shape == (2,)
        things = "digits" if values["dataset"] in ("digits", "mnist") else "points" if of_points else "pictures"
        if preview is not None:
            show_preview(preview)
        st.markdown(SENTENCE.format(things=things))
        asked = (config, name.strip() or None)
        if st.button(
            "Train", type="primary", disabled=config is None, width=220, key="train", on_click=begin_at_once,
            args=(*asked, st.session_state.to_dict()),
        ):
            try:
                begin(*asked)
            except WorkbenchError as error:
                st.error(plain(str(error)))
            else:
                st.rerun()
    if preview is not None:
        with details:
            show_details(preview)
    charts_ahead()


def check(preset: str, values: dict[str, Any]) -> tuple[RunConfig | None, Dataset | None]:
    """The config and its data, or what is wrong with them, said on the page."""
    name = values["dataset"]
    if name == "folder" and not values.get("dataset_path"):
        st.info("Give the path of a folder of pictures, or upload a zip, below.")
        return None, None
    dataset = None
    try:
        if DATASETS[name].needs == "files" and not datasets.is_available(name, values["data_dir"]):
            data.offer_download(name, values["data_dir"])
            return None, None
        config = make_config(preset, **values)
        dataset = read(config)
        game.check(config, dataset.shape, dataset.n_classes)
    except WorkbenchError as error:
        st.error(plain(str(error)))
        return None, dataset
    return config, dataset


def read(config: RunConfig) -> Dataset:
    """The data, with a bar where a folder of pictures is read."""
    if config.dataset == "folder":
        bar = st.progress(0.0, "Reading the pictures …")

        def show(done: int, total: int) -> None:
            bar.progress(done / max(1, total), f"{done:,} of {total:,} pictures read")

        try:
            datasets.load(
                config.dataset, config.data_dir, config.dataset_path, image_size=config.image_size,
                colour=config.colour, on_progress=show,
            )
        finally:
            bar.empty()
    return load_data(config)  # read already: this finds it in memory


def begin(config: RunConfig | None, name: str | None) -> None:
    """
    Raises:
        WorkbenchError: the run cannot be begun.
    """
    assert config is not None  # the button is disabled
    with leave() as trip:
        trip.go({"run": runs().start(config, name)})


def begin_at_once(config: RunConfig | None, name: str | None, shown: dict[str, Any]) -> None:
    """The click on Train as long as the form is what it was when drawn: then it need not be drawn once more before the
    run is shown. Where something was changed by the same click, or is wrong, the form goes on and says so.

    Args:
        shown: the page's state when the form was drawn.
    """
    now = st.session_state.to_dict()
    if all(now.get(key) == value for key, value in shown.items() if key != "train"):
        with contextlib.suppress(WorkbenchError):
            begin(config, name)


# ---------------------------------------------------------------------------------------------------- one run


def command(snapshot: Snapshot, name: str, **arguments: Any) -> None:
    """One command to a run; it may have ended a moment ago."""
    try:
        getattr(runs().run(snapshot.name), name)(**arguments)
    except WorkbenchError as error:
        st.toast(plain(str(error)), icon=":material/warning:")


def resume(snapshot: Snapshot, **changes: Any) -> None:
    try:
        runs().resume(snapshot.name, **changes)
    except WorkbenchError as error:
        st.toast(plain(str(error)), icon=":material/warning:")


# Of data that lies somewhere: the setting that says where, and what it is called.
PLACE = {"files": ("data_dir", "Data folder"), "path": ("dataset_path", "Picture folder")}


def train_longer(snapshot: Snapshot) -> None:
    """As the popover's fields say at this moment, not when it was drawn."""
    asked = {"images": "total", "lr_d": "longer_d", "lr_g": "longer_g", **{
        name: f"longer_{name}" for name, _ in PLACE.values()
    }}
    resume(snapshot, **{
        key: st.session_state.get(f"{field}/{snapshot.name}") or None for key, field in asked.items()
    })


def buttons(snapshot: Snapshot) -> None:
    """What can be done with the run now."""
    state = snapshot.state
    if state in ACTIVE and not snapshot.here:
        st.caption("trained by another program, which can stop it")
        return
    if state in ("training", "queued"):
        st.button(
            "Pause", on_click=command, args=(snapshot, "pause"), disabled=state == "queued",
            help="Saves, and waits until you resume." if state == "training" else "It waits for its turn already.",
        )
    if state == "paused":
        st.button("Resume", type="primary", on_click=command, args=(snapshot, "unpause"))
    if state in ACTIVE:
        st.button(
            "Stop", on_click=command, args=(snapshot, "stop"), disabled=state == "stopping",
            help="Saves, and ends. The run can be resumed later, exactly where it stopped.",
        )
    if state == "training":
        st.button("Save", on_click=command, args=(snapshot, "save"), help="Writes a checkpoint now.")
    if state in ("stopped", "interrupted", "failed"):
        st.button(
            "Resume", type="primary", on_click=resume, args=(snapshot,),
            help="Goes on from the last checkpoint, as if it had never stopped.",
        )
    if state in ENDED:
        with st.popover("Train longer", help="Goes on to a new total length, or with other learning rates."):
            st.number_input(
                "Images in all", min_value=1, value=max(2 * snapshot.images, 1000), key=f"total/{snapshot.name}",
                help=f"The run has seen {snapshot.images:,} so far.",
            )
            for side in ("d", "g"):
                rate_field(side, f"longer_{side}/{snapshot.name}", "as it was")
            if place := PLACE.get(DATASETS[snapshot.dataset.name].needs):
                st.text_input(
                    place[1], key=f"longer_{place[0]}/{snapshot.name}", placeholder=getattr(snapshot.config, place[0]),
                    help="Where its data lies now, where that has moved; empty: where it was.",
                )
            st.button("Train", type="primary", key="longer", on_click=train_longer, args=(snapshot,))


def rate_field(side: str, key: str, empty: str) -> float | None:
    """The learning rate of one side, from here on and before decay; None where it is left as `empty` says."""
    return st.number_input(
        f"Learning rate {side.upper()}", 0.0, 1.0, None, format="%g", placeholder=empty, step=1e-4, key=key,
        help=f"From here on, before decay; empty: {empty}.",
    )


def rates(snapshot: Snapshot) -> None:
    """Learning rates, changeable while it runs. The fields begin empty: only what is written changes."""
    last = runs().history(snapshot.name).last()
    if last:
        st.caption(f"At the last point of the curves: D {last['lr_d']:.3g}, G {last['lr_g']:.3g} (decay included).")
    with st.form(f"rates/{snapshot.name}", border=False, clear_on_submit=True):
        left, right, apply = st.columns([2, 2, 1], vertical_alignment="bottom")
        asked: dict[str, float | None] = {}
        for side, column in (("d", left), ("g", right)):
            with column:
                asked[side] = rate_field(side, f"rate_{side}/{snapshot.name}", "as it is")
        if apply.form_submit_button("Apply", width="stretch"):
            given = {side: rate for side, rate in asked.items() if rate is not None}
            try:
                runs().run(snapshot.name).set_rates(**given)
            except WorkbenchError as error:
                st.error(plain(str(error)))
            else:
                if given:
                    st.toast("From the next step on; noted among the events.")


def about(snapshot: Snapshot) -> None:
    """What was asked, and what happened."""
    objective = OBJECTIVES[snapshot.config.objective]
    st.latex(objective.formula)
    st.caption(objective.reading)
    own = snapshot.config.differences(preset_config(snapshot.config.preset))
    title = PRESETS[snapshot.config.preset].title if snapshot.config.preset in PRESETS else snapshot.config.preset
    changed = ", ".join(f"{RunConfig.model_fields[name].title} {value}" for name, (value, _) in own.items())
    st.markdown(f"Preset **{plain(title)}**" + (f", with {plain(changed)}" if changed else ", unchanged"))
    for group, tab in zip(GROUPS, st.tabs(GROUPS), strict=True):
        values = {str(info.title): getattr(snapshot.config, name) for name, info in fields(group)}
        tab.dataframe(
            {"setting": list(values), "value": [_text(value) for value in values.values()]}, hide_index=True,
            width="stretch",
        )


def _text(value: Any) -> str:
    return "none" if value in (None, ()) else ", ".join(value) if isinstance(value, tuple) else str(value)


def events(snapshot: Snapshot) -> None:
    found = runs().folder(snapshot.name).events()[-200:][::-1]
    rows = {
        "time (UTC)": [str(event.get("time", ""))[:19].replace("T", " ") for event in found],
        "event": [str(event.get("event", "")) for event in found],
        "images seen": [event.get("images") if isinstance(event.get("images"), int) else None for event in found],
        "details": [
            ", ".join(f"{key}: {value}" for key, value in event.items() if key not in ("time", "event", "images"))
            for event in found
        ],
    }
    st.dataframe(rows, hide_index=True, width="stretch")


def one_run(name: str) -> None:
    try:
        snapshot, checkpoints = runs().snapshot(name), runs().folder(name).checkpoints()
    except WorkbenchError as error:
        st.error(plain(str(error)))
        return
    with st.container(horizontal=True, vertical_alignment="center", key="run_head"):
        st.subheader(plain(snapshot.name), anchor=False)
        st.markdown(f":gray[{MARKS[snapshot.state]} {snapshot.state}]")
        st.space("stretch")
        buttons(snapshot)
        if (snapshot.state in ACTIVE or checkpoints) and len(snapshot.dataset.shape) == 3:  # points: nothing to explore
            st.page_link(
                "pages/explore.py", label="Explore this generator", icon=":material/explore:",
                query_params={"run": name},
            )
        if checkpoints:
            st.page_link(
                "pages/inside.py", label="Look inside D", icon=":material/visibility:", query_params={"run": name}
            )
    if snapshot.reason and snapshot.state in ("failed", "interrupted", "stopped"):
        show = {"failed": st.error, "interrupted": st.warning}.get(snapshot.state, st.caption)
        show(plain(snapshot.reason))
    verdict_line(name, on_fork)
    live_view(snapshot)
    measures_view(name)
    if snapshot.here and snapshot.state in ACTIVE:
        with st.expander("Change the learning rates"):
            rates(snapshot)
    with st.expander("Settings and objective"):
        about(snapshot)
    with st.expander("Events"):
        events(snapshot)


# ---------------------------------------------------------------------------------------------------- the page


def look_at(name: str | None) -> None:
    """Choose a run, or with None the form; the link says which."""
    with leave() as trip:
        trip.go({"new": "1"} if name is None else {"run": name})


def selected() -> str | None:
    """The run of the link; without one, the one that trains, else the newest."""
    stay()
    if "run" in st.query_params:
        return st.query_params["run"]
    if "new" in st.query_params:
        return None
    found = runs().snapshots()
    active = [one.name for one in found if one.state in ACTIVE]
    return active[0] if active else found[0].name if found else None


def on_fork() -> None:
    """The remedy that a verdict on the shown run proposes."""
    name, kind = selected(), asked()
    try:
        with leave() as trip:
            verdict = next(one for one in runs().watched(name or "").verdicts if one.kind == kind)
            trip.go({"run": runs().follow(name or "", verdict)})
    except StopIteration:
        st.toast("The verdict has changed meanwhile; look again.", icon=":material/warning:")
    except WorkbenchError as error:
        st.toast(plain(str(error)), icon=":material/warning:")


def on_choice() -> None:
    name = chosen()
    if name is not None:
        look_at(name)


STYLE = """<style>
.real-samples { display: block; width: 100%; max-width: 780px; image-rendering: pixelated; border-radius: 0.5rem; }
.real-samples.points { max-width: 320px; }
@media (max-width: 640px) { [data-testid="stColumn"]:has(.st-key-side) { order: 2; } }
</style>"""

st.html(STYLE)
name = selected()
if name is None and not runs().store.names():
    new_run(first=True)
else:
    side, main = st.columns([1, 5], gap="medium")
    with side, st.container(key="side"):
        new = {"on_click": look_at, "args": (None,), "disabled": name is None}
        st.button("New run", icon=":material/add:", width="stretch", **new)
        run_list(name, on_choice)
        with st.popover("Queue", width="stretch", help="Runs beyond this number wait for a place."):
            at_once = st.number_input(
                "Runs that train at once", 1, 16, runs().slots.limit,
                help="More than one share the cores: each gets slower.",
            )
            runs().slots.limit = at_once
    with main:
        if name is None:
            new_run(first=False)
        else:
            one_run(name)

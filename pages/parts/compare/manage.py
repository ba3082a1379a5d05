"""What can be done with a run as a whole: rename, note, export, delete; and import."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st
from streamlit.config import get_option

from gan_core.errors import StoreError, WorkbenchError
from gan_core.snapshot import ACTIVE, Snapshot
from gan_core.store import export_run, import_run
from gan_core.words import duration
from pages.parts.compare.link import Choice
from pages.parts.states import label
from pages.parts.words import plain
from pages.parts.workbench import runs

place = st.session_state


def section(names: list[str]) -> None:
    """The runs' section of the page. `names`: the runs compared, which are offered first."""
    st.subheader(
        "Runs", help="A run is a folder of plain files. As a zip it travels to another machine, settings, curves, "
        "sample grids and checkpoints together, and can be gone on with there.",
    )
    _say()
    found = {snapshot.name: snapshot for snapshot in runs().snapshots()}
    left, right = st.columns([3, 2], gap="medium") if found else (None, st.container())
    if left:
        with left.container(border=True):
            _one(found, names)
    with right.container(border=True):
        _arrivals()
    _damaged()


def _arrivals() -> None:
    """Import: the zip is checked as soon as it is here."""
    count = place.get("compare_uploads", 0)
    uploaded = st.file_uploader(
        "Import a run", type="zip", key=f"compare_upload_{count}",
        help="A zip that was exported here or elsewhere, or made by hand of a run's folder. Every file in it is "
        "checked first, and only safetensors, JSON and PNG are read. Where its name is taken, it gets a number behind.",
    )
    if uploaded is None:
        return
    try:
        with st.spinner(f"Checking {uploaded.name} …"):
            folder = import_run(runs().store, uploaded)
    except WorkbenchError as error:
        _tell("error", f"{uploaded.name} was not imported: {error}")
    else:
        kept = _counted(len(folder.checkpoints()))
        _tell("success", f"Imported as {folder.name}, with {kept}. Its checkpoints can be chosen above.")
        place.compare_imported = folder.name
    place.compare_uploads = count + 1  # a new uploader, empty
    st.rerun()


def _damaged() -> None:
    """Runs that cannot be read: why, and the way to be rid of them."""
    for name, why in runs().damaged().items():
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            st.markdown(f":material/warning: {plain(why)}", width="stretch")
            if st.button("Delete …", key=f"compare_delete_damaged/{name}", help="Asks first."):
                _ask(name, f"**{plain(name)}** cannot be read by this program. All that is in its folder is removed.")


def _one(found: dict[str, Snapshot], names: list[str]) -> None:
    ordered = [name for name in names if name in found] + [name for name in found if name not in names]
    if (arrived := place.pop("compare_imported", None)) in found:
        place.compare_run = arrived
    if place.get("compare_run") not in found:
        place.compare_run = ordered[0]
    name = st.selectbox(
        "Run", ordered, key="compare_run", format_func=lambda name: label(found[name]),
        help="Whose name and note to change, and what to export or delete.",
    )
    snapshot = found[name]
    busy = snapshot.state in ACTIVE
    folder = runs().folder(name)
    size = _bytes(folder.path)
    st.caption(
        f"{snapshot.state} · {snapshot.images:,} images seen · {duration(snapshot.seconds)} of training · "
        f"{_counted(len(folder.checkpoints()))} · {_megabytes(size)} on disk · "
        f"begun {folder.info.created[:16].replace('T', ' ')} UTC"
    )
    _take_note(name, folder.info.note)
    with st.form(f"compare_about/{name}", border=False):
        st.text_input(
            "Name", name, max_chars=80, key=f"compare_name/{name}", disabled=busy,
            help=f"The run is {snapshot.state}: stop it on the Train page to rename it."
            if busy else "Letters, digits, spaces and _ - . ( ) +; the run's folder is called the same.",
        )
        st.text_area(
            "Note", max_chars=10_000, height=80, key=f"compare_note/{name}",
            placeholder="What you tried, and what came of it", help="Kept in run.json, and in an exported zip.",
        )
        st.form_submit_button("Save name and note", on_click=_save, args=(snapshot,))
    limit = get_option("server.maxUploadSize")
    if size > limit * 2**20:
        st.caption(
            f":material/warning: Its zip may be larger than the {limit} MB that this page takes in: where it is to be "
            f"imported, start the dashboard with `--server.maxUploadSize {-(-size // 2**20)}`."
        )
    with st.container(horizontal=True):
        st.download_button(
            f"Export as zip ({_megabytes(size)})", lambda: _packed(name), f"{name}.zip", "application/zip",
            key=f"compare_export/{name}", on_click="ignore",
            help="All of the run in one file; packed when you click. A run in training is exported as it is now.",
        )
        if st.button(
            "Delete …", key="compare_delete", disabled=busy,
            help=f"The run is {snapshot.state}: stop it on the Train page first." if busy else "Asks first.",
        ):
            _ask(
                name, f"**{plain(name)}** with {_counted(len(folder.checkpoints()))}, its curves and sample grids "
                f"({_megabytes(size)}) is removed from the disk. Export it first to keep a copy.",
            )


def _take_note(name: str, note: str) -> None:
    """A note that another tab or program wrote is shown, unless something else is being typed here."""
    typed, known = place.get(f"compare_note/{name}"), place.get(f"compare_note_known/{name}")
    if typed is None or typed == known:
        place[f"compare_note/{name}"] = place[f"compare_note_known/{name}"] = note


def _save(snapshot: Snapshot) -> None:
    """The form's name and note → the run. On trouble the form keeps what was typed."""
    old = snapshot.name
    new, note = place[f"compare_name/{old}"].strip(), place[f"compare_note/{old}"]
    said = []
    try:
        folder = runs().folder(old)
        if note != place[f"compare_note_known/{old}"]:
            known, place[f"compare_note_known/{old}"] = place[f"compare_note_known/{old}"], folder.info.note
            if folder.info.note not in (known, note):
                raise StoreError(
                    f"{old}: its note was changed elsewhere meanwhile, to: {folder.info.note!r}. Nothing was saved; "
                    "save again to put yours in its place."
                )
            folder.write_info(note=note)
            place[f"compare_note_known/{old}"] = note
            said.append("note kept")
        if new != old:
            runs().rename(old, new)
            said.append(f"renamed to {new}")
            _now_called(old, new)
    except WorkbenchError as error:
        _tell("error", str(error))
    else:
        _tell("success", f"{old}: {', '.join(said)}." if said else f"{old}: nothing was changed.")


def _now_called(old: str, new: str | None) -> None:
    """Let the choice above follow a run that was renamed, or forget one that was deleted."""
    chosen = [Choice.parse(text) for text in place.get("compare_chosen", [])]
    if new:
        chosen = [choice._replace(run=new) if choice.run == old else choice for choice in chosen]
    place.compare_chosen = [str(choice) for choice in chosen if choice.run != old]
    if place.get("compare_run") == old:
        place.compare_run = new


@st.dialog("Delete this run?")
def _ask(name: str, text: str) -> None:
    st.markdown(text + " This cannot be undone.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        keep = st.button("Keep it", key="compare_keep")
        gone = st.button("Delete for good", type="primary", key="compare_delete_sure", on_click=_delete, args=(name,))
    if keep or gone:
        st.rerun()


def _delete(name: str) -> None:
    try:
        runs().delete(name)
    except WorkbenchError as error:
        _tell("error", str(error))
    else:
        _now_called(name, None)
        _tell("success", f"{name} was deleted.")


def _packed(name: str) -> bytes:
    """Built on disk, so that only the finished zip is ever in memory."""
    with tempfile.TemporaryFile() as file:
        export_run(runs().folder(name), file)
        file.seek(0)
        return file.read()


def _counted(checkpoints: int) -> str:
    return f"{checkpoints} checkpoint{'s' * (checkpoints != 1)}"


def _bytes(path: Path) -> int:
    size = 0
    for file in path.rglob("*"):
        try:
            size += file.stat().st_size if file.is_file() else 0
        except FileNotFoundError:  # an old checkpoint that training removed just now
            continue
    return size


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _tell(kind: str, text: str) -> None:
    """Say something once, after the next run of the page."""
    place.compare_said = (kind, text)


def _say() -> None:
    kind, text = place.pop("compare_said", ("", ""))
    if kind:
        (st.success if kind == "success" else st.error)(plain(text))

"""Choosing data: where it lies, a zip of one's own, and the download of what is not there yet."""

from __future__ import annotations

import os
from typing import Any

import streamlit as st

from gan_core import datasets
from gan_core.datasets import DATASETS
from gan_core.errors import DatasetError
from pages.parts import fetching, form
from pages.parts.words import plain


def choose(preset: str) -> dict[str, Any]:
    """The dataset's widgets → settings."""
    values: dict[str, Any] = {"dataset": st.session_state["dataset"]}
    if DATASETS[values["dataset"]].needs == "files":
        folder = st.text_input(
            "Data folder", key="data_dir", persist_state="session",
            placeholder=os.environ.get("GAN_DATA_DIR") or "data",
            help="Where the downloaded sets lie, in torchvision's layout. Empty: $GAN_DATA_DIR, else data/.",
        )
        values["data_dir"] = folder.strip() or None
    if values["dataset"] == "drawing":
        text = st.text_input(
            "Drawing", key="drawing", persist_state="session", placeholder="AA__",
            help="Strokes as text: what stands behind drawing= in a link to the lab, where they are drawn.",
        )
        values["drawing"] = text.strip() or None
    if values["dataset"] == "folder":
        path = st.text_input(
            "Picture folder", key="dataset_path", persist_state="session", placeholder="/home/me/pictures, or a zip",
            help="A folder (or zip) on the machine that runs this dashboard. Its sub-folders are the classes; without "
            "sub-folders the pictures have none. PNG, JPEG and WebP, at least two.",
        )
        upload = st.file_uploader(
            "or upload a zip of pictures", type="zip", help="It is unpacked into the data folder and kept there."
        )
        if upload is None:
            st.session_state.pop("uploaded", None)
        elif st.session_state.get("uploaded", ("",))[0] != upload.file_id:
            try:
                into = datasets.data_folder() / "uploads"
                st.session_state["uploaded"] = upload.file_id, str(datasets.save_upload(upload, into, upload.name)), ""
            except DatasetError as error:  # kept, so that it is not unpacked again at every click
                st.session_state["uploaded"] = upload.file_id, None, str(error)
        _, uploaded, trouble = st.session_state.get("uploaded", ("", None, ""))
        if trouble:
            st.error(plain(trouble))
        values["dataset_path"] = path.strip() or uploaded
        if path.strip() and upload is not None:
            st.caption("The folder named above is used, not the upload.")
        values |= form.picture_settings(preset)
    return values


def offer_download(name: str, data_dir: str | None) -> None:
    """For a data set that is not here: how large it is, a button, and a bar while it comes."""
    size = datasets.download_size(name)
    job = fetching.state(name, data_dir)
    if job is not None and job.active:
        watch_download(name, data_dir)
        return
    if job is not None and job.error:
        st.error(plain(job.error))
    st.info(
        f"**{DATASETS[name].title}** is not in the data folder `{datasets.data_folder(data_dir)}` yet. The download "
        f"has {size / 1e6:,.1f} MB and is checked when it has come. The embedded digits need none."
    )
    again = job is not None and job.error is not None
    if st.button("Try again" if again else f"Download {size / 1e6:,.1f} MB", icon=":material/download:"):
        fetching.begin(name, data_dir)
        st.rerun()


@st.fragment(run_every=0.5)
def watch_download(name: str, data_dir: str | None) -> None:
    job = fetching.state(name, data_dir)
    if job is None or not job.active:
        st.rerun()
    assert job is not None
    share = job.done / job.total if job.total else 0.0
    st.progress(min(1.0, share), f"{DATASETS[name].title}: {job.done / 1e6:,.1f} of {job.total / 1e6:,.1f} MB")

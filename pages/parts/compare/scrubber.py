"""One slider over training time for all runs shown: they learn side by side under the hand. And time × latents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st
from streamlit.components import v2

from gan_core import video
from gan_core.errors import WorkbenchError
from gan_core.pictures import drawable, png
from gan_core.timeline import Moment, Picture, Strip, drawn, gif, moments, same_latents, sheet, side_by_side, stacked
from gan_core.timeline import time_by_latent as rows_of
from pages.parts.compare import drawing
from pages.parts.compare.drawing import Layout, Shown
from pages.parts.script import text
from pages.parts.words import plain
from pages.parts.workbench import runs

_component = v2.component(
    "gan_scrubber", html='<div class="gs"></div>', css=text("compare/scrubber.css"),
    js=text("mounted.js", "compare/scrubber.js"), isolate_styles=False,
)

OWN, PAGE = "of the sample grids", "from the seed above"
SECONDS = 6.0


def section(shown: Sequence[Shown], colours: Mapping[str, str], seed: int, truncation: float) -> None:
    """The section of the page."""
    st.subheader(
        "Learning, side by side", help="One slider over training time: each run shows what it had learned at the "
        "moment nearest to that, from the same latents all along.",
    )
    folders = {one.choice.run: one.folder for one in shown if drawable(one.folder.info.dataset.shape)}
    if not folders:
        st.caption("No picture shows what these runs draw.")
        return
    source = st.segmented_control(
        "Latents", [OWN, PAGE], default=OWN, required=True, key="compare_latents", persist_state="session",
        help="Sample grids are kept all along, more of them early on, always from the same latents. From the seed "
        "above only checkpoints can draw.",
    ) or OWN
    layout = drawing.layout(shown, seed, truncation) if source == PAGE else None
    strips = [_strip(name, layout) for name in folders]
    strips = [strip for strip in strips if strip.moments]
    if not strips:
        st.caption("There is nothing to look at yet.")
        return
    query = "" if layout is None else (
        f"seed={layout.seed}&truncation={round(100 * layout.truncation)}&columns={layout.columns}&rows={drawing.ROWS}"
    )
    _component(key="compare_scrubber", data={"query": query, "runs": [
        {"name": strip.name, "colour": colours[strip.name], "moments": [_told(moment) for moment in strip.moments]}
        for strip in strips
    ]})
    if source == OWN and not same_latents(list(folders.values())):
        st.caption("Not the same: these runs' grids have latents of their own (another seed, size of the grid or of "
                   "the latent). Choose those from the seed above to have the same.")
    _exports(strips)
    strips = [strip for strip in strips if len(folders[strip.name].info.dataset.shape) == 3]
    if strips and st.toggle(
        "Time × latents", key="compare_time_latents", persist_state="session",
        help="One picture of each run: a row for each of some moments, from the first to the last, and a column for "
        "each of some latents.",
    ):
        for column, strip in zip(st.columns(len(strips)), strips, strict=True):
            with column:
                _grid(strip)


def _told(moment: Moment) -> list[Any]:
    """As the component takes it: images, seconds, and which route has the picture."""
    return [moment.images, moment.seconds, "samples" if moment.grid else "drawn"]


def _strip(name: str, layout: Layout | None) -> Strip:
    folder = runs().folder(name)

    def picture(moment: Moment) -> Picture:
        if layout is None:
            return sheet(folder, moment, lambda images: runs().generator(name, images)[0])
        return drawn(
            runs().generator(name, moment.images)[0], layout.seed, layout.truncation, layout.columns, drawing.ROWS
        )

    return Strip(name, moments(folder, runs().history(name), checkpoints_only=layout is not None), picture)


def _exports(strips: Sequence[Strip]) -> None:
    name = "-".join(strip.name for strip in strips)[:80]
    with st.container(horizontal=True, key="compare_scrubber_exports"):
        _download("GIF", f"{name}.gif", "image/gif", lambda: gif(side_by_side(strips), SECONDS), "side")
        _mp4(f"{name}.mp4", lambda: side_by_side(strips), "side")


def _grid(strip: Strip) -> None:
    """Time × latents of one run, and the ways to take it home."""
    height = runs().folder(strip.name).info.dataset.shape[1]
    try:
        rows = rows_of(strip, height)
        st.image(png(stacked(rows)), caption=plain(strip.name), width="stretch", output_format="PNG")
    except WorkbenchError as error:
        st.error(plain(str(error)))
        return
    frames = partial(_growing, rows)
    with st.container(horizontal=True):
        _download("PNG", f"{strip.name}-time.png", "image/png", lambda: png(stacked(rows)), f"grid/{strip.name}")
        _download("GIF", f"{strip.name}-time.gif", "image/gif", lambda: gif(frames(), SECONDS), f"grid/{strip.name}")
        _mp4(f"{strip.name}-time.mp4", frames, f"grid/{strip.name}")


def _growing(rows: Sequence[tuple[Moment, Picture]]) -> list[Picture]:
    return [stacked(rows, count) for count in range(1, len(rows) + 1)]


def _mp4(name: str, frames: Any, key: str) -> None:
    missing = video.why_not()
    _download("MP4", name, "video/mp4", lambda: video.mp4(frames(), SECONDS), key, missing)


def _download(label: str, name: str, kind: str, data: Any, key: str, missing: str | None = None) -> None:
    st.download_button(
        label, data if missing is None else b"", name, kind, key=f"compare_take/{key}/{label}", on_click="ignore",
        icon=":material/download:", disabled=missing is not None, help=missing or "Made when you click.",
    )

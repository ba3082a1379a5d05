"""The settings of a new run as widgets, made from the config itself: a new setting appears here without a line of code.

Widgets are keyed by preset, so that choosing another shows that recipe's own values; those of a fork by its checkpoint.
"""

from __future__ import annotations

from typing import Any, get_args, get_origin

import streamlit as st
from pydantic.fields import FieldInfo

from gan_core.config import GROUPS, RunConfig, fields
from gan_core.presets import make_config
from gan_core.settings import choices, limits

LENGTHS = {"images": "images", "epochs": "epochs", "seconds": "seconds", "": "until stopped"}
_OWN_PLACE = ("preset", "dataset", "data_dir", "dataset_path", "drawing", "image_size", "colour", *LENGTHS)
"""Settings that the page shows in a way of their own."""


def main_settings(preset: str, base: RunConfig | None = None, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """The few that matter, in a row of columns → values that differ from the base's.

    Args:
        preset: the widgets' key.
        base: where the widgets begin; None: the preset.
        without: settings to leave out.
    """
    base = base or make_config(preset)
    named = [(name, info) for name, info in fields(main=True) if name not in (*_OWN_PLACE, *without)]
    changed: dict[str, Any] = {}
    for start in range(0, len(named), 3):
        for (name, info), column in zip(named[start : start + 3], st.columns(3), strict=False):
            with column:
                _take(changed, preset, name, info, base)
    return changed | _length(preset, base)


def other_settings(preset: str, base: RunConfig | None = None) -> dict[str, Any]:
    """All others by group, a tab each → values that differ from the base's. Arguments as for `main_settings`."""
    base = base or make_config(preset)
    changed: dict[str, Any] = {}
    groups = {
        group: [(name, info) for name, info in fields(group, main=False) if name not in _OWN_PLACE] for group in GROUPS
    }
    shown = [group for group in GROUPS if groups[group]]
    for group, tab in zip(shown, st.tabs(shown), strict=True):
        with tab:
            for start in range(0, len(groups[group]), 3):
                for (name, info), column in zip(groups[group][start : start + 3], st.columns(3), strict=False):
                    with column:
                        _take(changed, preset, name, info, base)
    return changed


def picture_settings(preset: str) -> dict[str, Any]:
    """How a person's own pictures are cut to size."""
    base = make_config(preset)
    changed: dict[str, Any] = {}
    for name, column in zip(("image_size", "colour"), st.columns(2), strict=True):
        with column:
            _take(changed, preset, name, RunConfig.model_fields[name], base)
    return changed


def _length(preset: str, base: RunConfig) -> dict[str, Any]:
    """How long, as a number and its unit."""
    unit_now = next((unit for unit in ("images", "epochs", "seconds") if getattr(base, unit) is not None), "")
    how_much, in_what, _ = st.columns(3)
    unit = in_what.selectbox(
        "Length in", list(LENGTHS), list(LENGTHS).index(unit_now), format_func=LENGTHS.__getitem__,
        key=f"{preset}/unit", persist_state="session",
        help="Images: real pictures shown to D. Epochs: times that all data was shown.",
    )
    if not unit:
        how_much.text_input("Length", "no end", disabled=True, key=f"{preset}/endless")
        return {} if unit == unit_now else dict.fromkeys(("images", "epochs", "seconds"))
    start = max(1, int(getattr(base, unit) or {"images": 200_000, "epochs": 20, "seconds": 60}[unit]))
    value = how_much.number_input(
        "Length", min_value=1, value=start, key=f"{preset}/{unit}", persist_state="session",
        help="When the run is complete. A finished run can be trained on.",
    )
    return {} if unit == unit_now and value == start else {unit: value}


def _take(changed: dict[str, Any], preset: str, name: str, info: FieldInfo, base: RunConfig) -> None:
    now = getattr(base, name)
    value = _widget(f"{preset}/{name}", info, now)
    if value != now:
        changed[name] = value


def _widget(key: str, info: FieldInfo, value: Any) -> Any:
    """The widget that fits the setting's type."""
    shared: dict[str, Any] = {
        "label": str(info.title), "help": info.description, "key": key, "persist_state": "session",
    }
    options = choices(info)
    if get_origin(info.annotation) is tuple:
        return tuple(st.multiselect(options=options, default=list(value), placeholder="none", **shared))
    if options:
        return st.selectbox(options=options, index=options.index(value), **shared)
    kinds = get_args(info.annotation) or (info.annotation,)
    if int in kinds or float in kinds:
        kind = int if int in kinds else float
        bounds = limits(info)
        low, high = bounds.get("ge", bounds.get("gt")), bounds.get("le", bounds.get("lt"))
        return st.number_input(
            min_value=None if low is None else kind(low), max_value=None if high is None else kind(high),
            value=None if value is None else kind(value), placeholder="none",
            **({"step": 1} if kind is int else {"step": _step(value), "format": "%g"}), **shared,
        )
    return st.text_input(value=value or "", **shared).strip() or None


def _step(value: float | None) -> float:
    """A tenth of where it stands, as a power of ten: what one click should change."""
    return 10.0 ** (len(f"{value:.0f}") - 2) if value and value >= 1 else float(f"{(value or 0.1) / 10:.0e}")

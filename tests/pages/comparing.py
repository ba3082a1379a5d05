"""Runs to be compared, and what the page says of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from streamlit.testing.v1 import AppTest

from gan_core.store import RunFolder

Make = Callable[..., RunFolder]
Open = Callable[..., AppTest]


def chosen(page: AppTest) -> list[str]:
    return page.multiselect(key="compare_chosen").value


def told(page: AppTest) -> str:
    """Every text of the page."""
    kinds = ("markdown", "caption", "info", "warning", "error", "success")
    texts = [element.value.replace("\\", "") for kind in kinds for element in page.get(kind)]
    return "\n".join([*texts, *(element.proto.body for element in page.get("html"))])


def pictures(page: AppTest) -> int:
    return len(page.image)


def figures(page: AppTest) -> list[str]:
    """The curves on the page, each a figure as JSON."""
    return [data["figure"] for data in components(page) if "figure" in data]


def components(page: AppTest) -> list[dict[str, Any]]:
    """What the page hands to its components."""
    return [json.loads(one.proto.json) for one in page.get("bidi_component")]  # type: ignore[attr-defined]

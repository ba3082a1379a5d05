"""What the pages that look at one checkpoint show and say."""

from __future__ import annotations

import json
from typing import Any

from streamlit.testing.v1 import AppTest


def given_of(app: AppTest) -> dict[str, Any] | None:
    """What the page's component was handed; None where it is not on the page."""
    found = app.get("bidi_component")
    return json.loads(found[0].proto.json) if found else None  # type: ignore[attr-defined]


def shown(app: AppTest) -> dict[str, Any]:
    """The same, where it must be."""
    given = given_of(app)
    assert given is not None and not app.error, [one.value for one in app.error]
    return given


def said(element: Any) -> str:
    """What a reader sees of Markdown that shows just that."""
    return element.value.replace("\\", "")

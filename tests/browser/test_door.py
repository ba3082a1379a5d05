"""The door opens, and every page answers."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Dashboard


@pytest.mark.parametrize("path", ["", "explore", "inside", "compare", "lab"])
def test_every_page_opens(dashboard: Dashboard, page: Page, path: str) -> None:
    page.goto(f"{dashboard.url}/{path}")
    for name in ("Train", "Explore", "Inside", "Compare", "Lab"):
        expect(page.get_by_role("link", name=name)).to_be_visible()

"""Dashboards, tabs and trained runs for the tests in a browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.browser import dashboard as dashboards
from tests.browser.dashboard import FLAGS, NO_CHROMIUM, Dashboard, find_chromium

__all__ = ["Dashboard"]

MINUTE = 60_000  # milliseconds, as Playwright counts
expect.set_options(timeout=MINUTE)  # a busy machine is slow, not wrong


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium. Without one the test is skipped; where CI=true, it fails."""
    with sync_playwright() as playwright:
        path = find_chromium(playwright)
        if path is None:
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(NO_CHROMIUM)
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def start_dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Dashboard]]:
    """Start a dashboard: (checkpoints=None). All are ended afterwards, and none may have logged a traceback."""
    started: list[Dashboard] = []

    def start(checkpoints: Path | None = None) -> Dashboard:
        folder = tmp_path_factory.mktemp("dashboard")
        started.append(dashboards.start(checkpoints or folder / "checkpoints", folder / "server.log"))
        return started[-1]

    yield start
    for dashboard in started:
        dashboard.end()
    for dashboard in started:
        log = dashboard.log.read_text()
        assert "Traceback" not in log and "Error" not in log and "Warning" not in log, log


@pytest.fixture(scope="module")
def dashboard(start_dashboard: Callable[..., Dashboard]) -> Dashboard:
    """One dashboard for the tests of a file, without runs at first."""
    return start_dashboard()


@pytest.fixture(scope="session")
def _trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two short runs on the embedded digits."""
    checkpoints = tmp_path_factory.mktemp("trained") / "checkpoints"
    with ThreadPoolExecutor() as both:
        runs = (
            both.submit(dashboards.train, checkpoints, "first", "--images", "9600", "--save-every-images", "3200"),
            both.submit(dashboards.train, checkpoints, "second", "--images", "6400", "--seed", "7", "--lr-g", "0.002"),
        )
    for run in runs:
        run.result()
    return checkpoints


@pytest.fixture(scope="module")
def dashboard_with_runs(
    start_dashboard: Callable[..., Dashboard], _trained: Path, tmp_path_factory: pytest.TempPathFactory
) -> Dashboard:
    """A dashboard with the runs `first` (conditional, quick, digits; checkpoints at 3,200, 6,400, 9,600 images) and
    `second` (6,400 images, seed 7, lr_g 0.002)."""
    checkpoints = tmp_path_factory.mktemp("runs") / "checkpoints"
    shutil.copytree(_trained, checkpoints)
    return start_dashboard(checkpoints)


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open a tab: (dark=False, width=1280, height=800). At the end nothing may have complained in any console."""
    contexts, complaints = [], []

    def listen(message: ConsoleMessage) -> None:
        # Opened at /explore, Streamlit first asks whether it is served below /explore, and is told that it is not.
        probe = "/_stcore/" in message.location["url"] and "404" in message.text
        if message.type in ("error", "warning") and not probe:
            complaints.append(f"{message.text} ({message.location['url']})")

    def open_tab(dark: bool = False, width: int = 1280, height: int = 800) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        context.set_default_timeout(MINUTE)
        contexts.append(context)
        page = context.new_page()
        page.on("console", listen)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_tab
    for context in contexts:
        context.close()
    assert not complaints, complaints


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """One tab of 1280 by 800."""
    return new_page()

"""A real dashboard and a real browser, for the benchmarks that need them."""

from __future__ import annotations

import contextlib
import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.dashboard import FLAGS, NO_CHROMIUM, Dashboard, find_chromium, start

MINUTE = 60_000  # milliseconds, as Playwright counts


@contextlib.contextmanager
def dashboard_and_browser() -> Iterator[tuple[Dashboard, Browser]]:
    """Both of their own, without runs, gone afterwards.

    Raises:
        SystemExit: there is no Chromium.
    """
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = find_chromium(playwright)
        if path is None:
            raise SystemExit(NO_CHROMIUM)
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        dashboard = start(Path(folder) / "checkpoints", Path(folder) / "log")
        try:
            yield dashboard, browser
        finally:
            dashboard.end()
            browser.close()


def new_tab(browser: Browser) -> Page:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(MINUTE)
    return context.new_page()


def begin_run(page: Page, dashboard: Dashboard) -> Path:
    """Click Train for `quick` on the embedded digits → the run's folder."""
    before = set(runs_of(dashboard))
    page.goto(f"{dashboard.url}/?new=1")
    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_selector(".gv-frame.gv-drawn")
    (folder,) = set(runs_of(dashboard)) - before
    return folder


def runs_of(dashboard: Dashboard) -> list[Path]:
    return [path.parent for path in dashboard.checkpoints.glob("*/run.json")]


def images_seen(folder: Path) -> int:
    """At the newest point of the run's curves."""
    lines = (folder / "history.jsonl").read_text().splitlines()
    return json.loads(lines[-1])["images"] if lines else 0


def rate_over(folder: Path, seconds: float) -> float:
    """Images a second that the run trains on from now on, by the wall clock, between two points of its curves."""
    marks = []
    for wait in (0.0, seconds):
        time.sleep(wait)
        seen = images_seen(folder)
        while images_seen(folder) == seen:  # to the next point, so that both ends are exact
            time.sleep(0.005)
        marks.append((time.perf_counter(), images_seen(folder)))
    (began, first), (ended, last) = marks
    return (last - first) / (ended - began)


def told(values: Sequence[float], unit: str = "") -> str:
    """Median and spread, as a cell of a table."""
    if not values:
        return "none seen"
    middle, low, high = statistics.median(values), min(values), max(values)
    digits = 0 if middle >= 100 else 1 if middle >= 10 else 2
    return f"{middle:,.{digits}f}{unit} ({low:,.{digits}f} to {high:,.{digits}f})"

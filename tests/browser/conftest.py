"""A real dashboard in a process of its own, and a real Chromium that looks at it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
]
MINUTE = 60_000  # milliseconds, as Playwright counts
expect.set_options(timeout=MINUTE)  # a busy machine is slow, not wrong


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


def _find_chromium(playwright: Playwright) -> str | None:
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        if path := shutil.which(name):
            return path
    own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, from the PATH or Playwright's own. Without one the test is skipped; where CI=true, it fails."""
    with sync_playwright() as playwright:
        path = _find_chromium(playwright)
        if path is None:
            message = (
                "no Chromium found: install one (Debian: apt-get install chromium), or Playwright's own "
                "(.venv/bin/playwright install chromium)"
            )
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(message)
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Dashboard:
    """A running dashboard.

    Attributes:
        url: without a slash at its end.
        checkpoints: the folder of its runs.
        log: everything the server wrote, once it ended; a file to read before.
    """

    url: str
    checkpoints: Path
    log: Path
    process: subprocess.Popen[bytes]
    started: float = field(default_factory=time.monotonic)

    def kill(self) -> None:
        """Ended as by kill -9."""
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """Ended as by SIGTERM; waits until running runs are saved."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _start(checkpoints: Path, log: Path) -> Dashboard:
    port = _free_port()
    environment = {
        **os.environ, "GAN_CHECKPOINTS": str(checkpoints), "GAN_DATA_DIR": str(checkpoints.parent / "data"),
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port", str(port)]
    with open(log, "ab") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    end = time.monotonic() + 120
    while True:
        assert process.poll() is None, f"the dashboard ended:\n{log.read_text()}"
        assert time.monotonic() < end, f"the dashboard does not answer:\n{log.read_text()}"
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1):
                return Dashboard(url, checkpoints, log, process)
        except OSError:
            time.sleep(0.1)


@pytest.fixture(scope="module")
def start_dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Dashboard]]:
    """Start a dashboard: (checkpoints=None). All are ended afterwards, and none may have logged a traceback."""
    started: list[Dashboard] = []

    def start(checkpoints: Path | None = None) -> Dashboard:
        folder = tmp_path_factory.mktemp("dashboard")
        dashboard = _start(checkpoints or folder / "checkpoints", folder / "server.log")
        started.append(dashboard)
        return dashboard

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
    """Two short runs on the embedded digits: `first` (three checkpoints) and `second` (other seed and rate)."""
    checkpoints = tmp_path_factory.mktemp("trained") / "checkpoints"
    for name, settings in {
        "first": ["--images", "9600", "--save-every-images", "3200"],
        "second": ["--images", "6400", "--seed", "7", "--lr-g", "0.002"],
    }.items():
        command = [sys.executable, "-m", "gan_core", "train", "--name", name, "--checkpoints", str(checkpoints)]
        subprocess.run(command + settings, cwd=ROOT, check=True, capture_output=True)
    return checkpoints


@pytest.fixture(scope="module")
def dashboard_with_runs(start_dashboard: Callable[..., Dashboard], _trained: Path, tmp_path_factory) -> Dashboard:
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

"""A real dashboard in its own process, and a Chromium to look at it with: for tests and for the README's pictures."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, Playwright, WebSocketRoute

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
]
NO_CHROMIUM = (
    "no Chromium found: install one (Debian: apt-get install chromium), or Playwright's own "
    "(.venv/bin/playwright install chromium)"
)


def find_chromium(playwright: Playwright) -> str | None:
    """The path of a Chromium: on the PATH, or Playwright's own."""
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        if path := shutil.which(name):
            return path
    own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


@dataclass
class Dashboard:
    """A running dashboard.

    Attributes:
        url: without a slash at its end.
        checkpoints: the folder of its runs.
        log: everything the server writes.
    """

    url: str
    checkpoints: Path
    log: Path
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """Ended as by kill -9."""
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """Ended as by SIGTERM; waits until running runs are saved."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)


def start(checkpoints: Path, log: Path) -> Dashboard:
    """Start one on a free port, and wait until it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
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


def connections_of(
    page: Page, path: str, passes: Callable[[int, str | bytes], bool] | None = None
) -> list[WebSocketRoute]:
    """The connections that a page opens from now on to a socket route, which a test can close.

    Args:
        path: the end of the route's address.
        passes: whether what the page sends, over the connection of this number, reaches the server. None: all does.
    """
    connections: list[WebSocketRoute] = []

    def between(socket: WebSocketRoute) -> None:
        number = len(connections)
        connections.append(socket)
        server = socket.connect_to_server()
        if passes is not None:
            socket.on_message(lambda text: server.send(text) if passes(number, text) else None)

    page.route_web_socket(re.compile(f"{path}$"), between)
    return connections


def train(checkpoints: Path, name: str, *settings: str) -> None:
    """Train a run from the command line, to its end."""
    command = [sys.executable, "-m", "gan_core", "train", "--name", name, "--checkpoints", str(checkpoints), *settings]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)

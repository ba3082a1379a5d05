"""What the dashboard costs training: a run in its thread, with a tab that watches or none, and in a process of its own.

    .venv/bin/python -m benchmarks.thread_cost [--seconds 15] [--rounds 5]

`quick` on the embedded digits in all three, taking turns round by round; images a second by the wall clock, the
beginning of each run left out.
"""

from __future__ import annotations

import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import click
from playwright.sync_api import Browser

from benchmarks.watching import MINUTE, begin_run, dashboard_and_browser, images_seen, new_tab, rate_over, told
from tests.browser.dashboard import ROOT, Dashboard

OWN, THREAD, WATCHED = "a process of its own", "the dashboard's thread, no tab open", "the same, a tab watches"
WARM_IMAGES = 5_000


def own_process(dashboard: Dashboard, name: str, seconds: float) -> float:
    command = [sys.executable, "-m", "gan_core", "train", "--name", name, "--checkpoints", str(dashboard.checkpoints)]
    training = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        folder = dashboard.checkpoints / name
        while not (folder / "history.jsonl").exists():
            time.sleep(0.05)
        return _warm_rate(folder, seconds)
    finally:
        training.send_signal(signal.SIGINT)
        training.wait(60)


def dashboard_thread(dashboard: Dashboard, browser: Browser, watched: bool, seconds: float) -> float:
    page = new_tab(browser)
    folder = begin_run(page, dashboard)
    address = page.url
    if not watched:
        page.goto("about:blank")
    rate = _warm_rate(folder, seconds)
    page.goto(address)
    page.get_by_role("button", name="Stop", exact=True).click()
    page.locator(".st-key-run_head", has_text="stopped").wait_for(timeout=MINUTE)
    page.context.close()
    return rate


def _warm_rate(folder: Path, seconds: float) -> float:
    while images_seen(folder) < WARM_IMAGES:
        time.sleep(0.1)
    return rate_over(folder, seconds)


def table(rates: dict[str, list[float]]) -> str:
    base = statistics.median(rates[OWN])
    lines = ["| trained in | images/s, median (lowest to highest) | ratio |", "|---|---|---|"]
    lines += [f"| {name} | {told(found)} | {statistics.median(found) / base:.3f} |" for name, found in rates.items()]
    return "\n".join(lines)


@click.command()
@click.option("--seconds", default=15.0, show_default=True, help="Of each measurement.")
@click.option("--rounds", default=5, show_default=True)
def main(seconds: float, rounds: int) -> None:
    """Measure and print."""
    rates: dict[str, list[float]] = {OWN: [], THREAD: [], WATCHED: []}
    with dashboard_and_browser() as (dashboard, browser):
        for number in range(rounds):
            rates[OWN].append(own_process(dashboard, f"own-{number}", seconds))
            rates[THREAD].append(dashboard_thread(dashboard, browser, False, seconds))
            rates[WATCHED].append(dashboard_thread(dashboard, browser, True, seconds))
    print(table(rates))


if __name__ == "__main__":
    main()

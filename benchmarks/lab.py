"""How smoothly the lab plays, in a real browser, with all layers on.

    .venv/bin/python -m benchmarks.lab [--seconds 15]

Redraws a second of the picture and its charts, the gaps between them, and steps a second of the game meanwhile, at
three speeds. Browser, dashboard and game share the machine's cores; the load says who else does. What a redraw costs in
time of one core (of the browser with all its processes; of the dashboard, steps included) says what to expect without
them.
"""

from __future__ import annotations

import itertools
import os
import time
from pathlib import Path

import click
from playwright.sync_api import Browser

from benchmarks.screens import percentile
from benchmarks.watching import MINUTE, dashboard_and_browser, new_tab
from gan_core.lab import LAYERS
from tests.browser.dashboard import Dashboard

SPEEDS = {"25 steps/s": "25", "100 steps/s": "100", "fastest": "0"}

WATCH = """() => {
  window.redraws = [];
  new MutationObserver(() => window.redraws.push(performance.now()))
    .observe(document.querySelector('.gb'), { attributes: true, attributeFilter: ['data-frame'] });
}"""
STEP = "Number(document.querySelector('.gb').dataset.step)"


def browsers_seconds(browser: Browser) -> float:
    """Of processor time, so far."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    return sum(process["cpuTime"] for process in processes)


def dashboards_seconds(dashboard: Dashboard) -> float:
    """Of processor time, so far (Linux)."""
    fields = Path(f"/proc/{dashboard.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def play(browser: Browser, dashboard: Dashboard, speed: str, layers: str, seconds: float) -> list[str]:
    """Cells of a row."""
    page = new_tab(browser)
    page.goto(f"{dashboard.url}/lab?layers={layers}&speed={speed}&chosen=5")
    page.wait_for_selector(".gb[data-frame]", timeout=MINUTE)
    page.click(".gb-play")
    page.wait_for_timeout(2000)
    page.evaluate(WATCH)
    busy = browsers_seconds(browser), dashboards_seconds(dashboard)
    begin, first = time.perf_counter(), page.evaluate(STEP)
    page.wait_for_timeout(1000 * seconds)
    last, redraws = page.evaluate(f"[{STEP}, window.redraws]")
    took = time.perf_counter() - begin
    costs = browsers_seconds(browser) - busy[0], dashboards_seconds(dashboard) - busy[1]
    page.context.close()
    gaps = [after - before for before, after in itertools.pairwise(redraws)] or [1000 * took]
    return [f"{len(redraws) / took:.1f}", f"{percentile(gaps, 0.5):.0f} ms", f"{percentile(gaps, 0.95):.0f} ms",
            f"{(last - first) / took:.0f}", *(f"{1000 * cost / max(1, len(redraws)):.0f} ms" for cost in costs)]


@click.command()
@click.option("--seconds", default=15.0, show_default=True, help="Of each row.")
def main(seconds: float) -> None:
    """Measure and print."""
    rows = []
    with dashboard_and_browser() as (dashboard, browser):
        for layers, shown in ((",".join(LAYERS), "all layers"), ("real,fake,surface", "the usual layers")):
            for name, speed in SPEEDS.items():
                rows.append([f"{shown}, {name}", *play(browser, dashboard, speed, layers, seconds)])
                rows[-1].append(f"{os.getloadavg()[0]:.1f}")
    print("| | redraws/s | gap, p50 | gap, p95 | steps/s | browser, a redraw | dashboard, a redraw | load |")
    print(8 * "|---" + "|")
    print("\n".join(f"| {' | '.join(row)} |" for row in rows))


if __name__ == "__main__":
    main()

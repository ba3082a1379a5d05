"""How fast the dashboard answers, in a real browser, at rest and while a run trains.

    .venv/bin/python -m benchmarks.screens [--minutes 10]

Pages: from navigation to usable. Train: from the click to the first point and the first sample grid on the screen.
Drag: a slider of Explore moved 60 times a second; from each movement to the picture of that very place. Charts: how
often they get new points while a run trains, and the browser's long tasks (over 50 ms) meanwhile. Memory: of the
server and the tab, minute by minute of live training.
"""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import click
from playwright.sync_api import Browser, Page

from benchmarks.watching import MINUTE, dashboard_and_browser, new_tab, told
from tests.browser.dashboard import Dashboard, train

PAGES = {
    "Train": ("", "document.querySelector('.gv-frame.gv-drawn') || document.querySelector('.real-samples')"),
    "Explore": ("explore?run=known", "document.querySelector('.gl-picture')?.width > 1"),
    "Compare": (
        "compare", "[...document.querySelectorAll('.stImage img')].filter((image) => image.naturalWidth > 1).length > 1"
    ),
}
CURVES = "document.querySelector('.js-plotly-plot .scatterlayer')"
FIRST_POINT = "document.querySelector('.gv-chart[data-chart=loss]')?.data?.[1]?.x?.length > 0"
FIRST_GRID = "document.querySelector('.gv-frame.gv-drawn')"

# Of each picture on the big canvas: milliseconds from the movement that asked for it until it was drawn. Answers come
# back with the number of their request; pictures are drawn in the order of their answers.
WATCH_DRAG = """() => {
  const canvas = document.querySelector('.gl-picture'), draw = CanvasRenderingContext2D.prototype.drawImage;
  const asked = new Map(), arrived = [], watched = new WeakSet();
  let moved = 0;
  window.delays = [];
  window.moves = 0;
  document.querySelector('.gl-t').addEventListener('input', (event) => {
    moved = event.timeStamp;
    window.moves++;
  }, true);
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (text) {
    if (!watched.has(this)) {
      watched.add(this);
      this.addEventListener('message', ({ data }) => {
        if (!(data instanceof ArrayBuffer) || new DataView(data).getUint8(0) !== 1) return;
        arrived.push(new DataView(data).getUint32(4, true));
      });
    }
    if (typeof text === 'string' && text.includes('"kind":"picture"')) asked.set(JSON.parse(text).number, moved);
    return send.call(this, text);
  };
  CanvasRenderingContext2D.prototype.drawImage = function (...given) {
    draw.apply(this, given);
    if (this.canvas !== canvas || !arrived.length) return;
    const from = asked.get(arrived.shift());
    if (from) window.delays.push(performance.now() - from);
  };
}"""
WATCH_CHARTS = """() => {
  window.added = [];
  window.long = [];
  const chart = document.querySelector('.gv-chart[data-chart=loss]');
  let known = chart.data[1].x.length;
  setInterval(() => {
    if (chart.data[1].x.length !== known) window.added.push(performance.now());
    known = chart.data[1].x.length;
  }, 5);
  new PerformanceObserver((list) => window.long.push(...list.getEntries().map((entry) => entry.duration)))
    .observe({ type: 'longtask' });
}"""


def page_loads(browser: Browser, dashboard: Dashboard, rounds: int) -> dict[str, list[float]]:
    """Milliseconds until each page is usable: by its address in a new tab of a browser that never saw the dashboard,
    and by a click on its name in a tab that is open."""
    found: dict[str, list[float]] = {}

    def note(what: str, page: Page, begin: float, there: str) -> None:
        page.wait_for_function(there, polling=20)
        found.setdefault(what, []).append(1000 * (time.perf_counter() - begin))

    for _ in range(rounds):
        for name, (path, usable) in PAGES.items():
            page = new_tab(browser)
            begin = time.perf_counter()
            page.goto(f"{dashboard.url}/{path}")
            note(f"{name}, new tab", page, begin, usable)
            if name == "Compare":
                note("Compare's curves, new tab", page, begin, CURVES)
            page.context.close()
        page = new_tab(browser)
        page.goto(f"{dashboard.url}/explore?run=known")
        page.wait_for_function(PAGES["Explore"][1])
        for name in ("Compare", "Train", "Explore"):
            page.wait_for_timeout(1000)
            begin = time.perf_counter()
            page.get_by_role("link", name=name, exact=True).click()
            note(f"{name}, by a click", page, begin, PAGES[name][1])
        page.context.close()
    return found


def click_to_curve(browser: Browser, dashboard: Dashboard) -> tuple[Page, float, float]:
    """A run is begun → its page, and milliseconds from the click to the first point and the first grid."""
    page = new_tab(browser)
    page.goto(f"{dashboard.url}/?new=1")
    button = page.get_by_role("button", name="Train", exact=True)
    button.wait_for()
    page.wait_for_selector(".real-samples")
    page.wait_for_timeout(1000)
    begin = time.perf_counter()
    button.click()
    ends = {}
    while len(ends) < 2:
        for name, there in (("point", FIRST_POINT), ("grid", FIRST_GRID)):
            if name not in ends and page.evaluate(f"Boolean({there})"):
                ends[name] = 1000 * (time.perf_counter() - begin)
        page.wait_for_timeout(10)
    return page, ends["point"], ends["grid"]


def drag(browser: Browser, dashboard: Dashboard, seconds: float) -> tuple[float, float, list[float]]:
    """A hand that moves 60 times a second → movements and pictures a second, and each picture's delay in ms."""
    page = new_tab(browser)
    page.goto(f"{dashboard.url}/explore?run=known&mode=interpolate&label=3&label_b=8")
    page.wait_for_function("document.querySelector('.gl-strip canvas')?.height > 1")
    page.wait_for_timeout(500)
    page.evaluate(WATCH_DRAG)
    box = page.locator(".gl-t").bounding_box()
    assert box is not None
    y, begin, count = box["y"] + box["height"] / 2, time.perf_counter(), 0
    page.mouse.move(box["x"] + 9, y)
    page.mouse.down()
    while (now := time.perf_counter() - begin) < seconds:
        count += 1
        share = abs((now / 3) % 2 - 1)  # there and back, three seconds each way
        page.mouse.move(box["x"] + 9 + (1 - share) * (box["width"] - 18), y)
        time.sleep(max(0.0, begin + count / 60 - time.perf_counter()))
    page.mouse.up()
    page.wait_for_timeout(300)
    moves, delays = page.evaluate("[window.moves, window.delays]")
    page.context.close()
    return moves / seconds, len(delays) / seconds, delays


def resident(process: int) -> float:
    """Megabytes of memory of a process (Linux)."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(process)


def live_training(page: Page, dashboard: Dashboard, minutes: float) -> list[tuple[float, float, float]]:
    """(minutes, server's MB, tab's MB of JavaScript) while a run trains and its tab watches."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    found = []
    begin = time.perf_counter()
    while True:
        session.send("HeapProfiler.collectGarbage")
        metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
        past = (time.perf_counter() - begin) / 60
        found.append((past, resident(dashboard.process.pid), metrics["JSHeapUsedSize"] / 2**20))
        if past >= minutes:
            return found
        page.wait_for_timeout(min(60, 60 * minutes) * 1000)


def charts_live(page: Page, seconds: float) -> tuple[list[float], list[float]]:
    """Milliseconds between new points on the loss chart, and of each long task, while a run trains."""
    page.evaluate(WATCH_CHARTS)
    page.wait_for_timeout(1000 * seconds)
    added, long = page.evaluate("[window.added, window.long]")
    return [after - before for before, after in itertools.pairwise(added)], long


def endless_run(page: Page, dashboard: Dashboard) -> None:
    """End the run that the page shows, and begin one that will not end by itself."""
    page.get_by_role("button", name="Stop", exact=True).click()
    page.locator(".st-key-run_head", has_text="stopped").wait_for()
    page.goto(f"{dashboard.url}/?new=1")
    length = page.get_by_role("spinbutton", name="Length")
    length.fill("100000000")
    length.press("Enter")
    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_selector(".gv-frame.gv-drawn")


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


@click.command()
@click.option("--rounds", default=5, show_default=True, help="Of page loads.")
@click.option("--drag-seconds", default=12.0, show_default=True)
@click.option("--chart-seconds", default=30.0, show_default=True)
@click.option("--minutes", default=10.0, show_default=True, help="Of live training, for the memory.")
def main(rounds: int, drag_seconds: float, chart_seconds: float, minutes: float) -> None:
    """Measure and print."""
    rows: list[tuple[str, str, str]] = []
    with dashboard_and_browser() as (dashboard, browser):
        train(dashboard.checkpoints, "known", "--images", "16000", "--save-every-images", "8000")
        first = page_loads(browser, dashboard, 1)
        loads, drags = [page_loads(browser, dashboard, rounds)], [drag(browser, dashboard, drag_seconds)]
        page, point, grid = click_to_curve(browser, dashboard)
        page.wait_for_function("Number(document.querySelector('.gv-grid').dataset.images) > 3000", timeout=5 * MINUTE)
        loads.append(page_loads(browser, dashboard, rounds))
        drags.append(drag(browser, dashboard, drag_seconds))
        gaps, long = charts_live(page, chart_seconds)
        endless_run(page, dashboard)
        memory = live_training(page, dashboard, minutes)
    for name in loads[0]:
        rest, busy = (told(found[name], " ms") for found in loads)
        rows.append((f"usable: {name}", f"{rest}; the first time {first[name][0]:,.0f} ms", busy))
    for place, what in ((0, "movements a second of the hand"), (1, "pictures a second while dragging")):
        rows.append((what, *(f"{found[place]:.1f}" for found in drags)))
    for share in (0.5, 0.95):
        cells = (f"{percentile(found[2], share):.0f} ms" for found in drags)
        rows.append((f"movement to picture, p{100 * share:.0f}", *cells))
    rows.append(("click on Train to the first point", f"{point:,.0f} ms", ""))
    rows.append(("click on Train to the first sample grid", f"{grid:,.0f} ms", ""))
    rows.append(("new points on the charts, every", "", told(gaps, " ms")))
    rows.append((f"long tasks in {chart_seconds:g} s; the longest", "", f"{len(long)}; {max(long, default=0):.0f} ms"))
    print("| | at rest | while a run trains |\n|---|---|---|")
    print("\n".join(f"| {' | '.join(row)} |" for row in rows))
    print("\n| minutes of live training | server, MB | tab's JavaScript, MB |\n|---|---|---|")
    print("\n".join(f"| {past:.1f} | {server:,.0f} | {tab:,.1f} |" for past, server, tab in memory))


if __name__ == "__main__":
    main()

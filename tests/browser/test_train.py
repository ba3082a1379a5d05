"""The main job in a real browser: one click, curves that grow, a grid that sharpens, a run that outlives its tab."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from gan_core import datasets
from tests.browser.dashboard import Dashboard, connections_of

STEPS = "document.querySelector('.gv-chart[data-chart=loss]')?.data?.[1]?.x?.at(-1) ?? 0"
GRID = "document.querySelector('.gv-grid').toDataURL()"


def _begin(page: Page, dashboard: Dashboard, *, images: str | None = None, new: bool = False) -> None:
    """Click Train; `images`: how long, in place of the preset's own."""
    page.goto(f"{dashboard.url}/{'?new=1' if new else ''}")
    if images:
        if not new:
            page.get_by_text("Choose other data or settings").click()
        length = page.get_by_role("spinbutton", name="Length")
        length.fill(images)
        length.press("Enter")
    page.get_by_role("button", name="Train", exact=True).click()


def _from_digits(page: Page) -> float:
    """Mean distance of the pictures in the grid on the screen to their nearest real digits."""
    data = page.evaluate(GRID).partition(",")[2]
    grid = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("L"))
    cells = torch.from_numpy(
        np.stack([grid[y : y + 28, x : x + 28] for y in range(0, grid.shape[0], 29)
                  for x in range(0, grid.shape[1], 29)])
    )
    real = datasets.load("digits").samples.flatten(1).float()
    return float(torch.cdist(cells.flatten(1).float(), real).amin(1).mean())


def _events(dashboard: Dashboard, run: str) -> list[dict[str, Any]]:
    """What the run wrote of its life, oldest first; without the verdicts of who watches it, which may come later."""
    lines = (dashboard.checkpoints / run / "events.jsonl").read_text().splitlines()
    return [event for event in map(json.loads, lines) if event["event"] != "verdict"]


def _state(page: Page, state: str) -> None:
    expect(page.locator(".st-key-run_head")).to_contain_text(state)


@pytest.fixture(scope="module")
def training(start_dashboard: Callable[..., Dashboard]) -> Dashboard:
    """A dashboard of its own: its first visit is part of the test."""
    return start_dashboard()


def test_click_train_and_watch(training: Dashboard, page: Page) -> None:
    page.goto(training.url)
    expect(page.get_by_text("Two networks play a game")).to_be_visible()
    page.wait_for_function("window.Plotly")  # before there is anything to draw
    page.get_by_role("button", name="Train", exact=True).click()
    _state(page, "training")
    page.wait_for_function(f"{STEPS} >= 1")
    page.wait_for_selector(".gv-frame.gv-drawn")
    first_steps, first_grid = page.evaluate(STEPS), page.evaluate(GRID)
    first_distance = _from_digits(page)
    node = page.query_selector(".gv-chart[data-chart=loss] .main-svg")
    page.wait_for_function(f"{STEPS} > {first_steps} + 50")
    page.wait_for_function(f"{GRID} !== {json.dumps(first_grid)}")
    page.wait_for_function("Number(document.querySelector('.gv-grid').dataset.images) > 3000")
    assert _from_digits(page) < 0.7 * first_distance  # what is drawn comes nearer to handwriting
    assert node is not None and node.evaluate("node => node.isConnected")  # fed, not drawn anew
    belief = page.evaluate("document.querySelector('.gv-chart[data-chart=belief]').data[1].y")
    assert all(0 <= value <= 1 for value in belief)
    expect(page.locator(".gv-rate")).to_contain_text("images/s")
    expect(page.locator(".gv-left")).to_contain_text("left")


def test_a_zoom_survives_updates(training: Dashboard, page: Page) -> None:
    page.goto(training.url)
    page.wait_for_function(f"{STEPS} >= 20")
    box = page.locator(".gv-chart[data-chart=loss] .nsewdrag").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] * 0.3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.7, steps=5)
    page.mouse.up()
    layout = "document.querySelector('.gv-chart[data-chart=loss]').layout"
    page.wait_for_function(f"{layout}.xaxis.range[0] > 0")
    zoom = page.evaluate(f"[{layout}.xaxis.range, {layout}.yaxis.range]")
    steps = page.evaluate(STEPS)
    page.wait_for_function(f"{STEPS} > {steps} + 30")
    page.get_by_role("button", name="Save").click()  # the script runs again
    steps = page.evaluate(STEPS)
    page.wait_for_function(f"{STEPS} > {steps} + 30")
    assert page.evaluate(f"[{layout}.xaxis.range, {layout}.yaxis.range]") == zoom
    page.mouse.dblclick(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5)
    page.wait_for_function(f"{layout}.xaxis.range[0] === 0 && {layout}.xaxis.range[1] > ({STEPS})")
    page.mouse.move(5, 5)  # and it goes on with the curve
    page.wait_for_function(f"({STEPS}) > {zoom[0][1]} && {layout}.xaxis.range[1] > 1.2 * {steps}")


# Of each chart, once its curves have grown since Plotly drew it: how far what stands there is from what Plotly draws of
# the same data in the same axes: the ends of the curves, in pixels, and the largest difference in length.
GROWN = """() => {
  const shown = [...document.querySelectorAll('.gv-chart')];
  const curves = (node) => [...node.querySelectorAll('path.js-line')];
  if (!shown.every((node) => node.data?.[1].x.length > node.calcdata?.[1].length)) return null;
  const found = [];
  for (const node of shown) {
    const again = document.createElement('div');
    again.style.cssText = 'position: absolute; top: 0; visibility: hidden';
    Object.assign(again.style, { width: `${node.clientWidth}px`, height: `${node.clientHeight}px` });
    document.body.append(again);
    window.Plotly.newPlot(again, structuredClone(node.data), structuredClone(node.layout), { responsive: false });
    const pairs = curves(node).map((path, i) => [path, curves(again)[i]]);
    const end = (path) => path.getPointAtLength(path.getTotalLength());
    found.push({
      axis: node.layout.xaxis.range.join(),
      curves: pairs.length,
      ends: Math.max(...pairs.map(([one, other]) => Math.hypot(end(one).x - end(other).x, end(one).y - end(other).y))),
      length: Math.max(...pairs.map(([one, other]) => Math.abs(one.getTotalLength() / other.getTotalLength() - 1))),
    });
  }
  return found;
}"""


@pytest.mark.parametrize("log", [False, True])
def test_curves_grow_without_plotly_as_plotly_draws_them(training: Dashboard, page: Page, log: bool) -> None:
    page.goto(training.url)
    page.locator(".gv-log").set_checked(log)
    page.mouse.move(5, 5)  # a chart under the mouse is Plotly's
    page.wait_for_function(f"{STEPS} >= 50")
    page.evaluate(f"window.grown = {GROWN}")
    found = page.wait_for_function("window.grown()", polling=20).json_value()
    assert [one["curves"] for one in found] == [4, 4, 4] and len({one["axis"] for one in found}) == 1
    assert all(one["ends"] < 0.5 and one["length"] < 0.01 for one in found), found
    # Under the mouse Plotly knows all points, those too that had come before.
    chart = "document.querySelector('.gv-chart[data-chart=belief]')"
    page.locator(".gv-chart[data-chart=belief] .nsewdrag").hover()
    page.wait_for_function(f"{chart}.calcdata[1].length === {chart}.data[1].x.length")


def test_x_axis_smoothing_and_log_scale(training: Dashboard, page: Page) -> None:
    page.goto(training.url)
    page.wait_for_function(f"{STEPS} >= 20")
    chart = "document.querySelector('.gv-chart[data-chart=gradient]')"
    page.locator(".gv-x").select_option("images")
    page.wait_for_function(f"{chart}.data[1].x[1] === 640")  # ten steps of 64
    page.locator(".gv-log").check()
    page.wait_for_function(f"{chart}.layout.yaxis.type === 'log'")
    page.locator(".gv-smooth").fill("0")
    page.wait_for_function(f"JSON.stringify({chart}.data[0].y) === JSON.stringify({chart}.data[1].y)")
    page.locator(".gv-smooth").fill("0.9")
    page.wait_for_function(f"{chart}.data[0].y[1] !== {chart}.data[1].y[1]")  # charts are drawn one after the other
    # s1 = x1; s2 = (0.9 * 0.1 * x1 + 0.1 * x2) / (1 - 0.81): an average corrected for its start.
    raw, smooth = page.evaluate(f"[{chart}.data[0].y.slice(0, 2), {chart}.data[1].y.slice(0, 2)]")
    assert smooth[0] == pytest.approx(raw[0])
    assert smooth[1] == pytest.approx((0.09 * raw[0] + 0.1 * raw[1]) / 0.19)
    page.reload()  # how they are drawn is kept
    page.wait_for_function(f"{chart}?.data?.[1].x[1] === 640")
    assert page.evaluate(f"{chart}.layout.yaxis.type") == "log"
    assert page.evaluate(f"{chart}.data[1].y.slice(0, 2)") == pytest.approx(smooth)
    expect(page.locator(".gv-x")).to_have_value("images")
    expect(page.locator(".gv-log")).to_be_checked()
    expect(page.locator(".gv-smooth")).to_have_value("0.9")
    expect(page.locator(".gv-smooth-value")).to_have_text("0.90")


def test_refresh_and_a_second_tab_find_the_run(training: Dashboard, new_page: Callable[..., Page]) -> None:
    one, two = new_page(), new_page(dark=True)
    for page in (one, two):
        page.goto(training.url)
        _state(page, "training")
        page.wait_for_function(f"{STEPS} >= 1")
    steps = one.evaluate(STEPS)
    one.reload()
    one.wait_for_function(f"{STEPS} > {steps}")
    one.close()
    steps = two.evaluate(STEPS)
    two.wait_for_function(f"{STEPS} > {steps} + 30")  # it trains on without the tab that began it


def test_pause_and_resume_in_one_tab_are_seen_in_the_other(training: Dashboard, new_page: Callable[..., Page]) -> None:
    one, two = new_page(), new_page()
    for page in (one, two):
        page.goto(training.url)
        _state(page, "training")
    one.get_by_role("button", name="Pause").click()
    for page in (one, two):
        _state(page, "paused")
        expect(page.get_by_role("button", name="Resume")).to_be_visible()
    paused = _events(training, "digits-quick-1")[-1]
    assert paused["event"] == "paused"
    for page in (one, two):
        page.reload()
        expect(page.locator(".gv-step")).to_have_text(f"step {paused['images'] // 64:,}")
    two.get_by_role("button", name="Resume").click()
    for page in (one, two):
        _state(page, "training")
    unpaused = next(one for one in reversed(_events(training, "digits-quick-1")) if one["event"] == "unpaused")
    assert unpaused["images"] == paused["images"]  # nothing was trained meanwhile
    one.wait_for_function(f"{STEPS} * 64 > {paused['images']}")


def test_a_lost_connection_is_taken_up_again(training: Dashboard, page: Page) -> None:
    connections = connections_of(page, "/gan/live")
    page.goto(training.url)
    page.wait_for_function(f"{STEPS} >= 20")
    lost = list(connections)
    for socket in lost:
        socket.close()
    while len(connections) < 2 * len(lost):
        page.wait_for_timeout(50)
    steps = page.evaluate(STEPS)
    page.wait_for_function(f"{STEPS} > {steps} + 20")
    expect(page.locator(".gv-status")).to_have_text("")
    x = page.evaluate("document.querySelector('.gv-chart[data-chart=loss]').data[1].x")
    assert x == sorted(set(x))  # what came again took the place of what was there


def test_the_form_outlives_a_visit_to_another_page(dashboard: Dashboard, page: Page) -> None:
    """Also what was still being typed when the page was left."""
    page.goto(dashboard.url)
    page.get_by_text("Choose other data or settings").click()
    name, length = page.get_by_role("textbox", name="Name of the run"), page.get_by_role("spinbutton", name="Length")
    name.fill("mine")
    name.press("Enter")
    length.fill("4800")
    page.get_by_role("link", name="Compare", exact=True).click()
    page.wait_for_url(re.compile("/compare"))
    page.get_by_role("link", name="Train", exact=True).click()
    page.get_by_text("Choose other data or settings").click()
    expect(name).to_have_value("mine")
    expect(length).to_have_value("4800")


def test_scrubbing_back_through_the_grids(training: Dashboard, page: Page) -> None:
    page.goto(training.url)
    page.wait_for_selector(".gv-film button >> nth=3")
    page.locator(".gv-film button").first.click()
    expect(page.locator(".gv-when")).to_have_text("0 images")
    page.wait_for_function("document.querySelector('.gv-grid').dataset.images === '0'")
    before = page.evaluate(GRID)
    steps = page.evaluate(STEPS)
    page.wait_for_function(f"{STEPS} > {steps} + 20")
    assert page.evaluate(GRID) == before  # looking back, it stays back
    scrub = page.locator(".gv-scrub")
    scrub.focus()
    scrub.press("End")
    page.wait_for_function("Number(document.querySelector('.gv-grid').dataset.images) > 0")


def test_stop_and_the_list_of_runs(training: Dashboard, page: Page) -> None:
    page.goto(training.url)
    page.get_by_role("button", name="Stop").click()
    _state(page, "stopped")
    expect(page.locator(".gr-runs button")).to_contain_text("stopped")
    _begin(page, training, images="1280", new=True)
    _state(page, "finished")
    expect(page.locator(".gv-share")).to_have_text("100 %")
    page.locator(".gr-runs button", has_text="digits-quick-1").click()
    expect(page.locator(".st-key-run_head")).to_contain_text("digits-quick-1")
    assert "run=digits-quick-1" in page.url
    page.get_by_role("link", name="Explore this generator").click()
    page.wait_for_url("**/explore?run=digits-quick-1*")


def test_killed_it_is_interrupted_and_resumes(
    start_dashboard: Callable[..., Dashboard], new_page: Callable[..., Page], wait: Callable[..., None]
) -> None:
    first, page = start_dashboard(), new_page()
    _begin(page, first)
    page.wait_for_function(f"{STEPS} >= 20")
    page.get_by_role("button", name="Save").click()
    run = first.checkpoints / "digits-quick-1"
    wait(lambda: list(run.glob("*.safetensors")))
    page.close()
    first.kill()
    page = new_page()
    second = start_dashboard(first.checkpoints)
    page.goto(second.url)
    _state(page, "interrupted")
    page.get_by_role("button", name="Resume").click()
    _state(page, "training")
    page.wait_for_function(f"{STEPS} >= 80")
    page.close()
    second.end()
    assert _events(second, "digits-quick-1")[-1]["event"] == "stopped"


def test_sigterm_saves_while_a_tab_watches(start_dashboard: Callable[..., Dashboard], browser: Browser) -> None:
    dashboard, page = start_dashboard(), browser.new_page()  # whose console may complain: the server leaves
    try:
        _begin(page, dashboard)
        page.wait_for_function(f"{STEPS} >= 20")
        dashboard.end()
        expect(page.locator(".gv-status")).to_contain_text("connection to the dashboard is lost")
    finally:
        page.close()
    last = _events(dashboard, "digits-quick-1")[-1]
    assert (last["event"], last["reason"]) == ("stopped", "the dashboard was ended")
    assert list((dashboard.checkpoints / "digits-quick-1").glob(f"*{last['images']}.safetensors"))


def test_a_phone_has_no_sideways_scroll(training: Dashboard, new_page: Callable[..., Page]) -> None:
    page = new_page(width=390, height=844)
    page.goto(training.url)
    page.wait_for_selector(".gv-frame.gv-drawn")
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    grid, runs = page.locator(".gv-grid").bounding_box(), page.locator(".gr-runs").bounding_box()
    assert grid is not None and runs is not None and grid["y"] < runs["y"]  # the run first, the list below

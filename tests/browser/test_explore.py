"""The Explore page under a hand: pictures while dragging, links, checkpoints, sliders, downloads, a lost connection."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Download, Locator, Page, WebSocket, expect

from tests.browser.dashboard import ROOT, Dashboard, connections_of

PICTURE = "document.querySelector('.gl-picture').toDataURL()"
STRIP = "document.querySelector('.gl-strip canvas').toDataURL()"
# Each thing the big canvas showed, in order; repeated ones once.
WATCH = """() => {
  const canvas = document.querySelector('.gl-picture');
  const draw = CanvasRenderingContext2D.prototype.drawImage;
  window.seen = [];
  CanvasRenderingContext2D.prototype.drawImage = function (...given) {
    draw.apply(this, given);
    if (this.canvas !== canvas) return;
    const now = canvas.toDataURL();
    if (now !== window.seen.at(-1)) window.seen.push(now);
  };
}"""


def _open(page: Page, dashboard: Dashboard, query: str = "run=first") -> None:
    page.goto(f"{dashboard.url}/explore?{query}")
    _settled(page)


def _settled(page: Page, seen: str = "images seen") -> None:
    """The big picture and the strip are there, of the generator that had seen so many."""
    expect(page.locator(".gl-seen")).to_contain_text(seen)
    page.wait_for_function("document.querySelector('.gl-picture').width > 1")
    page.wait_for_function("document.querySelector('.gl-strip canvas').height > 1")


def _changed(page: Page, what: str, before: str) -> str:
    """Wait until the canvas shows something else, and give it."""
    page.wait_for_function(f"before => {what} !== before", arg=before)
    return page.evaluate(what)


def _at(slider: Locator, share: float) -> tuple[float, float]:
    """Where on the screen a slider's thumb stands at a share of its way."""
    box = slider.bounding_box()
    assert box is not None
    return box["x"] + 9 + share * (box["width"] - 18), box["y"] + box["height"] / 2


def _drag(page: Page, slider: Locator, start: float, end: float, moves: int) -> None:
    """Press, and move; each movement draws before the next. Not let go. The page is watched: `WATCH`."""
    page.mouse.move(*_at(slider, start))
    page.mouse.down()
    for move in range(1, moves + 1):
        seen = page.evaluate("window.seen.length")
        page.mouse.move(*_at(slider, start + (end - start) * move / moves))
        page.wait_for_function(f"window.seen.length > {seen}")


def test_first_visit_by_a_link_finds_the_way_on(dashboard_with_runs: Dashboard, page: Page) -> None:
    """The first visit of a server's life, so that nothing was set up by another."""
    _open(page, dashboard_with_runs)
    for name in ("Train", "Explore", "Compare"):
        expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
    below = page.locator(".gl-ends").bounding_box()
    assert below is not None and below["y"] + below["height"] <= 800
    page.get_by_role("button", name="Compare checkpoints").click()
    expect(page).to_have_url(re.compile("/compare"))
    # Streamlit forgets a page's pictures when it is left: one still on its way would be a 404 in the console.
    pictures = "[...document.querySelectorAll('[data-testid=stImage] img')]"
    page.wait_for_function(f"{pictures}.length > 1 && {pictures}.every(one => one.complete && one.naturalWidth)")
    page.get_by_role("link", name="Explore", exact=True).click()
    _settled(page)
    expect(page).to_have_url(re.compile("run=first"))


def test_dragging_from_a_3_to_an_8(dashboard_with_runs: Dashboard, new_page: Callable[..., Page]) -> None:
    page, to_script = new_page(), []

    def listen(socket: WebSocket) -> None:
        if "_stcore/stream" in socket.url:
            socket.on("framesent", lambda frame: to_script.append(frame))

    page.on("websocket", listen)
    _open(page, dashboard_with_runs)
    address, first = page.url, page.evaluate(PICTURE)
    page.evaluate(WATCH)
    slider = page.locator(".gl-t")
    before = len(to_script)
    _drag(page, slider, 0, 0.7, 24)
    assert page.url == address and len(to_script) == before > 0
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"t=0\.\d+"))
    assert len(to_script) == before + 1
    last = page.evaluate(PICTURE)
    assert last != first and len(page.evaluate("window.seen")) > 20

    other = new_page()
    other.goto(page.url)
    _settled(other)
    other.wait_for_function(f"last => {PICTURE} === last", arg=last)
    assert other.locator(".gl-t").input_value() == page.locator(".gl-t").input_value()
    assert other.evaluate(STRIP) == page.evaluate(STRIP)


def test_keys_and_the_strip_move_too(dashboard_with_runs: Dashboard, page: Page) -> None:
    _open(page, dashboard_with_runs)
    slider, before = page.locator(".gl-t"), page.evaluate(PICTURE)
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(slider).to_have_value("0.1")
    expect(slider).to_have_attribute("aria-valuetext", "10 % of the way")
    before = _changed(page, PICTURE, before)
    expect(page).to_have_url(re.compile(r"t=0\.1($|&)"))
    box = page.locator(".gl-strip").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 10.5 / 11, box["y"] + box["height"] / 2)
    expect(slider).to_have_value("1")
    _changed(page, PICTURE, before)


def test_class_sample_and_way(dashboard_with_runs: Dashboard, page: Page) -> None:
    _open(page, dashboard_with_runs, "run=first&mode=interpolate&t=0.5")
    picture, strip = page.evaluate(PICTURE), page.evaluate(STRIP)
    page.get_by_role("group", name="Class of B").get_by_role("button", name="5").click()
    picture, strip = _changed(page, PICTURE, picture), _changed(page, STRIP, strip)
    expect(page).to_have_url(re.compile("label_b=5"))
    page.get_by_role("group", name="Samples for A").get_by_role("button", name="seed 4").click()
    picture, strip = _changed(page, PICTURE, picture), _changed(page, STRIP, strip)
    expect(page).to_have_url(re.compile(r"seed=4"))
    page.get_by_text("linear", exact=True).click()
    _changed(page, PICTURE, picture)
    _changed(page, STRIP, strip)
    expect(page).to_have_url(re.compile("how=linear"))


def test_picture_follows_run_and_checkpoint(dashboard_with_runs: Dashboard, page: Page) -> None:
    _open(page, dashboard_with_runs)
    _settled(page, "9,600 images seen")
    newest = page.evaluate(PICTURE)
    page.get_by_role("combobox", name="Checkpoint").click()
    page.get_by_role("option", name="3,200 images seen").click()
    _settled(page, "3,200 images seen")
    early = page.evaluate(PICTURE)
    assert early != newest
    expect(page).to_have_url(re.compile("images=3200"))
    page.get_by_role("combobox", name="Run").click()
    page.get_by_role("option", name="second").click()
    _settled(page, "6,400 images seen")
    assert page.evaluate(PICTURE) not in (early, newest)
    page.go_back()
    _settled(page, "3,200 images seen")
    page.wait_for_function(f"early => {PICTURE} === early", arg=early)


def test_sliders_turn_one_coordinate(dashboard_with_runs: Dashboard, new_page: Callable[..., Page]) -> None:
    page = new_page()
    _open(page, dashboard_with_runs)
    first = page.evaluate(PICTURE)
    page.get_by_text("Sliders", exact=True).click()
    expect(page.locator(".gl-dims-title")).to_contain_text("12 coordinates that matter most")
    expect(page.locator(".gl-dim")).to_have_count(12)
    strip, row = page.evaluate(STRIP), page.locator(".gl-dim").nth(3)
    page.evaluate(WATCH)
    _drag(page, row.locator("input"), 0.5, 0.95, 10)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"mode=sliders.*dims=\d+(:|%3A)"))
    _changed(page, STRIP, strip)
    moved = page.evaluate(PICTURE)

    strip = page.evaluate(STRIP)
    last = page.locator(".gl-dim").last
    last.locator("input").focus()  # the strip now goes along this one
    _changed(page, STRIP, strip)
    dim = last.get_attribute("data-dim")
    expect(page).to_have_url(re.compile(rf"dim={dim}(&|$)"))

    other = new_page()
    other.goto(page.url)
    _settled(other)
    other.wait_for_function(f"moved => {PICTURE} === moved", arg=moved)

    page.get_by_role("button", name="Reset", exact=True).click()
    page.wait_for_function(f"first => {PICTURE} === first", arg=first)
    page.get_by_role("button", name="all 64").click()
    expect(page.locator(".gl-dim")).to_have_count(64)
    page.get_by_role("button", name="New sample").click()
    _changed(page, PICTURE, first)
    expect(page).to_have_url(re.compile("seed="))


def _saved(page: Page, name: str) -> tuple[Download, bytes]:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=name).click()
    return waiting.value, Path(waiting.value.path()).read_bytes()


def test_taking_home(dashboard_with_runs: Dashboard, page: Page) -> None:
    _open(page, dashboard_with_runs, "run=first&mode=interpolate&label=3&label_b=8&t=0.4")
    shown = page.evaluate("""() => {
      const canvas = document.querySelector('.gl-picture');
      return [...canvas.getContext('2d').getImageData(0, 0, 28, 28).data].filter((_, place) => place % 4 === 0);
    }""")
    pixels = np.array(shown, dtype=np.uint8).reshape(28, 28)
    saved, content = _saved(page, "Picture")
    assert saved.suggested_filename == "first-9600.png"
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(content))), pixels.repeat(8, 0).repeat(8, 1))
    saved, content = _saved(page, "Animation")
    with Image.open(io.BytesIO(content)) as gif:
        assert saved.suggested_filename == "first-9600.gif" and gif.format == "GIF"
        assert gif.size == (224, 224) and gif.n_frames > 20
    _, content = _saved(page, "Latent")
    told = json.loads(content)
    assert told["run"] == "first" and len(told["z"]) == 64 and told["labels"]["3"] == pytest.approx(0.6)

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    link, before = page.evaluate("navigator.clipboard.readText()"), page.evaluate(PICTURE)
    page.goto(link)
    _settled(page)
    page.wait_for_function(f"before => {PICTURE} === before", arg=before)


def test_what_was_to_be_taken_home_and_never_came(dashboard_with_runs: Dashboard, page: Page) -> None:
    # The first connection swallows what is asked to be saved.
    connections = connections_of(page, "/gan/latent", lambda number, text: number > 0 or '"png"' not in str(text))
    _open(page, dashboard_with_runs)
    button = page.get_by_role("button", name="Picture")
    button.click()
    expect(button).to_be_disabled()
    connections[0].close()
    expect(button).to_be_enabled()
    saved, _ = _saved(page, "Picture")
    assert saved.suggested_filename == "first-9600.png"


def test_playing_walks_to_and_fro(dashboard_with_runs: Dashboard, page: Page) -> None:
    _open(page, dashboard_with_runs, "run=first&mode=interpolate&t=0.9")
    address = page.url
    page.evaluate(WATCH)
    page.get_by_role("button", name="Play").click()
    slider = page.locator(".gl-t")
    page.wait_for_function("window.top_ ||= document.querySelector('.gl-t').value >= 0.99")
    page.wait_for_function("document.querySelector('.gl-t').value < 0.9")
    assert page.url == address and len(page.evaluate("window.seen")) > 5
    page.get_by_role("button", name="Pause").click()
    expect(page).not_to_have_url(address)
    at = slider.input_value()
    expect(page).to_have_url(re.compile(f"t={re.escape(at.rstrip('0'))[:4]}"))


def test_lost_connection_is_taken_up_again(dashboard_with_runs: Dashboard, page: Page) -> None:
    connections = connections_of(page, "/gan/latent")
    _open(page, dashboard_with_runs)
    before = page.evaluate(PICTURE)
    connections[0].close()
    page.locator(".gl-t").focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    _changed(page, PICTURE, before)
    assert len(connections) == 2
    expect(page.locator(".gl-status")).to_have_text("")


def test_leaving_the_page_closes_the_connection(dashboard_with_runs: Dashboard, page: Page) -> None:
    sockets = []
    page.on("websocket", lambda socket: sockets.append(socket) if socket.url.endswith("/gan/latent") else None)
    _open(page, dashboard_with_runs)
    (socket,) = sockets
    page.get_by_role("link", name="Compare", exact=True).click()
    expect(page.locator(".gl")).to_have_count(0)
    if not socket.is_closed():
        socket.wait_for_event("close")
    assert len(sockets) == 1


@pytest.mark.parametrize("dark", [False, True])
def test_phone(dashboard_with_runs: Dashboard, new_page: Callable[..., Page], dark: bool) -> None:
    page = new_page(dark=dark, width=390, height=844)
    _open(page, dashboard_with_runs)
    box = page.locator(".gl-t").bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390
    for mode in ("Sliders", "Interpolate"):
        page.get_by_text(mode, exact=True).click()
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
        nodes = "[...document.querySelectorAll('.gl *')]"
        assert page.evaluate(f"Math.max(...{nodes}.map(node => node.getBoundingClientRect().right))") <= 390
    colour = page.evaluate("getComputedStyle(document.querySelector('.gl')).color.match(/\\d+/g).map(Number)[0]")
    assert (colour > 128) == dark


def test_run_trained_in_a_shell_sharpens_while_watched(
    dashboard_with_runs: Dashboard, page: Page, wait: Callable[..., None]
) -> None:
    command = [
        sys.executable, "-m", "gan_core", "train", "--name", "shell", "--checkpoints",
        str(dashboard_with_runs.checkpoints), "--seconds", "600", "--width", "8", "--latent-dim", "8", "--batch-size",
        "16", "--save-every-images", "800", "--threads", "1",
    ]
    training = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait(lambda: list((dashboard_with_runs.checkpoints / "shell").glob("*.safetensors")))
        _open(page, dashboard_with_runs, "run=shell")
        expect(page.get_by_role("combobox", name="Checkpoint")).to_have_value("newest, live")
        expect(page.locator(".gl-seen")).to_contain_text("live")
        page.evaluate(WATCH)
        page.wait_for_function("window.seen.length > 3")
    finally:
        training.terminate()
        training.wait(60)
    expect(page.get_by_role("combobox", name="Run")).to_have_value("■ shell")
    expect(page.locator(".gl-seen")).not_to_contain_text("live")


def test_bad_link(dashboard_with_runs: Dashboard, page: Page) -> None:
    _open(page, dashboard_with_runs, "run=nonsense&images=abc&t=7")
    told = page.locator("[data-testid=stAlert]")
    for part in ("nonsense", "abc", "t = '7'"):
        expect(told).to_contain_text(part)
    page.locator(".gl-t").focus()
    page.keyboard.press("ArrowRight")
    expect(told).to_have_count(0)
    expect(page).to_have_url(re.compile(r"run=\w+&mode=interpolate"))


def test_without_runs(dashboard: Dashboard, page: Page) -> None:
    page.goto(f"{dashboard.url}/explore")
    page.get_by_role("button", name="Train a generator").click()
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_visible()

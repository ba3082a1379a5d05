"""The Inside page under a hand: samples to click, strokes that change the score, classes, links, a lost connection."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.browser.dashboard import Dashboard, connections_of

PICTURE = "document.querySelector('.gi-picture').toDataURL()"
MARK = "document.querySelector('.gi-mark:not([hidden])')?.style.getPropertyValue('--gi-at')"


def _open(page: Page, dashboard: Dashboard, query: str = "run=first") -> None:
    page.goto(f"{dashboard.url}/inside?{query}")
    _settled(page)


def _settled(page: Page) -> None:
    """The picture's score is there, and stands in the gauge."""
    expect(page.locator(".gi-score")).to_have_text(re.compile(r"\d"))
    page.wait_for_function(MARK)
    expect(page.locator(".gi .gl-status")).to_have_text("")


def _without_colours(page: Page) -> None:
    """The picture itself on the canvas."""
    slider = page.locator(".gi-cover")
    slider.fill("0")
    expect(page.get_by_text("off", exact=True)).to_be_visible()


def _stroke(page: Page, *places: tuple[float, float], let_go: bool = True) -> None:
    box = page.locator(".gi-picture").bounding_box()
    assert box is not None
    there = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    page.mouse.move(*there[0])
    page.mouse.down()
    for place in there[1:]:
        page.mouse.move(*place, steps=8)
    if let_go:
        page.mouse.up()


def _another_score(page: Page, before: str) -> str:
    expect(page.locator(".gi-score")).not_to_have_text(before)
    return page.locator(".gi-score").inner_text()


def _choose(page: Page, box: str, option: str) -> None:
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")  # a rerun closes an open list
    # So does scrolling, which a click on what is out of sight would do.
    page.evaluate(
        """() => new Promise((done) => {
          document.querySelector('[data-testid=stMain]').scrollTo({ top: 0, behavior: 'instant' });
          requestAnimationFrame(() => requestAnimationFrame(done));
        })"""
    )
    page.get_by_role("combobox", name=box).click()
    page.get_by_role("option", name=option).click()


def _pixel(page: Page, x: float, y: float) -> list[int]:
    """Red, green and blue of the canvas at a share of its sides."""
    return page.evaluate(
        """([x, y]) => {
          const canvas = document.querySelector('.gi-picture');
          const one = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
          one.drawImage(canvas, -Math.floor(canvas.width * x), -Math.floor(canvas.height * y));
          return [...one.getImageData(0, 0, 1, 1).data].slice(0, 3);
        }""",
        [x, y],
    )


def test_a_stroke_changes_the_score_while_it_is_drawn(
    dashboard_with_runs: Dashboard, new_page: Callable[..., Page]
) -> None:
    page, to_script = new_page(), []

    def listen(socket: WebSocket) -> None:
        if "_stcore/stream" in socket.url:
            socket.on("framesent", lambda frame: to_script.append(frame))

    page.on("websocket", listen)
    _open(page, dashboard_with_runs)
    _without_colours(page)
    expect(page.locator(".gi-what")).to_have_text("fake 0, seed 0")
    sample, before = page.evaluate(PICTURE), page.locator(".gi-score").inner_text()
    mark, said = page.evaluate(MARK), len(to_script)

    page.get_by_role("button", name="Clear").click()
    before = _another_score(page, before)
    assert _pixel(page, 0.5, 0.5) == [0, 0, 0]
    _stroke(page, (0.3, 0.5), (0.7, 0.5), let_go=False)
    before = _another_score(page, before)  # under the moving hand
    page.wait_for_function(f"mark => {MARK} !== mark", arg=mark)
    page.mouse.up()
    assert _pixel(page, 0.5, 0.5) == [255, 255, 255] and _pixel(page, 0.5, 0.8) == [0, 0, 0]
    expect(page.locator(".gi-what")).to_have_text("your drawing, judged as 0")
    assert len(to_script) == said  # no rerun of the script for any of it

    page.get_by_text("Eraser", exact=True).click()
    _stroke(page, (0.5, 0.3), (0.5, 0.7))
    _another_score(page, before)
    assert _pixel(page, 0.5, 0.5) == [0, 0, 0] and _pixel(page, 0.4, 0.5) == [255, 255, 255]
    page.keyboard.press("Control+z")
    assert _pixel(page, 0.5, 0.5) == [255, 255, 255]
    page.get_by_role("button", name="Back to the sample").click()
    assert page.evaluate(PICTURE) == sample
    expect(page.locator(".gi-what")).to_have_text("fake 0, seed 0")


def test_a_click_on_a_sample_makes_it_the_picture(
    dashboard_with_runs: Dashboard, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    _open(page, dashboard_with_runs)
    _without_colours(page)
    for kind, name in (("fake", "G's samples"), ("real", "Real samples")):
        thumb = page.get_by_role("group", name=name).locator(".gi-thumb").nth(7)
        own = thumb.locator("canvas").evaluate("canvas => canvas.toDataURL()")
        thumb.click()
        expect(page.locator(".gi-score")).to_have_text(thumb.locator("span").inner_text())
        assert page.evaluate(PICTURE) == own
        expect(thumb).to_have_attribute("aria-pressed", "true")
        expect(page).to_have_url(re.compile(rf"show={kind}&number=7"))
        expect(page.locator(".gi-class[aria-pressed=true]")).to_have_attribute("data-label", "7")
    page.get_by_role("button", name="More pictures").click()
    page.locator(".gi-thumb[data-number='13']").first.click()
    expect(page).to_have_url(re.compile("number=13"))

    other = new_page()
    other.goto(page.url)
    _settled(other)
    _without_colours(other)
    assert other.evaluate(PICTURE) == page.evaluate(PICTURE)
    expect(other.locator(".gi-score")).to_have_text(page.locator(".gi-score").inner_text())


def test_the_class_that_d_is_told(dashboard_with_runs: Dashboard, page: Page) -> None:
    _open(page, dashboard_with_runs, "run=first&show=real&number=3")
    before = page.locator(".gi-score").inner_text()
    bar = page.locator(".gi-class[data-label='8']")
    expect(bar).to_contain_text("%")
    shown = bar.locator("span").last.inner_text()
    bar.click()
    _another_score(page, before)
    expect(page.locator(".gi-belief")).to_contain_text(shown)
    expect(page).to_have_url(re.compile("label=8"))
    page.locator(".gi-class[data-label='3']").click()
    expect(page.locator(".gi-score")).to_have_text(before)
    expect(page).not_to_have_url(re.compile("label="))


def test_giving_d_what_it_wants_raises_the_score(dashboard_with_runs: Dashboard, page: Page) -> None:
    _open(page, dashboard_with_runs, "run=first&show=fake&number=4")
    score = "Number(document.querySelector('.gi-score').textContent.replace('−', '-'))"
    first = page.evaluate(score)
    for _ in range(3):
        before = page.evaluate(score)
        page.get_by_role("button", name="Give D what it wants").click()
        page.wait_for_function(f"before => {score} > before", arg=before)
    assert page.evaluate(score) > first
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function(f"before => {score} === before", arg=before)


def test_another_discriminator_looks_at_the_same_drawing(dashboard_with_runs: Dashboard, page: Page) -> None:
    _open(page, dashboard_with_runs)
    _without_colours(page)
    _stroke(page, (0.2, 0.2), (0.8, 0.8))
    drawing, before = page.evaluate(PICTURE), page.locator(".gi-score").inner_text()
    _choose(page, "Checkpoint", "3,200 images seen")
    before = _another_score(page, before)
    expect(page).to_have_url(re.compile("images=3200"))
    assert page.evaluate(PICTURE) == drawing
    _choose(page, "Run", "second")
    _another_score(page, before)
    expect(page).to_have_url(re.compile("run=second"))
    assert page.evaluate(PICTURE) == drawing
    page.get_by_role("group", name="G's samples").locator(".gi-thumb").nth(2).click()
    expect(page).to_have_url(re.compile("number=2"))
    sample = page.evaluate(PICTURE)
    _choose(page, "Run", "first")
    page.wait_for_function(f"sample => {PICTURE} !== sample", arg=sample)  # that seed's, by the other generator


def test_a_lost_connection_is_taken_up_again(dashboard_with_runs: Dashboard, page: Page) -> None:
    connections = connections_of(page, "/gan/inside")
    _open(page, dashboard_with_runs)
    before = page.locator(".gi-score").inner_text()
    connections[0].close()
    _stroke(page, (0.2, 0.2), (0.8, 0.8))
    _another_score(page, before)
    assert len(connections) == 2


@pytest.mark.parametrize(("dark", "width"), [(False, 390), (True, 1280)])
def test_nothing_is_wider_than_the_page(
    dashboard_with_runs: Dashboard, new_page: Callable[..., Page], dark: bool, width: int
) -> None:
    page = new_page(dark=dark, width=width, height=844)
    _open(page, dashboard_with_runs)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width
    score, picture = page.locator(".gi-score").bounding_box(), page.locator(".gi-picture").bounding_box()
    assert score is not None and picture is not None
    if width < 900:  # the score stays in sight above the picture
        assert score["y"] < picture["y"]
    else:
        assert picture["y"] + picture["height"] <= 844


def test_the_way_from_training(dashboard_with_runs: Dashboard, page: Page) -> None:
    page.goto(f"{dashboard_with_runs.url}/?run=first")
    page.get_by_role("link", name="Look inside D").click()
    _settled(page)
    expect(page).to_have_url(re.compile(r"/inside\?run=first"))


def test_the_nearest_real_samples_stand_below_gs_and_a_click_takes_one(
    dashboard_with_runs: Dashboard, page: Page
) -> None:
    _open(page, dashboard_with_runs)
    assert page.locator("[data-kind=copy] .gi-thumb").count() == 0  # nobody has come to look
    page.locator(".gi-copies").scroll_into_view_if_needed()
    fakes = page.locator("[data-kind=copy] .gi-thumb")
    expect(fakes).to_have_count(12)
    expect(page.locator("[data-kind=source] .gi-thumb")).to_have_count(12)
    expect(page.locator(".gi-authentic")).to_have_text(re.compile(r"\d+ % of 500 samples"))
    near = [float(text.split()[0]) for text in page.locator("[data-kind=copy] .gi-thumb span").all_inner_texts()]
    assert near == sorted(near)
    seed = fakes.nth(3).get_attribute("data-number")
    fakes.nth(3).click()
    expect(page).to_have_url(re.compile(rf"show=fake&number={seed}$"))
    expect(page.locator(".gi-what")).to_contain_text(f"seed {seed}")
    expect(fakes.nth(3)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Those further away").click()
    expect(page.locator(f"[data-kind=copy] [data-number='{seed}']")).to_have_count(0)
    further = page.locator("[data-kind=copy] .gi-thumb span").first
    assert float(further.inner_text().split()[0]) >= near[-1]

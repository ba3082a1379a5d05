"""The lab under a hand: scenes that collapse and cover, links, slow motion, the past, drawing, changes in play."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qsl

import pytest
import torch
from playwright.sync_api import Page, expect

from gan_core.lab import Play, Scene
from gan_core.lab.measures import EXTENT
from tests.browser.dashboard import Dashboard, connections_of

SMALL = "batch_size=32&units_d=16&units_g=16"  # a scene whose steps take next to no time
STEP = "Number(document.querySelector('.gb').dataset.step)"


def _open(page: Page, dashboard: Dashboard, query: str = SMALL) -> None:
    page.goto(f"{dashboard.url}/lab?{query}")
    page.wait_for_selector(".gb[data-frame]")


def _play_to(page: Page, step: int) -> None:
    """Play as fast as it can, and pause at or after a step."""
    page.locator(".gb-speed input").fill("8")
    page.get_by_role("button", name="Play", exact=True).click()
    _pause_at(page, step)


def _pause_at(page: Page, step: int) -> None:
    page.wait_for_function(f"{STEP} >= {step}", timeout=120_000)
    page.get_by_role("button", name="Pause", exact=True).click()
    _still(page)


def _still(page: Page) -> None:
    """The newest frame is drawn."""
    page.wait_for_function(
        """() => new Promise((done) => {
          const { frame } = document.querySelector('.gb').dataset;
          setTimeout(() => done(document.querySelector('.gb').dataset.frame === frame), 300);
        })"""
    )


def _reading(page: Page, curve: str, line: int = 0) -> str:
    return page.locator(f".gb-curve[data-curve={curve}] .gb-value b").nth(line).inner_text()


def _readings(page: Page) -> list[str]:
    return page.locator(".gb-curve:not([hidden]) .gb-value b, .gb-formula output").all_inner_texts()


def _picture(page: Page) -> str:
    return page.evaluate("document.querySelector('.gb-picture').toDataURL()")


def test_one_scene_collapses_and_another_covers(dashboard: Dashboard, page: Page) -> None:
    """The same ring of 8; only how often D learns is different. A ready scene plays at once."""
    modes = {}
    _open(page, dashboard, "layers=none&speed=0")
    for scene in ("Collapse", "A D that keeps up"):
        page.get_by_role("button", name=scene, exact=True).click()
        expect(page.get_by_role("button", name=scene, exact=True)).to_have_attribute("aria-pressed", "true")
        page.wait_for_function(f"{STEP} < 150")
        _pause_at(page, 300)
        modes[scene] = int(_reading(page, "modes", 1))
    assert modes["Collapse"] <= 2 and modes["A D that keeps up"] >= 4, modes


def test_a_link_plays_the_same_numbers_elsewhere(dashboard: Dashboard, new_page: Callable[..., Page]) -> None:
    page = new_page()
    _open(page, dashboard)
    page.get_by_role("button", name="G's grid").click()
    page.locator("[data-field=objective] select").select_option("hinge")
    page.locator("[data-field=seed]").evaluate("row => row.closest('details').open = true")
    seed = page.locator("[data-field=seed] input")
    seed.fill("11")
    seed.press("Enter")
    for part in ("objective=hinge", "seed=11", "layers=real(%2C|,)fake(%2C|,)surface(%2C|,)manifold"):
        expect(page).to_have_url(re.compile(part))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator(".gb-copy")).to_have_text("Copied")
    link = page.evaluate("navigator.clipboard.readText()")

    other = new_page()
    other.goto(link)
    other.wait_for_selector(".gb[data-frame]")
    for tab in (page, other):
        tab.locator(".gb-picture").hover(position={"x": 5, "y": 5})
        for step in range(1, 13):
            tab.keyboard.press("ArrowRight")
            expect(tab.locator(".gb")).to_have_attribute("data-step", str(step))
        _still(tab)
    assert _readings(page) == _readings(other) and len(_readings(page)) > 10
    assert _picture(page) == _picture(other)
    expect(other.locator("[data-layer=manifold]")).to_have_attribute("aria-pressed", "true")
    expect(other.locator("[data-field=objective] select")).to_have_value("hinge")


def test_slow_motion_names_each_sub_step_and_lights_its_term(dashboard: Dashboard, page: Page) -> None:
    _open(page, dashboard)
    named = []
    for side, count in (("d", 6), ("g", 4)):
        for _ in range(count):
            before = page.locator(".gb-sentence").inner_text()
            page.keyboard.press("s")
            expect(page.locator(".gb-sentence")).not_to_have_text(before)
            lit = page.locator(".gb-chain .gb-lit")
            expect(lit).to_have_count(1)
            expect(lit).to_have_attribute("data-side", side)
            named.append(lit.inner_text())
            terms = page.locator(".gb-term.gb-lit").evaluate_all("all => all.map((one) => one.dataset.term)")
            if lit.inner_text() == "loss":
                assert f"loss_{side}" in terms and ("generator" in terms if side == "g" else "fake" in terms)
    assert named == [
        "sample noise", "generate", "score", "loss", "gradient", "update D", "score", "loss", "gradient", "update G",
    ]
    expect(page.locator(".gb")).to_have_attribute("data-step", "1")
    page.get_by_role("button", name="Slow motion").click()
    expect(page.locator(".gb-chain .gb-lit")).to_have_text("sample noise")
    page.keyboard.press(" ")
    expect(page.locator(".gb-play")).to_have_attribute("aria-pressed", "false")


def test_the_scrubber_shows_the_past(dashboard: Dashboard, page: Page) -> None:
    _open(page, dashboard)
    _still(page)
    first = _picture(page)
    _play_to(page, 60)
    last, now = int(page.locator(".gb").get_attribute("data-step") or 0), _picture(page)
    assert now != first
    page.locator(".gb-scrub").fill("0")
    expect(page.locator(".gb-sentence")).to_have_text("Looking back at step 0.")
    expect(page.locator(".gb")).to_have_attribute("data-step", "0")
    assert _picture(page) == first
    page.get_by_role("button", name="back to now").click()
    expect(page.locator(".gb")).to_have_attribute("data-step", str(last))
    assert _picture(page) == now
    page.get_by_role("button", name="Reset").click()
    expect(page.locator(".gb")).to_have_attribute("data-step", "0")
    _still(page)
    assert _picture(page) == first


def test_a_drawing_becomes_the_data(dashboard: Dashboard, new_page: Callable[..., Page]) -> None:
    page = new_page()
    _open(page, dashboard, f"{SMALL}&layers=real")
    _still(page)
    before = _picture(page)
    page.get_by_role("button", name="Draw your own").click()
    box = page.locator(".gb-picture").bounding_box()
    assert box is not None
    side = box["width"]

    def stroke() -> None:
        page.mouse.move(box["x"] + 0.3 * side, box["y"] + 0.2 * side)
        page.mouse.down()
        page.mouse.move(box["x"] + 0.3 * side, box["y"] + 0.6 * side, steps=6)
        page.mouse.up()
        expect(page).to_have_url(re.compile("data=drawing&drawing="))

    stroke()
    page.get_by_role("button", name="Undo").click()  # of the only stroke: the data is that from before
    expect(page).not_to_have_url(re.compile("drawing"))
    page.get_by_role("button", name="Done").click()
    page.wait_for_function("before => document.querySelector('.gb-picture').toDataURL() === before", arg=before)
    page.get_by_role("button", name="Draw your own").click()
    stroke()
    page.get_by_role("button", name="Done").click()
    _still(page)
    # All points lie along the stroke: their colour is there, and nowhere on the right.
    inked = page.evaluate(
        """() => {
          const canvas = document.querySelector('.gb-picture'), { width } = canvas;
          const copy = new OffscreenCanvas(width, width).getContext('2d', { willReadFrequently: true });
          copy.drawImage(canvas, 0, 0);
          const blue = (x, y, w, h) => {
            const { data } = copy.getImageData(x * width, y * width, w * width, h * width);
            let count = 0;
            for (let at = 0; at < data.length; at += 4) if (data[at + 2] - data[at] > 100) count++;
            return count;
          };
          return [blue(0.2, 0.15, 0.2, 0.5), blue(0.45, 0, 0.55, 1), blue(0, 0.75, 1, 0.25)];
        }"""
    )
    assert inked[0] > 500 and inked[1:] == [0, 0]
    picture = _picture(page)
    other = new_page()
    other.goto(page.url)
    other.wait_for_selector(".gb[data-frame]")
    _still(other)
    assert _picture(other) == picture


def test_a_bad_link_names_the_bad_part_and_the_rest_is_followed(dashboard: Dashboard, page: Page) -> None:
    _open(page, dashboard, f"{SMALL}&objective=best&critic_steps=3&layers=fake,secrets")
    warning = page.get_by_test_id("stAlert")
    expect(warning).to_contain_text("objective = 'best'")
    expect(warning).to_contain_text("secrets")
    expect(page.locator("[data-field=critic_steps] input")).to_have_value("3")
    expect(page.locator("[data-layer=fake]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-layer=real]")).to_have_attribute("aria-pressed", "false")


def test_changed_while_it_plays_and_what_cannot_be_refused(dashboard: Dashboard, page: Page) -> None:
    _open(page, dashboard, f"{SMALL}&speed=50")
    page.keyboard.press(" ")
    page.wait_for_function(f"{STEP} > 5")
    page.locator("[data-field=lr_d] input").fill("-2")
    expect(page.locator("[data-field=lr_d] output")).to_have_text("0.01")
    expect(page).to_have_url(re.compile("lr_d=0.01"))
    page.wait_for_function(f"{STEP} > 15")  # goes on
    packing = page.locator("[data-field=packing] input")
    packing.fill("3")
    packing.press("Enter")
    expect(page.locator(".gb > .gl-status")).to_contain_text("packing")
    expect(packing).to_have_value("1")
    page.keyboard.press("Escape")


def test_a_fake_says_its_score_and_shows_its_path(dashboard: Dashboard, page: Page) -> None:
    _open(page, dashboard, f"{SMALL}&layers=fake,surface")
    fakes = Play(Scene.from_query(dict(parse_qsl(SMALL)))).view(("fake",)).fake
    box = page.locator(".gb-picture").bounding_box()
    assert fakes is not None and box is not None
    # One that has no other near it.
    apart = torch.cdist(fakes, fakes).fill_diagonal_(9).min(1).values.argmax()
    x, y = ((1 + fakes[apart] / EXTENT * torch.tensor([1, -1])) / 2 * box["width"]).tolist()
    page.mouse.move(box["x"] + x, box["y"] + y)
    expect(page.locator(".gb-tip")).to_have_text(re.compile(rf"fake {apart}: D says \d+ % real"))
    page.mouse.down()
    page.mouse.up()
    expect(page).to_have_url(re.compile(f"chosen={apart}"))
    expect(page.locator("[data-layer=path]")).to_have_attribute("aria-pressed", "true")
    page.mouse.move(0, 0)
    _play_to(page, 40)
    with_path = _picture(page)
    page.get_by_role("button", name="path").click()
    assert _picture(page) != with_path


def test_after_a_lost_connection_it_begins_anew(dashboard: Dashboard, page: Page) -> None:
    connections = connections_of(page, "gan/lab")
    _open(page, dashboard)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".gb")).to_have_attribute("data-step", "1")
    connections[0].close()
    expect(page.locator(".gb > .gl-status")).to_contain_text("begins anew")
    expect(page.locator(".gb")).to_have_attribute("data-step", "0")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".gb")).to_have_attribute("data-step", "1")


def test_nobody_looks_nothing_is_played(dashboard: Dashboard, page: Page) -> None:
    _open(page, dashboard, f"{SMALL}&speed=0")
    page.keyboard.press(" ")
    page.wait_for_function(f"{STEP} > 5")
    hidden = "Object.defineProperty(document, 'hidden', { value: %s, configurable: true });"
    turned = "document.dispatchEvent(new Event('visibilitychange'))"
    page.evaluate(hidden % "true" + turned)
    _still(page)
    resting = page.evaluate(STEP)
    page.evaluate(hidden % "false" + turned)
    page.wait_for_function(f"{STEP} > {resting}")
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()


def test_the_picture_follows_light_and_dark(dashboard: Dashboard, page: Page) -> None:
    _open(page, dashboard, f"{SMALL}&layers=none")
    _still(page)
    light = _picture(page)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("light => document.querySelector('.gb-picture').toDataURL() !== light", arg=light)


@pytest.mark.parametrize("size", [(1280, 800), (420, 800)])
def test_picture_and_transport_are_in_sight_together(
    dashboard: Dashboard, new_page: Callable[..., Page], size: tuple[int, int]
) -> None:
    page = new_page(width=size[0], height=size[1])
    _open(page, dashboard)
    page.wait_for_function("document.querySelector('.gb-picture').clientWidth > 200")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    for name in ("play", "picture", "layers", "scrub") if size[0] > 1000 else ("play", "picture"):
        box = page.locator(f".gb-{name}").bounding_box()
        assert box is not None and box["y"] >= 0 and box["y"] + box["height"] <= size[1], name

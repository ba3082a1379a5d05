"""The README's pictures: a real dashboard, a real training run, a real browser. `make screenshots`

Trains on the embedded digits for about a minute, then looks at every page in light and in dark.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from gan_core.lessons import course  # noqa: E402
from tests.browser.dashboard import FLAGS, NO_CHROMIUM, find_chromium, start, train  # noqa: E402

MINUTE = 60_000


def first_visit(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_role("button", name="Train", exact=True).wait_for()
    page.wait_for_selector(".real-samples")


def training(page: Page, url: str) -> None:
    """In the middle of the run that `begin` began: its curves and its sharpening samples."""
    page.goto(url)
    page.wait_for_selector(".gv-frame.gv-drawn")
    page.wait_for_function("(document.querySelector('.gv-chart').data?.[1].x.at(-1) ?? 0) > 100", timeout=5 * MINUTE)


def collapse(page: Page, url: str) -> None:
    """A run that collapsed: what is said of it, and why."""
    page.goto(f"{url}/?run=collapsed")
    page.wait_for_selector(".gq[data-kind=collapse]")
    page.wait_for_selector(".gv-frame.gv-drawn")
    page.wait_for_function("document.querySelector('.gv-chart').data?.[1].x.length > 1")
    page.locator(".gq-line").click()


def explore(page: Page, url: str) -> None:
    page.goto(f"{url}/explore?run=longer&mode=interpolate&label=3&label_b=8&t=0.5")
    page.wait_for_function("document.querySelector('.gl-picture')?.width > 1")
    page.wait_for_function("document.querySelector('.gl-strip canvas').height > 1")


def inside(page: Page, url: str) -> None:
    page.goto(f"{url}/inside?run=longer&show=fake&number=3")
    page.wait_for_selector(".gi-thumb[aria-pressed=true]")
    page.wait_for_selector(".gi-mark:not([hidden])")


def compare(page: Page, url: str) -> None:
    page.goto(f"{url}/compare")
    page.wait_for_selector(".js-plotly-plot .scatterlayer")


def lab(page: Page, url: str) -> None:
    """A ring of 8 that G is about to cover: its grid of latents, bent, and where D would best draw the line."""
    page.goto(f"{url}/lab?lr_g=0.01&critic_steps=5&layers=real,fake,surface,optimal,manifold&speed=0")
    page.wait_for_selector(".gb[data-frame]")
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("Number(document.querySelector('.gb').dataset.step) > 450", timeout=5 * MINUTE)
    page.get_by_role("button", name="Pause", exact=True).click()


def lessons(page: Page, url: str) -> None:
    """The list, and a lesson to be read."""
    page.goto(f"{url}/learn?lesson=1&lang=en")
    page.wait_for_selector(".gt-lessons button")


def predicted(page: Page, url: str, language: str = "en") -> None:
    """In a lesson, the answer is chosen and its first trial is being played."""
    lesson = course(language).lessons[3]
    page.goto(f"{url}/learn?lesson=4&lang={language}")
    page.get_by_text(lesson.header.choice["log"].text, exact=True).click()
    page.get_by_role("button", name=lesson.header.trial["minimax"].title).click()
    page.wait_for_function("Number(document.querySelector('.gb')?.dataset.step) > 40", timeout=5 * MINUTE)


def learned(page: Page, url: str) -> None:
    """A lesson that is done: what came of it, and what was to be seen."""
    predicted(page, url)
    _second_trial(page, "en")


def learned_in_chinese(page: Page, url: str) -> None:
    predicted(page, url, "zh")
    _second_trial(page, "zh")


def _second_trial(page: Page, language: str) -> None:
    page.get_by_role("button", name=course(language).lessons[3].header.trial["changed"].title).click(timeout=5 * MINUTE)
    page.wait_for_selector(".st-key-learn_seen", timeout=5 * MINUTE)


def shoot(browser: Browser, url: str, name: str, show: Callable[[Page, str], None]) -> None:
    """One page in light and in dark."""
    for scheme in ("light", "dark"):
        context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme=scheme)
        context.set_default_timeout(MINUTE)
        page = context.new_page()
        show(page, url)
        page.wait_for_timeout(1500)  # fonts, transitions
        page.screenshot(path=ROOT / "docs" / f"{name}-{scheme}.png")
        context.close()
        print(f"docs/{name}-{scheme}.png")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = find_chromium(playwright)
        if path is None:
            sys.exit(NO_CHROMIUM)
        checkpoints = Path(folder) / "checkpoints"
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        dashboard = start(checkpoints, Path(folder) / "log")
        try:
            shoot(browser, dashboard.url, "first", first_visit)
            train(checkpoints, "longer", "--images", "32000", "--save-every-images", "16000")
            page = browser.new_page()
            page.goto(f"{dashboard.url}/?new=1")
            page.get_by_role("button", name="Train", exact=True).click(timeout=MINUTE)
            page.wait_for_selector(".gv-frame.gv-drawn", timeout=MINUTE)
            shoot(browser, dashboard.url, "train", training)
            page.get_by_role("button", name="Stop").click(timeout=MINUTE)
            train(checkpoints, "collapsed", "--preset", "collapse", "--images", "40000")
            shoot(browser, dashboard.url, "collapse", collapse)
            shoot(browser, dashboard.url, "explore", explore)
            shoot(browser, dashboard.url, "inside", inside)
            shoot(browser, dashboard.url, "compare", compare)
            shoot(browser, dashboard.url, "lab", lab)
            shoot(browser, dashboard.url, "lessons", lessons)
            shoot(browser, dashboard.url, "lesson", predicted)
            shoot(browser, dashboard.url, "learn", learned)
            shoot(browser, dashboard.url, "learn-zh", learned_in_chinese)  # needs a font with Chinese characters
        finally:
            dashboard.end()
            browser.close()


if __name__ == "__main__":
    main()

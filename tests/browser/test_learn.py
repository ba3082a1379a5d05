"""The page Learn under a hand: three lessons from the question to the answer, one of them in Chinese; what the browser
remembers; and a training that a lesson begins."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from gan_core.lessons import course
from tests.browser.dashboard import Dashboard

LONG = 240_000  # milliseconds: a lab has its thread's low priority, and a busy machine


def _open(page: Page, dashboard: Dashboard, query: str = "") -> None:
    page.goto(f"{dashboard.url}/learn{query}")
    expect(page.locator(".gt-lessons button")).to_have_count(10)


def _done(page: Page, number: int) -> None:
    expect(page.locator(".gt-lessons button").nth(number - 1)).to_have_attribute("data-done", "")


def _complete(page: Page, number: int, answer: str, language: str = "en") -> None:
    """Choose an answer, run each trial in turn, and wait for what was to be seen."""
    lesson = course(language).lessons[number - 1]
    run = {"en": "Run: {}", "zh": "运行：{}"}[language]
    first, *others = lesson.header.trial.values()
    button = page.get_by_role("button", name=run.format(first.title), exact=True)
    expect(button).to_be_disabled()
    page.get_by_text(lesson.header.choice[answer].text, exact=True).click()
    button.click()
    for trial in others:
        expect(page.locator(".gb")).to_be_visible()
        following = page.get_by_role("button", name=run.format(trial.title), exact=True)
        expect(following).to_be_enabled(timeout=LONG)
        following.click()
    expect(page.locator(".st-key-learn_seen")).to_be_visible(timeout=LONG)
    _done(page, number)


@pytest.mark.parametrize("query", ["?lesson=99", "?lang=fr"])
def test_a_bad_link_is_told_whatever_the_browser_remembers(dashboard: Dashboard, page: Page, query: str) -> None:
    _open(page, dashboard, query)
    expect(page).to_have_url(re.compile(r"lesson=1&lang=en"))  # what it remembers was heard
    expect(page.get_by_test_id("stAlert")).to_contain_text("99" if "99" in query else "fr")


def test_three_lessons_one_of_them_in_chinese_and_the_browser_remembers(
    dashboard: Dashboard, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    _open(page, dashboard)
    expect(page).to_have_url(re.compile(r"lesson=1&lang=en"))
    expect(page.locator(".gt-count")).to_have_text("0 of 10 lessons done")
    _complete(page, 1, "luck")
    seen = page.locator(".st-key-learn_seen")
    expect(seen).to_contain_text("Not so")
    expect(seen).to_contain_text("No dice are thrown")  # to who thought so
    expect(page.get_by_text(re.compile(r"With D awake, .* JS fell to 0\.\d+"))).to_be_visible()

    page.get_by_role("button", name="Next: One formula, two wishes").click()
    expect(page).to_have_url(re.compile(r"lesson=2&lang=en"))
    _complete(page, 2, "log4")
    expect(seen).to_contain_text("Right")
    expect(page.locator(".gt-count")).to_have_text("2 of 10 lessons done")

    page.get_by_role("button", name="Next: Taking turns").click()
    page.locator(".gt-lessons button").nth(3).click()
    page.get_by_text("中文", exact=True).click()
    expect(page.get_by_role("heading", name="当 G 学不到东西")).to_be_visible()
    _complete(page, 4, "log", "zh")
    expect(seen).to_contain_text("猜对了")
    expect(seen).to_contain_text(re.compile(r"换成 −log D，梯度是 \d"))

    page.reload()
    expect(page.locator(".gt-count")).to_have_text("已完成 3 / 10 课")
    for number in (1, 2, 4):
        _done(page, number)
    _open(page, dashboard)  # without a link: where it was, in the language that was chosen
    expect(page).to_have_url(re.compile(r"lesson=4&lang=zh"))

    page.get_by_role("button", name="重新开始").click()
    page.get_by_role("button", name="取消").click()
    _done(page, 1)
    page.get_by_role("button", name="重新开始").click()
    page.get_by_role("button", name="清除").click()
    expect(page.locator(".gt-count")).to_have_text("已完成 0 / 10 课")
    expect(page).to_have_url(re.compile(r"lesson=1&lang=zh"))
    page.reload()
    expect(page.locator(".gt-count")).to_have_text("已完成 0 / 10 课")


def test_a_browser_that_speaks_chinese_is_spoken_to_in_chinese(dashboard: Dashboard, browser: Browser) -> None:
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    _open(page, dashboard)
    expect(page.get_by_role("heading", name="两个对手")).to_be_visible()
    page.get_by_text("English", exact=True).click()
    expect(page.get_by_role("heading", name="Two players")).to_be_visible()
    _open(page, dashboard)
    expect(page.get_by_role("heading", name="Two players")).to_be_visible()
    expect(page).to_have_url(re.compile("lang=en"))
    context.close()


@pytest.mark.long
def test_a_training_that_a_lesson_begins(dashboard: Dashboard, page: Page) -> None:
    _open(page, dashboard, "?lesson=8&lang=en")
    page.get_by_text("D is told the label, too", exact=False).click()
    page.get_by_role("button", name="Run: Both are told the digit").click()
    expect(page.locator(".gv-frame.gv-drawn")).to_be_visible()
    expect(page.locator(".st-key-learn_seen")).to_be_visible(timeout=LONG)
    _done(page, 8)
    expect(page.get_by_text(re.compile(r"\d+% of G's digits are taken for the one"))).to_be_visible()
    page.get_by_role("link", name="Open on the Train page").click()
    expect(page).to_have_url(re.compile("run=learn-conditioning-asked-1"))
    expect(page.get_by_role("heading", name="learn-conditioning-asked-1")).to_be_visible()


@pytest.mark.parametrize(("dark", "width"), [(False, 390), (True, 1280)])
def test_nothing_is_wider_than_the_page(
    dashboard: Dashboard, new_page: Callable[..., Page], dark: bool, width: int
) -> None:
    page = new_page(dark=dark, width=width, height=844)
    _open(page, dashboard, "?lesson=4&lang=en")
    page.get_by_text("they want the same thing", exact=False).click()
    page.get_by_role("button", name="Run: log(1 − D)").click()
    page.wait_for_selector(".gb[data-frame]")  # before its first picture it does not know its size
    page.wait_for_function(f"document.querySelector('[data-testid=stMain]').scrollWidth <= {width}")

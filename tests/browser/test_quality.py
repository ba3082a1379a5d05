"""A run that collapses is told so while it trains, with the evidence, and one click tries a remedy that works."""

from __future__ import annotations

import json
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.dashboard import Dashboard

COLLAPSED = ".gq[data-kind=collapse]"


def test_a_collapse_is_told_and_a_fork_recovers(start_dashboard: Callable[..., Dashboard], page: Page) -> None:
    dashboard = start_dashboard()
    page.goto(dashboard.url)
    page.get_by_text("Choose other data or settings").click()
    page.get_by_role("combobox", name="Preset").click()
    page.get_by_role("option", name="Collapse").click()
    expect(page.get_by_text("Fails on purpose")).to_be_visible()
    page.get_by_role("button", name="Train", exact=True).click()

    page.wait_for_selector(COLLAPSED)
    expect(page.locator(".gq-text")).to_contain_text("hardly anything else")
    expect(page.locator(".gq-more")).to_be_hidden()
    page.locator(".gq-line").click()
    names = page.locator(".gq-card h4")
    assert {"Diversity", "Classes drawn", "Fréchet distance"} <= set(names.all_inner_texts())
    assert page.locator(".gq-card polyline").count() == names.count()  # each with its course so far
    page.wait_for_function("document.querySelectorAll('.gm-bar.gm-gone').length >= 5")  # most classes are drawn no more
    assert page.locator(".gm-bar").count() == 10
    page.wait_for_selector(".gm-hills path")
    page.wait_for_function("document.querySelector('.gm-chart')?.data?.at(-1).x.length >= 2")

    expect(page.locator(".gq-said")).to_contain_text("Mode collapse: ")  # for those who hear the page
    expect(page.locator(".gq-fate")).to_have_text("This run is stopped, and kept.")
    page.locator(".gq-try").click()
    page.wait_for_function("location.search === '?run=digits-collapse-1-fork'")
    expect(page.locator(".st-key-run_head")).to_contain_text("digits-collapse-1-fork")
    page.wait_for_selector(".gq[data-kind=healthy], .gq[data-kind=plateau]")  # what it is said to be after a while
    page.wait_for_function("document.querySelectorAll('.gm-bar').length === 10 && !document.querySelector('.gm-gone')")

    runs = dashboard.checkpoints
    parent, fork = (json.loads((runs / name / "run.json").read_text()) for name in (
        "digits-collapse-1", "digits-collapse-1-fork",
    ))
    assert fork["parent"]["name"] == "digits-collapse-1"
    assert fork["config"]["lr_g"] < parent["config"]["lr_g"] and fork["config"]["lr_d"] > parent["config"]["lr_d"]
    events = [json.loads(line) for line in (runs / "digits-collapse-1" / "events.jsonl").read_text().splitlines()]
    assert any(event["event"] == "verdict" and event["kind"] == "collapse" for event in events)
    assert [event["into"] for event in events if event["event"] == "forked"] == ["digits-collapse-1-fork"]

    page.goto(f"{dashboard.url}/?run=digits-collapse-1")  # it has ended, and its remedy can be had again
    page.locator(".gq-line").click()
    expect(page.locator(".gq-fate")).to_have_text("This run stays as it is.")
    before = (runs / "digits-collapse-1" / "events.jsonl").read_text()
    page.locator(".gq-try").click()
    page.wait_for_function("location.search === '?run=digits-collapse-1-fork-2'")
    after = (runs / "digits-collapse-1" / "events.jsonl").read_text()
    assert [json.loads(line)["event"] for line in after.removeprefix(before).splitlines()] == ["forked"]


def test_what_was_measured_is_there_when_the_run_is_over(dashboard_with_runs: Dashboard, page: Page) -> None:
    page.goto(f"{dashboard_with_runs.url}/?run=first")
    page.wait_for_selector(".gm")
    expect(page.locator(".gm-note")).to_contain_text("Measured on 256 samples by classifier")
    page.wait_for_function("document.querySelector('.gm-chart')?.data?.at(-1).x.length >= 2")
    expect(page.locator(".gq-line")).to_be_visible()
    expect(page.locator(".gm-beliefs")).to_be_hidden()  # only who trains it knows what D gives its scores to now

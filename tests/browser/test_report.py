"""A report as a person takes it home: it opens from the disk, without a server, and moves."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Dashboard


def test_it_opens_from_the_disk_and_its_slider_moves(
    dashboard_with_runs: Dashboard, page: Page, tmp_path: Path
) -> None:
    page.goto(f"{dashboard_with_runs.url}/compare?c=first:9600&c=second:6400")
    with page.expect_download() as download:
        page.get_by_role("button", name="Report of first and second").click()
    assert download.value.suggested_filename == "first-second.html"
    path = tmp_path / "report.html"
    download.value.save_as(path)

    page.goto(path.as_uri())
    expect(page.get_by_role("heading", name="first · second")).to_be_visible()
    expect(page.locator(".plot .main-svg").first).to_be_visible()
    assert page.locator(".plot.js-plotly-plot").count() == 4  # losses, beliefs, and both distances
    shown = page.locator("figure img:visible")
    expect(shown).to_have_count(2)
    assert shown.evaluate_all("all => all.map(one => one.alt.split(',')[0])") == ["first at 9", "second at 6"]
    page.get_by_role("slider", name="training time").fill("0")
    expect(shown.first).to_have_attribute("alt", "first at 0 images")
    expect(page.locator("output")).to_have_text("0 images seen")

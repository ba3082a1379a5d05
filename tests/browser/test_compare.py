"""Compare, as a person does it: two checkpoints side by side, a link, a zip there and back."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import MINUTE, Dashboard

BOTH = "compare?c=first:9600&c=second:6400"


def pictures(page: Page, count: int) -> list[str]:
    """The addresses of the mosaics, once so many are drawn; a picture's address follows from what is in it."""
    images = page.locator(".st-key-compare_cards img")
    expect(images).to_have_count(count)
    for image in images.all():
        expect(image).to_be_visible()
    page.wait_for_function(
        "count => [...document.querySelectorAll('.st-key-compare_cards img')].filter(i => i.naturalWidth > 0).length"
        " === count",
        arg=count,
    )
    return [image.get_attribute("src") or "" for image in images.all()]


def choice(page: Page) -> list[str]:
    return page.locator(".st-key-compare_chosen .react-aria-ComboBox [data-tag]").all_inner_texts()


def settings(page: Page) -> dict[str, list[str]]:
    """Setting → its values, as the table shows them."""
    expect(page.locator(".cmp-table:not(.cmp-quality)")).to_be_visible()
    rows = page.locator(".cmp-table:not(.cmp-quality) tbody tr").all()
    return {
        row.locator("code").inner_text(): row.locator("td:not(.cmp-what)").all_inner_texts() for row in rows
    }


def test_two_checkpoints_stand_side_by_side_with_what_differs(dashboard_with_runs: Dashboard, page: Page) -> None:
    page.goto(f"{dashboard_with_runs.url}/{BOTH}")
    first, second = pictures(page, 2)
    assert first != second
    boxes = [box.bounding_box() for box in page.locator(".st-key-compare_cards img").all()]
    assert boxes[0] and boxes[1]
    assert (boxes[0]["y"], boxes[0]["width"]) == (boxes[1]["y"], boxes[1]["width"])
    assert boxes[1]["y"] + boxes[1]["height"] < 800, "both pictures are seen without scrolling"
    assert settings(page) == {
        "lr_g": ["0.008", "0.002"], "images": ["9,600", "6,400"], "save_every_images": ["3,200", "50,000"],
        "seed": ["42", "7"],
    }
    facts = page.locator("dl.cmp-facts").all_inner_texts()
    assert "9,600" in facts[0]
    assert "6,400" in facts[1]
    losses = "document.querySelector('.gc-figure[aria-label^=Losses]')"
    page.wait_for_function(f"{losses}?._fullLayout")
    axes = f"{losses}._fullLayout"
    page.evaluate(f"Plotly.relayout({losses}, {{'xaxis.range': [1000, 2000]}})")
    page.get_by_text("Log scale").click()
    page.wait_for_function(f"{axes}.yaxis.type === 'log'")
    assert page.evaluate(f"{axes}.xaxis.range") == [1000, 2000]  # what is looked at stays
    page.get_by_role("radio", name="steps").or_(page.get_by_text("steps", exact=True)).first.click()
    page.wait_for_function(f"{axes}.xaxis2.title.text === 'steps'")
    assert page.evaluate(f"{axes}.xaxis.range[1]") < 1000  # and not where it means something else
    for text in ("loss of D, the discriminator", "loss of G, the generator", "D(real)", "D(fake)"):
        expect(page.locator(".js-plotly-plot").get_by_text(text).first).to_be_visible()

    page.get_by_role("button", name="Other latents").click()
    expect(page.get_by_role("spinbutton", name="Latents from seed")).to_have_value("60")
    page.wait_for_function(
        "old => !document.querySelector('.st-key-compare_cards img').src.endsWith(old)", arg=first
    )
    assert not {first, second} & set(pictures(page, 2))


def test_the_choice_is_made_with_the_keyboard_and_its_link_reopens_it(
    dashboard_with_runs: Dashboard, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    page.goto(f"{dashboard_with_runs.url}/compare")
    pictures(page, 2)
    page.get_by_role("combobox", name="Checkpoints side by side").focus()
    page.keyboard.type("first · 3,200")
    page.keyboard.press("Enter")
    drawn = pictures(page, 3)
    assert choice(page)[-1] == "first · 3,200 images"
    page.wait_for_url("**first%3A3200**")

    page.keyboard.press("Escape")  # the list of checkpoints
    page.get_by_role("link", name="Explore", exact=True).click()
    page.wait_for_url("**/explore**")
    page.get_by_role("link", name="Compare", exact=True).click()
    assert pictures(page, 3) == drawn
    page.wait_for_url("**first%3A3200**")

    again = new_page(dark=True)
    again.goto(page.url)
    assert pictures(again, 3) == drawn
    assert choice(again) == choice(page)

    link = again.get_by_role("link", name="Explore this generator").last
    assert "run=first" in (link.get_attribute("href") or "")
    assert "images=3200" in (link.get_attribute("href") or "")


def test_a_run_leaves_as_a_zip_comes_back_as_another_and_is_deleted(
    dashboard_with_runs: Dashboard, page: Page, tmp_path: Path, wait: Callable[..., None],
    contents: Callable[[Path], dict[str, str]],
) -> None:
    page.goto(f"{dashboard_with_runs.url}/{BOTH}")
    pictures(page, 2)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as zip").click()
    assert download.value.suggested_filename == "first.zip"
    download.value.save_as(tmp_path / "first.zip")
    with zipfile.ZipFile(tmp_path / "first.zip") as zf:
        assert {"first/run.json", "first/history.jsonl", "first/000009600.safetensors"} <= set(zf.namelist())

    page.locator("input[type=file]").set_input_files(tmp_path / "first.zip")
    expect(page.get_by_text("Imported as first-2, with 3 checkpoints")).to_be_visible()
    runs = dashboard_with_runs.checkpoints
    assert contents(runs / "first-2") == contents(runs / "first")

    page.get_by_role("button", name="Delete …").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("first-2 with 3 checkpoints")
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog).to_have_count(0)
    assert (runs / "first-2").is_dir()
    page.get_by_role("button", name="Delete …").click()
    dialog.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("first-2 was deleted")).to_be_visible()
    expect(dialog).to_have_count(0)
    assert sorted(path.name for path in runs.iterdir()) == ["first", "second"]
    pictures(page, 2)


def test_two_runs_learn_side_by_side_under_the_hand(dashboard_with_runs: Dashboard, page: Page) -> None:
    """Every stop is a moment of one of them, the other shows its nearest; nothing of it asks the script."""
    page.goto(f"{dashboard_with_runs.url}/{BOTH}")
    pictures(page, 2)
    canvases = page.locator(".gs canvas")
    expect(canvases).to_have_count(2)
    expect(canvases.first).to_have_attribute("data-images", "9600")
    slider = page.get_by_role("slider", name="Training time")
    slider.focus()
    ink = "[...document.querySelectorAll('.gs canvas')].map(c => c.toDataURL())"
    late = page.evaluate(ink)
    scripts = "performance.getEntriesByType('resource').length"
    page.keyboard.press("Home")
    expect(canvases.first).to_have_attribute("data-images", "0")
    expect(canvases.last).to_have_attribute("data-images", "0")
    early = page.evaluate(ink)
    assert not set(late) & set(early)
    page.keyboard.press("End")
    expect(canvases.first).to_have_attribute("data-images", "9600")
    expect(canvases.last).to_have_attribute("data-images", "6400")  # its end
    assert page.evaluate(ink) == late
    loaded = page.evaluate(scripts)
    slider.fill("3")  # 0, 640, 1,280, 2,560: loaded ahead
    expect(canvases.last).to_have_attribute("data-images", "2560")
    assert page.evaluate(scripts) == loaded
    expect(page.locator(".gs-now")).to_have_text("2,560 images")
    page.get_by_label("Side by side at equal").select_option("seconds")
    expect(page.locator(".gs-now")).to_contain_text(" s")
    with page.expect_download() as download:
        page.get_by_role("button", name="↓ PNG").click()
    assert download.value.suggested_filename == "first-second.png"
    with page.expect_download() as download:
        page.locator(".st-key-compare_scrubber_exports").get_by_role("button", name="GIF").click()
    with Image.open(download.value.path()) as animation:
        assert getattr(animation, "n_frames", 1) > 4
    page.locator(".st-key-compare_latents").get_by_text("from the seed above").click()
    expect(canvases.first).to_have_attribute("data-images", re.compile("^(3200|6400|9600)$"))
    assert not set(page.evaluate(ink)) & {*late, *early}


def test_checkpoints_are_measured_and_the_best_opens_in_explore(dashboard_with_runs: Dashboard, page: Page) -> None:
    page.goto(f"{dashboard_with_runs.url}/{BOTH}")
    pictures(page, 2)
    samples = page.get_by_role("spinbutton", name="Samples of each")
    samples.fill("1500")
    samples.press("Enter")
    page.get_by_role("button", name="Measure all").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    # What is found stands in the table while the rest is measured: of the count asked for, not of what was there.
    page.wait_for_function("""document.querySelector('.st-key-compare_measuring')
        && document.querySelectorAll('.cmp-quality tbody tr').length >= 2
        && document.querySelector('.st-key-compare_ruler input')?.value.includes('1,500 samples')""")
    table = page.get_by_role("region", name="Quality of the checkpoints")
    expect(table).to_contain_text("real samples")
    expect(page.get_by_role("button", name="Measure all")).to_be_visible(timeout=3 * MINUTE)
    expect(table.locator("tbody tr")).to_have_count(5)
    expect(page.locator(".st-key-compare_scores .js-plotly-plot, .js-plotly-plot").first).to_be_visible()
    best = page.get_by_role("link", name="Best of first: 9,600 images")
    best.click()
    page.wait_for_url("**/explore?run=first&images=9600**")


def test_a_fork_is_begun_from_a_card_and_trains(dashboard_with_runs: Dashboard, page: Page) -> None:
    page.goto(f"{dashboard_with_runs.url}/{BOTH}")
    pictures(page, 2)
    page.get_by_role("button", name="Fork …").last.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Nothing is changed yet")
    expect(dialog.get_by_role("spinbutton", name="Length")).to_have_value("12800")
    dialog.get_by_role("spinbutton", name="Length").fill("8000")
    rate = dialog.get_by_role("spinbutton", name="Learning rate G")
    rate.fill("0.001")
    rate.press("Enter")
    expect(dialog).to_contain_text("Changed: Learning rate G 0.002 → 0.001, Images 12800 → 8000")
    dialog.get_by_text("All settings").click()
    dialog.get_by_role("tab", name="Optimiser").click()
    batch = dialog.get_by_role("spinbutton", name="Batch")
    batch.fill("32")
    batch.press("Enter")
    dialog.get_by_role("button", name="Fork and train").click()
    expect(dialog.get_by_role("alert")).to_contain_text("batch_size = 32: cannot change")
    assert not (dashboard_with_runs.checkpoints / "second-fork").exists()
    batch.fill("64")
    batch.press("Enter")
    expect(dialog).not_to_contain_text("Batch 64 →")
    dialog.get_by_role("button", name="Fork and train").click()
    page.wait_for_url("**/?run=second-fork")
    expect(page.locator(".st-key-run_head")).to_contain_text("finished")
    info = json.loads((dashboard_with_runs.checkpoints / "second-fork" / "run.json").read_text())
    assert info["parent"]["name"] == "second" and info["parent"]["images"] == 6400
    assert (info["config"]["lr_g"], info["config"]["images"], info["config"]["batch_size"]) == (0.001, 8000, 64)


def test_on_a_phone_two_pictures_fit_and_nothing_sticks_out(
    dashboard_with_runs: Dashboard, new_page: Callable[..., Page]
) -> None:
    page = new_page(dark=True, width=390, height=844)
    page.goto(f"{dashboard_with_runs.url}/{BOTH}")
    pictures(page, 2)
    boxes = [box.bounding_box() for box in page.locator(".st-key-compare_cards img").all()]
    assert boxes[0] and boxes[1]
    assert boxes[1]["x"] > boxes[0]["x"] + boxes[0]["width"]
    assert boxes[0]["width"] > 130
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390


def test_without_runs_the_next_click_is_train(dashboard: Dashboard, page: Page) -> None:
    page.goto(f"{dashboard.url}/compare")
    expect(page.get_by_text("No runs yet.")).to_be_visible()
    page.get_by_role("button", name="Go to Train").click()
    page.wait_for_url(f"{dashboard.url}/")
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_visible()

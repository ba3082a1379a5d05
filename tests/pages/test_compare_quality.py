"""Compare's ranking: what is told of measured checkpoints, and what never stands side by side."""

from __future__ import annotations

from typing import Any

import pytest

from gan_core.evaluation.digest import digest_of
from gan_core.measuring import Measuring
from gan_core.runs import Runs
from gan_core.store import RunFolder, now
from pages.parts import workbench
from tests.pages.comparing import Make, Open, figures, told


@pytest.fixture(autouse=True)
def jobs(page_runs: Runs, monkeypatch: pytest.MonkeyPatch) -> Measuring:
    """Of this test's own runs."""
    jobs = Measuring(page_runs)
    monkeypatch.setattr(workbench, "_measuring", jobs)
    return jobs


def measure(runs: Runs, folder: RunFolder, images: int, fid: float, error: float, **more: Any) -> None:
    """As if it had been measured so."""
    folder.append_evaluation({
        "time": "2026-01-01", "step": images // 4, "images": images, "samples": 100, "extractor": "seen <b>by</b>",
        "weights": digest_of(runs.generator(folder.name, images)[0]), "digest": "a" * 12, "accuracy": 0.97,
        "scores": {"fid": fid, "fid_error": error, "kid": fid / 100, "kid_error": 0.001, "recall": 0.5},
        "floor": {"fid": 2.5, "fid_error": 0.1}, **more,
    })


def test_before_anything_was_measured_it_offers_to(make: Make, opened: Open) -> None:
    make("one", 8, 16)
    page = opened()
    assert page.button(key="compare_measure_shown").label == "Measure the 2 shown"
    assert page.button(key="compare_measure_all").label == "Measure all 2 of this run"
    assert "None of these runs' checkpoints has been measured yet" in told(page)


def test_runs_are_ranked_by_their_best_with_error_bars(make: Make, opened: Open, page_runs: Runs) -> None:
    one, two = make("one", 8, 16), make("two", 8)
    for folder, images, fid in ((one, 8, 9.0), (one, 16, 4.0), (two, 8, 12.0)):
        measure(page_runs, folder, images, fid, 0.5)
    page = opened(c=["one:16", "two:8"])
    text = told(page)
    assert "one is the best of these runs, by FID" in text
    assert "FID 4.0 ± 1.0" in text and "FID 12.0 ± 1.0" in text
    links = {link.proto.label.replace("\\", ""): link.proto.query_string for link in page.get("page_link")}
    assert links["Best of one: 16 images"] == "run=one&images=16"
    assert "97.0% right on real pictures, 100 samples, against tiny (3 checkpoints)" in text
    assert text.index("16 images</span></th><td>4.0 <span") < text.index("8 images</span></th><td>9.0 <span")
    assert "real samples" in text and "<td>2.50 <span" in text
    drawn = [name for name in figures(page) if "real against real" in name]
    assert len(drawn) == 1
    page.segmented_control(key="compare_rank_by").set_value("kid").run()
    assert "one is the best of these runs, by KID" in told(page)


def test_bars_that_overlap_are_told_as_a_tie(make: Make, opened: Open, page_runs: Runs) -> None:
    one, two = make("one", 8, 16), make("two", 8)
    for folder, images, fid in ((one, 8, 9.0), (one, 16, 10.0), (two, 8, 9.5)):
        measure(page_runs, folder, images, fid, 0.5)
    text = told(opened(c=["one:8", "two:8"]))
    assert "one and two are tied: their bars overlap" in text
    assert "FID 9.0 ± 1.0; tied with 16" in text


def test_numbers_of_another_ruler_are_asked_for_and_never_mixed(make: Make, opened: Open, page_runs: Runs) -> None:
    one, two = make("one", 8), make("two", 8)
    measure(page_runs, one, 8, 9.0, 0.5)
    measure(page_runs, two, 8, 5.0, 0.5)
    measure(page_runs, two, 8, 1.0, 0.5, samples=200)
    page = opened(c=["one:8", "two:8"])
    assert "1.0 ± 1.0" not in told(page) and "FID 5.0 ± 1.0" in told(page)
    rulers = page.selectbox(key="compare_ruler")
    assert len(rulers.options) == 2
    rulers.select_index(1).run()
    assert "FID 1.0 ± 1.0" in told(page) and "FID 5.0 ± 1.0" not in told(page)
    assert "Not measured like this: one" in told(page)


def test_what_was_asked_for_is_what_is_shown(make: Make, opened: Open, page_runs: Runs, jobs: Measuring, wait: Any):
    """Also where other numbers were looked at before."""
    one = make("one", 8, 16)
    measure(page_runs, one, 8, 9.0, 0.5, samples=100)
    measure(page_runs, one, 8, 5.0, 0.5, samples=200)
    page = opened()
    page.selectbox(key="compare_ruler").set_value(min(page.selectbox(key="compare_ruler").options)).run()
    assert "FID 9.0 ± 1.0" in told(page)
    page.button(key="compare_measure_shown").click().run()
    measure(page_runs, one, 16, 2.0, 0.5, samples=300, time=now())
    wait(lambda: jobs.job is not None and not jobs.job.active)
    page.run()
    assert "FID 2.0 ± 1.0" in told(page)
    page.selectbox(key="compare_ruler").set_value(min(page.selectbox(key="compare_ruler").options)).run()
    assert "FID 9.0 ± 1.0" in told(page)  # and whoever looks elsewhere then may


def test_what_a_file_says_is_text(make: Make, opened: Open, page_runs: Runs) -> None:
    measure(page_runs, make("one", 8, 16), 8, 9.0, 0.5)
    page = opened()
    captions = [element.value for element in page.caption]
    assert any(r"seen \<b\>by" in text for text in captions)
    assert "<b>by" not in "".join(element.proto.body for element in page.get("html"))


def test_a_job_that_failed_is_told_in_words(make: Make, opened: Open, page_runs: Runs, jobs: Measuring, wait: Any):
    make("one", 8, 16)
    job = jobs.begin([("gone", 8)])
    wait(lambda: not job.active)
    assert "no run named 'gone'" in told(opened())

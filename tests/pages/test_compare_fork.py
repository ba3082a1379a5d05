"""Compare's form for a fork: what it begins with, what it offers, and what comes of a click."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamlit.testing.v1 import AppTest

from gan_core.runs import Runs
from tests.pages.comparing import Open, told

OPEN = "compare_fork/one:40"


def again(page: AppTest) -> AppTest:
    """Run the page with the form open: AppTest always runs all of it, which closes a dialog."""
    page.button(key=OPEN).click().run()
    assert not page.exception
    return page


def form(opened: Open) -> AppTest:
    return again(opened(c=["one:20", "one:40"]))


def test_from_a_checkpoint_the_form_begins_where_the_run_stands(trained: Callable[..., str], opened: Open) -> None:
    trained(lr_g=0.5)
    page = form(opened)
    assert page.number_input(key="fork/one:40/lr_g").value == 0.5
    assert page.number_input(key="fork/one:40/images").value == 80  # its length is reached: twice that
    assert "Nothing is changed yet" in told(page)
    assert "fork/one:40/network" not in [box.key for box in page.selectbox]
    page.number_input(key="fork/one:40/lr_g").set_value(0.25)
    assert "Changed: Learning rate G 0.5 → 0.25" in told(again(page))


def test_from_the_beginning_every_setting_is_offered(
    trained: Callable[..., str], opened: Open, page_runs: Runs, wait: Any
) -> None:
    trained()
    page = form(opened)
    page.segmented_control(key="compare_fork_from/one:40").set_value("the beginning")
    again(page).selectbox(key="fork/one:0/network").set_value("mlp")
    page.text_input(key="compare_fork_name/one:40").set_value("flat")
    page.button(key="compare_fork_go").click()
    again(page)
    wait(lambda: page_runs.snapshot("flat").state == "finished")
    info = page_runs.folder("flat").info
    assert info.config.network == "mlp" and info.parent is not None
    assert (info.parent.name, info.parent.images) == ("one", 0)


def test_a_refusal_is_told_in_the_form_and_makes_nothing(
    trained: Callable[..., str], opened: Open, page_runs: Runs
) -> None:
    trained()
    page = form(opened)
    page.text_input(key="compare_fork_name/one:40").set_value("one")
    page.button(key="compare_fork_go").click()
    assert "there is a run named 'one' already" in told(again(page)) and page_runs.store.names() == ["one"]

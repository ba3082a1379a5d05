"""The Compare screen: what is chosen, drawn and told."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from gan_core import latent
from gan_core.pictures import mosaic
from gan_core.runs import Runs
from pages.parts.compare import drawing, markup
from pages.parts.compare.link import LAST_SEED, Choice, Link
from tests.pages.comparing import Make, Open, chosen, components, figures, pictures, told

# what it opens on


def test_without_runs_it_says_what_to_do(page_runs: Runs, opened: Open) -> None:
    page = opened()
    assert "No runs yet" in told(page)
    assert page.button(key="compare_train").label == "Go to Train"
    assert not page.multiselect
    assert len(page.get("file_uploader")) == 1


def test_a_run_without_a_checkpoint_says_how_to_get_one(make: Make, opened: Open) -> None:
    make("first")
    assert "No checkpoint yet" in told(opened())


def test_one_checkpoint_is_shown_and_it_says_how_to_get_another(make: Make, opened: Open) -> None:
    make("first", 8)
    page = opened()
    assert "Compare needs two checkpoints" in told(page)
    assert chosen(page) == ["first:8"]
    assert pictures(page) == 1


def test_it_opens_on_the_two_newest_of_the_newest_run(make: Make, opened: Open) -> None:
    make("old", 8, 16)
    make("new", 8, 16, 24)
    page = opened()
    assert chosen(page) == ["new:16", "new:24"]
    assert page.multiselect(key="compare_chosen").options == [
        "new · 24 images", "new · 16 images", "new · 8 images", "old · 16 images", "old · 8 images",
    ]
    assert pictures(page) == 2
    assert "One run: no setting differs" in told(page)


def test_it_opens_on_two_runs_where_the_newest_has_one_checkpoint(make: Make, opened: Open) -> None:
    make("old", 8, 16)
    make("new", 8)
    assert chosen(opened()) == ["old:16", "new:8"]


def test_fewer_than_two_chosen_asks_for_more(make: Make, opened: Open) -> None:
    make("first", 8, 16)
    page = opened()
    page.multiselect(key="compare_chosen").set_value(["first:8"]).run()
    assert "Choose a second checkpoint" in told(page)
    page.multiselect(key="compare_chosen").set_value([]).run()
    assert "Choose two or more" in told(page)
    assert pictures(page) == 0
    page.multiselect(key="compare_chosen").set_value(["first:8", "first:16"]).run()
    assert not page.exception
    assert pictures(page) == 2


# the link


def test_the_link_says_what_is_shown_and_brings_it_back(make: Make, opened: Open) -> None:
    make("first", 8, 16)
    make("second", 8)
    page = opened()
    page.multiselect(key="compare_chosen").set_value(["first:8", "second:8", "first:16"]).run()
    page.number_input(key="compare_seed").set_value(7).run()
    page.slider(key="compare_truncation").set_value(0.7).run()
    query = dict(page.query_params)
    assert query == {"c": ["first:8", "second:8", "first:16"], "seed": "7", "truncation": "0.7"}
    again = opened(**query)
    assert chosen(again) == ["first:8", "second:8", "first:16"]
    assert (again.number_input(key="compare_seed").value, again.slider(key="compare_truncation").value) == (7, 0.7)
    assert not again.warning


def test_a_bad_link_is_followed_as_far_as_it_can_be(make: Make, opened: Open) -> None:
    make("first", 8, 16)
    page = opened(c=["first:16", "gone:8", "first:9", "../etc:1", "nonsense"], seed="x", truncation="99")
    assert chosen(page) == ["first:16"]
    said = page.warning[0].value.replace("\\", "")
    for part in ("gone:8", "first:9", "../etc:1", "c = 'nonsense'", "seed = 'x'", "truncation = '99'"):
        assert part in said
    page.run()
    assert not page.warning


def test_a_link_without_a_choice_opens_on_the_newest(make: Make, opened: Open) -> None:
    make("first", 8, 16)
    page = opened(seed="3")
    assert chosen(page) == ["first:8", "first:16"]
    assert page.number_input(key="compare_seed").value == 3


@pytest.mark.parametrize(
    ("query", "link", "wrong"),
    [
        ({}, Link(), 0),
        ({"c": ["a b:1", "a b:1", "x:2"]}, Link((Choice("a b", 1), Choice("x", 2))), 0),
        ({"c": [f"a:{i}" for i in range(9)]}, Link(tuple(Choice("a", i) for i in range(6))), 1),
        ({"c": ["a:", ":1", "a:-1", "a:1e3", "a:٣", "a:" + "9" * 16]}, Link(), 6),
        ({"seed": [str(LAST_SEED)], "truncation": ["0"]}, Link(seed=LAST_SEED, truncation=0), 0),
        ({"seed": [str(LAST_SEED + 1)], "truncation": ["nan"]}, Link(), 2),
        ({"seed": ["-1"], "truncation": ["inf"], "other": ["x"]}, Link(), 2),
    ],
)
def test_links_are_read_part_by_part(query: dict[str, list[str]], link: Link, wrong: int) -> None:
    read, complaints = Link.from_query(query)
    assert read == link
    assert len(complaints) == wrong
    assert Link.from_query(link.to_query()) == (link, [])


# side by side


def test_all_are_drawn_from_the_same_latents_and_classes(make: Make, page_runs: Runs) -> None:
    make("first", 8, 16)
    shown = [drawing.look(letter, Choice("first", images)) for letter, images in (("A", 8), ("B", 16))]
    layout = drawing.layout(shown, seed=5, truncation=0.5)
    assert (layout.columns, layout.count) == (10, 60)
    z = 0.5 * torch.stack([latent.latent(seed, 8) for seed in range(5, 65)])
    for one in shown:
        generator, _ = page_runs.generator("first", one.choice.images)
        expected = mosaic(latent.draw(generator, z, torch.arange(60) % 10), 10)
        drawn = np.asarray(Image.open(io.BytesIO(drawing.picture(one, layout))))
        assert np.array_equal(drawn[:: drawing.SCALE, :: drawing.SCALE], expected)
    assert drawing.picture(shown[0], layout) != drawing.picture(shown[1], layout)


def test_the_last_seed_goes_round(make: Make) -> None:
    make("first", 8)
    one = drawing.look("A", Choice("first", 8))
    assert drawing.picture(one, drawing.layout([one], LAST_SEED, 1.0))


def test_it_says_what_is_the_same_and_what_is_not(make: Make) -> None:
    make("ten", 8)
    make("wide", 8, latent_dim=16)
    make("free", 8, conditional="no")
    make("three", 8, data={"classes": 3})

    def said(*names: str) -> str:
        shown = [drawing.look(letter, Choice(name, 8)) for letter, name in zip("AB", names, strict=False)]
        return drawing.sameness(shown, drawing.layout(shown, 0, 1.0))

    same = "The same in all: the 60 latents (8 numbers each, seeds 0 to 59), their classes, a column each, and their"
    assert said("ten").startswith(same)
    assert "latents, which differ in size (A 8, B 16 numbers)" in said("ten", "wide")
    assert "Not the same: the classes; B is told none" in said("ten", "free")
    assert "No generator here is told a class" in said("free")
    assert "different numbers (A 10, B 3)" in said("ten", "three")
    assert "meaning of its own" in said("ten", "wide")
    assert "meaning of its own" not in said("ten", "ten")


def test_points_are_drawn_as_a_scatter_plot(make: Make, opened: Open) -> None:
    make("points", 8, 16, network="points", data={"shape": (2,), "classes": 0})
    page = opened()
    assert pictures(page) == 2 and not page.exception and not page.error
    assert "the 400 latents" in told(page) and not _explored(page)
    make("digits", 8)
    assert _explored(opened()) == 1


def _explored(page: Any) -> int:
    return sum(link.proto.label == "Explore this generator" for link in page.get("page_link"))


def test_samples_that_no_picture_shows_are_a_clear_error(make: Make, opened: Open) -> None:
    make("points", 8, network="mlp", data={"shape": (3,)})
    page = opened()
    assert "draws samples of shape [3], which no picture shows" in told(page)
    assert not page.exception


def test_few_classes_take_several_columns_each(make: Make) -> None:
    make("two", 8, data={"classes": 2})
    make("three", 8, data={"classes": 3})
    columns = {
        name: drawing.layout([drawing.look("A", Choice(name, 8))], 0, 1.0).columns for name in ("two", "three")
    }
    assert columns == {"two": 8, "three": 6}
    shown = [drawing.look("A", Choice("two", 8))]
    assert ", a column each," in drawing.sameness(shown, drawing.layout(shown, 0, 1.0))


def test_a_card_tells_what_it_took(make: Make, opened: Open) -> None:
    make("first", 8, 16)
    bodies = [element.proto.body for element in opened(c=["first:8"]).get("html")]
    card = next(body for body in bodies if body.startswith("<dl"))
    for fact in ("<dd>8</dd>", "<dd>4.0 s</dd>", "<dd>2</dd>", "<dd>0.4</dd>"):
        assert fact in card


def test_other_latents_are_the_next_ones(make: Make, opened: Open) -> None:
    make("first", 8, 16)
    page = opened()
    page.button(key="compare_other").click().run()
    assert page.number_input(key="compare_seed").value == 60
    assert "seeds 60 to 119" in told(page)
    page.number_input(key="compare_seed").set_value(LAST_SEED - 30).run()
    page.button(key="compare_other").click().run()
    assert page.number_input(key="compare_seed").value == 0


# curves and settings


def test_the_curves_are_overlaid_on_the_axis_that_is_asked_for(make: Make, opened: Open) -> None:
    make("first", 8, 16)
    make("second", 8)
    page = opened(c=["first:16", "second:8"])
    charts = figures(page)
    assert len(charts) == 2
    for chart in charts:
        assert '"images seen"' in chart
        assert '"first"' in chart
        assert '"second"' in chart
    page.segmented_control(key="compare_x").set_value("seconds").run()
    page.toggle(key="compare_log").set_value(True).run()
    page.select_slider(key="compare_smoothing").set_value(500).run()
    assert not page.exception
    losses, beliefs = figures(page)
    assert '"training time (s)"' in losses
    assert '"type":"log"' in losses
    assert '"type":"log"' not in beliefs


def test_only_the_settings_that_differ_are_listed(make: Make, opened: Open) -> None:
    make("first", 8, seed=1)
    make("second", 8, seed=2, lr_g=0.002)
    make("third", 8, seed=1, augment=("colour", "cutout"))
    table = next(
        element.proto.body
        for element in opened(c=["first:8", "second:8", "third:8"]).get("html")
        if "<table" in element.proto.body
    )
    rows = [row.split("</th>")[0] for row in table.split('<th scope="row"')[1:]]
    names = [row.split("<code>")[1].split("</code>")[0] for row in rows]
    assert sorted(names) == ["augment", "lr_g", "seed"]
    assert "<td>0.008</td><td>0.002</td><td>0.008</td>" in table
    assert "<td>1</td><td>2</td><td>1</td>" in table
    assert "<td>none</td><td>none</td><td>colour, cutout</td>" in table


def test_where_no_setting_differs_it_says_so(make: Make, opened: Open) -> None:
    make("first", 8)
    make("second", 8)
    make("third", 8, data={"seed": 1})
    page = opened(c=["first:8", "second:8"])
    assert "No setting differs." in told(page)
    assert "different data" not in told(page)
    assert "trained on different data" in told(opened(c=["first:8", "third:8"]))


def test_what_came_from_a_file_is_shown_as_text(make: Make, opened: Open) -> None:
    make("first", 8, dataset="<img src=x>")
    make("second", 8)
    said = told(opened(c=["first:8", "second:8"]))
    assert "<img src=x>" not in said
    assert "&lt;img src=x&gt;" in said
    assert markup.in_words(1.0) == "1"


# the family


def test_the_family_is_drawn_where_a_run_was_forked(make: Make, opened: Open, page_runs: Runs) -> None:
    first = make("first", 8, 16)
    page = opened()
    assert "Family" not in [one.value for one in page.subheader]
    fork = make("fork", 8, 16, lr_g=0.5)
    parent = {"name": "first", "created": first.info.created, "images": 8}
    fork.write_info(parent=parent, created="2031-01-01T00:00:00Z")
    page = opened(c=["first:16"])
    assert "Family" in [one.value for one in page.subheader]
    drawn = next(data for data in components(page) if "forked from which" in data.get("alt", ""))
    assert drawn["alt"].endswith("fork from first at 8 images")
    assert "Learning rate G 0.008 → 0.5" in str(json.loads(drawn["figure"]))
    page = opened(c=["first:16", "fork:16"])
    assert "was forked here" in "".join(figures(page))

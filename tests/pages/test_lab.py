"""The lab's page: what a link holds, the choices there are, and the words."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gan_core.lab import LAYERS, SCENES, Scene
from gan_core.lab.words import wording
from pages.parts.lab import fields
from pages.parts.lab.link import SPEEDS, Link
from pages.parts.lab.words import CHINESE

PARTS = Path(__file__).resolve().parents[2] / "pages" / "parts" / "lab"


@pytest.mark.parametrize(
    "link",
    [
        Link(), Link(Scene(seed=7, lr_d=0.02)), Link(Scene(data="drawing", drawing="AA__.fg")), Link(layers=()),
        Link(layers=LAYERS, speed=0),
        Link(Scene(objective="wasserstein", critic_steps=5), ("optimal",), SPEEDS[0], 511),
    ],
)
def test_link_says_it_all(link: Link) -> None:
    assert Link.from_query(link.to_query()) == (link, "")


def test_of_a_bad_link_the_rest_is_followed() -> None:
    link, complaint = Link.from_query({
        "objective": "best", "seed": "5", "lr_g": "fast", "critic_steps": "3", "layers": "fake,secrets", "speed": "9",
        "chosen": "512",
        "utm": "ours not",
    })
    assert link == Link(Scene(seed=5, critic_steps=3), ("fake",))
    for part in ("objective", "lr_g", "secrets", "speed = '9'", "chosen = '512'"):
        assert part in complaint
    assert "utm" not in complaint and "seed" not in complaint


def test_of_parts_that_do_not_go_together_one_is_followed() -> None:
    link, complaint = Link.from_query({"objective": "hinge", "label_smoothing": "0.1", "seed": "4"})
    assert link.scene == Scene(objective="hinge", seed=4) and "label_smoothing" in complaint
    link, complaint = Link.from_query({"data": "drawing", "drawing": "AA__", "batch_size": "1"})
    assert link.scene == Scene(data="drawing", drawing="AA__") and "batch_size" in complaint
    link, complaint = Link.from_query({"data": "drawing"})
    assert link == Link() and "drawing" in complaint


def test_every_setting_of_a_scene_can_be_chosen_once() -> None:
    shown = [name for group in fields.groups() for name in group["names"]]
    assert sorted(shown) == sorted(set(Scene.model_fields) - {"drawing"})
    for name in set(shown) - {"data"}:
        field = fields.fields()[name]
        assert "choices" in field or field["min"] < field["max"], name


def test_ready_scenes_are_what_their_links_say() -> None:
    for ready in fields.scenes():
        assert Scene.from_query(ready["query"]) == SCENES[ready["name"]].scene
        assert ready["title"] and ready["text"]


def test_every_layer_has_its_switch() -> None:
    assert tuple(re.findall(r'^  \["(\w+)", "', (PARTS / "parts.js").read_text(), re.MULTILINE)) == LAYERS


def test_all_that_it_says_is_said_in_chinese_too() -> None:
    script = "".join(path.read_text() for path in PARTS.glob("*.js"))
    said = set(re.findall(r'\b(?:t|told)\("([^"]+)"', script)) | set(re.findall(r'(?:title|hint): "([^"]+)"', script))
    for scene in (Scene(), Scene(unrolled_steps=1), Scene(unrolled_steps=5, packing=4)):
        for side, names in (("d", ("noise", "generate", "score", "loss", "gradient", "update")),
                            ("g", ("score", "loss", "gradient", "update"))):
            said |= {wording(side, name, scene).sentence for name in names}
    missing = {text for text in said if text not in CHINESE and _open_numbers(text) not in CHINESE}
    assert missing == {"V(D, G)"} and len(said) > 30


def _open_numbers(text: str) -> str:
    """A text that came with its numbers, as it is looked up."""
    places = itertools.count()
    return re.sub(r"\d+", lambda number: f"{{{next(places)}}}", text)


def test_the_page_follows_its_address(open_page: Callable[..., AppTest]) -> None:
    app = open_page("lab", seed="9", objective="best")
    assert "objective = 'best'" in app.warning[0].value and not app.error
    assert app.session_state.lab_link.scene == Scene(seed=9)
    assert not open_page("lab").warning

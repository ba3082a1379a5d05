"""The scrubber's pictures: what the route draws, for whom, and what the page tells the component."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from gan_core.pictures import png
from gan_core.runs import Runs
from gan_core.timeline import drawn
from pages.parts.routes import OURS
from tests.pages.comparing import Make, Open, components, told


@pytest.fixture
def client(page_runs: Runs) -> Iterator[TestClient]:
    with TestClient(Starlette(routes=list(OURS))) as client:
        yield client


def test_a_checkpoint_draws_for_the_page(client: TestClient, make: Make, page_runs: Runs) -> None:
    make("one +(1)", 8)
    own = client.get("/gan/drawn/one%20%2B%281%29/8.png")
    assert own.status_code == 200 and own.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(own.content)) as picture:
        assert picture.size == (10 * 29 - 1, 2 * 29 - 1)  # a column a class, two rows
    asked = client.get("/gan/drawn/one +(1)/8.png?seed=5&truncation=70&columns=10&rows=3")
    expected = drawn(page_runs.generator("one +(1)", 8)[0], 5, 0.7, 10, 3)
    assert asked.content == png(expected) != own.content


@pytest.mark.parametrize(
    ("address", "code", "words"),
    [
        ("gone/8.png", 404, "no run named 'gone'"), ("one/9.png", 404, "no checkpoint at images 9"),
        ("one/x.png", 404, "images"), ("one/8.png?seed=-1&columns=1&rows=1&truncation=1", 400, "seed = '-1'"),
        ("one/8.png?seed=1&columns=17&rows=1&truncation=1", 400, "columns = '17': must be a whole number from 1 to 16"),
        ("one/8.png?seed=1&columns=1&rows=1&truncation=201", 400, "truncation = '201'"), ("..%2fone/8.png", 404, ""),
    ],
)
def test_what_makes_no_sense_is_refused(client: TestClient, make: Make, address: str, code: int, words: str) -> None:
    make("one", 8)
    answer = client.get(f"/gan/drawn/{address}")
    assert answer.status_code == code and words in answer.text


def test_other_sites_may_not_ask(client: TestClient, make: Make) -> None:
    make("one", 8)
    for headers in ({"host": "evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert client.get("/gan/drawn/one/8.png", headers=headers).status_code == 403
    assert client.get("/gan/drawn/one/8.png", headers={"sec-fetch-site": "same-origin"}).status_code == 200


def test_the_page_hands_each_runs_moments_over(make: Make, opened: Open) -> None:
    one = make("one", 8, 16)
    make("two", 12, seed=3)
    one.save_sample(4, png(np.zeros((57, 289), np.uint8)))
    page = opened(c=["one:16", "two:12"])
    (data,) = [data for data in components(page) if "runs" in data]
    assert [(run["name"], run["moments"]) for run in data["runs"]] == [
        ("one", [[4, 2.0, "samples"], [8, 4.0, "drawn"], [16, 8.0, "drawn"]]), ("two", [[12, 6.0, "drawn"]]),
    ]
    assert data["query"] == "" and "these runs' grids have latents of their own" in told(page)
    page.number_input(key="compare_seed").set_value(7).run()
    page.segmented_control(key="compare_latents").set_value("from the seed above").run()
    (data,) = [data for data in components(page) if "runs" in data]
    assert data["query"] == "seed=7&truncation=100&columns=10&rows=6"
    assert data["runs"][0]["moments"] == [[8, 4.0, "drawn"], [16, 8.0, "drawn"]]
    assert "latents of their own" not in told(page)


def test_time_against_latents_is_a_picture_of_each_run(make: Make, opened: Open) -> None:
    make("one", 8, 16)
    make("two", 12)
    page = opened(c=["one:16", "two:12"])
    before = len(page.image)
    page.toggle(key="compare_time_latents").set_value(True).run()
    assert not page.exception and len(page.image) == before + 2
    labels = [button.proto.label for button in page.get("download_button")]
    assert labels.count("PNG") == 2 and labels.count("GIF") == 3 and labels.count("MP4") == 3


def test_what_draws_no_pictures_has_no_scrubber(make: Make, opened: Open) -> None:
    make("triples", 8, 16, data={"shape": (3,), "classes": 0}, network="mlp")
    assert "No picture shows what these runs draw" in told(opened())


def test_points_learn_side_by_side_too(client: TestClient, make: Make, opened: Open) -> None:
    make("points", 8, 16, data={"shape": (2,), "classes": 0}, network="points")
    page = opened()
    (data,) = [data for data in components(page) if "runs" in data]
    assert [run["moments"] for run in data["runs"]] == [[[8, 4.0, "drawn"], [16, 8.0, "drawn"]]]
    assert not [one for one in page.toggle if one.key == "compare_time_latents"]  # a plot has no row of one latent
    for query in ("", "?seed=5&truncation=100&columns=8&rows=6"):
        answer = client.get(f"/gan/drawn/points/16.png{query}")
        with Image.open(io.BytesIO(answer.content)) as picture:
            assert picture.size == (320, 320) and np.asarray(picture).any()

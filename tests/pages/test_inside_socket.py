"""The Inside screen's socket, what it works out, and what a link holds."""

from __future__ import annotations

import base64
import functools
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from starlette.applications import Starlette
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from gan_core import datasets, latent, xray
from gan_core.datasets import Dataset
from gan_core.errors import ConfigError
from gan_core.objectives import OBJECTIVES
from gan_core.runs import Runs, facts
from gan_core.store import Store
from pages.parts.inside import drawing
from pages.parts.inside.link import Link
from pages.parts.inside.route import INSIDE, PIXELS
from pages.parts.sockets import MESSAGE_BYTES


def text_of(pixels: np.ndarray) -> str:
    return base64.b64encode(pixels.tobytes()).decode()


def pixels_of(text: str, *shape: int) -> torch.Tensor:
    return torch.from_numpy(np.frombuffer(base64.b64decode(text), np.uint8).copy()).reshape(shape)


EMPTY = text_of(np.zeros((1, 28, 28), np.uint8))


class Asker:
    """A browser's side of the socket."""

    def __init__(self, session: WebSocketTestSession) -> None:
        self.session, self.number = session, 0

    def ask(self, kind: str, **request: Any) -> dict[str, Any]:
        self.number += 1
        self.session.send_json({"kind": kind, "number": self.number, "run": "one", **request})
        heard = self.session.receive_json()
        assert heard.get("number", self.number) == self.number
        return heard

    def refused(self, kind: str, **request: Any) -> str:
        heard = self.ask(kind, **request)
        assert heard["kind"] == "error", heard
        return heard["text"]

    def picture(self, pixels: str, label: int | None = 3, **request: Any) -> dict[str, Any]:
        heard = self.ask("picture", pixels=pixels, label=label, **request)
        assert heard["kind"] == "picture", heard
        return heard


@pytest.fixture
def client(page_runs: Runs) -> Iterator[TestClient]:
    with TestClient(Starlette(routes=[INSIDE])) as client:
        yield client


@pytest.fixture(scope="module")
def _trained_once(
    tmp_path_factory: pytest.TempPathFactory, tiny_config: Callable[..., Any], wait: Callable[..., None]
) -> Callable[..., Path]:
    """The folder of a tiny run on the embedded digits, trained when first asked for: (preset, **settings)."""
    runs = Runs(Store(tmp_path_factory.mktemp("trained")))

    @functools.cache
    def train(preset: str = "quick", **settings: Any) -> Path:
        config = tiny_config(preset, dataset="digits", images=40, save_every_images=20, **settings)
        name = runs.start(config)
        wait(lambda: runs.snapshot(name).state == "finished")
        return runs.folder(name).path

    return train


@pytest.fixture
def asker(client: TestClient, page_runs: Runs, _trained_once: Callable[..., Path]) -> Iterator[Asker]:
    """A socket, and the run `one` with checkpoints at 20 and 40 images."""
    shutil.copytree(_trained_once(), page_runs.store.path("one"))
    with client.websocket_connect("/gan/inside") as session:
        yield Asker(session)


def test_samples_are_numbered_and_scored(asker: Asker, page_runs: Runs) -> None:
    heard = asker.ask("samples", page=1)
    assert (heard["kind"], heard["page"], heard["images"]) == ("samples", 1, 40)
    discriminator, generator = page_runs.discriminator("one")[0], page_runs.generator("one", 40)[0]
    numbers = range(drawing.PAGE, 2 * drawing.PAGE)
    assert heard["fake"]["labels"] == heard["real"]["labels"] == [number % 10 for number in numbers]
    labels = torch.tensor(heard["fake"]["labels"])
    # Of number n, the seed's own latent as on the Explore screen.
    drawn = latent.draw(generator, torch.stack([latent.latent(number, 8) for number in numbers]), labels)
    for kind in ("real", "fake"):
        pixels = pixels_of(heard[kind]["pixels"], drawing.PAGE, 1, 28, 28)
        if kind == "fake":
            assert torch.equal(pixels, drawn)
        own = xray.scores(discriminator, pixels.float() / 127.5 - 1, labels)
        assert heard[kind]["scores"] == pytest.approx(own.tolist(), abs=1e-4)
        # What is clicked keeps its score.
        clicked = asker.picture(text_of(pixels[3].numpy()), int(labels[3]))
        assert clicked["score"] == pytest.approx(heard[kind]["scores"][3], abs=1e-4)


def test_a_picture_is_scored_pushed_and_compared(asker: Asker, page_runs: Runs) -> None:
    heard = asker.ask("samples")
    pixels = pixels_of(heard["real"]["pixels"], drawing.PAGE, 1, 28, 28)[5]
    found = asker.picture(text_of(pixels.numpy()), 5)
    discriminator = page_runs.discriminator("one")[0]
    slope = xray.push(discriminator, pixels.float() / 127.5 - 1, torch.tensor(5))
    got = torch.from_numpy(np.frombuffer(base64.b64decode(found["push"]), np.int8).copy()).reshape(28, 28)
    strong = slope.abs() > found["strongest"] / 0.2 / 20
    assert strong.sum() > 100 and torch.equal(got[strong].sign(), slope[strong].sign().to(torch.int8))
    assert got.abs().max() == 127
    assert found["probability"] == pytest.approx(torch.tensor(found["score"]).sigmoid().item(), abs=1e-5)  # hinge
    assert found["classes"]["scores"][5] == pytest.approx(found["score"], abs=1e-5)
    assert len(found["classes"]["probabilities"]) == 10
    here = drawing.scene("one", None)
    assert here.real is not None and len(here.real.scores) == len(here.fake.scores) == drawing.COUNT
    expected = [float((one.scores < found["score"]).float().mean()) for one in (here.real, here.fake)]
    assert found["above"] == pytest.approx(expected, abs=0.005)


def test_the_nearest_real_samples_are_found(asker: Asker) -> None:
    data = datasets.load("digits")
    fakes = drawing.scene("one", None).fake
    with torch.inference_mode():
        fakes.pixels[77] = data.samples[123]  # a G that copies one picture
    first, second = asker.ask("copies"), asker.ask("copies", page=1)
    assert first["fake"]["numbers"][0] == 77 and first["real"]["numbers"][0] == 123
    shape = drawing.PAGE, *data.shape
    assert torch.equal(pixels_of(first["fake"]["pixels"], *shape), fakes.pixels[first["fake"]["numbers"]])
    assert torch.equal(pixels_of(first["real"]["pixels"], *shape), data.samples[first["real"]["numbers"]])
    assert data.labels is not None and first["real"]["labels"] == data.labels[first["real"]["numbers"]].tolist()
    nearness = first["nearness"] + second["nearness"]
    assert nearness == sorted(nearness) and nearness[0] < 1 < nearness[1]
    assert not set(first["fake"]["numbers"]) & set(second["fake"]["numbers"])
    assert first["authenticity"] == pytest.approx(1 - 1 / drawing.COUNT)  # an untrained G draws noise, but for the one
    assert "page" in asker.refused("copies", page=1000)


def test_the_checkpoint_is_the_one_asked_for(asker: Asker) -> None:
    early, late = (asker.picture(EMPTY, images=images) for images in (20, 40))
    assert (early["images"], late["images"]) == (20, 40) and early["score"] != late["score"]
    assert asker.picture(EMPTY)["score"] == late["score"]
    assert asker.picture(EMPTY, label=4)["score"] != late["score"]


def test_the_gauge_counts_both_kinds(asker: Asker) -> None:
    heard = asker.ask("gauge")
    figure = json.loads(heard["figure"])
    assert [trace["name"] for trace in figure["data"]] == ["real", "fake"]
    assert heard["counts"] == [drawing.COUNT, drawing.COUNT] and heard["missing"] == ""
    assert heard["reading"] == OBJECTIVES["hinge"].reading


@pytest.mark.parametrize("preset", ["wgan-gp", "dcgan"])
def test_scores_without_a_zero_are_read_between_real_and_fake(
    preset: str, client: TestClient, page_runs: Runs, _trained_once: Callable[..., Path]
) -> None:
    shutil.copytree(_trained_once(preset, conditional="no"), page_runs.store.path("one"))
    here = drawing.scene("one", None)
    assert here.real is not None and here.undecided is not None
    middle = (here.real.scores.mean() + here.fake.scores.mean()) / 2
    assert float(here.undecided) == pytest.approx(float(middle))
    with client.websocket_connect("/gan/inside") as session:
        asker = Asker(session)
        found = asker.picture(EMPTY, None)
        assert found["probability"] == pytest.approx(float((found["score"] - middle).sigmoid()), abs=1e-5)
        assert found["classes"] is None
        assert "midpoint" in asker.ask("gauge")["reading"]
        assert asker.ask("samples")["real"]["labels"] is None
        assert "knows no classes" in asker.refused("picture", pixels=EMPTY, label=3)


@pytest.mark.parametrize(("preset", "known"), [("quick", True), ("wgan-gp", False)])
def test_without_the_runs_data_its_fakes_are_left(
    preset: str, known: bool, client: TestClient, page_runs: Runs, _trained_once: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch, tiny: Callable[..., Dataset],
) -> None:
    shutil.copytree(_trained_once(preset, conditional="yes"), page_runs.store.path("one"))
    other, own = tiny(), drawing.load_data
    monkeypatch.setattr(drawing, "load_data", lambda config: other)
    with client.websocket_connect("/gan/inside") as session:
        asker = Asker(session)
        assert asker.ask("samples")["real"] is None
        heard = asker.ask("gauge")
        assert "not what this run was begun with" in heard["missing"] and heard["counts"] == [0, drawing.COUNT]
        found = asker.picture(EMPTY)
        assert (found["probability"] is not None) == known and found["above"][0] is None
        monkeypatch.setattr(drawing, "load_data", own)
        assert asker.ask("samples")["real"] is not None  # found again, it is shown at once


def test_colour_pictures(
    client: TestClient, page_runs: Runs, tiny: Callable[..., Dataset], tiny_config: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch, wait: Callable[..., None],
) -> None:
    colours = tiny(count=30, shape=(3, 64, 64), classes=3)
    monkeypatch.setattr("gan_core.runs.load_data", lambda config: colours)
    monkeypatch.setattr(drawing, "load_data", lambda config: colours)
    page_runs.start(tiny_config("quick", images=8), "one")
    wait(lambda: page_runs.snapshot("one").state == "finished")
    with client.websocket_connect("/gan/inside") as session:
        asker = Asker(session)
        heard = asker.ask("samples")
        assert len(heard["real"]["scores"]) == drawing.PAGE
        pixels = pixels_of(heard["fake"]["pixels"], drawing.PAGE, 3, 64, 64)
        found = asker.picture(text_of(pixels[2].numpy()), 2)
        assert found["score"] == pytest.approx(heard["fake"]["scores"][2], abs=1e-4)
        assert len(base64.b64decode(found["push"])) == 64 * 64
        assert len(text_of(pixels[2].numpy())) == PIXELS


# what is refused


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        ({"kind": "pickle"}, "kind"),
        ({"number": -1}, "number"),
        ({"number": 2**31}, "number"),
        ({"images": 1.5}, "images"),
        ({"run": ""}, "run"),
        ({"run": "nonsense"}, "no run named 'nonsense'"),
        ({"run": "../one"}, "run name"),
        ({"run": "one\0"}, "run name"),
        ({"images": 21}, "no checkpoint at images 21"),
        ({"extra": 1}, "extra"),
        ({"pixels": 7}, "pixels"),
        ({"pixels": [0] * 784}, "pixels"),
        ({"pixels": "A" * (PIXELS + 1)}, "pixels"),
        ({"pixels": "not base64!"}, "not base64"),
        ({"pixels": "É" * 8}, "not base64"),
        ({"pixels": ""}, "0 bytes; this discriminator looks at pictures of 1 × 28 × 28"),
        ({"pixels": EMPTY[:-8]}, "bytes; this discriminator looks at"),
        ({"pixels": "A" * 1600}, "1,200 bytes; this discriminator looks at"),
        ({"label": 10}, "label = 10: must be a class from 0 to 9"),
        ({"label": None}, "label = None: must be a class from 0 to 9"),
        ({"label": -1}, "label"),
        ({"label": True}, "label"),
        ({"kind": "samples", "page": 42}, "pages 0 to 41"),
        ({"kind": "samples", "page": -1}, "page"),
    ],
)
def test_a_wrong_request_is_told_and_the_next_is_answered(asker: Asker, request_: dict[str, Any], named: str) -> None:
    asker.session.send_json({"kind": "picture", "number": 1, "run": "one", "pixels": EMPTY, "label": 3, **request_})
    heard = asker.session.receive_json()
    assert heard["kind"] == "error" and named in heard["text"]
    assert asker.picture(EMPTY)["score"]


def _closed(session: WebSocketTestSession) -> str:
    """Why it was closed."""
    with pytest.raises(WebSocketDisconnect) as told:
        while True:
            session.receive_json()
    assert told.value.code == 1008
    return told.value.reason


def test_what_is_too_large_ends_the_connection(asker: Asker) -> None:
    asker.session.send_text("x" * (MESSAGE_BYTES + PIXELS + 1))
    assert "a message of more than" in _closed(asker.session)


def test_what_comes_too_often_ends_the_connection(asker: Asker) -> None:
    for _ in range(300):
        asker.session.send_json({"kind": "picture", "number": 1, "run": "one", "pixels": EMPTY, "label": 3})
    assert "messages a second" in _closed(asker.session)


def test_another_site_may_not_ask(client: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(
        "/gan/inside", headers={"origin": "http://other.example"}
    ):
        pass


def test_a_failure_of_ours_is_told_without_its_inside(asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "picture", lambda here, pixels, label: 1 / 0)
    assert asker.refused("picture", pixels=EMPTY) == "the picture could not be drawn; the server's log says why"
    assert asker.ask("samples")["kind"] == "samples"


def test_weights_that_are_no_numbers_are_told(asker: Asker, page_runs: Runs) -> None:
    folder = page_runs.folder("one")
    tensors, place = folder.load_checkpoint(40)
    for key, value in tensors.items():
        if key.startswith("discriminator.") and value.is_floating_point():
            tensors[key] = torch.full_like(value, torch.nan)
    folder.save_checkpoint(tensors, place)
    assert "diverged" in asker.refused("picture", pixels=EMPTY, label=3)
    assert asker.picture(EMPTY, images=20)["score"]


def test_samples_that_are_no_pictures(
    client: TestClient, page_runs: Runs, tiny: Callable[..., Dataset], tiny_config: Callable[..., Any]
) -> None:
    page_runs.store.create(tiny_config(conditional="no"), facts(tiny(shape=(2,), classes=0)), "one")
    page_runs.store.create(tiny_config(network="mlp"), facts(tiny(shape=(3, 70, 70))), "large")
    with client.websocket_connect("/gan/inside") as session:
        asker = Asker(session)
        assert "only grey or colour pictures" in asker.refused("samples")
        assert "up to 64 × 64" in asker.refused("samples", run="large")


# links


@pytest.mark.parametrize(
    "link", [Link(), Link("one", 20), Link("a run (1)", None, "real", 499, 3), Link("one", label=0)]
)
def test_link_says_it_all(link: Link) -> None:
    assert Link.from_query(link.to_query()) == link


def test_bad_link_names_every_bad_part() -> None:
    with pytest.raises(ConfigError) as told:
        Link.from_query({"images": "-1", "show": "drawn", "number": "500", "label": "x", "utm": "ours not"})
    for part in ("images = '-1'", "show = 'drawn'", "number = '500'", "label = 'x'"):
        assert part in str(told.value)
    assert "utm" not in str(told.value)
    for number in ("-1", "1.5", "1e3", "²", "9" * 16):
        with pytest.raises(ConfigError, match="number"):
            Link.from_query({"number": number})
    assert Link.from_query({"run": "", "images": "", "number": ""}) == Link()

"""The explorer's socket, what it draws, and what a link holds."""

from __future__ import annotations

import functools
import io
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from gan_core import latent
from gan_core.datasets import Dataset
from gan_core.errors import ConfigError
from gan_core.latent import View
from gan_core.pictures import mosaic
from gan_core.runs import Runs, facts
from gan_core.store import Store
from pages.parts.latent import drawing
from pages.parts.latent.link import START, Link, fitted
from pages.parts.latent.route import HEADER, KINDS, LATENT

SPACE = 8, 10  # latent_dim and classes of the tiny run


class Asker:
    """A browser's side of the socket."""

    def __init__(self, session: WebSocketTestSession) -> None:
        self.session = session
        self.number = 0

    def ask(self, kind: str, **request: Any) -> int:
        self.number += 1
        self.session.send_json({"kind": kind, "number": self.number, "run": "one", **request})
        return self.number

    def hear(self) -> tuple[str, int, int, bytes] | dict[str, Any]:
        """A file as (kind, number, images, content), or a message."""
        heard = self.session.receive()
        if heard["type"] == "websocket.close":
            raise WebSocketDisconnect(heard["code"], heard["reason"])
        if heard.get("bytes") is None:
            return json.loads(heard["text"])
        kind, number, images = HEADER.unpack_from(heard["bytes"])
        return KINDS[kind - 1], number, images, heard["bytes"][HEADER.size:]

    def hear_file(self) -> tuple[str, int, int, bytes]:
        """The next file; messages before it are left aside, but errors."""
        while isinstance(heard := self.hear(), dict):
            assert heard["kind"] != "error", heard
        return heard

    def hear_error(self) -> dict[str, Any]:
        while not isinstance(heard := self.hear(), dict) or heard["kind"] != "error":
            pass
        return heard

    def closed(self) -> str:
        """Why it was closed."""
        with pytest.raises(WebSocketDisconnect) as told:
            while True:
                self.hear()
        assert told.value.code == 1008
        return told.value.reason

    def pixels(self, kind: str, **request: Any) -> np.ndarray:
        number = self.ask(kind, **request)
        got, answered, _, content = self.hear_file()
        assert (got, answered) == (kind, number)
        return np.asarray(Image.open(io.BytesIO(content)))


@pytest.fixture
def client(page_runs: Runs) -> Iterator[TestClient]:
    with TestClient(Starlette(routes=[LATENT])) as client:
        yield client


@pytest.fixture(scope="module")
def _trained_once(
    tmp_path_factory: pytest.TempPathFactory, tiny_config: Callable[..., Any], wait: Callable[..., None]
) -> Callable[..., Path]:
    """The folder of a tiny run, trained when first asked for: (conditional="auto")."""
    runs = Runs(Store(tmp_path_factory.mktemp("trained")))

    @functools.cache
    def train(conditional: str = "auto") -> Path:
        config = tiny_config(dataset="digits", images=40, save_every_images=20, conditional=conditional)
        name = runs.start(config, conditional)
        wait(lambda: runs.snapshot(name).state == "finished")
        return runs.folder(name).path

    return train


@pytest.fixture
def asker(client: TestClient, page_runs: Runs, _trained_once: Callable[..., Path]) -> Iterator[Asker]:
    """A socket, and the run `one` with checkpoints at 20 and 40 images."""
    shutil.copytree(_trained_once(), page_runs.store.path("one"))
    with client.websocket_connect("/gan/latent") as session:
        yield Asker(session)


def _drawn(runs: Runs, z: torch.Tensor, labels: torch.Tensor | None, images: int | None = None) -> torch.Tensor:
    return latent.draw(runs.generator("one", images)[0], z, labels)


@pytest.mark.parametrize(
    "view",
    [
        View(mode="interpolate", label=3, label_b=8, t=0.37),
        View(mode="interpolate", label=3, label_b=8, t=0.37, how="linear", truncation=0.5),
        View(seed=7, label=2, dims={3: 1.5, 0: -2.0}, truncation=0.7),
    ],
)
def test_picture_is_what_the_generator_draws_there(asker: Asker, page_runs: Runs, view: View) -> None:
    got = asker.pixels("picture", view=view.model_dump(mode="json"))
    assert np.array_equal(got, _drawn(page_runs, *latent.place(view, *SPACE))[0, 0].numpy())


def test_checkpoint_is_the_one_asked_for(asker: Asker, page_runs: Runs) -> None:
    place = latent.place(View(label=1), *SPACE)
    pictures = [asker.pixels("picture", view={"label": 1}, images=images) for images in (20, 40)]
    assert not np.array_equal(*pictures)
    for images, picture in zip((20, 40), pictures, strict=True):
        assert np.array_equal(picture, _drawn(page_runs, *place, images)[0, 0].numpy())
    asker.ask("picture", images=20)
    assert asker.hear_file()[2] == 20


def test_strip_is_the_path_or_what_one_coordinate_does(asker: Asker, page_runs: Runs) -> None:
    view = View(mode="interpolate", label=3, label_b=8, t=0.5)
    way = _drawn(page_runs, *latent.path(view, *SPACE, drawing.STRIP))
    assert np.array_equal(asker.pixels("strip", view=view.model_dump(mode="json")), mosaic(way, drawing.STRIP, gap=0))
    got = asker.pixels("strip", view={"label": 3, "dims": {"2": 1.0}}, dim=5)
    ends = [View(label=3, dims={2: 1.0, 5: end}) for end in (-drawing.RANGE, drawing.RANGE)]
    for end, picture in zip(ends, (got[:, :28], got[:, -28:]), strict=True):
        assert np.array_equal(picture, _drawn(page_runs, *latent.place(end, *SPACE))[0, 0].numpy())


def test_thumbnails_are_the_samples_that_choosing_them_gives(asker: Asker) -> None:
    view = {"mode": "interpolate", "label": 3, "label_b": 8, "truncation": 0.8}
    for side, t in (("a", 0.0), ("b", 1.0)):
        row = asker.pixels(f"thumbs_{side}", view=view, seeds=[4, 11])
        for place, seed in enumerate((4, 11)):
            chosen = {**view, "t": t, ("seed" if side == "a" else "seed_b"): seed}
            assert np.array_equal(row[:, 28 * place:28 * (place + 1)], asker.pixels("picture", view=chosen))


def test_coordinates_and_their_influence(asker: Asker, page_runs: Runs) -> None:
    asker.ask("latent", view={"seed": 9, "truncation": 0.5, "dims": {"1": 3.0}})
    heard = asker.hear()
    assert isinstance(heard, dict) and heard["kind"] == "latent"
    assert heard["z"] == pytest.approx((0.5 * latent.latent(9, 8)).tolist(), abs=1e-4)
    number = asker.ask("influence")
    heard = asker.hear()
    assert isinstance(heard, dict) and heard["number"] == number
    assert heard["values"] == latent.influence(page_runs.generator("one")[0], *SPACE, 64, 0).tolist()


def test_downloads_show_the_view(asker: Asker, page_runs: Runs) -> None:
    view = {"mode": "interpolate", "label": 3, "label_b": 8, "t": 0.25}
    small = asker.pixels("picture", view=view)
    large = asker.pixels("png", view=view)
    assert np.array_equal(large, small.repeat(drawing.SCALE, 0).repeat(drawing.SCALE, 1))

    asker.ask("gif", view=view)
    kind, _, images, content = asker.hear_file()
    with Image.open(io.BytesIO(content)) as gif:
        assert (kind, images, gif.format) == ("gif", 40, "GIF")
        assert gif.n_frames > 2 and gif.info["loop"] == 0  # type: ignore[attr-defined]
        first = np.asarray(gif.convert("L"))
    assert np.array_equal(first, asker.pixels("png", view={**view, "t": 0}))

    asker.ask("json", view=view)
    content = json.loads(asker.hear_file()[3])
    z, labels = torch.tensor([content["z"]]), torch.tensor([list(content["labels"].values())])
    assert (content["run"], content["images_seen"]) == ("one", 40)
    assert np.array_equal(_drawn(page_runs, z, labels)[0, 0].numpy(), small)


def test_another_connection_draws_the_same(asker: Asker, client: TestClient) -> None:
    view = {"mode": "interpolate", "label": 3, "label_b": 8, "t": 0.613}
    asker.ask("picture", view=view)
    before = asker.hear_file()
    asker.session.close()
    with client.websocket_connect("/gan/latent") as session:
        again = Asker(session)
        again.ask("picture", view=view)
        assert again.hear_file() == before


def test_unconditional_run(asker: Asker, _trained_once: Callable[..., Path], page_runs: Runs) -> None:
    shutil.copytree(_trained_once("no"), page_runs.store.path("plain"))
    view = View(mode="interpolate", seed=5, seed_b=6, t=0.5)
    got = asker.pixels("picture", run="plain", view=view.model_dump(mode="json"))
    drawn = latent.draw(page_runs.generator("plain")[0], *latent.place(view, 8, 0))
    assert np.array_equal(got, drawn[0, 0].numpy())
    asker.ask("picture", run="plain", view={"label": 3})
    assert "knows no classes" in asker.hear_error()["text"]


# what comes by itself


def test_state_is_told_once_after_the_first_picture(asker: Asker) -> None:
    asker.ask("picture")
    assert asker.hear_file()[0] == "picture"
    assert asker.hear() == {"kind": "state", "run": "one", "state": "finished", "checkpoints": 2}
    asker.ask("picture")
    assert not isinstance(asker.hear(), dict)


def test_pictures_of_a_run_in_training_are_drawn_again(
    client: TestClient, page_runs: Runs, tiny_config: Callable[..., Any], wait: Callable[..., None]
) -> None:
    page_runs.start(tiny_config(dataset="digits", images=10**9), "one")
    wait(lambda: page_runs.published("one"))
    with client.websocket_connect("/gan/latent") as session:
        asker = Asker(session)
        asked = {asker.ask("picture", view={"label": 3}): "picture", asker.ask("strip", view={"label": 3}): "strip"}
        seen: dict[str, set[int]] = {"picture": set(), "strip": set()}
        while min(map(len, seen.values())) < 3:
            kind, number, images, _ = asker.hear_file()
            assert asked[number] == kind
            seen[kind].add(images)
        page_runs.run("one").stop()
        while not (isinstance(heard := asker.hear(), dict) and heard["state"] == "stopped"):
            pass
    assert heard["checkpoints"] >= 1


def test_newest_wins(asker: Asker, monkeypatch: pytest.MonkeyPatch, wait: Callable[..., None]) -> None:
    begun, go_on, own = threading.Event(), threading.Event(), drawing.picture

    def slow(here: drawing.Scene, view: View) -> bytes:
        begun.set()
        assert go_on.wait(30)
        return own(here, view)

    monkeypatch.setattr(drawing, "picture", slow)
    asker.ask("picture", view={"seed": 1})
    assert begun.wait(30)
    last = [asker.ask("picture", view={"seed": seed}) for seed in range(2, 7)][-1]
    # A request that cannot be read is answered while the drawing goes on: all before it have been taken in.
    asker.ask("no such kind")
    assert "kind" in asker.hear_error()["text"]
    go_on.set()
    assert [asker.hear_file()[1], asker.hear_file()[1]] == [1, last]
    fence = asker.ask("strip")
    assert asker.hear_file()[:2] == ("strip", fence)


# what is refused


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        ({"kind": "pickle"}, "kind"),
        ({"kind": "picture", "number": -1}, "number"),
        ({"kind": "picture", "number": "1"}, "number"),
        ({"kind": "picture", "images": 1.5}, "images"),
        ({"kind": "picture", "run": ""}, "run"),
        ({"kind": "picture", "extra": 1}, "extra"),
        ({"kind": "thumbs_a", "seeds": list(range(25))}, "seeds"),
        ({"kind": "thumbs_a", "seeds": []}, "without seeds"),
        ({"kind": "thumbs_b", "seeds": [-1]}, "seed = -1"),
        ({"kind": "strip", "dim": 8}, "coordinates 0 to 7"),
        ({"kind": "picture", "view": {"t": 7}}, "t = 7"),
        ({"kind": "picture", "view": {"t": None}}, "t = None"),
        ({"kind": "picture", "view": {"label": 10}}, "label = 10"),
        ({"kind": "picture", "view": {"dims": {"8": 1}}}, "dims = 8"),
        ({"kind": "picture", "view": {"zoom": 1}}, "zoom"),
        ({"kind": "picture", "run": "nonsense"}, "no run named 'nonsense'"),
        ({"kind": "picture", "run": "../one"}, "run name"),
        ({"kind": "picture", "run": "one\0"}, "run name"),
        ({"kind": "picture", "images": 21}, "no checkpoint at images 21"),
    ],
)
def test_a_wrong_request_is_told_and_the_next_is_answered(asker: Asker, request_: dict[str, Any], named: str) -> None:
    asker.session.send_json({"number": 1, "run": "one", **request_})
    assert named in asker.hear_error()["text"]
    asker.number = 1
    assert asker.pixels("picture").shape == (28, 28)


def test_errors_name_the_request(asker: Asker) -> None:
    number = asker.ask("strip", run="nonsense")
    error = asker.hear_error()
    assert (error["of"], error["number"]) == ("strip", number)


def test_a_failure_of_ours_is_told_without_its_inside(asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "picture", lambda here, view: 1 / 0)
    asker.ask("picture")
    assert asker.hear_error()["text"] == "the picture could not be drawn; the server's log says why"
    assert asker.pixels("strip").shape == (28, 28 * drawing.STRIP)


def test_damaged_checkpoint_is_told(asker: Asker, page_runs: Runs) -> None:
    path = page_runs.folder("one").find(20).path
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(bytes(data))
    asker.ask("picture", images=20)
    assert path.name in asker.hear_error()["text"]
    assert asker.pixels("picture", images=40).shape == (28, 28)


def test_samples_that_are_no_pictures(
    client: TestClient, page_runs: Runs, tiny: Callable[..., Dataset], tiny_config: Callable[..., Any]
) -> None:
    page_runs.store.create(tiny_config(conditional="no"), facts(tiny(shape=(2,), classes=0)), "one")
    with client.websocket_connect("/gan/latent") as session:
        asker = Asker(session)
        asker.ask("picture")
        assert "only grey or colour pictures" in asker.hear_error()["text"]


@pytest.mark.parametrize("text", ["{", "[]", "7", '"picture"', "null", "[" * 5000])
def test_what_is_no_object_ends_the_connection(client: TestClient, text: str) -> None:
    with client.websocket_connect("/gan/latent") as session:
        session.send_text(text)
        assert "not a JSON object" in Asker(session).closed()


# links


@pytest.mark.parametrize(
    "link",
    [
        Link(),
        Link("one", 20),
        Link("a run (1)", None, View()),
        Link("one", 20, View(mode="interpolate", seed=2**31 - 1, seed_b=0, label=3, label_b=8, t=0.346, how="linear")),
        Link("one", None, View(dims={3: 1.5, 17: -0.25}, truncation=0.5, label=0)),
    ],
)
def test_link_says_it_all(link: Link) -> None:
    assert Link.from_query(link.to_query()) == link


def test_bad_link_names_every_bad_part() -> None:
    with pytest.raises(ConfigError) as told:
        Link.from_query({"run": "nonsense", "images": "abc", "t": "7", "dims": "x:y", "seed": "-1", "utm": "ours not"})
    for part in ("images = 'abc'", "t = '7'", "dims = 'x:y'", "seed = '-1'"):
        assert part in str(told.value)
    assert "utm" not in str(told.value)
    for images in ("-1", "1.5", "1e3", "²", "9" * 16, ""):
        with pytest.raises(ConfigError, match="images"):
            Link.from_query({"images": images})


def test_link_without_a_place_says_none() -> None:
    assert Link.from_query({"run": "one", "images": "live"}) == Link("one")
    assert Link.from_query({"run": ""}) == Link()


def test_view_is_fitted_to_what_a_generator_has() -> None:
    view = View(mode="interpolate", label=3, label_b=25, dims={1: 1.0, 100: 2.0}, t=0.5)
    assert fitted(view, 8, 0) == View(mode="interpolate", dims={1: 1.0}, t=0.5)
    assert fitted(view, 8, 10) == View(mode="interpolate", label=3, label_b=8, dims={1: 1.0}, t=0.5)
    assert fitted(START, 8, 2) == View(mode="interpolate", label=1, label_b=1)
    assert fitted(View(), 8, 10) == View(label=3, label_b=8)

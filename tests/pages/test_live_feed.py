"""What the live socket tells: only what its reader lacks, and everything again when that became wrong."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from gan_core.runs import Runs
from gan_core.store import COLUMNS, History
from pages.parts import routes, sockets
from pages.parts.live import feed
from pages.parts.live.feed import POINTS, Curves, Grids
from pages.parts.live.route import GRID


def _record(step: int) -> dict[str, float]:
    return {**dict.fromkeys(COLUMNS, 0.5), "step": step, "images": 64 * step, "loss_d": math.sin(step / 50)}


def _history(count: int) -> History:
    history = History()
    for step in range(1, count + 1):
        history.append(_record(step))
    return history


class Reader:
    """Keeps what it is told, as the component does."""

    def __init__(self) -> None:
        self.columns: dict[str, list[float]] = {name: [] for name in COLUMNS}
        self.sent = 0

    def take(self, message: dict | None) -> None:
        if message is None:
            return
        if message["all"]:
            self.columns = {name: [] for name in COLUMNS}
        for name, values in message["columns"].items():
            self.columns[name] += values
            self.sent += len(values)


def test_a_reader_who_follows_has_what_one_who_comes_late_gets() -> None:
    history, curves, reader = History(), Curves(), Reader()
    for step in range(1, 5001):
        history.append(_record(step))
        if step % 7 == 0:
            reader.take(curves.news(history))
    reader.take(curves.news(history))
    late = Reader()
    late.take(Curves().news(history))
    assert reader.columns == late.columns
    assert POINTS / 2 <= len(late.columns["step"]) <= POINTS


def test_only_what_is_new_is_sent() -> None:
    history, curves = _history(300), Curves()
    first = curves.news(history)
    assert first is not None and first["all"] and len(first["columns"]["step"]) == 300
    assert curves.news(history) is None
    history.append(_record(301))
    second = curves.news(history)
    assert second is not None and not second["all"] and second["columns"]["step"] == [301.0]


def test_points_of_a_long_run_are_few_and_true_means() -> None:
    history = _history(10_000)
    message = Curves().news(history)
    assert message is not None and message["stride"] == 16
    assert message["columns"]["step"][:2] == [16.0, 32.0]
    losses = [math.sin(step / 50) for step in range(1, 17)]
    assert message["columns"]["loss_d"][0] == pytest.approx(np.mean(losses), rel=1e-6)


def test_a_rewritten_history_begins_again(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text("".join(json.dumps(_record(step)) + "\n" for step in range(1, 21)))
    history, curves = History(), Curves()
    history.refresh(path)
    curves.news(history)
    other = tmp_path / "other"
    other.write_text("".join(json.dumps(_record(step)) + "\n" for step in range(1, 11)))
    other.replace(path)
    history.refresh(path)
    message = curves.news(history)
    assert message is not None and message["all"] and message["columns"]["step"][-1] == 10.0


def test_numbers_that_were_not_recorded_are_null_in_json() -> None:
    history = History()
    history.append({name: 1.0 for name in COLUMNS if not name.startswith("grad")})
    message = Curves().news(history)
    assert message is not None and message["columns"]["grad_d"] == [None]
    json.dumps(message, allow_nan=False)


def test_grids_tell_what_came_and_when_some_went(page_runs: Runs, trained: Callable[..., str]) -> None:
    folder = page_runs.folder(trained("one"))
    grids = Grids()
    first = grids.news(folder)
    kept = [images for images, _ in folder.samples()]
    assert first == {"kind": "grids", "all": True, "kept": kept} and grids.news(folder) is None
    folder.save_sample(7_000, b"png")
    assert grids.news(folder) == {"kind": "grids", "all": False, "kept": [7_000]}
    folder.samples()[-1][1].unlink()
    assert grids.news(folder) == {"kind": "grids", "all": True, "kept": kept}


def test_the_list_is_filtered_and_bounded(
    page_runs: Runs, trained: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first", "second", "third"):
        trained(name)
    monkeypatch.setattr(feed, "LISTED", 2)
    assert [run["name"] for run in feed.listing("")["runs"]] == ["third", "second"]
    assert (feed.listing("")["total"], feed.listing("")["matching"]) == (3, 3)
    assert [run["name"] for run in feed.listing("IR")["runs"]] == ["third", "first"]
    assert feed.listing("first")["runs"][0]["what"] == "finished · 40 images"


@pytest.fixture
def client(page_runs: Runs) -> Iterator[TestClient]:
    """The routes, without Streamlit around them."""
    with TestClient(Starlette(routes=routes.ROUTES)) as client:
        yield client


def test_a_run_is_told_while_it_trains(client: TestClient, page_runs: Runs, tiny_config) -> None:
    page_runs.start(tiny_config(dataset="digits", images=None), "one")
    with client.websocket_connect("/gan/live") as socket:
        socket.send_text('{"run": "one"}')
        seen: dict[str, int] = {}
        while not {"facts", "points", "grids", "live"} <= seen.keys():
            message = socket.receive()
            if message.get("bytes"):
                (images,) = GRID.unpack(message["bytes"][: GRID.size])
                picture = Image.open(io.BytesIO(message["bytes"][GRID.size :]))
                assert images >= 0 and picture.size == (10 * 29 - 1, 2 * 29 - 1)
                seen["live"] = images
            else:
                content = json.loads(message["text"])
                seen[content["kind"]] = 1
                if content["kind"] == "facts":
                    assert content["run"] == "one" and content["progress"] is None


def test_a_run_at_rest_is_told_once(client: TestClient, trained: Callable[..., str]) -> None:
    trained("one")
    with client.websocket_connect("/gan/live") as socket:
        socket.send_text('{"run": "one"}')
        messages = [json.loads(socket.receive_text()) for _ in range(4)]
    assert [message["kind"] for message in messages] == ["watching", "points", "grids", "facts"]
    assert messages[0]["run"] == "one"
    assert messages[3]["state"] == "finished" and messages[3]["progress"] == 1.0


def test_a_new_wish_replaces_the_old(client: TestClient, trained: Callable[..., str]) -> None:
    trained("one")
    with client.websocket_connect("/gan/live") as socket:
        socket.send_text('{"list": ""}')
        assert json.loads(socket.receive_text())["runs"][0]["name"] == "one"
        socket.send_text('{"list": "nothing like it"}')
        assert json.loads(socket.receive_text())["matching"] == 0


def test_a_run_that_is_not_there_is_an_error_and_the_socket_lives(
    client: TestClient, trained: Callable[..., str]
) -> None:
    trained("one")
    with client.websocket_connect("/gan/live") as socket:
        for name, told in (("two", "no run named 'two'"), ("../one", "run name '../one'"), ("one", '"points"')):
            socket.send_text(json.dumps({"run": name}))
            assert json.loads(socket.receive_text()) == {"kind": "watching", "run": name}
            assert told in socket.receive_text()


def test_bytes_are_no_message(client: TestClient) -> None:
    with client.websocket_connect("/gan/live") as socket:
        socket.send_bytes(b"{}")
        with pytest.raises(WebSocketDisconnect) as gone:
            socket.receive_text()
    assert (gone.value.code, gone.value.reason) == (1008, "a message that is not text")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[]", "not a JSON object"), ("{", "not a JSON object"), ("{}", "one of run"), ('{"run": 3}', "wrong run"),
        ('{"run": "a", "list": ""}', "one of run"), ('{"ran": "a"}', "wrong ran"),
        (json.dumps({"list": "x" * 81}), "wrong list"), ("x" * sockets.MESSAGE_BYTES + "x", "more than"),
        ("[" * 9000, "not a JSON object"),
    ],
)
def test_nonsense_closes_the_socket_with_a_reason(client: TestClient, text: str, reason: str) -> None:
    with client.websocket_connect("/gan/live") as socket:
        socket.send_text(text)
        with pytest.raises(WebSocketDisconnect) as end:
            socket.receive_text()
    assert end.value.code == 1008 and reason in end.value.reason


def test_sample_grids_are_served_and_nothing_else(
    client: TestClient, page_runs: Runs, trained: Callable[..., str]
) -> None:
    folder = page_runs.folder(trained("one"))
    images, path = folder.samples()[0]
    answer = client.get(f"/gan/samples/one/{images}.png")
    assert answer.content == path.read_bytes() and answer.headers["content-type"] == "image/png"
    assert client.get("/gan/samples/one/5.png").status_code == 404
    assert client.get("/gan/samples/two/0.png").status_code == 404
    for hostile in ("..%2Fone", "..", "%00", "one%2F..%2Fone"):
        assert client.get(f"/gan/samples/{hostile}/{images}.png").status_code == 404


def test_the_chart_library_is_served(client: TestClient) -> None:
    answer = client.get("/gan/plotly.min.js")
    assert answer.status_code == 200 and b"newPlot" in answer.content

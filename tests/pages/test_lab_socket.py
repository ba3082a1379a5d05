"""The lab's socket: what is played there is what `Play` plays, and nothing is shown faster than it is seen."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from starlette.applications import Starlette
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from gan_core.errors import WorkbenchError
from gan_core.lab import Play, Scene
from pages.parts.lab import player, route
from pages.parts.lab.frame import SHARE, UNIT, pack, unpack
from pages.parts.lab.route import LAB

SCENE = {"batch_size": "16", "units_d": "8", "units_g": "8", "seed": "3"}
ALL = ["real", "fake", "surface", "optimal", "manifold", "pushes", "path"]


class Tab:
    """A browser's side of the socket."""

    def __init__(self, session: WebSocketTestSession) -> None:
        self.session, self.life = session, 0

    def say(self, kind: str, **more: Any) -> None:
        self.session.send_json({"kind": kind, **more})

    def hear(self) -> dict[str, Any]:
        """The next message; a frame as its header with `shown`, its arrays. Frames are seen at once."""
        got = self.session.receive()
        if got.get("text") is not None:
            return json.loads(got["text"])
        if got.get("bytes") is None:
            raise WebSocketDisconnect(got.get("code", 1000), got.get("reason", ""))
        header, arrays = unpack(got["bytes"])
        self.say("seen", number=header["number"])
        return {"kind": "frame", **header, "shown": arrays}

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while not wanted(heard := self.hear()):
            assert heard["kind"] in ("frame", "scene"), heard
        return heard

    def open(self, query: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
        """→ its first frame."""
        self.say("open", query=SCENE if query is None else query, **more)
        self.life = self.until(lambda heard: heard["kind"] == "scene")["life"]
        return self.until(lambda heard: heard["kind"] == "frame" and heard["life"] == self.life)

    def at_step(self, step: int) -> dict[str, Any]:
        return self.until(lambda heard: heard["kind"] == "frame" and heard["step"] == step)

    def refused(self) -> dict[str, Any]:
        return self.until(lambda heard: heard["kind"] in ("refused", "error"))


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=[LAB])) as client:
        yield client


@pytest.fixture
def tab(client: TestClient) -> Iterator[Tab]:
    with client.websocket_connect("/gan/lab") as session:
        yield Tab(session)


@pytest.fixture
def own() -> Play:
    """The same scene, played here."""
    torch.set_num_threads(1)
    return Play(Scene.from_query(SCENE))


def same(told: dict[str, Any], play: Play) -> bool:
    return told == pytest.approx(play.readings().as_dict(), nan_ok=True)


def test_a_scene_is_shown_as_it_begins(tab: Tab, own: Play) -> None:
    frame = tab.open(show={"layers": ALL, "chosen": 5})
    assert (frame["step"], frame["at"], frame["chosen"], frame["on"]) == (0, None, 5, False)
    assert same(frame["readings"], own)
    view = own.view(ALL, 5)
    for name, unit in (("real", UNIT), ("fake", UNIT), ("manifold", UNIT), ("pushes", UNIT), ("surface", SHARE)):
        expected = getattr(view, name).numpy()
        assert frame["shown"][name] == pytest.approx(expected, abs=0.51 / unit), name
    assert frame["shown"]["path"] == pytest.approx(view.fake[5:6].numpy(), abs=1e-4)


def test_only_what_is_asked_for_is_sent(tab: Tab) -> None:
    assert set(tab.open(show={"layers": ["fake"]})["shown"]) == {"fake"}
    tab.say("show", layers=["surface", "path"], chosen=None)  # no path without a chosen fake
    assert set(tab.until(lambda heard: "fake" not in heard["shown"])["shown"]) == {"surface"}


def test_steps_of_a_hand_are_plays_own(tab: Tab, own: Play) -> None:
    tab.open()
    for what, step in (("both", own.step), ("d", own.step_d), ("g", own.step_g)):
        tab.say("step", what=what)
        step()
        frame = tab.until(lambda heard: heard["readings"]["d_steps"] == own.readings().d_steps
                          and heard["step"] == own.step_count)
        assert same(frame["readings"], own)


def test_slow_motion_names_each_sub_step_and_ends_where_a_step_does(tab: Tab, own: Play) -> None:
    tab.open(show={"layers": ["fake"]})
    seen = []
    for _ in range(10):
        tab.say("step", what="sub")
        frame = tab.until(lambda heard: heard["substep"] is not None
                          and (not seen or heard["substep"] != seen[-1]["substep"]))
        seen.append(frame)
    names = [(one["substep"]["side"], one["substep"]["name"]) for one in seen]
    assert names == [
        *(("d", name) for name in ("noise", "generate", "score", "loss", "gradient", "update")),
        *(("g", name) for name in ("score", "loss", "gradient", "update")),
    ]
    for one in seen:  # what it is about is shown, whichever layers are on
        assert one["substep"]["sentence"] and set(one["substep"]["lights"]) <= set(one["shown"])
    assert len(seen[1]["shown"]["fake"]) == 16  # the batch at hand
    own.step()
    assert seen[-1]["step"] == 1 and same(seen[-1]["readings"], own)


def test_play_and_pause(tab: Tab) -> None:
    tab.open()
    tab.say("go", on=True, speed=0)
    assert tab.until(lambda heard: heard["step"] >= 5)["on"]
    tab.say("go", on=False)
    still = tab.until(lambda heard: not heard["on"])["step"]
    tab.say("step", what="both")
    assert tab.until(lambda heard: heard["step"] > still)["step"] == still + 1


def test_a_tab_that_sees_nothing_gets_no_more(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    delivered = threading.Semaphore(0)
    held = []

    def deliver(message: player.Message) -> None:
        if isinstance(message, bytes):
            held.append(message)
            delivered.release()

    lab = player.Player(deliver)
    try:
        lab.put(player.orders.Open(kind="open", query=SCENE))
        lab.put(player.orders.Go(kind="go", on=True))
        for _ in range(player.AHEAD):
            assert delivered.acquire(timeout=30)
        assert not delivered.acquire(timeout=0.3)
        lab.put(player.orders.Seen(kind="seen", number=unpack(held[-1])[0]["number"]))
        assert delivered.acquire(timeout=30)
    finally:
        lab.close()
        assert lab.join(30)


def test_only_so_many_orders_wait() -> None:
    delivered: list[player.Message] = []
    lab = player.Player(delivered.append)
    try:
        slow = {**SCENE, "critic_steps": "20", "batch_size": "1024", "unrolled_steps": "10"}
        lab.put(player.orders.Open(kind="open", query=slow))
        with pytest.raises(WorkbenchError, match="orders wait already"):
            for _ in range(10 * player.MOST_WAITING):
                lab.put(player.orders.OneStep(kind="step", what="both"))
        lab.put(player.orders.Open(kind="open", query=SCENE))  # none of them matters to another scene
    finally:
        lab.close()
        assert lab.join(30)


def test_marks_are_exact_and_it_pauses_at_the_last(tab: Tab, own: Play) -> None:
    tab.open(marks=[3, 7, 20])
    tab.say("go", on=True, speed=0)
    ended = tab.until(lambda heard: heard["kind"] == "ended")
    assert Scene.from_query(ended["scene"]) == own.scene
    for told in ended["marks"]:
        while own.step_count < told["step"]:
            own.step()
        assert same(told, own)
    assert [told["step"] for told in ended["marks"]] == [3, 7, 20]
    assert not tab.at_step(20)["on"]
    tab.say("reset")  # begun anew, they are all told anew
    tab.life = tab.until(lambda heard: heard["kind"] == "scene")["life"]
    tab.say("go", on=True, speed=0)
    again = tab.until(lambda heard: heard["kind"] == "ended")
    assert again["marks"] == ended["marks"]


def test_a_mark_that_is_reached_by_sub_steps_is_told(tab: Tab, own: Play) -> None:
    tab.open(marks=[1])
    for _ in range(10):  # six of D, four of G
        tab.say("step", what="sub")
    own.step()
    (told,) = tab.until(lambda heard: heard["kind"] == "ended")["marks"]
    assert same(told, own)


def test_the_past_is_shown_without_the_sub_step_of_now(tab: Tab) -> None:
    first = tab.open(show={"layers": ["fake"]})
    tab.say("step", what="both")
    tab.at_step(1)
    for _ in range(3):
        tab.say("step", what="sub")
    assert tab.until(lambda heard: heard["substep"] is not None)["substep"]
    tab.say("look", at=0)
    then = tab.until(lambda heard: heard["at"] == 0)
    assert then["substep"] is None and np.array_equal(then["shown"]["fake"], first["shown"]["fake"])
    tab.say("look", at=None)
    assert tab.until(lambda heard: heard["at"] is None)["substep"]["name"] == "score"


def test_back_through_the_past(tab: Tab) -> None:
    first = tab.open(show={"layers": ["fake"]}, marks=[40])
    tab.say("go", on=True, speed=0)
    tab.until(lambda heard: heard["kind"] == "ended")
    now = tab.at_step(40)
    tab.say("look", at=0)
    then = tab.until(lambda heard: heard["at"] == 0)
    assert then["step"] == 0 and then["past"] == [0, 40]
    assert then["readings"] == first["readings"]
    assert np.array_equal(then["shown"]["fake"], first["shown"]["fake"])
    tab.say("look", at=None)
    again = tab.until(lambda heard: heard["at"] is None)
    assert np.array_equal(again["shown"]["fake"], now["shown"]["fake"])


def test_a_change_while_it_plays_and_the_way_back(tab: Tab, own: Play) -> None:
    tab.open()
    tab.say("change", settings={"lr_d": 0.05})
    own.change(lr_d=0.05)
    tab.say("step", what="both")
    own.step()
    assert same(tab.at_step(1)["readings"], own)
    tab.say("reset")
    heard = tab.until(lambda heard: heard["kind"] == "scene")
    assert heard["scene"]["lr_d"] == 0.05 and heard["life"] > tab.life
    assert tab.at_step(0)["step"] == 0


def test_what_cannot_be_is_told_and_what_was_goes_on(tab: Tab) -> None:
    tab.open()
    tab.say("open", query={"objective": "hinge", "label_smoothing": "0.1"})
    heard = tab.refused()
    assert "label_smoothing" in heard["text"] and heard["still"]["query"] == SCENE
    tab.say("change", settings={"units_d": 16})
    assert "units_d" in tab.refused()["text"]
    tab.say("step", what="both")
    assert tab.at_step(1)


def test_a_game_that_diverges_pauses_and_says_so(tab: Tab) -> None:
    tab.open({**SCENE, "objective": "wasserstein", "gp_weight": "0", "lr_d": "1", "lr_g": "1", "optimiser_d": "sgd",
              "optimiser_g": "sgd"})
    tab.say("go", on=True, speed=0)
    heard = tab.until(lambda heard: heard["kind"] == "paused")
    assert "diverged" in heard["text"]
    tab.say("reset")
    assert tab.until(lambda heard: heard["kind"] == "scene")


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ({"kind": "pickle"}, "kind"),
        ({}, "kind"),
        ({"kind": "open"}, "query"),
        ({"kind": "open", "query": {"seed": 1}}, "query.seed"),
        ({"kind": "open", "query": {}, "marks": [0]}, "marks"),
        ({"kind": "open", "query": {}, "show": {"layers": ["secrets"]}}, "layers"),
        ({"kind": "open", "query": {"seed": "x"}}, "seed"),
        ({"kind": "open", "query": {"objective": "best"}}, "objective"),
        ({"kind": "open", "query": {"data": "drawing", "drawing": "!"}}, "drawing"),
        ({"kind": "go"}, "on"),
        ({"kind": "go", "on": True, "speed": -1}, "speed"),
        ({"kind": "go", "on": 1}, "on"),
        ({"kind": "step", "what": "back"}, "what"),
        ({"kind": "change", "settings": {"lr_d": None}}, "lr_d"),
        ({"kind": "change", "settings": {"lr_d": "fast"}}, "lr_d"),
        ({"kind": "change", "settings": {"lr_d": 7.0}}, "lr_d"),
        ({"kind": "show", "layers": [], "chosen": 512}, "chosen"),
        ({"kind": "look", "at": -1}, "at"),
        ({"kind": "seen", "number": "1"}, "number"),
        ({"kind": "reset", "more": 1}, "more"),
    ],
)
def test_a_wrong_request_is_told_and_the_next_is_obeyed(tab: Tab, message: dict[str, Any], named: str) -> None:
    tab.open()
    tab.session.send_json(message)
    assert named in tab.refused()["text"]
    tab.say("step", what="both")
    assert tab.at_step(1)


def test_no_more_labs_than_the_machine_takes(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(route, "MOST_LABS", 1)
    with client.websocket_connect("/gan/lab") as second:
        with client.websocket_connect("/gan/lab") as first:
            Tab(first).open()
            second.send_json({"kind": "open", "query": SCENE})
            heard = second.receive_json()
            assert heard["kind"] == "full" and "labs are open here already" in heard["text"]
        end = time.monotonic() + 30
        while route._players:
            assert time.monotonic() < end
            time.sleep(0.01)
        assert Tab(second).open()["step"] == 0


def test_a_tab_that_leaves_takes_its_thread_along(client: TestClient, wait: Callable[..., None]) -> None:
    with client.websocket_connect("/gan/lab") as session:
        tab = Tab(session)
        tab.open()
        tab.say("go", on=True, speed=0)
        tab.until(lambda heard: heard["step"] > 0)
        assert any(thread.name == "lab" for thread in threading.enumerate())
    wait(lambda: not any(thread.name == "lab" for thread in threading.enumerate()))


def test_another_site_may_not_play(client: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(
        "/gan/lab", headers={"origin": "http://other.example"}
    ):
        pass


def test_a_frame_carries_what_is_no_number() -> None:
    shares = torch.tensor([[0.0, 0.25], [1.0, float("nan")]])
    places = torch.tensor([[-1.5, 0.25], [9.0, float("nan")], [0.0, -9.0]])
    header, arrays = unpack(pack({"a": float("inf"), "b": [1.5, {"c": float("nan")}]}, {"s": shares}, {"p": places}))
    assert header["a"] is None and header["b"] == [1.5, {"c": None}]
    assert arrays["s"] == pytest.approx(shares.numpy(), abs=0.002, nan_ok=True)
    assert arrays["p"] == pytest.approx(np.array([[-1.5, 0.25], [4.0, 0.0], [0.0, -4.0]]), abs=2e-4)

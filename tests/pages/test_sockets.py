"""What every socket route keeps to: who may open one, how many, how large and how often messages may be."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from gan_core.presets import make_config
from gan_core.runs import Runs
from pages.parts import routes, sockets
from pages.parts.sockets import MESSAGE_BYTES, MESSAGES_PER_SECOND, Socket, socket_route


async def _echo(socket: Socket) -> None:
    while True:
        await socket.send(await socket.receive())


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=[socket_route("/echo", _echo)])) as client:
        yield client


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """The sockets' clock stands still, but for the seconds that are passed."""
    now = [100.0]

    def later(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(sockets, "monotonic", lambda: now[0])
    return later


def test_as_many_messages_as_allowed_and_no_more(client: TestClient, pass_time: Callable[[float], None]) -> None:
    with client.websocket_connect("/echo") as socket:
        for burst in (MESSAGES_PER_SECOND, MESSAGES_PER_SECOND // 2):
            for number in range(burst):
                socket.send_json({"number": number})
                assert socket.receive_json() == {"number": number}
            pass_time(0.5)  # half the allowance comes back
        pass_time(60)  # but never more than that of a second
        for _ in range(MESSAGES_PER_SECOND):
            socket.send_json({})
            socket.receive_json()
        socket.send_json({})
        with pytest.raises(WebSocketDisconnect) as end:
            socket.receive_json()
    assert end.value.code == 1008 and "messages a second" in end.value.reason


def test_a_message_may_be_so_large_and_no_larger(client: TestClient) -> None:
    def message(characters: int) -> str:
        return '{"x":"' + "y" * (characters - 8) + '"}'

    with client.websocket_connect("/echo") as socket:
        socket.send_text(message(MESSAGE_BYTES))
        assert len(socket.receive_text()) == MESSAGE_BYTES
        socket.send_text(message(MESSAGE_BYTES + 1))
        with pytest.raises(WebSocketDisconnect) as end:
            socket.receive_text()
    assert end.value.code == 1008 and str(MESSAGE_BYTES) in end.value.reason


def test_bytes_are_no_message(client: TestClient) -> None:
    with client.websocket_connect("/echo") as socket:
        socket.send_bytes(b"{}")
        with pytest.raises(WebSocketDisconnect) as end:
            socket.receive_text()
    assert end.value.code == 1008 and "not text" in end.value.reason


def test_so_many_connections_and_no_more(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "MOST_OPEN", 2)
    with client.websocket_connect("/echo") as one:
        with client.websocket_connect("/echo") as two:
            for socket in (one, two):
                socket.send_json({})
                assert socket.receive_json() == {}
            with client.websocket_connect("/echo") as three, pytest.raises(WebSocketDisconnect) as end:
                three.receive_text()
            assert end.value.code == 1013 and "2 connections" in end.value.reason
            two.send_json({})
            assert two.receive_json() == {}  # those who are in stay
        with client.websocket_connect("/echo") as four:  # the one who left made room
            four.send_json({"a": 1})
            assert four.receive_json() == {"a": 1}


@pytest.mark.parametrize("path", [route.path for route in routes.OURS if isinstance(route, WebSocketRoute)])
@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://testserver.evil.example", "http://testserver:81"])
def test_another_origin_is_refused(path: str, origin: str) -> None:
    with (
        TestClient(Starlette(routes=list(routes.OURS))) as client,
        pytest.raises(WebSocketDisconnect) as refused,
        client.websocket_connect(path, headers={"origin": origin}),
    ):
        pass
    assert refused.value.code == 1008


def test_the_own_origin_is_let_in(client: TestClient) -> None:
    with client.websocket_connect("/echo", headers={"origin": "http://testserver"}) as socket:
        socket.send_json({"a": 1})
        assert socket.receive_json() == {"a": 1}


@pytest.mark.parametrize("host", ["evil.example:8501", "evil.example", "localhost.evil.example"])
def test_a_name_that_is_made_to_lead_here_is_refused(host: str) -> None:
    """DNS rebinding: the page's own origin, and yet not ours."""
    client, headers = TestClient(Starlette(routes=list(routes.OURS))), {"host": host, "origin": f"http://{host}"}
    for path in ("/gan/live", "/gan/latent"):
        with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect(path, headers=headers):
            pass
        assert refused.value.code == 1008
    assert client.get("/gan/samples/a/0.png", headers=headers).status_code == 403


def test_a_warm_up_that_failed_does_not_cost_the_runs(
    page_runs: Runs, monkeypatch: pytest.MonkeyPatch, wait: Callable[..., None]
) -> None:
    def fail() -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(routes, "warm", fail)
    with TestClient(Starlette(routes=list(routes.OURS), lifespan=routes.lifespan)):
        name = page_runs.start(make_config(images=10**9, device="cpu"), "endless")
        wait(lambda: page_runs.snapshot(name).images > 0)
    assert page_runs.snapshot(name).state == "stopped" and page_runs.folder(name).checkpoints()

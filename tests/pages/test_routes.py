"""Where the routes beside the Streamlit script are found."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from gan_core.runs import Runs
from pages.parts.latent.route import LATENT
from pages.parts.routes import OURS, below


@pytest.mark.parametrize(("base", "prefix"), [("", ""), ("lab/gan", "/lab/gan"), ("/lab/", "/lab")])
def test_routes_lie_below_the_base_path(page_runs: Runs, base: str, prefix: str) -> None:
    with TestClient(Starlette(routes=below(base, OURS))) as client:
        assert client.get(f"{prefix}/gan/plotly.min.js").headers["content-type"].startswith("text/javascript")
        assert client.get(f"{prefix}/gan/samples/nobody/1.png").status_code == 404
        with client.websocket_connect(f"{prefix}{LATENT.path}") as session:
            session.send_json({})
            assert session.receive_json()["kind"] == "error"

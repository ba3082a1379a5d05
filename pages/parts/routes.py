"""Every route beside the Streamlit script, and what happens when the server ends."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import plotly
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from streamlit.config import get_option
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from gan_core.errors import WorkbenchError
from pages.parts.compare.route import DRAWN
from pages.parts.inside.route import INSIDE
from pages.parts.lab.route import LAB
from pages.parts.latent.route import LATENT
from pages.parts.live.route import LIVE
from pages.parts.threads import in_thread
from pages.parts.warm import warm
from pages.parts.workbench import runs

log = logging.getLogger(__name__)

PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"


async def plotly_js(request: Request) -> Response:
    """The library as the Python package ships it: charts work offline, and drawn by the version that was tested."""
    return FileResponse(PLOTLY, media_type="text/javascript", headers={"Cache-Control": "public, max-age=86400"})


async def sample_grid(request: Request) -> Response:
    """A kept sample grid of a run, as PNG."""
    if not is_host_allowed(request.headers.get("host")):
        return PlainTextResponse("this host is not in server.allowedHosts", 403)
    name, images = request.path_params["name"], request.path_params["images"]
    try:
        folder = await in_thread(lambda: runs().folder(name))
    except WorkbenchError as error:
        return PlainTextResponse(str(error), 404)
    path = folder.path / "samples" / f"{images.zfill(9)}.png"
    if not re.fullmatch("[0-9]{1,18}", images) or not path.is_file():
        return PlainTextResponse(f"{folder.name}: no sample grid at that place", 404)
    return FileResponse(path, media_type="image/png", headers={"Cache-Control": "no-cache"})


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """Warm for the first click, by the time a person has found the button; Ctrl-C and SIGTERM save running runs before
    the process ends."""
    warming = asyncio.create_task(in_thread(warm))
    yield
    if (await asyncio.gather(warming, return_exceptions=True))[0] is not None:
        log.warning("the warm-up failed: %s", warming.exception())
    if not await asyncio.to_thread(runs().shutdown, "the dashboard was ended"):
        log.warning("a run did not end in time; it goes on from its last checkpoint")


def below(base: str, routes: Sequence[Route | WebSocketRoute]) -> list[BaseRoute]:
    """The routes where pages look for them. Streamlit puts its own below `server.baseUrlPath`, and leaves ours."""
    prefix = f"/{base.strip('/')}".rstrip("/")
    return [type(route)(prefix + route.path, route.endpoint) for route in routes]


OURS = (
    Route("/gan/plotly.min.js", plotly_js),
    Route("/gan/samples/{name}/{images}.png", sample_grid),
    DRAWN,
    LIVE,
    LATENT,
    INSIDE,
    LAB,
)
ROUTES = below(str(get_option("server.baseUrlPath") or ""), OURS)

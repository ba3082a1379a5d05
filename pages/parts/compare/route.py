"""Pictures that a checkpoint draws for the scrubber: `/gan/drawn/RUN/IMAGES.png`.

Without a query from the latents of the run's own sample grid; with `seed`, `truncation`, `columns` and `rows` from
those of the page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from gan_core.errors import ConfigError, WorkbenchError
from gan_core.pictures import drawable, png
from gan_core.timeline import Moment, drawn, sheet
from pages.parts.compare.link import LAST_SEED
from pages.parts.threads import in_thread
from pages.parts.workbench import runs

MOST_SIDE = 16


def picture(name: str, images: int, query: Mapping[str, str]) -> bytes:
    """
    Raises:
        WorkbenchError: no such run or checkpoint, it is damaged, or a part of the query is wrong.
    """
    folder = runs().folder(name)
    folder.find(images)
    if "seed" not in query:
        return png(sheet(folder, Moment(images, 0.0, None, True), lambda at: runs().generator(name, at)[0]))
    if not drawable(folder.info.dataset.shape):
        raise ConfigError(f"{name}: no picture shows its samples")
    seed = _number(query, "seed", 0, LAST_SEED)
    columns, rows = (_number(query, part, 1, MOST_SIDE) for part in ("columns", "rows"))
    truncation = _number(query, "truncation", 0, 200) / 100
    return png(drawn(runs().generator(name, images)[0], seed, truncation, columns, rows))


def _number(query: Mapping[str, str], part: str, least: int, most: int) -> int:
    text = query.get(part, "")
    if not re.fullmatch("[0-9]{1,10}", text) or not least <= int(text) <= most:
        raise ConfigError(f"{part} = {text[:40]!r}: must be a whole number from {least} to {most}")
    return int(text)


async def draw(request: Request) -> Response:
    """A checkpoint's pictures, as PNG. Drawing costs time, so that other sites may not ask for it."""
    if not is_host_allowed(request.headers.get("host")):
        return PlainTextResponse("this host is not in server.allowedHosts", 403)
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return PlainTextResponse("only for pages of this app", 403)
    name, images = request.path_params["name"], request.path_params["images"]
    if not re.fullmatch("[0-9]{1,18}", images):
        return PlainTextResponse("images: must be a checkpoint's images seen", 404)
    try:
        data = await in_thread(lambda: picture(name, int(images), request.query_params))
    except ConfigError as error:
        return PlainTextResponse(str(error), 400)
    except WorkbenchError as error:
        return PlainTextResponse(str(error), 404)
    return Response(data, media_type="image/png", headers={"Cache-Control": "no-cache"})


DRAWN = Route("/gan/drawn/{name}/{images}.png", draw)

"""One run, or several compared, as a single HTML file that needs nothing else: no server, no network.

    Path("report.html").write_text(report(runs, ["first", "second"]), encoding="utf-8")

Whatever a run's files hold is text in it: names, notes and events are escaped, and nothing in them becomes markup.
"""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import plotly
import plotly.graph_objects as go

from gan_core.config import GROUPS, RATES, RunConfig, fields
from gan_core.errors import ConfigError, WorkbenchError
from gan_core.evaluation.ranking import BAR, Standing, by_ruler, ranked, standing
from gan_core.family import parent_of
from gan_core.figures import Curve, beliefs, losses, run_colour, scores
from gan_core.pictures import drawable, png
from gan_core.presets import PRESETS, make_config, preset_config
from gan_core.quality import MEASURES, NAMES, cell, floor_of, lines, measures_of, ruler_in_words, verdict
from gan_core.runs import Runs
from gan_core.store import RunFolder, RunInfo, now, versions
from gan_core.timeline import Strip, moments, nearest, sheet
from gan_core.words import duration, in_words

MOST_RUNS = 8
MOST_MOMENTS = 24
MOST_EVENTS = 200

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data: blob:; style-src 'unsafe-inline';
 script-src 'unsafe-inline'"><link rel="icon" href="data:,">
<title>{title}</title><style>{css}</style></head><body>
{body}
<script>{plotly}</script><script>{script}</script></body></html>
"""


def report(runs: Runs, names: Sequence[str]) -> str:
    """The HTML of a report on these runs, in the order given.

    It holds what each run is and what it took, how to repeat it, which settings differ, the curves, the sample grids
    over time, what was measured, the events, every setting, and what made it.

    Raises:
        ConfigError: no run, or more than `MOST_RUNS`.
        StoreError: no such run, or it cannot be read.
    """
    names = list(dict.fromkeys(names))
    if not 1 <= len(names) <= MOST_RUNS:
        raise ConfigError(f"a report is of 1 to {MOST_RUNS} runs, not of {len(names)}")
    folders = {name: runs.folder(name) for name in names}
    colours = {name: run_colour(index) for index, name in enumerate(names)}
    body = [
        f"<h1>{escape(' · '.join(names))}</h1>",
        f'<p class="soft">A report of GAN Workbench, made {escape(now()[:16].replace("T", " "))} UTC.</p>',
        _summary(runs, folders, colours),
        _differences(folders),
        _learning(runs, folders, colours),
        _quality(runs, folders, colours),
        _curves(runs, folders, colours),
        _again(runs, folders),
        _events(folders),
        _settings(folders),
        _versions(folders),
    ]
    here, library = Path(__file__).parent, Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    css, script, charts = (path.read_text("utf-8") for path in (here / "report.css", here / "report.js", library))
    title, content = escape(", ".join(names)), "\n".join(filter(None, body))
    return _PAGE.format(title=title, css=css, plotly=charts, script=script, body=content)


# parts


def _section(title: str, content: str, about: str = "") -> str:
    told = f'<p class="soft">{escape(about)}</p>' if about else ""
    return f"<section><h2>{escape(title)}</h2>{told}{content}</section>" if content else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], titles: Sequence[str] = ()) -> str:
    """Cells are HTML. `titles`: what each column means, shown on hover."""
    marks = [f' title="{escape(title)}"' if title else "" for title in titles] or [""] * len(head)
    top = "".join(f"<th{mark}>{one}</th>" for one, mark in zip(head, marks, strict=True))
    body = "".join("<tr>" + "".join(f"<td>{one}</td>" for one in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _named(name: str, colours: dict[str, str]) -> str:
    return f'<span class="dot" style="background:{colours[name]}"></span><b>{escape(name)}</b>'


def _summary(runs: Runs, folders: dict[str, RunFolder], colours: dict[str, str]) -> str:
    rows = []
    for name, folder in folders.items():
        snapshot, info = runs.snapshot(name), folder.info
        parent = f"{info.parent.name} at {info.parent.images:,} images" if info.parent else ""
        shape = "×".join(map(str, info.dataset.shape))
        rows.append([
            _named(name, colours), *map(escape, (
                snapshot.state, f"{snapshot.images:,}", f"{snapshot.step:,}", duration(snapshot.seconds),
                str(len(folder.checkpoints())), f"{info.config.dataset}: {info.dataset.count:,} of {shape}",
                info.config.preset, str(info.config.seed), info.created[:16].replace("T", " "), parent,
            )),
        ])
    head = ("run", "state", "images seen", "step", "training time", "checkpoints", "data", "preset", "seed",
            "begun (UTC)", "forked from")
    notes = "".join(
        f"<h3>{escape(name)}: note</h3><p class=note>{escape(folder.info.note)}</p>"
        for name, folder in folders.items() if folder.info.note
    )
    return _section("Runs", _table(head, rows) + notes)


def _differences(folders: dict[str, RunFolder]) -> str:
    if len(folders) < 2:
        return ""
    first, *others = folders.values()
    names = set().union(*(first.config.differences(other.config) for other in others))
    rows = [
        [f"{escape(str(info.title))} <code>{name}</code>",
         *(escape(in_words(getattr(folder.config, name))) for folder in folders.values())]
        for name, info in RunConfig.model_fields.items() if name in names
    ]
    same = '<p class="soft">No setting differs.</p>'
    return _section("Settings that differ", _table(["setting", *map(escape, folders)], rows) if rows else same)


def _learning(runs: Runs, folders: dict[str, RunFolder], colours: dict[str, str]) -> str:
    """Sample grids over time, all runs under one slider."""
    strips = []
    for name, folder in folders.items():
        found = moments(folder, runs.history(name), most=MOST_MOMENTS)
        if found and drawable(folder.info.dataset.shape):
            strips.append(Strip(name, found, lambda moment, name=name, folder=folder: sheet(
                folder, moment, lambda images: runs.generator(name, images)[0]
            )))
    if not strips:
        return ""
    stops = sorted({moment.images for strip in strips for moment in strip.moments})
    shown, figures = [], ""
    for strip in strips:
        pictures, places = "", []
        for moment in strip.moments:
            try:
                data = base64.b64encode(png(strip.picture(moment))).decode()
            except WorkbenchError:  # one that cannot be read any more
                continue
            words = f"{moment.images:,} images" + (f", {moment.seconds:.1f} s" if moment.seconds else "")
            pictures += (
                f'<img hidden alt="{escape(strip.name)} at {words}" title="{words}" src="data:image/png;base64,{data}">'
            )
            places.append(moment)
        if places:
            shown.append([places.index(nearest(places, stop, "images")) for stop in stops])
            caption = f"<figcaption>{_named(strip.name, colours)} <span></span></figcaption>"
            figures += f"<figure>{caption}{pictures}</figure>"
    data = escape(json.dumps({"stops": stops, "shown": shown}))
    return _section("Learning, side by side", (
        f'<div class="learning" data-learning="{data}"><div class="stage">{figures}</div>'
        f'<label>training time <input type="range" min="0" max="{len(stops) - 1}" value="{len(stops) - 1}"></label>'
        "<output></output></div>"
    ), "The same latents of each run all along; each at its moment nearest to the slider's.")


def _quality(runs: Runs, folders: dict[str, RunFolder], colours: dict[str, str]) -> str:
    found: list[Standing] = []
    for name, folder in folders.items():
        found += standing(folder, lambda images, name=name: runs.generator(name, images)[0])
    content = ""
    for ruler, here in by_ruler(found).items():
        places = ranked(here)
        names = measures_of(places)
        rows = [
            [str(place.rank) + (" (tie)" if sum(other.rank == place.rank for other in places) > 1 else ""),
             _named(place.standing.run, colours), f"{place.standing.images:,}",
             *(_cell(place.standing.evaluation.scores, name) for name in names)]
            for place in places
        ]
        rows.append(["", "real samples", "the floor", *(_cell(here[0].evaluation.floor, name) for name in names)])
        head = ["place", "run", "images seen", *(MEASURES[name][0] for name in names)]
        about = ruler_in_words(ruler, here, folders[here[0].run].info.dataset.name)
        content += f"<h3>{escape(about)}</h3><p>{escape(verdict(here, 'fid'))}</p>" + _table(
            head, rows, ["", "", "", *(MEASURES[name][1] for name in names)]
        )
        histories = {one.run: runs.history(one.run) for one in here}
        content += '<div class="two">' + "".join(
            _figure(scores(drawn, NAMES[by], floor_of(here, by), log=by == "fid"), NAMES[by])
            for by in NAMES if (drawn := lines(here, by, histories, colours))
        ) + "</div>"
    return _section(
        "Quality", content, f"± is {BAR:g} standard errors. Places are by FID; checkpoints whose bars overlap are "
        "tied. Numbers of other data, extractors or counts of samples stand apart.",
    )


def _cell(found: dict[str, Any], name: str) -> str:
    value, bar = cell(found, name)
    return f"{value} <span class=soft>{bar}</span>" if bar else value


def _curves(runs: Runs, folders: dict[str, RunFolder], colours: dict[str, str]) -> str:
    drawn = []
    for name, folder in folders.items():
        columns, parent = runs.history(name).thinned(600).columns, folder.info.parent
        if len(columns["step"]):
            forked = parent.images if parent is not None and parent.images else None
            drawn.append(Curve(name, columns, {}, colours[name] if len(folders) > 1 else None, forked))
    if not drawn:
        return ""
    pair = _figure(losses(drawn), "Losses") + _figure(beliefs(drawn), "What D believes")
    return _section(
        "Curves", f'<div class="two">{pair}</div>', "A loss does not say how good the samples are. Drag to zoom, "
        "double-click for all. A diamond: where a fork branched off.",
    )


def _figure(figure: go.Figure, what: str) -> str:
    # As an attribute, so that no name in it can end a script.
    text = figure.to_json() or "{}"
    return (
        f'<div class="plot" role="img" aria-label="{escape(what)}" '
        f'style="min-height:{json.loads(text)["layout"]["height"]}px" data-figure="{escape(text)}"></div>'
    )


def _again(runs: Runs, folders: dict[str, RunFolder]) -> str:
    """How to repeat each run from a shell."""
    infos = {one.name: runs.folder(one.name).info for one in runs.snapshots()}
    content = ""
    for name, folder in folders.items():
        parent = parent_of(name, infos)
        told = command(folder.info, name, parent, infos[parent] if parent is not None else None)
        content += f"<h3>{escape(name)}</h3><pre>{escape(told)}</pre>"
    return _section("How to repeat it", content, "The same data, kind of machine and number of threads give the same "
                    "run, bit for bit. Rates that were changed while it trained stand among the events.")


def command(info: RunInfo, name: str, parent: str | None = None, its: RunInfo | None = None) -> str:
    """The command line that trains a run again; that of a fork begins with its parent's checkpoint.

    Args:
        parent, its: the parent's present name, and what it was; None: it has none, or none that is here.
    """
    words = ["python", "-m", "gan_core"]
    if info.parent is not None and its is not None:
        step = info.parent.images // (its.config.batch_size * its.config.critic_steps)
        words += ["fork", str(parent), *(["--checkpoint", str(step)] if step else ["--from-start"])]
        base = its.config
    else:
        words.append("train")
        known = info.config.preset in PRESETS
        words += ["--preset", info.config.preset] if known else []
        base = preset_config(info.config.preset) if known else make_config()
    words += ["--name", f"{name}-again"]
    # A fork without rates takes those of its checkpoint, which may be neither.
    given = {*info.config.differences(base), *(RATES if words[3] == "fork" else ())} - {"preset"}
    for key, value in info.config.model_dump(mode="json").items():
        if key in given:
            text = ",".join(value) if isinstance(value, list) else "none" if value is None else str(value)
            words += ["--set", f"{key}={text or 'none'}"]
    line = shlex.join(words)
    if info.parent is not None and its is None and info.parent.images:
        line = (
            f"# Forked from {info.parent.name!r} (begun {info.parent.created}) at {info.parent.images:,} images, which "
            f"is not here. With its settings from the beginning:\n{line}"
        )
    return line


def _events(folders: dict[str, RunFolder]) -> str:
    content = ""
    for name, folder in folders.items():
        rows = []
        for event in folder.events()[-MOST_EVENTS:]:
            images = event.get("images")
            details = {key: value for key, value in event.items() if key not in ("time", "event", "images")}
            rows.append([*map(escape, (
                str(event.get("time", ""))[:19].replace("T", " "), str(event.get("event", "")),
                f"{images:,}" if isinstance(images, int) else "",
                ", ".join(f"{key}: {value}" for key, value in details.items())[:2000],
            ))])
        table = _table(["time (UTC)", "event", "images seen", "details"], rows)
        content += f"<details><summary>{escape(name)}: {len(rows)} events</summary>{table}</details>"
    return _section("Events", content)


def _settings(folders: dict[str, RunFolder]) -> str:
    rows = [
        [escape(group), f"{escape(str(info.title))} <code>{name}</code>",
         *(escape(in_words(getattr(folder.config, name))) for folder in folders.values())]
        for group in GROUPS for name, info in fields(group)
    ]
    table = _table(["group", "setting", *map(escape, folders)], rows)
    return _section("All settings", f"<details><summary>{len(rows)} settings</summary>{table}</details>")


def _versions(folders: dict[str, RunFolder]) -> str:
    made = {"this report": versions(), **{name: folder.info.versions for name, folder in folders.items()}}
    parts = list(dict.fromkeys(part for one in made.values() for part in one))
    rows = [[escape(name), *(escape(one.get(part, "")) for part in parts)] for name, one in made.items()]
    prints = [
        [escape(name), escape(folder.info.dataset.name), f"<code>{escape(folder.info.dataset.fingerprint)}</code>"]
        for name, folder in folders.items()
    ]
    return _section("Versions", _table(["", *map(escape, parts)], rows) + _table(["", "data", "fingerprint"], prints))

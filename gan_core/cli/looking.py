"""`runs` and `show`: what there is, as text or as JSON."""

from __future__ import annotations

import json
import math
from typing import Any

import click

from gan_core.cli.shell import Command, checkpoints_option, name_argument, say, table
from gan_core.config import GROUPS, fields
from gan_core.runs import Runs
from gan_core.snapshot import Snapshot
from gan_core.store import COLUMNS, Store
from gan_core.words import duration

EVENTS_SHOWN = 12


@click.command(cls=Command)
@click.option("--json", "as_json", is_flag=True, help="A JSON list, one object a run.")
@checkpoints_option
def runs(as_json: bool, store: Store) -> None:
    """List every run, newest first.

    \b
      python -m gan_core runs
      python -m gan_core runs --json | jq -r '.[] | select(.state == "interrupted").name'
    """
    found = Runs(store)
    snapshots = found.snapshots()
    for problem in found.damaged().values():
        say(f"cannot be read: {problem}", err=True)
    if as_json:
        say(json.dumps([_facts(snapshot) for snapshot in snapshots], indent=2))
    elif not snapshots:
        say(f"no runs in {store.root}; begin one with: python -m gan_core train")
    else:
        rows = [("name", "state", "done", "images", "time", "dataset", "preset", "seed")]
        for one in snapshots:
            config = one.config
            rows.append((
                one.name, one.state, _share(one), f"{one.images:,}", duration(one.seconds), config.dataset,
                config.preset, str(config.seed),
            ))
        say(table(rows))


@click.command(cls=Command)
@name_argument
@click.option("--json", "as_json", is_flag=True, help="All of it as one JSON object.")
@checkpoints_option
def show(name: str, as_json: bool, store: Store) -> None:
    """Tell all about the run NAME: its state, how good it is, the curves' last values, checkpoints, events, settings.

    \b
      python -m gan_core show digits-quick-1
      python -m gan_core show digits-quick-1 --json | jq .last.loss_g
    """
    found = Runs(store)
    snapshot, folder, last = found.snapshot(name), found.folder(name), found.history(name).last()
    parent = folder.info.parent
    checkpoints = [
        {"step": file.step, "images": file.images, "bytes": file.path.stat().st_size, "file": file.path.name}
        for file in folder.checkpoints()
    ]
    watched = found.watched(name)
    if as_json:
        whole = {
            **_facts(snapshot),
            "created": folder.info.created, "parent": parent and parent.model_dump(), "note": folder.info.note,
            "versions": folder.info.versions,
            "data": folder.info.dataset.model_dump(mode="json"), "config": folder.config.model_dump(mode="json"),
            "last": last and {key: value if math.isfinite(value) else None for key, value in last.items()},
            "checkpoints": checkpoints,
            "verdicts": [
                {"kind": one.kind, "title": one.title, "text": one.text, "since": one.since, "advice": one.advice,
                 "changes": dict(one.changes)} for one in watched.verdicts
            ],
            "measured": watched.measures[-1].model_dump(mode="json") if watched.measures else None,
            "samples": [{"images": images, "file": f"samples/{path.name}"} for images, path in folder.samples()],
            "events": folder.events(),
        }
        say(json.dumps(whole, indent=2))
        return
    reason = f": {snapshot.reason}" if snapshot.reason else ""
    say(f"{name}\n  {snapshot.state}{reason}")
    say(f"  {snapshot.images:,} images, step {snapshot.step:,}, {duration(snapshot.seconds)}, {_share(snapshot)} done")
    say(f"  created {folder.info.created}" + (f"\n  {folder.info.note}" if folder.info.note else ""))
    if parent:
        say(f"  forked from {parent.name} at {parent.images:,} images")
    say("\nIs it any good?")
    for verdict in watched.verdicts:
        say(f"  {verdict.title}: {verdict.text}" + (f"\n    {verdict.advice}" if verdict.advice else ""))
    if watched.measures:
        newest = watched.measures[-1]
        say(f"  Measured at {newest.images:,} images: {newest.samples:,} samples by {newest.extractor} {newest.digest}")
    if watched.note:
        say(f"  {watched.note}")
    if last:
        say("\nCurves, last values")
        say(_indented([(key, f"{value:.5g}") for key, value in last.items() if key not in COLUMNS[:4]]))
    say("\nCheckpoints")
    say(_indented([
        (f"step {file['step']}", f"{file['images']:,} images", f"{file['bytes'] / 1e6:.1f} MB") for file in checkpoints
    ] or [("none yet",)]))
    events = folder.events()
    say("\nEvents" + (f" (the last {EVENTS_SHOWN} of {len(events)})" if len(events) > EVENTS_SHOWN else ""))
    say(_indented([_event(event) for event in events[-EVENTS_SHOWN:]] or [("none",)]))
    for group in GROUPS:
        say(f"\n{group}")
        say(_indented([(key, _value(getattr(folder.config, key))) for key, _ in fields(group)]))


def _facts(snapshot: Snapshot) -> dict[str, Any]:
    """What one line of the list holds."""
    return {
        "name": snapshot.name, "state": snapshot.state, "reason": snapshot.reason, "dataset": snapshot.config.dataset,
        "preset": snapshot.config.preset, "seed": snapshot.config.seed, "step": snapshot.step,
        "images": snapshot.images, "seconds": snapshot.seconds, "images_per_second": snapshot.rate,
        "target_images": snapshot.target_images, "target_seconds": snapshot.target_seconds,
        "progress": snapshot.progress,
    }


def _share(snapshot: Snapshot) -> str:
    if snapshot.state != "finished" and snapshot.target_images is None and snapshot.target_seconds is None:
        return "-"
    return f"{int(100 * snapshot.progress)} %"


def _event(event: dict[str, Any]) -> tuple[str, str, str, str]:
    """(time, what, where, details); any of it may be missing in a file that came from elsewhere."""
    details = {key: value for key, value in event.items() if key not in ("time", "event", "images")}
    images = event.get("images")
    return (
        str(event.get("time", "?"))[:19].replace("T", " "), str(event.get("event", "?")),
        f"{images:,} images" if isinstance(images, int) else "",
        ", ".join(f"{key}: {value}" for key, value in details.items()),
    )


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return "none" if value is None else str(value)


def _indented(rows: list[tuple[str, ...]]) -> str:
    return "\n".join(f"  {line}" for line in table(rows).splitlines())

"""`report`: runs as one HTML file."""

from __future__ import annotations

from pathlib import Path

import click

from gan_core.cli.shell import Command, checkpoints_option, out_option, say, write
from gan_core.report import report
from gan_core.runs import Runs
from gan_core.store import Store


@click.command("report", cls=Command)
@click.argument("names", nargs=-1, required=True, help="The runs, as `runs` lists them: one, or several to compare.")
@out_option(".html")
@checkpoints_option
def report_command(names: tuple[str, ...], out: Path, store: Store) -> None:
    """Write a report of one run, or of several compared, as a single HTML file.

    \b
      python -m gan_core report digits-quick-1 --out report.html
      python -m gan_core report digits-quick-1 digits-quick-1-fork --out compared.html

    It needs no server and no network: settings, curves, sample grids over time, what `evaluate` measured, events,
    versions, and how to repeat it, all in the one file.
    """
    text = report(Runs(store), names)
    write(out, text.encode())
    say(f"{out}: a report of {', '.join(names)}, {len(text.encode()) / 1e6:.1f} MB")

"""`download`: data sets that are not built in."""

from __future__ import annotations

import sys

import click

from gan_core import datasets
from gan_core.cli.progress import Bar
from gan_core.cli.shell import Command, say
from gan_core.errors import WorkbenchError


@click.command(cls=Command)
@click.argument("name", help="The data set.")
@click.option("--data-dir", metavar="DIR", help="Where to keep it. Default: $GAN_DATA_DIR, else data/.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def download(name: str, data_dir: str | None, yes: bool) -> None:
    """Fetch the data set NAME (mnist, fashion-mnist, …), after telling how large it is.

    \b
      python -m gan_core download mnist
      python -m gan_core download cifar10 --data-dir /data --yes

    What is there already is not fetched again, and a download that broke continues where it stopped.
    """
    size, folder = datasets.download_size(name), datasets.data_folder(data_dir)
    if size and datasets.is_available(name, data_dir):
        say(f"{name}: is already in {folder}")
        return
    if size:
        say(f"{name}: {size / 1e6:,.1f} MB into {folder}")
        if not yes and not sys.stdin.isatty():
            raise WorkbenchError("nobody is there to ask: add --yes to download")
        if not yes and not click.confirm("Download?"):
            return
    with Bar() as bar:
        datasets.download(
            name, data_dir, lambda done, total: bar.show(done / total, f"{done / 1e6:,.1f} of {total / 1e6:,.1f} MB")
        )
    say(f"{name}: is in {folder}" if size else f"{name}: is built in and needs no download")

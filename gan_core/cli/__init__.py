"""The same jobs from a shell: `python -m gan_core --help`. One file a group of commands."""

from __future__ import annotations

import click

from gan_core.cli.benchmarking import benchmark
from gan_core.cli.drawing import interpolate, sample
from gan_core.cli.evaluating import evaluate_command
from gan_core.cli.exporting import export_onnx
from gan_core.cli.fetching import download
from gan_core.cli.looking import runs, show
from gan_core.cli.reporting import report_command
from gan_core.cli.shell import Group
from gan_core.cli.training import fork, resume, train

__all__ = ["main"]


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def main() -> None:
    """Train small GANs, draw with them, and look at what was trained.

    \b
      python -m gan_core train --preset quick --dataset digits --seconds 30
      python -m gan_core runs
      python -m gan_core sample digits-quick-1 --count 64 --out samples.png

    Runs are folders below --checkpoints DIR (or $GAN_CHECKPOINTS; else checkpoints/), the same that the dashboard
    shows. `COMMAND --help` explains a command, with examples.

    Exit codes: 0 done; 1 the training failed; 2 something asked for is wrong; 130 and 143 ended by Ctrl-C and by
    SIGTERM (train, resume and fork save first).
    """


for command in (
    train, resume, fork, runs, show, sample, interpolate, evaluate_command, report_command, benchmark, export_onnx,
    download,
):
    main.add_command(command)

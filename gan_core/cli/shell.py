"""What every command shares: how the help is laid out, how errors and text reach the person, how files are written."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from gan_core.errors import WorkbenchError
from gan_core.store import Store
from gan_core.store.files import write_atomic

F = TypeVar("F", bound=Callable[..., Any])


class Complaint(click.ClickException):
    """What was asked for is wrong: one line, without a traceback."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        say(f"error: {self.format_message()}", err=True)


class Failure(Complaint):
    """The training failed."""

    exit_code = 1


class Group(click.Group):
    """Commands in the order they were added, whose errors for people end in one line and exit code 2."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except WorkbenchError as error:
            raise Complaint(str(error)) from None
        except (KeyboardInterrupt, click.Abort):
            say("interrupted", err=True)
            ctx.exit(130)


class Option(click.Option):
    """An option that knows the section of the help it stands in."""

    def __init__(self, *args: Any, section: str = "Options", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section


class Command(click.Command):
    """A command whose help shows its options by section; those without one stand last."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            row = parameter.get_help_record(ctx)
            if row and isinstance(parameter, click.Option):
                sections.setdefault(getattr(parameter, "section", "Options"), []).append(row)
        for title in sorted(sections, key=lambda title: title == "Options"):
            with formatter.section(title):
                formatter.write_dl(sections[title])


def name_argument(function: F) -> F:
    """NAME, of a run."""
    return click.argument("name", help="The run, as `runs` lists it.")(function)


def _store(_ctx: click.Context, _parameter: click.Parameter, value: str) -> Store:
    if os.path.exists(value) and not os.path.isdir(value):
        raise WorkbenchError(f"checkpoints = {value!r}: is a file; give the folder that holds the runs")
    return Store(value)


def checkpoints_option(function: F) -> F:
    """`--checkpoints DIR`, given to the function as a `Store`."""
    return click.option(
        "--checkpoints", "store", envvar="GAN_CHECKPOINTS", default="checkpoints", show_default=True, metavar="DIR",
        callback=_store, help="Where the runs lie; also $GAN_CHECKPOINTS.",
    )(function)


def checkpoint_option(function: F) -> F:
    """`--checkpoint STEP`, given to the function as `step`."""
    return click.option(
        "--checkpoint", "step", type=int, metavar="STEP",
        help="The checkpoint of this step (`show NAME` lists them). Default: the newest.",
    )(function)


def out_option(*endings: str) -> Callable[[F], F]:
    """`--out FILE`, whose name must have one of the endings, in a folder that is there; given as a `Path`."""

    def check(_ctx: click.Context, _parameter: click.Parameter, value: str) -> Path:
        path = Path(value)
        if path.suffix.lower() not in endings:
            raise WorkbenchError(f"out = {value!r}: must end in {' or '.join(endings)}")
        if path.is_dir():
            raise WorkbenchError(f"out = {value!r}: is a folder; give the name of a file")
        if not path.absolute().parent.is_dir():
            raise WorkbenchError(f"out = {value!r}: there is no folder {str(path.parent)!r}; make it first")
        return path

    return click.option(
        "--out", required=True, metavar="FILE", callback=check, help=f"What to write: a {' or '.join(endings)} file."
    )


def write(path: Path, data: bytes) -> None:
    """Write a file wholly or not at all.

    Raises:
        WorkbenchError: the folder cannot be written, or the disk is full.
    """
    try:
        write_atomic(path, data)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason = "the disk is full; free some space" if full else f"cannot be written: {error.strerror or error}"
        raise WorkbenchError(f"out = {str(path)!r}: {reason}") from None


def say(text: str, err: bool = False) -> None:
    """Print lines. What came from a run's files may hold anything: it must not steer the terminal."""
    click.echo("".join(c if c.isprintable() or c == "\n" else "�" for c in text), err=err)


def table(rows: list[tuple[str, ...]]) -> str:
    """Rows, the first of them the heading, as text in columns."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join(lines)

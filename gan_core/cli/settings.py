"""A flag for every setting of a run, made from the settings themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args, get_origin

import click
from pydantic.fields import FieldInfo

from gan_core.cli.shell import Command, F, Option
from gan_core.config import RunConfig, fields, parse_assignments
from gan_core.datasets import DATASETS
from gan_core.errors import ConfigError
from gan_core.presets import PRESETS, make_config
from gan_core.settings import choices, limits


class TrainCommand(Command):
    """Its help ends with the presets and data sets there are."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Presets"):
            formatter.write_dl([(name, preset.description) for name, preset in PRESETS.items()])
        with formatter.section("Data sets"):
            formatter.write_dl([(name, source.description) for name, source in DATASETS.items()])


def setting_options(function: F) -> F:
    """Adds `--lr-g` for `lr_g` and so on, in the order they are shown; the function gets those given, as text."""
    for name, info in reversed(list(fields())):
        function = setting_option(name, info)(function)
    return function


def setting_option(name: str, info: FieldInfo, default: str | None = None) -> Any:
    """One setting's flag; `default` in words, where it is not the setting's own.

    It gives text, whatever the setting's type: `config.validated` has the better error messages.
    """
    extra = info.json_schema_extra
    assert isinstance(extra, dict)
    help = f"{info.title}: {info.description} [{_range(info)}default: {default or _default(info)}]"
    return click.option(
        f"--{name.replace('_', '-')}", name, cls=Option, section=str(extra["group"]), metavar=_metavar(info), help=help,
    )


def _metavar(info: FieldInfo) -> str:
    if get_origin(info.annotation) is tuple:
        return "LIST"
    if choices(info):
        return "|".join(map(str, choices(info)))
    kinds = get_args(info.annotation) or (info.annotation,)
    return "INTEGER" if int in kinds else "NUMBER" if float in kinds else "TEXT"


def _range(info: FieldInfo) -> str:
    if get_origin(info.annotation) is tuple:
        return f"any of {','.join(choices(info))}; "
    bounds = {key: f"{bound:.12g}" for key, bound in limits(info).items()}
    low = f"{bounds['gt']}<" if "gt" in bounds else f"{bounds['ge']}<=" if "ge" in bounds else ""
    high = f"<{bounds['lt']}" if "lt" in bounds else f"<={bounds['le']}" if "le" in bounds else ""
    return f"{low}x{high}; " if low or high else ""


def _default(info: FieldInfo) -> str:
    if info.default in (None, ()):
        return "none"
    return f"{info.default:g}" if isinstance(info.default, float) else str(info.default)


def config_from(flags: Mapping[str, str | None], assignments: tuple[str, ...]) -> RunConfig:
    """Flags and `--set key=value` on top of the preset.

    Raises:
        ConfigError: a setting given twice, or see `presets.make_config`.
    """
    given = parse_assignments([f"{name}={text}" for name, text in flags.items() if text is not None])
    values = given | assigned(assignments, given)
    return make_config(values.pop("preset", "quick"), **values)


def assigned(pairs: tuple[str, ...], given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """`--set key=value`, as often as it stands there → values by field, still unchecked.

    Raises:
        ConfigError: a pair without `=`, or a setting given twice, here or in `given`.
    """
    values: dict[str, Any] = {}
    for pair in pairs:
        for name, value in parse_assignments([pair]).items():
            if name in values or name in (given or {}):
                way = f"as --{name.replace('_', '-')} or with --set" if given else "with --set"
                raise ConfigError(f"{name}: is given twice; give it once, {way}")
            values[name] = value
    return values

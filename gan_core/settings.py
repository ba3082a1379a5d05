"""What a model of settings is made of: fields that know what the screens show of them, and errors in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticUndefined

from gan_core.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)


def setting(default: Any, title: str, help: str, group: str, *, main: bool = False, **limits: Any) -> Any:
    """A config field with what the form and the shell show of it."""
    return Field(default, title=title, description=help, json_schema_extra={"group": group, "main": main}, **limits)


def choices(info: FieldInfo) -> tuple[Any, ...]:
    """The allowed values of a setting with a fixed choice, else ()."""
    annotation = info.annotation
    if get_origin(annotation) is tuple:
        annotation = get_args(annotation)[0]
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def limits(info: FieldInfo) -> dict[str, float]:
    """The bounds of a number: any of gt, ge, lt, le."""
    bounds: dict[str, float] = {}
    for part in info.metadata:
        for key in ("gt", "ge", "lt", "le"):
            if getattr(part, key, None) is not None:
                bounds[key] = getattr(part, key)
    return bounds


def allowed(name: str, model: type[BaseModel]) -> str:
    """In words, what a setting of the model may be."""
    info = model.model_fields[name]
    if choices(info):
        listed = ", ".join(str(choice) for choice in choices(info))
        return f"any of {listed}" if get_origin(info.annotation) is tuple else f"one of {listed}"
    kinds = get_args(info.annotation) or (info.annotation,)
    kind = "a whole number" if int in kinds else "a number" if float in kinds else "text"
    signs = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}
    bounds = [f"{signs[key]} {value:,}" if isinstance(value, int) else f"{signs[key]} {value:.12g}"
              for key, value in limits(info).items()]
    return " ".join([kind, " and ".join(bounds)]).strip() + (" or nothing" if type(None) in kinds else "")


def validated_as(model: type[Model], values: Mapping[str, Any]) -> Model:
    """Values → a model of settings.

    Raises:
        ConfigError: names the field, the value and what is allowed; several faults are all listed.
    """
    try:
        return model(**values)
    except ValidationError as error:
        raise ConfigError("; ".join(_in_words(part, values, model) for part in error.errors())) from None
    except TypeError as error:  # a key that is not text
        raise ConfigError(f"settings: {error}") from None


def _in_words(error: ErrorDetails, values: Mapping[str, Any], model: type[BaseModel]) -> str:
    name = str(error["loc"][0]) if error["loc"] else ""
    if not name:
        return str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        there = ", ".join(model.model_fields)
        return f"{name} = {values[name]!r}: there is no such setting; the settings are {there}"
    return f"{name} = {values.get(name, PydanticUndefined)!r}: must be {allowed(name, model)}"

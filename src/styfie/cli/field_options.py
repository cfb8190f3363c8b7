"""Options of commands made from the fields of `Look` and `Settings`: name, default, range, unit and help."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import Field, dataclass
from typing import Annotated, Any, TypeVar

import typer

from styfie.errors import InputError, StyfieError
from styfie.fields import TEXTS, Option, Part, options_of
from styfie.looks import Look
from styfie.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])


class OptionError(StyfieError):
    """A value on the command line that its option does not take. No `ValueError`, of which typer makes other texts."""


@dataclass(frozen=True)
class RegionValue:
    """What an option says of a `region`, or of all that are not named where it is None."""

    region: str | None
    value: Any


MEMORY = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(?:([MGT])B?)?", re.IGNORECASE)


def gigabytes(text: str) -> float:
    """`800MB`, `2GB`, `2.5G` or a plain number of gigabytes.

    Raises:
        InputError: none of these.
    """
    if not (found := MEMORY.fullmatch(text.strip())):
        raise InputError(f"{text} came: 2GB, 800MB or a number of gigabytes is wanted.")
    return float(found[1]) * {"M": 0.001, "G": 1.0, "T": 1000.0}[(found[2] or "G").upper()]


def flag_of(name: str) -> str:
    """The option of a field."""
    return f"--{name.replace('_', '-')}"


def parse_value(field: Field[Any], option: Option, text: str, said: str = "") -> Any:
    """The value that a text gives a field; `said` is what stood on the command line, if more than that text.

    Raises:
        OptionError: no number, one out of range, or none of the choices.
    """
    wanted = option.wanted_value
    if option.unit == "GB":
        wanted = f"2GB, 800MB or {wanted} gigabytes"
    parse = gigabytes if option.unit == "GB" else {"int": int, "float": float, "str": str}[str(field.type)]
    try:
        value = parse(text)
    except ValueError:
        value = None
    if value is None or not option.accepts(value):
        raise OptionError(f"{flag_of(field.name)} {said or text} came: {wanted} is wanted.")
    return value


def option_type(kind: Any, name: str, per_region: bool = False) -> Any:
    """The annotation of a command's parameter for a field of `kind`; `per_region` takes `NAME=VALUE`, repeatedly."""
    field, option = options_of(kind)[name]
    if field.type == "bool":
        return Annotated[bool, typer.Option(f"{flag_of(name)}/--no-{name}", help=option.help)]
    usage = option.metavar or _usage(option)

    def parse(text: Any) -> Any:  # typer has defaults parsed too
        return parse_value(field, option, text) if isinstance(text, str) else text

    def parse_for_region(text: str) -> RegionValue:
        region, value = text.split("=", 1) if "=" in text else (None, text)
        return RegionValue(region, parse_value(field, option, value, text))

    if field.type == TEXTS:
        settings = typer.Option(flag_of(name), metavar=usage, help=f"{option.help} Repeatable.")
        return Annotated[list[str] | None, settings]
    if per_region:
        about = f"{option.help} Repeatable."
        settings = typer.Option(flag_of(name), parser=parse_for_region, metavar=f"[NAME=]{usage}", help=about)
        return Annotated[list[RegionValue] | None, settings]
    settings = typer.Option(flag_of(name), parser=parse, metavar=usage, help=option.help)
    return Annotated[str, settings]


def _usage(option: Option) -> str:
    """What stands for a value in a command's usage."""
    if option.choices:
        return "|".join(option.choices)
    narrow = option.low is not None and option.high is not None and option.high < 10
    return f"{option.low:g}..{option.high:g}" if narrow else "TEXT" if option.high is None else "NUMBER"


def with_options(after: str, looks: Iterable[Part] = Part, settings: bool = False) -> Callable[[F], F]:
    """Give a command with `**given` an option for each field of `Look` that is of these parts, and of `Settings`.

    In the help they stand behind the parameter `after`.
    """
    made = [_parameter(Look, name, per_region=True) for name in options_of(Look, *looks)]
    return _adding(after, made + [_parameter(Settings, name) for name in options_of(Settings)] if settings else made)


def with_fields(kind: Any, after: str) -> Callable[[F], F]:
    """Give a command with `**given` an option for each field of a dataclass that is asked for, behind `after`."""
    return _adding(after, [_parameter(kind, name) for name in options_of(kind)])


def _adding(after: str, made: list[inspect.Parameter]) -> Callable[[F], F]:
    """Give a command with `**given` these parameters."""

    def add(command: F) -> F:
        parameters: list[inspect.Parameter] = []
        for one in inspect.signature(command, eval_str=True).parameters.values():
            if one.kind is not inspect.Parameter.VAR_KEYWORD:
                parameters.append(one.replace(kind=inspect.Parameter.KEYWORD_ONLY))
            if one.name == after:
                parameters += made
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return command

    return add


def _parameter(kind: Any, name: str, per_region: bool = False) -> inspect.Parameter:
    field, option = options_of(kind)[name]
    default = f"{field.default:g}GB" if option.unit == "GB" else None if per_region else field.default
    default = default or None if field.type == TEXTS else default
    annotation = option_type(kind, name, per_region)
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)

"""Command-line parameters from records: one for each field, parsed and checked like the field."""

import dataclasses
import enum
import json
import re
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from chain.json_form import from_json

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def kebab(name: str) -> str:
    """Return `RegisterWorker` or `max_tokens` as commands are spelled."""
    return _WORD.sub("-", name).replace("_", "-").lower()


class FieldValue(click.ParamType[Any]):
    """Text to the value of a record's field."""

    def __init__(self, hint: Any) -> None:
        while getattr(hint, "__supertype__", None) is not None:
            hint = hint.__supertype__
        self._hint = hint
        self.name = _metavar(hint)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the field's value, or fail naming the parameter."""
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def _parse(self, text: str) -> Any:
        hint = self._hint
        if hint is str:
            return text
        if hint is bytes:
            return _bytes(text)
        if hint is bool:
            return from_json(bool, {"true": True, "yes": True, "false": False, "no": False}.get(text, text), "value")
        if hint is int:
            return from_json(int, text, "value")
        if isinstance(hint, type) and issubclass(hint, enum.IntEnum):
            return from_json(hint, text.upper(), "value")
        try:
            document = json.loads(_content(text))
        except ValueError as error:
            raise ValueError(f"not JSON: {error}; write it here, or @FILE") from None
        return from_json(hint, document, "value")


def parameters(
    record: type[Any], *, leave_out: tuple[str, ...] = (), as_options: bool = False
) -> list[click.Parameter]:
    """Return a parameter for each field: an argument if it has no default, else an option."""
    hints = typing.get_type_hints(record)
    found: list[click.Parameter] = []
    for field in dataclasses.fields(record):
        if field.name in leave_out:
            continue
        kind = FieldValue(hints[field.name])
        default = _default(field)
        if default is dataclasses.MISSING and not as_options:
            found.append(click.Argument([field.name], type=kind, metavar=field.name.upper()))
            continue
        found.append(
            click.Option(
                [f"--{kebab(field.name)}", field.name],
                type=kind,
                required=default is dataclasses.MISSING,
                default=None if default is dataclasses.MISSING else default,
                show_default=default not in (dataclasses.MISSING, None, b"", ""),
                help=_help(kind.name),
            )
        )
    return found


def build(record: type[Any], values: Mapping[str, Any]) -> Any:
    """Return the record of parsed parameters."""
    names = [field.name for field in dataclasses.fields(record)]
    return record(**{name: values[name] for name in names})


def first_line(record: type[Any]) -> str:
    """Return what a record's docstring says first."""
    return (record.__doc__ or "").strip().partition("\n")[0]


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _bytes(text: str) -> bytes:
    """Read hexadecimal, or an address."""
    if text.startswith("ostr"):
        from chain.crypto.keys import ACCOUNT_PREFIX, CONSENSUS_PREFIX, decode_address

        return decode_address(text, CONSENSUS_PREFIX if text.startswith(CONSENSUS_PREFIX) else ACCOUNT_PREFIX)
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise ValueError("write bytes as hexadecimal") from None


def _content(text: str) -> str:
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text("utf-8")
    except OSError as error:
        raise ValueError(f"{text[1:]}: {error.strerror}") from None


def _metavar(hint: Any) -> str:
    if hint is bool:
        return "true|false"
    if hint is bytes:
        return "HEX"
    if hint is int:
        return "NUMBER"
    if hint is str:
        return "TEXT"
    if isinstance(hint, type) and issubclass(hint, enum.IntEnum):
        return "|".join(hint.__members__)
    if typing.get_origin(hint) in (typing.Union, types.UnionType, tuple) or dataclasses.is_dataclass(hint):
        return "JSON|@FILE"
    return "VALUE"


def _help(metavar: str) -> str:
    return "JSON in the form that --output json prints." if metavar.startswith("JSON") else ""

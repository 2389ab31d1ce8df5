"""Two forms of every answer: text for people, one JSON document for programs."""

import dataclasses
import enum
import json
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from chain.crypto.keys import ADDRESS_BYTES, CONSENSUS_PREFIX, encode_address
from chain.json_form import to_json

CONSENSUS_FIELDS = ("consensus_address", "proposer")
"""Fields whose 20 bytes are a consensus address; all others are accounts."""
_INDENT = "  "


def show(value: object) -> None:
    """Print a record, a dict or a list in the form that --output asks for."""
    if wants_json():
        click.echo(json.dumps(to_json(value), indent=2, ensure_ascii=False))
        return
    for line in _lines(value, "", ""):
        click.echo(line)


def show_table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    """Print rows as a table, or as a JSON list."""
    if wants_json():
        click.echo(json.dumps([to_json(row) for row in rows], indent=2, ensure_ascii=False))
        return
    if not rows:
        click.echo("(none)")
        return
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(str(row[column]) for column in columns))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 240
    console.print(table)


def note(text: str) -> None:
    """Tell a person something beside the answer."""
    click.echo(text, err=True)


def wants_json() -> bool:
    """Say whether the running command was given --output json."""
    return bool(click.get_current_context().params.get("output") == "json")


def _lines(value: Any, name: str, indent: str) -> list[str]:
    head = f"{indent}{name}: " if name else indent
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        deeper = indent + _INDENT if name else indent
        lines = [line for key, item in value.items() for line in _lines(item, str(key), deeper)]
        if name:
            return [f"{indent}{name}:", *lines] if lines else [f"{head}(empty)"]
        return lines
    if isinstance(value, list | tuple):
        if not value:
            return [f"{head}(none)"]
        if all(_is_scalar(item) for item in value):
            return [f"{head}{', '.join(_scalar(item, name) for item in value)}"]
        lines = [f"{indent}{name}:"] if name else []
        for item in value:
            inner = _lines(item, "", indent + _INDENT + _INDENT)
            lines.append(f"{indent}{_INDENT}- {inner[0].lstrip()}" if inner else f"{indent}{_INDENT}-")
            lines += inner[1:]
        return lines
    return [head + _scalar(value, name)]


def _is_scalar(value: Any) -> bool:
    return not isinstance(value, dict | list | tuple) and not dataclasses.is_dataclass(value)


def _scalar(value: Any, name: str) -> str:
    if isinstance(value, bytes):
        if len(value) == ADDRESS_BYTES:
            return encode_address(value, CONSENSUS_PREFIX) if name in CONSENSUS_FIELDS else encode_address(value)
        return value.hex() or "(empty)"
    if isinstance(value, enum.IntEnum):
        return value.name
    if value is None or value == "":
        return "(none)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)

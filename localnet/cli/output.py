"""How commands speak: text for people by default, one JSON document with `--output json`."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from chain.json_form import to_json
from localnet.layout import DamagedLayout, Localnet, default_home, find_localnet
from localnet.story import Chapter

OUT = Console(width=None if sys.stdout.isatty() else 120)
"""Answers; in a file or a pipe wide enough for an address."""
ERR = Console(stderr=True)
"""Progress and complaints."""

F = TypeVar("F", bound=Callable[..., Any])


def output_option(command: F) -> F:
    """Give a command `--output text|json`."""
    return click.option(
        "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of the answer."
    )(command)


def home_option(command: F) -> F:
    """Give a command `--home`, the network's folder."""
    return click.option(
        "--home",
        type=click.Path(path_type=Path, file_okay=False),
        default=default_home,
        show_default="$OSTRAKA_LOCALNET or ~/.ostraka/localnet",
        help="Folder of the local network.",
    )(command)


def print_json(value: Any) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(to_json(value), indent=2, ensure_ascii=False))


def known_network(home: Path) -> Localnet:
    """Return the network in `home`, running or not. Raises: click.ClickException that says how to start one."""
    try:
        network = find_localnet(home.resolve())
    except DamagedLayout as error:
        raise click.ClickException(str(error)) from None
    if network is None:
        raise click.ClickException(f"there is no network in {home}; start one with `ostraka localnet up`")
    return network


def running_network(home: Path) -> Localnet:
    """Return the network in `home`. Raises: click.ClickException that says how to start one."""
    network = known_network(home)
    if not any(node.process.is_running for node in network.nodes):
        raise click.ClickException(f"the network in {home} does not run; start one with `ostraka localnet up`")
    return network


def print_chapter(chapter: Chapter) -> None:
    """Print one part of a story, marked by whether it holds."""
    OUT.rule(("[green]✓[/] " if chapter.holds else "[red]✗[/] ") + chapter.title, align="left")
    for line in chapter.lines:
        OUT.print(line, highlight=False, soft_wrap=True)
    for fault in chapter.faults:
        OUT.print(f"[red]does not hold: {fault}[/]", soft_wrap=True)

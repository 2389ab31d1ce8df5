"""Options that many commands share."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from chain.cli.failures import explained
from chain.client.client import ChainClient
from chain.node.home import DEFAULT_HOME, load_home

C = TypeVar("C", bound=Callable[..., Any])
T = TypeVar("T")

DEFAULT_NODE = "127.0.0.1:9090"
DEFAULT_RPC = "http://127.0.0.1:26657"

home_option = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    default=DEFAULT_HOME,
    envvar="OSTRAKAD_HOME",
    show_default="~/.ostrakad",
    help="The node's home: configuration, keys, databases.",
)
output_option = click.option(
    "--output", "-o", type=click.Choice(["text", "json"]), default="text", help="How answers are printed."
)
node_option = click.option(
    "--node",
    metavar="HOST:PORT",
    envvar="OSTRAKAD_NODE",
    help=f"gRPC address of a node.  [default: that of --home, else {DEFAULT_NODE}]",
)
rpc_option = click.option(
    "--rpc",
    metavar="URL",
    envvar="OSTRAKAD_RPC",
    help=f"CometBFT's RPC of a node.  [default: that of --home, else {DEFAULT_RPC}]",
)


def reading(command: C) -> C:
    """Add --home, --node and --output."""
    return output_option(node_option(home_option(command)))


def node_address(home: Path, node: str | None) -> str:
    """Return the gRPC address to ask: the one named, the home's, or the usual one."""
    if node:
        return node
    try:
        return load_home(home).grpc_target
    except (OSError, ValueError):
        return DEFAULT_NODE


def rpc_address(home: Path, rpc: str | None) -> str:
    """Return the CometBFT to ask: the one named, the home's, or the usual one."""
    if rpc:
        return rpc
    try:
        return load_home(home).rpc_url
    except (OSError, ValueError):
        return DEFAULT_RPC


def ask(home: Path, node: str | None, question: Callable[[ChainClient], Awaitable[T]]) -> T:
    """Connect, ask, disconnect. Raises: Failure."""

    async def run() -> T:
        async with ChainClient(node_address(home, node)) as client:
            return await question(client)

    with explained():
        return asyncio.run(run())

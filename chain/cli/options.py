"""Options that many commands share."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from chain.cli.failures import Failure, explained
from chain.client.client import ChainClient
from chain.node.home import DEFAULT_HOME, NodeHome, load_home

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
    found = _home(home)
    return found.grpc_target if found is not None else DEFAULT_NODE


def rpc_address(home: Path, rpc: str | None) -> str:
    """Return the CometBFT to ask: the one named, the home's, or the usual one."""
    if rpc:
        return rpc
    found = _home(home)
    return found.rpc_url if found is not None else DEFAULT_RPC


def _home(path: Path) -> NodeHome | None:
    """Return the home, or None if it has no node, as one that only holds keys. Raises: Failure if it is unreadable.

    Another node than the one that was meant must never answer in silence.
    """
    if path != DEFAULT_HOME and not path.exists():
        raise Failure(f"{path} does not exist", "--home names a node's home; --node and --rpc name a node")
    try:
        return load_home(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise Failure(str(error), "mend the file, or name the node with --node and --rpc") from error


def ask(home: Path, node: str | None, question: Callable[[ChainClient], Awaitable[T]]) -> T:
    """Connect, ask, disconnect. Raises: Failure."""

    async def run() -> T:
        async with ChainClient(node_address(home, node)) as client:
            return await question(client)

    with explained():
        return asyncio.run(run())

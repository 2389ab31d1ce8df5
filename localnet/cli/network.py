"""`ostraka localnet up | down | status | logs`."""

import asyncio
import time
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from chain.client.client import ChainClient
from chain.client.failures import ClientError
from localnet.cli.output import ERR, OUT, home_option, known_network, output_option, print_json
from localnet.layout import Localnet
from localnet.model import ModelUnavailable, converted
from localnet.network import LocalnetError, Spec, down, up


class Steps:
    """A spinner for the step under way and a line for each one done. Use as a context manager."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=ERR, transient=True
        )
        self._task = self._progress.add_task("starting", total=None)
        self._name = ""
        self._since = time.monotonic()

    def __enter__(self) -> "Steps":
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._done(failed=kind is not None)
        self._progress.stop()

    def __call__(self, name: str) -> None:
        """Begin a step."""
        self._done()
        self._name, self._since = name, time.monotonic()
        self._progress.update(self._task, description=name)

    def _done(self, *, failed: bool = False) -> None:
        if self._name:
            mark = "[red]✗[/]" if failed else "[green]✓[/]"
            self._progress.console.print(f"{mark} {self._name} [dim]{time.monotonic() - self._since:.1f} s[/]")


@click.group()
def localnet() -> None:
    """Run a whole network on this machine: validators, workers, checkers, gateway."""


@localnet.command("up")
@click.option(
    "-v", "--validators", default=1, show_default=True, type=click.IntRange(1, 16), help="Nodes that make blocks."
)
@click.option("-w", "--workers", default=3, show_default=True, type=click.IntRange(1, 16), help="Workers that serve.")
@click.option(
    "-s",
    "--spares",
    default=1,
    show_default=True,
    type=click.IntRange(0, 16),
    help="Workers that check, and take the place of a serving one that is lost.",
)
@click.option("-c", "--checkers", default=3, show_default=True, type=click.IntRange(2, 16), help="Check-only workers.")
@click.option(
    "--model",
    type=click.Path(path_type=Path, exists=True),
    help="Hugging Face directory or GGUF of a Llama-family model [default: SmolLM2-135M-Instruct].",
)
@click.option("--name", default="model", show_default=True, help="Name of the model given by --model.")
@home_option
@output_option
def up_command(
    validators: int, workers: int, spares: int, checkers: int, model: Path | None, name: str, home: Path, output: str
) -> None:
    """Start a network; returns when it answers.

    One spare and three check-only workers are enough to run a job again, and to check it, after one worker of any
    kind has lost its bond.

    \b
    Example:
      ostraka localnet up -v 1 -w 3 -s 1 -c 3
      ostraka ask "What is the capital of France?"
      ostraka localnet down
    """
    try:
        with Steps() as step:
            chosen = converted(model, name) if model is not None else None
            network = up(Spec(home.resolve(), validators, workers, spares, checkers, model=chosen), step)
    except (LocalnetError, ModelUnavailable, OSError) as error:
        raise click.ClickException(str(error)) from None
    if output == "json":
        print_json(describe(network, {}))
        return
    show(network, {})
    OUT.print('Try: [bold]ostraka ask "What is the capital of France?"[/]')


@localnet.command("down")
@home_option
@output_option
def down_command(home: Path, output: str) -> None:
    """End every process of the network; its files stay for a look."""
    network = known_network(home)
    down(network)
    if output == "json":
        print_json({"home": network.home, "is_running": False})
    else:
        OUT.print(f"down; logs and state stay in {network.home}", soft_wrap=True)


@localnet.command("status")
@home_option
@output_option
def status_command(home: Path, output: str) -> None:
    """Show where everything listens, what runs, and how far the chain is."""
    network = known_network(home)
    heights = asyncio.run(_heights(network))
    if output == "json":
        print_json(describe(network, heights))
    else:
        show(network, heights)


async def _heights(network: Localnet) -> dict[str, int]:
    heights = {}
    for node in network.nodes:
        if not node.process.is_running:
            continue
        async with ChainClient(node.grpc) as client:
            try:
                heights[node.name] = (await client.status()).height
            except ClientError:
                continue
    return heights


def describe(network: Localnet, heights: dict[str, int]) -> dict[str, Any]:
    """Return the network for machines."""
    return {
        "home": network.home,
        "chain_id": network.chain_id,
        "model": network.model,
        "model_root": network.model_root,
        "nodes": [
            {
                "name": node.name,
                "rpc": node.rpc,
                "grpc": node.grpc,
                "is_running": node.process.is_running,
                "height": heights.get(node.name, 0),
            }
            for node in network.nodes
        ],
        "workers": [
            {
                "name": worker.name,
                "operator": worker.operator,
                "endpoint": worker.endpoint,
                "serves": worker.serves,
                "checks": worker.checks,
                "is_running": worker.process.is_running,
            }
            for worker in network.workers
        ],
        "gateway": {"url": network.gateway.url, "api_key": network.gateway.api_key} if network.gateway else None,
    }


def show(network: Localnet, heights: dict[str, int]) -> None:
    """Print the network for people."""
    table = Table("", "where", "state", "memory", title=f"{network.chain_id} in {network.home}", title_justify="left")
    for node in network.nodes:
        state = f"height {heights[node.name]}" if node.name in heights else _state(node.process.is_running)
        table.add_row(node.name, f"gRPC {node.grpc}\nRPC {node.rpc}", state, _mib(node.process.memory_bytes()))
    for worker in network.workers:
        role = " and ".join(word for word, is_on in (("serves", worker.serves), ("checks", worker.checks)) if is_on)
        state = f"{role}, {_state(worker.process.is_running)}"
        table.add_row(worker.name, worker.endpoint, state, _mib(worker.process.memory_bytes()))
    if network.gateway is not None:
        running = network.gateway.process.is_running
        memory = _mib(network.gateway.process.memory_bytes())
        table.add_row("gateway", network.gateway.url, _state(running), memory)
    OUT.print(table)
    OUT.print(f"model   {network.model}  {network.model_root}", soft_wrap=True)
    if network.gateway is not None:
        OUT.print(f"API key {network.gateway.api_key}", soft_wrap=True)


def _state(is_running: bool) -> str:
    return "runs" if is_running else "[red]ended[/]"


def _mib(size: int) -> str:
    return f"{size >> 20} MiB" if size else "–"


@localnet.command("logs")
@click.argument("name", required=False)
@click.option("-n", "--lines", default=30, show_default=True, type=click.IntRange(1, 10_000), help="Of each log.")
@home_option
def logs_command(name: str | None, lines: int, home: Path) -> None:
    """Show the end of every log, or of NAME's: node0, worker1, gateway."""
    network = known_network(home)
    found = False
    for place, paths in log_files(network).items():
        if name is not None and place != name:
            continue
        found = True
        for path in paths:
            if path.exists():
                OUT.rule(str(path), align="left")
                OUT.print(
                    "\n".join(path.read_text(errors="replace").splitlines()[-lines:]), markup=False, soft_wrap=True
                )
    if not found:
        raise click.ClickException(f"nothing is called {name!r}; there are {', '.join(log_files(network))}")


def log_files(network: Localnet) -> dict[str, list[Path]]:
    """Return the logs of everything in the network."""
    files = {
        node.name: [Path(node.home) / "logs" / f"{part}.log" for part in ("ostrakad", "app", "cometbft")]
        for node in network.nodes
    }
    files |= {
        worker.name: sorted(Path(worker.home).glob("*.out")) + sorted(Path(worker.home).glob("*.log"))
        for worker in network.workers
    }
    if network.gateway is not None:
        files["gateway"] = [Path(network.gateway.home) / "gateway.log"]
    return files

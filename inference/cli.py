"""Commands of `ostraka worker`: start, join, status, keys."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import click

from inference.config import UOSTR, ConfigError, WorkerConfig, load_config, write_config

STATUS_SECONDS = 5.0
"""How long a worker may take to answer."""

home_option = click.option(
    "--home", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder of the worker."
)
output_option = click.option(
    "--output", type=click.Choice(("text", "json")), default="text", show_default=True, help="Form of the answer."
)


@click.group()
def worker() -> None:
    """Run a worker: it holds layers of a model, runs and checks units, and answers for them with a bond."""


@worker.command()
@home_option
@click.option("--verbose", is_flag=True, help="Log to stderr too.")
def start(home: Path, verbose: bool) -> None:
    """Start the worker of a home that `ostraka worker create` or a local network has made."""
    from inference.__main__ import start_worker

    sys.exit(start_worker(home.resolve(), to_stderr=verbose))


@worker.command()
@home_option
@click.option("--node", required=True, help="host:port of a node's gRPC.")
@click.option("--chain-id", required=True, help="The chain that the node must be of.")
@click.option("--models", type=click.Path(path_type=Path, file_okay=False), required=True, help="Model directories.")
@click.option("--model", required=True, help="Name of the model on the chain.")
@click.option("--listen", default="127.0.0.1:9101", show_default=True, help="host:port to listen on.")
@click.option("--endpoint", default="", help="host:port others reach the worker at, if not the same.")
@click.option("--serve/--no-serve", default=True, show_default=True, help="Serve layers.")
@click.option("--layers", default="", help="Layers START:END to serve; all of them if not given.")
@click.option("--check/--no-check", default=True, show_default=True, help="Check other workers' units.")
@click.option("--bond", type=click.IntRange(min=1), default=100 * UOSTR, show_default=True, help="uostr.")
@click.option("--start/--no-start", "is_started", default=True, show_default=True, help="Start it now.")
@output_option
def join(
    home: Path,
    node: str,
    chain_id: str,
    models: Path,
    model: str,
    listen: str,
    endpoint: str,
    serve: bool,
    layers: str,
    check: bool,
    bond: int,
    is_started: bool,
    output: str,
) -> None:
    """Make a new worker with its keys and start it; it registers itself once its operator account has the bond.

    \b
    Example:
      ostraka worker create --home ~/.ostraka/worker --node 10.0.0.5:9090 --chain-id ostraka-1 \\
        --models ~/.cache/ostraka/models --model smollm2-135m-instruct
      ostraka worker start --home ~/.ostraka/worker      again, later
    """
    from inference.config import FILE_NAME, check_config
    from inference.keys import create_keys

    first, end = _layers(layers)
    config = WorkerConfig(
        home=home.resolve(), node=node, chain_id=chain_id, models=models.resolve(), model=model,
        listen=listen, endpoint=endpoint, serve=serve, serve_start=first, serve_end=end, check=check, bond=bond,
    )  # fmt: skip
    if (config.home / FILE_NAME).exists():
        raise click.UsageError(f"{config.home} holds a worker: `ostraka worker start --home {home}` starts it")
    try:
        check_config(config)
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    try:
        create_keys(config.home)
        write_config(config)
        addresses = _addresses(config.home)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    needed = bond + 2 * UOSTR
    if output == "json":
        click.echo(json.dumps({"home": str(config.home), "needed_uostr": needed, **addresses}))
    else:
        click.echo(f"operator {addresses['operator']}: it registers once it has {needed} uostr:")
        click.echo(f"  ostrakad tx bank send {addresses['operator']} {needed}uostr --node {node} --from KEY")
    if is_started:
        from inference.__main__ import start_worker

        sys.exit(start_worker(config.home, to_stderr=True))


def _layers(text: str) -> tuple[int, int]:
    if not text:
        return 0, 0
    first, _, end = text.partition(":")
    if not (first.isdigit() and end.isdigit() and int(first) < int(end)):
        raise click.UsageError("--layers is START:END with START < END")
    return int(first), int(end)


@worker.command()
@home_option
@output_option
def keys(home: Path, output: str) -> None:
    """Show the addresses and public keys of a worker; secrets are never shown."""
    try:
        found = _addresses(home)
    except FileNotFoundError as error:
        advice = "is this a worker's home? `ostraka worker create` makes one"
        raise click.ClickException(f"{error.filename} does not exist; {advice}") from None
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    if output == "json":
        click.echo(json.dumps(found))
        return
    for name, value in found.items():
        click.echo(f"{name:<10} {value}")


def _addresses(home: Path) -> dict[str, str]:
    from chain.crypto import vrf
    from inference.keys import load_keys

    loaded = load_keys(home)
    return {
        "operator": loaded.operator.bech32,
        "hot": loaded.hot.bech32,
        "hot_key": loaded.hot_public.hex(),
        "vrf_key": vrf.public_key(loaded.vrf_seed).hex(),
        "box_key": bytes(loaded.box_signer.verify_key).hex(),
    }


@worker.command()
@click.option("--home", type=click.Path(path_type=Path, file_okay=False), help="Folder of the worker.")
@click.option("--address", help="host:port of the worker, instead of its home.")
@output_option
def status(home: Path | None, address: str | None, output: str) -> None:
    """Ask a running worker how it is."""
    if (home is None) == (address is None):
        raise click.UsageError("give either --home or --address")
    if home is not None:
        try:
            address = load_config(home).listen
        except ConfigError as error:
            raise click.ClickException(str(error)) from None
    assert address is not None
    try:
        found = asyncio.run(read_status(address))
    except ConnectionError as error:
        raise click.ClickException(str(error)) from None
    if output == "json":
        click.echo(json.dumps(found))
    else:
        _print_status(found)


async def read_status(address: str) -> dict[str, Any]:
    """Return a worker's status as JSON values. Raises: ConnectionError."""
    import grpc
    import grpc.aio

    from chain.crypto.keys import encode_address
    from chain.wire.worker.v1 import worker_pb2 as wire
    from chain.wire.worker.v1 import worker_pb2_grpc as service

    async with grpc.aio.insecure_channel(address) as channel:
        try:
            answer = await service.WorkerStub(channel).Status(wire.StatusRequest(), timeout=STATUS_SECONDS)
        except grpc.aio.AioRpcError as error:
            raise ConnectionError(
                f"the worker at {address} does not answer; is it started (`ostraka worker start`)? {error.details()}"
            ) from None
    return {
        "operator": encode_address(answer.operator),
        "hot_address": encode_address(answer.hot_address),
        "endpoint": answer.endpoint,
        "height": answer.height,
        "device": answer.device,
        "is_registered": answer.is_registered,
        "is_serving": answer.is_serving,
        "is_checking": answer.is_checking,
        "shards": [{"model_root": s.model_root.hex(), "start": s.start, "end": s.end} for s in answer.shards],
        "runs": [
            {
                "job_id": run.job_id,
                "attempt": run.attempt,
                "stage": run.stage,
                "received": run.received,
                "computed": run.computed,
                "is_ended": run.is_ended,
            }
            for run in answer.runs
        ],
        "num_duties": answer.num_duties,
        "units_submitted": answer.units_submitted,
        "checks_committed": answer.checks_committed,
        "waiting_for": answer.waiting_for,
    }


def _print_status(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(show_header=False, title="worker")
    for name, value in found.items():
        if name not in ("shards", "runs"):
            table.add_row(name.replace("_", " "), str(value))
    for shard in found["shards"]:
        table.add_row("shard", f"{shard['model_root'][:12]} layers {shard['start']} to {shard['end']}")
    for run in found["runs"]:
        state = "ended" if run["is_ended"] else "running"
        place = f"job {run['job_id']} stage {run['stage']}"
        table.add_row("run", f"{place}: {state}, {run['received']} received, {run['computed']} computed")
    Console().print(table)

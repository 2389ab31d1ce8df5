"""Commands of `ostraka dispute` that need a worker's home: watch."""

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inference.cli import home_option, output_option
from inference.config import ConfigError, WorkerConfig, load_config

if TYPE_CHECKING:
    from inference.disputes.watcher import Told
    from inference.keys import WorkerKeys


@click.group()
def dispute() -> None:
    """Look at disputes: list, show with every round and every payment, watch and move in them."""


@dispute.command()
@home_option
@click.option("--once", is_flag=True, help="Look once, make the moves that are due, and end.")
@click.option(
    "--patience",
    type=click.IntRange(0, 100_000),
    default=0,
    help="Blocks after which a side is taken for silent.  [default: a quarter of the time in which lines are opened]",
)
@output_option
def watch(home: Path, once: bool, patience: int, output: str) -> None:
    """Follow all open disputes and move where a side does not.

    Recomputes the disputed unit from the job's input and tokens. Against a false unit it finishes for a challenger that
    vanished or chose wrongly, in a line of its own with a deposit; for a right one it posts what a silent asserter is
    bound to, and in the last quarter of its clock its lists. Any worker with a bond may watch: HOME is that of a worker
    that does not run at the moment, for a running one plays its own disputes. The operator's account pays.

    \b
    Example:
      ostraka dispute watch --home ~/.ostraka/localnet/worker6
      ostraka dispute watch --home ~/.ostraka/watcher --output json | jq .text
    """
    from inference import hardware
    from inference.__main__ import locked, start_logging
    from inference.keys import load_keys

    home = home.resolve()
    try:
        config = load_config(home)
        keys = load_keys(home)
        lock = locked(home)
    except BlockingIOError:
        raise click.ClickException(f"{home}: its worker runs, and plays its own disputes; take another home") from None
    except (ConfigError, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    # Order: torch reads these when it is imported.
    hardware.settle_threads(config.threads)
    start_logging(config, to_stderr=False)

    def tell(told: "Told") -> None:
        if output == "json":
            click.echo(json.dumps(asdict(told)))
        else:
            what = f" [{told.message}]" if told.message else ""
            place = f"dispute {told.dispute_id}, line {told.number}" if told.dispute_id else "watch"
            click.echo(f"height {told.height}: {place}: {told.text}{what}")
        sys.stdout.flush()

    with lock:
        try:
            asyncio.run(_watch(config, keys, tell, once=once, patience=patience))
        except (ConfigError, ConnectionError, LookupError) as error:
            raise click.ClickException(str(error)) from None
        except asyncio.CancelledError:
            pass


async def _watch(
    config: WorkerConfig, keys: "WorkerKeys", tell: Callable[["Told"], None], *, once: bool, patience: int
) -> None:
    """Run a watcher until cancelled. Raises: ConfigError, LookupError, and ClientError at the start."""
    from chain.client import ChainClient, Sender
    from chain.modules.jobs.types import Job, Unit
    from inference.chain_reader import ChainReader
    from inference.check import Checker
    from inference.compute import Compute, Machine
    from inference.disputes.player import Player
    from inference.disputes.source import UnitSource
    from inference.disputes.watcher import Told, Watcher
    from inference.engine.rows import row_size
    from inference.journal import Journal
    from inference.loaded import LoadedShards
    from inference.shards.spec import ShardSpec
    from inference.transport.library import UnitLibrary
    from inference.worker import find_model

    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    operator, compute, journal = keys.operator, Compute(), Journal(config.home)
    async with ChainClient(config.node) as client:
        model = await find_model(client, config)
        reader = ChainReader(client, config.chain_id, operator.address)
        params, worker = await reader.dispute_params(), await reader.find_worker(operator.address)
        if params is None:
            raise LookupError("this chain freezes what is in dispute and plays no lines")
        if worker is None:
            raise LookupError(f"{operator.bech32} is no worker: only who has a bond moves (`ostraka worker create`)")
        shards = LoadedShards(config.models, model.header, compute, threads=config.threads)
        checker = Checker(model.header, shards, compute, reader, keys, journal)
        library = UnitLibrary(reader.chain, row_size(model.header.hidden_size), journal, reader)

        async def machine(job: Job, unit: Unit) -> Machine:
            return await shards.engine(ShardSpec(job.model_root, unit.start, unit.end))

        player = Player(
            reader.chain, operator.bech32, model.header, config.models / model.model_root.hex(),
            compute=compute, reader=reader, machine=machine,
            source=UnitSource(operator.address, journal, library, checker, reader),
        )  # fmt: skip
        sender = Sender(client, operator, config.chain_id, config.gas_price)
        watcher = Watcher(client, reader, player, compute, sender, operator.address, params, tell, patience=patience)
        compute.start()
        try:
            reader.height = (await client.status()).height
            tell(Told(reader.height, 0, 0, f"as {operator.bech32} with {worker.bond - worker.reserved} uostr at hand"))
            await watcher.run(once=once)
        finally:
            await asyncio.to_thread(compute.close)
            journal.close()

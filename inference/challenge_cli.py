"""Command `ostraka dispute challenge`: recompute a unit and challenge it if it is false."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from inference.cli import home_option, output_option
from inference.config import ConfigError, WorkerConfig, load_config

if TYPE_CHECKING:
    from inference.keys import WorkerKeys


@click.command()
@click.argument("job_id", type=click.IntRange(1))
@click.argument("stage", type=click.IntRange(0, 63))
@home_option
@click.option("--dry-run", is_flag=True, help="Recompute and compare; send nothing.")
@output_option
def challenge(job_id: int, stage: int, home: Path, dry_run: bool, output: str) -> None:
    """Recompute a unit of a job and challenge it if it is false.

    For any worker with a bond, drawn or not, until the unit is final: the deposit is lost if the unit proves right; if
    it proves false and nobody who was drawn found it, the bounty is the challenger's. The challenge is a transaction
    of the operator's account, straight to the chain. `ostraka dispute watch`, or the worker of this home, plays on.

    \b
    Example:
      ostraka dispute challenge 7 1 --home ~/.ostraka/localnet/worker6
      ostraka dispute challenge 7 1 --home ~/.ostraka/watcher --dry-run --output json
    """
    from inference import hardware
    from inference.check import CheckFailed
    from inference.disputes.challenge import NothingToChallenge
    from inference.keys import load_keys

    home = home.resolve()
    try:
        config, keys = load_config(home), load_keys(home)
    except (ConfigError, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    # Order: torch reads these when it is imported.
    hardware.settle_threads(config.threads)
    try:
        answer = asyncio.run(challenge_unit(config, keys, job_id, stage, dry_run=dry_run))
    except NothingToChallenge as error:
        raise click.ClickException(f"nothing is sent: {error}") from None
    except (CheckFailed, ConfigError, ConnectionError, LookupError) as error:
        raise click.ClickException(str(error)) from None
    if output == "json":
        click.echo(json.dumps(answer))
    elif dry_run:
        click.echo(f"stage {answer['stage']} of job {job_id} is false; nothing is sent")
    else:
        click.echo(
            f"stage {answer['stage']} of job {job_id} is false: dispute {answer['dispute_id']} is open since height "
            f"{answer['height']}, with a deposit of {answer['deposit']} uostr"
        )
        click.echo(f"  ostraka dispute watch --home {home}      plays it, unless the worker of this home runs")


async def challenge_unit(
    config: WorkerConfig, keys: "WorkerKeys", job_id: int, stage: int, *, dry_run: bool
) -> dict[str, Any]:
    """Recompute, compare, send. Raises: NothingToChallenge, CheckFailed, LookupError, ClientError."""
    from chain.client import ChainClient, Sender
    from chain.errors import Code
    from chain.modules.disputes.types import DisputeKind
    from inference.chain_reader import ChainReader
    from inference.check import Checker
    from inference.compute import Compute
    from inference.disputes.challenge import find_false, send_challenge
    from inference.journal import Journal
    from inference.loaded import LoadedShards
    from inference.worker import find_model

    compute, operator = Compute(), keys.operator
    journal = await asyncio.to_thread(Journal, config.home)
    try:
        async with ChainClient(config.node) as client:
            model = await find_model(client, config)
            reader = ChainReader(client, config.chain_id, operator.address)
            if await reader.find_worker(operator.address) is None:
                raise LookupError(f"{operator.bech32} is no worker: only who has a bond challenges")
            reader.height = (await client.status()).height
            compute.start()
            shards = LoadedShards(config.models, model.header, compute, threads=config.threads)
            checker = Checker(model.header, shards, compute, reader, keys, journal)
            found = await find_false(reader, checker, job_id, stage)
            unit = found.unit
            answer: dict[str, Any] = {"job_id": job_id, "attempt": unit.attempt, "stage": unit.stage}
            answer |= {"out_root": found.roots.out_root.hex(), "asserted_out_root": unit.out_root.hex()}
            if dry_run:
                return answer
            sent = await send_challenge(
                Sender(client, operator, config.chain_id, config.gas_price), operator.bech32, found
            )
            if sent.code != Code.OK:
                raise LookupError(f"the chain refuses the challenge: {Code(sent.code).name}: {sent.log}")
            own = [
                one
                for one in await reader.disputes(job_id)
                if (one.kind, one.challenger, one.stage) == (DisputeKind.CHALLENGE, operator.address, unit.stage)
            ]
            return answer | {"height": sent.height, "dispute_id": own[-1].dispute_id, "deposit": own[-1].deposit}
    finally:
        await asyncio.to_thread(compute.close)
        journal.close()

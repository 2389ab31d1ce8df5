"""`ostraka dispute list | show`: what workers disagreed about, how it was narrowed down, who paid."""

import asyncio
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from chain.client.client import ChainClient
from chain.client.failures import ClientError, NotFound
from chain.crypto.hashing import chain_hash
from chain.crypto.keys import decode_address, encode_address
from chain.modules.disputes.types import DisputeStatus, QueryDisputesRequest, QueryDisputesResponse
from inference.gateway.chat import ChatTokenizer
from localnet.cli.output import OUT, home_option, output_option, print_chapter, print_json, running_network
from localnet.disputes.chapters import DisputeNarrator
from localnet.disputes.record import read_dispute
from localnet.layout import Localnet
from localnet.penalties import penalties_of_job
from localnet.proven import NotProven, ProvenState
from localnet.story import Chapter, proofs_of

STATES = {status.name.lower(): status for status in DisputeStatus if status}


@click.command("list")
@click.option("--worker", default="", help="Of this worker, on either side: an operator's address or a local name.")
@click.option("--job", default=0, type=click.IntRange(0), help="Of this job.")
@click.option("--state", type=click.Choice(list(STATES)), help="In this state.")
@click.option("--from-height", default=0, type=click.IntRange(0), help="Opened at this height or later.")
@click.option("--to-height", default=0, type=click.IntRange(0), help="Opened at this height or before.")
@click.option("--after", default=0, type=click.IntRange(0), help="Only ids above this one: the next page.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="How many.")
@home_option
@output_option
def list_command(
    worker: str,
    job: int,
    state: str | None,
    from_height: int,
    to_height: int,
    after: int,
    limit: int,
    home: Path,
    output: str,
) -> None:
    """List disputes that state still knows, a page at a time.

    \b
    Example:
      ostraka dispute list --state open
      ostraka dispute list --worker worker1 --from-height 100
    """
    network = running_network(home.resolve())
    request = QueryDisputesRequest(
        job_id=job,
        after=after,
        limit=limit,
        worker=operator_of(network, worker) if worker else "",
        status=STATES[state] if state else DisputeStatus.UNSPECIFIED,
        from_height=from_height,
        to_height=to_height,
    )
    try:
        answer = asyncio.run(_disputes(network, request))
    except ClientError as error:
        raise click.ClickException(str(error)) from None
    if output == "json":
        print_json(answer)
        return
    names = names_of(network)
    table = Table("dispute", "state", "job", "stage", "asserter", "challenger", "opened", "ended", "slashed")
    for found in answer.disputes:
        sides = (encode_address(found.asserter), encode_address(found.challenger))
        table.add_row(
            str(found.dispute_id),
            f"{found.status.name.lower()} ({found.kind.name.lower()})",
            f"{found.job_id}/{found.attempt}",
            str(found.stage),
            *(names.get(side, side) for side in sides),
            str(found.opened_height),
            str(found.closed_height or ""),
            f"{found.slashed:,}" if found.slashed else "",
        )
    OUT.print(table)
    if answer.next_after:
        OUT.print(f"more: --after {answer.next_after}")


def names_of(network: Localnet) -> dict[str, str]:
    """Return what workers are called here, by operator's address."""
    return {worker.operator: worker.name for worker in network.workers}


def operator_of(network: Localnet, worker: str) -> str:
    """Return an operator's address from itself or from a local name. Raises: click.ClickException."""
    for place in network.workers:
        if worker == place.name:
            return place.operator
    try:
        decode_address(worker)
    except ValueError:
        known = ", ".join(place.name for place in network.workers)
        raise click.ClickException(f"{worker!r} is no address, and no worker here: {known}") from None
    return worker


def narrator_of(network: Localnet, client: ChainClient, state: ProvenState) -> DisputeNarrator:
    """Return what tells of disputes with this network's names and words."""
    folder = Path(network.models) / network.model_root
    tokenizer = ChatTokenizer(folder) if (folder / "tokenizer.json").exists() else None
    word = None if tokenizer is None else lambda token: tokenizer.decode([token])
    return DisputeNarrator(names_of(network), client, state, chain_hash(network.chain_id), word)


async def _disputes(network: Localnet, request: QueryDisputesRequest) -> QueryDisputesResponse:
    async with ChainClient(network.grpc) as client:
        return await client.query("ostraka.disputes.v1.Query/Disputes", request, QueryDisputesResponse)


@click.command("show")
@click.argument("dispute_id", type=click.IntRange(1, 2**64 - 1))
@home_option
@output_option
def show_command(dispute_id: int, home: Path, output: str) -> None:
    """Show one dispute, open or long over: its rounds, the deciding step recomputed, and where the money went.

    Everything is proven against signed headers, from state or, once state has forgotten it, from the node's archive;
    the moves are read out of blocks and played again by the rules. The exit status is 0 only if all of it holds.

    \b
    Example:
      ostraka dispute show 1
      ostraka dispute show 1 --output json
    """
    network = running_network(home.resolve())
    try:
        if output == "json":
            print_json(asyncio.run(_record(network, dispute_id)))
            return
        chapters = asyncio.run(_story(network, dispute_id))
    except NotFound as error:
        raise click.ClickException(f"{error}; `ostraka dispute list` shows which there are") from None
    except (ClientError, NotProven) as error:
        raise click.ClickException(str(error)) from None
    for chapter in chapters:
        print_chapter(chapter)
    if not all(chapter.holds for chapter in chapters):
        raise click.ClickException("something above does not hold")


async def _record(network: Localnet, dispute_id: int) -> dict[str, Any]:
    async with ChainClient(network.grpc) as client:
        with ProvenState(client, network.rpc, network.genesis_path) as state:
            await state.pin()
            told = await read_dispute(state, dispute_id)
            penalties = await penalties_of_job(client, told.closed.dispute.job_id)
            return {"is_archived": told.is_archived, "closed": told.closed, "penalties": penalties}


async def _story(network: Localnet, dispute_id: int) -> list[Chapter]:
    async with ChainClient(network.grpc) as client:
        with ProvenState(client, network.rpc, network.genesis_path) as state:
            await state.pin()
            narrator = narrator_of(network, client, state)
            return [*await narrator.tell(dispute_id), proofs_of(state)]

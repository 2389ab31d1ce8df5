"""`ostraka job list | show`: what became of requests."""

import asyncio
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from chain.client.client import ChainClient
from chain.client.failures import ClientError, NotFound
from chain.crypto.keys import encode_address
from chain.modules.jobs.types import (
    JobStatus,
    QueryJobRequest,
    QueryJobResponse,
    QueryJobsRequest,
    QueryJobsResponse,
)
from chain.modules.sampling.types import QueryUnitRequest, QueryUnitResponse
from localnet.cli.output import OUT, home_option, output_option, print_chapter, print_json, running_network
from localnet.layout import Localnet
from localnet.penalties import penalties_of_job, tell_penalties
from localnet.proven import NotProven, ProvenState
from localnet.story import Chapter, Narrator

STATES = {
    JobStatus.WAITING: "waiting",
    JobStatus.RUNNING: "streamed",
    JobStatus.ASSERTED: "asserted",
    JobStatus.FINAL: "final",
    JobStatus.DISPUTED: "disputed",
    JobStatus.CLOSED: "closed",
    JobStatus.LATE: "drawn again",
    JobStatus.LATE_DISPUTED: "drawn again and disputed",
}
"""What an answer is worth: the declared value is covered only when it is final, and not while it is drawn again."""


@click.group()
def job() -> None:
    """Look at jobs: what was asked, who ran it, who checked it, who was paid."""


@job.command("list")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="How many.")
@home_option
@output_option
def list_command(limit: int, home: Path, output: str) -> None:
    """List the newest jobs."""
    network = running_network(home.resolve())
    try:
        answer = asyncio.run(_jobs(network, limit))
    except ClientError as error:
        raise click.ClickException(str(error)) from None
    if output == "json":
        print_json(answer)
        return
    table = Table("job", "state", "prompt", "tokens", "escrow", "paid", "requester")
    for record in answer.jobs:
        table.add_row(
            str(record.job_id),
            STATES.get(record.status, "?") + (f" ({record.close_reason.name})" if record.close_reason else ""),
            str(record.prompt_tokens),
            str(record.output_tokens),
            str(record.escrow),
            str(record.paid),
            encode_address(record.requester),
        )
    OUT.print(table)


async def _jobs(network: Localnet, limit: int) -> QueryJobsResponse:
    async with ChainClient(network.grpc) as client:
        return await client.query("ostraka.jobs.v1.Query/Jobs", QueryJobsRequest(0, limit), QueryJobsResponse)


@job.command("show")
@click.argument("job_id", type=click.IntRange(1))
@home_option
@output_option
def show_command(job_id: int, home: Path, output: str) -> None:
    """Show one job with its units and checks, each value proven against a signed header.

    \b
    Example:
      ostraka job show 1
      ostraka job show 1 --output json
    """
    network = running_network(home.resolve())
    try:
        if output == "json":
            print_json(asyncio.run(_record(network, job_id)))
            return
        chapters = asyncio.run(_story(network, job_id))
    except NotFound as error:
        archive = f"ostrakad query history job {job_id} --prove --home {network.nodes[0].home}"
        raise click.ClickException(f"{error}; `{archive}` asks the node's archive") from None
    except (ClientError, NotProven) as error:
        raise click.ClickException(str(error)) from None
    for chapter in chapters:
        print_chapter(chapter)
    if not all(chapter.holds for chapter in chapters):
        raise click.ClickException("something above does not hold")


async def _record(network: Localnet, job_id: int) -> dict[str, Any]:
    async with ChainClient(network.grpc) as client:
        answer = await client.query("ostraka.jobs.v1.Query/Job", QueryJobRequest(job_id), QueryJobResponse)
        units = [
            await client.query(
                "ostraka.sampling.v1.Query/Unit",
                QueryUnitRequest(job_id, unit.attempt, unit.stage),
                QueryUnitResponse,
            )
            for unit in answer.units
        ]
        return {
            "job": answer.job,
            "units": units,
            "operators": [encode_address(one) for one in answer.plan_operators],
            "penalties": await penalties_of_job(client, job_id),
        }


async def _story(network: Localnet, job_id: int) -> list[Chapter]:
    async with ChainClient(network.grpc) as client:
        answer = await client.query("ostraka.jobs.v1.Query/Job", QueryJobRequest(job_id), QueryJobResponse)
        status = answer.job.status
        with ProvenState(client, network.rpc, network.genesis_path) as state:
            narrator = Narrator(network, client, state, job_id)
            await narrator.pin()
            head = Chapter(f"Job {job_id}: {STATES.get(status, '?')}")
            head.say(
                f"{answer.job.prompt_tokens} prompt tokens, at most {answer.job.max_tokens} to answer, declared value "
                f"{answer.job.value} uostr, from {encode_address(answer.job.requester)}"
            )
            if answer.job.close_reason:
                head.say(
                    f"ended at height {answer.job.closed_height}: {answer.job.close_reason.name}, "
                    f"{answer.job.paid} of {answer.job.escrow} uostr paid"
                )
            if answer.job.late_until:
                head.say(f"until height {answer.job.late_until} a unit that nobody checked may be drawn again")
            if answer.job.refunded:
                head.say(f"refuted by a late draw: {answer.job.refunded} uostr came back to the requester")
            chapters = [head]
            if answer.job.planned_height:
                chapters += [await narrator.plan(), await narrator.commitments()]
            if status in (JobStatus.FINAL, JobStatus.LATE, JobStatus.LATE_DISPUTED):
                chapters += [await narrator.checks(), await narrator.settlement()]
            if status == JobStatus.DISPUTED:
                chapters += [await narrator.checks(), await narrator.mismatch()]
            chapters += await tell_penalties(client, state, narrator.name, job_id)
            if state.proofs:
                chapters.append(narrator.proofs())
            return chapters

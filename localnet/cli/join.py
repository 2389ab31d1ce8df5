"""`ostraka worker join`: one more worker for a running local network, with one command."""

import asyncio
import time
from pathlib import Path

import click

from chain.client.client import ChainClient
from chain.client.failures import ClientError
from chain.modules.workers.types import QueryWorkerRequest, QueryWorkerResponse
from inference.cli import read_status
from localnet.cli.network import Steps
from localnet.cli.output import OUT, home_option, output_option, print_json, running_network
from localnet.layout import Localnet, WorkerPlace
from localnet.network import LocalnetError, add_worker

JOIN_SECONDS = 90.0
"""Loading, self-test, registration and enrolment take some seconds."""


@click.command()
@click.option("--serve/--no-serve", default=True, show_default=True, help="Take part in plans.")
@click.option("--check/--no-check", default=True, show_default=True, help="Recompute what others assert.")
@home_option
@output_option
def join(serve: bool, check: bool, home: Path, output: str) -> None:
    """Add a worker to the running local network: keys, funds from the faucet, bond, registration, enrolment.

    \b
    Example:
      ostraka worker join
      ostraka worker status --home ~/.ostraka/localnet/worker5
    For a network elsewhere, use `ostraka worker create`.
    """
    if not serve and not check:
        raise click.UsageError("a worker serves, checks, or both")
    network = running_network(home.resolve())
    try:
        with Steps() as step:
            step("keys, funds, process")
            network, place = add_worker(network, serve=serve, check=check)
            step("load, verify, self-test, register, enrol")
            asyncio.run(wait_until_enrolled(network, place))
    except (LocalnetError, ClientError) as error:
        raise click.ClickException(str(error)) from None
    try:
        status = asyncio.run(read_status(place.endpoint))
    except ConnectionError as error:
        raise click.ClickException(str(error)) from None
    if output == "json":
        print_json({"name": place.name, "home": place.home, **status})
    else:
        OUT.print(f"{place.name} is ready at {place.endpoint}, operator {place.operator}", soft_wrap=True)
        OUT.print(f"`ostraka worker status --home {place.home}` tells how it does", soft_wrap=True)


async def wait_until_enrolled(network: Localnet, place: WorkerPlace, seconds: float = JOIN_SECONDS) -> None:
    """Wait until the chain lists the worker with all its enrolments. Raises: LocalnetError."""
    wanted = int(place.serves) + int(place.checks)
    deadline = time.monotonic() + seconds
    async with ChainClient(network.grpc) as client:
        while True:
            if not place.process.is_running:
                raise LocalnetError(f"{place.name} ended; the end of its log:\n{place.process.tail()}")
            try:
                answer = await client.query(
                    "ostraka.workers.v1.Query/Worker", QueryWorkerRequest(place.operator), QueryWorkerResponse
                )
                if len(answer.enrollments) >= wanted:
                    return
            except ClientError:
                pass
            if time.monotonic() > deadline:
                raise LocalnetError(f"{place.name} did not enrol within {seconds:.0f} s; see {place.process.log}")
            await asyncio.sleep(0.25)

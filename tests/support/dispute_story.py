"""Networks of real workers some of whom misbehave, and what became of a job on them."""

import asyncio
import json
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from chain.client.client import ChainClient
from chain.client.sender import Sender
from chain.client.signing import Key
from chain.crypto.hashing import chain_hash
from chain.crypto.keys import decode_address, encode_address
from chain.modules.disputes.types import (
    Dispute,
    DisputeStatus,
    Play,
    QueryDisputesRequest,
    QueryDisputesResponse,
    QueryLinesRequest,
    QueryLinesResponse,
)
from chain.modules.jobs.types import Job, Unit
from chain.modules.workers.types import MsgRegisterWorker, QueryWorkerRequest, QueryWorkerResponse
from chain.parameters import LOCALNET
from inference.config import WorkerConfig, write_config
from inference.gateway.chat import ChatTokenizer
from inference.gateway.requester import OpenJob, Requester
from inference.keys import create_keys, load_keys, read_secret
from localnet.layout import Localnet
from localnet.network import OSTR, fund
from localnet.processes import python

R = TypeVar("R")
SECONDS = 150.0
"""How long anything may take that is waited for."""
SHORT = replace(
    LOCALNET,
    # Ten times the fee pays for more checks of a tiny unit than there are checkers: all are drawn, none by chance.
    rates=replace(LOCALNET.rates, price_numerator=10 * LOCALNET.rates.price_numerator),
    sampling=replace(LOCALNET.sampling, commit_blocks=10, reveal_blocks=8, open_blocks=8),
    disputes=replace(LOCALNET.disputes, clock_blocks=20, open_blocks=14, extension_blocks=4, witness_blocks=5),
)
"""Clocks of ten seconds, and checks by everybody."""
BOND = 100 * OSTR


@dataclass
class Court:
    """A requester on a network who sees what is disputed."""

    network: Localnet
    client: ChainClient
    requester: Requester

    async def ask(self, question: str, max_tokens: int = 8) -> OpenJob:
        """Ask and read the first answer."""
        tokenizer = ChatTokenizer(Path(self.network.models) / self.network.model_root)
        model = await self.requester.model(self.network.model)
        prompt = tokenizer.prompt([{"role": "user", "content": question}])
        job = await self.requester.request(model, prompt, max_tokens=max_tokens)
        async for _ in job.tokens():
            pass
        return job

    async def job(self, job_id: int) -> Job:
        """The chain's record."""
        return (await self.requester.job(job_id)).job

    async def units(self, job_id: int) -> tuple[Unit, ...]:
        """The units of the present attempt."""
        return (await self.requester.job(job_id)).units

    async def disputes(self, job_id: int) -> tuple[Dispute, ...]:
        """All disputes of a job."""
        method = "ostraka.disputes.v1.Query/Disputes"
        return (await self.client.query(method, QueryDisputesRequest(job_id), QueryDisputesResponse)).disputes

    async def lines(self, dispute: Dispute) -> tuple[Play, ...]:
        """All lines of a dispute."""
        method = "ostraka.disputes.v1.Query/Lines"
        return (await self.client.query(method, QueryLinesRequest(dispute.dispute_id), QueryLinesResponse)).lines

    async def bond(self, operator: bytes | str) -> int:
        """A worker's bond now."""
        address = operator if isinstance(operator, str) else encode_address(operator)
        method = "ostraka.workers.v1.Query/Worker"
        return (await self.client.query(method, QueryWorkerRequest(address), QueryWorkerResponse)).worker.bond

    async def until(self, what: str, is_done: Callable[[], Awaitable[R | None]]) -> R:
        """Look at every block until something is there."""
        try:
            async with asyncio.timeout(SECONDS):
                while (found := await is_done()) is None:
                    await self.requester.next_block()
                return found
        except TimeoutError:
            raise AssertionError(f"no {what} within {SECONDS:.0f} s") from None

    async def ended(self, job_id: int, attempt: int) -> list[Dispute]:
        """Wait until an attempt had disputes and all of them are over."""

        async def look() -> list[Dispute] | None:
            found = [one for one in await self.disputes(job_id) if one.attempt == attempt]
            job = await self.job(job_id)
            is_past = job.attempt > attempt or job.closed_height > 0
            return found if found and is_past and all(one.status != DisputeStatus.OPEN for one in found) else None

        return await self.until(f"end of the disputes of job {job_id}, attempt {attempt}", look)

    async def over(self, job: OpenJob) -> Job:
        """Wait until a job is closed."""

        async def look() -> Job | None:
            found = await self.job(job.job_id)
            return found if found.closed_height else None

        return await self.until(f"end of job {job.job_id}", look)

    def worker(self, index: int) -> bytes:
        """Operator of a worker."""
        return decode_address(self.network.workers[index].operator)


def in_court(network: Localnet, play: Callable[[Court], Awaitable[R]]) -> R:
    """Run a play with a requester of the network's user."""

    async def run() -> R:
        key = Key.secp256k1(read_secret(network.key_path("user")))
        async with ChainClient(network.grpc) as client, Requester(client, key, network.chain_id) as requester:
            return await play(Court(network, client, requester))

    return asyncio.run(run())


def stranger(network: Localnet) -> tuple[Path, bytes]:
    """Make, fund and register somebody who neither serves nor checks; return home and operator."""
    home = network.path / "stranger"
    create_keys(home)
    keys = load_keys(home)
    write_config(
        WorkerConfig(
            home=home, node=network.grpc, chain_id=network.chain_id, models=Path(network.models), model=network.model
        )
    )
    message = MsgRegisterWorker(
        operator=keys.operator.bech32,
        keys=keys.registration(chain_hash(network.chain_id)),
        endpoint="127.0.0.1:1",
        region="local",
        memory_bytes=1 << 30,
        devices=(),
        ask_price=0,
        bond=BOND,
    )

    async def register() -> None:
        await fund(network, keys.operator.bech32, 2 * BOND)
        async with ChainClient(network.grpc) as client:
            done = await Sender(client, keys.operator, network.chain_id).send([message])
            assert done.code == 0, done.log

    asyncio.run(register())
    return home, keys.operator.address


def watched_once(home: Path) -> subprocess.CompletedProcess[str]:
    """Run `ostraka dispute watch --once` in a home."""
    command = python("-m", "localnet.cli.main", "dispute", "watch", "--home", str(home), "--once")
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)


def shown(network: Localnet, dispute: Dispute) -> str:
    """Run `ostraka dispute show`; returns its text without line breaks. Raises: AssertionError if something fails."""
    command = python("-m", "localnet.cli.main", "dispute", "show", str(dispute.dispute_id), "--home", network.home)
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return " ".join(done.stdout.split())


@contextmanager
def watching(home: Path) -> Iterator[Path]:
    """Run `ostraka dispute watch` in a home; yields the file that it writes its lines to."""
    said = home / "said.jsonl"
    command = python("-m", "localnet.cli.main", "dispute", "watch", "--home", str(home), "--output", "json")
    with said.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        try:
            yield said
        finally:
            process.terminate()
            process.wait(20)


def told(said: Path) -> list[dict[str, str]]:
    """What a watcher has said."""
    return [json.loads(line) for line in said.read_text().splitlines() if line.startswith("{")]

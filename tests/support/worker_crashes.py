"""Kill workers at random moments while they run jobs, and account for every job, answer and bond."""

import asyncio
import contextlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import grpc.aio

from chain.client.client import ChainClient
from chain.client.signing import Key
from chain.modules.jobs.types import (
    CloseReason,
    JobStatus,
    QueryJobRequest,
    QueryJobResponse,
    QueryJobsRequest,
    QueryJobsResponse,
)
from chain.modules.sampling.types import QueryUnitRequest, QueryUnitResponse
from chain.modules.workers.types import QueryWorkerRequest, QueryWorkerResponse
from chain.parameters import LOCALNET
from chain.wire.worker.v1 import worker_pb2 as wire
from chain.wire.worker.v1.worker_pb2_grpc import WorkerStub
from inference.gateway.open_job import OpenJob, RequestError
from inference.gateway.requester import Requester
from inference.keys import read_secret
from localnet.layout import Localnet, WorkerPlace
from localnet.network import start_worker
from tests.support.outages import Miss, Outage, misses

LOADERS = 3
"""Jobs under way at a time."""
MAX_TOKENS = 160
"""Enough for some seconds of decoding, so that kills come in the middle."""
PROMPTS: tuple[tuple[int, ...], ...] = tuple(
    tuple(random.Random(seed).randrange(3, 250) for _ in range(length)) for seed, length in ((1, 5), (2, 17), (3, 40))
)
LONGEST_DOWN_SECONDS = 1.5
LONGEST_LIFE_SECONDS = 1.5
"""Kills come at a random moment up to this long after a token of some job arrived."""
IDLE_SECONDS = 15.0
"""Without a token for so long the next kill comes anyway."""
START_SECONDS = 120.0
PAUSE_SECONDS = 0.5
SETTLE_SECONDS = 240.0
CONNECT_OFTEN = tuple((f"grpc.{name}_reconnect_backoff_ms", 200) for name in ("initial", "min", "max"))
"""A channel that is opened before the worker listens would wait for seconds between its tries."""
ENDED = (JobStatus.FINAL, JobStatus.CLOSED)


@dataclass
class Answers:
    """What requesters got while workers crashed."""

    expected: dict[tuple[int, ...], list[int]]
    """What the model answers when nobody crashes."""
    right: int = 0
    wrong: list[tuple[int, list[int]]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    """What requesters were told that got no answer."""
    token: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by every token that arrives."""


@dataclass(frozen=True)
class JobEnd:
    """How a job ended."""

    job_id: int
    status: JobStatus
    reason: CloseReason
    units: tuple[QueryUnitResponse, ...]
    """Its units with their draws and checks."""


@dataclass(frozen=True)
class WorkerVerdict:
    """What was found when all jobs had ended."""

    kills: tuple[str, ...]
    """Names of the killed workers, in order."""
    outages: tuple[Outage, ...]
    """From a kill until the worker was at work again, in order."""
    longest_outage_seconds: float
    answers: Answers
    ends: tuple[JobEnd, ...]
    stuck: tuple[int, ...]
    """Jobs that did not end."""
    bond_changes: dict[str, int]
    """By operator, in uostr."""
    misses: tuple[Miss, ...]
    """Everything that workers were blamed for."""

    @property
    def unexcused(self) -> tuple[Miss, ...]:
        """Return what being away does not explain."""
        return tuple(miss for miss in self.misses if not miss.is_excused_by(self.outages))

    @property
    def holds(self) -> bool:
        """Tell whether all jobs ended as they may, all answers were right and nobody was blamed beyond its outages.

        A job may end without settlement only if its requester was told so.
        """
        settled = self.count(CloseReason.SETTLED) + self.count(CloseReason.SETTLED_UNOPENED)
        expired = self.count(CloseReason.EXPIRED)
        is_ended = settled + expired == len(self.ends) and expired <= len(self.answers.failed)
        is_clean = not (self.stuck or self.answers.wrong)
        blamed = {miss.operator for miss in self.misses}
        is_explained = all(name in blamed for name, change in self.bond_changes.items() if change)
        return is_clean and is_ended and is_explained and not self.unexcused

    def count(self, reason: CloseReason) -> int:
        """Return how many jobs ended so."""
        return sum(end.reason is reason for end in self.ends)


async def answer(requester: Requester, network: Localnet, prompt: Sequence[int], token: asyncio.Event) -> OpenJob:
    """Ask and read the whole answer. Raises: RequestError."""
    model = await requester.model(network.model)
    job = await requester.request(model, prompt, max_tokens=MAX_TOKENS)
    async for _ in job.tokens():
        token.set()
    return job


async def crash_workers(network: Localnet, kills: int, seed: int) -> tuple[Localnet, WorkerVerdict]:
    """Kill `kills` workers one after the other under a load of jobs; return the network as restarted, and what is left.

    Every killed worker is started again within LONGEST_DOWN_SECONDS.
    """
    key = Key.secp256k1(read_secret(network.key_path("user")))
    async with ChainClient(network.grpc) as client, Requester(client, key, network.chain_id) as requester:
        bonds = await bonds_of(client, network.workers)
        quiet = asyncio.Event()
        answers = Answers({prompt: (await answer(requester, network, prompt, quiet)).ids for prompt in PROMPTS})
        done = asyncio.Event()
        load = [asyncio.create_task(ask_until(done, requester, network, answers, number)) for number in range(LOADERS)]
        dice = random.Random(seed)
        killed: list[str] = []
        outages: list[Outage] = []
        longest = 0.0
        for _ in range(kills):
            answers.token.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(answers.token.wait(), IDLE_SECONDS)
            await asyncio.sleep(dice.random() * LONGEST_LIFE_SECONDS)
            # Never the same one twice in a row: two crashes on end are one that may outlast its windows.
            place = dice.choice([worker for worker in network.workers if [worker.name] != killed[-1:]])
            began, first = asyncio.get_running_loop().time(), (await client.status()).height + 1
            await asyncio.to_thread(place.process.kill)
            killed.append(place.name)
            await asyncio.sleep(dice.random() * LONGEST_DOWN_SECONDS)
            network = network.with_worker(start_worker(place))
            network.save()
            await working(place)
            longest = max(longest, asyncio.get_running_loop().time() - began)
            outages.append(Outage(place.operator, first, (await client.status()).height))
        done.set()
        await asyncio.gather(*load)
        ends, stuck = await settled(client)
        after = await bonds_of(client, network.workers)
        verdict = WorkerVerdict(
            tuple(killed),
            tuple(outages),
            longest,
            answers,
            ends,
            stuck,
            {name: after[name] - bonds[name] for name in after},
            await misses(client, LOCALNET, [unit for end in ends for unit in end.units]),
        )
        return network, verdict


async def working(place: WorkerPlace) -> None:
    """Wait until a worker has loaded its shards and read its duties. Raises: TimeoutError."""
    await _until_it_says(place, lambda waiting_for: waiting_for == "work")


async def answering(place: WorkerPlace) -> None:
    """Wait until a worker is there, which may have been convicted meanwhile. Raises: TimeoutError."""
    await _until_it_says(place, lambda _: True)


async def _until_it_says(place: WorkerPlace, is_enough: Callable[[str], bool]) -> None:
    async with asyncio.timeout(START_SECONDS), grpc.aio.insecure_channel(place.endpoint, CONNECT_OFTEN) as channel:
        while True:
            with contextlib.suppress(grpc.aio.AioRpcError):
                status = await WorkerStub(channel).Status(wire.StatusRequest(), wait_for_ready=True)
                if is_enough(status.waiting_for):
                    return
            await asyncio.sleep(0.1)


async def ask_until(
    done: asyncio.Event, requester: Requester, network: Localnet, answers: Answers, number: int
) -> None:
    """Ask one prompt after the other through all crashes."""
    dice = random.Random(number)
    while not done.is_set():
        prompt = dice.choice(PROMPTS)
        try:
            job = await answer(requester, network, prompt, answers.token)
        except RequestError as error:
            answers.failed.append(str(error))
            await asyncio.sleep(PAUSE_SECONDS)  # a full network says so at once, and again until jobs are settled
            continue
        if job.ids == answers.expected[prompt]:
            answers.right += 1
        else:
            answers.wrong.append((job.job_id, job.ids))


async def settled(client: ChainClient) -> tuple[tuple[JobEnd, ...], tuple[int, ...]]:
    """Wait for all jobs; return how those that ended did, and those that did not end in time."""
    ends: list[JobEnd] = []
    waiting = list(range(1, await num_jobs(client) + 1))
    loop = asyncio.get_running_loop()
    deadline = loop.time() + SETTLE_SECONDS
    while waiting and loop.time() < deadline:
        for job_id in tuple(waiting):
            found = await client.query("ostraka.jobs.v1.Query/Job", QueryJobRequest(job_id), QueryJobResponse)
            if found.job.status in ENDED:
                waiting.remove(job_id)
                ends.append(await end_of(client, found))
        await asyncio.sleep(0.5)
    return tuple(sorted(ends, key=lambda end: end.job_id)), tuple(waiting)


async def num_jobs(client: ChainClient) -> int:
    """Return the number of the last job."""
    newest = await client.query("ostraka.jobs.v1.Query/Jobs", QueryJobsRequest(limit=1), QueryJobsResponse)
    return newest.jobs[0].job_id if newest.jobs else 0


async def end_of(client: ChainClient, found: QueryJobResponse) -> JobEnd:
    """Read how a job and its checks ended."""
    units: list[QueryUnitResponse] = []
    for unit in found.units:
        request = QueryUnitRequest(unit.job_id, unit.attempt, unit.stage)
        units.append(await client.query("ostraka.sampling.v1.Query/Unit", request, QueryUnitResponse))
    return JobEnd(found.job.job_id, found.job.status, found.job.close_reason, tuple(units))


async def bonds_of(client: ChainClient, workers: Sequence[WorkerPlace]) -> dict[str, int]:
    """Return each worker's bond, by operator."""
    bonds = {}
    for place in workers:
        found = await client.query(
            "ostraka.workers.v1.Query/Worker", QueryWorkerRequest(place.operator), QueryWorkerResponse
        )
        bonds[place.operator] = found.worker.bond
    return bonds

"""Several workers in one process, joined by real sockets, on a job that a fake node shows them."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import grpc.aio
from nacl.signing import SigningKey

from chain.client.signing import Key
from chain.crypto.hashing import blind_hash, chain_hash, sha256, unit_id
from chain.modules.disputes.types import Dispute
from chain.modules.jobs.types import CloseReason, Job, JobStatus, QueryJobResponse, SamplerSpec, Unit, UnitStatus
from chain.modules.models.types import ModelHeader
from chain.modules.rates.types import Terms
from chain.modules.sampling.types import (
    CheckPhase,
    QueryUnitResponse,
    Round,
    Snapshot,
    SnapshotEntry,
    UnitCheck,
)
from chain.modules.workers.types import Keys, Worker, WorkerStatus
from chain.wire.worker.v1 import worker_pb2 as wire
from chain.wire.worker.v1 import worker_pb2_grpc as service
from inference.assignment import Assignment, Peer
from inference.compute import Compute
from inference.engine.engine import Engine
from inference.engine.rows import TokenChunk, row_size
from inference.engine.sampler import sample
from inference.journal import Journal
from inference.keys import WorkerKeys
from inference.loaded import LoadedShards
from inference.proofs.commit import prompt_root
from inference.run import Run
from inference.runs import Runs
from inference.shards.loader import load, read_header
from inference.shards.spec import ShardSpec
from inference.transport.library import UnitLibrary
from inference.transport.service import WorkerService, start_server
from inference.view import UnitKey

CHAIN_ID = "ring-1"
CHAIN = chain_hash(CHAIN_ID)
TERMS = Terms(1, 1, 1, 1, 0, 0, 100, 75, 1 << 31, 1 << 32, 1 << 32, 1, 2, 1 << 16)


def worker_keys(seed: bytes) -> WorkerKeys:
    """Return keys that a seed determines."""
    hot = sha256(seed, b"hot")
    return WorkerKeys(
        Key.secp256k1(sha256(seed, b"operator")),
        Key.ed25519(hot),
        SigningKey(hot),
        sha256(seed, b"vrf"),
        SigningKey(sha256(seed, b"box")),
    )


@dataclass(frozen=True)
class Request:
    """What a requester knows of its job."""

    job_id: int
    prompt: tuple[int, ...]
    max_tokens: int
    stop_ids: tuple[int, ...] = ()
    sampler: SamplerSpec = SamplerSpec()  # noqa: RUF009 -- immutable
    blind: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    session: SigningKey = field(default_factory=SigningKey.generate)
    seed: bytes = bytes(32)


@dataclass
class FakeNode:
    """The chain as far as links need it: jobs, units, draws."""

    model_root: bytes
    cuts: tuple[int, ...]
    keys: list[WorkerKeys]
    endpoints: list[str] = field(default_factory=list)
    jobs: dict[int, Job] = field(default_factory=dict)
    draws: dict[UnitKey, QueryUnitResponse] = field(default_factory=dict)
    checkers: list[WorkerKeys] = field(default_factory=list)
    bonded: list[WorkerKeys] = field(default_factory=list)
    """Active workers beside those of the plan and the checkers."""
    disputed: list[Dispute] = field(default_factory=list)
    height: int = 100
    chain: bytes = CHAIN

    def add(self, request: Request) -> None:
        """Show a job in which every worker has a stage, in order."""
        self.jobs[request.job_id] = Job(
            job_id=request.job_id,
            requester=bytes(20),
            model_root=self.model_root,
            prompt_root=prompt_root(request.blind, request.prompt),
            blind_hash=blind_hash(request.blind),
            prompt_tokens=len(request.prompt),
            max_tokens=request.max_tokens,
            sampler=request.sampler,
            seed=request.seed,
            stop_ids=request.stop_ids,
            value=0,
            session_key=bytes(request.session.verify_key),
            escrow=0,
            status=JobStatus.RUNNING,
            attempt=0,
            plan_id=1,
            num_stages=len(self.keys),
            requested_height=1,
            planned_height=3,
            asserted_height=0,
            round_index=0,
            closed_height=0,
            close_reason=CloseReason.NONE,
            close_detail=0,
            expiry_height=1000,
            output_tokens=0,
            tokens_root=b"",
        )

    def unit(self, job_id: int, stage: int) -> Unit:
        """Return the record of a unit without a result."""
        start, end = self.cuts[stage], self.cuts[stage + 1]
        return Unit(
            job_id, 0, stage, self.keys[stage].operator.address, start, end, 0, TERMS,
            UnitStatus.PENDING, 0, b"", b"", b"", 0, b"", b"", 0,
        )  # fmt: skip

    def assignment(self, job_id: int, stage: int) -> Assignment:
        """Return a stage's assignment."""
        units = tuple(self.unit(job_id, index) for index in range(len(self.keys)))
        peers = tuple(self.peer_of(key) for key in self.keys)
        return Assignment(CHAIN, self.jobs[job_id], units, peers, stage)

    def peer_of(self, key: WorkerKeys) -> Peer:
        """Return how a worker is reached."""
        place = next((i for i, other in enumerate(self.keys) if other is key), None)
        endpoint = self.endpoints[place] if place is not None else ""
        return Peer(key.operator.address, endpoint, key.hot_public)

    async def peer(self, operator: bytes) -> Peer:
        """Answer like the workers module."""
        return next(self.peer_of(key) for key in (*self.keys, *self.checkers) if key.operator.address == operator)

    async def find_unit(self, job_id: int, attempt: int, stage: int) -> QueryUnitResponse | None:
        """Answer like the sampling module."""
        return self.draws.get(UnitKey(job_id, attempt, stage))

    async def find_job(self, job_id: int) -> QueryJobResponse | None:
        """Answer like the jobs module."""
        units = tuple(self.unit(job_id, stage) for stage in range(len(self.keys)))
        return QueryJobResponse(self.jobs[job_id], units, ()) if job_id in self.jobs else None

    async def find_worker(self, operator: bytes) -> Worker | None:
        """Answer like the workers module."""
        for key in (*self.keys, *self.checkers, *self.bonded):
            if key.operator.address == operator:
                keys = Keys(key.hot_public, b"", b"", b"", b"", b"")
                return Worker(operator, key.hot.address, keys, "", "", 0, (), 0, 100, 0, 0, WorkerStatus.ACTIVE, 1)
        return None

    async def disputes(self, job_id: int) -> tuple[Dispute, ...]:
        """Answer like the disputes module."""
        return tuple(one for one in self.disputed if one.job_id == job_id)

    async def snapshot(self, epoch: int) -> Snapshot:
        """Return a snapshot of all checkers."""
        entries = tuple(
            SnapshotEntry(key.operator.address, key.hot.address, bytes(32), 100, (self.model_root,))
            for key in self.checkers
        )
        return Snapshot(epoch, 20, entries)

    def draw(self, job_id: int, stage: int, eligible: bytes, *, alpha: bytes = bytes(32)) -> None:
        """Put a unit into a closed round."""
        check = UnitCheck(
            job_id, 0, stage, unit_id(CHAIN, job_id, 0, stage), 1, 5, eligible, 100, CheckPhase.COMMIT, 140, 0, 0, False
        )
        self.draws[UnitKey(job_id, 0, stage)] = QueryUnitResponse(
            self.unit(job_id, stage), check, (), Round(1, 100, 5, alpha, bytes(32), 140, 1, 1)
        )


class RingWorker:
    """One worker without a loop: runs, links, service."""

    def __init__(self, node: FakeNode, stage: int, home: Path, models: Path, header: ModelHeader, fault: str) -> None:
        self.node = node
        self.stage = stage
        self.keys = node.keys[stage]
        self.journal = Journal(home)
        self.compute = Compute()
        self.shards = LoadedShards(models, header, self.compute, threads=1, fault=fault)
        self.changed = asyncio.Event()

        async def find_assignment(job_id: int, attempt: int) -> Assignment | None:
            return node.assignment(job_id, stage) if job_id in node.jobs and attempt == 0 else None

        self.runs = Runs(
            header, self.shards, self.compute, self.journal, self.keys,
            max_runs=8, find_assignment=find_assignment, find_peer=node.peer, on_change=self._on_change,
        )  # fmt: skip
        self.library = UnitLibrary(CHAIN, row_size(header.hidden_size), self.journal, node)
        self.service = WorkerService(self.runs, self.library, lambda: wire.StatusResponse(height=node.height))
        self.server: grpc.aio.Server | None = None

    def _on_change(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()

    async def start(self, listen: str = "127.0.0.1:0") -> int:
        """Serve; return the port."""
        self.compute.start()
        self.server, port = await start_server(listen, self.service)
        return port

    async def stop(self) -> None:
        """Stop as a killed process would: nothing is finished first."""
        self.runs.close()
        if self.server is not None:
            await self.server.stop(0)
        await asyncio.to_thread(self.compute.close)
        self.journal.close()

    def run(self, job_id: int) -> Run | None:
        """Return this worker's run of a job."""
        return self.runs.find(UnitKey(job_id, 0, self.stage))

    async def ended(self, job_id: int) -> Run:
        """Wait until the unit's roots are fixed and delivered."""
        while True:
            changed = self.changed
            run = self.run(job_id)
            if run is not None and run.failure:
                raise AssertionError(run.failure)
            if run is not None and run.is_delivered:
                return run
            await changed.wait()


@dataclass
class Ring:
    """The workers of one plan."""

    node: FakeNode
    workers: list[RingWorker]
    homes: list[Path]
    models: Path
    header: ModelHeader

    async def ask(self, request: Request, *, count: int = 1 << 30) -> list[int]:
        """Request a job and return its tokens, or the first `count` of them."""
        self.node.add(request)
        stub_first, stub_last = self.stub(0), self.stub(-1)
        await stub_first.Open(
            wire.OpenRequest(job_id=request.job_id, attempt=0, prompt_ids=request.prompt, blind=request.blind)
        )
        tokens: list[int] = []
        call = stub_last.Tokens(wire.TokensRequest(job_id=request.job_id, blind=request.blind))
        async for frame in call:
            assert frame.start == len(tokens)
            tokens += frame.ids
            if frame.receipt.is_final:
                return tokens[: frame.receipt.count]
            if len(tokens) >= count:
                call.cancel()
                return tokens
        raise AssertionError("the stream ended without a final receipt")

    def stub(self, stage: int) -> service.WorkerStub:
        """Return a stub of a worker."""
        channel = grpc.aio.insecure_channel(self.node.endpoints[stage])
        self.channels.append(channel)
        return service.WorkerStub(channel)

    channels: list[grpc.aio.Channel] = field(default_factory=list)

    async def restart(self, stage: int, job_ids: Sequence[int] = ()) -> RingWorker:
        """Stop a worker and start another on its home and port; take its jobs up from the journal."""
        await self.workers[stage].stop()
        worker = RingWorker(self.node, stage, self.homes[stage], self.models, self.header, "")
        await worker.start(self.node.endpoints[stage])
        self.workers[stage] = worker
        for job_id in job_ids:
            if worker.journal.find_run(unit_id(CHAIN, job_id, 0, stage)) is not None:
                await worker.runs.resume(UnitKey(job_id, 0, stage))
        return worker


@asynccontextmanager
async def ring(directory: Path, cuts: Sequence[int], folder: Path, faults: Sequence[str] = ()) -> AsyncIterator[Ring]:
    """Run one worker for each stage [cuts[i], cuts[i+1])."""
    header = read_header(directory)
    keys = [worker_keys(bytes([index])) for index in range(len(cuts) - 1)]
    node = FakeNode(bytes.fromhex(directory.name), tuple(cuts), keys)
    homes = [folder / f"worker{index}" for index in range(len(keys))]
    workers = []
    for stage, home in enumerate(homes):
        fault = faults[stage] if faults else ""
        worker = RingWorker(node, stage, home, directory.parent, header, fault)
        port = await worker.start()
        node.endpoints.append(f"127.0.0.1:{port}")
        workers.append(worker)
    made = Ring(node, workers, homes, directory.parent, header)
    try:
        yield made
    finally:
        for channel in made.channels:
            await channel.close()
        for worker in made.workers:
            await worker.stop()


def expected_tokens(directory: Path, request: Request) -> list[int]:
    """Return what one engine with the whole model answers."""
    header = read_header(directory)
    spec = ShardSpec(bytes.fromhex(directory.name), 0, header.num_layers)
    engine = Engine(load(directory, spec, with_embedding=True, with_head=True))
    session = engine.open(len(request.prompt) + request.max_tokens)
    tokens: list[int] = []
    chunk = TokenChunk(request.prompt)
    while True:
        rows = engine.forward(session, chunk)[-1]
        logits = engine.logits(rows[len(chunk) - 1 :])
        tokens.append(sample(logits[0], request.sampler, request.seed, len(tokens)))
        if tokens[-1] in request.stop_ids or len(tokens) == request.max_tokens:
            return tokens
        chunk = TokenChunk((tokens[-1],))


def with_status(job: Job, status: JobStatus) -> Job:
    """Return a job in another state."""
    return replace(job, status=status)

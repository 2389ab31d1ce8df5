"""All units of this worker that run or ran, and how a unit begins: with an assignment, a blind and a prompt."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Protocol

from chain.crypto.hashing import blind_hash
from chain.crypto.keys import verify_ed25519
from chain.modules.jobs.types import JobStatus, Receipt
from chain.modules.models.types import ModelHeader
from chain.wire.worker.v1 import worker_pb2 as wire
from inference.assignment import Assignment, Peer, link_bytes
from inference.compute import Compute, Machine
from inference.engine.cache import CacheFull
from inference.journal import Contradiction, Journal, RunRecord
from inference.keys import WorkerKeys
from inference.proofs.commit import is_witness
from inference.run import Run
from inference.shards.spec import ShardSpec
from inference.transport.link import Sending, keep_link
from inference.transport.messages import receipt_to_wire
from inference.transport.refusals import Refusal, Refused
from inference.view import UnitKey

log = logging.getLogger("ostraka.runs")

HOLD_SECONDS = 5.0
"""How long a call for a job that the node does not show yet is held."""
MAX_WAITING = 256
"""Calls held at once."""
MAX_ASSIGNMENTS = 4096
"""Assignments remembered."""


class Shards(Protocol):
    """Where loaded shards are found."""

    async def machine(self, spec: ShardSpec) -> Machine:
        """Return the engine of a shard, loading it if need be. Raises: ShardError."""
        ...


class Runs:
    """The units of one worker by key."""

    def __init__(
        self,
        header: ModelHeader,
        shards: Shards,
        compute: Compute,
        journal: Journal,
        keys: WorkerKeys,
        *,
        max_runs: int,
        find_assignment: Callable[[int, int], Awaitable[Assignment | None]],
        find_peer: Callable[[bytes], Awaitable[Peer]],
        on_change: Callable[[], None],
    ) -> None:
        """`find_assignment(job, attempt)` asks the node; `find_peer(operator)` where a worker is reached now."""
        self._header = header
        self._shards = shards
        self._compute = compute
        self._journal = journal
        self._keys = keys
        self._max_runs = max_runs
        self._find_assignment = find_assignment
        self._find_peer = find_peer
        self._on_change = on_change
        self._assignments: dict[tuple[int, int], Assignment] = {}
        self._runs: dict[UnitKey, Run] = {}
        self._links: dict[UnitKey, asyncio.Task[None]] = {}
        self._beginning: dict[UnitKey, asyncio.Lock] = {}
        self._block = asyncio.Event()
        self._began = asyncio.Event()
        self._num_waiting = 0

    def __iter__(self) -> Iterator[Run]:
        return iter(tuple(self._runs.values()))

    def find(self, key: UnitKey) -> Run | None:
        """Return a unit with a session in this process, or None."""
        return self._runs.get(key)

    async def running(self, key: UnitKey) -> Run:
        """Return a unit's run, waiting a little for it to begin. Raises: Refused."""
        try:
            async with asyncio.timeout(HOLD_SECONDS):
                while (run := self._runs.get(key)) is None:
                    await self._began.wait()
        except TimeoutError:
            raise Refused(Refusal.UNKNOWN_JOB, f"job {key.job_id} has not begun at stage {key.stage}") from None
        return run

    def notice_block(self) -> None:
        """Tell held calls that the chain has moved."""
        self._block.set()
        self._block = asyncio.Event()

    async def assignment(self, job_id: int, attempt: int) -> Assignment:
        """Return this worker's part in a running job, waiting a little for the node to show it. Raises: Refused."""
        known = self._assignments.get((job_id, attempt))
        if known is not None:
            return known
        if self._num_waiting >= MAX_WAITING:
            raise Refused(Refusal.BUSY, "too many calls wait for jobs")
        self._num_waiting += 1
        try:
            async with asyncio.timeout(HOLD_SECONDS):
                while True:
                    block = self._block
                    found = await self._find_assignment(job_id, attempt)
                    if found is not None:
                        return self._remember(found)
                    await block.wait()
        except TimeoutError:
            raise Refused(
                Refusal.UNKNOWN_JOB, f"no stage of job {job_id}, attempt {attempt}, is this worker's"
            ) from None
        finally:
            self._num_waiting -= 1

    def _remember(self, found: Assignment) -> Assignment:
        while len(self._assignments) >= MAX_ASSIGNMENTS:
            self._assignments.pop(next(iter(self._assignments)))
        return self._assignments.setdefault((found.job.job_id, found.job.attempt), found)

    async def begin(self, assignment: Assignment, blind: bytes, prompt_ids: Sequence[int]) -> Run:
        """Return the unit's run, beginning it if it is new. Raises: Refused."""
        job = assignment.job
        ids = tuple(prompt_ids)
        self.check_blind(assignment, blind)
        if len(ids) != job.prompt_tokens or any(value >= self._header.vocab_size for value in ids):
            raise Refused(Refusal.WRONG_PROMPT, f"the job has a prompt of {job.prompt_tokens} ids of the vocabulary")
        if not is_witness(blind, job.blind_hash, ids, job.prompt_root):
            raise Refused(Refusal.WRONG_PROMPT, "the ids are not those the job commits to")
        return await self._begin(assignment, blind, ids)

    @staticmethod
    def check_blind(assignment: Assignment, blind: bytes) -> None:
        """Check a blind: who knows it is the requester or a stage. Raises: Refused."""
        if blind_hash(blind) != assignment.job.blind_hash:
            raise Refused(Refusal.WRONG_BLIND, "the blind is not the one the job commits to")

    async def _begin(self, assignment: Assignment, blind: bytes, ids: tuple[int, ...]) -> Run:
        key = assignment.key
        async with self._beginning.setdefault(key, asyncio.Lock()):
            run = self._runs.get(key)
            if run is not None:
                return run
            known = self._journal.find_run(assignment.unit_id)
            if known is None and assignment.job.status != JobStatus.RUNNING:
                raise Refused(Refusal.OVER, f"job {key.job_id} does not run")
            if sum(not item.is_ended and not item.failure for item in self) >= self._max_runs:
                raise Refused(Refusal.BUSY, f"{self._max_runs} jobs run here already")
            unit = assignment.unit
            spec = ShardSpec(assignment.job.model_root, unit.start, unit.end)
            machine = await self._shards.machine(spec)
            record = RunRecord(assignment.unit_id, *key, blind, ids)
            try:
                await asyncio.to_thread(self._journal.begin_run, record)
                run = Run(
                    assignment, self._header, machine, record,
                    compute=self._compute, journal=self._journal,
                    hot_seed=self._keys.hot.secret, on_change=self._on_change,
                )  # fmt: skip
            except Contradiction as error:
                raise Refused(Refusal.WRONG_PROMPT, str(error)) from None
            except (ValueError, CacheFull) as error:
                raise Refused(Refusal.TOO_LONG, str(error)) from None
            self._runs[key] = run
        self._beginning.pop(key, None)
        run.start()
        self._began.set()
        self._began = asyncio.Event()
        if not assignment.is_alone:
            self._links[key] = asyncio.get_running_loop().create_task(keep_link(self._sending(run)))
        log.info("unit %s begins: %d prompt ids, layers %d to %d", key, len(ids), unit.start, unit.end)
        self._on_change()
        return run

    async def resume(self, key: UnitKey) -> None:
        """Take up a unit of the journal after a restart. Raises: Refused."""
        assignment = await self.assignment(key.job_id, key.attempt)
        record = self._journal.run(assignment.unit_id)
        await self._begin(assignment, record.blind, record.prompt_ids)

    def drop(self, key: UnitKey) -> None:
        """Forget a unit's session and links."""
        self._assignments.pop((key.job_id, key.attempt), None)
        link = self._links.pop(key, None)
        if link is not None:
            link.cancel()
        run = self._runs.pop(key, None)
        if run is not None:
            run.close()

    def close(self) -> None:
        """Stop everything; the journal can resume it."""
        for key in tuple(self._runs):
            self.drop(key)

    def check_hello(self, assignment: Assignment, stage: int, signature: bytes) -> None:
        """Check that a link comes from the stage before this one. Raises: Refused."""
        if assignment.is_alone or stage != assignment.previous_stage:
            raise Refused(Refusal.NOT_ASSIGNED, f"stage {assignment.stage} takes nothing from stage {stage}")
        signed = link_bytes(assignment.unit_id_of(stage), assignment.peers[assignment.stage].operator)
        if not verify_ed25519(assignment.peers[stage].hot_key, signed, signature):
            raise Refused(Refusal.WRONG_SIGNATURE, f"not signed by the hot key of stage {stage}")

    def _sending(self, run: Run) -> Sending:
        assignment = run.assignment
        receiver = assignment.peers[assignment.next_stage]

        async def endpoint() -> str:
            return (await self._find_peer(receiver.operator)).endpoint

        def final(receipt: Receipt) -> wire.Frame:
            tokens = run.tokens_receipt
            assert tokens is not None
            return wire.Frame(
                final=wire.Final(
                    receipt=receipt_to_wire(receipt),
                    output_ids=run.tokens.items[: tokens.count],
                    tokens_receipt=receipt_to_wire(tokens),
                )
            )

        hello = wire.Hello(
            job_id=assignment.job.job_id,
            attempt=assignment.job.attempt,
            stage=assignment.stage,
            blind=run.blind,
            # The first stage has the prompt from the requester.
            prompt_ids=() if assignment.is_last else run.prompt_ids,
            signature=self._keys.sign(link_bytes(assignment.unit_id, receiver.operator)),
        )
        return Sending(
            name=f"{assignment.key} to stage {assignment.next_stage}",
            endpoint=endpoint,
            hello=hello,
            rows=None if assignment.is_last else run.outbox,
            tokens=run.tokens if assignment.is_last else None,
            final=final,
            take_countersignature=run.take_countersignature,
            unit=assignment.unit_id,
        )

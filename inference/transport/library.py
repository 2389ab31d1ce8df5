"""The inputs of units that this worker ran or produced, for those who may check them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from chain.crypto.hashing import fetch_bytes, unit_id
from chain.crypto.keys import ed25519_address, verify_ed25519
from chain.modules.disputes.types import Dispute, DisputeStatus
from chain.modules.sampling.rules import has_bit
from chain.modules.sampling.types import QueryUnitResponse, Snapshot, UnitCheck
from chain.modules.workers.types import Worker, WorkerStatus
from chain.wire.worker.v1 import worker_pb2 as wire
from inference.assignment import Peer
from inference.journal import Journal, RunRecord, unpack_ids
from inference.run import IDS_FILE, INPUT_FILE, OUTPUT_FILE
from inference.transport.link import MAX_ROWS_BYTES
from inference.transport.messages import checked_length
from inference.transport.refusals import Refusal, Refused

MAX_AGE_BLOCKS = 100
"""How old the height in a signed request may be, and how far ahead of ours."""
MAX_STAGES = 8
"""Stages of a plan."""


class UnitReader(Protocol):
    """What the library asks the node."""

    @property
    def height(self) -> int:
        """Return the last height seen."""
        ...

    async def find_unit(self, job_id: int, attempt: int, stage: int) -> QueryUnitResponse | None:
        """Return a unit with its draw, or None."""
        ...

    async def snapshot(self, epoch: int) -> Snapshot:
        """Return an epoch's snapshot."""
        ...

    async def peer(self, operator: bytes) -> Peer:
        """Return a worker's endpoint and hot key."""
        ...

    async def find_worker(self, operator: bytes) -> Worker | None:
        """Return a worker, or None."""
        ...

    async def disputes(self, job_id: int) -> tuple[Dispute, ...]:
        """Return the disputes of a job."""
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """What this worker has of a unit's input."""

    record: RunRecord
    ids: tuple[int, ...]
    """Prompt, then output."""
    rows: bytes
    """Input rows; empty if only the ids are here."""


class UnitLibrary:
    """Serves inputs to members of a unit's eligible set, once its draw is public.

    While a unit of the job is in dispute it serves every active worker: anybody with a bond may move then, and the
    first move has shown the chain the job's blind.
    """

    def __init__(
        self, chain: bytes, row_bytes: int, journal: Journal, reader: UnitReader, *, is_withholding: bool = False
    ) -> None:
        """`is_withholding` is a testing aid: nobody is served."""
        self._chain = chain
        self._row_bytes = row_bytes
        self._journal = journal
        self._reader = reader
        self._is_withholding = is_withholding

    async def frames(self, request: wire.FetchRequest) -> AsyncIterator[wire.FetchFrame]:
        """Yield a unit's input: a header, then rows if they are kept here. Raises: Refused."""
        await self.authorise(request)
        held = self.find(request.job_id, request.attempt, request.stage)
        if held is None or self._is_withholding:
            raise Refused(Refusal.NOT_KEPT, "nothing of this job is kept here")
        num_rows = len(held.rows) // self._row_bytes
        yield wire.FetchFrame(
            header=wire.FetchHeader(blind=held.record.blind, tokens=held.record.tokens, ids=held.ids, num_rows=num_rows)
        )
        step = max(1, MAX_ROWS_BYTES // self._row_bytes)
        for start in range(0, num_rows, step):
            end = min(num_rows, start + step)
            data = held.rows[start * self._row_bytes : end * self._row_bytes]
            yield wire.FetchFrame(rows=wire.Rows(start=start, count=end - start, data=data))

    async def authorise(self, request: wire.FetchRequest) -> None:
        """Check that the caller may see the input of this unit now. Raises: Refused."""
        operator = checked_length(request.operator, 20, "an operator")
        signature = checked_length(request.signature, 64, "a signature")
        if request.stage >= MAX_STAGES:
            raise Refused(Refusal.UNKNOWN_JOB, f"no job has a stage {request.stage}")
        if abs(request.height - self._reader.height) > MAX_AGE_BLOCKS:
            raise Refused(Refusal.FRAME_INVALID, f"height {request.height} is not recent: it is {self._reader.height}")
        found = await self._reader.find_unit(request.job_id, request.attempt, request.stage)
        if found is None:
            raise Refused(Refusal.UNKNOWN_JOB, f"there is no such unit of job {request.job_id}")
        if found.check is None or found.round is None or not found.round.alpha:
            raise Refused(Refusal.TOO_EARLY, "the unit's draw is not public yet")
        key = await self._disputant_key(request.job_id, request.attempt, operator)
        if key is None:
            key = await self._checker_key(found.check, operator)
        unit = unit_id(self._chain, request.job_id, request.attempt, request.stage)
        if not verify_ed25519(key, fetch_bytes(unit, request.height), signature):
            raise Refused(Refusal.WRONG_SIGNATURE, "not signed by the caller's hot key")

    async def _disputant_key(self, job_id: int, attempt: int, operator: bytes) -> bytes | None:
        """Return the hot key of an active worker if the job is in dispute."""
        disputes = await self._reader.disputes(job_id)
        if not any(one.status == DisputeStatus.OPEN and one.attempt == attempt for one in disputes):
            return None
        worker = await self._reader.find_worker(operator)
        return worker.keys.hot_key if worker is not None and worker.status == WorkerStatus.ACTIVE else None

    async def _checker_key(self, check: UnitCheck, operator: bytes) -> bytes:
        """Return the hot key of a member of the unit's eligible set. Raises: Refused."""
        entries = (await self._reader.snapshot(check.epoch)).entries
        place = next((index for index, entry in enumerate(entries) if entry.operator == operator), None)
        if place is None or not has_bit(check.eligible, place):
            raise Refused(Refusal.NOT_ELIGIBLE, "the caller is not among the unit's eligible checkers")
        key = (await self._reader.peer(operator)).hot_key
        if ed25519_address(key) != entries[place].hot_address:
            raise Refused(Refusal.WRONG_SIGNATURE, "not signed by the checker's hot key")
        return key

    def find(self, job_id: int, attempt: int, stage: int) -> Held | None:
        """Return what is here of a unit's input: as its asserter, as its producer, else the job's ids."""
        sources = [(stage, INPUT_FILE), (stage - 1, OUTPUT_FILE)]
        sources += [(other, "") for other in range(MAX_STAGES) if other not in (stage, stage - 1)]
        for own_stage, file in sources:
            if own_stage < 0:
                continue
            unit = unit_id(self._chain, job_id, attempt, own_stage)
            record = self._journal.find_run(unit)
            if record is None or not record.is_ended:
                continue
            output = unpack_ids(self._journal.find_rows(unit, IDS_FILE)[: 4 * record.tokens])
            positions = len(record.prompt_ids) + record.tokens - 1
            rows = self._journal.find_rows(unit, file)[: positions * self._row_bytes] if file and stage else b""
            return Held(record, (*record.prompt_ids, *output), rows)
        return None

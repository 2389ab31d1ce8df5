"""One check: fetch a unit's input from whoever has it, verify it against the chain, recompute in one batched pass."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import grpc.aio

from chain.client import ClientError
from chain.crypto.hashing import blinded, fetch_bytes, unit_id
from chain.modules.jobs.types import Job, Unit
from chain.modules.models.types import ModelHeader
from chain.modules.sampling.types import Duty
from chain.wire.worker.v1 import worker_pb2 as wire
from inference import hardware
from inference.chain_reader import ChainReader
from inference.compute import Compute, Machine
from inference.engine.engine import CHUNK, Engine, Session
from inference.engine.rows import RowChunk, RowMalformed, TokenChunk, row_size
from inference.engine.sampler import logit_checksum, sample
from inference.journal import Journal
from inference.keys import WorkerKeys
from inference.loaded import LoadedShards
from inference.proofs import commit
from inference.proofs.commit import ChainRoots
from inference.proofs.rows import row_digests, section_root
from inference.proofs.trace import TraceRecorder, input_of_stage_zero
from inference.shards.spec import ShardSpec
from inference.transport.fetch import Fetched, fetch_unit
from inference.transport.refusals import Refused
from inference.view import UnitKey, key_of

log = logging.getLogger("ostraka.check")

MAX_COMPUTING = 2
"""Checks computed at a time; for the input of more is asked meanwhile, so that one that is withheld shows in time."""
PATIENCE_SECONDS = 2.0
"""What a source of a unit's input is given although the ids are here: without rows all earlier layers are computed."""


class CheckFailed(Exception):
    """The unit cannot be recomputed now: nobody gave its input."""


class EarlierStageFalse(CheckFailed):
    """The earlier layers give another input than the unit was made from: the output of an earlier stage is false."""

    def __init__(self, witness: "UnitInput") -> None:
        super().__init__("the earlier layers give another input: an earlier stage's output is false")
        self.witness = witness


@dataclass(frozen=True, slots=True)
class UnitInput:
    """A unit's input, verified against what the chain holds."""

    blind: bytes
    ids: tuple[int, ...]
    """Prompt, then output."""
    rows: bytes
    """Empty at stage 0."""


class Checker:
    """Recomputes units for one worker."""

    def __init__(
        self,
        header: ModelHeader,
        shards: LoadedShards,
        compute: Compute,
        reader: ChainReader,
        keys: WorkerKeys,
        journal: Journal,
    ) -> None:
        self._header = header
        self._shards = shards
        self._compute = compute
        self._reader = reader
        self._keys = keys
        self._row_bytes = row_size(header.hidden_size)
        self._journal = journal
        self._came: dict[tuple[int, int], asyncio.Event] = {}
        self._turns = asyncio.Semaphore(MAX_COMPUTING)
        self.asked: dict[UnitKey, int] = {}
        """Units whose stages were asked for the input → height at which that began."""
        self.fed: set[UnitKey] = set()
        """Units whose input has come."""
        self.starved: set[UnitKey] = set()
        """Units whose input nobody gave."""

    def notice_witness(self, key: UnitKey, is_right: bool) -> None:
        """Note that a job's ids came on demand: nobody is waited for any more."""
        if is_right:
            self._came.setdefault(key[:2], asyncio.Event()).set()

    def forget(self, key: UnitKey) -> None:
        """Forget a unit whose job is over."""
        self.asked.pop(key, None)
        self.fed.discard(key)
        self.starved.discard(key)
        self._came.pop(key[:2], None)

    async def recompute(self, duty: Duty) -> tuple[UnitInput, ChainRoots]:
        """Return the input of a DRAW duty's unit and the roots that it should have. Raises: CheckFailed."""
        assert duty.job is not None
        assert duty.unit is not None
        found = await self.fetch(duty.job, duty.unit, duty.operators)
        async with self._turns:
            return found, await self.trace(duty.job, duty.unit, found)

    async def fetch(self, job: Job, unit: Unit, operators: Sequence[bytes]) -> UnitInput:
        """Return a unit's input, from the producer, the asserter or any other stage; else by the earlier layers.

        `operators` are those of all stages. Raises: CheckFailed.
        """
        key = key_of(unit)
        self.asked.setdefault(key, self._reader.height)
        found = await self._ask(job, unit, operators, key)
        self.fed.add(key)
        self.starved.discard(key)
        return found

    async def _ask(self, job: Job, unit: Unit, operators: Sequence[bytes], key: UnitKey) -> UnitInput:
        witness, stages = self._demanded(key), range(len(operators))
        for stage in sorted(stages, key=lambda item: (item not in (unit.stage - 1, unit.stage), item)):
            try:
                fetched = await self._unless_demanded(key, self._fetch(job, unit, operators[stage]))
                if fetched is None:
                    break
                witness = self._witness(job, fetched) or witness
                if witness is None or (unit.stage and not fetched.rows):
                    continue
                if unit.stage == 0 or self._is_input(unit, fetched):
                    return UnitInput(witness.blind, witness.ids, fetched.rows if unit.stage else b"")
            except (grpc.aio.AioRpcError, Refused, RowMalformed, ClientError, OSError) as error:
                log.info("no input of %d/%d from stage %d: %s", job.job_id, unit.stage, stage, _short(error))
        witness = witness or self._demanded(key)
        if witness is None:
            self.starved.add(key)
            raise CheckFailed("nobody gave the job's ids")
        if not unit.stage:
            return witness
        async with self._turns:
            rows = await self._earlier_layers(job, unit, witness)
        if not self._is_input(unit, Fetched(witness.blind, witness.ids, rows)):
            raise EarlierStageFalse(witness)
        return UnitInput(witness.blind, witness.ids, rows)

    def _demanded(self, key: UnitKey) -> UnitInput | None:
        """Return a job's ids that came on demand."""
        found = self._journal.find_witness(key.job_id, key.attempt)
        return None if found is None else UnitInput(found[0], found[1], b"")

    async def _unless_demanded(self, key: UnitKey, asking: Coroutine[Any, Any, Fetched]) -> Fetched | None:
        """Return what a source sends, or None if it takes long although the ids have come on demand.

        Computing from the ids alone costs all earlier layers, so a source is given a moment even then.
        """
        came = self._came.setdefault(key[:2], asyncio.Event())
        task, waiter = asyncio.ensure_future(asking), asyncio.ensure_future(came.wait())
        try:
            await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                await asyncio.wait({task}, timeout=PATIENCE_SECONDS)
            return await task if task.done() else None
        finally:
            for future in (task, waiter):
                future.cancel()

    async def first_false(self, job: Job, last: Unit, witness: UnitInput) -> tuple[int, UnitInput, ChainRoots]:
        """Return the first stage before `last` whose out_root its layers do not give, its input and its right roots.

        `witness` are the job's ids, from which everything is computed. Raises: CheckFailed.
        """
        shown = await self._reader.find_job(job.job_id)
        if shown is None or shown.job.attempt != last.attempt:
            raise CheckFailed("the job has gone on")
        given, width = witness, self._header.hidden_size
        for unit in sorted(shown.units, key=lambda item: item.stage)[: last.stage]:
            engine = await self._shards.engine(ShardSpec(job.model_root, unit.start, unit.end))
            parts = await self._pass(engine, given.ids[:-1], given.rows)
            rows = b"".join(layers[-1].to_bytes() for layers in parts)
            root = section_root(row_digests(rows, width), len(given.ids) - 1)
            if blinded(given.blind, root) != unit.out_root:
                return unit.stage, given, await self.trace(job, unit, given)
            given = UnitInput(given.blind, given.ids, rows)
        raise CheckFailed("every earlier stage is right: the unit's input is not what it was sent")

    async def _fetch(self, job: Job, unit: Unit, operator: bytes) -> Fetched:
        name = unit_id(self._reader.chain, unit.job_id, unit.attempt, unit.stage)
        height = self._reader.height
        request = wire.FetchRequest(
            job_id=unit.job_id,
            attempt=unit.attempt,
            stage=unit.stage,
            height=height,
            operator=self._keys.operator.address,
            signature=self._keys.sign(fetch_bytes(name, height)),
        )
        peer = await self._reader.peer(operator)
        ids = job.prompt_tokens + unit.tokens
        return await fetch_unit(peer.endpoint, request, num_ids=ids, num_rows=ids - 1, row_bytes=self._row_bytes)

    def _witness(self, job: Job, fetched: Fetched) -> UnitInput | None:
        """Return blind and ids if they are the job's."""
        prompt, output = fetched.ids[: job.prompt_tokens], fetched.ids[job.prompt_tokens :]
        if not commit.is_witness(fetched.blind, job.blind_hash, prompt, job.prompt_root):
            return None
        if commit.tokens_root(fetched.blind, output) != job.tokens_root:
            return None
        if any(value >= self._header.vocab_size for value in fetched.ids):
            return None
        return UnitInput(fetched.blind, fetched.ids, b"")

    def _is_input(self, unit: Unit, fetched: Fetched) -> bool:
        """Say whether rows are those of the unit's in_root. Raises: RowMalformed."""
        RowChunk.from_bytes(fetched.rows, self._header.hidden_size)
        digests = row_digests(fetched.rows, self._header.hidden_size)
        return blinded(fetched.blind, section_root(digests, len(fetched.ids) - 1)) == unit.in_root

    async def _earlier_layers(self, job: Job, unit: Unit, witness: UnitInput) -> bytes:
        """Return the rows before the unit's first layer, computed from the ids."""
        engine = await self._shards.engine(ShardSpec(job.model_root, 0, unit.start))
        parts = await self._pass(engine, witness.ids[:-1], b"")
        return b"".join(layers[-1].to_bytes() for layers in parts)

    async def _pass(self, engine: Engine, ids: tuple[int, ...], rows: bytes) -> list[list[RowChunk]]:
        """Run all positions in pieces, between which running jobs get their turn."""
        count, out = len(rows) // self._row_bytes if rows else len(ids), []
        session = engine.open(count)
        for start in range(0, count, CHUNK):
            chunk = self._chunk(ids, rows, start, min(count, start + CHUNK))
            out.append(await self._compute.call(lambda c=chunk: engine.forward(session, c)))  # type: ignore[misc]
        engine.close(session)
        return out

    def _chunk(self, ids: tuple[int, ...], rows: bytes, start: int, end: int) -> TokenChunk | RowChunk:
        if not rows:
            return TokenChunk(ids[start:end])
        return RowChunk.from_bytes(rows[start * self._row_bytes : end * self._row_bytes], self._header.hidden_size)

    async def trace(self, job: Job, unit: Unit, given: UnitInput) -> ChainRoots:
        """Return the roots of the unit recomputed from its verified input."""
        engine = await self._shards.checking_machine(ShardSpec(job.model_root, unit.start, unit.end))
        trace = TraceRecorder(self._header, unit.start, unit.end, given.blind)
        if unit.start:
            trace.add_packed(unit.start - 1, 0, given.rows)
        total = len(given.ids) - 1
        session = engine.open(total)
        for start in range(0, total, CHUNK):
            chunk = self._chunk(given.ids[:-1], given.rows, start, min(total, start + CHUNK))
            await self._compute.call(lambda s=start, c=chunk: self._piece(engine, session, trace, job, s, c))  # type: ignore[misc]
        engine.close(session)
        await asyncio.to_thread(hardware.return_memory)
        prompt, output = list(given.ids[: job.prompt_tokens]), given.ids[job.prompt_tokens :]
        stage_zero = (
            b"" if unit.start else input_of_stage_zero(given.blind, prompt, commit.tokens_root(given.blind, output))
        )
        finished = await asyncio.to_thread(trace.finish, total, unit.tokens)
        return finished.chain_roots(given.blind, stage_zero)

    @staticmethod
    def _piece(
        engine: Machine, session: Session, trace: TraceRecorder, job: Job, start: int, chunk: TokenChunk | RowChunk
    ) -> None:
        """On the compute thread: one piece of the pass."""
        layers = engine.forward(session, chunk)
        for layer, rows in enumerate(layers, trace.start):
            trace.add_packed(layer, start, rows.to_bytes())
        first = max(0, job.prompt_tokens - 1 - start)
        if not trace.is_last or first >= len(chunk):
            return
        for row in engine.logits(layers[-1][first:]):
            best, total = logit_checksum(row)
            trace.add_output(best, total, sample(row, job.sampler, job.seed, len(trace.tokens)))


def _short(error: Exception) -> str:
    if isinstance(error, grpc.aio.AioRpcError):
        return f"{error.code().name}: {error.details()}"
    return str(error)

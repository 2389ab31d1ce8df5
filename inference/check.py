"""One check: fetch a unit's input from whoever has it, verify it against the chain, recompute in one batched pass."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

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
from inference.keys import WorkerKeys
from inference.loaded import LoadedShards
from inference.proofs import commit
from inference.proofs.commit import ChainRoots
from inference.proofs.rows import row_digests, section_root
from inference.proofs.trace import TraceRecorder, input_of_stage_zero
from inference.shards.spec import ShardSpec
from inference.transport.fetch import Fetched, fetch_unit
from inference.transport.refusals import Refused

log = logging.getLogger("ostraka.check")


class CheckFailed(Exception):
    """The unit cannot be recomputed now: nobody gave its input, or an earlier stage's output is false."""


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
        self, header: ModelHeader, shards: LoadedShards, compute: Compute, reader: ChainReader, keys: WorkerKeys
    ) -> None:
        self._header = header
        self._shards = shards
        self._compute = compute
        self._reader = reader
        self._keys = keys
        self._row_bytes = row_size(header.hidden_size)

    async def recompute(self, duty: Duty) -> tuple[UnitInput, ChainRoots]:
        """Return the input of a DRAW duty's unit and the roots that it should have. Raises: CheckFailed."""
        assert duty.job is not None
        assert duty.unit is not None
        found = await self.fetch(duty.job, duty.unit, duty.operators)
        return found, await self._trace(duty.job, duty.unit, found)

    async def fetch(self, job: Job, unit: Unit, operators: Sequence[bytes]) -> UnitInput:
        """Return a unit's input, from the producer, the asserter or any other stage; else by the earlier layers.

        `operators` are those of all stages. Raises: CheckFailed.
        """
        witness: UnitInput | None = None
        stages = range(len(operators))
        for stage in sorted(stages, key=lambda item: (item not in (unit.stage - 1, unit.stage), item)):
            try:
                fetched = await self._fetch(job, unit, operators[stage])
                witness = self._witness(job, fetched) or witness
                if witness is None or (unit.stage and not fetched.rows):
                    continue
                if unit.stage == 0 or self._is_input(unit, fetched):
                    return UnitInput(witness.blind, witness.ids, fetched.rows if unit.stage else b"")
            except (grpc.aio.AioRpcError, Refused, RowMalformed, ClientError, OSError) as error:
                log.info("no input of %d/%d from stage %d: %s", job.job_id, unit.stage, stage, _short(error))
        if witness is None:
            raise CheckFailed("nobody gave the job's ids")
        rows = await self._earlier_layers(job, unit, witness)
        if not self._is_input(unit, Fetched(witness.blind, witness.ids, rows)):
            raise CheckFailed("the earlier layers give another input: an earlier stage's output is false")
        return UnitInput(witness.blind, witness.ids, rows)

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

    async def _trace(self, job: Job, unit: Unit, given: UnitInput) -> ChainRoots:
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

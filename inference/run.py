"""One unit while it runs: positions in, rows or tokens out, receipts both ways, and at the end its roots.

Everything that arrives is journalled before it is computed on, and what comes out is a function of what came in. So a
restart feeds the journalled input through the same path: it ends with the same cache, the same rows and the same
tokens, and the links continue where the neighbours say they are.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chain.crypto.hashing import cancel_bytes
from chain.crypto.keys import verify_ed25519
from chain.crypto.merkle import Kind, ListRoot
from chain.modules.jobs.types import Receipt
from chain.modules.models.types import ModelHeader
from chain.store.codec import decode, encode
from inference import hardware
from inference.assignment import Assignment
from inference.compute import Chunk, Compute, Logits, Machine, Step
from inference.engine.engine import CHUNK
from inference.engine.rows import RowChunk, RowMalformed, TokenChunk, row_size
from inference.engine.sampler import logit_checksum, sample
from inference.journal import Contradiction, Journal, RunRecord, pack_ids, unpack_ids
from inference.proofs import commit, receipts
from inference.proofs.trace import TraceRecorder, input_of_stage_zero
from inference.transport.outbox import Outbox
from inference.transport.refusals import Refusal, Refused

log = logging.getLogger("ostraka.run")

INPUT_FILE, OUTPUT_FILE, IDS_FILE = "in", "out", "ids"
"""Row files of a unit: input rows, output rows, output ids."""


@dataclass(frozen=True, slots=True)
class _Output:
    """What one step made."""

    packed: bytes
    """Rows after the last layer."""
    tokens: tuple[int, ...]
    """New ids; of the last stage only."""


class Run:
    """A unit of this worker. All methods belong to the event loop; only `_finish_step` runs on the compute thread."""

    def __init__(
        self,
        assignment: Assignment,
        header: ModelHeader,
        machine: Machine,
        record: RunRecord,
        *,
        compute: Compute,
        journal: Journal,
        hot_seed: bytes,
        on_change: Callable[[], None],
    ) -> None:
        """Prepare a unit whose beginning is journalled as `record`, taking up whatever its row files hold."""
        self.assignment = assignment
        self.blind = record.blind
        self.prompt_ids = record.prompt_ids
        self.outbox: Outbox[bytes] = Outbox()
        """Rows for the next stage."""
        self.tokens: Outbox[int] = Outbox()
        """Output ids: at the last stage for the requester and stage 0, at stage 0 as they came."""
        self.tokens_receipt: Receipt | None = None
        """The last stage's final receipt."""
        self.computed = 0
        """Positions through the engine."""
        self.is_ended = False
        """The roots are journalled."""
        self.failure = ""
        """Why the run cannot go on, if so."""
        self._header = header
        self._machine = machine
        self._compute = compute
        self._journal = journal
        self._hot_seed = hot_seed
        self._on_change = on_change
        self._row_bytes = row_size(header.hidden_size)
        unit = assignment.unit_id
        self._input_file = journal.row_file(unit, INPUT_FILE, self._row_bytes)
        self._output_file = journal.row_file(unit, OUTPUT_FILE, self._row_bytes)
        self._ids_file = journal.row_file(unit, IDS_FILE, 4)
        self._session = machine.open(assignment.max_positions)
        self._trace = TraceRecorder(header, assignment.unit.start, assignment.unit.end, self.blind)
        self._pending: deque[Chunk] = deque()
        self._wake = asyncio.Event()
        self._fed = 0
        """Positions that were put into `_pending`."""
        self._final_in: Receipt | None = None
        """The upstream's final receipt."""
        self._output_count = 0
        """T, once it is fixed."""
        self._cancel_at = 0
        self._is_end_fixed = False
        self._is_finishing = False
        self._answer = ListRoot(Kind.TOKS)
        """Of the ids that came to stage 0."""
        self._last_receipt = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def received(self) -> int:
        """Return how many rows (at stage 0: tokens) have come from the previous stage."""
        return len(self.tokens.items) if self.assignment.is_first else self._input_file.count

    @property
    def is_delivered(self) -> bool:
        """Say whether the next stage has all of it."""
        return self.is_ended and (self.assignment.is_alone or self._edge.is_delivered)

    @property
    def _edge(self) -> Outbox[bytes] | Outbox[int]:
        return self.tokens if self.assignment.is_last else self.outbox

    def start(self) -> None:
        """Take up what the journal holds and begin to compute."""
        self._restore()
        self._spawn(self._work())

    def close(self) -> None:
        """Stop computing, end all readers and free the session; the journal keeps what it has."""
        for task in self._tasks:
            task.cancel()
        self.outbox.close()
        self.tokens.close()
        for file in (self._input_file, self._output_file, self._ids_file):
            file.close()

    def _spawn(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _restore(self) -> None:
        job, unit = self.assignment, self.assignment.unit_id
        for count, is_final, root, signature, counter in self._journal.receipts(unit):
            if is_final:
                restored = Receipt(unit, job.unit.revision, count, root, True, signature)
                self._edge.final, self._edge.is_delivered = restored, bool(counter)
                if job.is_last:
                    self._output_count, self.tokens_receipt = count, restored
            self._last_receipt = max(self._last_receipt, count)
        if job.is_last:
            # Where the tokens ended is signed; they are made again from the rows, up to there.
            self._cancel_at = self._output_count or self._journal.find_cancel(unit)[0]
        if not job.is_last:
            last = job.hop_from(len(job.units) - 1)
            self.tokens_receipt = self._final_of(last)
            self.tokens.items.extend(unpack_ids(self._ids_file.read(0, self._ids_file.count)))
            self._extend_answer(0, self.tokens.items)
            self._output_count = self.tokens_receipt.count if self.tokens_receipt else 0
        if job.is_first:
            self._feed_ids()
        else:
            self._final_in = self._final_of(job.hop_from(job.previous_stage))
            for start in range(0, self._input_file.count, CHUNK):
                end = min(start + CHUNK, self._input_file.count)
                data = self._input_file.read(start, end)
                self._trace.add_packed(job.unit.start - 1, start, data)
                self._feed(RowChunk.from_bytes(data, self._header.hidden_size))

    def _final_of(self, hop: receipts.Hop) -> Receipt | None:
        for count, is_final, root, signature, _ in self._journal.receipts(hop.unit):
            if is_final:
                return Receipt(hop.unit, hop.revision, count, root, True, signature)
        return None

    # -- what the previous stage sends

    def take_rows(self, start: int, count: int, data: bytes) -> None:
        """Take rows from the previous stage. Raises: Refused."""
        if self.assignment.is_first:
            raise Refused(Refusal.FRAME_INVALID, "the first stage takes no rows")
        if start != self.received or count < 1:
            raise Refused(Refusal.OUT_OF_ORDER, f"row {self.received} comes next, not {start}")
        if start + count > self.assignment.max_positions or self._final_in is not None:
            raise Refused(Refusal.TOO_LONG, f"the job has at most {self.assignment.max_positions} positions")
        if len(data) != count * self._row_bytes:
            raise Refused(Refusal.FRAME_INVALID, f"{len(data)} bytes are not {count} rows of {self._row_bytes}")
        try:
            chunk = RowChunk.from_bytes(data, self._header.hidden_size)
        except RowMalformed as error:
            raise Refused(Refusal.ROW_NOT_CANONICAL, str(error)) from None
        self._input_file.append(data)
        self._trace.add_packed(self.assignment.unit.start - 1, start, data)
        self._feed(chunk)

    async def take_receipt(self, receipt: Receipt) -> Receipt:
        """Check a receipt over rows so far and return it counter-signed. Raises: Refused."""
        if self.assignment.is_first or receipt.is_final:
            raise Refused(Refusal.FRAME_INVALID, "no such receipt is expected here")
        return await self._countersigned(receipt, self.assignment.previous_stage, self._input_root(receipt.count))

    async def take_final(self, receipt: Receipt, ids: Sequence[int], tokens_receipt: Receipt) -> Receipt:
        """Check the end of the rows, keep the output ids and return the receipt counter-signed. Raises: Refused."""
        job = self.assignment
        last = len(job.units) - 1
        if job.is_first or not receipt.is_final or not tokens_receipt.is_final:
            raise Refused(Refusal.FRAME_INVALID, "no such receipt is expected here")
        count = receipt.count - job.job.prompt_tokens + 1
        if not 1 <= count <= job.job.max_tokens or count != len(ids) or (job.is_last and count != self._output_count):
            raise Refused(Refusal.RECEIPT_INVALID, f"{receipt.count} rows do not fit {len(ids)} output tokens")
        self._check_ids(ids)
        fault = receipts.fault_of(tokens_receipt, job.hop_from(last), count, commit.tokens_root(self.blind, ids))
        if fault is not None:
            raise Refused(Refusal.RECEIPT_INVALID, f"tokens: {fault}")
        if not job.is_last:
            self._ids_file.append(pack_ids(ids[self._ids_file.count :]))
            self.tokens.items[:] = ids
            await self._record(tokens_receipt)
            self.tokens_receipt, self._output_count = tokens_receipt, count
        signed = await self._countersigned(receipt, job.previous_stage, self._input_root(receipt.count))
        self._final_in = receipt
        self._finish_if_complete()
        return signed

    async def take_tokens(self, start: int, ids: Sequence[int], receipt: Receipt) -> Receipt | None:
        """At stage 0: take output ids from the last stage; return a final receipt counter-signed. Raises: Refused."""
        job = self.assignment
        if not job.is_first or job.is_alone:
            raise Refused(Refusal.FRAME_INVALID, "only the first stage takes tokens")
        held = self.tokens.items
        if start != len(held):
            raise Refused(Refusal.OUT_OF_ORDER, f"token {len(held)} comes next, not {start}")
        if start + len(ids) > job.job.max_tokens or (ids and self.tokens_receipt is not None):
            raise Refused(Refusal.TOO_LONG, f"the job has at most {job.job.max_tokens} output tokens")
        self._check_ids(ids)
        everything = [*held, *ids]
        if not 1 <= receipt.count <= len(everything) or (not receipt.is_final and receipt.count != len(everything)):
            raise Refused(Refusal.RECEIPT_INVALID, f"a receipt for {receipt.count} of {len(everything)} tokens")
        hop = job.hop_from(job.previous_stage)
        if not receipts.is_valid(receipt, hop.sender_key):
            raise Refused(Refusal.RECEIPT_INVALID, "the receipt is not signed by the last stage's hot key")
        self._extend_answer(start, ids)
        if receipt.count == len(everything):
            root = self._answer.root()
        else:
            root = commit.tokens_root(self.blind, everything[: receipt.count])
        fault = receipts.fault_of(receipt, hop, receipt.count, root)
        if fault is not None:
            self.fail(f"the last stage signed something else than it sent: {fault}")
            raise Refused(Refusal.RECEIPT_INVALID, fault)
        self._ids_file.append(pack_ids(ids))
        held.extend(ids)
        if not receipt.is_final:
            self._feed_ids()
            return None
        await self._record(receipt)
        self.tokens_receipt, self._output_count = receipt, receipt.count
        self._feed_ids()
        self._finish_if_complete()
        return await self._countersigned(receipt, job.previous_stage, root)

    async def cancel(self, tokens: int, signature: bytes) -> int:
        """At the last stage: stop at `tokens` output tokens; return the count that stands. Raises: Refused."""
        job = self.assignment
        if not job.is_last:
            raise Refused(Refusal.NOT_ASSIGNED, "only the last stage ends a job")
        if not 1 <= tokens <= job.job.max_tokens:
            raise Refused(Refusal.TOO_LONG, f"a job ends at 1 to {job.job.max_tokens} tokens")
        signed = cancel_bytes(job.chain, job.job.job_id, job.job.attempt, tokens)
        if not verify_ed25519(job.job.session_key, signed, signature):
            raise Refused(Refusal.WRONG_SIGNATURE, "not signed by the job's session key")
        if not self._output_count and not self._cancel_at:
            # Order: who ends an answer early must be able to show the requester's wish ever after.
            await asyncio.to_thread(self._journal.record_cancel, job.unit_id, tokens, signature)
            wished, _ = self._journal.find_cancel(job.unit_id)
            if not self._output_count:
                self._cancel_at = wished
                if len(self.tokens.items) >= wished:
                    await self._fix_end(wished, ())
        return self._output_count or self._cancel_at

    def _extend_answer(self, start: int, ids: Sequence[int]) -> None:
        for index, value in enumerate(ids, start):
            self._answer.append(commit.token_leaf(self.blind, True, index, value))

    def _check_ids(self, ids: Sequence[int]) -> None:
        if any(not 0 <= value < self._header.vocab_size for value in ids):
            raise Refused(Refusal.FRAME_INVALID, "an id is outside the vocabulary")

    def _input_root(self, count: int) -> bytes:
        if not 0 < count <= self.received:
            raise Refused(Refusal.RECEIPT_INVALID, f"the receipt counts {count}, {self.received} rows came")
        return self._trace.input_root(count)

    async def _countersigned(self, receipt: Receipt, stage: int, root: bytes) -> Receipt:
        fault = receipts.fault_of(receipt, self.assignment.hop_from(stage), receipt.count, root)
        if fault is not None:
            raise Refused(Refusal.RECEIPT_INVALID, fault)
        signature = receipts.counter_sign(self._hot_seed, receipt)
        await self._record(receipt, signature)
        return Receipt(receipt.unit, receipt.revision, receipt.count, receipt.root, receipt.is_final, signature)

    async def _record(self, receipt: Receipt, countersignature: bytes = b"") -> None:
        try:
            await asyncio.to_thread(
                self._journal.record_receipt,
                receipt.unit, receipt.count, receipt.is_final, receipt.root, receipt.signature, countersignature,
            )  # fmt: skip
        except Contradiction as error:
            raise Refused(Refusal.RECEIPT_INVALID, str(error)) from None

    async def take_countersignature(self, receipt: Receipt) -> None:
        """Keep what the next stage has signed about our rows or tokens. Raises: Refused."""
        sent = self._edge.final if receipt.is_final else self._edge.receipt
        if sent is None or receipt.count > sent.count or receipt.unit != self.assignment.unit_id:
            raise Refused(Refusal.RECEIPT_INVALID, "a counter-signature on what was not sent")
        peer = self.assignment.peers[self.assignment.next_stage]
        if not receipts.is_signed_by(receipt, peer.hot_key, receipt.signature):
            raise Refused(Refusal.WRONG_SIGNATURE, "not the next stage's signature")
        own = receipts.sign_receipt(
            self._hot_seed, receipt.unit, receipt.revision, receipt.count, receipt.root, receipt.is_final
        )
        await self._record(own, receipt.signature)
        if receipt.is_final:
            self._edge.is_delivered = True
            self._edge.notify()
            self._on_change()

    # -- computing

    def _feed(self, chunk: Chunk) -> None:
        self._pending.append(chunk)
        self._fed += len(chunk)
        self._wake.set()

    def _feed_ids(self) -> None:
        """At stage 0: feed every id that is known and is not the last of all."""
        prompt = len(self.prompt_ids)
        ids = [*self.prompt_ids, *self.tokens.items]
        last = prompt + self._output_count - 1 if self._output_count else self.assignment.max_positions
        end = min(last, len(ids))
        for start in range(self._fed, end, CHUNK):
            self._feed(TokenChunk(tuple(ids[start : min(start + CHUNK, end)])))

    def _next_chunk(self) -> Chunk | None:
        """Return what waits, rows joined up to a chunk."""
        if not self._pending:
            return None
        first = self._pending.popleft()
        if not isinstance(first, RowChunk):
            return first
        parts, count = [first], len(first)
        while self._pending and count + len(self._pending[0]) <= CHUNK:
            following = self._pending.popleft()
            assert isinstance(following, RowChunk)
            parts.append(following)
            count += len(following)
        return RowChunk.stack(parts)

    async def _work(self) -> None:
        try:
            while True:
                chunk = self._next_chunk()
                if chunk is None:
                    self._finish_if_complete()
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                await self._compute_chunk(chunk)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self.fail(f"{type(error).__name__}: {error}")
            log.exception("unit %s cannot go on", self.assignment.key)

    async def _compute_chunk(self, chunk: Chunk) -> None:
        job, position = self.assignment, self.computed
        logits_from = max(0, len(self.prompt_ids) - 1 - position) if job.is_last else None
        if self._is_finishing or self._is_over():
            return  # Work beyond the end is dropped.
        output = await self._compute.step(
            Step(
                self._machine, self._session, chunk, logits_from,
                lambda rows, logits: self._finish_step(position, rows, logits),
            )
        )  # fmt: skip
        self.computed += len(chunk)
        if job.is_last:
            await self._deliver_tokens(output.tokens)
        else:
            self._deliver_rows(output.packed)

    def _is_over(self) -> bool:
        """Say whether all positions of the job are computed."""
        return bool(self._output_count) and self.computed >= self.total_positions

    @property
    def total_positions(self) -> int:
        """Return N; meaningful once T is fixed."""
        return self.assignment.job.prompt_tokens + self._output_count - 1

    def _finish_step(self, position: int, layers: list[RowChunk], logits: Logits | None) -> _Output:
        """On the compute thread: commit to the rows, sample what is to be sampled."""
        first, packed = self.assignment.unit.start, b""
        for layer, rows in enumerate(layers, first):
            packed = rows.to_bytes()
            self._trace.add_packed(layer, position, packed)
        job, tokens = self.assignment.job, []
        for row in () if logits is None else logits:
            index = len(self._trace.tokens)
            if index and self._stops_after(index, self._trace.tokens[-1]):
                break
            best, total = logit_checksum(row)
            token = sample(row, job.sampler, job.seed, index)
            self._trace.add_output(best, total, token)
            tokens.append(token)
        return _Output(packed, tuple(tokens))

    def _stops_after(self, count: int, token: int) -> bool:
        """Say whether a job ends with its `count`-th output, `token`."""
        job = self.assignment.job
        return token in job.stop_ids or count >= job.max_tokens or count == self._cancel_at

    def _deliver_rows(self, packed: bytes) -> None:
        size = self._row_bytes
        rows = [packed[at : at + size] for at in range(0, len(packed), size)]
        start = len(self.outbox.items)
        known = self._output_file.count
        if start + len(rows) > known:
            self._output_file.append(b"".join(rows[max(0, known - start) :]))
        self.outbox.items.extend(rows)
        self.outbox.notify()
        count = len(self.outbox.items)
        if receipts.is_due(count, self._last_receipt):
            self._last_receipt = count
            self._spawn(self._give_receipt(count))

    async def _give_receipt(self, count: int) -> None:
        receipt = self._receipt(count, False)
        await self._record(receipt)
        if self.outbox.receipt is None or self.outbox.receipt.count < count:
            self.outbox.receipt = receipt
            self.outbox.notify()

    def _receipt(self, count: int, is_final: bool) -> Receipt:
        unit = self.assignment.unit
        root = self._trace.output_root(count)
        return receipts.sign_receipt(self._hot_seed, self.assignment.unit_id, unit.revision, count, root, is_final)

    async def _deliver_tokens(self, tokens: tuple[int, ...]) -> None:
        if not tokens or self._is_end_fixed:
            return
        total = len(self.tokens.items) + len(tokens)
        if self._cancel_at and total >= self._cancel_at:
            await self._fix_end(self._cancel_at, tokens)
        elif self._stops_after(total, tokens[-1]):
            await self._fix_end(total, tokens)
        else:
            self._append_tokens(tokens)
            self.tokens.receipt = self._receipt(total, False)
            self.tokens.notify()

    def _append_tokens(self, tokens: tuple[int, ...]) -> None:
        start = len(self.tokens.items)
        held = self._ids_file.count
        known = unpack_ids(self._ids_file.read(start, min(held, start + len(tokens))))
        if known != tokens[: len(known)]:
            raise Contradiction("other tokens were made of the same rows before")
        self._ids_file.append(pack_ids(tokens[len(known) :]))
        self.tokens.items.extend(tokens)
        if self.assignment.is_alone:
            self._feed_ids()

    async def _fix_end(self, count: int, tokens: tuple[int, ...]) -> None:
        """At the last stage: fix T. The final receipt is durable before anybody sees it."""
        if self._is_end_fixed:
            return
        if self._output_count not in (0, count):
            raise Contradiction(f"the job ended at {self._output_count} tokens before, now at {count}")
        # Order: nothing may fix another end while this one is being written.
        self._is_end_fixed, self._output_count = True, count
        receipt = self._receipt(count, True)
        await self._record(receipt)
        self._append_tokens(tokens)
        self.tokens_receipt = receipt
        self.tokens.receipt = self.tokens.final = receipt
        self.tokens.notify()
        self._finish_if_complete()

    # -- the end

    def _finish_if_complete(self) -> None:
        job = self.assignment
        if self._is_finishing or self.failure or not self._is_over():
            return
        if not job.is_first and (self._final_in is None or self._final_in.count != self.total_positions):
            return
        if job.is_last and len(self.tokens.items) < self._output_count:
            return
        self._is_finishing = True
        self._spawn(self._finish_unit())

    async def _finish_unit(self) -> None:
        try:
            await self._end()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self.fail(f"{type(error).__name__}: {error}")
            log.exception("unit %s cannot end", self.assignment.key)
        self._on_change()

    async def _end(self) -> None:
        """Sign the final receipt, fix the roots, free the session."""
        job, outputs, total = self.assignment, self._output_count, self.total_positions
        if not job.is_last:
            final = self._receipt(total, True)
            await self._record(final)
            self.outbox.final = final
            self.outbox.notify()
        trace = await asyncio.to_thread(self._trace.finish, total, outputs)
        start = b""
        if job.is_first:
            answer = commit.tokens_root(self.blind, self.tokens.items[:outputs])
            start = input_of_stage_zero(self.blind, list(self.prompt_ids), answer)
        roots = trace.chain_roots(self.blind, start)
        upstream = encode(self._final_in) if self._final_in is not None else b""
        await asyncio.to_thread(self._make_durable)
        await asyncio.to_thread(
            self._journal.end_run,
            job.unit_id, outputs, (roots.in_root, roots.body_root, roots.out_root), upstream,
        )  # fmt: skip
        self.is_ended = True
        await self._compute.call(self._free_session)
        log.info("unit %s ended: %d positions, %d tokens", job.key, total, outputs)

    def _free_session(self) -> None:
        self._machine.close(self._session)
        hardware.return_memory()

    def _make_durable(self) -> None:
        for file in (self._input_file, self._output_file, self._ids_file):
            file.sync()

    def fail(self, reason: str) -> None:
        """Give the run up; the job then expires by the chain's rule and nothing false was signed."""
        self.failure = reason
        self.outbox.close()
        self.tokens.close()
        self._on_change()


def decoded_receipt(data: bytes) -> Receipt | None:
    """Return the upstream's final receipt of a run record; None for stage 0."""
    return decode(Receipt, data) if data else None

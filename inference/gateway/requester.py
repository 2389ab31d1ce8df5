"""Ask the network for an inference: escrow on the chain, the prompt to the first worker, tokens from the last.

What arrives is verified before it is given out: every frame carries the last stage's receipt over all tokens so far.
What becomes of a job after that is `following.py`'s matter.
"""

import asyncio
import contextlib
import re
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import grpc
import grpc.aio

from chain.client.client import ChainClient
from chain.client.failures import ClientError, NotFound, Unavailable
from chain.client.sender import MAX_MESSAGES, Committed, Sender
from chain.client.signing import Key
from chain.crypto.hashing import blind_hash, cancel_bytes, chain_hash, unit_id
from chain.crypto.keys import encode_address, sign_ed25519
from chain.crypto.merkle import Kind, lr
from chain.errors import Code
from chain.modules.jobs.types import (
    Job,
    JobStatus,
    MsgRequestJob,
    MsgRequestJobResponse,
    QueryJobRequest,
    QueryJobResponse,
    Receipt,
    SamplerSpec,
)
from chain.modules.models.types import Model, QueryModelRequest, QueryModelResponse
from chain.modules.rates.types import QueryQuoteRequest, QueryQuoteResponse
from chain.modules.workers.types import QueryWorkerRequest, QueryWorkerResponse, Worker
from chain.store.codec import decode
from chain.wire.worker.v1 import worker_pb2 as wire
from chain.wire.worker.v1 import worker_pb2_grpc as stubs
from inference.disputes.claims import Claim
from inference.gateway.following import Following
from inference.gateway.open_job import Answer, OpenJob, RequestError
from inference.proofs.commit import prompt_root, token_leaf
from inference.proofs.receipts import Hop, fault_of

PLAN_SECONDS = 15.0
"""How long a job may wait for its plan before the requester is told that no worker is free."""
OPEN_SECONDS = 45.0
"""How long to try to hand the prompt to the first worker, which may just be starting again."""
OPEN_PAUSE_SECONDS = 0.25
CANCEL_SECONDS = 10.0
"""Deadline of asking the last worker to stop."""
SILENCE_SECONDS = 60.0
"""How long the last worker may be silent before the stream is made anew."""
RECONNECTS = 5
_CRASHED = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
"""What a call comes to when the worker ends in the middle of it."""
MAX_FRAME_BYTES = 1 << 20
ESCROW_MARGIN = (5, 4)
"""What the escrow may exceed the quote by: plans can change between the two."""


_PREFIX = re.compile(r"^(failed to execute message; message index: \d+|invalid_argument): ")


def _sentence(log: str) -> str:
    """Return what a refusal says, without where in a transaction it happened."""
    return _PREFIX.sub("", log)


@dataclass(slots=True)
class _Waiting:
    message: MsgRequestJob | Claim
    done: "asyncio.Future[tuple[Committed, int]]"


class Requester:
    """One requesting account; many jobs at once. Use as an async context manager."""

    def __init__(self, client: ChainClient, key: Key, chain_id: str, *, gas_price: str = "0.0001") -> None:
        self.client = client
        self.key = key
        self._chain = chain_hash(chain_id)
        self._sender = Sender(client, key, chain_id, gas_price)
        self._waiting: asyncio.Queue[_Waiting] = asyncio.Queue(maxsize=1024)
        self._channels: dict[str, grpc.aio.Channel] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._block = asyncio.Condition()
        self.following = Following(self)
        self.height = 0

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._send())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, self.following.close(), return_exceptions=True)
        for channel in self._channels.values():
            await channel.close()

    async def model(self, name: str) -> Model:
        """Return a registered model by name. Raises: RequestError: UNKNOWN_MODEL."""
        try:
            answer = await self.client.query(
                "ostraka.models.v1.Query/Model", QueryModelRequest(b"", name), QueryModelResponse
            )
        except NotFound:
            raise RequestError(Code.UNKNOWN_MODEL, f"no model is registered as {name!r}") from None
        return answer.model

    async def request(
        self,
        model: Model,
        prompt: Sequence[int],
        *,
        max_tokens: int,
        sampler: SamplerSpec | None = None,
        seed: bytes | None = None,
        value: int = 0,
        max_escrow: int | None = None,
    ) -> OpenJob:
        """Lock the escrow and hand the prompt over. Raises: RequestError with the chain's code and sentence."""
        blind = secrets.token_bytes(32)
        session = Key.ed25519(secrets.token_bytes(32))
        if max_escrow is None:
            max_escrow = await self._quoted_escrow(model, len(prompt), max_tokens, value)
        message = MsgRequestJob(
            requester=self.key.bech32,
            model_root=model.model_root,
            prompt_root=prompt_root(blind, prompt),
            blind_hash=blind_hash(blind),
            prompt_tokens=len(prompt),
            max_tokens=max_tokens,
            sampler=sampler or SamplerSpec(),
            seed=seed if seed is not None else secrets.token_bytes(32),
            stop_ids=tuple(sorted(model.header.eos_ids)),
            value=value,
            max_escrow=max_escrow,
            session_key=session.public_key,
        )
        accepted = await self._accepted(message)
        job = OpenJob(accepted.job_id, accepted.escrow, list(prompt), blind, session, self)
        self.following.add(job)
        first = await self._planned(job)
        await self.open(job, first, 0)
        return job

    async def _quoted_escrow(self, model: Model, prompt_tokens: int, max_tokens: int, value: int) -> int:
        try:
            quote = await self.client.query(
                "ostraka.rates.v1.Query/Quote",
                QueryQuoteRequest(model.model_root, prompt_tokens, max_tokens, value),
                QueryQuoteResponse,
            )
        except Unavailable:
            raise
        except ClientError as error:
            raise RequestError(Code.INVALID_REQUEST, _sentence(str(error))) from None
        return quote.escrow * ESCROW_MARGIN[0] // ESCROW_MARGIN[1]

    async def _accepted(self, message: MsgRequestJob) -> MsgRequestJobResponse:
        waiting = _Waiting(message, asyncio.get_running_loop().create_future())
        await self._waiting.put(waiting)
        committed, index = await waiting.done
        for dropped in committed.dropped:
            if dropped.index == index:
                raise RequestError(Code(dropped.code), _sentence(dropped.log))
        if committed.code != Code.OK:
            raise RequestError(Code(committed.code), _sentence(committed.log))
        return decode(MsgRequestJobResponse, committed.responses[index])

    async def claim(self, claim: Claim) -> Code:
        """Send what is proven against a stage and return what the chain says. Raises: RequestError."""
        waiting = _Waiting(claim, asyncio.get_running_loop().create_future())
        await self._waiting.put(waiting)
        committed, index = await waiting.done
        refused = next((item.code for item in committed.dropped if item.index == index), committed.code)
        return Code(refused)

    async def _send(self) -> None:
        """Bring requests that come in while a block is made into one transaction."""
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < MAX_MESSAGES and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            try:
                committed = await self._sender.send([waiting.message for waiting in batch])
            except (ClientError, ValueError) as error:
                for waiting in batch:
                    if not waiting.done.done():
                        waiting.done.set_exception(RequestError(Code.INTERNAL, str(error)))
                continue
            for index, waiting in enumerate(batch):
                if not waiting.done.done():
                    waiting.done.set_result((committed, index))

    async def _follow(self) -> None:
        while True:
            with contextlib.suppress(ClientError):
                async for block in self.client.follow():
                    async with self._block:
                        self.height = block.height
                        self._block.notify_all()
                    self.following.notice(block)
            await asyncio.sleep(0.2)

    async def next_block(self) -> None:
        """Wait for the next block."""
        async with self._block:
            await self._block.wait()

    async def _planned(self, job: OpenJob) -> Worker:
        """Wait for the plan and return the first worker of the pipeline."""
        try:
            async with asyncio.timeout(PLAN_SECONDS):
                while True:
                    answer = await self.job(job.job_id)
                    if answer.job.status == JobStatus.RUNNING:
                        break
                    if answer.job.status != JobStatus.WAITING:
                        raise RequestError(Code.NO_LIVE_PLAN, f"job {job.job_id} ended: {answer.job.close_reason.name}")
                    await self.next_block()
        except TimeoutError:
            raise RequestError(
                Code.NO_LIVE_PLAN,
                f"job {job.job_id} got no workers within {PLAN_SECONDS:.0f} s; its escrow comes back at expiry",
            ) from None
        return await self.worker(answer.plan_operators[0])

    async def job(self, job_id: int) -> QueryJobResponse:
        """Return a job as the chain has it."""
        return await self.client.query("ostraka.jobs.v1.Query/Job", QueryJobRequest(job_id), QueryJobResponse)

    async def worker(self, operator: bytes) -> Worker:
        """Return a worker as the chain has it."""
        answer = await self.client.query(
            "ostraka.workers.v1.Query/Worker", QueryWorkerRequest(encode_address(operator)), QueryWorkerResponse
        )
        return answer.worker

    def _stub(self, endpoint: str) -> stubs.WorkerStub:
        channel = self._channels.get(endpoint)
        if channel is None:
            options = (("grpc.max_receive_message_length", MAX_FRAME_BYTES), ("grpc.max_reconnect_backoff_ms", 1_000))
            channel = self._channels[endpoint] = grpc.aio.insecure_channel(endpoint, options=options)
        return stubs.WorkerStub(channel)

    async def open(self, job: OpenJob, worker: Worker, attempt: int) -> None:
        """Hand the prompt over, again if the worker ends meanwhile: a second prompt of the same job changes nothing.

        Raises: RequestError.
        """
        request = wire.OpenRequest(job_id=job.job_id, attempt=attempt, prompt_ids=job.prompt, blind=job.blind)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + OPEN_SECONDS
        while True:
            left = deadline - loop.time()
            try:
                await self._stub(worker.endpoint).Open(request, timeout=left, wait_for_ready=True)
            except grpc.aio.AioRpcError as error:
                if error.code() not in _CRASHED or left < OPEN_PAUSE_SECONDS:
                    reason = error.details()
                    raise RequestError(Code.INTERNAL, f"the first worker does not take the prompt: {reason}") from None
            else:
                return
            await asyncio.sleep(OPEN_PAUSE_SECONDS)

    async def stream(self, job: OpenJob) -> AsyncIterator[int]:
        """Yield the tokens of a job; a broken stream is taken up where it stopped. Raises: RequestError."""
        async for token in self.read(job, job.answer):
            yield token

    async def read(self, job: OpenJob, answer: Answer) -> AsyncIterator[int]:
        """Yield the tokens of one attempt; a broken stream is taken up where it stopped. Raises: RequestError."""
        state = await self.job(job.job_id)
        if state.job.attempt != answer.attempt:
            raise RequestError(Code.INTERNAL, f"job {job.job_id} is at attempt {state.job.attempt} by now")
        stage = state.job.num_stages - 1
        worker = await self.worker(state.plan_operators[-1])
        hop = Hop(unit_id(self._chain, job.job_id, answer.attempt, stage), 0, worker.keys.hot_key)
        failures = 0
        while failures <= RECONNECTS:
            reason = "the stream ended without a final receipt"
            try:
                async for token in self._frames(job, answer, worker, hop, state.job):
                    failures = 0
                    yield token
                if answer.is_complete:
                    return
            except grpc.aio.AioRpcError as error:
                reason = error.details() or error.code().name
            except TimeoutError:
                reason = f"silent for {SILENCE_SECONDS:.0f} s"
            failures += 1
            await asyncio.sleep(0.25 * failures)
        raise RequestError(Code.INTERNAL, f"job {job.job_id}: the last worker does not go on: {reason}")

    async def _frames(
        self, job: OpenJob, answer: Answer, worker: Worker, hop: Hop, record: Job
    ) -> AsyncIterator[int]:  # fmt: skip
        start = len(answer.ids)
        request = wire.TokensRequest(job_id=job.job_id, attempt=answer.attempt, blind=job.blind, start=start)
        call = self._stub(worker.endpoint).Tokens(request, wait_for_ready=True)
        try:
            while True:
                async with asyncio.timeout(SILENCE_SECONDS):
                    frame = await call.read()
                if frame is grpc.aio.EOF:
                    return
                for token in self._verified(job, answer, frame, hop, record):
                    answer.ids.append(token)
                    yield token
                if answer.is_complete:
                    return
        finally:
            call.cancel()

    @staticmethod
    def _verified(job: OpenJob, answer: Answer, frame: wire.TokenFrame, hop: Hop, record: Job) -> Sequence[int]:
        """Return the frame's new tokens once its receipt is seen to cover them."""
        count = len(answer.leaves)
        if frame.start != count or count + len(frame.ids) > record.max_tokens:
            raise RequestError(Code.INTERNAL, f"job {job.job_id}: the last worker sent tokens out of place")
        fresh = [token_leaf(job.blind, True, index, token) for index, token in enumerate(frame.ids, start=count)]
        receipt = Receipt(
            hop.unit,
            frame.receipt.revision,
            frame.receipt.count,
            frame.receipt.root,
            frame.receipt.is_final,
            frame.receipt.signature,
        )
        root = lr(Kind.TOKS, [*answer.leaves, *fresh])
        fault = fault_of(receipt, hop, count + len(fresh), root)
        if fault is not None:
            raise RequestError(Code.RECEIPT_INVALID, f"job {job.job_id}: {fault}")
        answer.leaves.extend(fresh)
        answer.receipt = receipt
        return list(frame.ids)

    async def cancel(self, job: OpenJob, answer: Answer, tokens: int) -> None:
        """Send a signed cancel to the last stage of an attempt; a worker that is gone needs none."""
        state = await self.job(job.job_id)
        if state.job.attempt != answer.attempt or not state.plan_operators:
            return
        worker = await self.worker(state.plan_operators[-1])
        signature = sign_ed25519(job.session.secret, cancel_bytes(self._chain, job.job_id, answer.attempt, tokens))
        request = wire.CancelRequest(job_id=job.job_id, attempt=answer.attempt, tokens=tokens, signature=signature)
        with contextlib.suppress(grpc.aio.AioRpcError):
            await self._stub(worker.endpoint).Cancel(request, timeout=CANCEL_SECONDS)

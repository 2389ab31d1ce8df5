"""The receiving end: the gRPC service of a worker. Everything that comes in is hostile until it is checked.

Sizes are bounded by the channel, counts by the job, time by deadlines, and the number of calls at once by limits. A
refusal ends the call with a named status; nothing that a caller sends ends the worker.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NoReturn, TypeVar

import grpc
import grpc.aio

from chain.wire.worker.v1 import worker_pb2 as wire
from chain.wire.worker.v1 import worker_pb2_grpc as service
from inference.run import Run
from inference.runs import Runs
from inference.shards.loader import ShardError
from inference.transport.library import UnitLibrary
from inference.transport.link import token_frames
from inference.transport.messages import (
    CHANNEL_OPTIONS,
    checked_ids,
    checked_length,
    checked_rows,
    receipt_from_wire,
    receipt_to_wire,
)
from inference.transport.refusals import Refusal, Refused
from inference.view import UnitKey

log = logging.getLogger("ostraka.service")

HELLO_SECONDS = 10.0
"""How long a stream may take to say who it is."""
MAX_STREAMS = 128
"""Forward and Tokens streams at once."""
MAX_CALLS = 512
"""Calls of all kinds at once; gRPC refuses more."""

T = TypeVar("T")
Alter = Callable[[Run, AsyncIterator[wire.TokenFrame]], AsyncIterator[wire.TokenFrame]]


class WorkerService(service.WorkerServicer):
    """What other parties may ask of this worker."""

    def __init__(
        self, runs: Runs, library: UnitLibrary, status: Callable[[], wire.StatusResponse], *, alter: Alter | None = None
    ) -> None:
        """`alter` is a testing aid: what is streamed to requesters instead."""
        self._alter = alter
        self._runs = runs
        self._library = library
        self._status = status
        self._num_streams = 0
        self._incoming: dict[UnitKey, asyncio.Task[Any] | None] = {}

    async def Open(self, request: wire.OpenRequest, context: Any) -> wire.OpenResponse:  # noqa: N802
        """Begin a job whose first stage this worker is."""

        async def answer() -> wire.OpenResponse:
            blind = checked_length(request.blind, 32, "a blind")
            ids = checked_ids(request.prompt_ids)
            assignment = await self._runs.assignment(request.job_id, request.attempt)
            if not assignment.is_first:
                raise Refused(Refusal.NOT_ASSIGNED, f"this worker is stage {assignment.stage} of the job")
            await self._runs.begin(assignment, blind, ids)
            return wire.OpenResponse()

        return await guarded(context, answer())

    async def Forward(self, frames: AsyncIterator[wire.Frame], context: Any) -> None:  # noqa: N802
        """Take what the previous stage makes."""
        await guarded(context, self._bounded(self._forward(context)))

    async def Tokens(self, request: wire.TokensRequest, context: Any) -> None:  # noqa: N802
        """Stream a job's tokens to its requester."""
        await guarded(context, self._bounded(self._tokens(request, context)))

    async def Cancel(self, request: wire.CancelRequest, context: Any) -> wire.CancelResponse:  # noqa: N802
        """End a job at a number of tokens."""

        async def answer() -> wire.CancelResponse:
            signature = checked_length(request.signature, 64, "a signature")
            assignment = await self._runs.assignment(request.job_id, request.attempt)
            run = await self._runs.running(assignment.key)
            return wire.CancelResponse(tokens=await run.cancel(request.tokens, signature))

        return await guarded(context, answer())

    async def FetchUnit(self, request: wire.FetchRequest, context: Any) -> None:  # noqa: N802
        """Send a unit's input to a checker."""

        async def answer() -> None:
            async for frame in self._library.frames(request):
                await context.write(frame)

        await guarded(context, self._bounded(answer()))

    async def Status(self, request: wire.StatusRequest, context: Any) -> wire.StatusResponse:  # noqa: N802
        """Say how this worker is."""

        async def answer() -> wire.StatusResponse:
            return self._status()

        return await guarded(context, answer())

    async def _bounded(self, work: Awaitable[T]) -> T:
        if self._num_streams >= MAX_STREAMS:
            if asyncio.iscoroutine(work):
                work.close()
            raise Refused(Refusal.BUSY, f"{MAX_STREAMS} streams are open")
        self._num_streams += 1
        try:
            return await work
        finally:
            self._num_streams -= 1

    async def _tokens(self, request: wire.TokensRequest, context: Any) -> None:
        assignment = await self._runs.assignment(request.job_id, request.attempt)
        if not assignment.is_last:
            raise Refused(Refusal.NOT_ASSIGNED, f"this worker is stage {assignment.stage} of the job")
        self._runs.check_blind(assignment, checked_length(request.blind, 32, "a blind"))
        run = await self._runs.running(assignment.key)
        frames = token_frames(run.tokens, request.start)
        async for frame in frames if self._alter is None else self._alter(run, frames):
            await context.write(frame)
        if run.tokens.final is None:
            raise Refused(Refusal.OVER, run.failure or "the job ended here")

    async def _forward(self, context: Any) -> None:
        first = await _read(context, HELLO_SECONDS)
        if first is None or first.WhichOneof("body") != "hello":
            raise Refused(Refusal.FRAME_INVALID, "a link begins with a Hello")
        hello = first.hello
        blind, ids = checked_length(hello.blind, 32, "a blind"), checked_ids(hello.prompt_ids)
        signature = checked_length(hello.signature, 64, "a signature")
        assignment = await self._runs.assignment(hello.job_id, hello.attempt)
        self._runs.check_hello(assignment, hello.stage, signature)
        if assignment.is_first:
            self._runs.check_blind(assignment, blind)
            run = await self._runs.running(assignment.key)
        else:
            run = await self._runs.begin(assignment, blind, ids)
        self._replace_incoming(assignment.key)
        try:
            await context.write(wire.Reply(ready=wire.Ready(count=run.received)))
            while (frame := await _read(context, None)) is not None:
                reply = await _take(run, frame)
                if reply is not None:
                    await context.write(reply)
        except asyncio.CancelledError:
            if self._incoming.get(assignment.key) is not asyncio.current_task():
                raise Refused(Refusal.OVER, "a newer link took this one's place") from None
            raise
        finally:
            if self._incoming.get(assignment.key) is asyncio.current_task():
                del self._incoming[assignment.key]

    def _replace_incoming(self, key: UnitKey) -> None:
        """End the link that a reconnecting neighbour has left behind: two would interleave."""
        older = self._incoming.get(key)
        self._incoming[key] = asyncio.current_task()
        if older is not None:
            older.cancel()


async def _read(context: Any, seconds: float | None) -> wire.Frame | None:
    """Return the next frame, or None at the end of the stream. Raises: Refused."""
    if seconds is None:
        frame = await context.read()
    else:
        try:
            async with asyncio.timeout(seconds):
                frame = await context.read()
        except TimeoutError:
            raise Refused(Refusal.FRAME_INVALID, "nothing came in time") from None
    return None if frame is grpc.aio.EOF else frame


async def _take(run: Run, frame: wire.Frame) -> wire.Reply | None:
    """Hand one frame to the run; return what to answer. Raises: Refused."""
    if run.failure:
        raise Refused(Refusal.OVER, run.failure)
    kind = frame.WhichOneof("body")
    if kind == "rows":  # one for every token: nothing is made for it that it does not need
        rows = checked_rows(frame.rows)
        run.take_rows(rows.start, rows.count, rows.data)
        return None
    job = run.assignment
    previous, last = job.unit_id_of(job.previous_stage), job.unit_id_of(len(job.units) - 1)
    match kind:
        case "receipt":
            signed = await run.take_receipt(receipt_from_wire(previous, frame.receipt))
        case "tokens":
            receipt = receipt_from_wire(previous, frame.tokens.receipt)
            ended = await run.take_tokens(frame.tokens.start, checked_ids(frame.tokens.ids), receipt)
            if ended is None:
                return None
            signed = ended
        case "final":
            signed = await run.take_final(
                receipt_from_wire(previous, frame.final.receipt),
                checked_ids(frame.final.output_ids),
                receipt_from_wire(last, frame.final.tokens_receipt),
            )
        case _:
            raise Refused(Refusal.FRAME_INVALID, "neither rows nor a receipt")
    return wire.Reply(countersigned=receipt_to_wire(signed))


async def guarded(context: Any, work: Awaitable[T]) -> T:
    """Await a handler's work; end the call with a named status if it is refused or fails."""
    try:
        return await work
    except Refused as refused:
        log.info("refused a call of %s: %s", context.peer(), refused)
        await _abort(context, refused)
    except ShardError as error:
        log.error("cannot load a shard: %s", error)
        await _abort(context, Refused(Refusal.NOT_READY, "the shard is not here"))
    except (asyncio.CancelledError, grpc.aio.AbortError):
        raise
    except Exception:
        log.exception("a call of %s failed", context.peer())
        await context.abort(grpc.StatusCode.INTERNAL, "INTERNAL: the worker failed on this call")
    raise AssertionError("unreachable: abort raises")


async def _abort(context: Any, refused: Refused) -> NoReturn:
    await context.abort(refused.refusal.status, str(refused))
    raise AssertionError("unreachable: abort raises")


async def start_server(listen: str, handler: WorkerService) -> tuple[grpc.aio.Server, int]:
    """Listen and serve; return the server and its port. Raises: OSError if the address is taken."""
    server = grpc.aio.server(options=(*CHANNEL_OPTIONS, ("grpc.so_reuseport", 0)), maximum_concurrent_rpcs=MAX_CALLS)
    service.add_WorkerServicer_to_server(handler, server)
    try:
        port = server.add_insecure_port(listen)
    except RuntimeError as error:
        raise OSError(f"cannot listen on {listen}: {error}") from None
    await server.start()
    return server, port

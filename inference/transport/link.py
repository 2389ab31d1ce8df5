"""The sending end of a hop: rows to the next stage, or tokens from the last stage to the first.

A link begins with a signed Hello, to which the receiver answers how much it holds. From there on everything in the
outbox is sent, with receipts behind what they count. A broken link is dialled again until the unit is delivered.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio

from chain.client import ClientError
from chain.modules.jobs.types import Receipt
from chain.wire.worker.v1 import worker_pb2 as wire
from chain.wire.worker.v1 import worker_pb2_grpc as service
from inference.transport.messages import CHANNEL_OPTIONS, receipt_from_wire, receipt_to_wire
from inference.transport.outbox import Outbox
from inference.transport.refusals import Refused, refusal_name

log = logging.getLogger("ostraka.link")

MAX_ROWS_BYTES = 1 << 19
"""Bytes of rows in one frame."""
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0
"""A neighbour that restarts is back within seconds."""
READY_SECONDS = 30.0
"""How long a receiver may take to be ready: it waits for the job, then loads the shard."""
FATAL = frozenset({"WRONG_BLIND", "WRONG_PROMPT", "WRONG_SIGNATURE", "NOT_ASSIGNED", "ROW_NOT_CANONICAL"})
"""Refusals that dialling again cannot change."""


@dataclass(frozen=True, slots=True)
class Sending:
    """What a link sends, and where."""

    name: str
    """For the log."""
    endpoint: Callable[[], Awaitable[str]]
    """Return host:port of the receiver now; it may move."""
    hello: wire.Hello
    rows: Outbox[bytes] | None
    """At every stage but the last."""
    tokens: Outbox[int] | None
    """At the last stage."""
    final: Callable[[Receipt], wire.Frame]
    """Make the frame that ends the rows."""
    take_countersignature: Callable[[Receipt], Awaitable[None]]
    unit: bytes
    """Unit of this end."""

    @property
    def outbox(self) -> Outbox[Any]:
        """Return what is read from."""
        found = self.rows if self.rows is not None else self.tokens
        assert found is not None
        return found


async def keep_link(sending: Sending) -> None:
    """Send until everything is delivered, dialling again as often as it takes."""
    pause = FIRST_PAUSE_SECONDS
    while not (sending.outbox.is_delivered or sending.outbox.is_closed):
        try:
            async with grpc.aio.insecure_channel(await sending.endpoint(), options=CHANNEL_OPTIONS) as channel:
                if await _send(sending, service.WorkerStub(channel)):
                    pause = FIRST_PAUSE_SECONDS
        except grpc.aio.AioRpcError as error:
            level = logging.DEBUG if error.code() == grpc.StatusCode.UNAVAILABLE else logging.WARNING
            log.log(level, "link %s: %s: %s", sending.name, error.code().name, error.details())
            if refusal_name(error.details()) in FATAL:
                log.error("link %s is refused for good", sending.name)
                return
        except (Refused, ClientError, TimeoutError, ConnectionError) as error:
            log.warning("link %s: %s", sending.name, error)
        except Exception:
            log.exception("link %s failed", sending.name)
        if sending.outbox.is_delivered or sending.outbox.is_closed:
            return
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


async def _send(sending: Sending, stub: Any) -> bool:
    """Run one connection; return whether the receiver became ready. Raises: AioRpcError and the like."""
    call = stub.Forward()
    await call.write(wire.Frame(hello=sending.hello))
    async with asyncio.timeout(READY_SECONDS):
        first = await call.read()
    if first is grpc.aio.EOF or first.WhichOneof("body") != "ready":
        # A refusal ends the stream with its status; reading that raises it.
        code = await call.code()
        raise ConnectionError(f"not ready: {code.name}: {await call.details()}")
    reader = asyncio.get_running_loop().create_task(_read_replies(sending, call))
    writer = asyncio.get_running_loop().create_task(_write_frames(sending, call, first.ready.count))
    try:
        await asyncio.wait((reader, writer), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (reader, writer):
            task.cancel()
        results = await asyncio.gather(reader, writer, return_exceptions=True)
        if not sending.outbox.is_delivered:
            call.cancel()
    for result in results:
        if isinstance(result, Exception):
            raise result
    return True


async def _read_replies(sending: Sending, call: Any) -> None:
    """Take counter-signatures until the final one."""
    while (reply := await call.read()) is not grpc.aio.EOF:
        if reply.WhichOneof("body") == "countersigned":
            await sending.take_countersignature(receipt_from_wire(sending.unit, reply.countersigned))
        if sending.outbox.is_delivered:
            return


async def _write_frames(sending: Sending, call: Any, start: int) -> None:
    frames = _row_frames(sending, start) if sending.rows is not None else _token_frames(sending, start)
    async for frame in frames:
        await call.write(frame)
    await call.done_writing()
    # The reader ends the connection, once the final receipt is counter-signed.
    await asyncio.Event().wait()


async def _row_frames(sending: Sending, start: int) -> AsyncIterator[wire.Frame]:
    rows = sending.rows
    assert rows is not None
    sent, receipted = start, 0
    while not rows.is_closed:
        version, final = rows.version, rows.final
        end = len(rows.items) if final is None else min(final.count, len(rows.items))
        while sent < end:
            stop = min(end, sent + max(1, MAX_ROWS_BYTES // len(rows.items[sent])))
            data = b"".join(rows.items[sent:stop])
            yield wire.Frame(rows=wire.Rows(start=sent, count=stop - sent, data=data))
            sent = stop
        receipt = rows.receipt
        if receipt is not None and receipted < receipt.count <= sent:
            receipted = receipt.count
            yield wire.Frame(receipt=receipt_to_wire(receipt))
        if final is not None and sent >= final.count:
            yield sending.final(final)
            return
        await rows.changed_since(version)


async def _token_frames(sending: Sending, start: int) -> AsyncIterator[wire.Frame]:
    assert sending.tokens is not None
    async for frame in token_frames(sending.tokens, start):
        yield wire.Frame(tokens=frame)


async def token_frames(tokens: Outbox[int], start: int) -> AsyncIterator[wire.TokenFrame]:
    """Yield the ids from index `start` on with a receipt each time; the last frame has the final one."""
    sent = start
    while not tokens.is_closed:
        version, receipt, end = tokens.version, tokens.receipt, len(tokens.items)
        if receipt is not None and (receipt.is_final or (end > sent and receipt.count == end)):
            yield wire.TokenFrame(start=sent, ids=tokens.items[sent:end], receipt=receipt_to_wire(receipt))
            sent = max(sent, end)
            if receipt.is_final:
                return
        await tokens.changed_since(version)

"""Whatever a caller sends, the call ends with a named refusal and the worker serves the next one."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import numpy as np
import pytest

from chain.crypto.hashing import blinded, cancel_bytes, unit_id
from chain.wire.worker.v1 import worker_pb2 as wire
from inference import runs
from inference.assignment import link_bytes
from inference.engine.rows import RowChunk, row_size
from inference.proofs import receipts
from inference.proofs.rows import row_digests, section_root
from inference.transport import service
from inference.transport.refusals import refusal_name
from tests.support.worker_ring import CHAIN, Request, Ring, expected_tokens, ring

pytestmark = pytest.mark.anyio
PROMPT = tuple(range(40, 60))
REQUEST = Request(7, PROMPT, 5)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def made(tiny_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ring]:
    monkeypatch.setattr(runs, "HOLD_SECONDS", 0.2)
    monkeypatch.setattr(service, "HELLO_SECONDS", 0.2)
    async with ring(tiny_directory, (0, 2, 5), tmp_path) as made:
        made.node.add(REQUEST)
        yield made
        # Every test ends with an honest job on the same workers.
        monkeypatch.setattr(runs, "HOLD_SECONDS", 5.0)
        other = replace(REQUEST, job_id=8)
        assert await made.ask(other) == expected_tokens(tiny_directory, other)


def hello(made: Ring, **changes: Any) -> wire.Frame:
    """Return an honest Hello of stage 0 to stage 1, with changes."""
    signed = link_bytes(unit_id(CHAIN, 7, 0, 0), made.node.keys[1].operator.address)
    fields = {
        "job_id": 7,
        "attempt": 0,
        "stage": 0,
        "blind": REQUEST.blind,
        "prompt_ids": PROMPT,
        "signature": made.node.keys[0].sign(signed),
    }
    return wire.Frame(hello=wire.Hello(**(fields | changes)))


def rows(made: Ring, start: int, count: int, value: int = 3) -> wire.Frame:
    """Return canonical rows that nobody computed."""
    width = made.header.hidden_size
    chunk = RowChunk(np.zeros((count, width // 64), np.uint8), np.full((count, width), value, np.int16))
    return wire.Frame(rows=wire.Rows(start=start, count=count, data=chunk.to_bytes()))


def receipt(made: Ring, count: int, root: bytes, *, is_final: bool = False, revision: int = 0) -> wire.Frame:
    """Return a receipt of stage 0."""
    seed = made.node.keys[0].hot.secret
    signed = receipts.sign_receipt(seed, unit_id(CHAIN, 7, 0, 0), revision, count, root, is_final)
    message = wire.Receipt(revision=revision, count=count, root=root, is_final=is_final, signature=signed.signature)
    return wire.Frame(receipt=message)


async def forward(made: Ring, *frames: wire.Frame, stage: int = 1) -> tuple[list[wire.Reply], str]:
    """Send frames on a link; return the replies and the name of the refusal."""
    call = made.stub(stage).Forward()
    replies = []
    try:
        for frame in frames:
            await call.write(frame)
        await call.done_writing()
        while (reply := await call.read()) is not grpc.aio.EOF:
            replies.append(reply)
    except grpc.aio.AioRpcError as error:
        return replies, refusal_name(error.details())
    except grpc.aio.UsageError:  # the server ended the call while we were writing
        pass
    assert await call.code() is not None
    return replies, refusal_name(await call.details())


async def refused(call: Any) -> str:
    """Return the name of the refusal that a call ends with."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    assert caught.value.code() != grpc.StatusCode.INTERNAL
    return refusal_name(caught.value.details())


async def test_an_honest_hello_is_answered_with_what_is_held(made: Ring) -> None:
    replies, refusal = await forward(made, hello(made), rows(made, 0, 3))
    assert (replies, refusal) == ([wire.Reply(ready=wire.Ready(count=0))], "")
    replies, refusal = await forward(made, hello(made))
    assert (replies, refusal) == ([wire.Reply(ready=wire.Ready(count=3))], "")


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"job_id": 999}, "UNKNOWN_JOB"),
        ({"attempt": 3}, "UNKNOWN_JOB"),
        ({"stage": 1}, "NOT_ASSIGNED"),
        ({"stage": 5}, "NOT_ASSIGNED"),
        ({"blind": bytes(32)}, "WRONG_BLIND"),
        ({"blind": b"short"}, "FRAME_INVALID"),
        ({"prompt_ids": PROMPT[:-1]}, "WRONG_PROMPT"),
        ({"prompt_ids": (*PROMPT[:-1], 4)}, "WRONG_PROMPT"),
        ({"prompt_ids": (*PROMPT[:-1], 1 << 31)}, "WRONG_PROMPT"),
        ({"prompt_ids": [1] * 70_000}, "FRAME_INVALID"),
        ({"signature": bytes(64)}, "WRONG_SIGNATURE"),
        ({"signature": b""}, "FRAME_INVALID"),
    ],
)
async def test_a_false_hello_is_refused(made: Ring, changes: dict[str, Any], refusal: str) -> None:
    assert await forward(made, hello(made, **changes)) == ([], refusal)


async def test_a_link_begins_with_a_hello_in_time(made: Ring) -> None:
    assert await forward(made, rows(made, 0, 1)) == ([], "FRAME_INVALID")
    assert await forward(made, wire.Frame()) == ([], "FRAME_INVALID")
    call = made.stub(1).Forward()
    assert await refused(call.read()) == "FRAME_INVALID"


async def test_rows_out_of_order_malformed_or_too_many_are_refused(made: Ring) -> None:
    size = row_size(made.header.hidden_size)
    broken = rows(made, 0, 1)
    broken.rows.data = bytes([1]) + broken.rows.data[1:]  # a shift that the small values do not need
    short = rows(made, 0, 2)
    short.rows.data = short.rows.data[:-1]
    cases = [
        (rows(made, 1, 1), "OUT_OF_ORDER"),
        (broken, "ROW_NOT_CANONICAL"),
        (short, "FRAME_INVALID"),
        (wire.Frame(rows=wire.Rows(start=0, count=0, data=b"")), "FRAME_INVALID"),
        (wire.Frame(rows=wire.Rows(start=0, count=1 << 30, data=b"x")), "FRAME_INVALID"),
        (rows(made, 0, 25), "TOO_LONG"),
        (wire.Frame(rows=wire.Rows(start=0, count=1, data=bytes([26]) + bytes(size - 1))), "ROW_NOT_CANONICAL"),
        (hello(made), "FRAME_INVALID"),
        (wire.Frame(tokens=wire.TokenFrame(start=0, ids=[1])), "FRAME_INVALID"),
    ]
    for frame, refusal in cases:
        replies, found = await forward(made, hello(made), frame)
        assert (found, [reply.ready.count for reply in replies]) == (refusal, [0])


async def test_a_message_beyond_the_limit_is_refused_by_the_channel(made: Ring) -> None:
    call = made.stub(1).Forward()
    await call.write(hello(made))
    await call.read()
    await call.write(wire.Frame(rows=wire.Rows(start=0, count=1, data=bytes(5 << 20))))
    assert await call.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_receipt_must_say_what_came(made: Ring) -> None:
    frame = rows(made, 0, 4)
    digests = row_digests(frame.rows.data, made.header.hidden_size)
    root = blinded(REQUEST.blind, section_root(digests, 4))
    forged = receipt(made, 4, root)
    forged.receipt.signature = bytes(64)
    for bad in (
        receipt(made, 4, bytes(32)),
        receipt(made, 3, root),
        receipt(made, 5, root),
        receipt(made, 0, root),
        receipt(made, 4, root, revision=9),
        forged,
    ):
        first = await forward(made, hello(made))
        begin = first[0][0].ready.count
        sent = () if begin else (frame,)
        assert (await forward(made, hello(made), *sent, bad))[1] == "RECEIPT_INVALID"
    replies, refusal = await forward(made, hello(made), receipt(made, 4, root))
    assert refusal == ""
    signed = replies[1].countersigned
    own = unit_id(CHAIN, 7, 0, 0)
    sent_receipt = receipts.sign_receipt(made.node.keys[0].hot.secret, own, 0, 4, root)
    assert receipts.is_signed_by(sent_receipt, made.node.keys[1].hot_public, signed.signature)
    counter = made.workers[1].journal.receipts(own)
    assert counter == ((4, False, root, sent_receipt.signature, signed.signature),)


async def test_an_end_that_does_not_fit_the_rows_is_refused(made: Ring) -> None:
    frame = rows(made, 0, 4)
    final = wire.Final(
        receipt=receipt(made, 4, bytes(32), is_final=True).receipt,
        output_ids=[1],
        tokens_receipt=receipt(made, 1, bytes(32), is_final=True).receipt,
    )
    assert (await forward(made, hello(made), frame, wire.Frame(final=final)))[1] == "RECEIPT_INVALID"


async def test_a_newer_link_takes_the_place_of_the_one_that_was_left_behind(made: Ring) -> None:
    old = made.stub(1).Forward()
    await old.write(hello(made))
    assert (await old.read()).ready.count == 0
    new = made.stub(1).Forward()
    await new.write(hello(made))
    assert (await new.read()).ready.count == 0
    assert await refused(old.read()) == "OVER"
    new.cancel()


async def test_open_tokens_and_cancel_check_who_asks(made: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    first, last = made.stub(0), made.stub(1)
    good = {"job_id": 7, "prompt_ids": PROMPT, "blind": REQUEST.blind}
    assert await refused(last.Open(wire.OpenRequest(**good))) == "NOT_ASSIGNED"
    assert await refused(first.Open(wire.OpenRequest(**(good | {"blind": bytes(32)})))) == "WRONG_BLIND"
    assert await refused(first.Open(wire.OpenRequest(**(good | {"prompt_ids": (1, 2)})))) == "WRONG_PROMPT"
    assert await refused(first.Open(wire.OpenRequest(**(good | {"job_id": 5})))) == "UNKNOWN_JOB"
    assert await refused(last.Tokens(wire.TokensRequest(job_id=7, blind=bytes(32))).read()) == "WRONG_BLIND"
    assert await refused(first.Tokens(wire.TokensRequest(job_id=7, blind=REQUEST.blind)).read()) == "NOT_ASSIGNED"
    assert await refused(last.Tokens(wire.TokensRequest(job_id=7, blind=REQUEST.blind)).read()) == "UNKNOWN_JOB"
    monkeypatch.setattr(runs, "HOLD_SECONDS", 5.0)
    await first.Open(wire.OpenRequest(**good))
    await first.Open(wire.OpenRequest(**good))
    frames = [frame async for frame in last.Tokens(wire.TokensRequest(job_id=7, blind=REQUEST.blind))]
    assert frames[-1].receipt.is_final
    signature = REQUEST.session.sign(cancel_bytes(CHAIN, 7, 0, 2)).signature
    assert await refused(last.Cancel(wire.CancelRequest(job_id=7, tokens=3, signature=signature))) == "WRONG_SIGNATURE"
    assert await refused(last.Cancel(wire.CancelRequest(job_id=7, tokens=0, signature=signature))) == "TOO_LONG"
    assert await refused(first.Cancel(wire.CancelRequest(job_id=7, tokens=2, signature=signature))) == "NOT_ASSIGNED"
    late = await last.Cancel(wire.CancelRequest(job_id=7, tokens=2, signature=signature))
    assert late.tokens == 5, "the end that came first stands"


async def test_bytes_that_are_no_message_end_the_call_only(made: Ring) -> None:
    channel = grpc.aio.insecure_channel(made.node.endpoints[0])
    made.channels.append(channel)
    raw = channel.unary_unary("/ostraka.worker.v1.Worker/Open")
    with pytest.raises(grpc.aio.AioRpcError):
        await raw(b"\xff\xff\xff\xff not protobuf")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await channel.unary_unary("/ostraka.worker.v1.Worker/Nothing")(b"")
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED

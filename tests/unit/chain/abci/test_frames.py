"""Frames: any split of the stream gives the same messages; nothing else is accepted."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.abci.frames import (
    INITIAL_BUFFER_BYTES,
    MAX_FRAME_BYTES,
    MIN_READ_BYTES,
    RETAINED_BUFFER_BYTES,
    FrameBuffer,
    MalformedFrame,
    frame,
    read_uvarint,
    uvarint,
)
from chain.wire.tendermint.abci.types_pb2 import Request, RequestCheckTx, RequestEcho, RequestFinalizeBlock


def feed(buffer: FrameBuffer, data: bytes) -> list[tuple[int, bytes]]:
    """Put `data` into the buffer as reads of whatever room it offers; return the frames."""
    found = []
    while data:
        room = buffer.writable()
        assert len(room) >= MIN_READ_BYTES
        count = min(len(room), len(data))
        room[:count] = data[:count]
        found += [(field, bytes(payload)) for field, payload in buffer.received(count)]
        data = data[count:]
    return found


@given(st.integers(0, 2**64 - 1))
def test_a_varint_is_read_as_written_up_to_five_bytes(value: int) -> None:
    encoded = uvarint(value)
    if len(encoded) <= 5:
        assert read_uvarint(encoded, 0, len(encoded)) == (value, len(encoded))
        assert read_uvarint(encoded, 0, len(encoded) - 1) == (0, -1)
    else:
        with pytest.raises(MalformedFrame, match="more than five bytes"):
            read_uvarint(encoded, 0, len(encoded))


@pytest.mark.parametrize("length", [0, 1, 124, 125, 126, 127, 128, 16_383, 16_384, 70_000])
def test_a_frame_is_the_length_delimited_envelope_of_protobuf(length: int) -> None:
    check, block = RequestCheckTx(tx=b"x" * length), RequestFinalizeBlock(txs=[b"y" * length])
    for field, request, inner in (
        (8, Request(check_tx=check), check),
        (20, Request(finalize_block=block), block),
    ):
        whole = request.SerializeToString()
        assert frame(field, inner.SerializeToString()) == uvarint(len(whole)) + whole


def test_every_split_of_the_stream_gives_the_same_frames() -> None:
    messages = [(1, b"\x0a\x05hello"), (2, b""), (8, b"z" * 200), (20, b"block" * 40)]
    stream = b"".join(frame(field, payload) for field, payload in messages)
    for cut in range(len(stream) + 1):
        buffer = FrameBuffer()
        assert feed(buffer, stream[:cut]) + feed(buffer, stream[cut:]) == messages
    one_by_one = FrameBuffer()
    assert [found for byte in stream for found in feed(one_by_one, bytes((byte,)))] == messages


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 20), st.integers(0, 3 * INITIAL_BUFFER_BYTES)), max_size=8),
    st.lists(st.integers(1, 2 * INITIAL_BUFFER_BYTES), min_size=1, max_size=8),
)
def test_sizes_and_reads_of_any_kind_give_every_frame_once(shapes: list[tuple[int, int]], reads: list[int]) -> None:
    messages = [(field, bytes((index,)) * length) for index, (field, length) in enumerate(shapes)]
    stream = b"".join(frame(field, payload) for field, payload in messages)
    buffer, found, position, turn = FrameBuffer(), [], 0, 0
    while position < len(stream):
        step = reads[turn % len(reads)]
        found += feed(buffer, stream[position : position + step])
        position, turn = position + step, turn + 1
    assert found == messages


def test_memory_is_given_back_after_a_large_frame() -> None:
    buffer = FrameBuffer()
    large = b"x" * (2 * RETAINED_BUFFER_BYTES)
    assert feed(buffer, frame(20, large)) == [(20, large)]
    assert len(buffer.writable()) == INITIAL_BUFFER_BYTES


def test_a_long_announcement_takes_no_memory_before_its_bytes_come() -> None:
    buffer = FrameBuffer()
    assert feed(buffer, uvarint(MAX_FRAME_BYTES) + b"\xa2") == []
    assert len(buffer.writable()) <= INITIAL_BUFFER_BYTES


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (uvarint(MAX_FRAME_BYTES + 1), "are accepted"),
        (b"\xff\xff\xff\xff\xff\x01", "more than five bytes"),
        (b"\x00", "exactly one message"),
        (b"\x01\x0a", "exactly one message"),
        (b"\x02\x08\x01", "exactly one message"),
        (b"\x03\x0a\x05x", "exactly one message"),
        (b"\x04\x12\x00\x12\x00", "exactly one message"),
        (b"GET / HTTP/1.1\r\n" * 8, "exactly one message"),
    ],
    ids=["oversize", "endless length", "empty", "tag alone", "no message", "cut message", "two messages", "http"],
)
def test_garbage_is_refused_after_the_frames_before_it(stream: bytes, reason: str) -> None:
    found = []
    buffer = FrameBuffer()
    data = frame(1, RequestEcho(message="first").SerializeToString()) + stream
    room = buffer.writable()
    room[: len(data)] = data

    def take() -> None:
        for field, payload in buffer.received(len(data)):
            found.append((field, bytes(payload)))

    with pytest.raises(MalformedFrame, match=reason):
        take()
    assert found == [(1, b"\x0a\x05first")]

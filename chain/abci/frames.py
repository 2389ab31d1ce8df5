"""Frames of the ABCI socket: a uvarint length, then one field of `Request` or `Response`.

Both envelopes hold exactly one length-delimited field, so its tag and length are read and written here by hand
and the payload goes straight to its own message class, without the outer object.
Source: CometBFT v0.38, spec/abci/abci++_client_server.md, "Socket Protocol".
"""

from collections.abc import Iterator

MAX_FRAME_BYTES = 128 * 1024 * 1024
"""Largest request served; CometBFT's own ceiling for a block is 100 MiB."""

INITIAL_BUFFER_BYTES = 256 * 1024
"""A little more than Linux hands over from a unix socket in one read."""

RETAINED_BUFFER_BYTES = 4 * 1024 * 1024
"""A buffer that grew beyond this is dropped once it is empty."""

MIN_READ_BYTES = 64 * 1024
"""Room that is always offered to the next read."""

_LENGTH_DELIMITED = 2


class MalformedFrame(ValueError):
    """The peer does not speak ABCI; its connection cannot be continued."""


def uvarint(value: int) -> bytes:
    """Encode an unsigned integer as a protobuf varint."""
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_uvarint(data: bytearray | bytes, position: int, end: int) -> tuple[int, int]:
    """Decode a varint of at most 32 bits and return it with the position behind it, or (0, -1) if `end` cuts it.

    Raises: MalformedFrame if it is longer than five bytes.
    """
    if position + 1 < end:  # one or two bytes, written out: this is most of what parsing costs
        low, high = data[position], data[position + 1]
        if low < 0x80:
            return low, position + 1
        if high < 0x80:
            return low & 0x7F | high << 7, position + 2
    value = 0
    for index in range(5):
        if position + index >= end:
            return 0, -1
        byte = data[position + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, position + index + 1
    raise MalformedFrame("a length has more than five bytes")


def frame(field: int, payload: bytes) -> bytes:
    """Wrap a serialised message as field `field` of an envelope."""
    length = len(payload)
    if length < _SHORT_BYTES and field < _SHORT_FIELDS:
        return _SHORT_HEADS[field][length] + payload
    head = uvarint(field << 3 | _LENGTH_DELIMITED) + uvarint(len(payload))
    return uvarint(len(head) + len(payload)) + head + payload


_SHORT_BYTES = 125
_SHORT_FIELDS = 16
_SHORT_HEADS = [
    [bytes((length + 2, field << 3 | _LENGTH_DELIMITED, length)) for length in range(_SHORT_BYTES)]
    for field in range(_SHORT_FIELDS)
]
"""Heads of frames whose three varints have one byte each: nearly all replies."""


class FrameBuffer:
    """Bytes from the peer, split into frames without copying what is already there.

    Invariant: bytes[start:end] is what has arrived and not been taken; memory is at most twice what arrived.
    """

    def __init__(self) -> None:
        self._allocate(INITIAL_BUFFER_BYTES)
        self._start = 0
        self._end = 0

    def _allocate(self, size: int) -> None:
        self._bytes = bytearray(size)
        self._view = memoryview(self._bytes)

    def writable(self) -> memoryview:
        """Return room for the next read; frames taken before this call are no longer valid."""
        held = self._end - self._start
        capacity = len(self._bytes)
        if held == 0:
            self._start = self._end = 0
            if capacity > RETAINED_BUFFER_BYTES:
                self._allocate(INITIAL_BUFFER_BYTES)
        elif capacity - self._end < MIN_READ_BYTES:
            # Move only when at least half is free, else double: each byte is moved a constant number of times.
            old, start, end = self._view, self._start, self._end
            if held * 2 > capacity:
                self._allocate(capacity * 2)
                self._view[:held] = old[start:end]
            else:
                self._bytes[:held] = self._bytes[start:end]
            self._start, self._end = 0, held
        return self._view[self._end :]

    def received(self, count: int) -> Iterator[tuple[int, memoryview]]:
        """Take `count` bytes just read and yield each complete frame as (field number, payload).

        Raises: MalformedFrame at the first frame that is none.
        """
        self._end += count
        data, view, end, position = self._bytes, self._view, self._end, self._start
        while position < end:
            length, begin = data[position], position + 1
            if length >= 0x80:
                length, begin = read_uvarint(data, position, end)
                if begin < 0:
                    return
            if length > MAX_FRAME_BYTES:
                raise MalformedFrame(f"a frame of {length} bytes; {MAX_FRAME_BYTES} are accepted")
            position = begin + length
            if position > end:
                return
            field, begin = _envelope(data, begin, position)
            self._start = position
            yield field, view[begin:position]


def _envelope(data: bytearray, position: int, stop: int) -> tuple[int, int]:
    """Read tag and length of the one field that fills data[position:stop]; return its number and where it begins."""
    tag, begin = read_uvarint(data, position, stop)
    length, begin = read_uvarint(data, begin, stop) if begin >= 0 else (0, -1)
    if begin < 0 or tag & 7 != _LENGTH_DELIMITED or begin + length != stop:
        raise MalformedFrame("a frame does not hold exactly one message")
    return tag >> 3, begin

"""Bytes of every operator's output tile, and of the rows that steps read.

Integers are little-endian. Every `decode` is strict: a length or value outside the format raises `BadRecord`. The
expected number of values always comes from the model and the position, never from the bytes. Running sums are bounded
by what any honest row can reach, so the next step's record always fits its fields.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from chain.modules.disputes.referee.arithmetic import (
    ACTIVATION_LIMIT,
    BLOCK,
    HEAD_LIMIT,
    LINEAR_LIMIT,
    RESIDUAL_LIMIT,
    ROW_LIMIT,
    SCORE_LIMIT,
    VALUE_END,
    largest,
)

MAX_SHIFT = 25
"""Largest shift of a boundary row: residuals have 40 bits, values 15."""
BEST_KEPT = 256
"""Entries of a running top-k list."""
MAX_POSITIONS = 1 << 16
"""Positions of a unit."""
MAX_OUTPUTS = 1 << 18
"""Outputs of a linear map, so ids of a vocabulary."""
RAISE = 128
"""What makes an i8 a byte."""
_RAISED = bytes((byte + RAISE) % 256 for byte in range(256))
_FULL_MAGNITUDE = 1 << 14
_MAX_SQUARES = 1 << 62
_MAX_PRODUCT = 1 << 46
_MAX_WEIGHTS = MAX_POSITIONS << 15
_MAX_SAMPLE_WEIGHTS = MAX_OUTPUTS << 30
# An i16 is too large for an activation if the mark of its high byte meets that of its low byte; limit 0x3FBF.
_HIGH_MARKS = bytes(0 if high < 0x3F or high > 0xC0 else {0x3F: 1, 0xC0: 2}.get(high, 4) for high in range(256))
_LOW_MARKS = bytes(4 + (low > ACTIVATION_LIMIT & 0xFF) + 2 * (low < -ACTIVATION_LIMIT & 0xFF) for low in range(256))


class BadRecord(ValueError):
    """A recorded value breaks its format: whoever committed to it is guilty."""


def require(condition: bool, rule: str) -> None:
    """Raise BadRecord naming the broken rule unless `condition` holds."""
    if not condition:
        raise BadRecord(rule)


def _unpack(layout: str, data: bytes) -> tuple[Any, ...]:
    try:
        return struct.unpack(layout, data)
    except struct.error:
        raise BadRecord(f"{len(data)} bytes where the format has {struct.calcsize(layout)}") from None


def _require_size(data: bytes, size: int) -> None:
    if len(data) != size:
        raise BadRecord(f"{len(data)} bytes where the format has {size}")


@dataclass(frozen=True, slots=True)
class Maximum:
    """M: i64, the running maximum of |x|."""

    value: int

    def encode(self) -> bytes:
        """Return the record's bytes."""
        return struct.pack("<q", self.value)

    @classmethod
    def decode(cls, data: bytes) -> "Maximum":
        """Return the record. Raises: BadRecord."""
        (value,) = _unpack("<q", data)
        require(0 <= value <= RESIDUAL_LIMIT, "a maximum is a magnitude of residuals")
        return cls(value)


@dataclass(frozen=True, slots=True)
class Squares:
    """S: i64 running sum of (x >> s0)^2, i64 running maximum of |(x >> s0)·g|."""

    total: int
    peak: int

    def encode(self) -> bytes:
        """Return the record's bytes."""
        return struct.pack("<qq", self.total, self.peak)

    @classmethod
    def decode(cls, data: bytes) -> "Squares":
        """Return the record. Raises: BadRecord."""
        total, peak = _unpack("<qq", data)
        require(
            0 <= total <= _MAX_SQUARES and 0 <= peak <= _MAX_PRODUCT, "a sum of squares or a product is out of range"
        )
        return cls(total, peak)


@dataclass(frozen=True, slots=True)
class Activations:
    """A, QR and K rows: u32 scale, i16 activations."""

    scale: int
    """mx of an input row, or m of a head."""
    values: tuple[int, ...]

    def encode(self) -> bytes:
        """Return the record's bytes."""
        return struct.pack(f"<I{len(self.values)}h", self.scale, *self.values)

    @classmethod
    def decode(cls, data: bytes, count: int, limit: int = LINEAR_LIMIT) -> "Activations":
        """Return the record of `count` activations with a scale up to `limit`. Raises: BadRecord."""
        _require_size(data, 4 + 2 * count)
        scale = int.from_bytes(data[:4], "little")
        require(scale <= limit and _are_activations(data[4:]), "a scale or an activation is too large")
        return cls(scale, struct.unpack_from(f"<{count}h", data, 4))

    @classmethod
    def decode_head(cls, data: bytes, size: int) -> "Activations":
        """Return a rotated query or key (QR, K row) of `size` values. Raises: BadRecord."""
        return cls.decode(data, size, HEAD_LIMIT)

    @classmethod
    def decode_heads(cls, bodies: Sequence[bytes], size: int) -> "list[Activations]":
        """Return several of those, looked at together. Raises: BadRecord."""
        for body in bodies:
            _require_size(body, 4 + 2 * size)
        layout = struct.Struct(f"<I{size}h")
        rows = [layout.unpack(body) for body in bodies]
        packed = b"".join([body[4:] for body in bodies])
        require(all(row[0] <= HEAD_LIMIT for row in rows), "the scale of a head is too large")
        require(_are_activations(packed), "an activation is too large")
        return [cls(row[0], row[1:]) for row in rows]


@dataclass(frozen=True, slots=True)
class Row:
    """All the activations that one output of a linear map reads, as bytes: a step looks at each of them once."""

    scale: int
    packed: bytes
    """i16 each, none beyond the limit."""

    @classmethod
    def of(cls, activations: Activations) -> "Row":
        """Return the row of these activations."""
        return cls(activations.scale, encode_values(activations.values))

    @classmethod
    def decode(cls, tiles: Sequence[bytes], sizes: Sequence[int]) -> "Row":
        """Return a row from the tiles of A, which carry the same scale. Raises: BadRecord."""
        for tile, size in zip(tiles, sizes, strict=True):
            _require_size(tile, 4 + 2 * size)
        start = tiles[0][:4]
        require(all(tile[:4] == start for tile in tiles), "the tiles of a row carry different scales")
        scale, packed = int.from_bytes(start, "little"), b"".join([tile[4:] for tile in tiles])
        require(scale <= LINEAR_LIMIT and _are_activations(packed), "a scale or an activation is too large")
        return cls(scale, packed)


def _are_activations(packed: bytes) -> bool:
    """Tell whether all i16 are within the limit: one look at a row, not one at each value."""
    high = packed[1::2].translate(_HIGH_MARKS)
    if not high.strip(b"\0"):
        return True
    low = packed[::2].translate(_LOW_MARKS)
    return not int.from_bytes(high, "little") & int.from_bytes(low, "little")


@dataclass(frozen=True, slots=True)
class Scores:
    """Z: i32 running maximum, i32 score per position of the block."""

    maximum: int
    values: tuple[int, ...]

    def encode(self) -> bytes:
        """Return the record's bytes."""
        return struct.pack(f"<i{len(self.values)}i", self.maximum, *self.values)

    @classmethod
    def decode(cls, data: bytes, count: int) -> "Scores":
        """Return the record of `count` positions. Raises: BadRecord."""
        maximum, *values = _unpack(f"<i{count}i", data)
        require(largest(values) <= SCORE_LIMIT, "a score is too large")
        require(maximum <= SCORE_LIMIT and all(value <= maximum for value in values), "a score exceeds the maximum")
        return cls(maximum, tuple(values))


@dataclass(frozen=True, slots=True)
class Weighted:
    """W: i64 running sum of p, i64 running sums of p·v."""

    total: int
    sums: tuple[int, ...]

    def encode(self) -> bytes:
        """Return the record's bytes."""
        return struct.pack(f"<q{len(self.sums)}q", self.total, *self.sums)

    @classmethod
    def decode(cls, data: bytes, size: int) -> "Weighted":
        """Return the record of a head of `size`. Raises: BadRecord."""
        total, *sums = _unpack(f"<q{size}q", data)
        require(0 <= total <= _MAX_WEIGHTS, "a sum of weights is out of range")
        require(largest(sums) <= total * VALUE_END, "a weighted sum exceeds its weights")
        return cls(total, tuple(sums))


@dataclass(frozen=True, slots=True)
class Best:
    """G: i32 largest logit so far, u32 its id, i64 sum of all logits so far."""

    value: int
    index: int
    total: int

    def encode(self) -> bytes:
        """Return the record's bytes."""
        return struct.pack("<iIq", self.value, self.index, self.total)

    @classmethod
    def decode(cls, data: bytes) -> "Best":
        """Return the record. Raises: BadRecord."""
        value, index, total = _unpack("<iIq", data)
        require(abs(value) <= LINEAR_LIMIT and index < MAX_OUTPUTS, "a logit or an id is out of range")
        require(abs(total) <= LINEAR_LIMIT * MAX_OUTPUTS, "a sum of logits is out of range")
        return cls(value, index, total)


@dataclass(frozen=True, slots=True)
class Ranking:
    """TK: running best (i32 logit, u32 id) pairs, logit descending, then id ascending."""

    pairs: tuple[tuple[int, int], ...]

    def encode(self) -> bytes:
        """Return the record's bytes."""
        return b"".join(struct.pack("<iI", logit, index) for logit, index in self.pairs)

    @classmethod
    def decode(cls, data: bytes, count: int) -> "Ranking":
        """Return the record of `count` pairs. Raises: BadRecord."""
        flat = _unpack("<" + "iI" * count, data)
        pairs = tuple(zip(flat[::2], flat[1::2], strict=True))
        order = [(-logit, index) for logit, index in pairs]
        require(
            all(abs(logit) <= LINEAR_LIMIT and index < MAX_OUTPUTS for logit, index in pairs), "a pair is too large"
        )
        require(all(one < two for one, two in pairwise(order)), "the ranking is not in order")
        return cls(pairs)


def encode_i32(values: Sequence[int]) -> bytes:
    """Return a LIN, O or U record: i32 each."""
    return struct.pack(f"<{len(values)}i", *values)


def decode_i32(data: bytes, count: int) -> tuple[int, ...]:
    """Return `count` values of a LIN, O or U record. Raises: BadRecord."""
    values = _unpack(f"<{count}i", data)
    require(largest(values) <= LINEAR_LIMIT, "a value is too large")
    return values


def encode_i64(values: Sequence[int]) -> bytes:
    """Return an R record, or CW (one value): i64 each."""
    return struct.pack(f"<{len(values)}q", *values)


def decode_residuals(data: bytes, count: int) -> tuple[int, ...]:
    """Return `count` residuals of an R record. Raises: BadRecord."""
    values = _unpack(f"<{count}q", data)
    require(largest(values) <= RESIDUAL_LIMIT, "a residual is too large")
    return values


def decode_weight_sum(data: bytes) -> int:
    """Return the running weight of a CW record. Raises: BadRecord."""
    (total,) = _unpack("<q", data)
    require(0 <= total <= _MAX_SAMPLE_WEIGHTS, "a sum of weights is out of range")
    return int(total)


def encode_values(values: Sequence[int]) -> bytes:
    """Return a V row: i16 each."""
    return struct.pack(f"<{len(values)}h", *values)


def decode_values(data: bytes, size: int) -> tuple[int, ...]:
    """Return the cached values of one head. Raises: BadRecord for another length."""
    return _unpack(f"<{size}h", data)


def encode_row_tile(shifts: Sequence[int], values: Sequence[int]) -> bytes:
    """Return a tile of a boundary row: u8 shift per block of 64, i16 per value."""
    return struct.pack(f"<{len(shifts)}B{len(values)}h", *shifts, *values)


def decode_row_tile(data: bytes, count: int) -> tuple[int, ...]:
    """Return the `count` residuals of a tile of a boundary row. Raises: BadRecord if it is not canonical."""
    blocks = count // BLOCK
    require(count == blocks * BLOCK, "a row is a multiple of 64 values")
    flat = _unpack(f"<{blocks}B{count}h", data)
    residuals: list[int] = []
    for block in range(blocks):
        shift, at = flat[block], blocks + block * BLOCK
        values = flat[at : at + BLOCK]
        peak = largest(values)
        require(shift <= MAX_SHIFT and peak <= ROW_LIMIT, "a shift or value of a row is too large")
        require(shift == 0 or peak >= _FULL_MAGNITUDE, "a shift of a row is not the smallest")
        residuals += [value << shift for value in values]
    return tuple(residuals)


@dataclass(frozen=True, slots=True)
class WeightRow:
    """One row of a linear map: i8 weights, u16 mantissa, at a tied head u16 embedding mantissa."""

    raised: bytes
    """Each weight plus 128: an unsigned byte is a number without being unpacked."""
    mantissa: int
    embedding_mantissa: int

    @property
    def weights(self) -> tuple[int, ...]:
        """Return the weights."""
        return tuple([byte - RAISE for byte in self.raised])


def decode_weight_row(data: bytes, columns: int, is_tied: bool = False) -> WeightRow:
    """Return a row of a linear map. Raises: BadRecord for another length."""
    mantissa, *rest = _unpack("<HH" if is_tied else "<H", data[columns:])
    return WeightRow(data[:columns].translate(_RAISED), mantissa, rest[0] if is_tied else 0)


def decode_gains(data: bytes, count: int) -> tuple[int, ...]:
    """Return a tile of norm gains. Raises: BadRecord for another length."""
    return _unpack(f"<{count}h", data)


def decode_rope_row(data: bytes, head_size: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return cosines and sines of one position. Raises: BadRecord for another length."""
    flat = _unpack(f"<{head_size}i", data)
    return flat[: head_size // 2], flat[head_size // 2 :]

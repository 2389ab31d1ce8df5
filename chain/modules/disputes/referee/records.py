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
_FULL_MAGNITUDE = 1 << 14
_MAX_SQUARES = 1 << 62
_MAX_PRODUCT = 1 << 46
_MAX_WEIGHTS = MAX_POSITIONS << 15
_MAX_SAMPLE_WEIGHTS = MAX_OUTPUTS << 30
_SMALL_HIGH_BYTES = bytes([*range(0x3F), *range(0xC1, 0x100)])
"""High bytes under which every i16 is an activation: most tiles need no look at their values one by one."""


class BadRecord(ValueError):
    """A recorded value breaks its format: whoever committed to it is guilty."""


def require(condition: bool, rule: str) -> None:
    """Raise BadRecord naming the broken rule unless `condition` holds."""
    if not condition:
        raise BadRecord(rule)


def _unpack(layout: str, data: bytes) -> tuple[Any, ...]:
    if struct.calcsize(layout) != len(data):
        raise BadRecord(f"{len(data)} bytes where the format has {struct.calcsize(layout)}")
    return struct.unpack(layout, data)


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
        flat = _unpack(f"<I{count}h", data)
        scale, values = flat[0], flat[1:]
        is_small = not data[5::2].translate(None, _SMALL_HIGH_BYTES) or largest(values) <= ACTIVATION_LIMIT
        require(scale <= limit and is_small, "a scale or an activation is too large")
        return cls(scale, values)

    @classmethod
    def decode_head(cls, data: bytes, size: int) -> "Activations":
        """Return a rotated query or key (QR, K row) of `size` values. Raises: BadRecord."""
        return cls.decode(data, size, HEAD_LIMIT)


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

    weights: tuple[int, ...]
    mantissa: int
    embedding_mantissa: int


def decode_weight_row(data: bytes, columns: int, is_tied: bool = False) -> WeightRow:
    """Return a row of a linear map. Raises: BadRecord for another length."""
    flat = _unpack(f"<{columns}b{'HH' if is_tied else 'H'}", data)
    return WeightRow(flat[:columns], flat[columns], flat[columns + 1] if is_tied else 0)


def decode_gains(data: bytes, count: int) -> tuple[int, ...]:
    """Return a tile of norm gains. Raises: BadRecord for another length."""
    return _unpack(f"<{count}h", data)


def decode_rope_row(data: bytes, head_size: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return cosines and sines of one position. Raises: BadRecord for another length."""
    flat = _unpack(f"<{head_size}i", data)
    return flat[: head_size // 2], flat[head_size // 2 :]

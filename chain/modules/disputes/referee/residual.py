"""The embedding, R, U and boundary rows."""

from collections.abc import Sequence

from chain.modules.disputes.referee.arithmetic import (
    BLOCK,
    LINEAR_LIMIT,
    RESIDUAL_LIMIT,
    ROW_LIMIT,
    clamp,
    largest,
    rsh,
)
from chain.modules.disputes.referee.records import encode_row_tile
from chain.modules.disputes.referee.tables import sigmoid

_HALF_28 = 1 << 27
_HALF_16 = 1 << 15


def embedded(weights: Sequence[int], mantissa: int, shift: int) -> tuple[int, ...]:
    """Return x(0, p), or a part of it: a token's row of the embedding, not rounded."""
    return tuple([rsh(weight * mantissa, shift) for weight in weights])


def added(x: Sequence[int], y: Sequence[int]) -> tuple[int, ...]:
    """R: return one tile of residuals after a linear map's output was added."""
    return _clamped([one + two for one, two in zip(x, y, strict=True)], RESIDUAL_LIMIT)


def swiglu(gates: Sequence[int], ups: Sequence[int]) -> tuple[int, ...]:
    """U: return one tile of gate·sigmoid(gate)·up."""
    table = sigmoid()
    out = []
    for gate, up in zip(gates, ups, strict=True):
        step = (gate + 16) >> 5
        factor = table[(step if -32768 <= step < 32768 else clamp_step(step)) + 32768]
        # rsh twice, written out: this is the longest loop of the referee.
        out.append(((((gate * factor + _HALF_28) >> 28) * up) + _HALF_16) >> 16)
    return _clamped(out, LINEAR_LIMIT)


def _clamped(values: Sequence[int], limit: int) -> tuple[int, ...]:
    """Return values limited to ±limit; where none exceeds it, and few ever do, one look is enough."""
    return tuple(values) if largest(values) <= limit else tuple([clamp(value, limit) for value in values])


def clamp_step(step: int) -> int:
    """Return a table step limited to the table: beyond its ends the sigmoid is 0 or 1."""
    return max(-32768, min(32767, step))


def rounded(residuals: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the shifts and values of residuals at a boundary: 15 bits per block of 64."""
    shifts: list[int] = []
    values: list[int] = []
    for at in range(0, len(residuals), BLOCK):
        block = residuals[at : at + BLOCK]
        shift = max(0, largest(block).bit_length() - 15)
        shifts.append(shift)
        if shift:
            half = 1 << (shift - 1)
            block = [(value + half) >> shift for value in block]
        values += _clamped(block, ROW_LIMIT)
    return tuple(shifts), tuple(values)


def row_tile(x: Sequence[int], y: Sequence[int]) -> bytes:
    """out(H): return one tile of the row after a layer, from R and the down map's values."""
    return encode_row_tile(*rounded(added(x, y)))

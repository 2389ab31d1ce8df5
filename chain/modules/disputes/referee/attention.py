"""K and V rows, QR, Z, W and O: attention of one position, in blocks of 64 positions."""

from collections.abc import Sequence

from chain.modules.disputes.referee.arithmetic import (
    HEAD_LIMIT,
    SCORE_LIMIT,
    VALUE_END,
    clamp,
    dot,
    largest,
    quantised,
    reciprocal,
    rsh,
)
from chain.modules.disputes.referee.records import Activations, Scores, Weighted, require
from chain.modules.disputes.referee.tables import powers
from chain.modules.models.types import ModelHeader

ROPE_BITS = 15
"""Fraction bits of the rotary table."""
FRACTION = 16
"""Fraction bits of linear maps' outputs."""
LOWEST = -(1 << 30)
"""The running maximum before the first block."""


def rotated_head(x: Sequence[int], cosines: Sequence[int], sines: Sequence[int]) -> Activations:
    """QR and K rows: return a query or key of one head, rotated, clamped and quantised.

    The two halves of the head are the coordinates that are rotated: (u, v) becomes (u·cos - v·sin, v·cos + u·sin).
    """
    half = len(x) // 2
    turned = [rsh(x[i] * cosines[i] - x[i + half] * sines[i], ROPE_BITS) for i in range(half)]
    turned += [rsh(x[i + half] * cosines[i] + x[i] * sines[i], ROPE_BITS) for i in range(half)]
    limited = [clamp(value, HEAD_LIMIT) for value in turned]
    peak = largest(limited)
    return Activations(peak, quantised(limited, reciprocal(peak)))


def value_row(x: Sequence[int], value_bits: int) -> tuple[int, ...]:
    """V rows: return the values of one head with `value_bits` fraction bits, saturated to 16 bits."""
    return tuple(max(-VALUE_END, min(VALUE_END - 1, rsh(value, FRACTION - value_bits))) for value in x)


def score(query: Activations, key: Activations, header: ModelHeader) -> int:
    """Return the log2-score of one pair, 12 fraction bits."""
    left = ((dot(query.values, key.values) >> header.dot_shift) * key.scale) >> 20
    right = (query.scale * header.score_mantissa) >> 13
    return clamp(rsh(left * right, header.score_shift), SCORE_LIMIT)


def scores(query: Activations, keys: Sequence[Activations], header: ModelHeader, before: Scores | None) -> Scores:
    """Z: return the scores of one block and the running maximum."""
    values = tuple(score(query, key, header) for key in keys)
    return Scores(max(before.maximum if before else LOWEST, *values), values)


def weights_of(values: Sequence[int], maximum: int) -> list[int]:
    """Return p of each score, none of which is above `maximum`; 15 fraction bits."""
    return [(power + (1 << 14)) >> 15 for power in powers([maximum - value for value in values])]


def weighted(block: Scores, maximum: int, values: Sequence[Sequence[int]], before: Weighted | None) -> Weighted:
    """W: return the running sums after one block; `maximum` is that of the last Z record.

    Raises: BadRecord if a score exceeds the maximum.
    """
    require(block.maximum <= maximum, "a running maximum exceeds the last one")
    weights = weights_of(block.values, maximum)
    total = sum(weights)
    sums = [dot(weights, column) for column in zip(*values, strict=True)]
    if before is not None:
        total += before.total
        sums = [one + two for one, two in zip(sums, before.sums, strict=True)]
    return Weighted(total, tuple(sums))


def head_output(last: Weighted, value_bits: int) -> tuple[int, ...]:
    """O: return the output of one head. Raises: BadRecord if the weights sum to nothing."""
    require(last.total > 0, "the weights of a head sum to nothing")
    shift = FRACTION + 1 - value_bits
    return tuple(((value << shift) + last.total) // (2 * last.total) for value in last.sums)

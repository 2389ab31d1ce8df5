"""Integer arithmetic of numeric version 1; `>>` and `//` round towards minus infinity."""

import math
import sys
from collections.abc import Iterable, Sequence
from operator import mul
from typing import Final

ACTIVATION_LIMIT: Final = 127 * 128 + 63
"""Q: largest magnitude of a quantised activation."""
LINEAR_LIMIT: Final = (1 << 31) - 1
"""Bound of every linear map's output and of SwiGLU's."""
RESIDUAL_LIMIT: Final = (1 << 40) - 1
"""Bound of residuals."""
HEAD_LIMIT: Final = (1 << 24) - 1
"""Bound of rotated queries and keys."""
SCORE_LIMIT: Final = 1 << 29
"""Bound of attention scores."""
ROW_LIMIT: Final = 32767
"""Bound of boundary values."""
VALUE_END: Final = 1 << 15
"""Cached values lie in [-VALUE_END, VALUE_END)."""
TILE: Final = 1024
"""Values of a tile."""
BLOCK: Final = 64
"""Positions of an attention tile; values of a boundary row that share a shift."""

_RECIPROCAL_BITS = 46


def rsh(value: int, shift: int) -> int:
    """Return `value` / 2^shift, rounded half up."""
    if shift == 0:
        return value
    return (value + (1 << (shift - 1))) >> shift


def clamp(value: int, limit: int) -> int:
    """Return `value` limited to ±limit."""
    return max(-limit, min(limit, value))


def largest(values: Sequence[int]) -> int:
    """Return the largest magnitude, 0 of nothing."""
    if not values:
        return 0
    high, low = max(values), min(values)
    return max(high, -low)


def reciprocal(maximum: int) -> int:
    """Return the factor that brings magnitudes up to `maximum` to ±ACTIVATION_LIMIT."""
    return (ACTIVATION_LIMIT << _RECIPROCAL_BITS) // max(maximum, 1)


if sys.version_info >= (3, 12):

    def dot(one: Sequence[int], two: Sequence[int]) -> int:
        """Return the exact sum of the products of two sequences of the same length."""
        return int(math.sumprod(one, two))  # of ints: exact, without a number object for each product

else:

    def dot(one: Sequence[int], two: Sequence[int]) -> int:
        """Return the exact sum of the products of two sequences of the same length."""
        return sum(map(mul, one, two))


def quantised(values: Iterable[int], factor: int) -> tuple[int, ...]:
    """Return activations: values times a `reciprocal`, rounded half up."""
    half = 1 << (_RECIPROCAL_BITS - 1)
    return tuple((value * factor + half) >> _RECIPROCAL_BITS for value in values)

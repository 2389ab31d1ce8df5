"""LIN: one output of a linear map."""

from operator import mul

from chain.modules.disputes.referee.arithmetic import BLOCK, LINEAR_LIMIT, clamp, rsh
from chain.modules.disputes.referee.records import RAISE, Activations, WeightRow, require

MAX_TILES = 256
"""A linear map's output has at most this many tiles."""


def element(row: Activations, weights: WeightRow, s1: int, s2: int) -> int:
    """Return clamp(rsh(((sum a·w · mw) >> s1) · mx, s2)). Raises: BadRecord if the lengths differ."""
    require(len(row.values) == len(weights.raised), "activations and weights differ in length")
    dot = sum(map(mul, row.values, weights.raised)) - RAISE * sum(row.values)
    return clamp(rsh(((dot * weights.mantissa) >> s1) * row.scale, s2), LINEAR_LIMIT)


def tile_size(outputs: int) -> int:
    """Return E: the smallest power of two >= 64 that cuts `outputs` into at most 256 tiles."""
    size = BLOCK
    while -(-outputs // size) > MAX_TILES:
        size *= 2
    return size

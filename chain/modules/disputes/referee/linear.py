"""LIN: one output of a linear map."""

from struct import unpack_from

from chain.modules.disputes.referee.arithmetic import BLOCK, LINEAR_LIMIT, clamp, dot, rsh
from chain.modules.disputes.referee.records import RAISE, Row, WeightRow, require

MAX_TILES = 256
"""A linear map's output has at most this many tiles."""
PART = 2048
"""Values of a row that are numbers at a time: few enough to stay in the processor's nearest cache."""


def element(row: Row, weights: WeightRow, s1: int, s2: int) -> int:
    """Return clamp(rsh(((sum a·w · mw) >> s1) · mx, s2)). Raises: BadRecord if the lengths differ."""
    raised = weights.raised
    require(len(row.packed) == 2 * len(raised), "activations and weights differ in length")
    products = total = 0
    for at in range(0, len(raised), PART):
        part = raised[at : at + PART]
        values = unpack_from(f"<{len(part)}h", row.packed, 2 * at)
        products += dot(values, part)
        total += sum(values)
    return clamp(rsh((((products - RAISE * total) * weights.mantissa) >> s1) * row.scale, s2), LINEAR_LIMIT)


def tile_size(outputs: int) -> int:
    """Return E: the smallest power of two >= 64 that cuts `outputs` into at most 256 tiles."""
    size = BLOCK
    while -(-outputs // size) > MAX_TILES:
        size *= 2
    return size

"""M, S and A: the steps that turn a row into activations, with a norm (NORM) or without (QUANT)."""

from collections.abc import Sequence
from itertools import chain
from math import isqrt

from chain.modules.disputes.referee.arithmetic import ACTIVATION_LIMIT, LINEAR_LIMIT, largest, quantised, reciprocal
from chain.modules.disputes.referee.records import Activations, Maximum, Squares, require


def maximum(x: Sequence[int], before: Maximum | None) -> Maximum:
    """M: return the running maximum after one tile."""
    return Maximum(max(before.value if before else 0, largest(x)))


def dropped_bits(peak: Maximum, norm_bits: int) -> int:
    """Return s0: how many low bits of a row are dropped before squaring."""
    return max(0, peak.value.bit_length() - norm_bits)


def squares(
    x: Sequence[int], gains: Sequence[int], peak_of_row: Maximum, norm_bits: int, before: Squares | None
) -> Squares:
    """S: return the running sums after one tile; `peak_of_row` is the last M. Raises: BadRecord if x exceeds it."""
    require(largest(x) <= peak_of_row.value, "a value exceeds the row's maximum")
    shift = dropped_bits(peak_of_row, norm_bits)
    kept = [value >> shift for value in x]
    total = sum(value * value for value in kept)
    peak = largest([value * gain for value, gain in zip(kept, gains, strict=True)])
    if before is None:
        return Squares(total, peak)
    return Squares(before.total + total, max(before.peak, peak))


def norm_tile(
    x: Sequence[int], gains: Sequence[int], peak: Maximum, sums: Squares, width: int, epsilon: int, norm_bits: int
) -> Activations:
    """A of a norm: return one tile of activations; `peak` and `sums` are those of the whole row of `width`.

    Raises: BadRecord if the tile exceeds them.
    """
    require(largest(x) <= peak.value, "a value exceeds the row's maximum")
    shift = dropped_bits(peak, norm_bits)
    mean = sums.total // width + (epsilon >> (2 * shift))
    root = max(1, isqrt(mean << 10))
    scale = min((sums.peak << 15) // root, LINEAR_LIMIT)
    products = [(value >> shift) * gain for value, gain in zip(x, gains, strict=True)]
    return _activations(scale, products, sums.peak)


def plain_tile(x: Sequence[int], peak: Maximum) -> Activations:
    """A without a norm: return one tile of activations of a fixed-point row. Raises: BadRecord if it exceeds `peak`."""
    require(peak.value <= LINEAR_LIMIT, "the maximum of a fixed-point row is too large")
    return _activations(peak.value, x, peak.value)


def _activations(scale: int, values: Sequence[int], peak: int) -> Activations:
    activations = quantised(values, reciprocal(peak))
    require(largest(activations) <= ACTIVATION_LIMIT, "a value exceeds the row's maximum")
    return Activations(scale, activations)


def joined(tiles: Sequence[Activations]) -> Activations:
    """Return a whole row of activations. Raises: BadRecord if its tiles carry different scales."""
    scale = tiles[0].scale
    require(all(tile.scale == scale for tile in tiles), "the tiles of a row carry different scales")
    return Activations(scale, tuple(chain.from_iterable([tile.values for tile in tiles])))

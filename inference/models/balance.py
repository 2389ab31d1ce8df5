"""Choose norm gains that make a linear map easy to round: what a column needs in finer steps moves into its gain.

Real outputs are Σ_k (w[n,k]/c[k])·(c[k]·x[k]) for any c. Rows share one step, max_k |w[n,k]/c[k]| / 127, so rounding
costs about Σ_n step[n]² · Σ_k c[k]²·E x[k]². The best c of a few closed forms wins; where none does, nothing changes.
Roots and quotients only, which every machine rounds alike.
"""

import math

import numpy as np
import numpy.typing as npt

from inference.models.rounding import Matrix
from inference.numerics.constants import GAIN_LIMIT

_FLOOR = 2.0**-10
"""Columns that matter less than this part of the largest are treated as if they mattered this much."""


def balanced_gain(weight: Matrix, powers: Matrix, gain: Matrix) -> npt.NDArray[np.int16]:
    """Return gains (largest GAIN_LIMIT - 1) for a map [N, K] of unit rows with mean squares `powers`.

    `weight` includes the model's own `gain`.
    """
    size = np.abs(weight)
    largest = _floored(size.max(axis=0))
    typical = _floored(np.sqrt((size * size).sum(axis=0) / len(size)))
    active = _floored(np.sqrt(np.sqrt(np.sqrt(np.maximum(powers, powers.max() * 2.0**-40)))))  # E x² ^ 1/8
    candidates = [_floored(np.abs(gain))]
    for column in (typical, largest):
        half = np.sqrt(column)
        candidates += [half, half / active, half * np.sqrt(half) / active]
    costs = []
    for candidate in candidates:
        steps = (size / candidate).max(axis=1)
        costs.append(math.fsum(steps * steps) * math.fsum(candidate * candidate * powers))  # fsum: any order
    best = candidates[costs.index(min(costs))]
    return np.asarray(np.maximum(np.rint(best / best.max() * (GAIN_LIMIT - 1)), 1).astype(np.int16))


def _floored(values: Matrix) -> Matrix:
    top = values.max()
    return np.asarray(np.maximum(values, top * _FLOOR if top else 1.0))

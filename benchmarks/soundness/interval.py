"""Intervals of means, and when a row may stop.

A row is looked at after fixed numbers of segments and stops at the first look that decides it. Looking several times
would find something where there is nothing, so each look has its part of the error allowed to the row (Bonferroni):
whatever the row stops at, the chance that its interval is wrong is at most 5 %.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

ERROR = 0.05
"""Chance that a row's interval misses the truth."""
SEGMENT_ROUNDS = 20
"""Rounds of a segment in which jobs are asked for: long enough for reputation to be earned, lost and earned again."""
LOOKS = (4, 6, 10)
"""Segments, of ten, after which a row may stop."""


def segments(rounds: int) -> tuple[int, int]:
    """Return into how many segments of how many rounds a run is cut: at least two, or there is no interval."""
    count = max(2, rounds // SEGMENT_ROUNDS)
    return count, max(1, rounds // count)


def looks(count: int) -> tuple[int, ...]:
    """Return after how many of `count` segments a row may stop; the last one is `count`."""
    return tuple(sorted({max(2, count * share // LOOKS[-1]) for share in LOOKS}))


def student(t: float, freedom: int) -> float:
    """Return the chance that Student's t is within ±t, for whole degrees of freedom (Abramowitz & Stegun 26.7.3–4)."""
    angle = math.atan(t / math.sqrt(freedom))
    square = math.cos(angle) ** 2
    is_odd = freedom % 2 == 1
    total = term = (math.cos(angle) if is_odd else 1.0) * (freedom > 1)
    for at in range(2 + is_odd, freedom - 1, 2):
        term *= square * (at - 1) / at
        total += term
    series = math.sin(angle) * total
    return 2 / math.pi * (angle + series) if is_odd else series


@cache
def student_bound(error: float, freedom: int) -> float:
    """Return the t that Student's t exceeds, on either side, with probability `error`."""
    low, high = 0.0, 1.0
    while 1 - student(high, freedom) > error:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if 1 - student(middle, freedom) > error else (low, middle)
    return high


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and half of its interval."""

    mean: float
    error: float

    @property
    def upper(self) -> float:
        """Return the upper end."""
        return self.mean + self.error

    @property
    def lower(self) -> float:
        """Return the lower end."""
        return self.mean - self.error

    @property
    def is_decided(self) -> bool:
        """Tell whether the interval excludes zero."""
        return self.upper < 0 or self.lower > 0


def interval(values: Sequence[float], num_looks: int) -> Interval:
    """Return the mean of independent values with its interval, at one of `num_looks` looks."""
    bound = student_bound(ERROR / num_looks, len(values) - 1)
    return Interval(statistics.fmean(values), bound * statistics.stdev(values) / math.sqrt(len(values)))

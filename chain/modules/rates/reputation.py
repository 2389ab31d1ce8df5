"""Pure rules of reputation: what it is worth now, and what it does.

Reputation is money burnt: the treasury fees of confirmed units. It halves every `reputation_half_life` blocks, a fault
takes all of it, and `reputation_full` is as much as counts.
"""

from chain.modules.rates.types import Params, Reputation

DRAW_WEIGHTS = 4
"""A plan of fully known workers is drawn this many times as often as one with a newcomer."""


def score(params: Params, found: Reputation | None, fault_height: int, height: int) -> int:
    """Return what a reputation counts at a height; `fault_height` is that of its worker's last fault, 0 for none."""
    if found is None or not params.reputation_full or (fault_height and fault_height >= found.height):
        return 0
    halvings = height // params.reputation_half_life - found.height // params.reputation_half_life
    return found.score >> max(0, halvings)


def grown(params: Params, now: int, fees: int) -> int:
    """Return a score after treasury fees of a confirmed unit."""
    return min(params.reputation_full, now + fees)


def end(params: Params, found: Reputation) -> int:
    """Return the height from which nothing is left of a reputation."""
    return (found.height // params.reputation_half_life + found.score.bit_length()) * params.reputation_half_life


def draw_weight(params: Params, scores: list[int]) -> int:
    """Return how heavily a plan weighs in the draw, 1 to `DRAW_WEIGHTS`: as its least known worker."""
    if not params.reputation_full or not scores:
        return 1
    return 1 + (DRAW_WEIGHTS - 1) * min(*scores, params.reputation_full) // params.reputation_full

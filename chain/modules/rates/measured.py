"""Pure rules of what the chain measures itself: the share of duties fulfilled, and how much checkers manage.

Both begin with a registered value. ρ is an average over the check pay of `fulfilled_window` uostr: a duty counts as
what it pays, so that cheap units cannot outvote dear ones. Speed is found as TCP finds it: it grows by a quarter while
duties are fulfilled under load, and halves when fewer are than ρ_min promises.
"""

from chain.modules.rates.rules import RHO_ONE, Q, ceil_div, second_look, second_rate
from chain.modules.rates.types import Checkers, Params, Terms

MAX_SPEED = 1 << 56
LEAST_SPEED_SHARE = 16
"""Speed never falls below this part of what it begins with: whoever shirks to stop the market pays for nothing more."""


def first(params: Params, model_root: bytes) -> Checkers:
    """Return what is taken for true of a model's checkers before anything is seen."""
    heaviest = ceil_div(Q * params.coalition_numerator, params.coalition_denominator)
    return Checkers(model_root, params.fulfilled * (Q // RHO_ONE), params.check_speed, 0, 0, heaviest, 0)


def fulfilled(params: Params, found: Checkers) -> int:
    """Return ρ for new jobs, of 2^16: measured, rounded down, never below ρ_min or above one."""
    return min(RHO_ONE, max(params.fulfilled, found.fulfilled * RHO_ONE // Q))


def averaged(params: Params, found: Checkers, expected: int, done: int) -> int:
    """Return the share of duties fulfilled, of 2^32, after an epoch: pay expected and pay of proven checks."""
    window = params.fulfilled_window
    if not window or not expected:
        return found.fulfilled
    return min(Q, (found.fulfilled * window + Q * done) // (window + expected))


def paced(params: Params, window: int, found: Checkers, expected: int, done: int) -> int:
    """Return the speed after an epoch in which `done` of `expected` pay was fulfilled."""
    if not expected:
        return found.speed
    if done * RHO_ONE < expected * params.fulfilled:
        return max(ceil_div(params.check_speed, LEAST_SPEED_SHARE), found.speed // 2)
    is_reliable = 2 * done * RHO_ONE >= expected * (params.fulfilled + RHO_ONE)
    if is_reliable and 2 * found.peak >= limit(found, window):
        return min(MAX_SPEED, found.speed + ceil_div(found.speed, 4))
    return found.speed


def bond_load(terms: Terms, count: int) -> int:
    """Return how much bond the checks of a unit are expected to hold: S for each of the checkers drawn, of `count`."""
    drawn = min(second_look(terms.rate, second_rate(terms)), Q * count)
    return ceil_div(terms.bond * drawn, Q)


def bond_limit(found: Checkers) -> int:
    """Return how much of all checkers' bonds open jobs may be expected to hold: half, for draws are uneven."""
    return found.bonded // 2


def limit(found: Checkers, window: int) -> int:
    """Return how much work the most drawn checker may be expected to do within `window` blocks."""
    return found.speed * window


def heaviest(params: Params, largest: int, total: int) -> int:
    """Return the share of the most drawn checker, of 2^32; no draw lets one have more than the coalition's."""
    most = ceil_div(Q * params.coalition_numerator, params.coalition_denominator)
    return min(most, ceil_div(Q * largest, total)) if total else most


def chance(rate_value: int, weight: int, total_weight: int) -> int:
    """Return with which probability, of 2^32, a worker is drawn: that of a ticket below T."""
    return min(Q, ceil_div(rate_value * weight, total_weight)) if total_weight > 0 else 0


def load(terms: Terms, share: int) -> int:
    """Return the work that a checker of some share of the weights must expect of a unit, both draws included."""
    drawn = second_look(terms.rate, second_rate(terms))
    return ceil_div(terms.work * min(Q, ceil_div(drawn * share, Q)), Q)

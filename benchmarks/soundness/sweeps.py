"""Curves over r, V, m and S: exact, with simulated points where a run can show them."""

from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any

from chain.modules.rates.types import Params
from chain.parameters import LOCALNET, MAINNET

from . import exact
from .exact import Bet, bet
from .people import NUM_CHECKERS
from .setting import UNIT_PRICE, Setting

WORK = 10_000_000
"""A unit of work whose price is some thousand uostr in either set of parameters."""
MANY = 30
"""Equal checkers in the exact curves."""
VALUES = (0, *(round(10 ** (step / 8)) for step in range(0, 41)))
"""V in R."""


@dataclass(frozen=True)
class Curve:
    """One line of a plot."""

    label: str
    points: tuple[tuple[float, float], ...]


def arena() -> Params:
    """Return the rates of the simulation, for units of `UNIT_PRICE` work at a price of one."""
    return Setting().parameters(UNIT_PRICE).rates


def over_coalition(values: tuple[int, ...] = (0, 2, 20)) -> list[Curve]:
    """Return advantage over the share of checkers that is bought."""
    return [
        Curve(f"V = {value} R", tuple((float(share), float(gain)) for share, gain in exact.by_coalition(
            arena(), UNIT_PRICE, value * UNIT_PRICE, MANY)))
        for value in values
    ]  # fmt: skip


def over_value(params: Params) -> tuple[list[Curve], float]:
    """Return advantage over V for coalitions of nobody, of r and of everybody; and V_max, all in R."""
    fee = _fee(params)
    largest = bet(params, WORK, 1 << 55, [1] * MANY, frozenset())
    assert isinstance(largest, int)
    share = Fraction(params.coalition_numerator, params.coalition_denominator)
    curves = []
    for label, bought in (
        ("nobody for sale", 0),
        ("a share r for sale", int(share * MANY)),
        ("everybody for sale", MANY),
    ):
        points = []
        for value in [*(value * fee for value in VALUES if value * fee <= largest), largest]:
            made = bet(params, WORK, value, [1] * MANY, frozenset(range(bought)))
            if isinstance(made, Bet):
                points.append((value / fee, float(made.advantage())))
        curves.append(Curve(label, tuple(points)))
    return curves, largest / fee


def _fee(params: Params) -> int:
    made = bet(params, WORK, 0, [1] * MANY, frozenset())
    assert isinstance(made, Bet)
    return made.terms.fee


def over_multiple() -> list[Curve]:
    """Return advantage over m, with a third bought; below m = 2 genesis refuses."""
    curves = []
    for value in (0, 2, 20):
        points = []
        for tenths in range(5, 41):
            # m is an integer on the chain; in between it is what D would be if the price of a lie were scaled.
            params = replace(arena(), multiple=1)
            made = _scaled(params, Fraction(tenths, 10), value * UNIT_PRICE)
            if made is not None:
                points.append((tenths / 10, made))
        curves.append(Curve(f"V = {value} R", tuple(points)))
    return curves


def _scaled(params: Params, multiple: Fraction, value: int) -> float | None:
    """Return the advantage at the largest coalition if detection were exactly m(R + V_e)/(R + L)."""
    made = bet(params, UNIT_PRICE, value, [1] * MANY, frozenset())
    if not isinstance(made, Bet):
        return None
    terms = made.terms
    wanted = multiple * (terms.fee + max(value, terms.fee)) / (terms.fee + terms.loss)
    if wanted >= 1:
        return None
    return float(Fraction(terms.fee + value, terms.fee) - wanted * (terms.fee + terms.bond) / terms.fee)


def over_bond(values: tuple[int, ...] = (2, 20, 200)) -> tuple[list[Curve], list[Curve]]:
    """Return advantage with a share r bought, and λ1, over S in R; where a curve begins, smaller bonds are refused."""
    share = arena().coalition_numerator * MANY // arena().coalition_denominator
    gains, rates = [], []
    for value in values:
        gain, rate = {}, {}
        for step in range(49):
            params = replace(arena(), bond_cap=round(UNIT_PRICE * 10 ** (step / 12)), detection_target=1)
            made = bet(params, UNIT_PRICE, value * UNIT_PRICE, [1] * MANY, frozenset(range(share)))
            if isinstance(made, Bet):
                bond = made.terms.bond / UNIT_PRICE
                gain[bond], rate[bond] = float(made.advantage()), made.terms.rate_floor / 2**32
        gains.append(Curve(f"V = {value} R", tuple(gain.items())))
        rates.append(Curve(f"V = {value} R", tuple(rate.items())))
    return gains, rates


def limits() -> list[dict[str, Any]]:
    """Return what each set of parameters covers and what it does beyond: the figures of the documentation."""
    rows = []
    for name, params in (("localnet", LOCALNET.rates), ("mainnet", MAINNET.rates)):
        made = bet(params, WORK, 0, [1] * MANY, frozenset())
        assert isinstance(made, Bet)
        largest = bet(params, WORK, 1 << 55, [1] * MANY, frozenset())
        assert isinstance(largest, int)
        at_largest = bet(params, WORK, largest, [1] * MANY, frozenset())
        assert isinstance(at_largest, Bet)
        share = Fraction(params.coalition_numerator, params.coalition_denominator)
        rows.append(
            {
                "parameters": name,
                "R": made.terms.fee,
                "S": made.terms.bond,
                "D": made.terms.detection / 2**32,
                "V_max": largest,
                "S_at_V_max": at_largest.terms.bond,
                "lambda_at_V_max": at_largest.terms.rate_floor / 2**32,
                "advantage_at_r": float(
                    bet(params, WORK, largest, [1] * MANY, frozenset(range(int(share * MANY)))).advantage()  # type: ignore[union-attr]
                ),
                "break_even_share": _break_even(params, largest),
            }
        )
    return rows


def _break_even(params: Params, value: int) -> float | None:
    """Return the smallest share of checkers that makes a lie of this value pay."""
    for bought in range(MANY + 1):
        made = bet(params, WORK, value, [1] * MANY, frozenset(range(bought)))
        if isinstance(made, Bet) and made.advantage() >= 0:
            return bought / MANY
    return None


HANDS = (5, 6, 7, 10, 20, 33)
"""Shares of all bonds in one hand, percent."""


def niches() -> list[dict[str, int | None]]:
    """Return what theta must be against hands of some size, in percent, at mainnet's r."""
    return [
        {
            "share": share,
            "alone": exact.least_theta(MAINNET.rates, share, is_alone=True),
            "among_others": exact.least_theta(MAINNET.rates, share, is_alone=False),
        }
        for share in HANDS
    ]


def everything() -> dict[str, Any]:
    """Return all curves, for JSON."""
    found: dict[str, Any] = {
        "coalition": [asdict(curve) for curve in over_coalition()],
        "multiple": [asdict(curve) for curve in over_multiple()],
        "bond": [[asdict(curve) for curve in curves] for curves in over_bond()],
        "limits": limits(),
        "niches": niches(),
        "checkers_simulated": NUM_CHECKERS,
    }
    for name, params in (("localnet", LOCALNET.rates), ("mainnet", MAINNET.rates)):
        curves, largest = over_value(params)
        found[f"value_{name}"] = {"curves": [asdict(curve) for curve in curves], "V_max": largest}
    return found

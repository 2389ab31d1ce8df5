"""What a forger may expect, exactly, from the chain's own formulas: no run, no chance.

Money is in R of the unit on trial. The checkers' draws are independent, so the chance that nobody honest finds a lie is
a product over them; everything else is a sum over how often the job is run again.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from chain.modules.plans.rules import find_missing_checkers
from chain.modules.rates import rules
from chain.modules.rates.genesis import validate_params
from chain.modules.rates.types import Params, Terms

ONE = 1 << 256
ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Bet:
    """A lie about one unit of some value, by a worker that knows the rules."""

    terms: Terms
    value: int
    weights: tuple[int, ...]
    """Of the eligible checkers."""
    bought: frozenset[int]
    """Checkers that confirm or stay silent, by index."""

    def detection(self, rate: int) -> Fraction:
        """Return the chance that an honest checker is drawn and does its duty."""
        missed, total = Fraction(1), sum(self.weights)
        for index, weight in enumerate(self.weights):
            if index not in self.bought:
                drawn = Fraction(rules.threshold(rate, weight, total), ONE)
                missed *= 1 - drawn * Fraction(self.terms.fulfilled, rules.RHO_ONE)
        return 1 - missed

    def advantage(self, *, is_reputed: bool = True) -> Fraction:
        """Return what lying once earns beyond honesty, in R; computing costs R, so a lie saves all of it.

        A lie that is found costs the fee and S; a reputed worker is drawn for at the floor λ1, a newcomer at its λ.
        """
        terms = self.terms
        found = self.detection(terms.rate_floor if is_reputed else terms.rate)
        gain = terms.fee + self.value - found * (terms.fee + terms.bond)
        return Fraction(gain, terms.fee)


def bet(params: Params, units: int, value: int, weights: Sequence[int], bought: frozenset[int]) -> Bet | int | None:
    """Return a bet on these terms; V_max (or None) if the chain refuses the job."""
    found = rules.terms(params, units, value)
    if isinstance(found, rules.Refusal):
        return found.largest_value
    return Bet(found, value, tuple(weights), bought)


def coalitions(weights: Sequence[int], share: Fraction) -> frozenset[int]:
    """Return a heaviest set of checkers within a share of all weight, greedily."""
    left, chosen = share * sum(weights), set()
    for index in sorted(range(len(weights)), key=lambda at: -weights[at]):
        if weights[index] <= left:
            left -= weights[index]
            chosen.add(index)
    return frozenset(chosen)


@dataclass(frozen=True, slots=True)
class Survey:
    """Random accepted parameter sets, and the best that a forger finds in them."""

    sets: int
    refused_sets: int
    refused_values: int
    best: Fraction
    """Largest advantage, in R; below 0 if lying never pays."""
    paying: int
    least_margin: Fraction
    """Smallest of loss / (R + V): how far from paying the best one is."""


def survey(num: int, seed: int = 0) -> Survey:
    """Try lies under random parameters that genesis accepts, random checkers that eligibility accepts, V to V_max."""
    dice = random.Random(seed)
    tried = refused_sets = refused_values = paying = 0
    best, least = Fraction(-(10**9)), Fraction(10**9)
    while tried < num:
        params, units, value, weights = _random_case(dice)
        try:
            validate_params(params)
        except ValueError:
            refused_sets += 1
            continue
        if find_missing_checkers(params, weights, sum(weights)) is not None:
            refused_sets += 1
            continue
        share = Fraction(params.coalition_numerator, params.coalition_denominator)
        made = bet(params, units, value, weights, coalitions(weights, share))
        if not isinstance(made, Bet):
            refused_values += 1
            continue
        tried += 1
        earned = made.advantage()
        best = max(best, earned)
        least = min(least, -earned * made.terms.fee / (made.terms.fee + max(value, made.terms.fee)))
        paying += earned >= 0
    return Survey(tried, refused_sets, refused_values, best, paying, least)


def _random_case(dice: random.Random) -> tuple[Params, int, int, list[int]]:
    coalition = dice.choice(((1, 5), (1, 4), (1, 3), (2, 5), (1, 2)))
    fees = (dice.randint(1, 5_000), dice.randint(1, 5_000))
    params = Params(
        multiple=dice.randint(2, 5),
        coalition_numerator=coalition[0],
        coalition_denominator=coalition[1],
        fulfilled=dice.randint(20_000, 65_536),
        detection_cap=4_252_017_623,
        detection_target=int(2**32 * dice.uniform(0.02, 0.95)),
        price_numerator=dice.randint(1, 1_000),
        price_denominator=dice.randint(1, 1_000),
        check_price_numerator=dice.randint(1, 500),
        check_price_denominator=dice.randint(1, 5_000),
        bond_floor=4 * sum(fees) + dice.randint(0, 10**7),
        bond_cap=dice.randint(10**6, 10**10),
        dispute_fee=fees[0],
        job_fee=fees[1],
        commit_fee=dice.randint(1, 100),
        reveal_fee=dice.randint(1, 100),
        rent_numerator=0,
        rent_denominator=1,
        treasury_numerator=dice.randint(0, 10),
        treasury_denominator=100,
        min_checkers=dice.randint(2, 5),
        checker_weight_numerator=0,
        checker_weight_denominator=1,
    )
    weights = [dice.randint(1, 10**9) for _ in range(dice.randint(2, 12))]
    if dice.random() < 0.5:
        weights = [10**9] * len(weights)
    return params, dice.randint(1, 10**7), int(10 ** dice.uniform(0, 10)), weights


def by_coalition(params: Params, units: int, value: int, count: int) -> Iterator[tuple[Fraction, Fraction]]:
    """Yield (share that is bought, advantage) for `count` equal checkers."""
    weights = [10**9] * count
    for bought in range(count + 1):
        made = bet(params, units, value, weights, frozenset(range(bought)))
        if isinstance(made, Bet):
            yield Fraction(bought, count), made.advantage()


def by_value(
    params: Params, units: int, values: Sequence[int], count: int, bought: int
) -> Iterator[tuple[int, Bet | None]]:
    """Yield (V, bet) for rising values; None where the chain refuses."""
    for value in values:
        made = bet(params, units, value, [10**9] * count, frozenset(range(bought)))
        yield value, made if isinstance(made, Bet) else None


SPLIT = 5
"""Accounts in a percent of all bonds: none above r, and enough for N_min."""


def least_theta(params: Params, share: int, *, is_alone: bool) -> int | None:
    """Return the least theta, in percent, that keeps a hand with `share` percent of all bonds within r of every E_u.

    The hand checks a model of its own choice, by many small accounts; others check it as well, as few as it takes, or
    nobody else does. None if no theta does it.
    """
    others = (0,) if is_alone else range(101 - share)
    for theta in range(101):
        asked = replace(params, checker_weight_numerator=theta, checker_weight_denominator=100)
        if not any(
            share * params.coalition_denominator > (share + honest) * params.coalition_numerator
            and find_missing_checkers(asked, [1] * SPLIT * (share + honest), 100 * SPLIT) is None
            for honest in others
        ):
            return theta
    return None


def with_bond(params: Params, bond: int) -> Params:
    """Return parameters under which S is `bond`, as far as the least bond allows."""
    return replace(params, bond_cap=bond)

"""Reputation as a rule: money burnt, halved by time, taken by a fault, capped."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.modules.jobs.rules import draw
from chain.modules.rates import reputation
from chain.modules.rates.types import Reputation
from chain.parameters import LOCALNET

PARAMS = replace(LOCALNET.rates, reputation_full=1_000, reputation_half_life=100)
HELD = Reputation(bytes(20), bytes(32), 800, 150)


@pytest.mark.parametrize(("height", "counts"), [(150, 800), (199, 800), (200, 400), (299, 400), (1_099, 1), (1_100, 0)])
def test_reputation_halves_until_nothing_is_left(height: int, counts: int) -> None:
    assert reputation.score(PARAMS, HELD, 0, height) == counts


def test_nothing_is_left_at_its_end_and_something_just_before() -> None:
    end = reputation.end(PARAMS, HELD)
    assert end == 1_100
    assert (reputation.score(PARAMS, HELD, 0, end - 1), reputation.score(PARAMS, HELD, 0, end)) == (1, 0)


@pytest.mark.parametrize(("fault", "counts"), [(0, 800), (149, 800), (150, 0), (180, 0)])
def test_a_fault_takes_all_that_was_earned_before_it(fault: int, counts: int) -> None:
    assert reputation.score(PARAMS, HELD, fault, 199) == counts


def test_without_a_cap_nobody_has_a_reputation() -> None:
    assert reputation.score(replace(PARAMS, reputation_full=0), HELD, 0, 150) == 0
    assert reputation.score(PARAMS, None, 0, 150) == 0


@given(st.lists(st.integers(0, 10**6), max_size=30))
def test_a_score_is_never_more_than_the_fees_and_never_above_its_cap(fees: list[int]) -> None:
    now = 0
    for fee in fees:
        now = reputation.grown(PARAMS, now, fee)
    assert now == min(1_000, sum(fees))


@pytest.mark.parametrize(
    ("scores", "weight"),
    [([], 1), ([0, 1_000], 1), ([333, 1_000], 1), ([334, 999], 2), ([999], 3), ([1_000, 1_000], 4), ([5_000], 4)],
)
def test_a_plan_weighs_as_its_least_known_worker(scores: list[int], weight: int) -> None:
    assert reputation.draw_weight(PARAMS, scores) == weight


@given(st.integers(1, 8), st.integers(1, reputation.DRAW_WEIGHTS), st.binary(min_size=32, max_size=32))
def test_equal_weights_draw_by_the_digest_modulo_the_count(count: int, weight: int, digest: bytes) -> None:
    assert draw(digest, [weight] * count) == int.from_bytes(digest, "big") % count


@given(st.lists(st.integers(1, reputation.DRAW_WEIGHTS), min_size=1, max_size=6))
def test_every_plan_is_drawn_as_often_as_it_weighs(weights: list[int]) -> None:
    drawn = [draw(number.to_bytes(32, "big"), weights) for number in range(sum(weights))]
    assert [drawn.count(index) for index in range(len(weights))] == weights

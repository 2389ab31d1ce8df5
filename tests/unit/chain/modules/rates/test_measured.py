"""What the chain measures of checkers: averages between their bounds, speed that follows load and misses."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from chain.modules.rates import measured, rules
from chain.modules.rates.rules import RHO_ONE, Q
from chain.modules.rates.types import Terms
from chain.parameters import LOCALNET, MAINNET

PARAMS = LOCALNET.rates
FIRST = measured.first(PARAMS, bytes(32))
WINDOW = 8
pays = st.integers(0, 10**12)


def test_measuring_begins_with_the_lowest_share_and_the_registered_speed() -> None:
    assert measured.fulfilled(PARAMS, FIRST) == PARAMS.fulfilled
    assert (FIRST.speed, FIRST.pending, FIRST.heaviest) == (PARAMS.check_speed, 0, Q // 2)
    assert measured.first(MAINNET.rates, bytes(32)).heaviest == -(-Q // 3)


@given(pays, pays, st.integers(0, Q))
def test_the_measured_share_stays_between_its_bounds(expected: int, done: int, before: int) -> None:
    known = replace(FIRST, fulfilled=before)
    after = measured.averaged(PARAMS, known, expected, done)
    assert 0 <= after <= Q
    assert PARAMS.fulfilled <= measured.fulfilled(PARAMS, replace(known, fulfilled=after)) <= RHO_ONE
    if expected and done <= expected:
        low, high = sorted((before, Q * done // expected))
        assert low - 1 <= after <= high + 1


def test_an_epoch_moves_the_share_by_its_part_of_the_window() -> None:
    half = measured.averaged(PARAMS, replace(FIRST, fulfilled=0), PARAMS.fulfilled_window, PARAMS.fulfilled_window)
    assert half == Q // 2
    assert measured.averaged(PARAMS, FIRST, 0, 0) == FIRST.fulfilled
    still = replace(PARAMS, fulfilled_window=0)
    assert measured.averaged(still, FIRST, 10**9, 0) == FIRST.fulfilled


def test_speed_grows_only_under_load_that_was_managed() -> None:
    idle, busy = replace(FIRST, peak=0), replace(FIRST, peak=measured.limit(FIRST, WINDOW) // 2)
    assert measured.paced(PARAMS, WINDOW, busy, 100, 100) == FIRST.speed * 5 // 4
    assert measured.paced(PARAMS, WINDOW, idle, 100, 100) == FIRST.speed
    assert measured.paced(PARAMS, WINDOW, busy, 100, 80) == FIRST.speed  # above rho_min, below half the way to one
    assert measured.paced(PARAMS, WINDOW, busy, 100, 69) == FIRST.speed // 2
    assert measured.paced(PARAMS, WINDOW, busy, 0, 0) == FIRST.speed


def test_speed_has_a_floor_that_shirking_cannot_break() -> None:
    found = FIRST
    for _ in range(100):
        found = replace(found, speed=measured.paced(PARAMS, WINDOW, found, 100, 0))
    assert found.speed == PARAMS.check_speed // measured.LEAST_SPEED_SHARE
    for _ in range(500):
        found = replace(found, peak=1 << 60, speed=measured.paced(PARAMS, WINDOW, found, 100, 100))
    assert found.speed == measured.MAX_SPEED


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=40), st.integers(0, 1 << 38))
def test_a_chance_is_that_of_the_threshold(weights: list[int], rate: int) -> None:
    total = sum(weights)
    for weight in weights:
        limit = rules.threshold(rate, weight, total)
        found = measured.chance(rate, weight, total)
        assert (found - 1) << 224 < limit <= found << 224
    assert measured.chance(rate, 1, 0) == 0


def test_nobody_is_expected_to_check_a_unit_more_than_once() -> None:
    found = rules.terms(PARAMS, 1_000_000, 0)
    assert isinstance(found, Terms)
    assert measured.load(found, Q) == measured.load(found, Q // 2) == 1_000_000
    rare = replace(found, rate=found.rate_floor)
    assert 0 < measured.load(rare, Q // 2) < 100_000


def test_the_most_drawn_checker_is_no_heavier_than_the_coalition_share() -> None:
    assert measured.heaviest(PARAMS, 9, 10) == Q // 2
    assert measured.heaviest(PARAMS, 1, 10) == -(-Q // 10)
    assert measured.heaviest(PARAMS, 0, 0) == Q // 2

"""The formulas of rates, bonds and money: published vectors, and what must hold for all inputs."""

import json
from dataclasses import replace
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.modules.rates import rules
from chain.modules.rates.genesis import validate_params, validate_rent, validate_windows
from chain.modules.rates.types import Params, Terms
from chain.parameters import LOCALNET, MAINNET, OSTR

VECTORS = json.loads((Path(__file__).parents[4] / "vectors" / "rates.json").read_text("utf-8"))
EXAMPLE = replace(
    LOCALNET.rates,
    coalition_numerator=1,
    coalition_denominator=3,
    fulfilled=rules.RHO_ONE,
    price_numerator=1,
    price_denominator=1,
    check_price_numerator=0,
    check_price_denominator=1,
    commit_fee=60,
    reveal_fee=50,
    bond_floor=250_000,
    bond_cap=250_000,
    dispute_fee=0,
    job_fee=0,
)
"""Parameters under which work 1000 has the bond, pay and price of the vectors."""


@pytest.mark.parametrize(("detection", "expected"), VECTORS["negln32"])
def test_negln32_gives_its_vectors(detection: int, expected: int) -> None:
    assert rules.negln32(detection) == expected


@given(st.integers(0, rules.Q - 1))
def test_negln32_is_the_exact_logarithm_rounded_up_by_at_most_two(detection: int) -> None:
    with localcontext() as context:
        context.prec = 60
        exact = -(1 - Decimal(detection) / rules.Q).ln() * rules.Q
        assert exact <= rules.negln32(detection) <= exact + 2


@given(st.integers(0, rules.Q - 2))
def test_negln32_grows(detection: int) -> None:
    assert rules.negln32(detection) <= rules.negln32(detection + 1)


@pytest.mark.parametrize("detection", [-1, rules.Q])
def test_negln32_refuses_what_is_no_detection(detection: int) -> None:
    with pytest.raises(ValueError, match="below one"):
        rules.negln32(detection)


@pytest.mark.parametrize("case", VECTORS["terms"]["accepted"])
def test_terms_give_their_vectors(case: dict[str, int]) -> None:
    found = rules.terms(EXAMPLE, 1_000, case["value"])
    assert isinstance(found, Terms)
    assert (found.fee, found.check_pay, found.bond) == (1_000, 110, 250_000)
    assert (found.detection, found.rate_floor, found.check_charge) == (
        case["detection"],
        case["rate_floor"],
        case["check_charge"],
    )


def test_a_value_beyond_the_cap_is_refused_with_the_largest() -> None:
    (case,) = VECTORS["terms"]["refused"]
    assert rules.terms(EXAMPLE, 1_000, case["value"]) == rules.Refusal(case["largest_value"])
    assert isinstance(rules.terms(EXAMPLE, 1_000, case["largest_value"]), Terms)
    assert rules.terms(EXAMPLE, 1_000, case["largest_value"] + 1) == rules.Refusal(case["largest_value"])


works = st.integers(1, 10**12)
values = st.integers(0, 10**14)


@given(works, values, st.sampled_from([LOCALNET.rates, MAINNET.rates, EXAMPLE]))
def test_the_named_value_is_accepted_and_one_more_is_not(units: int, value: int, params: Params) -> None:
    found = rules.terms(params, units, value)
    if isinstance(found, rules.Refusal):
        if found.largest_value is None:
            assert isinstance(rules.terms(params, units, 0), rules.Refusal)
        else:
            assert found.largest_value < value
            assert isinstance(rules.terms(params, units, found.largest_value), Terms)
            assert isinstance(rules.terms(params, units, found.largest_value + 1), rules.Refusal)


@given(works, values, st.sampled_from([LOCALNET.rates, MAINNET.rates, EXAMPLE]))
def test_cheating_loses_by_the_multiple_under_accepted_terms(units: int, value: int, params: Params) -> None:
    found = rules.terms(params, units, value)
    if isinstance(found, Terms):
        gain = found.fee + max(value, found.fee)
        assert found.detection * (found.fee + found.loss) >= rules.Q * params.multiple * gain
        assert found.detection <= params.detection_cap
        assert found.rate >= found.rate_floor
        assert found.bond // 8 >= found.fee + found.check_pay


@given(works, values, st.data())
def test_pay_and_refund_are_the_escrow(units: int, value: int, data: st.DataObject) -> None:
    found = rules.terms(LOCALNET.rates, units, value)
    if isinstance(found, rules.Refusal):
        return
    done = data.draw(st.integers(0, 2 * units))
    eligible = data.draw(st.integers(0, 5_000))
    is_opened = data.draw(st.booleans())
    parts = rules.settle(found, done, eligible, is_opened)
    assert 0 <= parts.total <= rules.cost(found)
    assert min(parts.to_asserter, parts.to_pool, parts.to_treasury) >= 0
    fee = rules.price(LOCALNET.rates, min(done, units))
    if is_opened:
        added = parts.to_asserter + parts.to_pool - (fee + found.rent + found.check_charge)
        assert 0 <= added <= found.fee - fee
        assert 2 * (parts.to_asserter - found.rent) >= fee
        assert not added or parts.to_asserter - found.rent == fee - fee // 2
    else:
        assert parts.to_asserter == 0


@given(works, values, st.data(), st.sampled_from([LOCALNET.rates, MAINNET.rates]))
def test_a_unit_brings_the_pool_what_its_checks_are_expected_to_cost(
    units: int, value: int, data: st.DataObject, params: Params
) -> None:
    """Wherever the answer ends, for newcomers and the known, in both looks: who cancels cannot empty the pool."""
    score = data.draw(st.integers(0, params.reputation_full))
    found = rules.terms(params, units, value, None, score)
    if isinstance(found, rules.Refusal):
        return
    done = data.draw(st.integers(0, units))
    weights = data.draw(st.lists(st.integers(1, 10**9), min_size=1, max_size=30))
    parts = rules.settle(found, done, len(weights), True)
    total, second = sum(weights), rules.second_rate(found)
    first = [min(Fraction(1), Fraction(found.rate * weight, rules.Q * total)) for weight in weights]
    again = [min(Fraction(1), Fraction(second * weight, rules.Q * total)) for weight in weights]
    none = Fraction(1)
    for chance in first:
        none *= 1 - chance
    # Drawn at once, or only in the second look, which there is if somebody else was drawn at once.
    later = sum((1 - one - none) * two for one, two in zip(first, again, strict=True))
    expected = rules.check_pay_done(found, done) * (sum(first) + max(Fraction(0), later))
    assert parts.to_pool + 2 >= expected


@given(st.lists(st.integers(1, 10**15), min_size=1, max_size=50), st.integers(0, 1 << 40))
def test_thresholds_find_somebody_as_often_as_the_rate_says(weights: list[int], value: int) -> None:
    total = sum(weights)
    limits = [rules.threshold(value, weight, total) for weight in weights]
    assert sum(limits) >= min(1 << 256, value << 224)
    assert all(limit <= 1 << 256 for limit in limits)
    assert rules.threshold(value, 1, 0) == 0


def test_both_parameter_sets_are_accepted() -> None:
    validate_params(LOCALNET.rates)
    validate_params(MAINNET.rates)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"multiple": 1}, "m >= 2 is broken: m = 1"),
        ({"coalition_numerator": 0}, "0 < r <= 1/2 is broken: r = 0/2"),
        ({"coalition_numerator": 2, "coalition_denominator": 3}, "0 < r <= 1/2 is broken: r = 2/3"),
        ({"detection_cap": rules.Q}, f"D_cap < 2^32 is broken: D_cap = {rules.Q}"),
        ({"detection_target": rules.Q - 1}, "D_target <= D_cap is broken"),
        ({"bond_floor": 1_599}, "S_floor >= 4(G_max + F_job) is broken: 1599 < 4(200 + 200)"),
        ({"fulfilled": 45_000}, "3k >= ceil(k(Q + lambda_2)/Q) at the lowest rho is broken: lambda_2 = "),
        ({"fulfilled": 70_000}, "rho <= 65536 (one) is broken"),
        (
            {"fulfilled": 43_000},
            "m (rho_min - r) >= (1 - r) rho_min is broken: 2 (43000/65536 - 1/2) < (1 - 1/2) 43000",
        ),
        (
            {"fulfilled": 32_767, "coalition_numerator": 1, "coalition_denominator": 10},
            "m rho_min >= 1 is broken: 2 * 32767 < 65536",
        ),
        ({"price_denominator": 0}, "rates.price_denominator > 0 is broken"),
        ({"min_checkers": 0}, "rates.min_checkers > 0 is broken"),
        ({"bond_cap": 1 << 60}, "rates.bond_cap < 2^56 is broken"),
        ({"lock_blocks": 0}, "lock_blocks > 0 is broken"),
        ({"reputation_half_life": 0}, "reputation_half_life > 0 is broken"),
        ({"treasury_numerator": 21}, "tau <= 1 is broken"),
        ({"checker_weight_numerator": 2}, "theta <= 1 is broken"),
    ],
)
def test_parameters_under_which_lying_pays_are_refused_with_the_inequality(changes: dict[str, int], says: str) -> None:
    with pytest.raises(ValueError, match="is broken") as refusal:
        validate_params(replace(LOCALNET.rates, **changes))
    assert says in str(refusal.value)


@given(st.sampled_from([LOCALNET.rates, MAINNET.rates]), st.data())
def test_a_coalition_that_fulfils_every_duty_cannot_make_its_own_frauds_pay(
    params: Params, data: st.DataObject
) -> None:
    """It makes rho look better than the honest deserve, and is silent about its own units."""
    rho = Fraction(data.draw(st.integers(params.fulfilled, rules.RHO_ONE)), rules.RHO_ONE)
    share = Fraction(params.coalition_numerator, params.coalition_denominator)
    value = data.draw(values)
    found = rules.terms(params, data.draw(works), value, int(rho * rules.RHO_ONE))
    if isinstance(found, rules.Refusal):
        return
    honest = max((rho - share) / (1 - share), Fraction(0))
    shrunk = honest / rho
    assert shrunk * params.multiple >= 1
    with localcontext() as context:
        context.prec = 60
        missed = (
            -Decimal(found.rate_floor)
            / rules.Q
            * (1 - Decimal(1) * share.numerator / share.denominator)
            * honest.numerator
            / honest.denominator
        ).exp()
        gain = found.fee + max(value, found.fee)
        assert (1 - missed) * (found.fee + found.loss) * Decimal("1.000001") >= gain


def test_production_windows_outlast_a_third_of_the_proposers() -> None:
    windows = MAINNET.sampling
    shortest = min(windows.commit_blocks, windows.reveal_blocks, windows.open_blocks)
    assert shortest >= 26
    assert Fraction(1, 3) ** 26 < Fraction(1, 1 << 41)


def test_a_bond_that_could_leave_too_early_is_refused_with_the_sum() -> None:
    lengths = {
        "expiry": 240,
        "round_blocks": 4,
        "epoch_blocks": 20,
        "proof_blocks": 600,
        "commit_blocks": 32,
        "reveal_blocks": 20,
        "open_blocks": 20,
        "dispute_blocks": 196,
    }
    validate_windows(unbonding=1_473, **lengths)
    with pytest.raises(ValueError, match=r"1472 <= .* = 1472"):
        validate_windows(unbonding=1_472, **lengths)


def test_rent_that_does_not_last_is_refused() -> None:
    validate_rent(LOCALNET.rates, 352)
    with pytest.raises(ValueError, match=r"rent is charged for 352 blocks, S is held for 353"):
        validate_rent(LOCALNET.rates, 353)
    validate_rent(replace(LOCALNET.rates, rent_numerator=0), 353)


@pytest.mark.parametrize(("params", "year"), [(LOCALNET.rates, 62_000_000), (MAINNET.rates, 10_500_000)])
def test_rent_is_a_tenth_of_the_bond_a_year(params: Params, year: int) -> None:
    found = rules.terms(params, 1_000_000, 0)
    assert isinstance(found, Terms)
    exact = Fraction(found.bond * params.lock_blocks, 10 * year)
    assert 0 < exact <= found.rent < exact + 1


def test_at_least_three_quarters_of_every_slash_are_the_treasurys() -> None:
    for bond in (*range(1, 1_000), 10**9 + 1, 10**12 + 3):
        assert 4 * rules.loss(bond) >= 3 * bond


@given(works, values, st.integers(0, 1 << 16), st.integers(0, 2 * OSTR))
def test_reputation_leads_from_the_newcomers_rate_to_the_floor_and_never_below(
    units: int, value: int, fulfilled: int, score: int
) -> None:
    params = LOCALNET.rates
    rho = max(params.fulfilled, fulfilled)
    new, known = (rules.terms(params, units, value, rho, points) for points in (0, score))
    if isinstance(new, rules.Refusal) or isinstance(known, rules.Refusal):
        assert new == known
        return
    assert known.rate_floor <= known.rate <= new.rate
    assert replace(known, rate=new.rate, score=0) == new
    full = rules.terms(params, units, value, rho, params.reputation_full)
    assert isinstance(full, Terms)
    assert full.rate == full.rate_floor


@given(st.integers(2, 5), st.integers(1, 10**9), st.integers(0, 10**9), st.integers(1, 10**4), st.integers(1, 1 << 31))
def test_a_batch_bond_covers_its_leaves_and_those_before_the_first_is_found(
    multiple: int, fee: int, extra: int, leaves: int, detection: int
) -> None:
    value = fee + extra
    loss = rules.batch_loss(multiple, fee, value, leaves, detection)
    assert loss == multiple * (fee + value) * (leaves + -(-rules.Q // detection))
    assert rules.loss(rules.batch_bond(loss)) >= loss


@given(st.integers(1, 40), st.integers(1 << 22, rules.Q - 1))
def test_no_share_of_forged_leaves_gains_what_a_batch_bond_loses(leaves: int, detection: int) -> None:
    """Forging j of n leaves in batch after batch gains j·g each until the first is found, and then costs L."""
    found, gain = Fraction(detection, rules.Q), 3
    loss = rules.batch_loss(2, 1, gain - 1, leaves, detection)
    for forged in range(1, leaves + 1):
        batches = 1 / (1 - (1 - found) ** forged)
        assert 2 * batches * forged * gain <= loss


@pytest.mark.parametrize("detection", [0, rules.Q])
def test_a_batch_without_a_draw_has_no_bond(detection: int) -> None:
    with pytest.raises(ValueError, match="above 0 and below one"):
        rules.batch_loss(2, 1, 1, 1, detection)


def test_work_beyond_every_bond_is_refused_without_a_value() -> None:
    for units in (10**18, 1 << 63):
        assert rules.terms(LOCALNET.rates, units, 0) == rules.Refusal(None)

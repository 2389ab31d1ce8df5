"""A short run of the agent simulation: the order of profits, and that nobody honest is slashed."""

from fractions import Fraction
from pathlib import Path

import pytest

from benchmarks.soundness import exact, report, sweeps
from benchmarks.soundness.catalogue import STRATEGIES, bribed
from benchmarks.soundness.measure import Court
from benchmarks.soundness.people import NUM_CHECKERS
from benchmarks.soundness.setting import UNIT_PRICE, Setting

ROOT = Path(__file__).resolve().parents[2]
LOSING = ("forger that plays", "colluders, confirming", "self-challenger", "lazy checker")


@pytest.fixture(scope="module")
def court() -> Court:
    return Court(Setting(rounds=16), segments=2)


@pytest.mark.parametrize("name", LOSING)
def test_honesty_earns_more_and_nobody_honest_is_slashed(court: Court, name: str) -> None:
    (strategy,) = [one for one in STRATEGIES if one.name == name]
    found = court.try_one(strategy)
    assert found.advantage < -0.5
    assert found.innocent_losses == 0


def test_with_everybody_for_sale_a_lie_is_kept_and_pays(court: Court) -> None:
    found = court.try_one(bribed(NUM_CHECKERS))
    assert found.counts["kept"] == found.counts["forged"] > 0
    assert found.advantage > 1


def test_no_lie_pays_under_parameters_that_genesis_accepts() -> None:
    found = exact.survey(300)
    assert (found.sets, found.paying) == (300, 0)
    assert found.least_margin >= 1  # m - 1


def test_a_lie_of_declared_value_loses_by_what_m_promises_at_the_declared_coalition() -> None:
    params = Setting().parameters(UNIT_PRICE).rates
    thirty = [1] * 30
    for value in (0, UNIT_PRICE, 50 * UNIT_PRICE):
        made = exact.bet(params, UNIT_PRICE, value, thirty, frozenset(range(10)))
        assert isinstance(made, exact.Bet)
        assert (
            made.advantage() <= -(params.multiple - 1) * Fraction(UNIT_PRICE + max(value, UNIT_PRICE), UNIT_PRICE) + 1
        )


def test_the_page_has_the_exact_figures_of_the_code() -> None:
    page = (ROOT / "docs" / "soundness.md").read_text()
    text = report.exact_text(exact.survey(report.EXACT_SETS), sweeps.limits())
    assert report.replaced(page, report.EXACT, text) == page

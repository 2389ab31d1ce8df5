"""A short run of the agent simulation: the order of profits, what is inside the promise, and when a row stops."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from benchmarks.soundness import exact, report, sweeps
from benchmarks.soundness.catalogue import STRATEGIES
from benchmarks.soundness.interval import interval, looks, segments, student_bound
from benchmarks.soundness.life import Counts
from benchmarks.soundness.measure import Lived, over_honesty, spared
from benchmarks.soundness.setting import UNIT_PRICE, Setting
from benchmarks.soundness.strategies import Scope
from benchmarks.soundness.trials import KNOWN, Segment, live_segment, try_all
from chain.parameters import MAINNET

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 14
"""Enough for a worker to be known and to be caught."""
LOSING = ("forger that plays", "colluders, confirming", "lazy checker", "shirker")


@cache
def lived(name: str, *, is_honest: bool = False) -> Lived:
    """One segment; honest people of the usual setting live in it once."""
    return live_segment(Setting(), Segment(name, is_honest, 0, ROUNDS))


def advantage(name: str) -> float:
    """What one segment brought over the honesty that it says least against, in R per round."""
    return over_honesty(KNOWN[name], lived(name), lived("forger", is_honest=True)) / UNIT_PRICE / ROUNDS


@pytest.mark.parametrize("name", LOSING)
def test_honesty_earns_more_and_nobody_honest_is_slashed(name: str) -> None:
    assert advantage(name) < -0.5
    assert lived(name).innocent_losses == 0


def test_units_about_which_somebody_was_silent_are_drawn_again_and_no_honest_worker_loses_by_it() -> None:
    assert lived("shirker").counts.drawn_late > 0
    assert lived("shirker").innocent_losses == 0


def test_with_everybody_for_sale_a_lie_is_kept_and_pays() -> None:
    counts = lived("bribed 6 of 6").counts
    assert counts.kept == counts.forged > 0
    assert advantage("bribed 6 of 6") > 0.5


def test_repeating_what_the_own_worker_has_computed_saves_exactly_the_checks_of_it() -> None:
    own, honest = KNOWN["own checkers"], lived("forger", is_honest=True)
    assert over_honesty(own, lived("own checkers"), honest) == spared(own, honest) > 0
    others = [name for name in honest.gains if name not in own.names]
    assert [lived("own checkers").gains[name] for name in others] == [honest.gains[name] for name in others]


def test_a_niche_below_theta_is_never_live_and_costs_what_was_spent_on_it() -> None:
    name = "niche flooder"
    tried, honest = (live_segment(Setting(), Segment(name, is_honest, 0, 2)) for is_honest in (False, True))
    assert tried.refusals == {"TOO_FEW_CHECKERS": 1}
    assert tried.counts.forged == 0
    assert over_honesty(KNOWN[name], tried, honest) < 0
    assert {one: gain for one, gain in tried.gains.items() if one not in KNOWN[name].names} == {
        one: gain for one, gain in honest.gains.items() if one not in KNOWN[name].names
    }


def test_beacons_and_baits_differ_by_segment_and_by_seed() -> None:
    runs = [
        live_segment(Setting(seed=seed), Segment("forger", True, number, 2)).gains
        for seed, number in ((0, 0), (0, 0), (0, 1), (1, 0))
    ]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2] != runs[3] != runs[0]


def test_students_t_is_that_of_the_tables() -> None:
    printed = {(1, 0.05): 12.706, (2, 0.05): 4.303, (5, 0.01): 4.032, (9, 0.05): 2.262, (30, 0.01): 2.750}
    assert {key: round(student_bound(key[1], key[0]), 3) for key in printed} == printed


def test_a_run_is_cut_into_segments_and_has_fixed_looks() -> None:
    assert segments(200) == (10, 20)
    assert looks(10) == (4, 6, 10)
    assert segments(20) == (2, 10)
    assert looks(2) == (2,)
    assert interval([1.0, 1.0, 4.0], 3).error > interval([1.0, 1.0, 4.0], 1).error


def test_a_row_stops_at_the_first_look_that_decides_it_in_whatever_order_segments_end() -> None:
    noise = (-90, 100, -100, 90, -100, 100, 0, 0, 0, 0)
    gains = {"forger": -30.0, "lazy worker": -1.0, "grinder of plans": -30.0}

    def made(segment: Segment) -> Lived:
        drift = 0.0 if segment.is_honest else gains[segment.name] + noise[segment.number] * 0.05
        people = dict.fromkeys(("suspect",), int(drift * UNIT_PRICE * segment.rounds))
        return Lived(people, {}, Counts(), 0, {}, 0)

    def run(_: Setting, wanted: Sequence[Segment]) -> Iterable[tuple[Segment, Lived]]:
        return [(segment, made(segment)) for segment in wanted]

    def backwards(setting: Setting, wanted: Sequence[Segment]) -> Iterable[tuple[Segment, Lived]]:
        return reversed(list(run(setting, wanted)))

    found = try_all(Setting(rounds=200), list(gains), run)
    assert {name: (one.rounds, one.verdict) for name, one in found.items()} == {
        "forger": (80, "honesty is better"),
        "lazy worker": (200, "undecided"),
        "grinder of plans": (200, "honesty is better"),
    }
    assert try_all(Setting(rounds=200), list(gains), backwards) == found
    assert report.broken(list(found.values())) == ["lazy worker: undecided"]


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


@pytest.mark.parametrize("share", [1, 5, 12, 20, 30])
def test_theta_must_exceed_a_hands_share_or_be_its_part_of_r_where_others_check(share: int) -> None:
    assert exact.least_theta(MAINNET.rates, share, is_alone=True) == share + 1
    assert exact.least_theta(MAINNET.rates, share, is_alone=False) == 3 * share


def test_only_shares_above_r_undeclared_value_and_a_missing_theta_are_outside_the_promise() -> None:
    outside = {one.name for one in STRATEGIES if one.scope == Scope.OUTSIDE}
    assert outside == {
        *(f"bribed {count} of 6" for count in (3, 4, 5, 6)),
        "niche flooder, no theta",
        "forger, V undeclared",
    }
    assert all(bool(one.reason) == (one.scope != Scope.INSIDE) for one in STRATEGIES)


def test_the_page_has_the_exact_figures_of_the_code() -> None:
    page = (ROOT / "docs" / "soundness.md").read_text()
    text = report.exact_text(exact.survey(report.EXACT_SETS), sweeps.limits(), sweeps.niches())
    assert report.replaced(page, report.EXACT, text) == page


def test_the_page_has_every_strategy_in_the_table_of_its_scope_and_keeps_the_promise() -> None:
    page = (ROOT / "docs" / "soundness.md").read_text()
    for scope in Scope:
        table = page.split(f"### {scope.value.capitalize()}\n")[1].split("\n### ")[0].split("<!--")[0]
        rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| ")][1:]
        assert [row[0].removeprefix("| ") for row in rows] == [one.name for one in STRATEGIES if one.scope == scope]
        if scope == Scope.INSIDE:
            assert {row[5] for row in rows} == {"honesty is better"}
        if scope == Scope.HONEST:
            assert all(float(row[5]) <= float(row[6]) for row in rows), "others lose by it"

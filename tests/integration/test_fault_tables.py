"""Every claim of disputes.md §7, every fault of sampling.md §9 and every end of a dispute costs whom it should, to the
uostr. `python -m benchmarks.faults --tables claims,faults,endings` prints the same cases as tables."""

from functools import partial
from pathlib import Path

import pytest

from inference.models.convert import convert
from tests.support.case_table import Case, Models, run_case
from tests.support.claim_cases import by_receipt, claim_cases, missing_alone, nothing_shown
from tests.support.duty_cases import duty_cases
from tests.support.endings import SHAPE, ending_cases
from tests.support.penalty_cases import game_penalty_cases, lost_list, lost_mismatch_of_false
from tests.support.tiny_model import TinyShape, write_tiny_model
from tests.support.withheld_cases import false_box

VARIANTS = (by_receipt, false_box)
"""Of these one each: test_dispute_receipts.py and test_dispute_witness.py have them all."""

SHARED = (missing_alone, nothing_shown, lost_list, lost_mismatch_of_false)
"""Rows of two tables."""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    work = tmp_path_factory.mktemp("model")
    found = {}
    for name, shape in (("game", TinyShape(layers=6)), ("ends", SHAPE)):
        manifest = convert(write_tiny_model(work / name / "source", shape), work / name / "models")
        found[name] = work / name / "models" / manifest.model_root.hex()
    return found


def _chosen() -> list[Case]:
    seen: set[object] = set()
    chosen = []
    for case in claim_cases() + game_penalty_cases() + duty_cases() + ending_cases():
        kind = case.play.func if isinstance(case.play, partial) else case.play
        if kind not in (*VARIANTS, *SHARED) or kind not in seen:
            chosen.append(case)
        seen.add(kind)
    return chosen


@pytest.mark.parametrize("case", _chosen(), ids=lambda case: f"{case.name} - {case.claimed}")
def test_a_fault_costs_exactly_whoever_committed_it(tmp_path: Path, models: Models, case: Case) -> None:
    row = run_case(case, tmp_path, models)
    assert row.is_good, row.detail
    assert row.paid == row.expected
    assert row.honest_slashed == 0

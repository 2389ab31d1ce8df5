"""When a worker demands withheld input and answers demands, decided from plain values."""

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from chain.modules.disputes.types import Demand, DemandStatus, DueDemand, WitnessPart
from chain.modules.jobs.types import JobStatus
from chain.modules.sampling.types import CheckPhase, DutyKind, UnitCheck
from chain.parameters import LOCALNET
from inference.actions import HOT, ReadWitness, SendWitness
from inference.plan import plan
from inference.view import RunView, StepKind, UnitKey, WitnessStep, WorkerView
from inference.witness_plan import ASKING_BLOCKS, MARGIN_BLOCKS, MAX_BYTES, read_witness, send_witness, suppliers
from tests.unit.inference.plan.test_plan import ME, OTHER, duty, view

KEY = UnitKey(7, 0, 1)
END = 200
LAST = END - 12 - 8
"""W_c = 32 and an answer takes at most 12 blocks."""


def drawn(height: int, **changes: Any) -> WorkerView:
    """A worker drawn for a unit whose commit window ends at `END`."""
    check = UnitCheck(7, 0, 1, b"u" * 32, 3, 2, b"\x01", 1, CheckPhase.COMMIT, END, 0, 0, True)
    work = duty(DutyKind.DRAW, job_id=7, stage=1, deadline=END)
    work = replace(work, check=check)
    plain = view(height=height, duties=(work,), drawn=frozenset({KEY}))
    plain = replace(plain, game=LOCALNET.disputes, windows=LOCALNET.sampling)
    return replace(plain, **changes)


def demand(**changes: Any) -> DueDemand:
    made = Demand(
        3, 7, 0, 1, OTHER, b"k" * 32, 100, 150, 162, DemandStatus.OWED, False, 20, (b"", b""), (0, 0), (ME, OTHER)
    )
    work = duty(DutyKind.DRAW, job_id=7, stage=1, deadline=END)
    assert work.job is not None
    return DueDemand(replace(made, **changes), replace(work.job, prompt_tokens=4, output_tokens=2, num_stages=2))


def test_a_worker_demands_what_nobody_gave_it_at_once() -> None:
    starved = drawn(150, starved=frozenset({KEY}))
    assert send_witness(starved) == SendWitness((WitnessStep(StepKind.DEMAND, LAST, KEY, 512),))
    assert isinstance(plan(starved), SendWitness)


def test_a_worker_waits_for_an_input_as_long_as_a_demand_is_of_use() -> None:
    long_ago = MappingProxyType({KEY: 150})
    assert send_witness(drawn(LAST - MARGIN_BLOCKS - 1, asked=long_ago)) is None
    waiting = drawn(LAST - MARGIN_BLOCKS, asked=long_ago)
    assert send_witness(waiting) is not None
    assert send_witness(replace(waiting, fed=frozenset({KEY}))) is None
    assert send_witness(replace(waiting, checked=frozenset({KEY}))) is None
    assert send_witness(replace(waiting, witnesses=frozenset({(7, 0)}))) is None
    assert send_witness(replace(waiting, drawn=frozenset())) is None
    assert send_witness(replace(waiting, game=None)) is None
    assert send_witness(replace(waiting, busy=frozenset({HOT}))) is None
    assert send_witness(drawn(LAST, starved=frozenset({KEY}))) is None


def test_a_worker_that_was_just_started_asks_before_it_demands() -> None:
    late = LAST - MARGIN_BLOCKS
    assert send_witness(drawn(late)) is None, "it has asked nobody"
    asked = MappingProxyType({KEY: late})
    assert send_witness(drawn(late + ASKING_BLOCKS - 1, asked=asked)) is None
    assert send_witness(drawn(late + ASKING_BLOCKS, asked=asked)) is not None
    assert send_witness(drawn(LAST - 1)) is not None, "a demand is taken no later"


def test_nobody_owes_anything_of_an_attempt_that_is_over() -> None:
    due = demand()
    assert suppliers(due) == {WitnessPart.PROMPT: UnitKey(7, 0, 0), WitnessPart.OUTPUT: UnitKey(7, 0, 1)}
    # Its job waits for the next plan, and has no stages until it is drawn.
    assert suppliers(DueDemand(due.demand, replace(due.job, attempt=1, num_stages=0))) == {}


def test_a_job_is_demanded_once() -> None:
    own = demand(demander=ME, suppliers=(OTHER, OTHER))
    assert send_witness(drawn(150, starved=frozenset({KEY}), demands=(own,))) is None


@pytest.mark.parametrize(
    ("changes", "is_sent"),
    [
        ({}, True),
        ({"deadline": 150}, False),
        ({"status": DemandStatus.LATE}, False),
        ({"digests": (b"d" * 32, b"")}, False),
        ({"suppliers": (OTHER, OTHER)}, False),
    ],
)
def test_a_worker_answers_what_it_owes_while_that_counts(changes: dict[str, Any], is_sent: bool) -> None:
    due = demand(**changes)
    runs = MappingProxyType({UnitKey(7, 0, 0): RunView(is_ended=True, is_live=False, is_delivered=True)})
    found = send_witness(view(height=150, demands=(due,), runs=runs))
    size = 48 + 32 + 4 * 4 + 512
    step = WitnessStep(StepKind.SUPPLY, 162, UnitKey(7, 0, 0), size, 3, WitnessPart.PROMPT, b"k" * 32)
    assert found == (SendWitness((step,)) if is_sent else None)
    assert send_witness(view(height=150, demands=(due,))) is None, "it does not hold the unit"


def test_boxes_are_read_and_a_false_one_is_shown() -> None:
    own = demand(demander=ME, suppliers=(OTHER, OTHER), status=DemandStatus.SUPPLIED, digests=(b"a" * 32, b"b" * 32))
    plain = view(height=150, demands=(own,))
    assert read_witness(plain) == ReadWitness(own, KEY)
    assert read_witness(replace(plain, witnesses=frozenset({(7, 0)}))) is None
    shown = replace(plain, false_boxes=frozenset({(3, WitnessPart.OUTPUT)}))
    assert read_witness(shown) is None
    for over in (replace(own.job, status=JobStatus.FINAL), replace(own.job, attempt=1)):
        assert read_witness(replace(plain, demands=(DueDemand(own.demand, over),))) is None, "its secret is forgotten"
    size = 48 + 32 + 4 * 2 + 512
    assert send_witness(shown) == SendWitness((WitnessStep(StepKind.REFUTE, 170, KEY, size, 3, WitnessPart.OUTPUT),))


def test_a_transaction_takes_as_many_boxes_as_it_may_hold() -> None:
    runs = MappingProxyType({UnitKey(7, 0, 0): RunView(is_ended=True, is_live=False, is_delivered=True)})
    many = [demand(demand_id=number) for number in range(1, 6)]
    many = [DueDemand(one.demand, replace(one.job, prompt_tokens=8_192)) for one in many]
    found = send_witness(view(height=150, demands=tuple(many), runs=runs))
    assert found is not None
    assert len(found.steps) == 3
    assert sum(step.size for step in found.steps) <= MAX_BYTES

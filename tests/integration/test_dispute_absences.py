"""Results that do not come: what was signed stands in their place, and who had everything pays for being silent."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chain.errors import Code
from chain.modules.disputes import evidence
from chain.modules.disputes.state import SHOWN, SHOWN_UNTIL
from chain.modules.disputes.types import DisputeKind, DisputeStatus
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import CloseReason, JobStatus, UnitStatus
from chain.modules.sampling import penalties
from chain.modules.sampling.types import CheckPhase, Penalty, PenaltyReason
from chain.modules.workers import keeper as workers
from chain.modules.workers.types import WorkerStatus
from tests.support.claims_network import TREASURY, ClaimsNetwork, claims_network
from tests.support.network import BOND, PROMPT_TOKENS, REQUESTER, SERVERS, TOKENS, short
from tests.support.receipt_claims import OTHER, check_alone, late_job, showing


@pytest.fixture
def net(tmp_path: Path) -> Iterator[ClaimsNetwork]:
    with claims_network(tmp_path) as network:
        yield network


def code(net: ClaimsNetwork, message: object) -> Code:
    return Code(net.chain.send(REQUESTER, message, gas=400_000, fee=1_000).code)


@pytest.mark.parametrize("stage", [0, 1, 2])
def test_what_a_stage_signed_stands_in_for_its_result(net: ClaimsNetwork, stage: int) -> None:
    job, units = late_job(net, stage)
    unit, before = units[stage], units[stage - 1]
    assert code(net, showing(net, unit, is_confirmed=False)) == Code.OK
    assert net.job(job.job_id).status == JobStatus.RUNNING  # what it has received is not known yet
    assert code(net, showing(net, before, is_confirmed=True)) == Code.OK
    asserted, made = net.job(job.job_id), net.units(job.job_id)[stage]
    assert asserted.status == JobStatus.ASSERTED
    assert (made.status, made.tokens, made.in_root, made.out_root, made.seal) == (
        UnitStatus.SUBMITTED,
        TOKENS,
        net.in_root(unit),
        net.out_root(unit),
        b"",
    )
    assert made.is_cancelled == (stage == 2)
    assert net.chain.send(SERVERS[stage].hot, net.result(unit)).code == Code.ALREADY_SUBMITTED
    net.chain.run_until(job.expiry_height)
    assert (list(SHOWN.items(net.store)), list(SHOWN_UNTIL.keys(net.store))) == ([], [])
    assert net.job(job.job_id).close_reason == CloseReason.SETTLED
    net.chain.check_invariants()


def test_a_whole_job_is_asserted_by_three_receipts(net: ClaimsNetwork) -> None:
    job, units = late_job(net, 0, 1, 2)
    for unit in units:
        assert code(net, showing(net, unit, is_confirmed=True)) == Code.OK
    assert net.job(job.job_id).status == JobStatus.ASSERTED
    assert net.job(job.job_id).tokens_root == net.out_root(units[2])
    net.chain.check_invariants()


def test_a_false_answer_that_was_signed_and_never_asserted_costs_s(net: ClaimsNetwork) -> None:
    job, units = late_job(net, 2)
    assert code(net, showing(net, units[2], is_confirmed=True)) == Code.OK
    assert code(net, showing(net, units[1], is_confirmed=True)) == Code.OK
    before = net.standing()
    check_alone(net, job, units[2], out_root=OTHER)
    (found,) = net.disputes_of(job)
    assert (found.kind, found.status, found.asserter) == (DisputeKind.TRACE, DisputeStatus.OPEN, SERVERS[2].address)
    net.run_to_attempt(job, 1)  # nobody reveals in its place, and its clock runs out
    net.assert_only_slashed(before, SERVERS[2], units[2].terms.bond)


def test_a_right_answer_without_a_seal_is_asked_for_its_sections(net: ClaimsNetwork) -> None:
    job, units = late_job(net, 1)
    assert code(net, showing(net, units[1], is_confirmed=True)) == Code.OK
    assert code(net, showing(net, units[0], is_confirmed=True)) == Code.OK
    before = net.standing()
    check_alone(net, job, units[1])
    assert net.chain.send(SERVERS[1].hot, net.open_message(units[1])).code == Code.SEAL_MISMATCH
    while net.check_of(units[1]).phase == CheckPhase.OPEN:
        net.run_to_phase_end(units[1])
    (found,) = net.disputes_of(job)
    assert (found.kind, found.asserter) == (DisputeKind.SILENCE, SERVERS[1].address)
    net.run_to_attempt(job, 1)
    assert [one.status for one in net.disputes_of(job)] == [DisputeStatus.REFUTED]
    net.assert_only_slashed(before, SERVERS[1], units[1].terms.bond)


def test_who_had_everything_and_sends_no_result_pays_the_others_work(net: ClaimsNetwork) -> None:
    job, units = late_job(net, 1)
    held = net.chain.balance(REQUESTER)
    assert code(net, showing(net, units[0], is_confirmed=True)) == Code.OK
    before = net.standing()
    net.chain.run_until(job.expiry_height)
    closed = net.job(job.job_id)
    assert (closed.status, closed.close_reason, closed.close_detail) == (JobStatus.CLOSED, CloseReason.EXPIRED, 1)
    assert net.chain.balance(REQUESTER) == held - 1_000 + job.escrow
    amount = min(units[1].terms.bond // 4, 200)  # F_job: two million of gas at a ten-thousandth
    after = net.assert_only_slashed(before, SERVERS[1], amount)
    positions = PROMPT_TOKENS + TOKENS - 1
    done = [positions * 200_000, positions * 200_000 + TOKENS * 800_000]
    shares = [amount * one // sum(done) for one in done]
    gains = [after.free[SERVERS[at].name] - before.free[SERVERS[at].name] for at in (0, 2)]
    assert gains == shares
    assert after.treasury - before.treasury == amount - sum(shares)
    parts = [(SERVERS[0].address, shares[0]), (SERVERS[2].address, shares[1]), (TREASURY, amount - sum(shares))]
    reason, height = PenaltyReason.MISSING_RESULT, job.expiry_height
    assert list(penalties.of_job(net.store, job.job_id)) == [
        Penalty(number, SERVERS[1].address, to, part, reason, height, job.job_id, 0, 1)
        for number, (to, part) in enumerate([one for one in parts if one[1]], 1)
    ]
    # Being away is no fault: whatever is known of the worker stays, and its bond alone says what it may take on.
    assert (net.worker(SERVERS[1]).fault_height, net.worker(SERVERS[1]).status) == (0, WorkerStatus.ACTIVE)
    assert (list(SHOWN.items(net.store)), list(SHOWN_UNTIL.keys(net.store))) == ([], [])


def test_what_an_epoch_may_not_take_for_a_missing_result_is_forgiven_and_shared_as_it_comes(tmp_path: Path) -> None:
    limit = 50
    brief = short(workers={"penalty_denominator": 5 * BOND // limit})
    with claims_network(tmp_path, parameters=brief) as net:
        job, units = late_job(net, 1)
        assert code(net, showing(net, units[0], is_confirmed=True)) == Code.OK
        before = net.standing()
        net.chain.run_until(job.expiry_height)
        after = net.assert_only_slashed(before, SERVERS[1], limit)
        assert limit < min(units[1].terms.bond // 4, 200)
        assert workers.budget(net.store).absence == limit
        gains = [after.free[SERVERS[at].name] - before.free[SERVERS[at].name] for at in (0, 2)]
        assert all(gains)
        assert sum(gains) + after.treasury - before.treasury == limit
        taken = list(penalties.of_job(net.store, job.job_id))
        assert sum(one.amount for one in taken) == limit
        assert net.chain.last is not None
        (missing,) = [event for event in net.chain.last.events if event.kind == "ResultMissing"]
        values = dict(missing.attributes)
        assert (int(values["amount"]), int(values["forgiven"])) == (limit, min(units[1].terms.bond // 4, 200) - limit)
        net.chain.check_invariants()


def test_where_an_epoch_may_take_nothing_a_missing_result_costs_nothing(tmp_path: Path) -> None:
    brief = short(workers={"penalty_denominator": 10 * BOND})  # so small a share that nothing may be taken
    with claims_network(tmp_path, parameters=brief) as net:
        job, units = late_job(net, 1)
        assert code(net, showing(net, units[0], is_confirmed=True)) == Code.OK
        before = net.standing()
        net.chain.run_until(job.expiry_height)
        assert net.job(job.job_id).close_reason == CloseReason.EXPIRED
        assert net.standing().bonds == before.bonds
        assert list(penalties.of_job(net.store, job.job_id)) == []
        net.chain.check_invariants()


def test_who_is_not_shown_to_have_had_everything_pays_nothing(net: ClaimsNetwork) -> None:
    job, units = late_job(net, 1)
    # Its own receipt says what it sent, not what it had; and nobody confirmed this one.
    assert code(net, showing(net, units[0], is_confirmed=False)) == Code.NOTHING_SHOWN
    assert code(net, showing(net, units[1], is_confirmed=False)) == Code.OK
    before = net.standing()
    net.chain.run_until(job.expiry_height)
    assert net.job(job.job_id).close_reason == CloseReason.EXPIRED
    assert net.standing() == before
    net.chain.check_invariants()


def test_a_result_that_comes_in_time_after_all_costs_nothing(net: ClaimsNetwork) -> None:
    job, units = late_job(net, 1)
    assert code(net, showing(net, units[0], is_confirmed=True)) == Code.OK
    net.ok(net.chain.send(SERVERS[1].hot, net.result(units[1])))
    before = net.standing()
    net.chain.run_until(job.expiry_height)
    assert net.standing().bonds == before.bonds
    assert net.units(job.job_id)[1].seal
    net.chain.check_invariants()


def test_two_final_receipts_over_different_rows_convict_whoever_signed_both(net: ClaimsNetwork) -> None:
    job, units = late_job(net, 1)
    for message in (showing(net, units[1], is_confirmed=True), showing(net, units[0], is_confirmed=True)):
        code(net, message)
    assert net.job(job.job_id).status == JobStatus.ASSERTED
    assert code(net, showing(net, units[1], is_confirmed=True, root=OTHER)) == Code.CLAIM_LATE
    before = net.standing()
    assert code(net, net.claim(units[1], net.signed(units[1], root=OTHER))) == Code.OK
    net.run_to_attempt(job, 1)
    net.assert_only_slashed(before, SERVERS[1], units[1].terms.bond)


def test_what_a_receipt_says_must_agree_with_the_results_that_came(net: ClaimsNetwork) -> None:
    job, units = late_job(net, 1)
    shorter = PROMPT_TOKENS + TOKENS - 2
    assert code(net, showing(net, units[1], is_confirmed=False, count=shorter)) == Code.OK
    assert code(net, showing(net, units[0], is_confirmed=True, count=shorter)) == Code.OK
    assert net.job(job.job_id).status == JobStatus.RUNNING
    # What was shown first stands: a worker that signs twice is not asserted by the second.
    assert code(net, showing(net, units[1], is_confirmed=False)) == Code.NOTHING_SHOWN
    net.chain.check_invariants()


def test_a_stage_that_was_fed_other_tokens_than_were_committed_to_is_not_asserted(net: ClaimsNetwork) -> None:
    job, units = late_job(net, 0)
    assert code(net, showing(net, units[0], is_confirmed=False)) == Code.OK
    assert code(net, showing(net, units[2], is_confirmed=True, root=OTHER)) == Code.OK
    assert net.job(job.job_id).status == JobStatus.RUNNING
    assert net.units(job.job_id)[0].status == UnitStatus.PENDING
    net.chain.check_invariants()


def test_receipts_that_show_nothing_are_refused(net: ClaimsNetwork) -> None:
    job = net.planned_job()
    units = net.units(job.job_id)
    good = showing(net, units[0], is_confirmed=True)
    assert code(net, good) == Code.CLAIM_EARLY
    assert code(net, replace(good, job_id=99)) == Code.UNKNOWN_JOB
    assert code(net, replace(good, attempt=1)) == Code.CLAIM_LATE
    net.chain.run_until(evidence.shown_from(jobs.params(net.store), job) - 1)
    longest = PROMPT_TOKENS + 6 - 1
    for message in (
        showing(net, units[0], is_confirmed=True, is_final=False),
        showing(net, units[0], is_confirmed=True, count=PROMPT_TOKENS - 1),
        showing(net, units[0], is_confirmed=True, count=longest + 1),
        showing(net, units[2], is_confirmed=True, count=7),
        showing(net, units[0], is_confirmed=True, count=0),
        showing(net, units[0], is_confirmed=True, revision=1),
        showing(net, units[0], is_confirmed=True, root=OTHER[:30]),
        showing(net, units[0], is_confirmed=True, unit=net.unit_id(units[1])),
        replace(good, stage=1),
        replace(good, receipt=replace(good.receipt, signature=bytes(64))),
        replace(good, countersignature=bytes(64)),
        replace(good, countersignature=bytes(10_000)),
        replace(good, countersignature=good.receipt.signature),
    ):
        assert code(net, message) == Code.EVIDENCE_INVALID, message
    assert code(net, replace(good, stage=3)) == Code.UNKNOWN_JOB
    assert list(SHOWN.items(net.store)) == []
    assert code(net, good) == Code.OK
    assert code(net, good) == Code.NOTHING_SHOWN
    net.chain.run_until(job.expiry_height)
    assert code(net, good) == Code.CLAIM_LATE
    net.chain.check_invariants()

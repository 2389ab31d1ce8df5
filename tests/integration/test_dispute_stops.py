"""Where an answer ends: with its first stop id, at its limit, or where the requester signed that it should."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chain.crypto.hashing import u32
from chain.errors import Code
from chain.modules.disputes.types import DisputeKind, DisputeStatus, MsgClaimReceipt, MsgClaimStop
from chain.modules.jobs.types import JobStatus, MsgSubmitResult, Unit
from tests.support.claims_network import ClaimsNetwork, claims_network
from tests.support.network import MAX_TOKENS, REQUESTER, SERVERS, digest
from tests.support.receipt_claims import ENDS_EARLY, GOES_ON, STOP, signed_cancel, stop_claim, submit_answer

FULL = (11, 12, 13, 14, 15, 16)
"""As long as the limit."""


@pytest.fixture
def net(tmp_path: Path) -> Iterator[ClaimsNetwork]:
    with claims_network(tmp_path) as network:
        yield network


def code(net: ClaimsNetwork, message: MsgClaimStop | MsgClaimReceipt) -> Code:
    return Code(net.chain.send(REQUESTER, message, gas=2_000_000, fee=1_000).code)


@pytest.mark.parametrize(("answer", "index"), [(ENDS_EARLY, 4), (GOES_ON, 1), (FULL[:1], 0), ((*FULL[:5], STOP), -1)])
def test_an_answer_that_ends_where_it_may_not_costs_the_last_stage_s(
    net: ClaimsNetwork, answer: tuple[int, ...], index: int
) -> None:
    job, units = submit_answer(net, answer)
    before = net.standing()
    if index < 0:  # ends at a stop id that is also the limit: nothing is wrong
        assert [code(net, stop_claim(net, job, at)) for at in range(len(answer))] == [Code.NO_CONTRADICTION] * 6
        assert net.standing().bonds == before.bonds
        return
    others = [at for at in range(len(answer)) if at != index]
    assert {code(net, stop_claim(net, job, at)) for at in others} <= {Code.NO_CONTRADICTION}
    assert code(net, stop_claim(net, job, index)) == Code.OK
    net.run_to_attempt(job, 1)
    (ended,) = net.disputes_of(job)
    bond = units[2].terms.bond
    assert (ended.kind, ended.status, ended.stage, ended.asserter, ended.slashed) == (
        DisputeKind.STOP,
        DisputeStatus.REFUTED,
        2,
        SERVERS[2].address,
        bond,
    )
    net.assert_only_slashed(before, SERVERS[2], bond)
    assert (net.job(job.job_id).status, net.job(job.job_id).attempt) == (JobStatus.WAITING, 1)
    assert code(net, stop_claim(net, job, index)) == Code.CLAIM_LATE


def test_the_requesters_cancel_defends_an_early_end_but_not_what_goes_on_after_a_stop_id(net: ClaimsNetwork) -> None:
    job, units = submit_answer(net, ENDS_EARLY, b"valid")
    assert units[2].is_cancelled
    assert code(net, stop_claim(net, job, 4)) == Code.NO_CONTRADICTION
    # What was streamed before the cancel came may count more.
    frame = net.signed(units[2], count=6, root=digest("longer"), is_final=False)
    assert code(net, net.claim(units[2], frame)) == Code.NO_CONTRADICTION
    net.chain.check_invariants()


def test_a_cancelled_answer_that_passes_a_stop_id_is_convicted(net: ClaimsNetwork) -> None:
    job, units = submit_answer(net, GOES_ON, b"valid")
    before = net.standing()
    assert code(net, stop_claim(net, job, 1)) == Code.OK
    net.assert_only_slashed(before, SERVERS[2], units[2].terms.bond)


def test_an_answer_of_the_limit_needs_no_stop_id(net: ClaimsNetwork) -> None:
    assert len(FULL) == MAX_TOKENS
    job, _ = submit_answer(net, FULL)
    assert [code(net, stop_claim(net, job, at)) for at in range(6)] == [Code.NO_CONTRADICTION] * 6
    assert net.disputes_of(job) == []


def test_an_opening_of_anything_else_is_refused(net: ClaimsNetwork) -> None:
    job, _ = submit_answer(net, ENDS_EARLY)
    before, good = net.standing(), stop_claim(net, job, 4)
    for changes in (
        {"index": 3},
        {"index": 5},
        {"index": 1 << 32 | 4},
        {"leaf": good.leaf[:-1]},
        {"leaf": good.leaf[:20] + u32(STOP)},
        {"leaf": bytes(24)},
        {"leaf": b""},
        {"leaf": bytes(60_000)},
        {"siblings": good.siblings[32:]},
        {"siblings": good.siblings + bytes(32)},
        {"siblings": good.siblings[:-1]},
        {"siblings": bytes(32 * 121)},
    ):
        assert code(net, replace(good, **changes)) == Code.EVIDENCE_INVALID, changes
    assert code(net, replace(good, job_id=99)) == Code.UNKNOWN_JOB
    assert code(net, replace(good, attempt=1)) == Code.CLAIM_LATE
    assert net.standing().bonds == before.bonds
    assert net.disputes_of(job) == []
    net.chain.check_invariants()


def test_before_the_last_stages_result_there_is_no_answer_to_claim_against(net: ClaimsNetwork) -> None:
    job = net.planned_job()
    assert code(net, stop_claim(net, job, 0)) == Code.CLAIM_EARLY
    waiting = net.request()
    net.ok(net.chain.send(REQUESTER, waiting))
    assert code(net, replace(stop_claim(net, job, 0), job_id=job.job_id + 1)) == Code.CLAIM_LATE


def test_a_result_with_a_cancel_that_is_none_is_refused(net: ClaimsNetwork) -> None:
    net.answer = ENDS_EARLY
    job = net.planned_job()
    units = net.units(job.job_id)

    def sent(unit: Unit, cancel: bytes) -> Code:
        message: MsgSubmitResult = replace(net.result(unit, 5), cancel=cancel)
        return Code(net.chain.send(SERVERS[unit.stage].hot, message).code)

    for cancel in (
        signed_cancel(job, 4),
        signed_cancel(job, 5, attempt=1),
        signed_cancel(job, 5, key="another"),
        bytes(64),
        bytes(1),
        bytes(10_000),
    ):
        assert sent(units[2], cancel) == Code.CANCEL_INVALID
    assert sent(units[0], signed_cancel(job, 5)) == Code.CANCEL_INVALID
    assert sent(units[2], signed_cancel(job, 5)) == Code.OK
    assert net.units(job.job_id)[2].is_cancelled

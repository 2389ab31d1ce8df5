"""A model that breaks a bound is frozen by one opened row; its jobs are refunded and nobody is slashed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chain.errors import Code
from chain.modules.disputes import refunds
from chain.modules.disputes.state import REFUNDS
from chain.modules.disputes.types import DisputeStatus, MsgClaimBounds, Opening
from chain.modules.jobs.types import CloseReason, JobStatus
from chain.modules.models import keeper as models
from chain.modules.sampling.types import CheckPhase
from tests.support.claims_network import ClaimsNetwork, claims_network
from tests.support.network import CHECKERS, REQUESTER, SERVERS, digest
from tests.support.receipt_claims import BAD, GOOD, MODEL, ROWS, TENSORS, bounds_claim


@pytest.fixture
def net(tmp_path: Path) -> Iterator[ClaimsNetwork]:
    with claims_network(tmp_path, model=MODEL, tensors=TENSORS) as network:
        yield network


def code(net: ClaimsNetwork, message: MsgClaimBounds) -> Code:
    return Code(net.chain.send(REQUESTER, message, gas=1_000_000, fee=1_000).code)


def test_jobs_in_every_state_are_refunded_and_nobody_is_slashed(net: ClaimsNetwork) -> None:
    disputed = net.drawn_job()
    unit = net.units(disputed.job_id)[2]
    other = digest("another output")
    net.ok(net.chain.send(CHECKERS[0].hot, net.commit_message(CHECKERS[0], unit, out_root=other)))
    while net.check_of(unit).phase != CheckPhase.REVEAL:
        net.run_to_phase_end(unit)
    net.ok(net.chain.send(CHECKERS[0].hot, net.reveal_message(CHECKERS[0], unit, out_root=other)))
    assert [one.status for one in net.disputes_of(disputed)] == [DisputeStatus.OPEN]
    checking, asserted, running = net.drawn_job(), net.asserted_job(), net.planned_job()
    net.ok(net.chain.send(REQUESTER, net.request()))
    waiting = net.job(running.job_id + 1)
    before, held = net.standing(), net.chain.balance(REQUESTER)
    escrow = sum(one.escrow for one in (disputed, checking, asserted, running, waiting))
    assert code(net, bounds_claim(net, BAD)) == Code.OK
    assert models.model(net.store, net.root).is_frozen
    net.chain.run_until(net.chain.height + 2)
    for job in (disputed, checking, asserted, running, waiting):
        closed = net.job(job.job_id)
        assert (closed.status, closed.close_reason) == (JobStatus.CLOSED, CloseReason.VOID)
    assert [one.status for one in net.disputes_of(disputed)] == [DisputeStatus.VOID]
    assert net.chain.balance(REQUESTER) == held - 1_000 + escrow
    assert net.standing().bonds == before.bonds
    assert [net.worker(who).reserved for who in (*SERVERS, *CHECKERS)] == [0] * 5
    assert net.chain.send(REQUESTER, net.request()).code == Code.MODEL_FROZEN
    assert code(net, bounds_claim(net, BAD)) == Code.CLAIM_LATE
    assert next(REFUNDS.items(net.store), None) is None
    net.chain.check_invariants()


def test_a_settled_job_stays_settled(net: ClaimsNetwork) -> None:
    job = net.drawn_job()
    net.run_to_phase_end(net.units(job.job_id)[0])
    settled = net.job(job.job_id)
    assert settled.status == JobStatus.FINAL
    assert code(net, bounds_claim(net, BAD)) == Code.OK
    net.chain.run_block()
    assert net.job(job.job_id) == settled


def test_refunds_go_on_over_blocks(net: ClaimsNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refunds, "JOBS_PER_BLOCK", 2)
    jobs = [net.planned_job() for _ in range(5)]
    assert code(net, bounds_claim(net, BAD)) == Code.OK
    for left in (3, 1, 0):
        assert sum(net.job(job.job_id).status == JobStatus.RUNNING for job in jobs) == left
        net.chain.check_invariants()
        net.chain.run_block()
    assert next(REFUNDS.items(net.store), None) is None


def test_rows_that_keep_their_bounds_and_openings_of_nothing_are_refused(net: ClaimsNetwork) -> None:
    job, good = net.planned_job(), bounds_claim(net, BAD)
    assert code(net, bounds_claim(net, GOOD)) == Code.NO_CONTRADICTION
    assert code(net, replace(good, model_root=bytes(32))) == Code.UNKNOWN_MODEL
    assert code(net, replace(good, model_root=b"")) == Code.UNKNOWN_MODEL
    for changes in (
        {"tensor": GOOD},
        {"tensor": 0},
        {"tensor": 1 << 60},
        {"row": 1},
        {"opening": Opening((), b"")},
        {"opening": replace(good.opening, bodies=(ROWS[GOOD],))},
        {"opening": replace(good.opening, bodies=(bytes(25_000),))},
        {"opening": replace(good.opening, siblings=good.opening.siblings[32:])},
        {"opening": replace(good.opening, siblings=good.opening.siblings[:-1])},
    ):
        assert code(net, replace(good, **changes)) == Code.EVIDENCE_INVALID, changes
    assert not models.model(net.store, net.root).is_frozen
    assert net.job(job.job_id).status == JobStatus.RUNNING
    net.chain.check_invariants()

"""Claims by receipt: a signature that contradicts a commitment convicts, one that does not is refused by name."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chain.errors import Code
from chain.modules.disputes.types import (
    DisputeKind,
    DisputeStatus,
    MsgClaimReceipt,
    PaymentReason,
    Prefix,
    QueryPaymentsRequest,
    Role,
)
from chain.modules.jobs.types import Job, JobStatus, Unit
from chain.modules.rates.rules import ceil_div, loss
from chain.modules.sampling.types import CheckPhase
from tests.support.claims_network import ClaimsNetwork, claims_network
from tests.support.network import CHECKERS, REQUESTER, SERVERS, SPARE, TOKENS, digest
from tests.support.receipt_claims import CONTRADICTIONS, HEAD_COST, LAYER_COST, MODEL, OTHER, P


@pytest.fixture
def net(tmp_path: Path) -> Iterator[ClaimsNetwork]:
    with claims_network(tmp_path, model=MODEL) as network:
        yield network


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_a_signature_that_contradicts_a_commitment_costs_s_without_recomputation(net: ClaimsNetwork, name: str) -> None:
    guilty, make = CONTRADICTIONS[name]
    job = net.asserted_job(prompt_tokens=P)
    units, before, held = net.units(job.job_id), net.standing(), net.chain.balance(REQUESTER)
    message = make(net, units)
    net.ok(net.chain.send(REQUESTER, message, gas=400_000, fee=1_000))
    bond = units[guilty].terms.bond
    (ended,) = net.disputes_of(job)
    assert (ended.kind, ended.status, ended.stage, ended.asserter, ended.challenger, ended.slashed) == (
        DisputeKind.RECEIPT,
        DisputeStatus.REFUTED,
        guilty,
        SERVERS[guilty].address,
        REQUESTER.address,
        bond,
    )
    after = net.assert_only_slashed(before, SERVERS[guilty], bond)
    payments = net.chain.query(QueryPaymentsRequest(ended.dispute_id), "ostraka.disputes.v1.Query/Payments").payments
    paid = next(one.amount for one in payments if one.reason == PaymentReason.MOVES)
    assert 0 < paid < 1_000
    left = bond - loss(bond) - paid
    for at in {0, 1, 2} - {guilty}:
        terms = units[at].terms
        done = (P + TOKENS - 1) * 2 * LAYER_COST + (TOKENS * HEAD_COST if at == 2 else 0)
        earned = min(left, ceil_div(terms.price_numerator * done, terms.price_denominator))
        left -= earned
        assert after.free[SERVERS[at].name] - before.free[SERVERS[at].name] == earned
    # No checker had found it, so the bounty is the claimant's.
    bounty = min(left, bond // 8)
    assert net.chain.balance(REQUESTER) - held + 1_000 == paid + bounty
    assert after.treasury - before.treasury - 1_000 == loss(bond) + left - bounty
    again = net.job(job.job_id)
    assert (again.status, again.attempt, again.escrow) == (JobStatus.WAITING, 1, job.escrow)


def honest_claims(net: ClaimsNetwork, units: tuple[Unit, ...]) -> Iterator[MsgClaimReceipt]:
    for unit in units[:2]:
        rows = net.size(unit)
        for count in (1, 16, 17, 255, 256, 257, rows - 1):
            receipt = net.signed(unit, count=count, root=net.root_of(unit, count), is_final=False)
            yield net.claim(unit, receipt, net.prefix(unit, count))
        yield net.claim(unit, net.signed(unit))
        yield net.claim(unit, net.signed(unit, is_final=False))
        yield net.claim(unit, net.signed(unit, count=rows + 1, root=OTHER, is_final=False))
    for count in range(1, TOKENS):
        receipt = net.signed(units[2], count=count, root=net.root_of(units[2], count), is_final=False)
        yield net.claim(units[2], receipt, net.prefix(units[2], count))
    yield net.claim(units[2], net.signed(units[2]))
    for stage in (0, 1, 2):
        yield net.claim(units[stage], net.signed(units[stage - 1], SERVERS[stage]), role=Role.RECEIVER)
    # For what stage 0 was fed the last stage answers.
    yield net.claim(units[0], net.signed(units[2], SERVERS[0], root=OTHER), role=Role.RECEIVER)


def test_honest_receipts_never_contradict(net: ClaimsNetwork) -> None:
    job = net.asserted_job(prompt_tokens=P)
    before = net.standing()
    for message in honest_claims(net, net.units(job.job_id)):
        sent = net.chain.send(REQUESTER, message, gas=400_000, fee=1_000)
        assert Code(sent.code) == Code.NO_CONTRADICTION, (message, sent.log)
    assert net.standing().bonds == before.bonds
    assert (net.job(job.job_id).status, net.disputes_of(job)) == (JobStatus.ASSERTED, [])
    net.chain.check_invariants()


def invalid_claims(net: ClaimsNetwork, units: tuple[Unit, ...]) -> Iterator[MsgClaimReceipt]:
    unit, prefix = units[0], net.prefix(units[0], 33)
    running = net.signed(unit, count=33, root=OTHER, is_final=False)
    good = net.claim(unit, running, prefix)
    yield replace(good, prefix=None)
    yield replace(good, role=Role.UNSPECIFIED)
    yield replace(good, role=Role.RECEIVER)
    yield replace(good, stage=1)
    yield net.claim(unit, net.signed(unit, SERVERS[1], root=OTHER))
    yield net.claim(unit, net.signed(unit, root=OTHER, unit=net.unit_id(units[1])))
    yield net.claim(unit, net.signed(unit, root=OTHER, revision=unit.revision + 1))
    yield net.claim(unit, net.signed(unit, root=OTHER[:31]))
    yield net.claim(unit, net.signed(unit, root=OTHER, count=0))
    yield net.claim(unit, net.signed(unit, root=OTHER, signature=bytes(64)))
    yield net.claim(unit, net.signed(unit, root=OTHER, signature=b""))
    yield net.claim(unit, replace(running, is_final=True), prefix)
    yield net.claim(unit, net.signed(unit, root=OTHER), net.prefix(unit, net.size(unit)))
    yield net.claim(unit, net.signed(unit, count=net.size(unit) + 1, root=OTHER, is_final=False), prefix)
    for part in (
        replace(prefix, blind=digest("another blind")),
        replace(prefix, blind=b""),
        replace(prefix, item=digest("another row")),
        replace(prefix, item=prefix.item[:31]),
        replace(prefix, siblings=prefix.siblings[32:]),
        replace(prefix, siblings=prefix.siblings + bytes(32)),
        replace(prefix, siblings=prefix.siblings[:-1]),
        replace(prefix, siblings=bytes(len(prefix.siblings))),
        replace(prefix, siblings=bytes(32 * 121)),
        replace(prefix, siblings=bytes(64_000)),
        net.prefix(unit, 32),
        net.prefix(unit, 34),
        net.prefix(units[1], 33),
        Prefix(b"", b"", b""),
    ):
        yield replace(good, prefix=part)
    frame = net.signed(units[2], count=3, root=OTHER, is_final=False)
    yield net.claim(units[2], frame, replace(net.prefix(units[2], 3), blind=bytes(32)))
    # Nothing that stage 0 was fed can be opened against it.
    fed = net.signed(units[2], SERVERS[0], count=3, root=OTHER, is_final=False)
    yield net.claim(units[0], fed, net.prefix(units[2], 3), role=Role.RECEIVER)


def test_evidence_that_proves_nothing_is_refused_and_changes_nothing(net: ClaimsNetwork) -> None:
    job = net.asserted_job(prompt_tokens=P)
    before, units = net.standing(), net.units(job.job_id)
    for message in invalid_claims(net, units):
        sent = net.chain.send(REQUESTER, message, gas=1_000_000, fee=1_000)
        assert Code(sent.code) == Code.EVIDENCE_INVALID, (message, sent.log)
    assert net.standing().bonds == before.bonds
    assert (net.job(job.job_id).status, net.disputes_of(job)) == (JobStatus.ASSERTED, [])
    net.chain.check_invariants()


def claim_code(net: ClaimsNetwork, message: MsgClaimReceipt) -> Code:
    return Code(net.chain.send(REQUESTER, message, gas=400_000, fee=1_000).code)


def test_a_claim_has_its_time(net: ClaimsNetwork) -> None:
    job = net.planned_job(prompt_tokens=P)
    units = net.units(job.job_id)
    early = net.claim(units[0], net.signed(units[0], root=OTHER))
    assert claim_code(net, early) == Code.CLAIM_EARLY
    assert claim_code(net, replace(early, job_id=99)) == Code.UNKNOWN_JOB
    assert claim_code(net, replace(early, stage=7)) == Code.UNKNOWN_JOB
    assert claim_code(net, replace(early, attempt=1)) == Code.CLAIM_LATE
    net.ok(net.chain.send(SERVERS[0].hot, net.result(units[0])))
    # The other stages still run; the first is convicted already.
    assert claim_code(net, early) == Code.OK
    assert claim_code(net, early) == Code.CLAIM_LATE
    assert net.job(job.job_id).attempt == 1
    net.chain.check_invariants()


def test_a_settled_job_takes_no_claim(net: ClaimsNetwork) -> None:
    job = net.drawn_job(prompt_tokens=P)
    units = net.units(job.job_id)
    net.run_to_phase_end(units[0])
    assert net.job(job.job_id).status == JobStatus.FINAL
    before = net.standing()
    assert claim_code(net, net.claim(units[0], net.signed(units[0], root=OTHER))) == Code.CLAIM_LATE
    assert net.standing().bonds == before.bonds
    net.chain.check_invariants()


def test_a_conviction_during_the_checks_lets_them_end_and_costs_no_checker_anything(net: ClaimsNetwork) -> None:
    job = net.drawn_job(prompt_tokens=P)
    units, before = net.units(job.job_id), net.standing()
    net.commit_all(job)
    while net.check_of(units[1]).phase != CheckPhase.REVEAL:
        net.run_to_phase_end(units[1])
    assert claim_code(net, net.claim(units[1], net.signed(units[1], root=OTHER))) == Code.OK
    assert [one.status for one in net.disputes_of(job)] == [DisputeStatus.REFUTED]
    assert net.job(job.job_id).status == JobStatus.DISPUTED
    assert claim_code(net, net.claim(units[1], net.signed(units[1], root=OTHER))) == Code.CLAIM_LATE
    net.reveal_all(job)
    net.open_all(job)
    net.chain.run_until(net.chain.height + 2)
    net.assert_only_slashed(before, SERVERS[1], units[1].terms.bond)
    assert [net.worker(who).reserved for who in (*SERVERS, *CHECKERS)] == [0] * 5
    assert net.job(job.job_id).attempt == 1
    net.replan(SERVERS[1])
    assert [one.operator for one in net.units(job.job_id)] == [
        SERVERS[0].address,
        SPARE.address,
        SERVERS[2].address,
    ]


def test_two_stages_may_be_convicted_one_after_the_other_while_a_dispute_is_open(net: ClaimsNetwork) -> None:
    job: Job = net.drawn_job(prompt_tokens=P)
    units, before = net.units(job.job_id), net.standing()
    net.ok(net.chain.send(CHECKERS[0].hot, net.commit_message(CHECKERS[0], units[2], out_root=OTHER)))
    while net.check_of(units[2]).phase != CheckPhase.REVEAL:
        net.run_to_phase_end(units[2])
    net.ok(net.chain.send(CHECKERS[0].hot, net.reveal_message(CHECKERS[0], units[2], out_root=OTHER)))
    assert net.job(job.job_id).status == JobStatus.DISPUTED
    # Stages 0 and 1 had no checks: they are final, whatever they signed. The disputed one can still be convicted.
    assert claim_code(net, net.claim(units[0], net.signed(units[0], root=OTHER))) == Code.CLAIM_LATE
    assert claim_code(net, net.claim(units[2], net.signed(units[2], root=OTHER))) == Code.OK
    assert [one.status for one in net.disputes_of(job)] == [DisputeStatus.REFUTED] * 2
    net.assert_only_slashed(before, SERVERS[2], units[2].terms.bond)
    assert net.job(job.job_id).attempt == 1

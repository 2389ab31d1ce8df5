"""Hop conflicts: what a stage signed for the next one is held against what it committed to, without recomputation."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.modules.disputes.types import DisputeKind, DisputeStatus
from chain.modules.jobs.types import JobStatus
from chain.modules.rates.rules import ceil_div, loss
from tests.support.claims_network import ClaimsNetwork, claims_network
from tests.support.network import PROMPT_TOKENS, SERVERS, TOKENS
from tests.support.receipt_claims import OTHER, send_conflicting, send_two_conflicting

GAS_FEE = 100
"""Of one transaction of a test."""


@pytest.fixture
def net(tmp_path: Path) -> Iterator[ClaimsNetwork]:
    with claims_network(tmp_path) as network:
        yield network


@pytest.mark.parametrize("is_upstream_first", [True, False])
@pytest.mark.parametrize("stage", [0, 1])
def test_who_signed_other_rows_than_it_committed_to_loses_s_at_once(
    net: ClaimsNetwork, stage: int, is_upstream_first: bool
) -> None:
    job = net.planned_job()
    units, before = net.units(job.job_id), net.standing()
    send_conflicting(net, job, stage, is_upstream_first=is_upstream_first)
    bond = units[stage].terms.bond
    (ended,) = net.disputes_of(job)
    assert (ended.kind, ended.status, ended.stage, ended.asserter, ended.challenger, ended.slashed) == (
        DisputeKind.HOP,
        DisputeStatus.REFUTED,
        stage,
        SERVERS[stage].address,
        SERVERS[stage + 1].address,
        bond,
    )
    assert (ended.asserter_out_root, ended.challenger_out_root) == (net.out_root(units[stage]), OTHER)
    after = net.assert_only_slashed(before, SERVERS[stage], bond)
    # Of the quarter only the neighbour's work is owed; the other stage has no result, and nobody claimed anything.
    terms = units[stage + 1].terms
    positions = PROMPT_TOKENS + TOKENS - 1
    work = positions * 200_000 + (TOKENS * 800_000 if stage == 1 else 0)
    earned = ceil_div(terms.price_numerator * work, terms.price_denominator)
    name = SERVERS[stage + 1].name
    assert {who: after.free[who] - had for who, had in before.free.items() if after.free[who] > had} == {name: earned}
    assert after.treasury - before.treasury - 2 * GAS_FEE == bond - earned >= loss(bond)


def test_the_job_of_a_hop_conflict_runs_again_from_the_same_escrow(net: ClaimsNetwork) -> None:
    job = net.planned_job()
    send_conflicting(net, job, 0, is_upstream_first=True)
    again = net.job(job.job_id)
    assert (again.status, again.attempt, again.escrow) == (JobStatus.WAITING, 1, job.escrow)
    net.replan(SERVERS[0])
    assert net.job(job.job_id).status == JobStatus.RUNNING
    net.submit_all(net.job(job.job_id))
    assert net.job(job.job_id).status == JobStatus.ASSERTED
    net.chain.check_invariants()


def test_two_stages_that_both_sign_otherwise_both_lose_s(net: ClaimsNetwork) -> None:
    job = net.planned_job()
    units, before = net.units(job.job_id), net.standing()
    send_two_conflicting(net, job)
    assert [(one.stage, one.status) for one in net.disputes_of(job)] == [
        (0, DisputeStatus.REFUTED),
        (1, DisputeStatus.REFUTED),
    ]
    after = net.standing()
    for stage in (0, 1):
        assert after.bonds[SERVERS[stage].name] == before.bonds[SERVERS[stage].name] - units[stage].terms.bond
    assert after.bonds[SERVERS[2].name] == before.bonds[SERVERS[2].name]
    assert net.job(job.job_id).attempt == 1
    net.chain.check_invariants()

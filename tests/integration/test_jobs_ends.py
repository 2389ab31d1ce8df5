"""The ways in which a job ends otherwise than checked and settled."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chain.crypto.keys import module_address
from chain.modules.disputes import keeper as disputes
from chain.modules.disputes.types import DisputeKind, DisputeStatus
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import CloseReason, JobStatus, UnitStatus
from chain.modules.sampling import keeper as sampling
from chain.modules.sampling.types import CheckOutcome, CheckPhase, DutyKind
from chain.modules.workers.types import MsgBond, MsgUnbond, MsgUpdateWorker
from chain.parameters import LOCALNET
from tests.support.network import BOND, CHECKERS, REQUESTER, SERVERS, Network, digest, new_network, short, without_game

GAS_FEE = 100
ESCROW = module_address("escrow")
TREASURY = module_address("treasury")


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    with new_network(tmp_path) as network:
        yield network
        network.chain.check_invariants()
        assert [network.worker(who).reserved for who in SERVERS] == [0] * 3


@pytest.fixture
def frozen(tmp_path: Path) -> Iterator[Network]:
    """Without the game: what is in dispute is frozen, and nobody can decide it."""
    with new_network(tmp_path, change=without_game) as network:
        yield network
        network.chain.check_invariants()
        assert [network.worker(who).reserved for who in SERVERS] == [0] * 3


def test_a_job_without_commits_is_final_at_the_end_of_the_commit_window(net: Network) -> None:
    job = net.drawn_job()
    unit = net.units(job.job_id)[0]
    net.chain.run_until(net.check_of(unit).phase_end - 1)
    assert net.job(job.job_id).status == JobStatus.ASSERTED
    net.chain.run_block()
    assert net.job(job.job_id).close_reason == CloseReason.SETTLED
    assert net.check_of(unit).phase == CheckPhase.DONE


def test_an_expired_job_refunds_the_whole_escrow_and_names_the_missing_stage(net: Network) -> None:
    before = net.chain.balance(REQUESTER)
    job = net.planned_job()
    unit = net.units(job.job_id)[0]
    net.ok(net.chain.send(SERVERS[0].hot, net.result(unit)))
    net.chain.run_until(job.expiry_height - 1)
    assert net.job(job.job_id).status == JobStatus.RUNNING
    net.chain.run_block()
    closed = net.job(job.job_id)
    assert (closed.status, closed.close_reason, closed.close_detail) == (JobStatus.CLOSED, CloseReason.EXPIRED, 1)
    assert net.chain.balance(REQUESTER) == before - GAS_FEE


def test_a_job_whose_plans_die_closes_without_plan_at_expiry(net: Network) -> None:
    before = net.chain.balance(REQUESTER)
    net.ok(net.chain.send(REQUESTER, net.request()))
    job_id = next(jobs.jobs_before(net.store, 1 << 63)).job_id
    worker = net.worker(SERVERS[1])
    drain = MsgUpdateWorker(SERVERS[1].operator.bech32, worker.endpoint, worker.region, 0, True)
    net.ok(net.chain.send(SERVERS[1].operator, drain))
    net.chain.run_until(net.job(job_id).expiry_height)
    assert (net.job(job_id).status, net.job(job_id).close_reason) == (JobStatus.CLOSED, CloseReason.NO_PLAN)
    assert net.chain.balance(REQUESTER) == before - GAS_FEE


def test_a_job_waits_for_its_plan_until_enough_bond_is_free(tmp_path: Path) -> None:
    with new_network(tmp_path, parameters=short(workers={"min_bond": 1})) as net:
        who = SERVERS[0].operator
        bond = net.units(net.planned_job().job_id)[0].terms.bond
        net.ok(net.chain.send(who, MsgUnbond(who.bech32, BOND - 2 * bond + 1)))
        waiting = net.planned_job()
        assert waiting.status == JobStatus.WAITING
        net.ok(net.chain.send(who, MsgBond(who.bech32, 1)))
        running = net.job(waiting.job_id)
        assert (running.status, running.planned_height) == (JobStatus.RUNNING, net.chain.height)
        assert net.worker(SERVERS[0]).reserved == 2 * bond
        net.chain.check_invariants()


def test_a_different_out_root_disputes_the_unit_at_the_reveal(frozen: Network) -> None:
    net = frozen
    before = net.chain.balance(REQUESTER)
    job = net.drawn_job()
    units = net.units(job.job_id)
    wrong = digest("wrong")
    first, second = CHECKERS
    net.ok(net.chain.send(first.hot, *[net.commit_message(first, unit) for unit in units]))
    messages = [net.commit_message(second, units[0], out_root=wrong)]
    messages += [net.commit_message(second, unit) for unit in units[1:]]
    net.ok(net.chain.send(second.hot, *messages))
    net.run_to_phase_end(units[0])
    net.ok(net.chain.send(second.hot, net.reveal_message(second, units[0], out_root=wrong)))
    (dispute,) = disputes.disputes_of(net.store, job.job_id)
    assert (dispute.kind, dispute.status, dispute.stage) == (DisputeKind.TRACE, DisputeStatus.OPEN, 0)
    assert (dispute.asserter, dispute.challenger) == (units[0].operator, second.address)
    assert (dispute.asserter_out_root, dispute.challenger_out_root) == (units[0].out_root, wrong)
    assert dispute.frozen == job.escrow + sum(unit.terms.bond for unit in units) + units[0].terms.bond
    assert net.job(job.job_id).status == JobStatus.DISPUTED
    assert net.units(job.job_id)[0].status == UnitStatus.DISPUTED
    net.chain.check_invariants()
    # The other checker's reveal is still taken: it is evidence, and it is paid.
    reveals = [duty.unit.stage for duty in net.duties(first).duties if duty.kind == DutyKind.REVEAL and duty.unit]
    assert reveals == [0, 1, 2]
    net.ok(net.chain.send(first.hot, *[net.reveal_message(first, unit) for unit in units]))
    net.ok(net.chain.send(second.hot, *[net.reveal_message(second, unit) for unit in units[1:]]))
    net.ok(net.chain.send(SERVERS[1].hot, net.open_message(units[1])))
    net.ok(net.chain.send(SERVERS[2].hot, net.open_message(units[2])))
    assert [unit.status for unit in net.units(job.job_id)] == [
        UnitStatus.DISPUTED,
        UnitStatus.FINAL,
        UnitStatus.FINAL,
    ]
    epoch = net.check_of(units[0]).epoch
    net.chain.run_until(next(duty.open_from for duty in net.duties(first).duties) - 1)
    held = net.chain.balance(first.operator)
    net.ok(net.chain.send(first.hot, net.proof_message(first, epoch)))
    assert net.chain.balance(first.operator) == held + net.check_pay(*units[1:])
    net.chain.run_until(dispute.deadline)
    closed = net.job(job.job_id)
    assert (closed.status, closed.close_reason, closed.close_detail) == (JobStatus.CLOSED, CloseReason.UNRESOLVED, 0)
    assert disputes.dispute(net.store, dispute.dispute_id).status == DisputeStatus.UNRESOLVED
    assert net.chain.balance(REQUESTER) == before - GAS_FEE
    assert net.chain.balance(first.operator) == held + net.check_pay(*units)
    assert [net.worker(who).reserved for who in (*SERVERS, *CHECKERS)] == [0] * 5


def test_a_different_body_root_disputes_the_unit_at_the_opening(frozen: Network) -> None:
    net = frozen
    job = net.drawn_job()
    units = net.units(job.job_id)
    wrong = digest("wrong body")
    first, second = CHECKERS
    net.ok(net.chain.send(first.hot, *[net.commit_message(first, unit, body_root=wrong) for unit in units]))
    net.ok(net.chain.send(second.hot, *[net.commit_message(second, unit) for unit in units]))
    net.run_to_phase_end(units[0])
    net.ok(net.chain.send(first.hot, *[net.reveal_message(first, unit, body_root=wrong) for unit in units]))
    net.ok(net.chain.send(second.hot, *[net.reveal_message(second, unit) for unit in units]))
    assert net.check_of(units[0]).phase == CheckPhase.OPEN
    net.ok(net.chain.send(SERVERS[0].hot, net.open_message(units[0])))
    (dispute,) = disputes.disputes_of(net.store, job.job_id)
    assert (dispute.asserter_body_root, dispute.challenger_body_root) == (net.body_root(units[0]), wrong)
    outcomes = [commit.outcome for commit in sampling.commits(net.store, jobs.key_of(units[0]))]
    assert sorted(outcomes) == [CheckOutcome.EQUAL, CheckOutcome.DIFFERENT]
    net.chain.run_until(dispute.deadline)
    assert net.job(job.job_id).close_reason == CloseReason.UNRESOLVED


def test_an_asserter_that_is_silent_in_the_game_loses_s_and_the_job_is_run_again(net: Network) -> None:
    job = net.drawn_job()
    units = net.units(job.job_id)
    wrong = digest("wrong")
    first = CHECKERS[0]
    net.ok(net.chain.send(first.hot, net.commit_message(first, units[0], out_root=wrong)))
    net.run_to_phase_end(units[0])
    net.ok(net.chain.send(first.hot, net.reveal_message(first, units[0], out_root=wrong)))
    (dispute,) = disputes.disputes_of(net.store, job.job_id)
    net.chain.run_until(dispute.opened_height + LOCALNET.disputes.clock_blocks - 1)
    assert net.job(job.job_id).status == JobStatus.DISPUTED
    net.chain.run_block()
    ended = disputes.dispute(net.store, dispute.dispute_id)
    assert (ended.status, ended.slashed) == (DisputeStatus.REFUTED, units[0].terms.bond)
    assert net.worker(SERVERS[0]).bond == BOND - units[0].terms.bond
    assert (net.job(job.job_id).status, net.job(job.job_id).attempt) == (JobStatus.WAITING, 1)


def test_without_the_game_an_asserter_that_does_not_open_forfeits_r_and_the_others_are_paid(frozen: Network) -> None:
    net = frozen
    before, treasury = net.chain.balance(REQUESTER), net.chain.balance(TREASURY)
    job = net.drawn_job()
    net.commit_all(job)
    units = net.units(job.job_id)
    net.run_to_phase_end(units[0])
    net.reveal_all(job)
    for unit in units[1:]:
        net.ok(net.chain.send(net.asserter(unit).hot, net.open_message(unit)))
    end = net.check_of(units[0]).phase_end
    net.chain.run_until(end + 1)
    closed, units = net.job(job.job_id), net.units(job.job_id)
    assert (closed.status, closed.close_reason) == (JobStatus.FINAL, CloseReason.SETTLED_UNOPENED)
    assert [unit.status for unit in units] == [UnitStatus.UNOPENED, UnitStatus.FINAL, UnitStatus.FINAL]
    assert net.worker(SERVERS[0]).bond == BOND - units[0].terms.fee
    assert units[0].paid == 0 < units[1].paid
    assert net.chain.balance(REQUESTER) == before - GAS_FEE - closed.paid
    assert net.chain.balance(TREASURY) >= treasury + units[0].terms.fee


def test_without_the_game_unequal_links_freeze_the_job_and_reject_nothing(frozen: Network) -> None:
    net = frozen
    before = net.chain.balance(REQUESTER)
    job = net.planned_job()
    units = net.units(job.job_id)
    other = digest("other rows")
    receipt = net.receipt(units[0], root=other)
    lying = replace(net.result(units[1]), in_root=other, receipt=receipt)
    net.ok(net.chain.send(SERVERS[1].hot, lying))
    net.ok(net.chain.send(SERVERS[0].hot, net.result(units[0])))
    assert net.job(job.job_id).status == JobStatus.DISPUTED
    (dispute,) = disputes.disputes_of(net.store, job.job_id)
    assert (dispute.kind, dispute.stage, dispute.asserter_out_root, dispute.challenger_out_root) == (
        DisputeKind.HOP,
        0,
        net.out_root(units[0]),
        other,
    )
    # The last result is evidence and is taken, but the job is in no round.
    net.ok(net.chain.send(SERVERS[2].hot, net.result(units[2])))
    net.chain.run_until(dispute.deadline)
    closed = net.job(job.job_id)
    assert (closed.status, closed.close_reason, closed.close_detail) == (JobStatus.CLOSED, CloseReason.UNRESOLVED, 0)
    assert net.chain.balance(REQUESTER) == before - GAS_FEE


def test_a_commitment_that_is_not_revealed_earns_nothing_and_holds_nobody_up(net: Network) -> None:
    job = net.drawn_job()
    net.commit_all(job)
    unit = net.units(job.job_id)[0]
    net.run_to_phase_end(unit)
    net.run_to_phase_end(unit)
    assert net.job(job.job_id).close_reason == CloseReason.SETTLED
    outcomes = [commit.outcome for commit in sampling.commits(net.store, jobs.key_of(unit))]
    assert outcomes == [CheckOutcome.UNREVEALED] * 2
    epoch = net.check_of(unit).epoch
    net.chain.run_until(next(duty.open_from for duty in net.duties(CHECKERS[0]).duties) - 1)
    held = net.chain.balance(CHECKERS[0].operator)
    net.ok(net.chain.send(CHECKERS[0].hot, net.proof_message(CHECKERS[0], epoch)))
    assert net.chain.balance(CHECKERS[0].operator) == held


def test_work_without_enough_checkers_waits_and_is_refunded_an_epoch_after_its_expiry(net: Network) -> None:
    before = net.chain.balance(REQUESTER)
    job = net.asserted_job()
    worker = net.worker(CHECKERS[0])
    drain = MsgUpdateWorker(CHECKERS[0].operator.bech32, worker.endpoint, worker.region, 0, True)
    assert net.job(job.job_id).round_index == 0
    net.ok(net.chain.send(CHECKERS[0].operator, drain))
    net.chain.run_until(job.expiry_height + 20)
    assert net.job(job.job_id).status == JobStatus.ASSERTED
    net.chain.run_until(job.expiry_height + 20 + 2 * 4)
    assert net.job(job.job_id).close_reason == CloseReason.NO_CHECKERS
    assert net.chain.balance(REQUESTER) == before - GAS_FEE

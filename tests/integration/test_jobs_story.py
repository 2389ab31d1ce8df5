"""A job from request to money, and every way it may end, on the real application."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.crypto.keys import module_address
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import CloseReason, JobStatus, UnitStatus
from chain.modules.rates import rules as rates
from chain.modules.sampling import keeper as sampling
from chain.modules.sampling.types import CheckOutcome, CheckPhase, DutyKind
from tests.support.network import CHECKERS, REQUESTER, SERVERS, Network, new_network


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    with new_network(tmp_path) as network:
        yield network
        network.chain.check_invariants()


def test_a_checked_job_pays_everybody_and_its_money_sums_exactly(net: Network) -> None:
    before = net.chain.balance(REQUESTER)
    job = net.drawn_job()
    assert job.status == JobStatus.ASSERTED
    for who in CHECKERS:
        kinds = [duty.kind for duty in net.duties(who).duties]
        assert kinds == [DutyKind.DRAW] * 3 + [DutyKind.OPEN_EPOCH]
    net.commit_all(job)
    units = net.units(job.job_id)
    net.run_to_phase_end(units[0])
    net.reveal_all(job)
    assert [net.check_of(unit).phase for unit in units] == [CheckPhase.OPEN] * 3
    assert [duty.kind for duty in net.duties(SERVERS[0]).duties] == [DutyKind.OPEN]
    net.open_all(job)
    job = net.job(job.job_id)
    assert (job.status, job.close_reason) == (JobStatus.FINAL, CloseReason.SETTLED)
    units = net.units(job.job_id)
    assert [unit.status for unit in units] == [UnitStatus.FINAL] * 3
    assert job.paid == sum(unit.charged for unit in units) <= job.escrow
    assert net.chain.balance(module_address("escrow")) == 0
    gas_fee = 100
    assert net.chain.balance(REQUESTER) == before - job.paid - gas_fee
    pool = net.chain.balance(module_address("check_pool"))
    epoch = net.check_of(units[0]).epoch
    duty = net.duties(CHECKERS[0]).duties[0]
    assert duty.kind == DutyKind.OPEN_EPOCH
    net.chain.run_until(duty.open_from - 1)
    for who in CHECKERS:
        held = net.chain.balance(who.operator)
        net.ok(net.chain.send(who.hot, net.proof_message(who, epoch)))
        assert net.chain.balance(who.operator) - held == net.check_pay(*units)
    outcomes = [commit.outcome for unit in units for commit in sampling.commits(net.store, jobs.key_of(unit))]
    assert outcomes == [CheckOutcome.PAID] * 6
    assert net.chain.balance(module_address("check_pool")) == pool - 2 * net.check_pay(*units)
    assert [net.worker(who).holds for who in CHECKERS] == [0, 0]
    assert [net.worker(who).reserved for who in (*SERVERS, *CHECKERS)] == [0] * 5


def test_every_checker_is_drawn_for_work_that_is_dear_enough(net: Network) -> None:
    job = net.drawn_job()
    for unit in net.units(job.job_id):
        check = net.check_of(unit)
        for who in CHECKERS:
            assert rates.is_drawn(net.ticket(who, unit), unit.terms.rate, net.worker(who).bond, check.total_weight)

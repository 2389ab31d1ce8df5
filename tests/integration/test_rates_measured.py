"""Measured duties, check capacity, rent and reputation on the real application."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from chain.crypto.keys import module_address
from chain.errors import Code
from chain.modules.jobs.types import CloseReason, Job, JobStatus
from chain.modules.rates import keeper as rates
from chain.modules.rates.rules import RHO_ONE, Q
from chain.modules.rates.state import FADES, REPUTATIONS
from chain.modules.rates.types import (
    QueryCheckersRequest,
    QueryCheckersResponse,
    QueryReputationRequest,
    QueryReputationResponse,
)
from chain.modules.sampling import keeper as sampling
from chain.modules.sampling import rules as sampling_rules
from chain.modules.sampling.state import MEASUREMENTS, TALLIES
from chain.modules.workers import keeper as workers
from chain.parameters import LOCALNET, OSTR
from tests.support.network import CHECKERS, REQUESTER, SERVERS, Machine, Network, new_network, short

TREASURY = module_address("treasury")
GAS_FEE = 100
QUERY = "ostraka.rates.v1.Query"


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    with new_network(tmp_path) as network:
        yield network
        network.chain.check_invariants()


def settled(net: Network, checkers: Sequence[Machine] = CHECKERS, **changes: int) -> Job:
    """A job that these have checked, settled."""
    job = net.drawn_job(**changes)
    units = net.units(job.job_id)
    for who in checkers:
        net.ok(net.chain.send(who.hot, *[net.commit_message(who, unit) for unit in units]))
    while checkers and net.check_of(units[0]).num_reveals < len(checkers):
        net.run_to_phase_end(units[0])
        if net.check_of(units[0]).phase.name == "REVEAL":
            for who in checkers:
                net.ok(net.chain.send(who.hot, *[net.reveal_message(who, unit) for unit in units]))
    if checkers:
        net.open_all(job)
    while net.job(job.job_id).status != JobStatus.FINAL:
        net.chain.run_block()
    return net.job(job.job_id)


def prove(net: Network, job: Job, checkers: Sequence[Machine] = CHECKERS) -> int:
    """Open the proofs of a job's epoch and return the epoch."""
    epoch = net.check_of(net.units(job.job_id)[0]).epoch
    net.chain.run_until(sampling_rules.proofs_from(sampling.params(net.store), epoch) - 1)
    for who in checkers:
        net.ok(net.chain.send(who.hot, net.proof_message(who, epoch)))
    return epoch


def measure(net: Network, epoch: int) -> None:
    net.chain.run_until(sampling_rules.measured_at(sampling.params(net.store), epoch))


def test_fulfilled_duties_raise_rho_for_new_jobs_only(net: Network) -> None:
    job = settled(net)
    pay = sum(unit.terms.check_pay for unit in net.units(job.job_id))
    epoch = prove(net, job)
    net.chain.run_until(sampling_rules.measured_at(sampling.params(net.store), epoch) - 2)
    net.ok(net.chain.send(REQUESTER, net.request()))
    waiting, held = job.job_id + 1, net.job(job.job_id + 1).escrow
    assert net.job(waiting).status == JobStatus.WAITING
    measure(net, epoch)
    assert net.job(waiting).status == JobStatus.WAITING
    before, window = LOCALNET.rates.fulfilled * (Q // RHO_ONE), LOCALNET.rates.fulfilled_window
    found = rates.checkers(net.store, net.root)
    assert found.fulfilled == (before * window + Q * 2 * pay) // (window + 2 * pay) > before
    assert found.epoch == epoch
    rho = found.fulfilled * RHO_ONE // Q
    new, old = net.planned_job(), net.job(waiting)
    assert (old.fulfilled, new.fulfilled) == (LOCALNET.rates.fulfilled, rho)
    assert {unit.terms.fulfilled for unit in net.units(old.job_id)} == {LOCALNET.rates.fulfilled}
    assert {unit.terms.fulfilled for unit in net.units(new.job_id)} == {rho}
    assert new.escrow < held
    response = net.chain.query(QueryCheckersRequest(net.root), f"{QUERY}/Checkers")
    assert response == QueryCheckersResponse(rates.checkers(net.store, net.root), rho, found.speed * 8)
    assert not list(TALLIES.items(net.store, end=(epoch + 1).to_bytes(8, "big")))


def test_missed_duties_halve_the_speed_and_leave_rho_at_its_lowest(net: Network) -> None:
    job = settled(net, CHECKERS[:1])
    epoch = prove(net, job)
    measure(net, epoch)
    found = rates.checkers(net.store, net.root)
    assert found.fulfilled < LOCALNET.rates.fulfilled * (Q // RHO_ONE)
    assert rates.fulfilled(net.store, net.root) == LOCALNET.rates.fulfilled
    assert found.speed == LOCALNET.rates.check_speed // 2


def test_a_check_whose_proof_is_not_opened_is_a_duty_that_was_not_fulfilled(net: Network) -> None:
    job = settled(net)
    epoch = prove(net, job, ())
    measure(net, epoch)
    assert rates.checkers(net.store, net.root).fulfilled < LOCALNET.rates.fulfilled * (Q // RHO_ONE)
    assert not list(MEASUREMENTS.keys(net.store))


def test_requests_beyond_what_checkers_manage_are_refused_until_jobs_close(tmp_path: Path) -> None:
    with new_network(tmp_path, parameters=short(rates={"check_speed": 2_000_000})) as net:
        first = net.planned_job()
        assert first.check_work == sum(unit.terms.work for unit in net.units(first.job_id))
        refused = net.chain.send(REQUESTER, net.request())
        assert net.code(refused) == Code.CHECK_CAPACITY
        assert f"checks of {first.check_work} work units" in refused.log
        assert "a checker takes 16000000 in time; ask for fewer tokens or a lower value" in refused.log
        net.ok(net.chain.send(REQUESTER, net.request(max_tokens=1, prompt_tokens=1)))
        net.chain.check_invariants()
        net.chain.run_until(net.job(first.job_id).expiry_height + 4)
        assert net.job(first.job_id).close_reason == CloseReason.EXPIRED
        assert rates.checkers(net.store, net.root).pending == 0
        net.ok(net.chain.send(REQUESTER, net.request()))
        net.chain.check_invariants()


def test_rent_is_paid_to_whoever_held_the_bond_and_money_sums_exactly(tmp_path: Path) -> None:
    with new_network(tmp_path, parameters=short(rates={"rent_denominator": 1_000_000})) as net:
        before = net.chain.balance(REQUESTER)
        held = {who: net.chain.balance(who.operator) for who in SERVERS}
        treasury, pool = net.chain.balance(TREASURY), net.chain.balance(module_address("check_pool"))
        height = net.chain.height
        job = settled(net)
        units = net.units(job.job_id)
        for unit in units:
            assert unit.terms.rent == -(-unit.terms.bond * 352 // 1_000_000) >= 352
            who = net.asserter(unit)
            assert net.chain.balance(who.operator) - held[who] == unit.paid
            assert unit.paid > unit.terms.rent
        burnt = sum(unit.taxed for unit in units)
        pooled = net.chain.balance(module_address("check_pool")) - pool
        assert before - net.chain.balance(REQUESTER) == job.paid + GAS_FEE
        assert job.paid == sum(unit.paid for unit in units) + pooled + burnt
        messages = 1 + 3 + 2 + 2 + 3
        assert net.chain.balance(TREASURY) - treasury == burnt + messages * GAS_FEE
        assert net.chain.height > height
        net.chain.check_invariants()


def scores(net: Network) -> list[int]:
    return [rates.score(net.store, who.address, net.root) for who in SERVERS]


def test_a_confirmed_unit_earns_its_worker_the_treasury_fee_once(net: Network) -> None:
    job = settled(net)
    assert scores(net) == [0, 0, 0]
    prove(net, job, CHECKERS[:1])
    taxed = [unit.taxed for unit in net.units(job.job_id)]
    assert scores(net) == taxed
    net.ok(net.chain.send(CHECKERS[1].hot, net.proof_message(CHECKERS[1], net.check_of(net.units(1)[0]).epoch)))
    assert scores(net) == taxed
    answer = net.chain.query(QueryReputationRequest(SERVERS[0].operator.bech32, net.root), f"{QUERY}/Reputation")
    assert answer == QueryReputationResponse(taxed[0], LOCALNET.rates.reputation_full)
    assert rates.score(net.store, CHECKERS[0].address, net.root) == 0


def test_a_unit_that_no_proven_checker_confirmed_earns_nothing(net: Network) -> None:
    job = settled(net, ())
    prove(net, job)
    assert scores(net) == [0, 0, 0]


def test_reputation_sets_rate_and_draw_weight_of_the_next_plan_and_a_fault_takes_it(tmp_path: Path) -> None:
    with new_network(tmp_path, parameters=short(rates={"reputation_full": 100}, workers={"min_bond": 1})) as net:
        first = settled(net)
        prove(net, first)
        assert scores(net) == [100, 100, 100]
        known = net.planned_job()
        assert (known.choices, known.choice_weights) == ((1,), (4,))
        for old, unit in zip(net.units(first.job_id), net.units(known.job_id), strict=True):
            assert old.terms.rate > unit.terms.rate == unit.terms.rate_floor == old.terms.rate_floor
            assert unit.terms == replace(old.terms, rate=old.terms.rate_floor, score=100)
        second = net.drawn_job()  # its asserters do not open
        units = net.units(second.job_id)
        for who in CHECKERS:
            net.ok(net.chain.send(who.hot, net.commit_message(who, units[0])))
        while net.check_of(units[0]).phase.name != "REVEAL":
            net.run_to_phase_end(units[0])
        for who in CHECKERS:
            net.ok(net.chain.send(who.hot, net.reveal_message(who, units[0])))
        assert scores(net)[0] == 100
        while not net.worker(SERVERS[0]).fault_height:
            net.chain.run_block()
        assert net.worker(SERVERS[0]).fault_height == net.chain.height
        assert scores(net)[0] == 0
        third = net.planned_job()
        assert third.choice_weights == (1,)
        assert net.units(third.job_id)[0].terms.score == 0
        net.chain.check_invariants()


def test_reputation_fades_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with new_network(tmp_path, parameters=short(rates={"reputation_half_life": 10})) as net:
        prove(net, settled(net))
        assert len(list(REPUTATIONS.items(net.store))) == len(list(FADES.keys(net.store))) == 3
        net.chain.run_until(net.chain.height + 10 * max(scores(net)).bit_length() + 10)
        assert not list(REPUTATIONS.items(net.store))
        assert not list(FADES.keys(net.store))
        net.chain.check_invariants()


def test_requester_workers_and_checkers_in_one_hand_burn_what_they_gain_in_reputation(net: Network) -> None:
    """The coalition owns everybody here: all it pays returns to it but treasury fees and gas."""
    people = [REQUESTER, *(key for who in (*SERVERS, *CHECKERS) for key in (who.operator, who.hot))]

    def wealth() -> int:
        bonds = sum(workers.worker(net.store, who.address).bond for who in (*SERVERS, *CHECKERS))
        return sum(net.chain.balance(key) for key in people) + bonds + net.chain.balance(module_address("check_pool"))

    before, treasury = wealth(), net.chain.balance(TREASURY)
    jobs = [settled(net, value=value) for value in (0, 5_000)]
    for job in jobs:
        prove(net, job)
    burnt = before - wealth()
    assert burnt == net.chain.balance(TREASURY) - treasury
    assert 0 < sum(scores(net)) == sum(unit.taxed for job in jobs for unit in net.units(job.job_id)) < burnt


def test_dear_jobs_are_refused_when_their_checks_would_hold_half_of_all_bonds(tmp_path: Path) -> None:
    with new_network(tmp_path) as net:
        limit = sum(net.worker(who).bond for who in CHECKERS) // 2
        accepted: list[int] = []
        while True:
            result = net.chain.send(REQUESTER, net.request(value=OSTR))
            if result.code:
                break
            accepted.append(net.job(len(accepted) + 1).check_bond)
        known = rates.checkers(net.store, net.root)
        assert (known.bonded // 2, known.count, known.pending_bond) == (limit, len(CHECKERS), sum(accepted))
        assert net.code(result) == Code.CHECK_CAPACITY
        assert f"hold {accepted[0]} uostr of bonds beside the {sum(accepted)} expected" in result.log
        assert sum(accepted) <= limit < sum(accepted) + accepted[0]
        net.chain.check_invariants()
        assert (
            net.code(net.chain.send(REQUESTER, net.request())) == Code.OK if limit - sum(accepted) > 6 * OSTR else True
        )
        net.chain.run_until(net.chain.height + LOCALNET.jobs.expiry_blocks + 4)
        assert rates.checkers(net.store, net.root).pending_bond == 0
        net.chain.check_invariants()

"""How much one epoch may take from bonds: absence is capped, a proven fault is not, and a flood of slashes is held."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.crypto.keys import module_address
from chain.errors import Code
from chain.modules.sampling import rules
from chain.modules.sampling.types import DutyKind, MsgClaimDuty, MsgShowSeal
from chain.modules.workers import keeper as workers
from chain.modules.workers import penalties
from chain.modules.workers.rules import stays_active
from chain.modules.workers.state import FORFEITURES, HELD
from chain.modules.workers.types import (
    Budget,
    Forfeiture,
    HeldSlash,
    MsgBond,
    MsgUpdateWorker,
    MsgWithdraw,
    QueryBudgetRequest,
    QueryBudgetResponse,
    WorkerStatus,
)
from chain.parameters import LOCALNET
from tests.support.network import BOND, CHECKERS, REQUESTER, SERVERS, Machine, Network, new_network, short

FIRST, SECOND = CHECKERS
EVERYBODY = (*SERVERS, *CHECKERS)
BONDS = len(EVERYBODY) * BOND
FEE = 100
TREASURY = module_address("treasury")
HELD_SLASHES = module_address("held_slashes")


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    with new_network(tmp_path) as network:
        yield network
        network.chain.check_invariants()


def budget(net: Network) -> QueryBudgetResponse:
    answer: QueryBudgetResponse = net.chain.query(QueryBudgetRequest(), "ostraka.workers.v1.Query/Budget")
    return answer


def end_epoch(net: Network) -> None:
    blocks = LOCALNET.sampling.epoch_blocks
    net.chain.run_until((net.chain.height // blocks + 1) * blocks)


def test_a_proof_that_is_never_opened_costs_the_bond_a_share_of_all_bonds_an_epoch(net: Network) -> None:
    job = net.drawn_job()
    epoch = net.check_of(net.units(job.job_id)[0]).epoch
    net.chain.run_until(rules.proofs_from(LOCALNET.sampling, epoch))
    net.ok(net.chain.send(FIRST.hot, net.proof_message(FIRST, epoch)))
    last = rules.proofs_until(LOCALNET.sampling, epoch)
    net.chain.run_until(last)
    assert (net.worker(SECOND).bond, net.worker(SECOND).holds) == (BOND, 1)
    assert FORFEITURES.find(net.store, SECOND.address) == Forfeiture(SECOND.address, last, 1)
    treasury, per_epoch = net.chain.balance(TREASURY), BONDS // 20
    net.chain.run_block()
    net.chain.check_invariants()
    limited = budget(net)
    assert (limited.budget.absence, limited.absence_limit) == (per_epoch, per_epoch)
    assert net.worker(SECOND).bond == BOND - per_epoch
    assert net.worker(SECOND).status == WorkerStatus.JAILED
    assert net.code(net.chain.send(SECOND.operator, MsgWithdraw(SECOND.operator.bech32))) == Code.BOND_LOCKED
    assert net.chain.balance(TREASURY) == treasury + per_epoch + FEE
    taken = per_epoch
    while net.worker(SECOND).bond:
        end_epoch(net)
        net.chain.run_block()
        net.chain.check_invariants()
        step = min((BONDS - taken) // 20, BOND - taken)
        taken += step
        assert net.worker(SECOND).bond == BOND - taken
    assert net.chain.balance(TREASURY) == treasury + BOND + FEE
    assert FORFEITURES.find(net.store, SECOND.address) is None
    assert (net.worker(SECOND).holds, net.worker(SECOND).status) == (0, WorkerStatus.DRAINING)
    assert net.worker(FIRST).bond == BOND
    name = SECOND.operator.bech32
    net.ok(net.chain.send(SECOND.operator, MsgBond(name, BOND), MsgUpdateWorker(name, "127.0.0.1:1", "", 0, False)))
    assert (net.worker(SECOND).bond, net.worker(SECOND).status) == (BOND, WorkerStatus.ACTIVE)


def test_a_proof_is_not_taken_behind_its_window_and_what_is_opened_is_not_forfeited(net: Network) -> None:
    job = net.drawn_job()
    epoch = net.check_of(net.units(job.job_id)[0]).epoch
    proof = net.proof_message(SECOND, epoch)
    last = rules.proofs_until(LOCALNET.sampling, epoch)
    net.chain.run_until(last - 1)
    net.ok(net.chain.send(FIRST.hot, net.proof_message(FIRST, epoch)))
    assert net.chain.height == last
    assert net.code(net.chain.send(SECOND.hot, proof)) == Code.WINDOW_CLOSED
    end_epoch(net)
    net.chain.run_block()
    assert net.worker(FIRST).bond == BOND
    assert not [duty for duty in net.duties(SECOND).duties if duty.kind == DutyKind.OPEN_EPOCH]


def test_when_everybody_was_absent_one_worker_after_the_other_is_jailed_and_most_work_on(tmp_path: Path) -> None:
    with new_network(tmp_path) as net:
        job = net.drawn_job()
        epoch = net.check_of(net.units(job.job_id)[0]).epoch
        net.chain.run_until(rules.proofs_until(LOCALNET.sampling, epoch) + 1)
        statuses = [net.worker(who).status for who in CHECKERS]
        assert sorted(statuses) == [WorkerStatus.ACTIVE, WorkerStatus.JAILED]
        assert sum(BOND - net.worker(who).bond for who in EVERYBODY) == BONDS // 20
        net.chain.check_invariants()


def test_claims_wait_for_the_next_epoch_when_this_one_has_taken_its_share(tmp_path: Path) -> None:
    with new_network(tmp_path, parameters=short(workers={"penalty_denominator": 300_000})) as net:
        job = net.drawn_job()
        units = net.units(job.job_id)
        epoch = net.check_of(units[0]).epoch
        net.chain.run_until(rules.proofs_from(LOCALNET.sampling, epoch))
        end_epoch(net)
        for who in CHECKERS:
            net.ok(net.chain.send(who.hot, net.proof_message(who, epoch)))
        limit = BONDS // 300_000
        amounts = [3 * unit.terms.check_pay for unit in units]
        assert amounts[0] + amounts[1] <= limit < sum(amounts)
        claims = [MsgClaimDuty(REQUESTER.bech32, unit.job_id, 0, unit.stage, FIRST.operator.bech32) for unit in units]
        net.ok(net.chain.send(REQUESTER, claims[0], claims[1]))
        assert net.worker(FIRST).bond == BOND - amounts[0] - amounts[1]
        # The first claim of a unit that nobody checked takes what is left, for it has the unit drawn again.
        net.ok(net.chain.send(REQUESTER, claims[2]))
        assert net.worker(FIRST).bond == BOND - limit
        assert net.code(net.chain.send(REQUESTER, claims[2])) == Code.PENALTY_CAP
        assert net.worker(FIRST).bond == BOND - limit
        end_epoch(net)
        net.ok(net.chain.send(REQUESTER, claims[2]))
        assert net.worker(FIRST).bond == BOND - sum(amounts)
        net.chain.check_invariants()


def shown(net: Network, who: Machine, stage: int, job_id: int) -> MsgShowSeal:
    unit = net.units(job_id)[stage]
    author, salt, body = who.operator.bech32, net.salt(who, unit), net.body_root(unit)
    return MsgShowSeal(REQUESTER.bech32, unit.job_id, 0, stage, author, salt, body, b"")


def test_above_the_breakers_share_slashes_are_held_whole_and_paid_out_later(tmp_path: Path) -> None:
    held_blocks = 10
    brief = short(workers={"breaker_denominator": 3_000, "held_blocks": held_blocks})
    with new_network(tmp_path, parameters=brief) as net:
        job = net.asserted_job()
        price = net.units(job.job_id)[0].terms.bond // 8
        limit = BONDS // 3_000
        half = price - price // 2
        assert price <= limit < 2 * price
        net.ok(net.chain.send(REQUESTER, shown(net, SERVERS[0], 0, job.job_id)))
        assert net.chain.balance(HELD_SLASHES) == 0
        held, treasury = net.chain.balance(REQUESTER), net.chain.balance(TREASURY)
        net.ok(net.chain.send(REQUESTER, shown(net, SERVERS[1], 1, job.job_id)))
        at = net.chain.height
        # Nothing is reduced: the second author has lost as much as the first, only nobody has received it all.
        assert [net.worker(who).bond for who in SERVERS] == [BOND - price, BOND - price, BOND]
        direct = limit - price
        to_requester = min(direct, price // 2)
        kept = [(REQUESTER.address, price // 2 - to_requester), (TREASURY, half - (direct - to_requester))]
        expected = [HeldSlash(SERVERS[1].address, to, amount) for to, amount in kept if amount]
        assert [entry for _, entry in HELD.items(net.store)] == expected
        assert budget(net).held == tuple(expected)
        assert net.chain.balance(HELD_SLASHES) == 2 * price - limit
        assert net.chain.balance(REQUESTER) == held + to_requester - FEE
        assert net.chain.balance(TREASURY) == treasury + direct - to_requester + FEE
        net.chain.check_invariants()
        treasury = net.chain.balance(TREASURY)
        net.chain.run_until(at + held_blocks - 1)
        assert net.chain.balance(HELD_SLASHES) == 2 * price - limit
        net.chain.run_block()
        net.chain.check_invariants()
        assert (net.chain.balance(HELD_SLASHES), list(HELD.items(net.store))) == (0, [])
        assert net.chain.balance(REQUESTER) == held + price // 2 - FEE
        assert net.chain.balance(TREASURY) >= treasury + half - (direct - to_requester)


def test_every_epoch_begins_its_sums_anew(net: Network) -> None:
    job = net.asserted_job()
    net.ok(net.chain.send(REQUESTER, shown(net, SERVERS[0], 0, job.job_id)))
    price = net.units(job.job_id)[0].terms.bond // 8
    assert budget(net).budget.faults == price
    end_epoch(net)
    answer = budget(net)
    assert answer.budget == Budget(net.chain.height, BONDS - price, 0, 0)
    assert (answer.absence_limit, answer.fault_limit) == ((BONDS - price) // 20, (BONDS - price) // 3)


@pytest.mark.parametrize(
    ("field", "value", "inequality"),
    [
        ("penalty_numerator", 0, "0 < penalty < 1/4"),
        ("penalty_denominator", 4, "0 < penalty < 1/4"),
        ("breaker_numerator", 0, "0 < breaker <= 1"),
        ("breaker_numerator", 4, "0 < breaker <= 1"),
        ("held_blocks", 0, "held_blocks"),
    ],
)
def test_shares_that_could_empty_the_set_are_refused(tmp_path: Path, field: str, value: int, inequality: str) -> None:
    with pytest.raises(ValueError, match=inequality), new_network(tmp_path, parameters=short(workers={field: value})):
        raise AssertionError("the chain began")


def test_absence_alone_stops_a_worker_only_below_three_quarters_of_the_minimum() -> None:
    least = LOCALNET.workers.min_bond
    params = LOCALNET.workers
    assert stays_active(params, 3 * least // 4, was_absent=True)
    assert not stays_active(params, 3 * least // 4 - 1, was_absent=True)
    assert stays_active(params, least, was_absent=False)
    assert not stays_active(params, least - 1, was_absent=False)


def test_the_cap_reduces_what_is_taken_at_once_and_never_goes_below_zero(tmp_path: Path) -> None:
    with new_network(tmp_path, parameters=short(workers={"penalty_denominator": 10_000_000})) as net:
        job = net.drawn_job()
        unit = net.units(job.job_id)[0]
        net.ok(net.chain.send(FIRST.hot, net.commit_message(FIRST, unit)))
        net.run_to_phase_end(unit)
        net.run_to_phase_end(unit)
        limit = BONDS // 10_000_000
        assert limit < 3 * unit.terms.check_pay
        assert net.worker(FIRST).bond == BOND - limit
        assert penalties.absence_left(net.store) == 0
        assert workers.budget(net.store).absence == limit
        net.chain.check_invariants()

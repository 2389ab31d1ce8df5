"""The late draw: a unit about which those who were drawn stayed silent is drawn once more when its job is settled."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chain.crypto.hashing import round_alpha
from chain.crypto.keys import module_address
from chain.errors import Code
from chain.modules.beacon import keeper as beacon
from chain.modules.disputes import keeper as disputes
from chain.modules.disputes import registry
from chain.modules.disputes.game.shape import Item, ItemKind
from chain.modules.disputes.types import Dispute, DisputeKind, DisputeStatus, MsgChallenge, PaymentReason
from chain.modules.jobs import archive
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import ArchivedRecord, CloseReason, Job, JobStatus, RecordKind, Unit, UnitStatus
from chain.modules.rates import rules as rates
from chain.modules.rates.rules import loss
from chain.modules.sampling import epochs, rules
from chain.modules.sampling import keeper as sampling
from chain.modules.sampling.state import CHECKS, CLAIMS, COMMITS, EARLIER, LATE, LATE_QUEUE
from chain.modules.sampling.types import CheckOutcome, CheckPhase, DutyKind, MsgClaimDuty
from chain.modules.workers import penalties
from chain.modules.workers.types import MsgUnbond, MsgWithdraw, Role
from chain.parameters import LOCALNET, OSTR
from inference.disputes.faults import Fault
from inference.disputes.model import ModelFiles
from inference.models.convert import convert
from tests.support.dispute_network import PROMPT, STRANGER, DisputeNetwork, Job3, dispute_network
from tests.support.network import (
    BOND,
    CHAIN_HASH,
    CHECKERS,
    REQUESTER,
    SERVERS,
    TOKENS,
    Machine,
    Network,
    new_network,
    short,
)
from tests.support.tiny_model import TinyShape, write_tiny_model

FIRST, SECOND = CHECKERS
FEE = 100
TREASURY = module_address("treasury")
WINDOWS = LOCALNET.sampling
VALUE = 7 * OSTR // 2
"""Declared value at which every eligible checker is drawn."""
LAST = len(PROMPT) + TOKENS - 2
FAULT = Fault(Item(ItemKind.ROW, 3, 0, LAST), 14, 0, 9)
"""A maximum in the fourth layer, at the last position: stage 1 is wrong."""
EARLY_FAULT = replace(FAULT, item=Item(ItemKind.ROW, 1, 0, LAST))
"""The same in the second layer: stage 0 is wrong."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    work = tmp_path_factory.mktemp("model")
    manifest = convert(write_tiny_model(work / "source", TinyShape(layers=6)), work / "models")
    return ModelFiles(work / "models" / manifest.model_root.hex())


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    with new_network(tmp_path) as network:
        yield network
        network.chain.check_invariants()


def claim(unit: Unit, who: Machine) -> MsgClaimDuty:
    return MsgClaimDuty(REQUESTER.bech32, unit.job_id, unit.attempt, unit.stage, who.operator.bech32)


def unit_of(net: Network, unit: Unit) -> Unit:
    return jobs.unit(net.store, jobs.key_of(unit))


def unchecked_job(net: Network) -> Job:
    """A job that everybody was drawn for and nobody has checked: it is dear, or its value is high."""
    job = net.drawn_job(value=VALUE if isinstance(net, DisputeNetwork) else 0)
    net.chain.run_until(net.check_of(net.units(job.job_id)[0]).phase_end)
    job = net.job(job.job_id)
    assert (job.status, job.close_reason) == (JobStatus.FINAL, CloseReason.SETTLED)
    return job


def open_proofs(net: Network, epoch: int, *people: Machine) -> None:
    net.chain.run_until(max(net.chain.height, rules.proofs_from(WINDOWS, epoch) - 1))
    for who in people:
        net.ok(net.chain.send(who.hot, net.proof_message(who, epoch)))


def want_late(net: Network, unit: Unit, silent: Machine = SECOND) -> None:
    """Have a unit drawn late: a silent checker opens its proof and its duty is claimed."""
    open_proofs(net, net.check_of(unit).epoch, silent)
    net.ok(net.chain.send(REQUESTER, claim(unit, silent)))
    assert net.job(unit.job_id).status == JobStatus.LATE


def run_to_draw(net: Network, unit: Unit) -> None:
    """Run until the late draw's beacon is there."""
    while not net.check_of(unit).late_height:
        net.chain.run_block()
    net.chain.run_until(net.check_of(unit).phase_end)
    assert net.check_of(unit).phase == CheckPhase.COMMIT


def late_job(net: Network, stage: int = 1) -> Unit:
    """An unchecked job of which a unit takes commitments in a late draw."""
    unit = net.units(unchecked_job(net).job_id)[stage]
    want_late(net, unit)
    run_to_draw(net, unit)
    return unit


def commit(net: Network, who: Machine, unit: Unit) -> None:
    seen = net.roots(who, unit) if isinstance(net, DisputeNetwork) else {}
    net.ok(net.chain.send(who.hot, net.commit_message(who, unit, **seen)))


def reveal(net: Network, who: Machine, unit: Unit) -> None:
    seen = net.roots(who, unit) if isinstance(net, DisputeNetwork) else {}
    net.ok(net.chain.send(who.hot, net.reveal_message(who, unit, **seen)))


def run_while(net: Network, job_id: int, *statuses: JobStatus) -> Job:
    for _ in range(600):
        if net.job(job_id).status not in statuses:
            return net.job(job_id)
        net.chain.run_block()
    raise AssertionError(f"the job stays {net.job(job_id).status.name}")


def mismatch(net: DisputeNetwork, unit: Unit, finder: Machine, *others: Machine) -> Dispute:
    """Lead a late draw of a false unit to its dispute."""
    for who in (finder, *others):
        commit(net, who, unit)
    net.chain.run_until(net.check_of(unit).phase_end)
    for who in (*others, finder):
        reveal(net, who, unit)
    found = [one for one in disputes.disputes_of(net.store, unit.job_id) if one.stage == unit.stage]
    (dispute,) = [one for one in found if one.status == DisputeStatus.OPEN]
    return dispute


def archived(net: Network) -> list[ArchivedRecord]:
    """What was closed since the state began to forget it."""
    net.chain.run_until((net.chain.height // WINDOWS.round_blocks + 1) * WINDOWS.round_blocks)
    heights = range(1, net.chain.height + 1)
    return [record for height in heights for _, record in archive.archived_records(net.store, height)]


# The draw


def test_the_first_claim_has_an_unchecked_unit_drawn_again_by_a_beacon_and_tickets_nobody_knew(net: Network) -> None:
    unit = net.units(unchecked_job(net).job_id)[1]
    before = net.check_of(unit)
    want_late(net, unit)
    claimed = net.chain.height
    assert net.check_of(unit) == before
    run_to_draw(net, unit)
    check, taken = net.check_of(unit), sampling.find_round(net.store, net.check_of(unit).round_index)
    assert taken is not None
    assert EARLIER.find(net.store, jobs.key_of(unit)) == before
    assert claimed < check.late_height == taken.close_height <= claimed + WINDOWS.round_blocks
    assert check.epoch == net.epoch(check.late_height) > before.epoch
    assert net.chain.height < rules.proofs_from(WINDOWS, check.epoch)
    source = beacon.find_beacon(net.store, check.late_height + 2)
    assert source is not None
    assert taken.alpha == round_alpha(CHAIN_HASH, taken.index, source.value)
    terms = unit.terms
    rate = rates.rate(1 << 31, terms.coalition_numerator, terms.coalition_denominator, terms.fulfilled)
    (duty,) = [duty for duty in net.duties(FIRST).duties if duty.kind == DutyKind.DRAW]
    assert (duty.rate, duty.alpha, duty.epoch, duty.deadline) == (rate, taken.alpha, check.epoch, taken.commit_end)
    assert [other.status for other in net.units(unit.job_id)] == [
        UnitStatus.FINAL,
        UnitStatus.CHECKING,
        UnitStatus.FINAL,
    ]


def test_a_true_unit_costs_the_silent_three_checks_and_pays_those_who_check_it_late(net: Network) -> None:
    unit = late_job(net)
    asserter, k = net.asserter(unit), net.check_pay(unit)
    assert net.worker(asserter).reserved == unit.terms.bond
    commit(net, FIRST, unit)
    assert net.worker(FIRST).reserved == unit.terms.bond
    net.chain.run_until(net.check_of(unit).phase_end)
    assert net.check_of(unit).phase == CheckPhase.REVEAL
    reveal(net, FIRST, unit)
    (duty,) = [duty for duty in net.duties(asserter).duties if duty.kind == DutyKind.OPEN]
    assert (duty.unit, duty.deadline) == (unit_of(net, unit), net.check_of(unit).phase_end)
    net.ok(net.chain.send(asserter.hot, net.open_message(unit)))
    job = net.job(unit.job_id)
    assert (job.status, job.close_reason, job.refunded) == (JobStatus.FINAL, CloseReason.SETTLED, 0)
    assert [net.worker(who).reserved for who in (asserter, FIRST)] == [0, 0]
    assert [net.worker(who).bond for who in (asserter, SECOND)] == [BOND, BOND - 3 * unit.terms.check_pay]
    held, epoch = net.chain.balance(FIRST.operator), net.check_of(unit).epoch
    open_proofs(net, epoch, FIRST)
    assert net.chain.balance(FIRST.operator) == held + k
    found = sampling.find_commit(net.store, jobs.key_of(unit), FIRST.address)
    assert found is not None
    assert found.outcome == CheckOutcome.PAID
    assert net.code(net.chain.send(REQUESTER, claim(unit, SECOND))) == Code.ALREADY_CLAIMED


def test_there_is_one_late_draw_of_a_unit(net: Network) -> None:
    unit = late_job(net)
    open_proofs(net, EARLIER.find(net.store, jobs.key_of(unit)).epoch, FIRST)  # type: ignore[union-attr]
    net.ok(net.chain.send(REQUESTER, claim(unit, FIRST)))
    assert not list(LATE_QUEUE.keys(net.store))
    job = run_while(net, unit.job_id, JobStatus.LATE)
    assert (job.status, list(LATE.items(net.store))) == (JobStatus.FINAL, [])
    assert sampling.find_earlier(net.store, jobs.key_of(unit)) is not None


def test_there_is_no_late_draw_where_something_was_revealed(net: Network) -> None:
    checked = net.drawn_job()
    unit = net.units(checked.job_id)[0]
    commit(net, FIRST, unit)
    net.run_to_phase_end(unit)
    reveal(net, FIRST, unit)
    net.ok(net.chain.send(net.asserter(unit).hot, net.open_message(unit)))
    open_proofs(net, net.check_of(unit).epoch, SECOND)
    net.ok(net.chain.send(REQUESTER, claim(unit, SECOND)))
    assert net.job(checked.job_id).status == JobStatus.FINAL


def test_a_job_whose_seals_are_all_open_can_never_be_drawn_late_and_says_so(net: Network) -> None:
    job = net.drawn_job()
    assert job.late_until == rules.late_until(WINDOWS, net.check_of(net.units(job.job_id)[0]).epoch)
    net.commit_all(job)
    net.run_to_phase_end(net.units(job.job_id)[0])
    net.reveal_all(job)
    net.open_all(job)
    assert (net.job(job.job_id).status, net.job(job.job_id).late_until) == (JobStatus.FINAL, 0)


def test_a_claim_behind_the_late_window_takes_the_penalty_and_draws_nothing(tmp_path: Path) -> None:
    with new_network(tmp_path, parameters=short(sampling={"proof_blocks": 30})) as net:
        job = unchecked_job(net)
        first, second, _ = net.units(job.job_id)
        open_proofs(net, net.check_of(first).epoch, FIRST, SECOND)
        net.chain.run_until(job.late_until - 1)
        net.ok(net.chain.send(REQUESTER, claim(first, SECOND)))
        assert net.job(job.job_id).status == JobStatus.LATE
        net.ok(net.chain.send(REQUESTER, claim(second, SECOND)))
        assert [key for key, _ in LATE.items(net.store)] == [jobs.key_of(first)]
        assert net.worker(SECOND).bond == BOND - 3 * (first.terms.check_pay + second.terms.check_pay)
        net.chain.check_invariants()


def test_a_used_up_cap_on_absence_keeps_no_unit_from_being_drawn_late(tmp_path: Path) -> None:
    with new_network(tmp_path, parameters=short(sampling={"proof_blocks": 30})) as net:
        job = unchecked_job(net)
        unit, epoch = net.units(job.job_id)[0], net.check_of(net.units(job.job_id)[0]).epoch
        open_proofs(net, epoch, SECOND)
        # The first checker never opens its proof, and what it forfeits uses up the epoch's cap.
        net.chain.run_until(rules.proofs_until(sampling.params(net.store), epoch))
        net.chain.run_until(rules.epoch_end(WINDOWS, net.epoch(net.chain.height)) + 1)
        assert penalties.absence_left(net.store) == 0
        bond = net.worker(SECOND).bond
        net.ok(net.chain.send(REQUESTER, claim(unit, SECOND)))
        assert (net.job(job.job_id).status, net.worker(SECOND).bond) == (JobStatus.LATE, bond)
        assert net.code(net.chain.send(REQUESTER, claim(unit, SECOND))) == Code.PENALTY_CAP
        while penalties.absence_left(net.store) < 3 * unit.terms.check_pay:
            net.chain.run_block()
        net.ok(net.chain.send(REQUESTER, claim(unit, SECOND)))
        assert net.worker(SECOND).bond == bond - 3 * unit.terms.check_pay
        net.chain.check_invariants()


def test_no_bond_of_the_asserter_leaves_before_its_late_draw_is_over(tmp_path: Path) -> None:
    with new_network(tmp_path) as net:
        unit = net.units(unchecked_job(net).job_id)[1]
        who = net.asserter(unit)
        net.ok(net.chain.send(who.operator, MsgUnbond(who.operator.bech32, BOND)))
        want_late(net, unit)
        assert (net.worker(who).reserved, net.worker(who).holds) == (0, 1)
        withdraw = MsgWithdraw(who.operator.bech32)
        assert net.code(net.chain.send(who.operator, withdraw)) == Code.BOND_LOCKED
        net.chain.check_invariants()
        run_while(net, unit.job_id, JobStatus.LATE)
        assert (net.worker(who).holds, net.worker(who).bond) == (0, BOND)
        net.ok(net.chain.send(who.operator, withdraw))


def test_a_unit_that_too_few_may_check_waits_and_is_given_up_when_the_windows_end(net: Network) -> None:
    unit = net.units(unchecked_job(net).job_id)[1]
    epoch = net.check_of(unit).epoch
    want_late(net, unit)
    net.ok(net.chain.send(FIRST.operator, MsgUnbond(FIRST.operator.bech32, BOND)))  # it drains
    last = rules.late_close(WINDOWS, epoch)
    net.chain.run_until(last - 1)
    net.chain.check_invariants()
    assert (net.job(unit.job_id).status, net.check_of(unit).late_height) == (JobStatus.LATE, 0)
    net.chain.run_until(last + WINDOWS.round_blocks)
    assert (net.job(unit.job_id).status, list(LATE.items(net.store))) == (JobStatus.FINAL, [])
    assert (net.worker(net.asserter(unit)).reserved, net.worker(net.asserter(unit)).holds) == (0, 0)


def test_refusals_in_a_late_draw(net: Network) -> None:
    unit = net.units(unchecked_job(net).job_id)[1]
    who, send = net.asserter(unit), net.chain.send
    assert net.code(send(FIRST.hot, net.commit_message(FIRST, unit))) == Code.WINDOW_CLOSED
    want_late(net, unit)
    assert net.code(send(FIRST.hot, net.commit_message(FIRST, unit))) == Code.WINDOW_CLOSED
    run_to_draw(net, unit)
    assert net.code(send(who.hot, net.commit_message(who, unit))) == Code.NOT_ELIGIBLE
    assert net.code(send(who.hot, net.open_message(unit))) == Code.NOTHING_TO_OPEN
    assert net.code(send(FIRST.hot, net.reveal_message(FIRST, unit))) == Code.WINDOW_CLOSED
    commit(net, FIRST, unit)
    assert net.code(send(FIRST.hot, net.commit_message(FIRST, unit))) == Code.ALREADY_COMMITTED
    net.chain.run_until(net.check_of(unit).phase_end)
    assert net.code(send(SECOND.hot, net.commit_message(SECOND, unit))) == Code.WINDOW_CLOSED
    assert net.code(send(SECOND.hot, net.reveal_message(SECOND, unit))) == Code.NOT_COMMITTED
    wrong = net.reveal_message(FIRST, unit, salt=bytes(32))
    assert net.code(send(FIRST.hot, wrong)) == Code.SEAL_MISMATCH
    reveal(net, FIRST, unit)
    assert net.code(send(who.hot, net.open_message(unit, salt=bytes(32)))) == Code.SEAL_MISMATCH
    net.ok(send(who.hot, net.open_message(unit)))
    assert net.job(unit.job_id).status == JobStatus.FINAL


# What is false


def test_bought_silence_about_a_false_unit_costs_asserter_and_silent_s(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        unit = net.units(unchecked_job(net).job_id)[1]
        liar, bond, three = net.asserter(unit), unit.terms.bond, 3 * unit.terms.check_pay
        earned, paid = unit_of(net, unit).paid, net.job(unit.job_id).paid
        want_late(net, unit)
        run_to_draw(net, unit)
        dispute = mismatch(net, unit, FIRST)
        assert (net.job(unit.job_id).status, dispute.kind) == (JobStatus.LATE_DISPUTED, DisputeKind.TRACE)
        assert dispute.frozen == 2 * bond
        everybody = {who.address: net.chain.balance(who.operator) for who in (*SERVERS, *CHECKERS)}
        everybody |= {REQUESTER.address: net.chain.balance(REQUESTER), TREASURY: net.chain.balance(TREASURY)}
        bonds = {who.name: net.worker(who).bond for who in (*SERVERS, *CHECKERS)}
        moves = net.finish(dispute)
        job = run_while(net, unit.job_id, JobStatus.LATE_DISPUTED)
        assert (job.status, job.close_reason, job.close_detail) == (JobStatus.CLOSED, CloseReason.REFUTED_LATE, 1)
        assert (job.attempt, unit_of(net, unit).status) == (0, UnitStatus.REFUTED)
        assert net.worker(liar).bond == bonds[liar.name] - bond - earned
        payments = list(registry.payments_of(net.store, dispute.dispute_id))
        assert [(one.reason, one.recipient) for one in payments] == [
            (PaymentReason.FORFEIT, TREASURY),
            (PaymentReason.MOVES, FIRST.address),
            (PaymentReason.BOUNTY, FIRST.address),
            (PaymentReason.REFUND, REQUESTER.address),
            (PaymentReason.REFUND, REQUESTER.address),
            (PaymentReason.REMAINDER, TREASURY),
        ]
        assert payments[0].amount == loss(bond)
        assert (payments[3].amount, payments[4].amount) == (earned, paid - earned)
        assert job.refunded == paid
        assert sum(one.amount for one in payments) == bond + earned
        received = dict.fromkeys(everybody, 0)
        for one in payments:
            received[one.recipient] += one.amount
        received[TREASURY] += 1_000 * moves
        gained = {who: net.chain.balance(who) - before for who, before in everybody.items()}
        assert gained == received
        assert [net.worker(who).bond for who in (FIRST, SECOND)] == [BOND, BOND - three]
        net.ok(net.chain.send(REQUESTER, claim(unit, SECOND)))
        assert net.worker(SECOND).bond == BOND - bond
        # Whoever told the truth late has been silent before: three checks, not S.
        open_proofs(net, EARLIER.find(net.store, jobs.key_of(unit)).epoch, FIRST)  # type: ignore[union-attr]
        net.ok(net.chain.send(REQUESTER, claim(unit, FIRST)))
        assert net.worker(FIRST).bond == BOND - three
        assert [net.worker(who).reserved for who in (*SERVERS, *CHECKERS)] == [0] * 5
        # Nothing of it is drawn any more.
        net.ok(net.chain.send(REQUESTER, claim(net.units(unit.job_id)[0], SECOND)))
        assert net.job(unit.job_id) == job
        net.chain.check_invariants()


def test_whoever_confirms_a_false_unit_late_loses_s(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        net.views[SECOND.name] = net.job3.asserted
        unit = late_job(net)
        dispute = mismatch(net, unit, FIRST, SECOND)
        net.finish(dispute)
        job = run_while(net, unit.job_id, JobStatus.LATE_DISPUTED)
        assert job.close_reason == CloseReason.REFUTED_LATE
        assert net.worker(SECOND).bond == BOND - 3 * unit.terms.check_pay - unit.terms.bond
        assert net.worker(FIRST).bond == BOND
        net.chain.check_invariants()


def test_whoever_had_committed_and_opened_nothing_loses_the_rest_of_s(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        net.enroll(STRANGER, Role.CHECK)
        net.ready()
        job = net.drawn_job(value=VALUE)
        unit = net.units(job.job_id)[1]
        commit(net, SECOND, unit)
        net.run_to_phase_end(unit)
        net.chain.run_until(net.check_of(unit).phase_end)
        assert net.job(job.job_id).status == JobStatus.FINAL
        three = 3 * unit.terms.check_pay
        assert net.worker(SECOND).bond == BOND - three
        want_late(net, unit, FIRST)
        run_to_draw(net, unit)
        assert net.code(net.chain.send(SECOND.hot, net.commit_message(SECOND, unit))) == Code.NOT_ELIGIBLE
        dispute = mismatch(net, unit, STRANGER)
        net.finish(dispute)
        run_while(net, unit.job_id, JobStatus.LATE_DISPUTED)
        assert net.worker(SECOND).bond == BOND - unit.terms.bond
        assert net.worker(FIRST).bond == BOND - three
        net.ok(net.chain.send(REQUESTER, claim(unit, FIRST)))
        assert net.worker(FIRST).bond == BOND - unit.terms.bond
        net.chain.check_invariants()


def test_a_false_alarm_in_a_late_draw_costs_the_checker_and_leaves_the_job_final(
    tmp_path: Path, model: ModelFiles
) -> None:
    with dispute_network(tmp_path, model, None) as net:
        net.views[FIRST.name] = Job3(model, (1, FAULT)).asserted
        unit = late_job(net)
        dispute = mismatch(net, unit, FIRST)
        net.ok(net.step(dispute, {}))  # the asserter shows its sections, and the checker says nothing more
        job = run_while(net, unit.job_id, JobStatus.LATE_DISPUTED)
        assert (job.status, job.close_reason) == (JobStatus.FINAL, CloseReason.SETTLED)
        assert disputes.dispute(net.store, dispute.dispute_id).status == DisputeStatus.UPHELD
        assert unit_of(net, unit).status == UnitStatus.FINAL
        assert net.worker(FIRST).bond == BOND - unit.terms.bond
        assert net.worker(net.asserter(unit)).bond == BOND
        net.chain.check_invariants()


@pytest.mark.parametrize("is_together", [False, True])
def test_of_units_of_one_job_that_are_drawn_late_each_dispute_is_archived_once(
    tmp_path: Path, model: ModelFiles, is_together: bool
) -> None:
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        net.enroll(STRANGER, Role.CHECK)
        net.ready()
        alarmed, unit, _ = net.units(unchecked_job(net).job_id)
        net.views[SECOND.name] = Job3(model, (0, EARLY_FAULT)).asserted
        want_late(net, alarmed)
        run_to_draw(net, alarmed)
        dispute = mismatch(net, alarmed, SECOND)
        net.ok(net.step(dispute, {}))
        while not is_together and disputes.dispute(net.store, dispute.dispute_id).status == DisputeStatus.OPEN:
            net.chain.run_block()
        net.ok(net.chain.send(REQUESTER, claim(unit, SECOND)))
        assert net.job(unit.job_id).status == (JobStatus.LATE_DISPUTED if is_together else JobStatus.LATE)
        run_to_draw(net, unit)
        found = mismatch(net, unit, FIRST)
        net.finish(found)
        job = run_while(net, unit.job_id, JobStatus.LATE_DISPUTED)
        assert (job.close_reason, job.close_detail) == (CloseReason.REFUTED_LATE, 1)
        seen = [(record.kind, record.id) for record in archived(net)]
        assert len(seen) == len(set(seen))
        assert [number for kind, number in seen if kind == RecordKind.DISPUTE] == [
            one.dispute_id.to_bytes(8, "big") for one in (dispute, found)
        ]
        assert [kind for kind, _ in seen].count(RecordKind.JOB) == 2 - is_together
        net.chain.check_invariants()


def test_an_asserter_that_does_not_open_late_loses_s(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, None) as net:
        unit = late_job(net)
        earned = unit_of(net, unit).paid
        commit(net, FIRST, unit)
        net.chain.run_until(net.check_of(unit).phase_end)
        reveal(net, FIRST, unit)
        net.chain.run_until(net.check_of(unit).phase_end)
        (dispute,) = disputes.disputes_of(net.store, unit.job_id)
        assert (dispute.kind, net.job(unit.job_id).status) == (DisputeKind.SILENCE, JobStatus.LATE_DISPUTED)
        job = run_while(net, unit.job_id, JobStatus.LATE_DISPUTED)
        assert job.close_reason == CloseReason.REFUTED_LATE
        assert net.worker(net.asserter(unit)).bond == BOND - unit.terms.bond - earned
        # Silence proves nothing about the unit, so those who were silent about it pay no more.
        assert net.code(net.chain.send(REQUESTER, claim(unit, SECOND))) == Code.ALREADY_CLAIMED
        net.chain.check_invariants()


def test_an_asserter_that_opens_only_when_asked_again_loses_r_and_the_job_stays_final(
    tmp_path: Path, model: ModelFiles
) -> None:
    with dispute_network(tmp_path, model, None) as net:
        unit = late_job(net)
        commit(net, FIRST, unit)
        net.chain.run_until(net.check_of(unit).phase_end)
        reveal(net, FIRST, unit)
        net.chain.run_until(net.check_of(unit).phase_end)
        (dispute,) = disputes.disputes_of(net.store, unit.job_id)
        net.ok(net.step(dispute, {}))
        job = run_while(net, unit.job_id, JobStatus.LATE_DISPUTED)
        assert (job.status, unit_of(net, unit).status) == (JobStatus.FINAL, UnitStatus.UNOPENED)
        assert net.worker(net.asserter(unit)).bond == BOND - unit.terms.fee
        net.chain.check_invariants()


def test_a_stranger_may_challenge_what_is_drawn_late(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        unit = net.units(unchecked_job(net).job_id)[1]
        seen = net.roots(STRANGER, unit)
        roots = (seen["body_root"], seen["out_root"])
        message = MsgChallenge(STRANGER.hot.bech32, unit.job_id, unit.attempt, unit.stage, *roots)
        assert net.code(net.chain.send(STRANGER.hot, message)) == Code.WINDOW_CLOSED
        want_late(net, unit)
        assert net.code(net.chain.send(STRANGER.hot, message)) == Code.WINDOW_CLOSED
        run_to_draw(net, unit)
        net.ok(net.chain.send(STRANGER.hot, message))
        assert net.job(unit.job_id).status == JobStatus.LATE_DISPUTED
        net.chain.check_invariants()
        net.chain.run_until(net.check_of(unit).phase_end)
        (dispute,) = disputes.disputes_of(net.store, unit.job_id)
        net.finish(dispute)
        job = run_while(net, unit.job_id, JobStatus.LATE_DISPUTED)
        assert job.close_reason == CloseReason.REFUTED_LATE
        assert net.worker(net.asserter(unit)).bond < BOND - unit.terms.bond
        net.chain.check_invariants()


# Afterwards


def test_state_holds_nothing_of_a_late_draw_when_its_time_is_over(tmp_path: Path, model: ModelFiles) -> None:
    parameters = short(jobs={"receipt_blocks": 10}, sampling={"proof_blocks": 30})
    with dispute_network(tmp_path, model, (1, FAULT), parameters=parameters) as net:
        unit = net.units(unchecked_job(net).job_id)[1]
        settled = net.job(unit.job_id)
        want_late(net, unit)
        job = net.job(unit.job_id)
        until = jobs.deleted_height(net.store, job)
        assert until > jobs.deleted_height(net.store, settled) > settled.late_until
        run_to_draw(net, unit)
        dispute = mismatch(net, unit, FIRST)
        net.finish(dispute)
        run_while(net, unit.job_id, JobStatus.LATE_DISPUTED)
        epoch = net.check_of(unit).epoch
        net.chain.run_until(until - 1)
        assert jobs.find_job(net.store, unit.job_id) is not None
        net.chain.check_invariants()
        net.chain.run_until(until + 2)
        assert jobs.find_job(net.store, unit.job_id) is None
        for kept in (CHECKS, EARLIER, COMMITS, CLAIMS, LATE):
            assert list(kept.items(net.store)) == []  # type: ignore[attr-defined]
        assert list(registry.after_id(net.store, 0)) == []
        params = sampling.params(net.store)
        net.chain.run_until(rules.proofs_until(params, epoch) + epochs.keep_blocks(net.store) + 2)
        assert (epochs.find_head(net.store, epoch), list(epochs.proofs(net.store, epoch))) == (None, [])
        net.chain.check_invariants()

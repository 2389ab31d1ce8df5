"""What it costs to be drawn and absent, to commit without opening or ticket, and to give a seal away."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chain.crypto.keys import module_address
from chain.errors import Code
from chain.modules.disputes import keeper as disputes
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.rules import done_work
from chain.modules.jobs.types import Job, Unit, UnitStatus
from chain.modules.rates import rules as rates
from chain.modules.sampling import epochs as epochs_of
from chain.modules.sampling import keeper as sampling
from chain.modules.sampling.state import CHECKS, CLAIMS, SHOWN
from chain.modules.sampling.types import (
    CheckOutcome,
    CheckPhase,
    QueryUnmetRequest,
    QueryUnmetResponse,
    UnmetDuty,
)
from chain.parameters import LOCALNET
from inference.disputes.model import ModelFiles
from inference.models.convert import convert
from tests.support.dispute_network import FAULT, DisputeNetwork, dispute_network
from tests.support.duty_claims import CHEAP, claim, commit_as_seen, leak, open_proofs, settled_job
from tests.support.network import (
    BOND,
    CHECKERS,
    REQUESTER,
    SERVERS,
    Machine,
    Network,
    digest,
    header,
    new_network,
    short,
)
from tests.support.tiny_model import TinyShape, write_tiny_model

FIRST, SECOND = CHECKERS
FEE = 100
TREASURY = module_address("treasury")
UNMET = "ostraka.sampling.v1.Query/Unmet"


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    with new_network(tmp_path) as network:
        yield network
        network.chain.check_invariants()


def test_an_unmet_duty_costs_three_checks_of_which_the_claimer_gets_a_quarter(net: Network) -> None:
    job = settled_job(net, FIRST)
    unit = net.units(job.job_id)[0]
    open_proofs(net, unit, FIRST, SECOND)
    assert net.worker(SECOND).bond == BOND
    held, treasury = net.chain.balance(REQUESTER), net.chain.balance(TREASURY)
    net.ok(net.chain.send(REQUESTER, claim(unit, SECOND)))
    amount = 3 * unit.terms.check_pay
    share = amount // 4
    assert 0 < share < amount
    assert net.worker(SECOND).bond == BOND - amount
    assert net.chain.balance(REQUESTER) == held + share - FEE
    assert net.chain.balance(TREASURY) == treasury + amount - share + FEE
    assert net.code(net.chain.send(REQUESTER, claim(unit, SECOND))) == Code.ALREADY_CLAIMED
    assert net.worker(SECOND).bond == BOND - amount
    assert net.code(net.chain.send(REQUESTER, claim(unit, FIRST))) == Code.DUTY_MET


def test_whoever_claims_its_own_duty_loses_three_quarters_of_its_price(net: Network) -> None:
    job = settled_job(net, FIRST)
    unit = net.units(job.job_id)[1]
    open_proofs(net, unit, SECOND)
    wealth = net.chain.balance(SECOND.operator) + net.worker(SECOND).bond
    net.ok(net.chain.send(SECOND.operator, claim(unit, SECOND, sender=SECOND.operator.bech32)))
    after = net.chain.balance(SECOND.operator) + net.worker(SECOND).bond
    amount = 3 * unit.terms.check_pay
    assert wealth - after == amount - amount // 4 + FEE > unit.terms.check_pay


def test_silence_of_everybody_is_claimed_from_everybody(net: Network) -> None:
    job = settled_job(net)
    units = net.units(job.job_id)
    open_proofs(net, units[0], FIRST, SECOND)
    for who in CHECKERS:
        net.ok(net.chain.send(REQUESTER, *[claim(unit, who) for unit in units]))
        assert net.worker(who).bond == BOND - 3 * sum(unit.terms.check_pay for unit in units)
    assert net.worker(FIRST).status.name == "ACTIVE"


def test_refusals_of_claims(net: Network) -> None:
    job = net.drawn_job()
    unit = net.units(job.job_id)[0]
    early = net.chain.send(REQUESTER, claim(unit, SECOND))
    assert net.code(early) == Code.WINDOW_CLOSED
    net.run_to_phase_end(unit)
    assert net.check_of(unit).phase == CheckPhase.DONE
    before = net.worker(SECOND)
    assert net.code(net.chain.send(REQUESTER, claim(unit, SECOND))) == Code.PROOF_NOT_OPEN
    assert net.code(net.chain.send(REQUESTER, claim(unit, SERVERS[0]))) == Code.NOT_ELIGIBLE
    assert net.code(net.chain.send(REQUESTER, claim(unit, Machine("nobody")))) == Code.NOT_ELIGIBLE
    assert net.code(net.chain.send(REQUESTER, claim(unit, SECOND, job_id=77))) == Code.UNKNOWN_JOB
    assert net.code(net.chain.send(REQUESTER, claim(unit, SECOND, stage=3))) == Code.UNKNOWN_JOB
    assert net.code(net.chain.send(REQUESTER, claim(unit, SECOND, checker="ostr1nothing"))) == Code.INVALID_ADDRESS
    assert net.worker(SECOND) == before


def test_whoever_was_not_drawn_owes_nothing_and_the_query_names_what_is_unmet(tmp_path: Path) -> None:
    cheap = header(layer_costs=(700,) * 6, head_cost=700)
    with new_network(tmp_path, model=cheap) as net:
        found = [net.asserted_job().job_id for _ in range(5)]
        net.chain.run_until(net.chain.height + 60)
        units = [unit for job_id in found for unit in net.units(job_id)]
        epochs = sorted({net.check_of(unit).epoch for unit in units})
        assert ask(net, epochs[0], FIRST) == ((), b"")
        expected = []
        for unit in units:
            open_proofs(net, unit, *([FIRST] if not is_open(net, unit, FIRST) else []))
            limit = unit.terms.rate * BOND * (1 << 224) // net.check_of(unit).total_weight
            if int.from_bytes(net.ticket(FIRST, unit), "big") < limit:
                amount = 3 * unit.terms.check_pay
                expected.append(UnmetDuty(unit.job_id, 0, unit.stage, amount, amount // 4))
        assert 0 < len(expected) < len(units)
        assert [duty for epoch in epochs for duty in ask(net, epoch, FIRST)[0]] == expected
        owed = {(duty.job_id, duty.stage) for duty in expected}
        for unit in units:
            code = net.code(net.chain.send(REQUESTER, claim(unit, FIRST)))
            assert code == (Code.OK if (unit.job_id, unit.stage) in owed else Code.DUTY_MET)
        assert [ask(net, epoch, FIRST) for epoch in epochs] == [((), b"")] * len(epochs)
        net.chain.check_invariants()


def ask(net: Network, epoch: int, who: Machine) -> tuple[tuple[UnmetDuty, ...], bytes]:
    answer: QueryUnmetResponse = net.chain.query(QueryUnmetRequest(epoch, who.operator.bech32), UNMET)
    return answer.duties, answer.cursor


def is_open(net: Network, unit: Unit, who: Machine) -> bool:
    found = epochs_of.find_proof(net.store, net.check_of(unit).epoch, who.address)
    return found is not None and bool(found.beta)


def test_a_check_in_the_second_look_does_not_meet_a_duty_of_the_first(net: Network) -> None:
    job = net.drawn_job()
    unit = net.units(job.job_id)[0]
    net.ok(net.chain.send(FIRST.hot, net.commit_message(FIRST, unit)))
    net.chain.run_until(net.check_of(unit).phase_end)
    net.chain.run_until(net.check_of(unit).phase_end)
    net.ok(net.chain.send(SECOND.hot, net.commit_message(SECOND, unit)))
    net.run_to_phase_end(unit)
    for who in CHECKERS:
        net.ok(net.chain.send(who.hot, net.reveal_message(who, unit)))
    net.ok(net.chain.send(net.asserter(unit).hot, net.open_message(unit)))
    open_proofs(net, unit, FIRST, SECOND)
    net.ok(net.chain.send(REQUESTER, claim(unit, SECOND)))
    assert net.worker(SECOND).bond == BOND - 3 * unit.terms.check_pay


def test_a_commitment_that_is_not_revealed_costs_three_checks_at_once(net: Network) -> None:
    job = net.drawn_job()
    unit = net.units(job.job_id)[0]
    net.ok(net.chain.send(FIRST.hot, net.commit_message(FIRST, unit)))
    net.run_to_phase_end(unit)
    treasury = net.chain.balance(TREASURY)
    net.chain.run_until(net.check_of(unit).phase_end - 1)
    assert net.worker(FIRST).bond == BOND
    net.chain.run_block()
    amount = 3 * unit.terms.check_pay
    assert net.worker(FIRST).bond == BOND - amount
    model, job = net.header, net.job(job.job_id)
    taxes = [
        rates.settle(one.terms, done_work(model, job, one), one.num_eligible, is_opened=True).to_treasury
        for one in net.units(job.job_id)
    ]
    assert net.chain.balance(TREASURY) == treasury + amount + sum(taxes)
    open_proofs(net, unit, FIRST)
    assert net.code(net.chain.send(REQUESTER, claim(unit, FIRST))) == Code.DUTY_MET
    assert net.worker(FIRST).bond == BOND - amount


def test_a_commitment_without_a_winning_ticket_costs_three_checks(tmp_path: Path) -> None:
    with new_network(tmp_path, model=CHEAP) as net:
        job = settled_job(net, FIRST, SECOND)
        units = net.units(job.job_id)
        treasury = net.chain.balance(TREASURY)
        epoch = open_proofs(net, units[0], FIRST, SECOND)
        for who in CHECKERS:
            commits = [sampling.find_commit(net.store, jobs.key_of(unit), who.address) for unit in units]
            lost = [
                3 * unit.terms.check_pay
                for unit, commit in zip(units, commits, strict=True)
                if commit is not None and commit.outcome == CheckOutcome.NO_TICKET
            ]
            assert net.worker(who).bond == BOND - sum(lost)
        taken = sum(BOND - net.worker(who).bond for who in CHECKERS)
        assert taken > 0
        assert net.epoch(net.chain.height) > epoch
        assert net.chain.balance(TREASURY) >= treasury + taken
        net.chain.check_invariants()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    work = tmp_path_factory.mktemp("model")
    manifest = convert(write_tiny_model(work / "source", TinyShape(layers=6)), work / "models")
    return ModelFiles(work / "models" / manifest.model_root.hex())


@pytest.mark.parametrize("author", ["asserter", "checker"])
def test_a_leaked_seal_costs_an_eighth_of_s_of_which_whoever_shows_it_gets_half(net: Network, author: str) -> None:
    job = net.drawn_job()
    unit = net.units(job.job_id)[1]
    who = net.asserter(unit) if author == "asserter" else FIRST
    net.ok(net.chain.send(FIRST.hot, net.commit_message(FIRST, unit)))
    held, treasury = net.chain.balance(REQUESTER), net.chain.balance(TREASURY)
    net.ok(net.chain.send(REQUESTER, leak(net, who, unit)))
    price = unit.terms.bond // 8
    assert net.worker(who).bond == BOND - price
    assert net.chain.balance(REQUESTER) == held + price // 2 - FEE
    assert net.chain.balance(TREASURY) == treasury + price - price // 2 + FEE
    assert net.code(net.chain.send(REQUESTER, leak(net, who, unit))) == Code.ALREADY_CLAIMED
    net.chain.check_invariants()


def test_refusals_of_shown_seals(net: Network) -> None:
    job = net.planned_job()
    units = net.units(job.job_id)
    unit, who = units[1], SERVERS[1]
    send = net.chain.send
    assert net.code(send(REQUESTER, leak(net, who, unit))) == Code.NOT_COMMITTED
    net.submit_all(job)
    unit = net.units(job.job_id)[1]
    own = leak(net, who, unit, sender=who.hot.bech32)
    assert net.code(send(who.hot, own)) == Code.OWN_SEAL
    assert net.code(send(who.operator, replace(own, sender=who.operator.bech32))) == Code.OWN_SEAL
    assert net.code(send(REQUESTER, leak(net, who, unit, salt=digest("guess")))) == Code.SEAL_MISMATCH
    assert net.code(send(REQUESTER, leak(net, who, unit, body_root=digest("guess")))) == Code.SEAL_MISMATCH
    assert net.code(send(REQUESTER, leak(net, who, unit, salt=b""))) == Code.INVALID_REQUEST
    assert net.code(send(REQUESTER, leak(net, who, unit, out_root=net.out_root(unit)))) == Code.INVALID_REQUEST
    assert net.code(send(REQUESTER, leak(net, who, unit, job_id=77))) == Code.UNKNOWN_JOB
    assert net.code(send(REQUESTER, leak(net, Machine("nobody"), unit))) == Code.UNKNOWN_WORKER
    assert net.code(send(REQUESTER, leak(net, FIRST, unit))) == Code.NOT_COMMITTED
    assert [net.worker(one).bond for one in (*SERVERS, *CHECKERS)] == [BOND] * 5
    blocks = LOCALNET.sampling.round_blocks
    net.chain.run_until(-(-net.chain.height // blocks) * blocks + 2)
    net.ok(send(FIRST.hot, net.commit_message(FIRST, unit)))
    assert net.code(send(REQUESTER, leak(net, FIRST, unit, out_root=b""))) == Code.INVALID_REQUEST
    assert net.code(send(REQUESTER, leak(net, FIRST, unit, out_root=digest("guess")))) == Code.SEAL_MISMATCH
    net.run_to_phase_end(unit)
    assert net.check_of(unit).phase == CheckPhase.REVEAL
    for late in (who, FIRST):
        assert net.code(send(REQUESTER, leak(net, late, unit))) == Code.WINDOW_CLOSED
    assert [net.worker(one).bond for one in (*SERVERS, *CHECKERS)] == [BOND] * 5


def test_a_seal_is_shown_before_its_round_closes_and_in_the_second_look(net: Network) -> None:
    job = net.asserted_job()
    unit = net.units(job.job_id)[0]
    net.ok(net.chain.send(REQUESTER, leak(net, SERVERS[0], unit)))
    blocks = LOCALNET.sampling.round_blocks
    net.chain.run_until(-(-net.chain.height // blocks) * blocks + 2)
    net.ok(net.chain.send(FIRST.hot, net.commit_message(FIRST, unit)))
    net.chain.run_until(net.check_of(unit).phase_end + 1)
    assert net.check_of(unit).phase == CheckPhase.DRAWING_AGAIN
    net.ok(net.chain.send(REQUESTER, leak(net, FIRST, unit)))
    price = unit.terms.bond // 8
    assert [net.worker(who).bond for who in (SERVERS[0], FIRST, SECOND)] == [BOND - price, BOND - price, BOND]


def run_to_verdict(net: DisputeNetwork, job: Job) -> None:
    """Run until every window of the attempt is over and its verdicts are in force."""
    for _ in range(LOCALNET.sampling.dispute_blocks):
        if net.job(job.job_id).attempt != job.attempt:
            return
        net.chain.run_block()
    raise AssertionError("the attempt was not judged")


def test_of_a_false_unit_the_silent_lose_s_like_its_asserter(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        job = net.drawn_job()
        units = net.units(job.job_id)
        unit = units[1]
        # A commitment has the unit drawn again, and the second look draws nearly everybody.
        commit_as_seen(net, FIRST, units)
        net.run_to_phase_end(unit)
        net.ok(net.chain.send(FIRST.hot, *[net.reveal_message(FIRST, one, **net.roots(FIRST, one)) for one in units]))
        (dispute,) = disputes.disputes_of(net.store, job.job_id)
        early = claim(unit, SECOND)
        assert net.code(net.chain.send(REQUESTER, early)) == Code.WINDOW_CLOSED
        net.finish(dispute)
        run_to_verdict(net, job)
        refuted = jobs.unit(net.store, jobs.key_of(unit))
        assert (refuted.status, net.worker(SERVERS[1]).bond) == (UnitStatus.REFUTED, BOND - unit.terms.bond)
        open_proofs(net, unit, FIRST, SECOND)
        held, treasury = net.chain.balance(REQUESTER), net.chain.balance(TREASURY)
        net.ok(net.chain.send(REQUESTER, claim(unit, SECOND)))
        bond, share = unit.terms.bond, unit.terms.bond // 8
        assert net.worker(SECOND).bond == BOND - bond
        assert net.chain.balance(REQUESTER) == held + share - FEE
        assert net.chain.balance(TREASURY) == treasury + bond - share + FEE
        # Its other units were right: there silence costs three checks, where it was drawn.
        drawn = {duty.stage for duty in ask(net, net.check_of(unit).epoch, SECOND)[0]}
        for other in (0, 2):
            key = (unit.job_id, (0, other))
            silent = jobs.unit(net.store, key)
            code = net.code(net.chain.send(REQUESTER, claim(silent, SECOND)))
            assert code == (Code.OK if other in drawn else Code.DUTY_MET)
            if code != Code.OK:
                continue
            bond += 3 * silent.terms.check_pay
            assert net.worker(SECOND).bond == BOND - bond
        # Whoever found the false one needed no ticket for it.
        others = [one for one in units if one.stage != unit.stage]
        found = [sampling.find_commit(net.store, jobs.key_of(one), FIRST.address) for one in others]
        ticketless = [one for one, kept in zip(others, found, strict=True) if kept and kept.outcome.name == "NO_TICKET"]
        assert net.worker(FIRST).bond == BOND - 3 * sum(one.terms.check_pay for one in ticketless)
        net.chain.check_invariants()


def test_of_a_false_unit_whoever_committed_and_did_not_open_loses_s(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        job = net.drawn_job()
        unit = net.units(job.job_id)[1]
        for who in CHECKERS:
            net.ok(net.chain.send(who.hot, net.commit_message(who, unit, **net.roots(who, unit))))
        net.run_to_phase_end(unit)
        net.ok(net.chain.send(FIRST.hot, net.reveal_message(FIRST, unit, **net.roots(FIRST, unit))))
        (dispute,) = disputes.disputes_of(net.store, job.job_id)
        net.finish(dispute)
        run_to_verdict(net, job)
        assert net.worker(SECOND).bond == BOND - unit.terms.bond
        assert net.worker(FIRST).bond == BOND
        net.chain.check_invariants()


def test_whoever_confirms_a_false_unit_loses_s_and_is_not_paid(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        net.views[SECOND.name] = net.job3.asserted
        job = net.drawn_job()
        units = net.units(job.job_id)
        unit = units[1]
        commit_as_seen(net, FIRST, units)
        net.chain.run_until(net.check_of(unit).phase_end)
        net.chain.run_until(net.check_of(unit).phase_end)
        commit_as_seen(net, SECOND, units)
        net.run_to_phase_end(unit)
        for who in CHECKERS:
            net.ok(net.chain.send(who.hot, *[net.reveal_message(who, one, **net.roots(who, one)) for one in units]))
        (dispute,) = disputes.disputes_of(net.store, job.job_id)
        for one in (units[0], units[2]):
            net.ok(net.chain.send(net.asserter(one).hot, net.open_message(one)))
        net.finish(dispute)
        run_to_verdict(net, job)
        assert net.worker(SECOND).bond == BOND - unit.terms.bond
        held = net.chain.balance(SECOND.operator)
        open_proofs(net, unit, SECOND)
        others = [jobs.unit(net.store, (job.job_id, (0, stage))) for stage in (0, 2)]
        assert net.chain.balance(SECOND.operator) == held + net.check_pay(*others)
        commit = sampling.find_commit(net.store, jobs.key_of(unit), SECOND.address)
        assert commit is not None
        assert commit.outcome == CheckOutcome.FALSE
        net.chain.check_invariants()


def test_claims_and_shown_seals_are_deleted_with_their_job(tmp_path: Path) -> None:
    brief = short(jobs={"receipt_blocks": 30}, sampling={"proof_blocks": 160})
    with new_network(tmp_path, parameters=brief) as net:
        job = net.drawn_job()
        unit = net.units(job.job_id)[0]
        net.ok(net.chain.send(REQUESTER, leak(net, net.asserter(unit), unit)))
        net.run_to_phase_end(unit)
        open_proofs(net, unit, FIRST, SECOND)
        net.ok(net.chain.send(REQUESTER, claim(unit, SECOND)))
        kept = [next(one.items(net.store), None) for one in (CLAIMS, CHECKS)]
        assert None not in [*kept, next(SHOWN.keys(net.store), None)]
        net.chain.run_until(net.chain.height + 1_500)
        assert net.code(net.chain.send(REQUESTER, claim(unit, SECOND))) == Code.UNKNOWN_JOB
        assert [next(one.items(net.store), None) for one in (CLAIMS, CHECKS)] == [None, None]
        assert next(SHOWN.keys(net.store), None) is None
        net.chain.check_invariants()

"""Withheld input through the real modules: demands, sealed boxes, and what silence and false boxes cost."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chain.crypto import boxes
from chain.crypto.hashing import sha256
from chain.crypto.keys import module_address
from chain.errors import Code, Rejected
from chain.modules.disputes import keeper as disputes
from chain.modules.disputes import plays, witness, witness_rules
from chain.modules.disputes.types import (
    DemandStatus,
    DisputeKind,
    DisputeStatus,
    MsgRefuteWitness,
    QueryDemandsRequest,
    WitnessPart,
)
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import JobStatus
from chain.modules.rates.rules import loss
from chain.modules.sampling import claims, penalties
from chain.modules.sampling import keeper as sampling
from chain.modules.sampling import rules as sampling_rules
from chain.modules.sampling.types import CheckOutcome, Penalty, PenaltyReason
from chain.parameters import LOCALNET
from inference.disputes.model import ModelFiles
from inference.models.convert import convert
from tests.integration.test_dispute_challenges import money
from tests.support.builders import seed
from tests.support.dispute_network import FAULT, PROMPT, STRANGER, DisputeNetwork, dispute_network
from tests.support.network import BLIND, BOND, CHECKERS, REQUESTER, SERVERS, Machine, short
from tests.support.tiny_model import TinyShape, write_tiny_model
from tests.support.witness_claims import (
    FALSE_BOXES,
    FIRST,
    LAST,
    PARTS,
    SECRET,
    altered,
    answer,
    demand,
    only_demand,
    run_to_end,
)

TREASURY = module_address("treasury")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    work = tmp_path_factory.mktemp("model")
    manifest = convert(write_tiny_model(work / "source", TinyShape(layers=6)), work / "models")
    return ModelFiles(work / "models" / manifest.model_root.hex())


def bonds(net: DisputeNetwork) -> list[int]:
    """What everybody has lost of its bond: the servers, the checkers, the stranger."""
    return [BOND - net.worker(who).bond for who in (*SERVERS, *CHECKERS, STRANGER)]


def test_who_answers_loses_nothing_and_the_job_is_settled(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, None) as net:
        job = net.drawn_job()
        unit = net.units(job.job_id)[1]
        held = [net.chain.balance(who.operator) for who in (FIRST, LAST)]
        net.ok(net.chain.send(CHECKERS[0].hot, demand(job, CHECKERS[0])))
        found = only_demand(net)
        stake = plays.deposit(net.store, unit)
        assert (found.status, found.deposit, found.is_outsider) == (DemandStatus.OWED, stake, False)
        assert (found.deadline, found.suppliers) == (net.chain.height + 6, (FIRST.address, LAST.address))
        assert net.worker(CHECKERS[0]).reserved == stake
        net.chain.check_invariants()
        sent = [answer(net, part) for part in PARTS]
        for who, message in zip((FIRST, LAST), sent, strict=True):
            net.ok(net.chain.send(who.hot, message))
            net.chain.check_invariants()
        found = only_demand(net)
        assert (found.status, found.digests) == (DemandStatus.SUPPLIED, tuple(sha256(one.box) for one in sent))
        assert found.heights == (net.chain.height - 1, net.chain.height)
        # The demander has paid the gas of the answers.
        paid = [net.chain.balance(who.operator) - old for who, old in zip((FIRST, LAST), held, strict=True)]
        assert min(paid) > 0
        assert sum(paid) < found.cost
        opened = boxes.open_box(SECRET, sent[0].box)
        assert opened is not None
        assert witness_rules.read_content(opened) == (BLIND, PROMPT)
        run_to_end(net, job)
        assert bonds(net) == [0] * 6
        assert net.job(job.job_id).status == JobStatus.FINAL
        assert [net.worker(who).reserved for who in (*SERVERS, *CHECKERS)] == [0] * 5


@pytest.mark.parametrize(("answered", "guilty"), [((), (0, 2)), ((0,), (2,)), ((1,), (0,))])
def test_who_does_not_answer_in_time_loses_s_and_the_job_runs_again(
    tmp_path: Path, model: ModelFiles, answered: tuple[int, ...], guilty: tuple[int, ...]
) -> None:
    with dispute_network(tmp_path, model, None) as net:
        job = net.drawn_job()
        units = net.units(job.job_id)
        before, treasury = money(net, CHECKERS[0]), net.chain.balance(TREASURY)
        net.ok(net.chain.send(CHECKERS[0].hot, demand(job, CHECKERS[0])))
        for at in answered:
            net.ok(net.chain.send((FIRST, LAST)[at].hot, answer(net, PARTS[at])))
        net.chain.run_until(only_demand(net).deadline)
        found = list(disputes.disputes_of(net.store, job.job_id))
        assert [(one.kind, one.status, one.stage) for one in found] == [
            (DisputeKind.WITHHELD, DisputeStatus.REFUTED, stage) for stage in guilty
        ]
        assert only_demand(net).status == DemandStatus.LATE
        net.chain.check_invariants()
        run_to_end(net, job)
        lost = [units[stage].terms.bond if stage in guilty else 0 for stage in range(3)]
        assert bonds(net) == [*lost, 0, 0, 0]
        assert net.job(job.job_id).attempt == 1
        assert net.chain.balance(TREASURY) - treasury >= sum(loss(bond) for bond in lost)
        # Whoever demanded is paid what it cost, and the bounty, for nobody can find a fault in what is withheld.
        gained = money(net, CHECKERS[0]) - before
        assert 0 < gained <= sum(bond // 8 for bond in lost) + 200


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", FALSE_BOXES)
def test_a_false_box_is_opened_on_the_chain_and_costs_s(
    tmp_path: Path, model: ModelFiles, name: str, part: WitnessPart
) -> None:
    with dispute_network(tmp_path, model, None) as net:
        job = net.drawn_job()
        units = net.units(job.job_id)
        net.ok(net.chain.send(CHECKERS[0].hot, demand(job, CHECKERS[0])))
        false = FALSE_BOXES[name](net, part)
        supplier, stage = (FIRST, 0) if part == WitnessPart.PROMPT else (LAST, 2)
        net.ok(net.chain.send(supplier.hot, false))
        shown = MsgRefuteWitness(CHECKERS[0].hot.bech32, 1, part, SECRET, false.box)
        net.ok(net.chain.send(CHECKERS[0].hot, shown))
        assert only_demand(net).status == DemandStatus.BAD
        (found,) = disputes.disputes_of(net.store, job.job_id)
        assert (found.kind, found.status, found.stage) == (DisputeKind.WITHHELD, DisputeStatus.REFUTED, stage)
        net.chain.check_invariants()
        run_to_end(net, job)
        lost = [units[one].terms.bond if one == stage else 0 for one in range(3)]
        assert bonds(net) == [*lost, 0, 0, 0]
        assert net.job(job.job_id).attempt == 1


def test_whoever_calls_a_right_box_bad_loses_its_deposit(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, None) as net:
        job = net.drawn_job()
        net.ok(net.chain.send(CHECKERS[0].hot, demand(job, CHECKERS[0])))
        stake = only_demand(net).deposit
        right = answer(net, WitnessPart.PROMPT)
        net.ok(net.chain.send(FIRST.hot, right))
        shown = MsgRefuteWitness(CHECKERS[0].hot.bech32, 1, WitnessPart.PROMPT, SECRET, right.box)
        net.ok(net.chain.send(CHECKERS[0].hot, shown))
        assert only_demand(net).status == DemandStatus.ACCUSED
        assert bonds(net) == [0, 0, 0, stake, 0, 0]
        place = (job.job_id, 0, 1)
        assert list(penalties.of_worker(net.store, CHECKERS[0].address)) == [
            Penalty(1, CHECKERS[0].address, TREASURY, stake, PenaltyReason.FALSE_ACCUSATION, net.chain.height, *place)
        ]
        net.chain.check_invariants()
        # The other part is not owed any more to somebody who lies about the first.
        late = net.chain.send(LAST.hot, answer(net, WitnessPart.OUTPUT))
        assert late.code == Code.CLOCK_OUT
        run_to_end(net, job)
        assert bonds(net) == [0, 0, 0, stake, 0, 0]
        assert net.job(job.job_id).status == JobStatus.FINAL


def test_an_outsider_pays_its_deposit_for_what_it_saw(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, None) as net:
        job = net.drawn_job()
        net.ok(net.chain.send(STRANGER.hot, demand(job, STRANGER)))
        found = only_demand(net, STRANGER)
        assert found.is_outsider
        for part, who in zip(PARTS, (FIRST, LAST), strict=True):
            net.ok(net.chain.send(who.hot, answer(net, part)))
        run_to_end(net, job)
        assert bonds(net) == [0, 0, 0, 0, 0, found.deposit]
        assert net.job(job.job_id).status == JobStatus.FINAL
        assert [(one.operator, one.amount, one.reason) for one in penalties.of_job(net.store, job.job_id)] == [
            (STRANGER.address, found.deposit, PenaltyReason.DEMAND)
        ]


def test_no_commit_window_ends_while_its_input_is_owed(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, None) as net:
        job = net.drawn_job()
        check, values = net.check_of(net.units(job.job_id)[1]), sampling.params(net.store)
        last = check.phase_end - 6 - values.commit_blocks // 4
        net.chain.run_until(last)  # so the message comes a block too late
        late = net.chain.send(CHECKERS[0].hot, demand(job, CHECKERS[0]))
        assert late.code == Code.WINDOW_CLOSED
        assert last + 6 + values.commit_blocks // 4 == check.phase_end
        net.chain.check_invariants()


def test_a_side_of_a_dispute_may_demand_after_every_window(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        job, found = net.dispute_job()
        assert net.chain.send(CHECKERS[0].hot, demand(job, CHECKERS[0], stage=0)).code == Code.WINDOW_CLOSED
        net.ok(net.chain.send(CHECKERS[0].hot, demand(job, CHECKERS[0])))
        # The game goes on meanwhile, and the attempt is judged only when the demand is answered or late.
        net.finish(found[0])
        assert disputes.dispute(net.store, found[0].dispute_id).status == DisputeStatus.REFUTED
        net.chain.run_until(only_demand(net).deadline + 1)
        net.chain.check_invariants()
        units = net.units(job.job_id)
        assert [BOND - net.worker(who).bond > 0 for who in SERVERS] == [True] * 3, units
        assert net.job(job.job_id).attempt == 1


def test_every_message_is_refused_with_its_code_and_changes_nothing(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, None, witness_blocks=12) as net:
        early = net.asserted_job()
        who = CHECKERS[0]

        def code(sender: Machine, message: object) -> Code:
            before = [net.worker(one) for one in (*SERVERS, *CHECKERS, STRANGER)]
            held = net.chain.query(QueryDemandsRequest(job_id=early.job_id), "ostraka.disputes.v1.Query/Demands")
            found = Code(net.chain.send(sender.hot, message, gas=5_000_000, fee=1_000).code)
            assert found not in (Code.OK, Code.INTERNAL)
            assert [net.worker(one) for one in (*SERVERS, *CHECKERS, STRANGER)] == before
            now = net.chain.query(QueryDemandsRequest(job_id=early.job_id), "ostraka.disputes.v1.Query/Demands")
            assert now.demands == held.demands
            net.chain.check_invariants()
            return found

        good = demand(early, who)
        assert code(who, good) == Code.WINDOW_CLOSED  # no round has closed
        job = early
        net.chain.run_until(-(-net.chain.height // 4) * 4 + 2)
        assert code(who, replace(good, job_id=9)) == Code.UNKNOWN_JOB
        assert code(who, replace(good, attempt=1)) == Code.UNKNOWN_JOB
        assert code(who, replace(good, stage=7)) == Code.UNKNOWN_JOB
        for key in (b"", bytes(31), bytes(32), b"\x01" + bytes(31), bytes(33)):
            assert code(who, replace(good, box_key=key)) == Code.KEY_INVALID
        nobody = replace(good, sender=REQUESTER.bech32)
        assert Code(net.chain.send(REQUESTER, nobody).code) == Code.UNKNOWN_WORKER
        prompt, output = (answer(net, part) for part in PARTS)
        assert code(FIRST, prompt) == Code.UNKNOWN_DEMAND
        net.ok(net.chain.send(who.hot, good))
        assert code(who, good) == Code.ALREADY_DEMANDED
        assert code(FIRST, replace(output, sender=FIRST.hot.bech32)) == Code.NOT_ASSIGNED
        assert code(STRANGER, replace(prompt, sender=STRANGER.hot.bech32)) == Code.NOT_ASSIGNED
        assert code(FIRST, replace(prompt, part=WitnessPart.UNSPECIFIED)) == Code.INVALID_REQUEST
        for box in (b"", prompt.box[:-1], prompt.box + b"\x00", bytes(100_000)):
            assert code(FIRST, replace(prompt, box=box)) == Code.BOX_INVALID
        shown = MsgRefuteWitness(who.hot.bech32, 1, WitnessPart.PROMPT, SECRET, prompt.box)
        assert code(who, shown) == Code.NOT_DEMANDED  # nothing is supplied
        net.ok(net.chain.send(FIRST.hot, prompt))
        assert code(who, replace(shown, part=WitnessPart.OUTPUT)) == Code.NOT_DEMANDED
        net.ok(net.chain.send(LAST.hot, output))
        assert code(FIRST, prompt) == Code.ALREADY_SUPPLIED
        assert code(CHECKERS[1], replace(shown, sender=CHECKERS[1].hot.bech32)) == Code.NOT_DEMANDED
        assert code(who, replace(shown, demand_id=2)) == Code.UNKNOWN_DEMAND
        assert code(who, replace(shown, secret=seed("other"))) == Code.KEY_INVALID
        assert code(who, replace(shown, secret=b"")) == Code.KEY_INVALID
        assert code(who, replace(shown, box=altered(prompt.box, 5))) == Code.BOX_INVALID
        run_to_end(net, job)
        net.chain.run_until(net.chain.height + 12)
        assert net.job(job.job_id).status == JobStatus.FINAL
        assert code(who, shown) == Code.WINDOW_CLOSED
        assert code(who, good) == Code.WINDOW_CLOSED


def test_so_many_answers_are_owed_at_a_time(tmp_path: Path, model: ModelFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness, "MAX_OWED", 1)
    with dispute_network(tmp_path, model, None) as net:
        job = net.drawn_job()
        net.ok(net.chain.send(CHECKERS[0].hot, demand(job, CHECKERS[0])))
        other = demand(job, CHECKERS[1], box_key=boxes.public_key(seed("second")))
        assert net.chain.send(CHECKERS[1].hot, other).code == Code.TOO_MANY_DEMANDS
        for part, who in zip(PARTS, (FIRST, LAST), strict=True):
            net.ok(net.chain.send(who.hot, answer(net, part)))
        net.ok(net.chain.send(CHECKERS[1].hot, other))
        net.chain.check_invariants()


def test_demands_are_forgotten_with_their_job(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, None) as net:
        job = net.drawn_job()
        net.ok(net.chain.send(CHECKERS[0].hot, demand(job, CHECKERS[0])))
        for part, who in zip(PARTS, (FIRST, LAST), strict=True):
            net.ok(net.chain.send(who.hot, answer(net, part)))
        run_to_end(net, job)
        assert [key for key, _ in net.store.iterate("disputes", b"demand/", b"demand0")] != []
        net.chain.run_until(net.chain.height + 1_210)
        kept = [key for key, _ in net.store.iterate("disputes", b"", b"\xff")]
        assert [key for key in kept if key.startswith((b"demand/", b"demand_", b"owed"))] == [b"demand_next"]
        net.chain.check_invariants()


@pytest.mark.parametrize("what", ["outsized box", "slow answers"])
def test_genesis_refuses_windows_and_limits_under_which_a_box_cannot_be_had(
    tmp_path: Path, model: ModelFiles, what: str
) -> None:
    changes: dict[str, Any] = {"witness_blocks": 17} if what == "slow answers" else {}
    parameters = LOCALNET if changes else short(LOCALNET, jobs={"max_tokens": 33_000}, plans={"max_tokens": 33_000})
    rule = "witness_blocks <= sampling" if changes else "the box of 33000 ids"
    with (
        pytest.raises(ValueError, match=rule),
        dispute_network(tmp_path, model, None, parameters=parameters, **changes),
    ):
        pass


def test_nobody_owes_a_check_whose_input_was_withheld(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, None) as net:
        job = net.drawn_job()
        units = net.units(job.job_id)
        net.ok(net.chain.send(CHECKERS[0].hot, demand(job, CHECKERS[0])))
        run_to_end(net, job)
        assert [net.check_of(unit).is_excused for unit in units] == [True] * 3
        epoch = net.check_of(units[0]).epoch
        net.chain.run_until(sampling_rules.proofs_from(sampling.params(net.store), epoch))
        for who in CHECKERS:
            net.ok(net.chain.send(who.hot, net.proof_message(who, epoch)))
            with pytest.raises(Rejected) as caught:
                claims.find_unmet(net.store, jobs.key_of(units[1]), who.address)
            assert caught.value.code == Code.DUTY_MET


def test_who_finds_an_earlier_unit_false_needs_no_ticket_for_it(tmp_path: Path, model: ModelFiles) -> None:
    """A checker that was drawn for another unit of the job opens this one as a check of it, and pays nothing."""
    never_drawn = short(LOCALNET, rates={"commit_fee": 100_000})
    with dispute_network(tmp_path, model, (1, FAULT), parameters=never_drawn) as net:
        job, found = net.dispute_job()
        units = net.units(job.job_id)
        net.finish(found[0])
        checks = [net.check_of(unit) for unit in units]
        assert [check.is_excused for check in checks] == [False, False, True]
        epoch = checks[1].epoch
        net.chain.run_until(sampling_rules.proofs_from(sampling.params(net.store), epoch))
        before = [net.worker(who).bond for who in CHECKERS]
        prices = [sampling_rules.absence_penalty(unit.terms) for unit in units]
        for who in CHECKERS:
            net.ok(net.chain.send(who.hot, net.proof_message(who, epoch)))
        outcomes = [[one.outcome for one in sampling.commits(net.store, jobs.key_of(unit))] for unit in units]
        assert outcomes == [[CheckOutcome.NO_TICKET] * 2] * 3
        # They pay for the two units that were right, and not for the one that they found false.
        lost = [old - net.worker(who).bond for old, who in zip(before, CHECKERS, strict=True)]
        assert lost == [prices[0] + prices[2]] * 2
        net.chain.check_invariants()


def test_outsiders_cannot_keep_checkers_out(tmp_path: Path, model: ModelFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness, "MAX_OWED_OUTSIDERS", 1)
    with dispute_network(tmp_path, model, None) as net:
        job = net.drawn_job()
        net.ok(net.chain.send(STRANGER.hot, demand(job, STRANGER)))
        net.ok(net.chain.send(CHECKERS[0].hot, demand(job, CHECKERS[0])))
        for part, who in zip(PARTS, (FIRST, LAST), strict=True):
            net.ok(net.chain.send(who.hot, answer(net, part)))
        outsider = demand(job, SERVERS[1], box_key=boxes.public_key(seed("second")))
        assert net.chain.send(SERVERS[1].hot, outsider).code == Code.TOO_MANY_DEMANDS
        net.chain.check_invariants()

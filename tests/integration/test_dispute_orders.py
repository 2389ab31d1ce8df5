"""Checkers that are wrong in every way, and commits, reveals and disputes that cross: only the guilty pay."""

from pathlib import Path

import pytest

from chain.modules.disputes import keeper as disputes
from chain.modules.disputes.types import (
    Choice,
    DisputeStatus,
    MsgChoose,
    MsgOpenLine,
    MsgProve,
    PlayStatus,
    Proof,
    Reveal,
    Round,
    Turn,
)
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import JobStatus, Unit
from chain.modules.rates.rules import ceil_div
from chain.modules.sampling import keeper as sampling
from chain.modules.sampling.types import CheckOutcome
from inference.disputes import moves
from inference.disputes.model import ModelFiles
from inference.models.convert import convert
from tests.support.dispute_network import FAULT, STRANGER, DisputeNetwork, dispute_network
from tests.support.network import BOND, CHECKERS, SERVERS, Machine, digest
from tests.support.tiny_model import TinyShape, write_tiny_model

Roots = dict[str, bytes]
FIRST, SECOND = CHECKERS


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    work = tmp_path_factory.mktemp("model")
    manifest = convert(write_tiny_model(work / "source", TinyShape(layers=6)), work / "models")
    return ModelFiles(work / "models" / manifest.model_root.hex())


def committed_job(net: DisputeNetwork, roots: dict[str, Roots]) -> tuple[int, Unit]:
    """A job whose checkers have committed, on stage 1 to what `roots` says of them."""
    job = net.drawn_job()
    units = net.units(job.job_id)
    for who in CHECKERS:
        sent = [net.commit_message(who, one, **commit_roots(net, who, one, roots)) for one in units]
        net.ok(net.chain.send(who.hot, *sent))
    net.run_to_phase_end(units[0])
    return job.job_id, units[1]


def commit_roots(net: DisputeNetwork, who: Machine, unit: Unit, roots: dict[str, Roots]) -> Roots:
    return roots.get(who.name, net.roots(who, unit)) if unit.stage == 1 else net.roots(who, unit)


def confirmed(net: DisputeNetwork, unit_stage: int = 1) -> Roots:
    """The asserter's own roots, as somebody in its pay reveals them."""
    made = net.job3.asserted[unit_stage]
    return {"body_root": net._body(made), "out_root": net._out(made)}


def reveal(net: DisputeNetwork, who: Machine, unit: Unit, roots: dict[str, Roots]) -> None:
    net.ok(net.chain.send(who.hot, net.reveal_message(who, unit, **commit_roots(net, who, unit, roots))))


def finish_others(net: DisputeNetwork, job_id: int) -> None:
    """Lead stages 0 and 2 to their ends."""
    for unit in net.units(job_id):
        if unit.stage != 1:
            for who in CHECKERS:
                net.ok(net.chain.send(who.hot, net.reveal_message(who, unit, **net.roots(who, unit))))
            if net.check_of(unit).phase.name == "OPEN":
                net.ok(net.chain.send(net.asserter(unit).hot, net.open_message(unit)))


def bonds(net: DisputeNetwork) -> list[int]:
    """What everybody has lost of its bond: the servers, the checkers, the stranger."""
    return [BOND - net.worker(who).bond for who in (*SERVERS, *CHECKERS, STRANGER)]


@pytest.mark.parametrize("order", ["first", "during", "after"])
def test_a_checker_that_confirms_what_is_refuted_loses_s_whenever_it_reveals(
    tmp_path: Path, model: ModelFiles, order: str
) -> None:
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        roots = {SECOND.name: confirmed(net)}
        job_id, unit = committed_job(net, roots)
        bond = unit.terms.bond
        if order == "first":
            reveal(net, SECOND, unit, roots)
        reveal(net, FIRST, unit, roots)
        finish_others(net, job_id)
        (found,) = disputes.disputes_of(net.store, job_id)
        shown: dict[Round, Reveal] = {}
        if order == "during":
            net.ok(net.step(found, shown))
            reveal(net, SECOND, unit, roots)
        net.finish(found, shown)
        assert disputes.dispute(net.store, found.dispute_id).status == DisputeStatus.REFUTED
        if order == "after":
            assert bonds(net) == [0] * 6, "nobody is judged while a committed check may still be revealed"
            net.chain.check_invariants()
            reveal(net, SECOND, unit, roots)
            net.chain.run_block()
        assert bonds(net) == [0, bond, 0, 0, bond, 0]
        assert disputes.dispute(net.store, found.dispute_id).slashed == 2 * bond
        commit = sampling.find_commit(net.store, jobs.key_of(unit), SECOND.address)
        assert commit is not None
        assert commit.outcome == CheckOutcome.FALSE
        assert net.job(job_id).attempt == 1
        net.chain.check_invariants()


def test_silence_proves_nothing_against_those_who_confirmed(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, None) as net:
        roots = {FIRST.name: {"body_root": digest("body"), "out_root": digest("out")}}
        job_id, unit = committed_job(net, roots)
        for who in CHECKERS:
            reveal(net, who, unit, roots)
        finish_others(net, job_id)
        (found,) = disputes.disputes_of(net.store, job_id)
        shown: dict[Round, Reveal] = {}
        net.ok(net.step(found, shown))
        made = net.job3.checked[1]
        choice = moves.choose(made, net.play(found).line, net.ground(found), shown)
        assert choice is None, "an honest unit leaves nothing to choose"
        # The liar chooses all the same, and the asserter, an honest one, is gone.
        wrong = Choice(Round.SECTIONS, 0, shown[Round.SECTIONS].digests[:32])
        net.ok(net.chain.send(FIRST.hot, MsgChoose(FIRST.hot.bech32, found.dispute_id, 0, wrong)))
        net.chain.run_until(net.play(found).deadline)
        assert disputes.dispute(net.store, found.dispute_id).status == DisputeStatus.REFUTED
        assert bonds(net) == [0, unit.terms.bond, 0, 0, 0, 0]
        net.chain.check_invariants()


def test_two_checkers_with_two_different_wrong_roots_both_lose_s(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, None) as net:
        roots = {who.name: {"body_root": digest("b", who.name), "out_root": digest("o", who.name)} for who in CHECKERS}
        job_id, unit = committed_job(net, roots)
        for who in CHECKERS:
            reveal(net, who, unit, roots)
        finish_others(net, job_id)
        found = list(disputes.disputes_of(net.store, job_id))
        assert [one.challenger for one in found] == [FIRST.address, SECOND.address]
        for one in found:
            net.ok(net.step(one, {}))
        net.chain.run_until(max(net.play(one).deadline for one in found))
        net.chain.run_until(max(disputes.dispute(net.store, one.dispute_id).deadline for one in found) + 1)
        ended = [disputes.dispute(net.store, one.dispute_id) for one in found]
        bond = unit.terms.bond
        assert [(one.status, one.slashed) for one in ended] == [(DisputeStatus.UPHELD, bond)] * 2
        assert bonds(net) == [0, 0, 0, bond, bond, 0]
        assert net.job(job_id).status == JobStatus.FINAL
        net.chain.check_invariants()


def test_a_body_that_differs_is_disputed_when_another_dispute_opens_the_seal(tmp_path: Path, model: ModelFiles) -> None:
    """out_root is equal, so nothing shows until the first move of the other checker's dispute."""
    with dispute_network(tmp_path, model, None) as net:
        wrong_body = {"body_root": digest("body"), "out_root": confirmed(net)["out_root"]}
        roots = {FIRST.name: wrong_body, SECOND.name: {"body_root": digest("b"), "out_root": digest("o")}}
        job_id, unit = committed_job(net, roots)
        for who in CHECKERS:
            reveal(net, who, unit, roots)
        finish_others(net, job_id)
        (found,) = disputes.disputes_of(net.store, job_id)
        assert found.challenger == SECOND.address
        net.ok(net.step(found, {}))
        both = list(disputes.disputes_of(net.store, job_id))
        assert [one.challenger for one in both] == [SECOND.address, FIRST.address]
        net.chain.check_invariants()
        net.ok(net.step(both[1], {}))
        net.chain.run_until(net.play(both[1]).deadline)
        net.chain.run_until(max(disputes.dispute(net.store, one.dispute_id).deadline for one in both) + 1)
        bond = unit.terms.bond
        assert bonds(net) == [0, 0, 0, bond, bond, 0]
        assert net.job(job_id).status == JobStatus.FINAL
        net.chain.check_invariants()


def test_a_reveal_after_the_seal_was_opened_is_compared_with_the_whole_of_it(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, None) as net:
        wrong_body = {"body_root": digest("body"), "out_root": confirmed(net)["out_root"]}
        roots = {FIRST.name: {"body_root": digest("b"), "out_root": digest("o")}, SECOND.name: wrong_body}
        job_id, unit = committed_job(net, roots)
        reveal(net, FIRST, unit, roots)
        (found,) = disputes.disputes_of(net.store, job_id)
        net.ok(net.step(found, {}))
        reveal(net, SECOND, unit, roots)
        challengers = [one.challenger for one in disputes.disputes_of(net.store, job_id)]
        assert challengers == [FIRST.address, SECOND.address]
        net.chain.check_invariants()


def test_a_checker_that_loses_its_line_against_a_false_unit_loses_s_and_has_no_bounty(
    tmp_path: Path, model: ModelFiles
) -> None:
    """Two liars about one unit, and a stranger that shows the asserter's lie."""
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        roots = {who.name: {"body_root": digest("b", who.name), "out_root": digest("o", who.name)} for who in CHECKERS}
        job_id, unit = committed_job(net, roots)
        for who in CHECKERS:
            reveal(net, who, unit, roots)
        finish_others(net, job_id)
        first, second = disputes.disputes_of(net.store, job_id)
        shown: dict[Round, Reveal] = {}
        net.ok(net.step(first, shown))
        choice = moves.choose(net.job3.checked[1], net.play(first).line, net.ground(first), shown)
        assert choice is not None
        message = MsgOpenLine(STRANGER.hot.bech32, first.dispute_id, 0, choice)
        net.ok(net.chain.send(STRANGER.hot, message))
        # The stranger plays on without haste, until the first checker's clock has run out; the second's has not.
        while net.play(first, 1).line.turn != Turn.PROVE:
            net.ok(net.step(first, shown, 1))
        net.chain.run_until(net.play(second).deadline - 1)
        net.ok(net.step(second, {}))
        net.chain.run_until(net.play(first).deadline)
        assert [net.play(one).status for one in (first, second)] == [PlayStatus.LOST, PlayStatus.OPEN]
        held = [net.chain.balance(who.operator) for who in (*CHECKERS, STRANGER)]
        net.ok(net.step(first, shown, 1))
        bond = unit.terms.bond
        assert bonds(net) == [0, bond, 0, bond, 0, 0]
        gained = [net.chain.balance(who.operator) - old for who, old in zip((*CHECKERS, STRANGER), held, strict=True)]
        # The second differed and was not shown to be wrong: it has the finders' bounty, the first has nothing.
        assert gained[0] == 0
        assert 0 < gained[1] <= bond // 8
        net.chain.check_invariants()


def test_a_reveal_in_the_block_of_the_winning_proof_opens_nothing_against_a_decided_unit(
    tmp_path: Path, model: ModelFiles
) -> None:
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        job_id, unit = committed_job(net, {})
        reveal(net, FIRST, unit, {})
        finish_others(net, job_id)
        (found,) = disputes.disputes_of(net.store, job_id)
        shown: dict[Round, Reveal] = {}
        while net.play(found).line.turn != Turn.PROVE:
            net.ok(net.step(found, shown))
        proof = moves.next_challenge(net.job3.checked[1], net.play(found).line, net.ground(found), shown)
        assert isinstance(proof, Proof)
        prove = net.chain.tx(
            FIRST.hot, MsgProve(FIRST.hot.bech32, found.dispute_id, 0, proof), gas=3_000_000, fee=1_000
        )
        late = net.chain.tx(SECOND.hot, net.reveal_message(SECOND, unit, **net.roots(SECOND, unit)))
        for result in net.chain.run_block([late, prove]):
            net.ok(result)
        assert [one.dispute_id for one in disputes.disputes_of(net.store, job_id)] == [found.dispute_id]
        net.chain.run_block()
        net.chain.check_invariants()
        assert bonds(net) == [0, unit.terms.bond, 0, 0, 0, 0]
        assert net.job(job_id).attempt == 1


def test_two_false_stages_are_both_slashed_and_honest_work_is_paid_once(
    tmp_path: Path, model: ModelFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        honest = net.body_root

        def body_root(unit: Unit) -> bytes:
            """Stage 0 has sealed a body that nobody can reveal."""
            return digest("nothing") if unit.stage == 0 else honest(unit)

        monkeypatch.setattr(net, "body_root", body_root)
        job, found = net.dispute_job()
        units = net.units(job.job_id)
        assert sorted(one.stage for one in found) == [0, 0, 1, 1]
        held = net.chain.balance(SERVERS[2].operator)
        net.finish(next(one for one in found if one.stage == 1))
        # Stage 1 is refuted, and nobody is paid out of that before stage 0 is judged as well.
        assert bonds(net) == [0] * 6
        assert net.chain.balance(SERVERS[2].operator) == held
        net.chain.check_invariants()
        net.chain.run_until(max(net.play(one).deadline for one in found if one.stage == 0))
        assert bonds(net) == [units[0].terms.bond, units[1].terms.bond, 0, 0, 0, 0]
        fee = ceil_div(units[2].terms.price_numerator * units[2].terms.work, units[2].terms.price_denominator)
        paid = net.chain.balance(SERVERS[2].operator) - held
        assert 0 < paid == jobs.unit(net.store, (job.job_id, (0, 2))).paid <= fee
        assert net.job(job.job_id).attempt == 1
        net.chain.check_invariants()

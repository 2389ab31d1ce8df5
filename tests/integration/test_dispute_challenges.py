"""Challenges by workers that were not drawn, through the real modules."""

from dataclasses import replace
from pathlib import Path

import pytest

from chain.crypto.keys import module_address
from chain.errors import Code
from chain.modules.disputes import challenges, plays
from chain.modules.disputes import keeper as disputes
from chain.modules.disputes.types import DisputeKind, DisputeStatus, MsgChallenge, PlayStatus
from chain.modules.jobs.types import CloseReason, JobStatus
from chain.modules.rates.rules import loss
from chain.modules.sampling.types import CheckPhase
from inference.disputes.model import ModelFiles
from inference.models.convert import convert
from tests.support.dispute_network import FAULT, STRANGER, DisputeNetwork, dispute_network
from tests.support.game_moves import challenge, only_dispute
from tests.support.network import BOND, CHECKERS, REQUESTER, SERVERS, Machine, digest
from tests.support.tiny_model import TinyShape, write_tiny_model

TREASURY = module_address("treasury")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    work = tmp_path_factory.mktemp("model")
    manifest = convert(write_tiny_model(work / "source", TinyShape(layers=6)), work / "models")
    return ModelFiles(work / "models" / manifest.model_root.hex())


def money(net: DisputeNetwork, who: Machine) -> int:
    """Everything that a worker has."""
    return net.worker(who).bond + net.chain.balance(who.operator) + net.chain.balance(who.hot)


def test_a_challenge_refutes_a_unit_that_no_drawn_checker_looked_at(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        job = net.drawn_job()
        unit = net.units(job.job_id)[1]
        net.ok(net.chain.send(STRANGER.hot, challenge(net, STRANGER, unit)))
        found = only_dispute(net, job.job_id)
        stake = plays.deposit(net.store, unit)
        assert (found.kind, found.challenger, found.deposit) == (DisputeKind.CHALLENGE, STRANGER.address, stake)
        assert (found.num_lines, found.deadline) == (0, net.check_of(unit).phase_end)
        assert (net.worker(STRANGER).reserved, net.job(job.job_id).status) == (stake, JobStatus.DISPUTED)
        net.chain.check_invariants()
        net.run_to_phase_end(unit)
        begun = only_dispute(net, job.job_id)
        assert (begun.num_lines, net.play(begun).deposit) == (1, stake)
        assert [net.check_of(one).phase for one in net.units(job.job_id)] == [CheckPhase.DONE] * 3
        net.chain.check_invariants()
        before, treasury = money(net, STRANGER), net.chain.balance(TREASURY)
        fees = 1_000 * 8
        net.finish(begun)
        bond = unit.terms.bond
        ended = only_dispute(net, job.job_id)
        assert (ended.status, ended.slashed) == (DisputeStatus.REFUTED, bond)
        assert net.worker(SERVERS[1]).bond == BOND - bond
        # Nobody who was drawn found it, so the bounty is the challenger's, and its moves are paid for.
        gained = money(net, STRANGER) - before
        assert bond // 8 - fees <= gained <= bond // 8 + net.play(begun).fees
        assert net.chain.balance(TREASURY) - treasury >= loss(bond)
        assert (net.job(job.job_id).attempt, net.worker(STRANGER).reserved) == (1, 0)
        net.chain.check_invariants()


def test_a_challenge_touches_no_window_and_who_was_drawn_gets_the_bounty(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        job = net.drawn_job()
        units = net.units(job.job_id)
        net.ok(net.chain.send(STRANGER.hot, challenge(net, STRANGER, units[1])))
        for who in CHECKERS:
            found = [net.commit_message(who, one, **net.roots(who, one)) for one in units]
            net.ok(net.chain.send(who.hot, *found))
        net.run_to_phase_end(units[0])
        before = money(net, STRANGER)
        held = {who.name: net.chain.balance(who.operator) for who in CHECKERS}
        net.finish(only_dispute(net, job.job_id))
        # The unit is refuted, and nobody is judged before those who were drawn have spoken.
        assert only_dispute(net, job.job_id).status == DisputeStatus.REFUTED
        assert (net.job(job.job_id).status, net.worker(SERVERS[1]).bond) == (JobStatus.DISPUTED, BOND)
        net.chain.check_invariants()
        for who in CHECKERS:
            net.ok(net.chain.send(who.hot, *[net.reveal_message(who, one, **net.roots(who, one)) for one in units]))
        for unit in (units[0], units[2]):
            net.ok(net.chain.send(net.asserter(unit).hot, net.open_message(unit)))
        net.chain.run_block()
        bond = units[1].terms.bond
        assert only_dispute(net, job.job_id).slashed == bond
        assert net.worker(SERVERS[1]).bond == BOND - bond
        gained = [net.chain.balance(who.operator) - held[who.name] for who in CHECKERS]
        assert gained[0] == gained[1] > 0
        assert sum(gained) <= bond // 8
        assert money(net, STRANGER) <= before + net.play(only_dispute(net, job.job_id)).fees
        assert net.job(job.job_id).attempt == 1
        net.chain.check_invariants()


def test_a_challenge_that_is_lost_costs_its_deposit_and_the_job_is_settled(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, None) as net:
        job = net.drawn_job()
        unit = net.units(job.job_id)[1]
        false = challenge(net, STRANGER, unit, out_root=digest("something else"))
        net.ok(net.chain.send(STRANGER.hot, false))
        net.run_to_phase_end(unit)
        found = only_dispute(net, job.job_id)
        net.ok(net.step(found, {}))
        spent = net.play(found).asserter_fees
        held = net.chain.balance(SERVERS[1].operator)
        net.chain.run_until(net.play(found).deadline)
        assert net.play(found).status == PlayStatus.LOST
        assert net.worker(STRANGER).bond == BOND - found.deposit
        assert net.chain.balance(SERVERS[1].operator) - held == spent > 0
        net.chain.check_invariants()
        net.chain.run_until(only_dispute(net, job.job_id).deadline + 1)
        ended = only_dispute(net, job.job_id)
        assert (ended.status, ended.slashed) == (DisputeStatus.UPHELD, 0)
        closed = net.job(job.job_id)
        assert (closed.status, closed.close_reason) == (JobStatus.FINAL, CloseReason.SETTLED)
        assert [net.worker(who).bond for who in (*SERVERS, *CHECKERS)] == [BOND] * 5
        assert net.worker(STRANGER).reserved == 0
        net.chain.check_invariants()


def test_whoever_challenges_itself_loses_three_quarters_of_s_at_least(tmp_path: Path, model: ModelFiles) -> None:
    """Asserter, challenger and requester in one hand: the bounty comes back, and nothing else."""
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        before = money(net, SERVERS[1]) + money(net, STRANGER) + net.chain.balance(REQUESTER)
        job = net.drawn_job()
        unit = net.units(job.job_id)[1]
        net.ok(net.chain.send(STRANGER.hot, challenge(net, STRANGER, unit)))
        net.run_to_phase_end(unit)
        net.finish(only_dispute(net, job.job_id))
        net.chain.run_until(net.job(job.job_id).expiry_height)
        assert net.job(job.job_id).close_reason != CloseReason.NONE
        after = money(net, SERVERS[1]) + money(net, STRANGER) + net.chain.balance(REQUESTER)
        assert before - after >= loss(unit.terms.bond)
        net.chain.check_invariants()


def test_a_challenge_is_refused_with_its_code_and_changes_nothing(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        planned = net.asserted_job()
        units = net.units(planned.job_id)

        def code(who: Machine, message: MsgChallenge) -> Code:
            worker = net.worker(STRANGER)
            found = Code(net.chain.send(who.hot, message, gas=3_000_000, fee=1_000).code)
            assert not list(disputes.disputes_of(net.store, planned.job_id))
            assert net.worker(STRANGER) == worker
            net.chain.check_invariants()
            return found

        good = challenge(net, STRANGER, units[1])
        assert code(STRANGER, good) == Code.WINDOW_CLOSED  # its round is not closed yet
        net.chain.run_until(-(-net.chain.height // 4) * 4 + 2)
        own = net.roots(SERVERS[1], units[1])
        assert code(SERVERS[1], challenge(net, SERVERS[1], units[1], **own)) == Code.NOT_YOUR_LINE
        assert code(STRANGER, replace(good, job_id=99)) == Code.UNKNOWN_JOB
        assert code(STRANGER, replace(good, attempt=1)) == Code.UNKNOWN_JOB
        assert code(STRANGER, replace(good, stage=3)) == Code.UNKNOWN_JOB
        assert code(STRANGER, replace(good, stage=2**40)) == Code.UNKNOWN_JOB
        assert code(STRANGER, replace(good, body_root=b"")) == Code.INVALID_REQUEST
        assert code(STRANGER, replace(good, out_root=bytes(33))) == Code.INVALID_REQUEST
        nobody = challenge(net, STRANGER, units[1], sender=REQUESTER.bech32)
        assert Code(net.chain.send(REQUESTER, nobody).code) == Code.UNKNOWN_WORKER
        net.ok(net.chain.send(STRANGER.hot, good))
        again = net.chain.send(STRANGER.hot, good)
        assert again.code == Code.ALREADY_CHALLENGED
        net.run_to_phase_end(units[1])
        late = net.chain.send(CHECKERS[0].hot, challenge(net, CHECKERS[0], units[2], out_root=digest("late")))
        assert late.code == Code.WINDOW_CLOSED
        begun = only_dispute(net, planned.job_id)
        net.ok(net.step(begun, {}))
        net.chain.check_invariants()


def test_the_roots_that_a_unit_has_are_no_challenge(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, None) as net:
        job = net.drawn_job()
        units = net.units(job.job_id)
        for who in CHECKERS:
            net.ok(net.chain.send(who.hot, *[net.commit_message(who, one, **net.roots(who, one)) for one in units]))
        net.run_to_phase_end(units[0])
        # A garbage challenge opens the seal; from then on the chain sees that another names the same roots.
        net.ok(net.chain.send(STRANGER.hot, challenge(net, STRANGER, units[1], body_root=digest("garbage"))))
        net.ok(net.step(only_dispute(net, job.job_id), {}))
        same = net.chain.send(SERVERS[0].hot, challenge(net, SERVERS[0], units[1]))
        assert same.code == Code.NOTHING_DIFFERS
        net.chain.check_invariants()


def test_challenges_of_one_worker_are_bounded_and_those_of_checkers_are_not(
    tmp_path: Path, model: ModelFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(challenges, "MAX_PER_CHALLENGER", 1)
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        job = net.drawn_job()
        units = net.units(job.job_id)
        for who in CHECKERS:
            net.ok(net.chain.send(who.hot, *[net.commit_message(who, one, **net.roots(who, one)) for one in units]))
        net.ok(net.chain.send(STRANGER.hot, challenge(net, STRANGER, units[1])))
        other = challenge(net, STRANGER, units[2], out_root=digest("no"))
        assert net.chain.send(STRANGER.hot, other).code == Code.TOO_MANY_CHALLENGES
        net.run_to_phase_end(units[0])
        for who in CHECKERS:
            net.ok(net.chain.send(who.hot, *[net.reveal_message(who, one, **net.roots(who, one)) for one in units]))
        kinds = [(one.kind, one.challenger) for one in disputes.disputes_of(net.store, job.job_id)]
        assert kinds == [
            (DisputeKind.CHALLENGE, STRANGER.address),
            (DisputeKind.TRACE, CHECKERS[0].address),
            (DisputeKind.TRACE, CHECKERS[1].address),
        ]
        net.chain.check_invariants()

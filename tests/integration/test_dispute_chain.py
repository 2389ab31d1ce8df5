"""Disputes through the real modules: the game's moves as transactions, its verdicts in money."""

from pathlib import Path

import pytest

from chain.crypto.keys import module_address
from chain.errors import Code
from chain.modules.disputes import keeper as disputes
from chain.modules.disputes import plays
from chain.modules.disputes.types import (
    Choice,
    DisputeStatus,
    MsgOpenLine,
    MsgPostLazy,
    MsgReveal,
    PlayStatus,
    QueryMovesRequest,
    Reveal,
    Round,
    Side,
)
from chain.modules.jobs.types import CloseReason, JobStatus
from chain.modules.rates.rules import loss
from inference.disputes import moves
from inference.disputes.model import ModelFiles
from inference.models.convert import convert
from tests.support.dispute_network import FAULT, STRANGER, dispute_network
from tests.support.game_moves import let_lie
from tests.support.network import BOND, CHECKERS, SERVERS, Machine
from tests.support.tiny_model import TinyShape, write_tiny_model

TREASURY = module_address("treasury")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    work = tmp_path_factory.mktemp("model")
    manifest = convert(write_tiny_model(work / "source", TinyShape(layers=6)), work / "models")
    return ModelFiles(work / "models" / manifest.model_root.hex())


def test_a_false_unit_costs_its_asserter_s_and_the_job_runs_again(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        job, found = net.dispute_job()
        assert [(one.stage, one.asserter, one.challenger) for one in found] == [
            (1, SERVERS[1].address, who.address) for who in CHECKERS
        ]
        net.chain.check_invariants()
        units, treasury = net.units(job.job_id), net.chain.balance(TREASURY)
        bond = units[1].terms.bond
        held = {who.name: net.chain.balance(who.operator) for who in (*SERVERS, *CHECKERS)}
        assert net.finish(found[0]) <= 14
        net.chain.check_invariants()
        ended = [disputes.dispute(net.store, one.dispute_id) for one in found]
        assert [one.status for one in ended] == [DisputeStatus.REFUTED] * 2
        assert ended[0].slashed == bond
        assert net.worker(SERVERS[1]).bond == BOND - bond
        for who in (SERVERS[0], SERVERS[2], *CHECKERS):
            assert net.worker(who).bond == BOND
        gained = sum(net.chain.balance(who.operator) - held[who.name] for who in (*SERVERS, *CHECKERS))
        assert 0 < gained <= bond // 4
        assert net.chain.balance(TREASURY) - treasury >= loss(bond)
        again = net.job(job.job_id)
        assert (again.attempt, again.escrow) == (1, job.escrow)
        assert again.status in (JobStatus.WAITING, JobStatus.RUNNING)
        net.chain.run_until(again.expiry_height)
        net.chain.check_invariants()
        assert [net.worker(who).reserved for who in (*SERVERS, *CHECKERS)] == [0] * 5


def test_a_lying_checker_loses_s_and_the_job_is_settled(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, None) as net:
        let_lie(net, CHECKERS[0])
        job, found = net.dispute_job()
        assert [(one.stage, one.challenger) for one in found] == [(1, CHECKERS[0].address)]
        bond = net.units(job.job_id)[1].terms.bond
        net.finish(found[0])
        assert net.play(found[0]).status == PlayStatus.LOST
        net.chain.check_invariants()
        net.chain.run_until(disputes.dispute(net.store, found[0].dispute_id).lines_until + 2)
        ended = disputes.dispute(net.store, found[0].dispute_id)
        assert (ended.status, ended.slashed) == (DisputeStatus.UPHELD, bond)
        assert net.worker(CHECKERS[0]).bond == BOND - bond
        assert [net.worker(who).bond for who in (*SERVERS, CHECKERS[1])] == [BOND] * 4
        closed = net.job(job.job_id)
        assert (closed.status, closed.close_reason) == (JobStatus.FINAL, CloseReason.SETTLED)
        net.chain.check_invariants()


@pytest.mark.parametrize("silent_after", [0, 2, 4])
def test_silence_of_the_asserter_at_any_reveal_costs_s(tmp_path: Path, model: ModelFiles, silent_after: int) -> None:
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        job, found = net.dispute_job()
        bond = net.units(job.job_id)[1].terms.bond
        shown: dict[Round, Reveal] = {}
        for _ in range(silent_after):
            net.ok(net.step(found[0], shown))
        # Every line has its own clock, and the first to run out decides.
        net.chain.run_until(min(net.play(one).deadline for one in found) - 1)
        assert disputes.dispute(net.store, found[0].dispute_id).status == DisputeStatus.OPEN
        net.chain.run_block()
        assert disputes.dispute(net.store, found[0].dispute_id).status == DisputeStatus.REFUTED
        assert net.worker(SERVERS[1]).bond == BOND - bond
        net.chain.check_invariants()


def test_a_checker_that_vanishes_after_the_last_choice_is_served_by_a_stranger(
    tmp_path: Path, model: ModelFiles
) -> None:
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        _, found = net.dispute_job()
        shown: dict[Round, Reveal] = {}
        while net.play(found[0]).line.turn.name != "PROVE":
            net.ok(net.step(found[0], shown))
        net.ok(net.step(found[0], shown, who=STRANGER))
        assert disputes.dispute(net.store, found[0].dispute_id).status == DisputeStatus.REFUTED
        net.chain.check_invariants()


def test_moves_out_of_turn_by_strangers_and_to_nothing_are_refused(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        _, found = net.dispute_job()
        first, server = found[0], SERVERS[1]
        due = net.chain.query(QueryMovesRequest(server.hot.bech32), "ostraka.disputes.v1.Query/Moves")
        assert [(one.side, one.dispute.dispute_id) for one in due.moves] == [
            (Side.ASSERTER, one.dispute_id) for one in found
        ]
        reveal = net.reveal_of(first)
        shown: dict[Round, Reveal] = {}

        def sent(who: Machine, message: object) -> Code:
            return Code(net.chain.send(who.hot, message, gas=3_000_000, fee=1_000).code)

        unknown = MsgReveal(server.hot.bech32, 99, 0, reveal)
        assert sent(server, unknown) == Code.UNKNOWN_DISPUTE
        assert sent(server, MsgReveal(server.hot.bech32, first.dispute_id, 5, reveal)) == Code.UNKNOWN_LINE
        net.ok(net.step(first, shown))
        assert sent(server, MsgReveal(server.hot.bech32, first.dispute_id, 0, reveal)) == Code.NOT_YOUR_TURN
        assert net.step(first, dict(shown), who=CHECKERS[1]).code == Code.NOT_YOUR_LINE
        net.ok(net.step(first, shown))
        assert net.step(first, dict(shown), who=CHECKERS[1]).code == Code.NOT_YOUR_LINE
        net.chain.check_invariants()


def test_a_stranger_opens_its_own_line_and_finishes_for_a_checker_that_vanished(
    tmp_path: Path, model: ModelFiles
) -> None:
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        _, found = net.dispute_job()
        first = found[0]
        shown: dict[Round, Reveal] = {}
        net.ok(net.step(first, shown))
        play = net.play(first)
        choice = moves.choose(net.job3.checked[1], play.line, net.ground(first), shown)
        assert choice is not None
        message = MsgOpenLine(STRANGER.hot.bech32, first.dispute_id, 0, choice)
        own = MsgOpenLine(SERVERS[1].hot.bech32, first.dispute_id, 0, choice)
        assert net.chain.send(SERVERS[1].hot, own).code == Code.NOT_YOUR_LINE
        net.ok(net.chain.send(STRANGER.hot, message))
        stake = net.play(first, 1).deposit
        assert net.worker(STRANGER).reserved == stake > 0
        net.chain.check_invariants()
        net.finish(first, shown, 1)
        ended = disputes.dispute(net.store, first.dispute_id)
        assert (ended.status, net.play(first, 1).status) == (DisputeStatus.REFUTED, PlayStatus.WON)
        assert (net.worker(STRANGER).bond, net.worker(STRANGER).reserved) == (BOND, 0)
        assert [net.worker(who).bond for who in CHECKERS] == [BOND] * 2
        net.chain.check_invariants()


def test_a_lost_line_costs_its_opener_alone_and_the_unit_is_still_refuted(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        _, found = net.dispute_job()
        first = found[0]
        shown: dict[Round, Reveal] = {}
        net.ok(net.step(first, shown))
        sections = [shown[Round.SECTIONS].digests[at : at + 32] for at in range(0, 32, 32)]
        choice = Choice(Round.SECTIONS, 0, sections[0])  # an equal section: nothing to win there
        net.ok(net.chain.send(STRANGER.hot, MsgOpenLine(STRANGER.hot.bech32, first.dispute_id, 0, choice)))
        stake = net.play(first, 1).deposit
        server = SERVERS[1]
        items = moves.reveal(net.job3.asserted[1], net.play(first, 1).line, net.ground(first), b"")
        net.ok(net.chain.send(server.hot, MsgReveal(server.hot.bech32, first.dispute_id, 1, items)))
        until = disputes.dispute(net.store, first.dispute_id).lines_until
        other: dict[Round, Reveal] = {}
        for dispute, kept, count in ((found[1], other, 3), (first, shown, 2)):
            for _ in range(count):
                net.ok(net.step(dispute, kept))
        # The checkers choose just in time, so that the stranger's clock is the first to run out.
        net.chain.run_until(min(net.play(first).deadline, net.play(found[1]).deadline) - 3)
        net.ok(net.step(first, shown))
        net.ok(net.step(found[1], other))
        net.chain.run_until(net.play(first, 1).deadline)
        assert net.play(first, 1).status == PlayStatus.LOST
        assert net.worker(STRANGER).bond == BOND - stake
        assert disputes.dispute(net.store, first.dispute_id).lines_until == max(until, net.chain.height) + 4
        net.chain.check_invariants()
        net.finish(first, shown)
        assert disputes.dispute(net.store, first.dispute_id).status == DisputeStatus.REFUTED


def test_a_silent_asserters_list_may_be_posted_by_another_and_decides(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, (1, FAULT)) as net:
        _, found = net.dispute_job()
        first, second = found
        shown: dict[Round, Reveal] = {}
        for _ in range(2):
            net.ok(net.step(first, shown))
            net.ok(net.step(second, {} if _ == 0 else {Round.SECTIONS: shown[Round.SECTIONS]}))
        play = net.play(first)
        assert (play.line.round, play.line.turn.name) == (Round.ITEMS, "REVEAL")
        move = net.reveal_of(first)
        early = MsgPostLazy(STRANGER.hot.bech32, first.dispute_id, 0, move)
        assert net.chain.send(STRANGER.hot, early).code == Code.TOO_EARLY
        net.chain.run_until(play.deadline - 4)
        net.ok(net.chain.send(STRANGER.hot, early))
        posted = net.play(first, 1)
        assert (posted.author, posted.opener, posted.parent) == (STRANGER.address, first.challenger, 1)
        net.chain.run_until(play.deadline)
        assert net.play(first).status == PlayStatus.SILENT
        net.chain.check_invariants()


def test_a_block_takes_so_many_moves_and_stops_the_clocks(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, (1, FAULT), moves_per_block=1) as net:
        _, found = net.dispute_job()
        txs = [
            net.chain.tx(who.hot, MsgReveal(who.hot.bech32, one.dispute_id, 0, net.reveal_of(one)))
            for who, one in zip((SERVERS[1], STRANGER), found, strict=True)
        ]
        before = net.play(found[1]).deadline
        first, second = net.chain.run_block(txs)
        assert (first.code, second.code) == (0, Code.TOO_MANY_MOVES)
        assert plays.pauses(net.store).blocks == 1
        net.chain.run_until(before)
        assert net.play(found[1]).deadline == before + 1
        assert net.play(found[1]).status == PlayStatus.OPEN
        net.chain.check_invariants()
        net.chain.run_block()
        assert disputes.dispute(net.store, found[1].dispute_id).status == DisputeStatus.REFUTED

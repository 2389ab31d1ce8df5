"""What a liar and its friends might do to the game itself: fill the queue, the lines, the clocks. None of it helps."""

from pathlib import Path

import pytest

from chain.errors import Code
from chain.modules.disputes import keeper as disputes
from chain.modules.disputes import plays
from chain.modules.disputes.types import (
    Choice,
    Dispute,
    DisputeStatus,
    MsgOpenLine,
    MsgPostLazy,
    MsgReveal,
    PlayStatus,
    Reveal,
    Round,
    Turn,
)
from inference.disputes import moves
from inference.disputes.model import ModelFiles
from inference.models.convert import convert
from tests.support.dispute_network import FAULT, STRANGER, DisputeNetwork, dispute_network
from tests.support.game_moves import let_lie
from tests.support.network import BOND, CHECKERS, SERVERS, Machine
from tests.support.tiny_model import TinyShape, write_tiny_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    work = tmp_path_factory.mktemp("model")
    manifest = convert(write_tiny_model(work / "source", TinyShape(layers=6)), work / "models")
    return ModelFiles(work / "models" / manifest.model_root.hex())


def _status(net: DisputeNetwork, dispute: Dispute) -> DisputeStatus:
    return disputes.dispute(net.store, dispute.dispute_id).status


def _choice(net: DisputeNetwork, dispute: Dispute, shown: dict[Round, Reveal]) -> Choice:
    chosen = moves.choose(net.job3.checked[1], net.play(dispute).line, net.ground(dispute), shown)
    assert chosen is not None
    return chosen


def _open(net: DisputeNetwork, who: Machine, dispute: Dispute, choice: Choice) -> Code:
    return net.code(net.chain.send(who.hot, MsgOpenLine(who.hot.bech32, dispute.dispute_id, 0, choice)))


def _sections(shown: dict[Round, Reveal]) -> Choice:
    """The first section, which is equal: there is nothing to win in it."""
    return Choice(Round.SECTIONS, 0, shown[Round.SECTIONS].digests[:32])


def test_blocks_full_of_moves_do_not_use_up_the_time_to_open_lines(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, (1, FAULT), moves_per_block=1, open_blocks=8) as net:
        _, (first, second) = net.dispute_job()
        shown: dict[Round, Reveal] = {}
        other: dict[Round, Reveal] = {}
        net.ok(net.step(first, shown))
        right = _choice(net, first, shown)
        until = disputes.dispute(net.store, first.dispute_id).lines_until
        for dispute, kept in ((first, shown), (second, other)):
            while net.play(dispute).line.turn != Turn.PROVE:
                net.ok(net.step(dispute, kept))  # each fills its block
        full = plays.pauses(net.store).blocks
        assert net.chain.height > until
        assert _open(net, STRANGER, first, right) == Code.OK
        net.chain.run_until(until + full)  # that line filled one block more: the next is the last
        assert _open(net, CHECKERS[1], first, right) == Code.OK
        net.chain.run_until(until + full + 2)
        assert _open(net, STRANGER, first, right) == Code.LINES_CLOSED
        net.chain.check_invariants()


def test_a_checker_finds_a_line_where_friends_of_the_asserter_have_taken_all(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, (1, FAULT), max_lines=2) as net:
        _, (first, _) = net.dispute_job()
        shown: dict[Round, Reveal] = {}
        net.ok(net.step(first, shown))
        right = _choice(net, first, shown)
        assert _open(net, STRANGER, first, _sections(shown)) == Code.OK
        assert _open(net, STRANGER, first, right) == Code.TOO_MANY_LINES
        assert _open(net, CHECKERS[0], first, right) == Code.TOO_MANY_LINES  # it has the first line
        assert _open(net, CHECKERS[1], first, right) == Code.OK
        assert _open(net, CHECKERS[1], first, right) == Code.TOO_MANY_LINES
        net.chain.check_invariants()
        net.finish(first, shown, 2)
        assert _status(net, first) == DisputeStatus.REFUTED
        assert net.worker(STRANGER).bond == BOND
        net.chain.check_invariants()


def test_a_right_list_in_a_silent_asserters_place_saves_it_though_the_challenger_loses_it_first(
    tmp_path: Path, model: ModelFiles
) -> None:
    with dispute_network(tmp_path, model, None) as net:
        let_lie(net, CHECKERS[0])
        _, (found,) = net.dispute_job()
        shown: dict[Round, Reveal] = {}
        while net.play(found).line.round != Round.OPS:
            net.ok(net.step(found, shown))
        assert net.play(found).line.turn == Turn.REVEAL
        net.chain.run_until(net.play(found).deadline - 5)
        posted = MsgPostLazy(STRANGER.hot.bech32, found.dispute_id, 0, net.reveal_of(found))
        net.ok(net.chain.send(STRANGER.hot, posted))
        shown[Round.OPS] = posted.move
        while net.play(found, 1).status == PlayStatus.OPEN:
            net.ok(net.step(found, shown, 1))
        assert net.play(found).status == PlayStatus.LOST
        net.chain.check_invariants()
        net.chain.run_until(net.play(found).deadline + 10)
        assert _status(net, found) == DisputeStatus.UPHELD
        assert [net.worker(who).bond for who in (*SERVERS, CHECKERS[1], STRANGER)] == [BOND] * 5
        net.chain.check_invariants()


def test_whoever_trusted_a_challenger_that_vanishes_late_may_still_open_a_line(
    tmp_path: Path, model: ModelFiles
) -> None:
    with dispute_network(tmp_path, model, (1, FAULT), open_blocks=4, extension_blocks=6) as net:
        _, both = net.dispute_job()
        shown: dict[Round, Reveal] = {}
        net.ok(net.step(both[0], shown))
        net.ok(net.step(both[1], {}))
        choice = _choice(net, both[0], shown)
        last = max(net.play(found).deadline for found in both)
        net.chain.run_until(last - 1)
        assert _open(net, STRANGER, both[1], choice) == Code.LINES_CLOSED
        net.chain.run_until(last)
        assert [net.play(found).status for found in both] == [PlayStatus.LOST] * 2
        assert _open(net, STRANGER, both[1], choice) == Code.OK
        net.chain.check_invariants()
        net.finish(both[1], shown, 1)
        assert _status(net, both[1]) == DisputeStatus.REFUTED
        assert net.worker(SERVERS[1]).bond < BOND
        net.chain.check_invariants()


def test_a_dispute_ends_as_soon_as_nobody_may_open_a_line_after_the_last(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, None, open_blocks=3, extension_blocks=5) as net:
        let_lie(net, CHECKERS[0])
        _, (found,) = net.dispute_job()
        net.finish(found)
        net.chain.run_until(net.chain.height + 5)
        assert _status(net, found) == DisputeStatus.OPEN
        net.chain.run_block()
        assert _status(net, found) == DisputeStatus.UPHELD
        net.chain.check_invariants()


def test_many_disputes_that_end_at_once_end_in_as_many_blocks_as_it_takes(
    tmp_path: Path, model: ModelFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disputes, "DISPUTES_PER_BLOCK", 1)
    with dispute_network(tmp_path, model, None, open_blocks=3, extension_blocks=5) as net:
        for who in CHECKERS:
            let_lie(net, who)
        _, both = net.dispute_job()
        first = [
            net.chain.tx(who.hot, MsgReveal(who.hot.bech32, found.dispute_id, 0, net.reveal_of(found)))
            for who, found in zip((SERVERS[1], STRANGER), both, strict=True)
        ]
        assert [result.code for result in net.chain.run_block(first)] == [0, 0]
        net.chain.run_until(net.play(both[0]).deadline)  # both challengers are silent
        due = {disputes.dispute(net.store, found.dispute_id).deadline for found in both}
        assert len(due) == 1
        net.chain.run_until(due.pop() + 1)
        ended = [disputes.dispute(net.store, found.dispute_id) for found in both]
        assert [one.status for one in ended] == [DisputeStatus.UPHELD] * 2
        assert ended[1].closed_height == ended[0].closed_height + 1
        net.chain.check_invariants()


def test_a_full_block_refuses_moves_before_it_looks_at_them(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, (1, FAULT), moves_per_block=1) as net:
        _, (first, second) = net.dispute_job()
        garbage = MsgPostLazy(STRANGER.hot.bech32, second.dispute_id, 0, Reveal(Round.OPS, b"?" * 64))
        right = net.chain.tx(SERVERS[1].hot, _reveal(net, first), gas=3_000_000, fee=1_000)
        taken, refused = net.chain.run_block([right, net.chain.tx(STRANGER.hot, garbage)])
        assert (taken.code, refused.code) == (Code.OK, Code.TOO_MANY_MOVES)
        assert plays.pauses(net.store).blocks == 1


def _reveal(net: DisputeNetwork, dispute: Dispute) -> MsgReveal:
    return MsgReveal(SERVERS[1].hot.bech32, dispute.dispute_id, 0, net.reveal_of(dispute))

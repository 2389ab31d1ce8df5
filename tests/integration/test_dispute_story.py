"""A dispute read back: its moves out of blocks, replayed by the rules, and its last step in words."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from chain.client.registry import message_class
from chain.modules.disputes.game.shape import Item, ItemKind, OpKind, UnitShape
from chain.modules.disputes.module import MODULE
from chain.modules.disputes.types import (
    Dispute,
    DisputeKind,
    DisputeStatus,
    MsgChoose,
    MsgOpenLine,
    MsgProve,
    MsgReveal,
    PaymentReason,
    PlayStatus,
    Reveal,
    Round,
    Verdict,
)
from chain.modules.jobs.types import SamplerSpec
from inference.disputes import moves
from inference.disputes.archive import Inputs
from inference.disputes.faults import Fault, MadeUnit
from inference.disputes.model import ModelFiles
from inference.models.convert import convert
from localnet.disputes.chapters import ENDS, KINDS, REASONS
from localnet.disputes.replay import CLASSES, Move, moves_in, replay, round_of
from localnet.disputes.step import explain, operation_of, place_of, values_of
from tests.support.dispute_network import PROMPT, STRANGER, DisputeNetwork, dispute_network
from tests.support.network import CHECKERS, LAYERS, SERVERS, TOKENS
from tests.support.tiny_model import TinyShape, write_tiny_model

LAST = len(PROMPT) + TOKENS - 2
MAXIMUM = Fault(Item(ItemKind.ROW, 3, 0, LAST), 14, 0, 9)


@dataclass
class Blocks:
    """Every transaction of a chain by height, those that failed too."""

    net: DisputeNetwork

    def moves(self, dispute: Dispute) -> list[Move]:
        found: list[Move] = []
        for block in self.net.chain.app.recent.since(1):
            found += moves_in(block.height, block.txs)
        return [move for move in found if move.message.dispute_id == dispute.dispute_id]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    work = tmp_path_factory.mktemp("model")
    manifest = convert(write_tiny_model(work / "source", TinyShape(layers=6)), work / "models")
    return ModelFiles(work / "models" / manifest.model_root.hex())


def linear(net_model: ModelFiles) -> Fault:
    """A fault in the down map of the fourth layer."""
    shape = UnitShape(net_model.header, 2, 4, len(PROMPT), TOKENS, SamplerSpec())
    item = Item(ItemKind.ROW, 3, 0, LAST)
    index = next(at for at in range(shape.num_ops(item)) if shape.op(item, at).name == "D")
    return Fault(item, index, 0, 9)


def test_a_line_is_replayed_from_its_blocks_among_what_failed_there(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, (1, MAXIMUM)) as net:
        _, found = net.dispute_job()
        first, shown = found[0], dict[Round, Reveal]()
        # A refused move stands in a block too: somebody else's choice, and a reveal that hashes to nothing.
        net.ok(net.step(first, shown))
        assert net.step(first, dict(shown), who=CHECKERS[1]).code
        bad = MsgReveal(SERVERS[1].hot.bech32, first.dispute_id, 0, Reveal(Round.SECTIONS, b"x" * 32))
        assert net.chain.send(SERVERS[1].hot, bad).code
        net.finish(first, shown)
        play = net.play(first)
        told = replay(play, net.ground(first), Blocks(net).moves(first))
        assert told.is_whole
        kinds = [(round_of(move), type(move.message)) for move, _ in told.moves]
        assert kinds[:4] == [
            (Round.SECTIONS, MsgReveal),
            (Round.SECTIONS, MsgChoose),
            (Round.ITEMS, MsgReveal),
            (Round.ITEMS, MsgChoose),
        ]
        assert kinds[-1] == (Round.STEP, MsgProve)
        assert [move.height for move, _ in told.moves] == sorted(
            [height for height in (*play.heights, *play.choice_heights, play.proof_height) if height]
        )
        assert sum(move.num_bytes for move, _ in told.moves) < 100 * 1024


def test_moves_that_lead_elsewhere_are_not_taken_for_the_lines(tmp_path: Path, model: ModelFiles) -> None:
    with dispute_network(tmp_path, model, (1, MAXIMUM)) as net:
        _, found = net.dispute_job()
        net.finish(found[0])
        play, ground, posted = net.play(found[0]), net.ground(found[0]), Blocks(net).moves(found[0])
        other = replace(play, line=replace(play.line, ops_root=b"o" * 32))
        assert not replay(other, ground, posted).is_whole
        assert not replay(play, ground, posted[:-1]).is_whole
        assert replay(play, ground, []).moves == ()


def test_a_line_that_a_stranger_opened_is_replayed_through_the_reveal_it_shares(
    tmp_path: Path, model: ModelFiles
) -> None:
    with dispute_network(tmp_path, model, (1, MAXIMUM)) as net:
        _, found = net.dispute_job()
        first, shown = found[0], dict[Round, Reveal]()
        net.ok(net.step(first, shown))
        choice = moves.choose(net.job3.checked[1], net.play(first).line, net.ground(first), shown)
        assert choice is not None
        message = MsgOpenLine(STRANGER.hot.bech32, first.dispute_id, 0, choice)
        net.ok(net.chain.send(STRANGER.hot, message))
        net.finish(first, shown, 1)
        play = net.play(first, 1)
        assert play.status == PlayStatus.WON
        told = replay(play, net.ground(first), Blocks(net).moves(first))
        assert told.is_whole
        assert [type(move.message) for move, _ in told.moves][:3] == [MsgReveal, MsgOpenLine, MsgReveal]


@pytest.fixture
def refuted_linear(tmp_path: Path, model: ModelFiles) -> Iterator[tuple[DisputeNetwork, Dispute]]:
    with dispute_network(tmp_path, model, (1, linear(model))) as net:
        _, found = net.dispute_job()
        net.finish(found[0])
        yield net, found[0]


def test_the_step_of_a_linear_map_is_one_number_on_each_side(refuted_linear: tuple[DisputeNetwork, Dispute]) -> None:
    net, dispute = refuted_linear
    play = net.play(dispute)
    told = replay(play, net.ground(dispute), Blocks(net).moves(dispute))
    assert told.proof is not None
    found = explain(play.line, net.ground(dispute), told.proof.proof)
    liar, honest = net.job3.asserted[1], net.job3.checked[1]
    item, op = Item(ItemKind.ROW, 3, 0, LAST), play.line.op - 1
    ours, theirs = (b"".join(unit.program(item)[op]) for unit in (honest, liar))
    at = 4 * told.proof.proof.element
    assert found.verdict == Verdict.REFUTED == play.verdict
    assert found.computed == f"{int.from_bytes(ours[at : at + 4], 'little', signed=True):,}"
    assert found.claimed == f"{int.from_bytes(theirs[at : at + 4], 'little', signed=True):,}"
    assert found.place.startswith(f"layer 3, position {LAST}: down map, output 9 of ")
    assert found.operation.startswith("one number, the sum of ")
    assert any("from the model" in source for source in found.sources)


def test_every_message_of_the_game_is_known_to_the_replay() -> None:
    game = {message.type_url for message in MODULE.messages if "number" in message.record.__dataclass_fields__}
    assert set(CLASSES) == game
    assert all(message_class(url) is kind for url, kind in CLASSES.items())


def test_every_record_has_values_and_every_operator_words(model: ModelFiles) -> None:
    for start, end in ((0, 2), (4, 6)):
        made = honest_unit(model, start, end)
        shape, last = made.shape, made.shape.positions - 1
        items = [Item(kind, start, 0, last) for kind in (ItemKind.ROW, ItemKind.KEY, ItemKind.VALUE)]
        if shape.is_last:
            items += [Item(kind, LAYERS, 0, TOKENS - 1) for kind in (ItemKind.CHECKSUM, ItemKind.TOKEN)]
        for item in items:
            for index, op in enumerate(shape.ops(item)):
                assert operation_of(shape, item, op)
                assert place_of(shape, item, op, 0, 0 if op.kind == OpKind.LINEAR else None)
                for body in made.bodies(item, index):
                    assert op.kind == OpKind.LINEAR or values_of(op.kind, body)


def honest_unit(model: ModelFiles, start: int, end: int) -> MadeUnit:
    """A unit of some layers, from rows that are all alike."""
    shape = UnitShape(model.header, start, end, len(PROMPT), TOKENS, SamplerSpec())
    inputs = Inputs(bytes(32), bytes(32), PROMPT, (1,) * TOKENS)
    width = model.header.hidden_size
    row = bytes(width // 64) + b"\x07\x00" * width
    made = MadeUnit(model, shape, inputs, None, [row] * shape.positions if start else ())
    made.make(is_free=False)
    return made


def test_every_kind_end_and_reason_is_told_in_words() -> None:
    assert set(KINDS) == set(DisputeKind) - {DisputeKind.UNSPECIFIED}
    assert set(ENDS) == set(DisputeStatus) - {DisputeStatus.UNSPECIFIED}
    assert set(REASONS) == set(PaymentReason) - {PaymentReason.UNSPECIFIED}

"""A party that has nothing but its unit's input, the engine and the blocks makes the moves of the game."""

from pathlib import Path

import pytest

from chain.modules.disputes.game import line as game
from chain.modules.disputes.game.shape import Item, ItemKind, UnitShape
from chain.modules.disputes.types import (
    Dispute,
    DisputeKind,
    DisputeStatus,
    DueMove,
    MsgChoose,
    MsgProve,
    MsgReveal,
    Play,
    PlayStatus,
    Side,
    Turn,
    Verdict,
)
from chain.modules.jobs.types import SamplerSpec
from inference.disputes import party
from inference.disputes.faults import Fault
from inference.disputes.model import ModelFiles
from inference.engine.engine import Engine
from inference.models.convert import convert
from inference.shards.loader import load
from inference.shards.spec import ShardSpec
from tests.support.dispute_game import SALT, Workshop, ground
from tests.support.tiny_model import TinyShape, write_tiny_model

PROMPT = tuple((7 * at + 3) % 250 for at in range(66))


@pytest.mark.parametrize("start", [0, 1])
def test_the_engines_unit_answers_every_round_and_convicts(tmp_path: Path, start: int) -> None:
    manifest = convert(write_tiny_model(tmp_path / "source", TinyShape(layers=2)), tmp_path / "models")
    folder = tmp_path / "models" / manifest.model_root.hex()
    model = ModelFiles(folder)
    whole = Workshop(model, UnitShape(model.header, 0, 2, len(PROMPT), 3, SamplerSpec()), PROMPT)
    shop = whole
    if start:
        given = tuple(whole.honest.rows[0])
        shop = Workshop(model, UnitShape(model.header, 1, 2, len(PROMPT), 3, SamplerSpec()), PROMPT, given)
    engine = Engine(load(folder, ShardSpec(manifest.model_root, start, 2), with_embedding=not start, with_head=True))
    rows = b"".join(whole.honest.rows[0]) if start else b""
    kept = party.Kept(shop.honest.inputs, rows, SALT)
    own = party.regenerate(engine, model, shop.shape, kept)
    assert own.sections() == shop.honest.sections()
    item = Item(ItemKind.ROW, 1, 0, 67)
    gate = next(at for at, op in enumerate(shop.shape.ops(item)) if op.name == "GU")
    liar = shop.faulty(Fault(item, gate, 3, 5))
    facts = ground(liar)
    line, posted = game.begin(), list[MsgReveal]()
    dispute = _dispute()
    while True:
        play = Play(1, 0, b"c" * 20, 0, line, 9, 9, 1, 0, 9, PlayStatus.OPEN)
        side = Side.ASSERTER if line.turn == Turn.REVEAL else Side.CHALLENGER
        due = DueMove(side, 9, dispute, play, None, None)  # type: ignore[arg-type]
        found = party.reveals_of(play, facts, posted)
        assert found == {message.move.round: message.move for message in posted}
        message = party.next_message(due, facts, liar if side == Side.ASSERTER else own, found, SALT, "ostr1")
        if isinstance(message, MsgReveal):
            posted.append(message)
            line = game.reveal(line, facts, message.move)
        elif isinstance(message, MsgChoose):
            line = game.choose(line, facts, message.move)
        else:
            assert isinstance(message, MsgProve)
            assert game.judge(line, facts, message.proof) == Verdict.REFUTED
            return


def _dispute() -> Dispute:
    return Dispute(1, DisputeKind.TRACE, 1, 0, 0, b"a" * 20, b"c" * 20, b"", b"", b"", b"", 1, 9, DisputeStatus.OPEN, 0)

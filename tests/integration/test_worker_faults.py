"""A worker that is told to compute one tile wrongly commits to it consistently, and a dispute ends there."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from chain.modules.disputes.game.line import item_of
from chain.modules.disputes.game.shape import ItemKind, UnitShape
from chain.modules.disputes.types import Round, Verdict
from chain.modules.jobs.types import SamplerSpec
from inference.compute import Machine
from inference.disputes import party
from inference.disputes.archive import Archive, Inputs
from inference.disputes.model import ModelFiles
from inference.engine.engine import Engine
from inference.engine.rows import RowChunk, TokenChunk
from inference.faults import FaultyArchive, FaultyOperator
from inference.misconduct import Misconduct, OpFault, parse_misconduct
from inference.models.convert import convert
from inference.shards.loader import load
from inference.shards.spec import ShardSpec
from tests.support.dispute_game import BLIND, SALT, SEED, ground, play
from tests.support.tiny_model import TinyShape, write_tiny_model

PROMPT = tuple((7 * at + 3) % 250 for at in range(66))
OUTPUTS = 3
LAYERS = 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("model")
    manifest = convert(write_tiny_model(work / "source", TinyShape(layers=LAYERS)), work / "models")
    return work / "models" / manifest.model_root.hex()


def engine_of(folder: Path, start: int, end: int) -> Engine:
    spec = ShardSpec(bytes.fromhex(folder.name), start, end)
    return Engine(load(folder, spec, with_embedding=not start, with_head=end == LAYERS))


def regenerated(
    folder: Path, shape: UnitShape, machine: Machine, inputs: Inputs, make: Callable[..., Archive] = Archive
) -> Archive:
    """A unit; rows before its first layer are an honest engine's."""
    rows = b""
    if shape.start:
        before = engine_of(folder, 0, shape.start)
        fed = TokenChunk((*inputs.prompt, *inputs.tokens)[: shape.positions])
        rows = before.forward(before.open(shape.positions), fed)[-1].to_bytes()
    kept = party.Kept(inputs, rows, SALT)
    return party.finish(party.regeneration(machine, ModelFiles(folder), shape, kept, make))


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("row.0.67.Q.0", 0, 2),
        ("row.1.1.Z_0.0", 0, 2),
        ("row.1.66.W_1.-1", 1, 4),
        ("row.1.65.GU.-1", 1, 4),
        ("row.0.3.D.0", 2, 4),
        ("row.2.67.out.0", 1, 4),
        ("key0.1.64.Y.0", 1, 4),
        ("key1.0.1.out.0", 0, 2),
        ("value1.2.66.Y.0", 1, 4),
        ("logits.0.0.LG.-1", 2, 4),
    ],
)
def test_a_dispute_ends_at_the_operator_that_a_worker_computed_wrongly(
    folder: Path, text: str, start: int, end: int
) -> None:
    fault = parse_misconduct(f"op:{text}").op
    assert fault is not None
    engine, model = engine_of(folder, start, end), ModelFiles(folder)
    shape = UnitShape(model.header, start, end, len(PROMPT), OUTPUTS, SamplerSpec())
    inputs = Inputs(BLIND, SEED, PROMPT, (5, 6, 7))
    make = partial(FaultyArchive, fault=fault)
    liar = regenerated(folder, shape, FaultyOperator(engine, model, fault), inputs, make)
    if shape.is_last:
        inputs = replace(inputs, tokens=(*inputs.tokens[:-1], liar.answer[-1]))
        liar = regenerated(folder, shape, FaultyOperator(engine, model, fault), inputs, make)
    facts = ground(liar)
    if shape.is_last:
        facts = replace(facts, out_root=liar.sections()[-1])
    honest = regenerated(folder, shape, engine, inputs)
    assert liar.sections() != honest.sections()
    done = play(liar, honest, facts)
    item, op = item_of(done.line, facts), shape.op(item_of(done.line, facts), done.line.op - 1)
    assert done.verdict == Verdict.REFUTED
    assert fault.op == op.name
    kinds = {"row": ItemKind.ROW, "key": ItemKind.KEY, "value": ItemKind.VALUE, "logits": ItemKind.CHECKSUM}
    assert item.kind == kinds[fault.item]
    if fault.item != "logits":
        assert (item.layer, item.index) == (start + fault.layer, fault.position)
    if done.line.tile and op.kind.name != "LINEAR":
        assert done.line.tile - 1 == fault.tile % op.num_tiles
    # The honest party plays the same line without a difference to point at.
    assert play(honest, honest, ground(honest)).verdict is None


def test_a_faulty_run_is_the_same_position_by_position(folder: Path) -> None:
    fault = OpFault("key", 0, 1, 5, "Y", 0)
    engine, model = engine_of(folder, 0, 3), ModelFiles(folder)
    ids = PROMPT[:9]
    outputs: list[list[bytes]] = []
    for cuts in ((9,), (1,) * 9, (4, 3, 2)):
        machine = FaultyOperator(engine, model, fault)
        session, at, rows = machine.open(9), 0, list[list[RowChunk]]()
        for count in cuts:
            rows.append(machine.step([(session, TokenChunk(ids[at : at + count]))])[0])
            at += count
        outputs.append([RowChunk.stack([part[layer] for part in rows]).to_bytes() for layer in range(3)])
        machine.close(session)
    assert outputs[0] == outputs[1] == outputs[2]
    honest = [part.to_bytes() for part in engine.forward(engine.open(9), TokenChunk(ids))]
    assert honest[0] == outputs[0][0]
    assert honest[1] != outputs[0][1]


def test_misconduct_is_read_from_text_or_refused() -> None:
    assert parse_misconduct("") == Misconduct()
    assert parse_misconduct("row, silent:OPS") == Misconduct(row=True, silent=Round.OPS)
    assert parse_misconduct("idle,forget") == Misconduct(idle=True, forget=True)
    assert parse_misconduct("check,vanish:ITEMS") == Misconduct(check=True, vanish=Round.ITEMS)
    assert parse_misconduct("op:value2.-1.7.out.-1").op == OpFault("value", 2, -1, 7, "out", -1)
    for text in ("lie", "row:1", "silent", "silent:NOW", "op:row.1.2.Q", "op:rows.1.2.Q.0", "op:logits.0.0.G.0"):
        with pytest.raises(ValueError, match=r"fault is|is not ITEM|of logits"):
            parse_misconduct(text)

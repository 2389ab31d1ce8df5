"""The fault matrix: one wrong tile anywhere in a unit, and the game ends at it with the liar convicted."""

from pathlib import Path

import pytest

from chain.modules.disputes.game.line import item_of
from chain.modules.disputes.game.shape import Item, ItemKind, UnitShape
from chain.modules.disputes.types import Verdict
from chain.modules.jobs.types import SamplerKind, SamplerSpec
from inference.disputes.faults import Fault
from inference.disputes.model import ModelFiles
from inference.models.convert import convert
from tests.support.dispute_game import Workshop, ground, play
from tests.support.tiny_model import TinyShape, write_tiny_model

PROMPT = tuple((7 * at + 3) % 250 for at in range(66))
OUTPUTS = 4
SAMPLERS = {
    "greedy": SamplerSpec(),
    "temperature": SamplerSpec(SamplerKind.TEMPERATURE, 6000, 0),
    "top_k": SamplerSpec(SamplerKind.TEMPERATURE, 4000, 20),
}
STAGES = {"whole": (0, 3), "first": (0, 1), "middle": (1, 2), "last": (2, 3)}

CASES = [("whole", "greedy"), ("first", "greedy"), ("middle", "greedy"), ("last", "temperature"), ("last", "top_k")]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    work = tmp_path_factory.mktemp("model")
    manifest = convert(write_tiny_model(work / "source", TinyShape(layers=3)), work / "models")
    return ModelFiles(work / "models" / manifest.model_root.hex())


@pytest.fixture(scope="module")
def shops(model: ModelFiles) -> dict[tuple[str, str], Workshop]:
    whole = Workshop(model, _shape(model, "whole", "greedy"), PROMPT)
    made = {("whole", "greedy"): whole}
    tokens = whole.honest.inputs.tokens
    for name, sampler in CASES[1:]:
        shape = _shape(model, name, sampler)
        given = tuple(whole.honest.rows[shape.start - 1]) if shape.start else ()
        base = None if shape.is_last else whole.honest
        made[name, sampler] = Workshop(model, shape, PROMPT, given, () if shape.is_last else tokens, base)
    return made


def _shape(model: ModelFiles, name: str, sampler: str) -> UnitShape:
    return UnitShape(model.header, *STAGES[name], len(PROMPT), OUTPUTS, SAMPLERS[sampler])


def _items(shape: UnitShape, position: int) -> list[Item]:
    found: list[Item] = []
    for layer in dict.fromkeys((shape.start, shape.end - 1)):
        found.append(Item(ItemKind.ROW, layer, 0, position))
        found += [Item(kind, layer, position % 2, position) for kind in (ItemKind.KEY, ItemKind.VALUE)]
    return found


def _faults(shape: UnitShape) -> list[Fault]:
    """Every operator of every kind of item in its first and last tile; fewer where much follows from a fault."""
    last = shape.positions - 1
    thorough = [*_items(shape, last), *_items(shape, 64)]
    if shape.is_last:
        outputs = (0, shape.outputs - 1)
        thorough += [Item(kind, 3, 0, at) for at in outputs for kind in (ItemKind.CHECKSUM, ItemKind.TOKEN)]
    programs = [(item, range(shape.num_ops(item) + 1)) for item in thorough]
    programs += [(item, range(item.layer + position % 3, shape.num_ops(item) + 1, 9)) for position in (0, 31)
                 for item in _items(shape, position)[:3]]  # fmt: skip
    return [
        Fault(item, op, tile, 11 * op + tile)
        for item, ops in programs
        for op in ops
        for tile in dict.fromkeys((0, shape.op(item, op).num_tiles - 1))
    ]


@pytest.mark.parametrize("name", CASES, ids="-".join)
def test_a_dispute_ends_at_the_planted_operator_and_convicts_the_liar(
    shops: dict[tuple[str, str], Workshop], name: tuple[str, str]
) -> None:
    shop = shops[name]
    faults = _faults(shop.shape)
    counts = {"faults": len(faults), "seen": 0, "bytes": 0, "reveals": 0, "state": 0}
    for fault in faults:
        asserted = shop.faulty(fault)
        checker = shop.checked(asserted)
        if asserted.sections() == checker.sections():
            continue
        facts = ground(asserted, is_opened=fault.op % 2 == 0)
        played = play(asserted, checker, facts)
        assert played.verdict == Verdict.REFUTED, fault
        assert (item_of(played.line, facts), played.line.op - 1) == (fault.item, fault.op)
        assert max(played.line.tile - 1, 0) in (fault.tile, 0)
        counts["seen"] += 1
        counts["bytes"] = max(counts["bytes"], played.bytes)
        counts["reveals"] = max(counts["reveals"], played.num_reveals)
        counts["state"] = max(counts["state"], played.largest_state)
        if asserted.inputs == checker.inputs:  # the liar is the checker now
            swapped = play(checker, asserted, ground(checker))
            assert swapped.verdict == Verdict.UPHELD, fault
            assert (item_of(swapped.line, facts), swapped.line.op - 1) == (fault.item, fault.op)
    print(name, counts)
    assert counts["seen"] > len(faults) // 4
    assert counts["reveals"] <= 7
    assert counts["state"] < 1024


def test_an_altered_row_of_an_honest_computation_ends_at_out(shops: dict[tuple[str, str], Workshop]) -> None:
    shop = shops["middle", "greedy"]
    item = Item(ItemKind.ROW, 1, 0, 5)
    asserted = shop.faulty(Fault(item, shop.shape.num_ops(item), 0, 7))
    facts = ground(asserted)
    played = play(asserted, shop.honest, facts)
    assert played.verdict == Verdict.REFUTED
    assert (item_of(played.line, facts), played.line.op - 1) == (item, shop.shape.num_ops(item))


def test_equal_units_leave_the_challenger_nothing_to_choose(shops: dict[tuple[str, str], Workshop]) -> None:
    shop = shops["whole", "greedy"]
    assert play(shop.honest, shop.honest, ground(shop.honest)).verdict is None


def test_more_than_256_positions_take_their_own_round(tmp_path: Path) -> None:
    shape = TinyShape(layers=1, hidden=64, heads=1, kv_heads=1, inner=64, vocabulary=300, tied=False, head_size=32)
    manifest = convert(write_tiny_model(tmp_path / "source", shape), tmp_path / "models")
    model = ModelFiles(tmp_path / "models" / manifest.model_root.hex())
    prompt = tuple((11 * at + 5) % 250 for at in range(300))
    shop = Workshop(model, UnitShape(model.header, 0, 1, len(prompt), 2, SAMPLERS["greedy"]), prompt)
    for kind, position, op in ((ItemKind.KEY, 290, 3), (ItemKind.ROW, 299, 5), (ItemKind.ROW, 270, 6)):
        fault = Fault(Item(kind, 0, 0, position), op, 4 if op != 3 else 0, 3)
        asserted = shop.faulty(fault)
        facts = ground(asserted)
        played = play(asserted, shop.checked(asserted), facts)
        assert played.verdict == Verdict.REFUTED
        assert (item_of(played.line, facts), played.line.op - 1) == (fault.item, op)
        assert played.line.node == 2
        assert played.num_reveals <= 7

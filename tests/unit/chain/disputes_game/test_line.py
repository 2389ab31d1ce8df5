"""Moves that break a rule are rejected with their code and change nothing."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from chain.crypto.merkle import open_range
from chain.errors import Code, Rejected
from chain.modules.disputes.game import line as game
from chain.modules.disputes.game.shape import Item, ItemKind, UnitShape
from chain.modules.disputes.types import Bare, Choice, Line, Opening, Proof, Reveal, Round, Turn, Verdict
from chain.modules.jobs.types import SamplerSpec
from chain.store.codec import encode
from inference.disputes import moves
from inference.disputes.faults import Fault, MadeUnit
from inference.disputes.model import ModelFiles
from inference.models.convert import convert
from tests.support.dispute_game import SALT, Played, Workshop, ground, play
from tests.support.tiny_model import TinyShape, write_tiny_model

SHAPE = TinyShape(layers=2, hidden=64, heads=2, kv_heads=1, inner=64, vocabulary=300, tied=False, head_size=32)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    work = tmp_path_factory.mktemp("model")
    manifest = convert(write_tiny_model(work / "source", SHAPE), work / "models")
    model = ModelFiles(work / "models" / manifest.model_root.hex())
    return Workshop(model, UnitShape(model.header, 0, 2, 5, 3, SamplerSpec()), (4, 8, 15, 16, 23))


@pytest.fixture(scope="module")
def liar(shop: Workshop) -> MadeUnit:
    """Wrong in one gate of the second layer at the last position: a linear map."""
    item = Item(ItemKind.ROW, 1, 0, 6)
    index = next(at for at, op in enumerate(shop.shape.ops(item)) if op.name == "GU")
    return shop.faulty(Fault(item, index, 1, 5))


@pytest.fixture(scope="module")
def story(shop: Workshop, liar: MadeUnit) -> list[tuple[Line, Reveal | Choice | Proof]]:
    """Every line on the way and the move that was made there."""
    facts, line, steps = ground(liar), game.begin(), list[tuple[Line, Reveal | Choice | Proof]]()
    for move in played(shop, liar).moves:
        steps.append((line, move))
        if isinstance(move, Reveal):
            line = game.reveal(line, facts, move)
        elif isinstance(move, Choice):
            line = game.choose(line, facts, move)
    return steps


def played(shop: Workshop, liar: MadeUnit) -> Played:
    found = play(liar, shop.checked(liar), ground(liar))
    assert found.verdict == Verdict.REFUTED
    return found


def _code(act: Callable[[], object]) -> Code:
    with pytest.raises(Rejected) as caught:
        act()
    return caught.value.code


def _flipped(data: bytes, at: int = 0) -> bytes:
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]


def test_every_changed_reveal_that_is_bound_is_rejected(liar: MadeUnit, story: list[tuple[Line, object]]) -> None:
    facts, seen = ground(liar), set[Round]()
    for line, move in story:
        if not isinstance(move, Reveal):
            continue
        seen.add(line.round)
        wrong = [replace(move, digests=move.digests + bytes(32)), replace(move, digests=move.digests + b"x")]
        if move.digests and line.round != Round.OPS:
            wrong += [replace(move, digests=_flipped(move.digests)), replace(move, digests=move.digests[32:])]
        if move.values:
            wrong = [replace(move, values=_flipped(move.values)), replace(move, values=move.values[4:])]
        if line.round != Round.ITEMS:
            wrong.append(replace(move, lazy=bytes(32)))
        else:
            wrong += [replace(move, lazy=move.lazy[32:]), replace(move, lazy=move.lazy + bytes(32))]
        for other in wrong:
            assert _code(lambda m=other, at=line: game.reveal(at, facts, m)) == Code.REVEAL_INVALID  # type: ignore[misc]
    assert seen == {Round.SECTIONS, Round.ITEMS, Round.OPS, Round.VALUES}


def test_the_first_reveal_needs_the_blind_the_ends_and_the_salt_of_a_closed_seal(liar: MadeUnit) -> None:
    facts, line = ground(liar), game.begin()
    move = moves.reveal(liar, line, facts, SALT)
    bare = move.bare
    assert bare is not None
    for other in (
        replace(bare, blind=_flipped(bare.blind)),
        replace(bare, blind=b""),
        replace(bare, in_section=bytes(32)),
        replace(bare, out_section=_flipped(bare.out_section)),
        replace(bare, salt=SALT + b"x"),
    ):
        assert _code(lambda b=other: game.reveal(line, facts, replace(move, bare=b))) == Code.REVEAL_INVALID  # type: ignore[misc]
    closed = ground(liar, is_opened=False)
    opening = moves.reveal(liar, line, closed, SALT)
    assert isinstance(opening.bare, Bare)
    assert game.reveal(line, closed, opening).body_root == game.reveal(line, facts, move).body_root
    wrong = replace(opening, bare=replace(opening.bare, salt=_flipped(SALT)))
    assert _code(lambda: game.reveal(line, closed, wrong)) == Code.REVEAL_INVALID
    assert _code(lambda: game.reveal(line, closed, replace(opening, bare=None))) == Code.REVEAL_INVALID


def test_every_changed_choice_is_rejected(liar: MadeUnit, story: list[tuple[Line, object]]) -> None:
    facts = ground(liar)
    for line, move in story:
        if isinstance(move, Choice):
            for other in (
                replace(move, index=move.index + 1),
                replace(move, index=1 << 40),
                replace(move, digest=_flipped(move.digest)),
                replace(move, digest=b""),
                replace(move, siblings=move.siblings + bytes(32)),
                replace(move, siblings=move.siblings + b"x"),
            ):
                assert _code(lambda m=other, at=line: game.choose(at, facts, m)) == Code.CHOICE_INVALID  # type: ignore[misc]


def test_every_changed_proof_is_rejected(liar: MadeUnit, story: list[tuple[Line, object]]) -> None:
    facts, (line, proof) = ground(liar), story[-1]
    assert isinstance(proof, Proof)
    first = proof.openings[0]
    wrong = [
        replace(proof, openings=proof.openings[:-1]),
        replace(proof, openings=(*proof.openings, first)),
        replace(proof, openings=()),
        replace(proof, element=proof.element + 64),
        replace(proof, element=1 << 40),
        replace(proof, openings=(Opening((bytes(57 * 1024),), b""), *proof.openings)),
    ]
    for at, opening in enumerate(proof.openings):
        bodies = (_flipped(opening.bodies[0]), *opening.bodies[1:])
        changes = [replace(opening, bodies=bodies), replace(opening, bodies=()), replace(opening, siblings=b"x")]
        wrong += [
            replace(proof, openings=(*proof.openings[:at], change, *proof.openings[at + 1 :])) for change in changes
        ]
    for other in wrong:
        assert _code(lambda p=other: game.judge(line, facts, p)) == Code.PROOF_INVALID  # type: ignore[misc]


def test_a_right_element_of_a_wrong_tile_loses_the_line(liar: MadeUnit, story: list[tuple[Line, object]]) -> None:
    facts, (line, proof) = ground(liar), story[-1]
    assert isinstance(proof, Proof)
    assert game.judge(line, facts, proof) == Verdict.REFUTED
    other = proof.element ^ 1
    weights = proof.openings[-1]
    item = game.item_of(line, facts)
    op = facts.shape.op(item, line.op - 1)
    rows, digests = liar.model.rows(op.tensor), liar.model.digests(op.tensor)
    beside = _siblings(digests, other) + weights.siblings[len(_siblings(digests, proof.element)) :]
    honest = Proof((*proof.openings[:-1], Opening((rows[other],), beside)), other)
    assert game.judge(line, facts, honest) == Verdict.UPHELD


def _siblings(digests: tuple[bytes, ...], at: int) -> bytes:
    return b"".join(open_range(digests, at, 1))


def test_moves_out_of_turn_and_of_other_rounds_are_rejected(liar: MadeUnit, story: list[tuple[Line, object]]) -> None:
    facts = ground(liar)
    for line, move in story:
        for _, other in story:
            if isinstance(other, Reveal) and line.turn != Turn.REVEAL:
                assert _code(lambda m=other, at=line: game.reveal(at, facts, m)) == Code.NOT_YOUR_TURN  # type: ignore[misc]
            elif isinstance(other, Reveal) and other is not move:
                assert _code(lambda m=other, at=line: game.reveal(at, facts, m)) == Code.WRONG_ROUND  # type: ignore[misc]
            elif isinstance(other, Choice) and line.turn != Turn.CHOOSE:
                assert _code(lambda m=other, at=line: game.choose(at, facts, m)) == Code.NOT_YOUR_TURN  # type: ignore[misc]
            elif isinstance(other, Choice) and other is not move:
                assert _code(lambda m=other, at=line: game.choose(at, facts, m)) == Code.WRONG_ROUND  # type: ignore[misc]
            elif isinstance(other, Proof) and line.turn != Turn.PROVE:
                assert _code(lambda m=other, at=line: game.judge(at, facts, m)) == Code.NOT_YOUR_TURN  # type: ignore[misc]


def test_garbage_in_an_unbound_list_leads_to_a_step_that_convicts_or_to_silence(shop: Workshop, liar: MadeUnit) -> None:
    facts, checker = ground(liar), shop.checked(liar)

    def garbage(line: Line, move: Reveal | Choice | Proof) -> Reveal | Choice | Proof:
        if isinstance(move, Reveal) and line.round == Round.OPS:
            return replace(move, digests=_flipped(move.digests, 32))  # S of the first norm: one tile
        return move

    found = play(liar, checker, facts, garbage)
    assert (found.verdict, found.line.op) == (Verdict.REFUTED, 2)


def test_a_state_is_below_a_kilobyte_at_every_turn(story: list[tuple[Line, object]]) -> None:
    assert max(len(encode(line)) for line, _ in story) < 1024


def test_a_branch_is_the_line_after_that_reveal(liar: MadeUnit, story: list[tuple[Line, object]]) -> None:
    last = story[-1][0]
    chosen = {move.round: line for line, move in story if isinstance(move, Choice)}
    for at, line in chosen.items():
        assert game.branch(last, at) == line
    for at in (Round.TREE_NODES, Round.NODE_ITEMS, Round.TILE_NODES, Round.VALUES, Round.STEP):
        assert _code(lambda r=at: game.branch(last, r)) == Code.WRONG_ROUND  # type: ignore[misc]
    assert _code(lambda: game.branch(game.begin(), Round.SECTIONS)) == Code.WRONG_ROUND


def test_a_unit_beyond_the_limits_has_no_structure(shop: Workshop) -> None:
    header = shop.shape.header
    for wrong in (
        {"end": 3},
        {"start": 2},
        {"prompt_tokens": 0},
        {"outputs": 0},
        {"prompt_tokens": header.max_positions + 1},
        {"header": replace(header, num_heads=120)},
        {"header": replace(header, intermediate_size=1 << 15)},
        {"header": replace(header, trace_stride=2)},
    ):
        with pytest.raises(ValueError, match=r"unit|limits|outputs"):
            replace(shop.shape, **wrong)  # type: ignore[arg-type]

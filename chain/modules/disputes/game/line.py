"""One line of a dispute: reveals, choices and the proof, each a pure function of the line, the unit and the move.

A move that breaks a rule is rejected and changes nothing; whoever has the turn must find a valid one before its clock
runs out. Only the asserter's digests are ever recorded, each under one recorded before, so a line that ends in a wrong
step convicts the asserter from its own commitments, whoever made the challenger's moves.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace

from chain.crypto import hashing
from chain.crypto.merkle import (
    DIGEST,
    SPAN,
    Kind,
    leaf,
    level2_node,
    lr,
    lr_joined,
    lr_of_nodes,
    verify_below,
    verify_nodes,
    verify_range,
)
from chain.errors import Code, Rejected
from chain.modules.disputes.game import reads
from chain.modules.disputes.game.reads import Read, Root, root_of
from chain.modules.disputes.game.shape import OUTS, WHOLE_LINEAR, Item, OpKind, SectionKind, UnitShape, below, level2
from chain.modules.disputes.game.steps import ForeignFault, Step
from chain.modules.disputes.referee.records import BadRecord, decode_i32
from chain.modules.disputes.types import Bare, Choice, Line, Opening, Proof, Reveal, Round, Turn, Verdict
from chain.modules.jobs.types import Job, Unit
from chain.modules.models.types import ModelHeader

MAX_PROOF_BYTES = 56 * 1024
"""Bodies and siblings of one proof."""
_SECTION_KINDS = {
    SectionKind.ROWS: Kind.HSEC,
    SectionKind.CHECKSUMS: Kind.CHKS,
    SectionKind.TOKENS: Kind.TOKS,
}
_OUT_LEAVES = {
    OpKind.KEY_OUT: Kind.KROW,
    OpKind.VALUE_OUT: Kind.VROW,
    OpKind.CHECKSUM_OUT: Kind.CHK,
    OpKind.TOKEN_OUT: Kind.TOK,
}


@dataclass(frozen=True, slots=True)
class Ground:
    """What the chain knows of a unit before its dispute; all roots in their on-chain form."""

    shape: UnitShape
    unit: bytes
    asserter: bytes
    in_root: bytes
    body_root: bytes
    """Empty if the asserter's seal is not open."""
    out_root: bytes
    seal: bytes
    blind_hash: bytes
    prompt_root: bytes
    tokens_root: bytes
    model_root: bytes
    seed: bytes


def ground_of(job: Job, unit: Unit, header: ModelHeader, chain: bytes) -> Ground:
    """Return what the chain knows of the unit. Raises: ValueError if it is beyond the trace."""
    return Ground(
        shape=UnitShape(header, unit.start, unit.end, job.prompt_tokens, unit.tokens, job.sampler),
        unit=hashing.unit_id(chain, unit.job_id, unit.attempt, unit.stage),
        asserter=unit.operator,
        in_root=unit.in_root,
        body_root=unit.body_root,
        out_root=unit.out_root,
        seal=unit.seal,
        blind_hash=job.blind_hash,
        prompt_root=job.prompt_root,
        tokens_root=job.tokens_root,
        model_root=job.model_root,
        seed=job.seed,
    )


def begin() -> Line:
    """Return a line at its first reveal."""
    return Line(Round.SECTIONS, Turn.REVEAL)


def branch(line: Line, at: Round) -> Line:
    """Return the line as it was after the reveal of round `at`, for another choice.

    Raises: Rejected: WRONG_ROUND if that reveal is not recorded.
    """
    is_recorded = at < line.round or (at == line.round and line.turn == Turn.CHOOSE)
    if not is_recorded or not Round.SECTIONS <= at <= Round.TILES or not _was_played(line, at):
        raise Rejected(Code.WRONG_ROUND, "there is no reveal of that round to choose from")
    kept = Line(at, Turn.CHOOSE, line.blind, line.in_section, line.body_root, line.out_section)
    if at >= Round.ITEMS:
        kept = replace(kept, section=line.section, section_root=line.section_root, cache_root=line.cache_root)
    if at >= Round.TREE_NODES:
        kept = replace(kept, tree=line.tree, tree_root=line.tree_root)
    if at >= Round.NODE_ITEMS:
        kept = replace(kept, node=line.node, node_root=line.node_root)
    if at >= Round.OPS:
        kept = replace(kept, item=line.item, item_digest=line.item_digest, ops_root=line.ops_root)
    if at >= Round.TILE_NODES:
        kept = replace(kept, op=line.op, op_digest=line.op_digest)
    if at >= Round.TILES:
        kept = replace(kept, tile_node=line.tile_node, tile_node_root=line.tile_node_root)
    return kept


def before_reveal(line: Line, at: Round) -> Line:
    """Return the line as it was before the reveal of round `at`, which lies behind it."""
    if at == Round.VALUES:
        return replace(line, turn=Turn.REVEAL)
    if at == Round.SECTIONS:
        return begin()
    before = replace(branch(line, at), turn=Turn.REVEAL)
    if at == Round.ITEMS:
        return replace(before, cache_root=b"")
    return replace(before, ops_root=b"") if at == Round.OPS else before


def _was_played(line: Line, at: Round) -> bool:
    return {
        Round.TREE_NODES: bool(line.tree and line.node),
        Round.NODE_ITEMS: bool(line.tree or line.node),
        Round.TILE_NODES: bool(line.tile_node) or (line.round == at),
        Round.TILES: bool(line.tile) or (line.round == at),
    }.get(at, True)


# The asserter


def reveal(line: Line, ground: Ground, move: Reveal) -> Line:
    """Return the line after the asserter's reveal. Raises: Rejected: NOT_YOUR_TURN, WRONG_ROUND, REVEAL_INVALID."""
    _require_turn(line, Turn.REVEAL, move.round)
    if (
        (move.bare is None) == (move.round == Round.SECTIONS)
        or (move.lazy and move.round != Round.ITEMS)
        or bool(move.values) != (move.round == Round.VALUES)
        or (move.digests and move.round == Round.VALUES)
        or len(move.digests) % DIGEST
    ):
        raise Rejected(Code.REVEAL_INVALID, f"a reveal of round {move.round.name} has other fields")
    return replace(_REVEALS[move.round](line, ground, move), turn=_turn_after_reveal(move.round))


def _turn_after_reveal(at: Round) -> Turn:
    return Turn.PROVE if at == Round.VALUES else Turn.CHOOSE


def _reveal_sections(line: Line, ground: Ground, move: Reveal) -> Line:
    shape, bare = ground.shape, move.bare
    assert bare is not None
    _require_digests(move.digests, shape.num_sections - 1)
    if len(bare.blind) != DIGEST or hashing.blind_hash(bare.blind) != ground.blind_hash:
        raise Rejected(Code.REVEAL_INVALID, "this is not the job's blind")
    if shape.start:
        _require(_is_blinded(bare.blind, bare.in_section, ground.in_root), "in_section is not what in_root hides")
    else:
        _require(not bare.in_section, "stage 0 has no input section")
    body = lr_joined(Kind.SEC, move.digests)
    _require(_is_out(ground, bare), "out_section is not what out_root says")
    if ground.body_root:
        _require(len(bare.salt) <= DIGEST, "a salt has 32 bytes")  # another line may have opened the seal meanwhile
        _require(hashing.blinded(bare.blind, body) == ground.body_root, "the sections are not those of body_root")
    elif ground.seal:
        _require(_opens_seal(ground, bare, body), "salt and sections do not open the seal")
    else:  # asserted by a receipt: the sections are bound from now on, between an input and an output that were before
        _require(len(bare.salt) <= DIGEST, "a salt has 32 bytes")
    return replace(line, blind=bare.blind, in_section=bare.in_section, body_root=body, out_section=bare.out_section)


def _is_blinded(blind: bytes, bare: bytes, root: bytes) -> bool:
    return len(bare) == DIGEST and hashing.blinded(blind, bare) == root


def _is_out(ground: Ground, bare: Bare) -> bool:
    if ground.shape.is_last:
        return bare.out_section == ground.out_root
    return _is_blinded(bare.blind, bare.out_section, ground.out_root)


def _opens_seal(ground: Ground, bare: Bare, body: bytes) -> bool:
    if len(bare.salt) != DIGEST:
        return False
    trace = hashing.trace_root(ground.unit, ground.in_root, hashing.blinded(bare.blind, body), ground.out_root)
    return hashing.seal(ground.asserter, ground.unit, bare.salt, trace) == ground.seal


def _reveal_items(line: Line, ground: Ground, move: Reveal) -> Line:
    shape = ground.shape
    trees, count = shape.num_trees(line.section), shape.num_items(line.section)
    if len(move.lazy) != DIGEST * trees:
        raise Rejected(Code.REVEAL_INVALID, f"{len(move.lazy)} bytes are not the roots of {trees} trees")
    _require_list(_section_kind(ground, line), count, move.digests, line.section_root)
    return replace(line, cache_root=lr_joined(Kind.KVL, move.lazy) if trees else b"")


def _reveal_tree_nodes(line: Line, ground: Ground, move: Reveal) -> Line:
    _require_list(_tree_kind(ground, line), ground.shape.positions, move.digests, line.tree_root)
    return line


def _reveal_node_items(line: Line, ground: Ground, move: Reveal) -> Line:
    if line.node:
        _require_below(_count(ground, line), line.node - 1, move.digests, line.node_root)
    else:
        _require_list(_tree_kind(ground, line), ground.shape.positions, move.digests, line.tree_root)
    return line


def _reveal_ops(line: Line, ground: Ground, move: Reveal) -> Line:
    _require_digests(move.digests, ground.shape.num_ops(item_of(line, ground)))
    return replace(line, ops_root=lr_joined(Kind.OPS, move.digests))


def _reveal_tile_nodes(line: Line, ground: Ground, move: Reveal) -> Line:
    _require_list(_op_list(line, ground), _num_tiles(line, ground), move.digests, line.op_digest)
    return line


def _reveal_tiles(line: Line, ground: Ground, move: Reveal) -> Line:
    if line.tile_node:
        _require_below(_num_tiles(line, ground), line.tile_node - 1, move.digests, line.tile_node_root)
    else:
        _require_list(_op_list(line, ground), _num_tiles(line, ground), move.digests, line.op_digest)
    return line


def _reveal_values(line: Line, ground: Ground, move: Reveal) -> Line:
    op = ground.shape.op(item_of(line, ground), line.op - 1)
    if line.tile:
        is_right = len(move.values) == 4 * op.size(line.tile - 1)
        _require(is_right and leaf(Kind.OPT, move.values) == line.tile_digest, "the values are not the chosen tile")
        return line
    _require(len(move.values) == 4 * op.width, "the values are not those of the operator")
    cut = 4 * op.tile
    tiles = [leaf(Kind.OPT, move.values[at : at + cut]) for at in range(0, len(move.values), cut)]
    _require(lr(Kind.OP, tiles) == line.op_digest, "the values are not those of the operator")
    return line


_REVEALS = {
    Round.SECTIONS: _reveal_sections,
    Round.ITEMS: _reveal_items,
    Round.TREE_NODES: _reveal_tree_nodes,
    Round.NODE_ITEMS: _reveal_node_items,
    Round.OPS: _reveal_ops,
    Round.TILE_NODES: _reveal_tile_nodes,
    Round.TILES: _reveal_tiles,
    Round.VALUES: _reveal_values,
}


# The challenger


def choose(line: Line, ground: Ground, move: Choice) -> Line:
    """Return the line after the challenger's choice. Raises: Rejected: NOT_YOUR_TURN, WRONG_ROUND, CHOICE_INVALID."""
    _require_turn(line, Turn.CHOOSE, move.round)
    if len(move.digest) != DIGEST or len(move.siblings) % DIGEST:
        raise Rejected(Code.CHOICE_INVALID, "digests have 32 bytes")
    return _CHOICES[move.round](line, ground, move)


def _to(line: Line, at: Round) -> Line:
    """Return the line at the beginning of a round."""
    return replace(line, round=at, turn=Turn.PROVE if at == Round.STEP else Turn.REVEAL)


def _choose_section(line: Line, ground: Ground, move: Choice) -> Line:
    last = ground.shape.num_sections - 1
    if move.index == last:
        _require_same(move, line.out_section)
    else:
        _require_item(Kind.SEC, last, move, line.body_root)
    return _to(replace(line, section=move.index, section_root=move.digest), Round.ITEMS)


def _choose_item(line: Line, ground: Ground, move: Choice) -> Line:
    shape = ground.shape
    trees, count = shape.num_trees(line.section), shape.num_items(line.section)
    if move.index < trees:
        _require_item(Kind.KVL, trees, move, line.cache_root)
        chosen = replace(line, tree=move.index + 1, tree_root=move.digest)
        return _to(chosen, Round.TREE_NODES if level2(count) else Round.NODE_ITEMS)
    move = replace(move, index=move.index - trees)
    if level2(count):
        _require_node(_section_kind(ground, line), count, move, line.section_root)
        return _to(replace(line, node=move.index + 1, node_root=move.digest), Round.NODE_ITEMS)
    _require_item(_section_kind(ground, line), count, move, line.section_root)
    return _to(replace(line, item=move.index + 1, item_digest=move.digest), Round.OPS)


def _choose_tree_node(line: Line, ground: Ground, move: Choice) -> Line:
    _require_node(_tree_kind(ground, line), ground.shape.positions, move, line.tree_root)
    return _to(replace(line, node=move.index + 1, node_root=move.digest), Round.NODE_ITEMS)


def _choose_node_item(line: Line, ground: Ground, move: Choice) -> Line:
    first = 0
    if line.node:
        first = (line.node - 1) * SPAN
        _require_child(below(_count(ground, line), line.node - 1), move, line.node_root)
    else:
        _require_item(_tree_kind(ground, line), ground.shape.positions, move, line.tree_root)
    return _to(replace(line, item=first + move.index + 1, item_digest=move.digest), Round.OPS)


def _choose_op(line: Line, ground: Ground, move: Choice) -> Line:
    shape, item = ground.shape, item_of(line, ground)
    listed = shape.num_ops(item)
    if move.index == listed:
        _require_same(move, line.item_digest)
    else:
        _require_item(Kind.OPS, listed, move, line.ops_root)
    op = shape.op(item, move.index)
    chosen = replace(line, op=move.index + 1, op_digest=move.digest)
    if op.kind == OpKind.LINEAR and op.width <= WHOLE_LINEAR:
        return _to(chosen, Round.VALUES)
    if op.num_tiles == 1:
        return _to(chosen, Round.STEP)
    return _to(chosen, Round.TILE_NODES if level2(op.num_tiles) else Round.TILES)


def _choose_tile_node(line: Line, ground: Ground, move: Choice) -> Line:
    _require_node(_op_list(line, ground), _num_tiles(line, ground), move, line.op_digest)
    return _to(replace(line, tile_node=move.index + 1, tile_node_root=move.digest), Round.TILES)


def _choose_tile(line: Line, ground: Ground, move: Choice) -> Line:
    first, count = 0, _num_tiles(line, ground)
    if line.tile_node:
        first = (line.tile_node - 1) * SPAN
        _require_child(below(count, line.tile_node - 1), move, line.tile_node_root)
    else:
        _require_item(_op_list(line, ground), count, move, line.op_digest)
    chosen = replace(line, tile=first + move.index + 1, tile_digest=move.digest)
    is_linear = ground.shape.op(item_of(line, ground), line.op - 1).kind == OpKind.LINEAR
    return _to(chosen, Round.VALUES if is_linear else Round.STEP)


_CHOICES = {
    Round.SECTIONS: _choose_section,
    Round.ITEMS: _choose_item,
    Round.TREE_NODES: _choose_tree_node,
    Round.NODE_ITEMS: _choose_node_item,
    Round.OPS: _choose_op,
    Round.TILE_NODES: _choose_tile_node,
    Round.TILES: _choose_tile,
}


# The step

_FOREIGN = {
    Root.INPUT: Verdict.VOID_INPUT,
    Root.PROMPT: Verdict.VOID_PROMPT,
    Root.TOKENS: Verdict.VOID_TOKENS,
    Root.MODEL: Verdict.VOID_MODEL,
}


class _Opened:
    """Gives the leaves of a proof's openings, one after the other, each checked against what is recorded."""

    def __init__(self, openings: Sequence[Opening], roots: dict[Root, bytes]) -> None:
        self._openings = iter(openings)
        self._roots = roots

    def take(self, read: Read) -> tuple[bytes, ...]:
        opening = next(self._openings, None)
        if opening is None:
            raise Rejected(Code.PROOF_INVALID, "an opening is missing")
        if root_of(read, opening.bodies, opening.siblings) != self._roots[read.root]:
            raise Rejected(Code.PROOF_INVALID, f"an opening does not lead to the recorded {read.root.name}")
        return opening.bodies

    def require_end(self) -> None:
        if next(self._openings, None) is not None:
            raise Rejected(Code.PROOF_INVALID, "there are more openings than the step reads")


def roots_of(line: Line, ground: Ground) -> dict[Root, bytes]:
    """Return every root that an opening may lead to."""
    return {
        Root.INPUT: line.in_section,
        Root.BODY: line.body_root,
        Root.CACHE: line.cache_root,
        Root.OPS: line.ops_root,
        Root.MODEL: ground.model_root,
        Root.PROMPT: ground.prompt_root,
        Root.TOKENS: ground.tokens_root,
    }


def judge(line: Line, ground: Ground, proof: Proof) -> Verdict:
    """Recompute the disputed step from a proof. Raises: Rejected: NOT_YOUR_TURN, PROOF_INVALID.

    A value of the asserter that breaks its format convicts it; one that it only received voids the unit.
    """
    if line.turn != Turn.PROVE:
        raise Rejected(Code.NOT_YOUR_TURN, f"the line waits for {line.turn.name}")
    size = sum(len(opening.siblings) + sum(map(len, opening.bodies)) for opening in proof.openings)
    if size > MAX_PROOF_BYTES:
        raise Rejected(Code.PROOF_INVALID, f"the proof has {size} bytes, at most {MAX_PROOF_BYTES} are read")
    opened = _Opened(proof.openings, roots_of(line, ground))
    try:
        is_right = _is_right(line, ground, proof.element, opened)
        opened.require_end()
    except (BadRecord, struct.error):
        return Verdict.REFUTED
    except ForeignFault as fault:
        return _FOREIGN[fault.root]
    return Verdict.UPHELD if is_right else Verdict.REFUTED


def _is_right(line: Line, ground: Ground, element: int, opened: _Opened) -> bool:
    shape, item, index = ground.shape, item_of(line, ground), line.op - 1
    op = shape.op(item, index)
    step = Step(shape, ground.seed, line.blind, item, index, max(line.tile - 1, 0), opened)
    if op.kind != OpKind.LINEAR:
        if element:
            raise Rejected(Code.PROOF_INVALID, "only a linear map has elements")
        return target(line, shape, step.record()) == (line.tile_digest or line.op_digest)
    tile, place = divmod(element, op.tile)
    if element >= op.width or (line.tile and tile != line.tile - 1):
        raise Rejected(Code.PROOF_INVALID, f"element {element} is not in what was chosen")
    (claimed,) = opened.take(reads.tiles(shape, item, index, tile))
    return decode_i32(claimed, op.size(tile))[place] == step.element(element)


def target(line: Line, shape: UnitShape, body: bytes) -> bytes:
    """Return the digest that the asserter should have committed to if the disputed tile is `body`."""
    kind = shape.op(shape.item(line.section, line.tree - 1 if line.tree else None, line.item - 1), line.op - 1).kind
    if kind in _OUT_LEAVES:
        return leaf(_OUT_LEAVES[kind], body)
    is_out = kind == OpKind.ROW_OUT
    digest = leaf(Kind.ROWT if is_out else Kind.OPT, body)
    return digest if line.tile else lr(Kind.ROW if is_out else Kind.OP, [digest])


# What the line says


def item_of(line: Line, ground: Ground) -> Item:
    """Return the item that a line has come to."""
    return ground.shape.item(line.section, line.tree - 1 if line.tree else None, line.item - 1)


def _section_kind(ground: Ground, line: Line) -> Kind:
    return _SECTION_KINDS[ground.shape.section_kind(line.section)]


def _tree_kind(ground: Ground, line: Line) -> Kind:
    return Kind.KT if line.tree <= ground.shape.header.num_kv_heads else Kind.VT


def _count(ground: Ground, line: Line) -> int:
    return ground.shape.positions if line.tree else ground.shape.num_items(line.section)


def _op_list(line: Line, ground: Ground) -> Kind:
    kind = ground.shape.op(item_of(line, ground), line.op - 1).kind
    return Kind.ROW if kind in OUTS else Kind.OP


def _num_tiles(line: Line, ground: Ground) -> int:
    return ground.shape.op(item_of(line, ground), line.op - 1).num_tiles


# Checks


def _require_turn(line: Line, turn: Turn, at: Round) -> None:
    if line.turn != turn:
        raise Rejected(Code.NOT_YOUR_TURN, f"the line waits for {line.turn.name}")
    if line.round != at:
        raise Rejected(Code.WRONG_ROUND, f"the line is at {line.round.name}")


def _require(condition: bool, rule: str) -> None:
    if not condition:
        raise Rejected(Code.REVEAL_INVALID, rule)


def _require_digests(digests: bytes, count: int) -> None:
    _require(len(digests) == DIGEST * count, f"{len(digests) // DIGEST} digests instead of {count}")


def _require_list(kind: Kind, count: int, digests: bytes, root: bytes) -> None:
    """Check a list, or its level-2 nodes if it is longer than 256, against its root."""
    nodes = level2(count)
    _require_digests(digests, nodes or count)
    found = lr_of_nodes(kind, count, _split(digests)) if nodes else lr_joined(kind, digests)
    _require(found == root, "the digests do not hash to the recorded root")


def _require_below(count: int, node: int, digests: bytes, root: bytes) -> None:
    _require_digests(digests, below(count, node))
    _require(level2_node(_split(digests)) == root, "the digests do not hash to the recorded node")


def _split(joined: bytes) -> list[bytes]:
    return [joined[at : at + DIGEST] for at in range(0, len(joined), DIGEST)]


def _require_same(move: Choice, recorded: bytes) -> None:
    if move.digest != recorded or move.siblings:
        raise Rejected(Code.CHOICE_INVALID, "the chosen digest is recorded as another")


def _require_item(kind: Kind, count: int, move: Choice, root: bytes) -> None:
    if not verify_range(kind, count, move.index, (move.digest,), _split(move.siblings), root):
        raise Rejected(Code.CHOICE_INVALID, "the chosen digest does not stand there")


def _require_node(kind: Kind, count: int, move: Choice, root: bytes) -> None:
    if not verify_nodes(kind, count, move.index, (move.digest,), _split(move.siblings), root):
        raise Rejected(Code.CHOICE_INVALID, "the chosen node does not stand there")


def _require_child(count: int, move: Choice, node: bytes) -> None:
    if not verify_below(count, move.index, (move.digest,), _split(move.siblings), node):
        raise Rejected(Code.CHOICE_INVALID, "the chosen digest is not below that node")

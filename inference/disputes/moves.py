"""The next move of either side: pure decisions from the line, the own archive and what was revealed."""

from collections.abc import Generator, Sequence

from chain.crypto.merkle import DIGEST, SPAN, level2_nodes, open_below, open_range
from chain.modules.disputes.game.line import Ground, item_of
from chain.modules.disputes.game.shape import INPUT, Item, Op, OpKind, level2, tail_tensor
from chain.modules.disputes.types import Bare, Choice, Line, Proof, Reveal, Round, Turn
from inference.disputes.archive import Archive
from inference.disputes.prover import Reveals, prove, split


def preparing(archive: Archive, line: Line, ground: Ground) -> Generator[None, None, None]:
    """Compute in pieces what the next move of a line needs; the move itself then takes no time."""
    shape, at = ground.shape, line.round
    if at == Round.SECTIONS:
        for boundary in sorted(archive.rows):
            archive.row_digests(boundary)
            yield
    elif at in (Round.ITEMS, Round.TREE_NODES, Round.NODE_ITEMS):
        for tree in range(shape.num_trees(line.section)):
            archive.cached(shape.start + line.section, tree)
            yield
    else:
        item = item_of(line, ground)
        yield from archive.programming(item)
        if line.turn == Turn.PROVE:
            for tensor in _tensors(ground, item, shape.op(item, line.op - 1)):
                yield from archive.model.hashing(tensor)
            for boundary in (item.layer - 1, item.layer):
                if boundary in archive.rows:
                    archive.row_digests(boundary)
                    yield


def _tensors(ground: Ground, item: Item, op: Op) -> list[int]:
    """Return the tensors from which a step opens leaves."""
    header, found = ground.shape.header, [op.tensor] if op.tensor else []
    if op.kind in (OpKind.QUERY, OpKind.KEY_OUT):
        found.append(tail_tensor(header, "rope"))
    if op.source == INPUT and not item.layer:
        found.append(tail_tensor(header, "embedding"))
    return found


def reveal(archive: Archive, line: Line, ground: Ground, salt: bytes) -> Reveal:
    """Return the asserter's move; `salt` is that of its seal."""
    if line.round == Round.SECTIONS:
        sections = archive.sections()
        opening = b"" if ground.body_root else salt
        bare = Bare(archive.inputs.blind, opening, archive.input_section(), sections[-1])
        return Reveal(line.round, b"".join(sections[:-1]), bare=bare)
    if line.round == Round.VALUES:
        own = archive.bodies(item_of(line, ground), line.op - 1)
        return Reveal(line.round, values=own[line.tile - 1] if line.tile else b"".join(own))
    lazy = b""
    if line.round == Round.ITEMS and ground.shape.num_trees(line.section):
        lazy = b"".join(archive.trees(ground.shape.start + line.section))
    return Reveal(line.round, b"".join(_revealed(archive, line, ground)), lazy)


def _revealed(archive: Archive, line: Line, ground: Ground) -> Sequence[bytes]:
    """Return the digests that a reveal of this round lists, as this party has them."""
    shape, at = ground.shape, line.round
    if at == Round.SECTIONS:
        return archive.sections()[:-1]
    if at == Round.OPS:
        return archive.ops(item_of(line, ground))
    if at in (Round.TILE_NODES, Round.TILES):
        tiles = archive.tiles(item_of(line, ground), line.op - 1)
        if at == Round.TILE_NODES:
            return level2_nodes(tiles)
        return _under(tiles, line.tile_node)
    layer = shape.start + line.section
    items = archive.cached(layer, line.tree - 1) if line.tree else archive.items(line.section)
    if at == Round.NODE_ITEMS:
        return _under(items, line.node)
    return level2_nodes(items) if level2(len(items)) else items


def _under(items: Sequence[bytes], node: int) -> Sequence[bytes]:
    return items[(node - 1) * SPAN : node * SPAN] if node else items


def choose(archive: Archive, line: Line, ground: Ground, revealed: Reveals) -> Choice | None:
    """Return the challenger's move: the first digest that is not its own; None if there is none to win with."""
    shown, at = revealed[line.round], line.round
    theirs = split(shown.digests)
    own = _revealed(archive, line, ground)
    if at == Round.ITEMS and shown.lazy:
        trees, own_trees = split(shown.lazy), archive.trees(ground.shape.start + line.section)
        found = _first_other(trees, own_trees)
        if found is not None:
            return Choice(at, found, trees[found], b"".join(open_range(trees, found, 1)))
    found = _first_other(theirs, own)
    if found is None:
        return _last(archive, line, ground)
    is_below = (at == Round.NODE_ITEMS and line.node) or (at == Round.TILES and line.tile_node)
    siblings = open_below(theirs, found, 1, 2) if is_below else open_range(theirs, found, 1)
    before = len(shown.lazy) // DIGEST if at == Round.ITEMS else 0
    return Choice(at, before + found, theirs[found], b"".join(siblings))


def _last(archive: Archive, line: Line, ground: Ground) -> Choice | None:
    """Return the choice of what no reveal lists: the unit's output, or the item's own digest."""
    if line.round == Round.SECTIONS:
        if archive.sections()[-1] == line.out_section:
            return None
        return Choice(line.round, ground.shape.num_sections - 1, line.out_section)
    if line.round == Round.OPS:
        return Choice(line.round, ground.shape.num_ops(item_of(line, ground)), line.item_digest)
    return None


def _first_other(theirs: Sequence[bytes], own: Sequence[bytes]) -> int | None:
    for at, (one, two) in enumerate(zip(theirs, own, strict=False)):
        if one != two:
            return at
    return None


def next_challenge(archive: Archive, line: Line, ground: Ground, revealed: Reveals) -> Choice | Proof | None:
    """Return the challenger's move; None if it is not its turn or there is nothing it could win with."""
    if line.turn == Turn.CHOOSE:
        return choose(archive, line, ground, revealed)
    if line.turn == Turn.PROVE:
        return prove(archive, line, ground, revealed)
    return None

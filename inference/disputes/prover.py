"""Openings of everything a step reads.

The values are the challenger's own: up to the first difference both sides have the same. What stands beside them under
a recorded root may be the asserter's alone and comes from its reveals.
"""

from collections.abc import Sequence
from contextlib import suppress

from chain.crypto.merkle import DIGEST, SPAN, Kind, leaf, open_below, open_range
from chain.modules.disputes.game import reads
from chain.modules.disputes.game.line import Ground, item_of
from chain.modules.disputes.game.reads import Read, Root
from chain.modules.disputes.game.shape import Item, OpKind
from chain.modules.disputes.game.steps import ForeignFault, Step
from chain.modules.disputes.types import Line, Opening, Proof, Reveal, Round
from inference.disputes.archive import Archive, Tiles, bodies_of, cut

Reveals = dict[Round, Reveal]
"""What the asserter posted on this line."""


class Prover:
    """Collects the openings of one step while it is recomputed."""

    def __init__(self, archive: Archive, line: Line, ground: Ground, revealed: Reveals) -> None:
        self.openings: list[Opening] = []
        self._archive, self._line, self._revealed = archive, line, revealed
        self._item: Item = item_of(line, ground)
        self._op = line.op - 1
        self._op_kind = archive.shape.op(self._item, self._op)

    def take(self, read: Read) -> Tiles:
        """Return the leaves of a read and keep their opening."""
        bodies = self._bodies(read)
        self.openings.append(Opening(bodies, b"".join(self._siblings(read))))
        return bodies

    def _is_claimed(self, read: Read) -> bool:
        """Tell whether the read is of the disputed operator, whose later tiles are the asserter's."""
        return read.root == Root.OPS and read.levels[1].start == self._op

    def _bodies(self, read: Read) -> Tiles:
        if self._is_claimed(read) and self._op_kind.kind == OpKind.LINEAR:
            return (self._claimed_tile(read.levels[0].start),)
        done = self._archive.program(self._item)
        return bodies_of(self._archive, self._item.layer, read, done)

    def _claimed_tile(self, tile: int) -> bytes:
        values = self._revealed[Round.VALUES].values
        if self._line.tile:
            return values
        cut = 4 * self._op_kind.tile
        return values[tile * cut : (tile + 1) * cut]

    def _siblings(self, read: Read) -> list[bytes]:
        found: list[bytes] = []
        for place, level in enumerate(read.levels):
            if place == 0 and self._is_claimed(read):
                found += self._beside_claimed(level.start)
            else:
                found += open_range(self._list(read, place), level.start, level.num)
        return found

    def _beside_claimed(self, tile: int) -> Sequence[bytes]:
        """Return the siblings of a tile of the disputed operator."""
        own = list(self._archive.tiles(self._item, self._op))
        if Round.VALUES in self._revealed and not self._line.tile:
            tiles = [leaf(Kind.OPT, self._claimed_tile(at)) for at in range(len(own))]
            return open_range(tiles, tile, 1)
        if Round.TILES not in self._revealed:
            return ()
        first = (self._line.tile_node - 1) * SPAN if self._line.tile_node else 0
        shown = split(self._revealed[Round.TILES].digests)
        own[first : first + len(shown)] = shown
        if not self._line.tile_node:
            return open_range(own, tile, 1)
        node = tile // SPAN
        nodes = split(self._revealed[Round.TILE_NODES].digests)
        inner = open_below(own[node * SPAN : (node + 1) * SPAN], tile % SPAN, 1, 2)
        return (*inner, *open_range(nodes, node, 1))

    def _list(self, read: Read, place: int) -> Sequence[bytes]:
        """Return all digests of a list on the path."""
        archive, level = self._archive, read.levels[place]
        kind = level.kind
        if kind in (Kind.ROW, Kind.HSEC):
            start = archive.shape.start
            boundary = start - 1 if read.root == Root.INPUT else start + read.levels[2].start
            if kind == Kind.HSEC:
                return archive.row_digests(boundary)
            return [leaf(Kind.ROWT, tile) for tile in cut(archive.rows[boundary][read.levels[1].start])]
        if kind == Kind.SEC:
            return split(self._revealed[Round.SECTIONS].digests)
        if kind in (Kind.KT, Kind.VT):
            return archive.cached(self._item.layer, read.levels[1].start)
        if kind == Kind.KVL:
            return split(self._revealed[Round.ITEMS].lazy)
        if kind == Kind.OP:
            return archive.tiles(self._item, read.levels[1].start)
        if kind == Kind.OPS:
            return split(self._revealed[Round.OPS].digests)
        if kind == Kind.WT:
            return archive.model.digests(read.levels[1].start)
        if kind == Kind.MODEL:
            return archive.model.roots
        return [leaf(Kind.TOK, body) for body in archive.inputs.token_bodies(read.root)]


def prove(archive: Archive, line: Line, ground: Ground, revealed: Reveals) -> Proof:
    """Return the proof of a line that has come to its step.

    What the unit was given may be malformed; then the proof ends with its opening, where the chain stops reading too.

    Raises: ValueError if nothing the asserter claims differs from the own values, KeyError if a reveal is missing.
    """
    shape, item, index = ground.shape, item_of(line, ground), line.op - 1
    op = shape.op(item, index)
    prover = Prover(archive, line, ground, revealed)
    element = 0
    step = Step(shape, ground.seed, line.blind, item, index, max(line.tile - 1, 0), prover)
    if op.kind == OpKind.LINEAR:
        first = (line.tile - 1) * op.tile if line.tile else 0
        element = first + _first_other(archive, line, item, index, revealed[Round.VALUES].values)
        prover.take(reads.tiles(shape, item, index, element // op.tile))
    with suppress(ForeignFault):
        if op.kind == OpKind.LINEAR:
            step.element(element)
        else:
            step.record()
    return Proof(tuple(prover.openings), element)


def _first_other(archive: Archive, line: Line, item: Item, op: int, claimed: bytes) -> int:
    own = archive.bodies(item, op)
    values = own[line.tile - 1] if line.tile else b"".join(own)
    for at in range(0, len(claimed), 4):
        if claimed[at : at + 4] != values[at : at + 4]:
            return at // 4
    raise ValueError("the claimed values are the own ones")


def split(joined: bytes) -> list[bytes]:
    """Return digests that stand one behind another."""
    return [joined[at : at + DIGEST] for at in range(0, len(joined), DIGEST)]

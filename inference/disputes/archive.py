"""Everything a unit commits to, from its sections down to single values, regenerated on demand.

Kept are the bytes of rows, checksums and ids; K and V of a layer and the operators of an item are computed when a
dispute comes to them. Linear maps run in numpy, everything else by the operators' definition.
"""

import struct
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from chain.crypto.hashing import token_salt, u32
from chain.crypto.merkle import Kind, leaf, lr
from chain.modules.disputes.game.reads import Read, Root
from chain.modules.disputes.game.shape import (
    OUTS,
    Item,
    ItemKind,
    OpKind,
    SectionKind,
    UnitShape,
    layer_tensor,
)
from chain.modules.disputes.game.steps import Step
from chain.modules.disputes.referee.arithmetic import BLOCK, TILE
from inference.disputes.model import ModelFiles

Tiles = tuple[bytes, ...]
Trees = Sequence[Sequence[bytes]]
"""K rows per head, then V rows per head, by position."""
_LEAVES = {
    OpKind.KEY_OUT: Kind.KROW,
    OpKind.VALUE_OUT: Kind.VROW,
    OpKind.CHECKSUM_OUT: Kind.CHK,
    OpKind.TOKEN_OUT: Kind.TOK,
}
_ROW_TILE = 2 * TILE + TILE // BLOCK
_PAUSE = 16
"""Tiles that are computed without a pause: each is at most a millisecond of arithmetic."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a unit is computed from, beside the model."""

    blind: bytes
    seed: bytes
    prompt: tuple[int, ...]
    tokens: tuple[int, ...]
    """The answer's ids as the job has them; all but the last are fed."""

    def token_bodies(self, root: Root) -> Tiles:
        """Return the leaves under prompt_root or tokens_root."""
        ids = self.prompt if root == Root.PROMPT else self.tokens
        return tuple(self.token_body(root, at, token) for at, token in enumerate(ids))

    def token_body(self, root: Root, index: int, token: int) -> bytes:
        """Return one leaf under prompt_root or tokens_root."""
        return token_salt(self.blind, root == Root.TOKENS, index) + u32(index) + u32(token)


class Archive:
    """One unit as one party has it."""

    def __init__(
        self,
        model: ModelFiles,
        shape: UnitShape,
        inputs: Inputs,
        rows: Mapping[int, Sequence[bytes]],
        checksums: Sequence[bytes] = (),
        answer: Sequence[int] = (),
        caches: Mapping[int, Trees] | None = None,
    ) -> None:
        """Take the packed rows after each layer (start - 1: the input), at the last stage checksums and own tokens.

        `caches` holds the K and V rows of layers, where an engine has them; others are computed when asked for.
        """
        self.model, self.shape, self.inputs = model, shape, inputs
        self.rows = rows
        self.checksums = checksums
        """Bodies of CHK leaves."""
        self.answer = answer
        self._row_digests: dict[int, tuple[bytes, ...]] = {}
        self._caches: dict[int, Trees] = dict(caches or {})
        self._cache_digests: dict[tuple[int, int], tuple[bytes, ...]] = {}
        self._programs: dict[Item, list[Tiles]] = {}

    # Digests, from the top

    def sections(self) -> tuple[bytes, ...]:
        """Return s_0..s_{m-1}, bare."""
        return tuple(lr(self._section_kind(section), self.items(section)) for section in range(self.shape.num_sections))

    def input_section(self) -> bytes:
        """Return H_{a-1}, bare; empty at stage 0."""
        return lr(Kind.HSEC, self.row_digests(self.shape.start - 1)) if self.shape.start else b""

    def _section_kind(self, section: int) -> Kind:
        kinds = {SectionKind.ROWS: Kind.HSEC, SectionKind.CHECKSUMS: Kind.CHKS, SectionKind.TOKENS: Kind.TOKS}
        return kinds[self.shape.section_kind(section)]

    def items(self, section: int) -> tuple[bytes, ...]:
        """Return the digests of a section's rows, checksums or tokens."""
        kind = self.shape.section_kind(section)
        if kind == SectionKind.ROWS:
            return self.row_digests(self.shape.start + section)
        if kind == SectionKind.CHECKSUMS:
            return tuple(leaf(Kind.CHK, body) for body in self.checksums)
        return tuple(leaf(Kind.TOK, self._token(output)) for output in range(len(self.answer)))

    def _token(self, output: int) -> bytes:
        return self.inputs.token_body(Root.TOKENS, output, self.answer[output])

    def row_digests(self, boundary: int) -> tuple[bytes, ...]:
        """Return the digests of the rows after layer `boundary`."""
        found = self._row_digests.get(boundary)
        if found is None:
            found = tuple(lr(Kind.ROW, [leaf(Kind.ROWT, tile) for tile in cut(row)]) for row in self.rows[boundary])
            self._row_digests[boundary] = found
        return found

    def trees(self, layer: int) -> tuple[bytes, ...]:
        """Return the roots of a layer's K trees, then V trees."""
        count = 2 * self.shape.header.num_kv_heads
        return tuple(lr(self._tree_kind(tree), self.cached(layer, tree)) for tree in range(count))

    def _tree_kind(self, tree: int) -> Kind:
        return Kind.KT if tree < self.shape.header.num_kv_heads else Kind.VT

    def cached(self, layer: int, tree: int) -> tuple[bytes, ...]:
        """Return the digests of one tree's rows."""
        found = self._cache_digests.get((layer, tree))
        if found is None:
            kind = Kind.KROW if tree < self.shape.header.num_kv_heads else Kind.VROW
            found = tuple(leaf(kind, body) for body in self.cache(layer)[tree])
            self._cache_digests[layer, tree] = found
        return found

    def ops(self, item: Item) -> tuple[bytes, ...]:
        """Return the digests of an item's listed operators."""
        return tuple(lr(Kind.OP, self.tiles(item, op)) for op in range(self.shape.num_ops(item)))

    def tiles(self, item: Item, op: int) -> tuple[bytes, ...]:
        """Return the digests of an operator's tiles; those of `out` are what the item itself is made of."""
        return tuple(leaf(self._leaf(item, op), body) for body in self.bodies(item, op))

    def _leaf(self, item: Item, op: int) -> Kind:
        kind = self.shape.op(item, op).kind
        return Kind.ROWT if kind == OpKind.ROW_OUT else _LEAVES.get(kind, Kind.OPT)

    def bodies(self, item: Item, op: int) -> Tiles:
        """Return the records of an operator's tiles; those of `out` as they were committed to."""
        if self.shape.op(item, op).kind not in OUTS:
            return self.program(item)[op]
        if item.kind == ItemKind.ROW:
            return cut(self.rows[item.layer][item.index])
        if item.kind == ItemKind.CHECKSUM:
            return (self.checksums[item.index],)
        if item.kind == ItemKind.TOKEN:
            return (self._token(item.index),)
        return (self.cache(item.layer)[self._tree(item)][item.index],)

    def _tree(self, item: Item) -> int:
        return item.group + (self.shape.header.num_kv_heads if item.kind == ItemKind.VALUE else 0)

    # Values

    def cache(self, layer: int) -> Trees:
        """Return the K and V rows of a layer, computed from the rows before it."""
        found = self._caches.get(layer)
        if found is None:
            found = self._caches[layer] = self._cache(layer)
        return found

    def _cache(self, layer: int) -> Trees:
        header, shape = self.shape.header, self.shape
        groups, d = header.num_kv_heads, header.head_size
        rows = np.empty((shape.positions, header.hidden_size), dtype=np.int64)
        peaks: list[int] = []
        for position in range(shape.positions):
            program = self._run(Item(ItemKind.KEY, layer, 0, position), 3)
            peak, values = joined(program[2])
            rows[position] = values
            peaks.append(peak)
        first, scale = header.num_heads * d, header.layers[layer].qkv
        y = self.model.linear(layer_tensor(layer, 0), first, 2 * groups * d, scale, rows, peaks)
        trees: list[Tiles] = []
        for tree in range(2 * groups):
            kind = ItemKind.KEY if tree < groups else ItemKind.VALUE
            own = y[:, tree * d : (tree + 1) * d].astype("<i4")
            bodies = []
            for position in range(shape.positions):
                item = Item(kind, layer, tree % groups, position)
                bodies.append(self._step(item, 4, 0, [(), (), (), self._cut_linear(item, 3, own[position].tobytes())]))
            trees.append(tuple(bodies))
        return trees

    def _cut_linear(self, item: Item, op: int, values: bytes) -> Tiles:
        size = 4 * self.shape.op(item, op).tile
        return tuple(values[at : at + size] for at in range(0, len(values), size))

    def program(self, item: Item) -> list[Tiles]:
        """Return the records of all operators of an item, `out` last as it follows from them."""
        for _ in self.programming(item):
            pass
        return self._programs[item]

    def programming(self, item: Item) -> Iterator[None]:
        """Compute an item's operators in pieces; `program` then has them at once."""
        if item not in self._programs:
            self._programs[item] = yield from self._running(item, self.shape.num_ops(item) + 1)

    def _run(self, item: Item, count: int) -> list[Tiles]:
        pieces = self._running(item, count)
        while True:
            try:
                next(pieces)
            except StopIteration as end:
                done: list[Tiles] = end.value
                return done

    def _running(self, item: Item, count: int) -> Generator[None, None, list[Tiles]]:
        """Compute the first operators of an item, pausing where a piece is done."""
        done: list[Tiles] = []
        for index in range(count):
            op = self.shape.op(item, index)
            running: list[bytes] = []
            if op.kind == OpKind.LINEAR:
                assert op.scale is not None
                peak, values = joined(done[op.source])
                y = b""
                for block in self.model.linear_blocks(
                    op.tensor, op.first_row, op.width, op.scale, values[None, :], [peak]
                ):
                    y += block[0].astype("<i4").tobytes()
                    yield
                for tile, body in enumerate(self._cut_linear(item, index, y)):
                    running.append(self.altered(item, index, tile, body))
            else:
                for tile in range(op.num_tiles):
                    body = self._step(item, index, tile, [*done, tuple(running)])
                    running.append(self.altered(item, index, tile, body))
                    if tile % _PAUSE == _PAUSE - 1:
                        yield
            done.append(tuple(running))
            yield
        return done

    def _step(self, item: Item, op: int, tile: int, done: list[Tiles]) -> bytes:
        source = _Local(self, item.layer, done)
        return Step(self.shape, self.inputs.seed, self.inputs.blind, item, op, tile, source).record()

    def altered(self, item: Item, op: int, tile: int, body: bytes) -> bytes:
        """Return a tile as this party has it; an honest one has what it computed."""
        return body


class _Local:
    """Gives a step its reads from an archive."""

    def __init__(self, archive: Archive, layer: int, done: list[Tiles]) -> None:
        self._archive = archive
        self._layer = layer
        self._done = done

    def take(self, read: Read) -> Tiles:
        return bodies_of(self._archive, self._layer, read, self._done)


def bodies_of(archive: Archive, layer: int, read: Read, done: Sequence[Tiles]) -> Tiles:
    """Return the leaves of a read; `done` holds the operators of the item in question, which is of `layer`."""
    first, levels = read.levels[0], read.levels
    chosen = slice(first.start, first.start + first.num)
    if read.root == Root.OPS:
        return done[levels[1].start][chosen]
    if read.root == Root.MODEL:
        return (archive.model.row(levels[1].start, first.start),)
    if read.root == Root.CACHE:
        return tuple(archive.cache(layer)[levels[1].start][chosen])
    if read.root in (Root.PROMPT, Root.TOKENS):
        return archive.inputs.token_bodies(read.root)[chosen]
    boundary = archive.shape.start - 1 if read.root == Root.INPUT else archive.shape.start + levels[2].start
    return cut(archive.rows[boundary][levels[1].start])[chosen]


@lru_cache(maxsize=4096)
def cut(row: bytes) -> Tiles:
    """Return the tiles of a packed row."""
    return tuple(row[at : at + _ROW_TILE] for at in range(0, len(row), _ROW_TILE))


def joined(tiles: Tiles) -> tuple[int, "np.ndarray[tuple[int], np.dtype[np.int64]]"]:
    """Return scale and values of an activation record's tiles."""
    (scale,) = struct.unpack("<I", tiles[0][:4])
    values = [np.frombuffer(tile, dtype="<i2", offset=4) for tile in tiles]
    return scale, np.concatenate(values).astype(np.int64)

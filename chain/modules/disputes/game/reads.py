"""What a step may read, and the path from each value to a digest that is recorded for the asserter.

A read names consecutive leaves and the lists above them, innermost first: the leaves stand at `start` of a list whose
root is one item of the next list, up to a root that the asserter is bound to. An opening brings the leaves and, per
list, the siblings; nothing else is ever accepted as an input.
"""

from dataclasses import dataclass
from enum import IntEnum

from chain.crypto.merkle import DIGEST, Kind, leaf, num_siblings, root_of_range
from chain.modules.disputes.game.shape import (
    Item,
    ItemKind,
    UnitShape,
    num_tensors,
    tail_tensor,
    tensor_rows,
)
from chain.modules.disputes.referee.arithmetic import TILE


class Root(IntEnum):
    """Where a path ends."""

    INPUT = 0
    """The section before the unit's first layer."""
    BODY = 1
    """The unit's sections but the last."""
    CACHE = 2
    """The K and V trees of the disputed layer."""
    OPS = 3
    """The operators of the disputed item."""
    MODEL = 4
    PROMPT = 5
    TOKENS = 6


OWN = frozenset({Root.BODY, Root.CACHE, Root.OPS})
"""Roots that the asserter made itself: what is malformed under them convicts it."""


@dataclass(frozen=True, slots=True)
class Level:
    """A list on the path: `count` items, of which `num` from `start` on are known."""

    kind: Kind
    count: int
    start: int
    num: int = 1


@dataclass(frozen=True, slots=True)
class Read:
    """Consecutive leaves under a recorded root."""

    leaf: Kind
    levels: tuple[Level, ...]
    root: Root

    @property
    def num(self) -> int:
        """Return how many leaves are read."""
        return self.levels[0].num

    @property
    def num_siblings(self) -> int:
        """Return how many digests an opening brings beside the leaves."""
        return sum(num_siblings(level.count, level.start, level.num) for level in self.levels)


def root_of(read: Read, bodies: tuple[bytes, ...], siblings: bytes) -> bytes | None:
    """Return the root that an opening leads to; None if it has another form than the read."""
    counts = [DIGEST * num_siblings(level.count, level.start, level.num) for level in read.levels]
    if len(bodies) != read.num or len(siblings) != sum(counts):
        return None
    digests, at = b"".join([leaf(read.leaf, body) for body in bodies]), 0
    for level, count in zip(read.levels, counts, strict=True):
        found = root_of_range(level.kind, level.count, level.start, digests, siblings[at : at + count])
        if found is None:
            return None
        digests, at = found, at + count
    return digests


def row(shape: UnitShape, boundary: int, position: int, tile: int) -> Read:
    """Return the read of one tile of a row after layer `boundary`."""
    levels = (
        Level(Kind.ROW, -(-shape.header.hidden_size // TILE), tile),
        Level(Kind.HSEC, shape.positions, position),
    )
    if boundary < shape.start:
        return Read(Kind.ROWT, levels, Root.INPUT)
    above = Level(Kind.SEC, shape.num_sections - 1, boundary - shape.start)
    return Read(Kind.ROWT, (*levels, above), Root.BODY)


def tiles(shape: UnitShape, item: Item, op: int, first: int, num: int = 1) -> Read:
    """Return the read of tiles of an operator of the disputed item."""
    levels = (
        Level(Kind.OP, shape.op(item, op).num_tiles, first, num),
        Level(Kind.OPS, shape.num_ops(item), op),
    )
    return Read(Kind.OPT, levels, Root.OPS)


def cached(shape: UnitShape, kind: ItemKind, group: int, first: int, num: int) -> Read:
    """Return the read of K or V rows of the disputed layer."""
    groups = shape.header.num_kv_heads
    is_key = kind == ItemKind.KEY
    levels = (
        Level(Kind.KT if is_key else Kind.VT, shape.positions, first, num),
        Level(Kind.KVL, 2 * groups, group if is_key else groups + group),
    )
    return Read(Kind.KROW if is_key else Kind.VROW, levels, Root.CACHE)


def weights(shape: UnitShape, tensor: int, index: int) -> Read:
    """Return the read of one leaf of the model."""
    levels = (
        Level(Kind.WT, tensor_rows(shape.header, tensor), index),
        Level(Kind.MODEL, num_tensors(shape.header), tensor),
    )
    return Read(Kind.WROW, levels, Root.MODEL)


def rotation(shape: UnitShape, position: int) -> Read:
    """Return the read of the rotary table at a position."""
    return weights(shape, tail_tensor(shape.header, "rope"), position)


def token(shape: UnitShape, position: int) -> Read:
    """Return the read of the id at a position."""
    if position < shape.prompt_tokens:
        return Read(Kind.TOK, (Level(Kind.TOKS, shape.prompt_tokens, position),), Root.PROMPT)
    level = Level(Kind.TOKS, shape.outputs, position - shape.prompt_tokens)
    return Read(Kind.TOK, (level,), Root.TOKENS)

"""The canonical structure of a unit: sections, items, operators and tiles, as counts that follow from chain state.

A unit is a list of *sections*: the rows after each of its layers, at the last stage then the checksums of all outputs
and the tokens. A section of rows consists of the K and V trees of its layer, then one row per position; the other two
of one item per output. An *item* is the result of a short program of *operators*; an operator's output is cut into
*tiles*, and one tile (of a linear map: one element) is what the referee recomputes. Indices ascend in the canonical
order: whatever a step reads comes before it.
"""

from dataclasses import dataclass
from enum import IntEnum

from chain.crypto.merkle import SPAN
from chain.modules.disputes.referee.arithmetic import BLOCK, TILE
from chain.modules.disputes.referee.linear import tile_size
from chain.modules.jobs.types import SamplerKind, SamplerSpec
from chain.modules.models.types import LinearScale, ModelHeader

MAX_LAYERS = 250
"""Layers of one stage."""
MAX_HEADS = 119
"""2H + 18 operators of a row stay within 256."""
MAX_POSITIONS = 1 << 16
MAX_OUTPUTS = 1 << 18
"""Outputs of a linear map."""
MAX_COLUMNS = 1 << 14
"""Inputs of a linear map: what one step can read."""
WHOLE_LINEAR = 1024
"""A linear map with at most so many outputs reveals them all at once."""
INPUT = -1
"""In place of an operator's index: the row that the item starts from."""
_TENSORS_PER_LAYER = 6


class SectionKind(IntEnum):
    """What a section lists."""

    ROWS = 0
    CHECKSUMS = 1
    TOKENS = 2


class ItemKind(IntEnum):
    """What an item is."""

    KEY = 0
    VALUE = 1
    ROW = 2
    CHECKSUM = 3
    TOKEN = 4


class OpKind(IntEnum):
    """What an operator computes; names in comments are those of the tables in the protocol's text."""

    MAXIMUM = 0  # M
    SQUARES = 1  # S
    NORM = 2  # A of a norm
    PLAIN = 3  # A without a norm
    LINEAR = 4  # Q, OL, GU, D, LG and the d rows of K and V
    QUERY = 5  # QR
    SCORES = 6  # Z
    WEIGHTED = 7  # W
    MIXED = 8  # O
    ADDED = 9  # R
    SWIGLU = 10  # U
    BEST = 11  # G
    WEIGHT_SUM = 12  # CW
    RANKING = 13  # TK
    KEY_OUT = 14
    VALUE_OUT = 15
    ROW_OUT = 16
    CHECKSUM_OUT = 17
    TOKEN_OUT = 18


OUTS = frozenset({OpKind.KEY_OUT, OpKind.VALUE_OUT, OpKind.ROW_OUT, OpKind.CHECKSUM_OUT, OpKind.TOKEN_OUT})
"""Operators whose digest is the item's own."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a section."""

    kind: ItemKind
    layer: int
    """Layer, or the number of layers for checksums and tokens."""
    group: int
    """K/V head; 0 for other kinds."""
    index: int
    """Position, or output."""


@dataclass(frozen=True, slots=True)
class Op:
    """One operator of an item's program."""

    kind: OpKind
    name: str
    width: int
    """Values of its output; records for scans."""
    tile: int
    """Values of a tile; the last may have fewer."""
    source: int = INPUT
    """The operator it mainly reads, or INPUT."""
    other: int = INPUT
    """The second one: the last maximum, a linear map's output."""
    third: int = INPUT
    """The squares of a norm."""
    head: int = 0
    tensor: int = 0
    """Place in the model's list: gains or weights."""
    first_row: int = 0
    columns: int = 0
    """Inputs of a linear map, or the whole width of a normalised row."""
    scale: LinearScale | None = None

    @property
    def num_tiles(self) -> int:
        """Return the tiles of its output."""
        return -(-self.width // self.tile)

    def size(self, tile: int) -> int:
        """Return the values of one tile."""
        return min(self.tile, self.width - tile * self.tile)


@dataclass(frozen=True, slots=True)
class UnitShape:
    """What determines every count of a unit. Raises: ValueError beyond the limits of the trace."""

    header: ModelHeader
    start: int
    end: int
    """Layers [start, end)."""
    prompt_tokens: int
    outputs: int
    """T."""
    sampler: SamplerSpec

    def __post_init__(self) -> None:
        header = self.header
        widest = max(header.hidden_size, header.num_heads * header.head_size, header.intermediate_size)
        if not 0 <= self.start < self.end <= header.num_layers or self.end - self.start > MAX_LAYERS:
            raise ValueError(f"layers {self.start}..{self.end} are no unit")
        if self.prompt_tokens < 1 or self.outputs < 1 or self.positions > min(MAX_POSITIONS, header.max_positions):
            raise ValueError(f"{self.prompt_tokens} + {self.outputs} tokens are no unit")
        if header.num_heads > MAX_HEADS or widest > MAX_COLUMNS or header.trace_stride > 1:
            raise ValueError("the model exceeds the limits of the trace")
        if max(header.vocab_size, 2 * header.intermediate_size) > MAX_OUTPUTS:
            raise ValueError("a linear map of the model has too many outputs")

    @property
    def positions(self) -> int:
        """Return N: the last token is not fed."""
        return self.prompt_tokens + self.outputs - 1

    @property
    def is_last(self) -> bool:
        """Tell whether the unit ends with the head."""
        return self.end == self.header.num_layers

    @property
    def num_sections(self) -> int:
        """Return the number of sections; the last one is the unit's output."""
        return self.end - self.start + (2 if self.is_last else 0)

    def section_kind(self, section: int) -> SectionKind:
        """Return what a section lists."""
        beyond = section - (self.end - self.start)
        return SectionKind.ROWS if beyond < 0 else SectionKind(beyond + 1)

    def num_items(self, section: int) -> int:
        """Return how many rows, checksums or tokens a section has; trees are not counted."""
        return self.positions if self.section_kind(section) == SectionKind.ROWS else self.outputs

    def num_trees(self, section: int) -> int:
        """Return how many K and V trees stand before a section's rows."""
        return 2 * self.header.num_kv_heads if self.section_kind(section) == SectionKind.ROWS else 0

    def item(self, section: int, tree: int | None, index: int) -> Item:
        """Return item `index` of a section, or of one of its trees."""
        kind = self.section_kind(section)
        if kind != SectionKind.ROWS:
            found = ItemKind.CHECKSUM if kind == SectionKind.CHECKSUMS else ItemKind.TOKEN
            return Item(found, self.header.num_layers, 0, index)
        layer = self.start + section
        if tree is None:
            return Item(ItemKind.ROW, layer, 0, index)
        groups = self.header.num_kv_heads
        return Item(ItemKind.KEY if tree < groups else ItemKind.VALUE, layer, tree % groups, index)

    def num_ops(self, item: Item) -> int:
        """Return how many operators an item lists; its `out` comes after them and is not counted."""
        if item.kind == ItemKind.ROW:
            return 2 * self.header.num_heads + 18
        if item.kind == ItemKind.TOKEN and self.sampler.kind != SamplerKind.GREEDY:
            return 6
        return 5 if item.kind in (ItemKind.CHECKSUM, ItemKind.TOKEN) else 4

    def op(self, item: Item, index: int) -> Op:
        """Return operator `index` of an item, 0 <= index <= `num_ops`."""
        if item.kind == ItemKind.ROW:
            return _row_op(self.header, item, index)
        if item.kind in (ItemKind.KEY, ItemKind.VALUE):
            return _cached_op(self.header, item, index)
        return _output_op(self, item, index)

    def ops(self, item: Item) -> tuple[Op, ...]:
        """Return an item's whole program, `out` last."""
        return tuple(self.op(item, index) for index in range(self.num_ops(item) + 1))


def level2(count: int) -> int:
    """Return the number of level-2 nodes of a list, 0 if it is short enough to be revealed itself."""
    return 0 if count <= SPAN else -(-count // SPAN)


def below(count: int, node: int) -> int:
    """Return how many items of a list of `count` stand below level-2 node `node`."""
    return min(SPAN, count - node * SPAN)


def layer_tensor(layer: int, place: int) -> int:
    """Return a layer tensor's place in the model's list; place: qkv o gate_up down g1 g2."""
    return 1 + _TENSORS_PER_LAYER * layer + place


def tail_tensor(header: ModelHeader, name: str) -> int:
    """Return the place of gf, head, embedding or rope."""
    tail = ("gf", "head", "rope") if header.tied else ("gf", "head", "embedding", "rope")
    if header.tied and name == "embedding":
        name = "head"
    return 1 + _TENSORS_PER_LAYER * header.num_layers + tail.index(name)


def num_tensors(header: ModelHeader) -> int:
    """Return the length of the model's list, header included."""
    return 1 + _TENSORS_PER_LAYER * header.num_layers + (3 if header.tied else 4)


def tensor_rows(header: ModelHeader, place: int) -> int:
    """Return how many leaves a tensor has."""
    n, d = header.hidden_size, header.head_size
    at = place - 1
    if at >= _TENSORS_PER_LAYER * header.num_layers:
        if place == tail_tensor(header, "gf"):
            return -(-n // TILE)
        return header.max_positions if place == tail_tensor(header, "rope") else header.vocab_size
    qkv = (header.num_heads + 2 * header.num_kv_heads) * d
    gains = -(-n // TILE)
    return (qkv, n, 2 * header.intermediate_size, n, gains, gains)[at % _TENSORS_PER_LAYER]


def _norm(index: int, first: int, source: int, width: int, gains: int) -> Op:
    """Return M, S or A of NORM(source), whose M is operator `first`."""
    tiles = -(-width // TILE)
    if index == first:
        return Op(OpKind.MAXIMUM, "M", tiles, 1, source, columns=width)
    if index == first + 1:
        return Op(OpKind.SQUARES, "S", tiles, 1, source, first, tensor=gains, columns=width)
    return Op(OpKind.NORM, "A", width, TILE, source, first, first + 1, tensor=gains, columns=width)


def _quant(index: int, first: int, source: int, width: int) -> Op:
    """Return M or A of QUANT(source), whose M is operator `first`."""
    if index == first:
        return Op(OpKind.MAXIMUM, "M", -(-width // TILE), 1, source, columns=width)
    return Op(OpKind.PLAIN, "A", width, TILE, source, first, columns=width)


def _linear(name: str, outputs: int, source: int, columns: int, tensor: int, scale: LinearScale, row: int = 0) -> Op:
    return Op(
        OpKind.LINEAR,
        name,
        outputs,
        tile_size(outputs),
        source,
        tensor=tensor,
        first_row=row,
        columns=columns,
        scale=scale,
    )


def _cached_op(header: ModelHeader, item: Item, index: int) -> Op:
    d, n, layer = header.head_size, header.hidden_size, item.layer
    if index < 3:
        return _norm(index, 0, INPUT, n, layer_tensor(layer, 4))
    if index == 3:
        before = header.num_heads + (header.num_kv_heads if item.kind == ItemKind.VALUE else 0)
        row, scale = (before + item.group) * d, header.layers[layer].qkv
        return _linear("Y", d, 2, n, layer_tensor(layer, 0), scale, row)
    return Op(OpKind.KEY_OUT if item.kind == ItemKind.KEY else OpKind.VALUE_OUT, "out", d, d, 3)


def _row_op(header: ModelHeader, item: Item, index: int) -> Op:
    n, d, heads, inner, layer = (
        header.hidden_size,
        header.head_size,
        header.num_heads,
        header.intermediate_size,
        item.layer,
    )
    scales = header.layers[layer]
    if index < 3:
        return _norm(index, 0, INPUT, n, layer_tensor(layer, 4))
    if index == 3:
        return _linear("Q", heads * d, 2, n, layer_tensor(layer, 0), scales.qkv)
    if index == 4:
        return Op(OpKind.QUERY, "QR", heads * d, d, 3)
    if index < 5 + heads:
        return Op(OpKind.SCORES, f"Z_{index - 5}", item.index + 1, BLOCK, 4, head=index - 5)
    if index < 5 + 2 * heads:
        head = index - 5 - heads
        return Op(OpKind.WEIGHTED, f"W_{head}", item.index // BLOCK + 1, 1, 5 + head, head=head)
    at = 5 + 2 * heads
    mixed = heads * d
    tail = index - at
    if tail == 0:
        return Op(OpKind.MIXED, "O", mixed, d, at - heads)
    if tail <= 2:
        return _quant(index, at + 1, at, mixed)
    if tail == 3:
        return _linear("OL", n, at + 2, mixed, layer_tensor(layer, 1), scales.o)
    if tail == 4:
        return Op(OpKind.ADDED, "R", n, TILE, INPUT, at + 3)
    if tail <= 7:
        return _norm(index, at + 5, at + 4, n, layer_tensor(layer, 5))
    if tail == 8:
        return _linear("GU", 2 * inner, at + 7, n, layer_tensor(layer, 2), scales.gate_up)
    if tail == 9:
        return Op(OpKind.SWIGLU, "U", inner, TILE, at + 8)
    if tail <= 11:
        return _quant(index, at + 10, at + 9, inner)
    if tail == 12:
        return _linear("D", n, at + 11, inner, layer_tensor(layer, 3), scales.down)
    return Op(OpKind.ROW_OUT, "out", n, TILE, at + 4, at + 12)


def _output_op(shape: UnitShape, item: Item, index: int) -> Op:
    header = shape.header
    n, vocabulary = header.hidden_size, header.vocab_size
    if index < 3:
        return _norm(index, 0, INPUT, n, tail_tensor(header, "gf"))
    if index == 3:
        return _linear("LG", vocabulary, 2, n, tail_tensor(header, "head"), header.head)
    tiles = -(-vocabulary // tile_size(vocabulary))
    if index == 4:
        return Op(OpKind.BEST, "G", tiles, 1, 3)
    if item.kind == ItemKind.CHECKSUM:
        return Op(OpKind.CHECKSUM_OUT, "out", 1, 1, 4)
    is_scanned = shape.sampler.kind != SamplerKind.GREEDY
    if index == 5 and is_scanned:
        if shape.sampler.top_k:
            return Op(OpKind.RANKING, "TK", tiles, 1, 3)
        return Op(OpKind.WEIGHT_SUM, "CW", tiles, 1, 3, 4)
    return Op(OpKind.TOKEN_OUT, "out", 1, 1, 5 if is_scanned else 4, 4, 3)

"""The last step of a line in words: what was computed, from what, and what each side and the chain make of it."""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from chain.modules.disputes.game import line as game
from chain.modules.disputes.game import reads
from chain.modules.disputes.game.line import Ground, item_of
from chain.modules.disputes.game.reads import Read, Root
from chain.modules.disputes.game.shape import Item, ItemKind, Op, OpKind, UnitShape, tail_tensor
from chain.modules.disputes.game.steps import ForeignFault, Step
from chain.modules.disputes.referee.records import BadRecord, decode_i32, decode_row_tile
from chain.modules.disputes.types import Line, Proof, Turn, Verdict

WORDS = {
    OpKind.MAXIMUM: "the largest magnitude of the row so far",
    OpKind.SQUARES: "the sum of squares, and the largest product with a gain, of the row so far",
    OpKind.NORM: "the row divided by its root mean square, times the gains, in 15 bits",
    OpKind.PLAIN: "the row in 15 bits",
    OpKind.QUERY: "a head's query, turned by its position",
    OpKind.SCORES: "the scores of a query against 64 keys at most",
    OpKind.WEIGHTED: "the sum of values, each weighted by the power of its score, so far",
    OpKind.MIXED: "a head's weighted values divided by the sum of weights",
    OpKind.ADDED: "the row plus what attention found",
    OpKind.SWIGLU: "gate times its sigmoid times up",
    OpKind.BEST: "the largest logit so far, its token, and the sum of all logits so far",
    OpKind.WEIGHT_SUM: "the sum of the tokens' weights so far",
    OpKind.RANKING: "the best 256 tokens so far",
    OpKind.KEY_OUT: "the key of a head, turned by its position",
    OpKind.VALUE_OUT: "the value of a head, rounded",
    OpKind.ROW_OUT: "the row after the layer, rounded to 15 bits a block of 64",
    OpKind.CHECKSUM_OUT: "the largest logit and the sum of all logits",
    OpKind.TOKEN_OUT: "the token that the sampler takes",
}
"""What an operator computes; linear maps have words of their own."""
LINEAR_WORDS = {
    "Q": "queries",
    "Y": "keys and values",
    "OL": "attention's output map",
    "GU": "gate and up map",
    "D": "down map",
    "LG": "head",
}
SOURCES = {
    Root.INPUT: "the row that the stage before sent",
    Root.BODY: "the asserter's own rows",
    Root.CACHE: "the asserter's own keys and values",
    Root.OPS: "the asserter's own operators",
    Root.MODEL: "the model",
    Root.PROMPT: "the prompt",
    Root.TOKENS: "the answer",
}
_FORMATS: dict[OpKind, Callable[[int], str]] = {
    OpKind.MAXIMUM: lambda _: "<q",
    OpKind.SQUARES: lambda _: "<qq",
    OpKind.NORM: lambda size: f"<I{(size - 4) // 2}h",
    OpKind.PLAIN: lambda size: f"<I{(size - 4) // 2}h",
    OpKind.QUERY: lambda size: f"<I{(size - 4) // 2}h",
    OpKind.KEY_OUT: lambda size: f"<I{(size - 4) // 2}h",
    OpKind.SCORES: lambda size: f"<{size // 4}i",
    OpKind.MIXED: lambda size: f"<{size // 4}i",
    OpKind.SWIGLU: lambda size: f"<{size // 4}i",
    OpKind.WEIGHTED: lambda size: f"<{size // 8}q",
    OpKind.ADDED: lambda size: f"<{size // 8}q",
    OpKind.WEIGHT_SUM: lambda _: "<q",
    OpKind.BEST: lambda _: "<iIq",
    OpKind.RANKING: lambda size: "<" + "iI" * (size // 8),
    OpKind.VALUE_OUT: lambda size: f"<{size // 2}h",
    OpKind.CHECKSUM_OUT: lambda _: "<iq",
}
SHOWN = 6
"""Values of a record that are printed."""


@dataclass(frozen=True, slots=True)
class Explained:
    """One step, recomputed."""

    place: str
    """Which values of which layer and position."""
    operation: str
    sources: tuple[str, ...]
    """What was opened, and under whose commitment."""
    claimed: str
    """What the asserter committed to."""
    computed: str
    """What the referee finds; the challenger says the same if the asserter is refuted."""
    verdict: Verdict
    token: int | None = None
    """Whose logit it is."""


class _Recorder:
    """Gives a step what a proof opens, and keeps what it asked for."""

    def __init__(self, proof: Proof) -> None:
        self._openings = iter(proof.openings)
        self.reads: list[Read] = []

    def take(self, read: Read) -> tuple[bytes, ...]:
        """Return the leaves of a read."""
        self.reads.append(read)
        return next(self._openings).bodies


def explain(line: Line, ground: Ground, proof: Proof) -> Explained:
    """Recompute the step of a line from its proof. Raises: Rejected: the proof does not belong to the line."""
    at_step = replace(line, turn=Turn.PROVE)
    verdict = game.judge(at_step, ground, proof)
    shape, item = ground.shape, item_of(line, ground)
    op, opened = shape.op(item, line.op - 1), _Recorder(proof)
    step = Step(shape, ground.seed, line.blind, item, line.op - 1, max(line.tile - 1, 0), opened)
    try:
        if op.kind == OpKind.LINEAR:
            claimed, computed = _linear(step, op, proof.element, opened)
        else:
            claimed, computed = _record(step, line, shape, op)
    except (BadRecord, struct.error) as error:
        claimed, computed = "a value that breaks its format", f"no value: {error}"
    except ForeignFault as fault:
        claimed, computed = "something computed from a malformed input", f"nothing: {fault}"
    element = proof.element if op.kind == OpKind.LINEAR else None
    return Explained(
        place=place_of(shape, item, op, max(line.tile - 1, 0), element),
        operation=operation_of(shape, item, op),
        sources=tuple(_source(shape, item, read) for read in opened.reads),
        claimed=claimed,
        computed=computed,
        verdict=verdict,
        token=element if op.name == "LG" else None,
    )


def _linear(step: Step, op: Op, element: int, opened: _Recorder) -> tuple[str, str]:
    tile, place = divmod(element, op.tile)
    (body,) = opened.take(reads.tiles(step.shape, step.item, step.op_index, tile))
    claimed = decode_i32(body, op.size(tile))[place]
    computed = step.element(element)
    return f"{claimed:,}", f"{computed:,}"


def _record(step: Step, line: Line, shape: UnitShape, op: Op) -> tuple[str, str]:
    body = step.record()
    own, right = line.tile_digest or line.op_digest, game.target(line, shape, body)
    shown = values_of(op.kind, body)
    return f"values with digest {own.hex()[:24]}…", f"{shown}, digest {right.hex()[:24]}…"


def values_of(kind: OpKind, body: bytes) -> str:
    """Return the values of a record, the first of them if they are many."""
    if kind == OpKind.TOKEN_OUT:
        return f"token {int.from_bytes(body[-4:], 'little')}"
    if kind == OpKind.ROW_OUT:
        # u8 shift per block of 64, i16 per value.
        values: Sequence[int] = decode_row_tile(body, len(body) * 64 // 129)
    else:
        values = struct.unpack(_FORMATS[kind](len(body)), body)
    listed = ", ".join(f"{value:,}" for value in values[:SHOWN])
    return f"({listed}{', …' if len(values) > SHOWN else ''})" + (
        f" [{len(values)} values]" if len(values) > SHOWN else ""
    )


def place_of(shape: UnitShape, item: Item, op: Op, tile: int, element: int | None) -> str:
    """Say where in the unit a step is."""
    if item.kind in (ItemKind.CHECKSUM, ItemKind.TOKEN):
        where = f"output {item.index}"
    else:
        where = f"layer {item.layer}, position {item.index}"
        if item.kind != ItemKind.ROW:
            where += f", {'key' if item.kind == ItemKind.KEY else 'value'} head {item.group}"
    if element is not None:
        return f"{where}: {LINEAR_WORDS[op.name]}, output {element:,} of {op.width:,}"
    if op.kind in (OpKind.SCORES, OpKind.WEIGHTED):
        return f"{where}: head {op.head}, block {tile} of {op.num_tiles}"
    return f"{where}: {op.name}" + (f", tile {tile} of {op.num_tiles}" if op.num_tiles > 1 else "")


def operation_of(shape: UnitShape, item: Item, op: Op) -> str:
    """Say what a step computes."""
    if op.kind != OpKind.LINEAR:
        return WORDS[op.kind]
    assert op.scale is not None
    is_head = op.tensor == tail_tensor(shape.header, "head")
    return (
        f"one number, the sum of {op.columns:,} products of an 8-bit weight and an activation, "
        f"times the row's scale, rounded by {op.scale.s1} and {op.scale.s2} bits" + (" (a logit)" if is_head else "")
    )


def _source(shape: UnitShape, item: Item, read: Read) -> str:
    first, source = read.levels[0], SOURCES[read.root]
    count = f"{first.num} leaves" if first.num > 1 else "1 leaf"
    if read.root == Root.OPS:
        op = shape.op(item, read.levels[1].start)
        return f"{op.name} ({count} of {first.count}) from {source}"
    if read.root == Root.MODEL:
        return f"row {first.start:,} of tensor {read.levels[1].start} from {source}"
    return f"{count} from {source}"

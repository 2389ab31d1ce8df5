"""Disputes in figures: the last step of every operator at the trace's limits, and the bytes of whole disputes.

    python -m benchmarks.dispute

The first table verifies and recomputes one proof per operator, as a block does, on values made for the purpose; a step
must take at most 1 ms. The second adds up every message of the longest line for shapes of real models.
"""

import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chain.crypto.merkle import num_siblings
from chain.modules.disputes.game.reads import Read, root_of
from chain.modules.disputes.game.shape import Item, ItemKind, Op, OpKind, UnitShape, level2
from chain.modules.disputes.game.steps import Step
from chain.modules.disputes.referee import records, residual
from chain.modules.disputes.referee.linear import tile_size
from chain.modules.jobs.types import SamplerKind, SamplerSpec
from chain.modules.models.types import LayerScales, LinearScale, ModelHeader

RANDOM = np.random.default_rng(5)
LIMIT_MS, LIMIT_KIB = 1.0, 100.0
TRANSACTION = 350
"""Bytes of a transaction around its move."""
SCALE = LinearScale(20, 20)


def header(layers: int, n: int, heads: int, groups: int, d: int, inner: int, vocabulary: int) -> ModelHeader:
    return ModelHeader(
        numeric_version=1, trace_version=1, architecture="llama", num_layers=layers, hidden_size=n, num_heads=heads,
        num_kv_heads=groups, head_size=d, intermediate_size=inner, vocab_size=vocabulary, max_positions=65536,
        tied=False, epsilon=42950, norm_bits=25, score_mantissa=47275, score_shift=24, dot_shift=4, value_bits=10,
        gain_bits=10, embedding_shift=8, layers=(LayerScales(SCALE, SCALE, SCALE, SCALE),) * layers, head=SCALE,
        exp2_hash=b"", sigmoid_hash=b"", tokenizer_hash=b"", eos_ids=(), cut_points=(), layer_costs=(), head_cost=0,
        trace_stride=1, weight_bytes=(), head_bytes=0,
    )  # fmt: skip


LIMITS = header(32, 4096, 119, 17, 128, 16384, 262_144)
"""As wide as the trace takes: K = 16,384, 2H + 18 = 256 operators, 262,144 logits."""
SHAPES = {
    "8B (4096, 32 heads, 14336, 128256)": (header(32, 4096, 32, 8, 128, 14336, 128_256), 2048),
    "7B MHA (4096, 32 heads, 11008)": (header(32, 4096, 32, 32, 128, 11008, 32_000), 2048),
    "8B, 8192 positions": (header(32, 4096, 32, 8, 128, 14336, 128_256), 8192),
    "SmolLM2 135M": (header(30, 576, 9, 3, 64, 1536, 49_152), 2048),
    "the trace's limits, 65536 positions": (LIMITS, 65536),
}


def ints(count: int, limit: int) -> list[int]:
    return [int(value) for value in RANDOM.integers(-limit, limit + 1, count)]


@dataclass
class Made:
    """Makes records that have the right form, and counts the hashing of their openings."""

    shape: UnitShape
    item: Item
    kept: dict[Read, tuple[bytes, ...]]
    size: int = 0

    def take(self, read: Read) -> tuple[bytes, ...]:
        if read not in self.kept:
            self.kept[read] = tuple(self.body(read, at) for at in range(read.num))
        bodies = self.kept[read]
        siblings = bytes(32 * read.num_siblings)
        assert root_of(read, bodies, siblings) is not None
        self.size = self.size + sum(map(len, bodies)) + len(siblings)
        return bodies

    def body(self, read: Read, at: int) -> bytes:
        header, level = self.shape.header, read.levels[0]
        name = read.leaf.name
        if name == "ROWT":
            count = min(1024, header.hidden_size - 1024 * level.start)
            return records.encode_row_tile(*residual.rounded(ints(count, 1 << 30)))
        if name == "KROW":
            return records.Activations(1 << 20, tuple(ints(header.head_size, 16319))).encode()
        if name == "VROW":
            return records.encode_values(ints(header.head_size, 32767))
        if name == "TOK":
            return bytes(24)
        if name == "OPT":
            index = read.levels[1].start
            return self.tile(self.shape.op(self.item, index), level.start + at)
        return self.weights(read)

    def weights(self, read: Read) -> bytes:
        header, level, place = self.shape.header, read.levels[0], read.levels[1].start
        tail = place - 1 - 6 * header.num_layers
        if tail == 3:
            return struct.pack(f"<{header.head_size}i", *ints(header.head_size, 1 << 15))
        if tail == 0 or (tail < 0 and (place - 1) % 6 > 3):
            count = min(1024, header.hidden_size - 1024 * level.start)
            return struct.pack(f"<{count}h", *ints(count, 1 << 13))
        columns = header.hidden_size
        if tail < 0:
            columns = (columns, header.num_heads * header.head_size, columns, header.intermediate_size)[(place - 1) % 6]
        return struct.pack(f"<{columns}bH", *ints(columns, 127), 30000)

    def is_plain(self, op: Op) -> bool:
        return op.source >= 0 and self.shape.op(self.item, op.source).kind in (OpKind.MIXED, OpKind.SWIGLU)

    def tile(self, op: Op, tile: int) -> bytes:
        size = op.size(tile)
        if op.kind == OpKind.MAXIMUM:
            return records.Maximum((1 << 31) - 1 if self.is_plain(op) else 1 << 39).encode()
        if op.kind == OpKind.SQUARES:
            return records.Squares(1 << 60, 1 << 45).encode()
        if op.kind in (OpKind.NORM, OpKind.PLAIN, OpKind.QUERY):
            return records.Activations(1 << 20, tuple(ints(size, 16319))).encode()
        if op.kind == OpKind.SCORES:
            return records.Scores(1 << 20, tuple(ints(size, 1 << 20))).encode()
        if op.kind == OpKind.WEIGHTED:
            total = (tile + 1) << 21
            return records.Weighted(total, tuple(ints(self.shape.header.head_size, total * 30000))).encode()
        if op.kind == OpKind.BEST:
            return records.Best(1 << 20, 7, 1 << 40).encode()
        if op.kind == OpKind.WEIGHT_SUM:
            return records.encode_i64((tile + 1,))
        if op.kind == OpKind.RANKING:
            return records.Ranking(tuple((1 << 30) - at for at in range(256)) and tuple(
                ((1 << 30) - at, at) for at in range(256))).encode()  # fmt: skip
        if op.kind == OpKind.ADDED:
            return records.encode_i64(ints(size, 1 << 38))
        return records.encode_i32(ints(size, 1 << 20))


def least_ms(work: Callable[[], object], rounds: int = 40) -> float:
    """Return the thread's own time of the fastest run: what other processes do is not the step's."""
    times = []
    for _ in range(rounds):
        start = time.thread_time()
        work()
        times.append(time.thread_time() - start)
    return min(times) * 1e3


def step_times() -> float:
    print(f"{'operator':16} {'shape':28} {'proof':>8} {'ms':>7}")
    worst = 0.0
    samplers = (
        SamplerSpec(),
        SamplerSpec(SamplerKind.TEMPERATURE, 6000, 0),
        SamplerSpec(SamplerKind.TEMPERATURE, 6000, 256),
    )
    for sampler in samplers:
        shape = UnitShape(LIMITS, 0, 32, 65_000, 500, sampler)
        items = [Item(ItemKind.TOKEN, 32, 0, 9)]
        if sampler == samplers[0]:
            items = [
                Item(ItemKind.KEY, 0, 3, 64_001),
                Item(ItemKind.KEY, 1, 3, 64_001),
                Item(ItemKind.VALUE, 1, 3, 64_001),
                Item(ItemKind.ROW, 1, 0, 64_063),
                Item(ItemKind.CHECKSUM, 32, 0, 3),
            ]
        seen: set[tuple[OpKind, str, int]] = set()
        for item in items:
            for index in range(shape.num_ops(item) + 1):
                op = shape.op(item, index)
                label, first = op.name.split("_")[0], int(item.layer == 0 and op.source < 0)
                if (op.kind, label, first) in seen or (sampler != samplers[0] and op.kind < OpKind.WEIGHT_SUM):
                    continue
                seen.add((op.kind, label, first))
                worst = max(worst, one_step(shape, item, index, op, label + " of ids" * first))
    return worst


def one_step(shape: UnitShape, item: Item, index: int, op: Op, label: str) -> float:
    made = Made(shape, item, {})
    tile = min(op.num_tiles - 1, 3)
    step = Step(shape, bytes(32), bytes(32), item, index, tile, made)
    run: Callable[[], object] = (lambda: step.element(5)) if op.kind == OpKind.LINEAR else step.record
    run()
    made.size = 0
    run()
    size = made.size
    took = least_ms(run)
    what = f"K = {op.columns}" if op.columns else f"{op.width} values"
    print(f"{label + ' ' + item.kind.name.lower():16} {what:28} {size / 1024:6.1f}Ki {took:7.3f}")
    return took


def choice_size(count: int) -> int:
    return 44 + 32 * max(num_siblings(count, 0, 1), num_siblings(count, count // 2, 1))


def list_bytes(count: int) -> tuple[int, int]:
    """Return the bytes of reveals and choices that narrow a list to one item, and how many rounds that takes."""
    nodes = level2(count)
    if not nodes:
        return 32 * count + choice_size(count), 1
    return 32 * (nodes + 256) + choice_size(nodes) + choice_size(256), 2


def dispute_bytes(model: ModelHeader, positions: int, item: Item, index: int) -> tuple[int, int]:
    """Return rounds and bytes of a line that ends at operator `index` of an item."""
    shape = UnitShape(model, 0, model.num_layers, positions - 7, 8, SamplerSpec())
    op = shape.op(item, index)
    parts = [list_bytes(shape.num_sections - 1)]
    trees = 2 * model.num_kv_heads
    if item.kind in (ItemKind.KEY, ItemKind.VALUE):
        shown = 32 * (trees + (level2(positions) or positions)) + choice_size(trees)
        parts += [(shown, 1), list_bytes(positions)]
    elif item.kind == ItemKind.ROW:
        size, rounds = list_bytes(positions)
        parts.append((size + 32 * trees, rounds))
    else:
        parts.append(list_bytes(shape.outputs))
    parts.append(list_bytes(shape.num_ops(item)))
    is_linear = op.kind == OpKind.LINEAR
    if op.num_tiles > 1 and not (is_linear and op.width <= 1024):
        parts.append(list_bytes(op.num_tiles))
    reveals = sum(rounds for _, rounds in parts)
    size = sum(part for part, _ in parts)
    if is_linear:
        size, reveals = size + 4 * min(op.width, max(1024, op.tile)), reveals + 1
    made = Made(shape, item, {})
    step = Step(shape, bytes(32), bytes(32), item, index, min(op.num_tiles - 1, 1), made)
    if is_linear:
        step.element(5)
        made.size += 4 * tile_size(op.width) + 32 * num_siblings(op.num_tiles, 0, 1)
    else:
        step.record()
    transactions = 2 * reveals if is_linear else 2 * reveals + 1
    return reveals, size + made.size + TRANSACTION * transactions


def sizes() -> tuple[int, float]:
    print(f"\n{'model':38} {'worst operator':22} {'rounds':>6} {'KiB':>7}")
    most, largest = 0, 0.0
    for name, (model, positions) in SHAPES.items():
        at = model.num_layers - 2
        items = [Item(ItemKind.KEY, at, 0, positions - 9), Item(ItemKind.ROW, at, 0, positions - 9),
                 Item(ItemKind.CHECKSUM, model.num_layers, 0, 3)]  # fmt: skip
        shape = UnitShape(model, 0, model.num_layers, positions - 7, 8, SamplerSpec())
        found = []
        for item in items:
            for index in range(shape.num_ops(item) + 1):
                op = shape.op(item, index)
                if op.kind in (OpKind.SCORES, OpKind.WEIGHTED) and op.head:
                    continue
                rounds, size = dispute_bytes(model, positions, item, index)
                found.append((size, rounds, f"{op.name} of {item.kind.name.lower()}"))
        size, rounds, label = max(found)
        rounds = max(other[1] for other in found)
        print(f"{name:38} {label:22} {rounds:6} {size / 1024:7.1f}")
        if positions == 2048:
            most, largest = max(most, rounds), max(largest, size / 1024)
    return most, largest


def main() -> None:
    worst = step_times()
    print(f"worst step: {worst:.3f} ms, limit {LIMIT_MS}")
    rounds, largest = sizes()
    print(f"at 2,048 positions: {rounds} rounds, {largest:.1f} KiB, limits 7 and {LIMIT_KIB}")


if __name__ == "__main__":
    main()

"""The last step of a dispute: milliseconds per operator at the limits of the trace, and how many of them must be.

    python -m benchmarks.referee [--rounds 101]                                      target: 1 ms for every operator

A step is what a block does with a proof: the hashes of its openings, parsing, arithmetic. Beside each stand, measured
in the same rounds, the hashes alone and the least that integers of this Python cost: one dot product of the same
length over numbers that are parsed already. Shapes are those of an 8-billion-parameter Llama (d = 128). Machines are
shared and vary, so a column of ratios says more than one of milliseconds.
"""

import argparse
import statistics
import struct
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import mul

import numpy as np

from benchmarks.smollm2 import print_table
from chain.crypto.merkle import DIGEST, Kind
from chain.modules.disputes.game.reads import Level, Read, Root, root_of
from chain.modules.disputes.referee import attention, linear, logits, norms, records, residual
from chain.modules.disputes.referee.records import Activations, Maximum, Ranking, Row, Scores, Squares, Weighted
from chain.modules.models.types import LinearScale, ModelHeader

TARGET_MS = 1.0
TILE, HEADS, POSITIONS, ROWS, TENSORS = 1024, 32, 2048, 28672, 196
OPS = 2 * HEADS + 18
RANDOM = np.random.default_rng(3)
HEADER = ModelHeader(
    numeric_version=1, trace_version=1, architecture="llama", num_layers=1, hidden_size=4096, num_heads=HEADS,
    num_kv_heads=8, head_size=128, intermediate_size=14336, vocab_size=128256, max_positions=8192, tied=False,
    epsilon=42950, norm_bits=25, score_mantissa=47275, score_shift=24, dot_shift=4, value_bits=10, gain_bits=10,
    embedding_shift=8, layers=(), head=LinearScale(20, 20), exp2_hash=b"", sigmoid_hash=b"", tokenizer_hash=b"",
    eos_ids=(), cut_points=(), layer_costs=(), head_cost=0, trace_stride=1, weight_bytes=(), head_bytes=0,
)  # fmt: skip


@dataclass(frozen=True)
class Opened:
    """Leaves with the lists above them; what stands beside them is zeros, which hash as fast as anything."""

    bodies: tuple[bytes, ...]
    read: Read

    def hash(self) -> None:
        """Climb to the root."""
        assert root_of(self.read, self.bodies, bytes(DIGEST * self.read.num_siblings)) is not None


def tiles(bodies: Sequence[bytes], count: int, first: int = 0) -> Opened:
    """Return tiles of an operator of which there are `count`."""
    levels = Level(Kind.OP, count, first, len(bodies)), Level(Kind.OPS, OPS, 3)
    return Opened(tuple(bodies), Read(Kind.OPT, levels, Root.OPS))


def weights(body: bytes, rows: int = ROWS) -> Opened:
    """Return one leaf of a tensor."""
    return Opened(
        (body,), Read(Kind.WROW, (Level(Kind.WT, rows, rows // 2), Level(Kind.MODEL, TENSORS, 9)), Root.MODEL)
    )


def cached(bodies: Sequence[bytes]) -> Opened:
    """Return 64 rows of a K or V tree."""
    levels = Level(Kind.KT, POSITIONS, 1024, len(bodies)), Level(Kind.KVL, 16, 3)
    return Opened(tuple(bodies), Read(Kind.KROW, levels, Root.CACHE))


def row(body: bytes) -> Opened:
    """Return a tile of a boundary row."""
    levels = Level(Kind.ROW, 4, 1), Level(Kind.HSEC, POSITIONS, 1024), Level(Kind.SEC, 32, 7)
    return Opened((body,), Read(Kind.ROWT, levels, Root.BODY))


@dataclass(frozen=True)
class Case:
    """A step, what it opens, and how many products it cannot do without."""

    name: str
    opened: tuple[Opened, ...]
    work: Callable[[], object]
    products: int = 0


def _ints(count: int, limit: int) -> list[int]:
    return [int(value) for value in RANDOM.integers(-limit, limit + 1, count)]


def _linear(columns: int) -> Case:
    sizes = [min(TILE, columns - at) for at in range(0, columns, TILE)]
    bodies = [Activations(1 << 30, tuple(_ints(size, 16319))).encode() for size in sizes]
    leaf = struct.pack(f"<{columns}bH", *_ints(columns, 127), 30000)
    claimed = records.encode_i32(_ints(128, 1 << 20))

    def work() -> object:
        records.decode_i32(claimed, 128)
        return linear.element(Row.decode(bodies, sizes), records.decode_weight_row(leaf, columns), 20, 20)

    opened = tiles(bodies, len(bodies)), weights(leaf), tiles([claimed], ROWS // 128)
    return Case(f"LIN, K = {columns}", opened, work, columns)


def _attention() -> list[Case]:
    heads = [Activations(1 << 20, tuple(_ints(128, 16319))) for _ in range(65)]
    query, keys = heads[0].encode(), [head.encode() for head in heads[1:]]
    values = [struct.pack("<128h", *_ints(128, 32767)) for _ in range(64)]
    block, sums = Scores(5000, tuple(_ints(64, 5000))), Weighted(1 << 20, tuple(_ints(128, 1 << 30))).encode()
    scored, before = block.encode(), Scores(1 << 20, tuple(_ints(64, 5000))).encode()
    wide, rope = records.encode_i32(_ints(128, 1 << 20)), struct.pack("<128i", *_ints(128, 32768))

    def z() -> object:
        return attention.scores(
            Activations.decode_head(query, 128), Activations.decode_heads(keys, 128), HEADER, Scores.decode(before, 64)
        ).encode()

    def w() -> object:
        found, last = Scores.decode(scored, 64), Scores.decode(before, 64)
        rows = [records.decode_values(value, 128) for value in values]
        return attention.weighted(found, last.maximum, rows, Weighted.decode(sums, 128)).encode()

    def qr() -> object:
        return attention.rotated_head(records.decode_i32(wide, 128), *records.decode_rope_row(rope, 128)).encode()

    one, two, three = (tiles([body], POSITIONS // 64) for body in (scored, before, sums))
    return [
        Case("QR", (tiles([wide], 32), weights(rope, 8192)), qr),
        Case("Z, 64 positions", (tiles([query], 32), cached(keys), two), z, 64 * 128),
        Case("W, 64 positions", (one, two, cached(values), three), w, 64 * 128),
    ]


def _rows() -> list[Case]:
    tile = records.encode_row_tile(*residual.rounded(_ints(TILE, 1 << 30)))
    wide, gains = records.encode_i32(_ints(TILE, 1 << 20)), struct.pack("<1024h", *_ints(TILE, 1 << 13))
    peak, sums = Maximum(1 << 39).encode(), Squares(1 << 60, 1 << 45).encode()
    residuals = records.encode_i64(_ints(TILE, 1 << 30))

    def x() -> tuple[int, ...]:
        return records.decode_row_tile(tile, TILE)

    def s() -> object:
        found = records.decode_gains(gains, TILE)
        return norms.squares(x(), found, Maximum.decode(peak), 25, Squares.decode(sums)).encode()

    def a() -> object:
        found = records.decode_gains(gains, TILE)
        return norms.norm_tile(x(), found, Maximum.decode(peak), Squares.decode(sums), 4096, 42950, 25).encode()

    def u() -> object:
        return records.encode_i32(residual.swiglu(records.decode_i32(wide, TILE), records.decode_i32(wide, TILE)))

    def out() -> object:
        return residual.row_tile(records.decode_residuals(residuals, TILE), records.decode_i32(wide, TILE))

    one, gain, peaks, squares = row(tile), weights(gains, 4), tiles([peak], 4, 3), tiles([sums], 4, 3)
    values = tiles([wide[at : at + 512] for at in range(0, 4 * TILE, 512)], 224)
    return [
        Case("M", (one, peaks), lambda: norms.maximum(x(), Maximum.decode(peak)).encode()),
        Case("S", (one, gain, peaks, squares), s),
        Case("A (norm)", (one, gain, peaks, squares), a),
        Case("A (quant)", (values, peaks),
             lambda: norms.plain_tile(records.decode_i32(wide, TILE), Maximum(1 << 20)).encode()),
        Case("R", (one, values), lambda: records.encode_i64(residual.added(x(), records.decode_i32(wide, TILE)))),
        Case("U", (values, values), u),
        Case("out(H)", (tiles([residuals], 4), values), out),
    ]  # fmt: skip


def _outputs() -> list[Case]:
    logit, before = records.encode_i32(_ints(512, 1 << 20)), logits.best(_ints(512, 1 << 20), 0, None).encode()
    ranked = logits.ranking(_ints(512, 1 << 20), 0, None).encode()
    running = [records.encode_i64(((at + 1) << 20,)) for at in range(251)]
    top = (1 << 20) + 1

    def scan() -> object:
        return logits.weight_sum(records.decode_i32(logit, 512), top, 6000, records.decode_weight_sum(running[0]))

    def ranking() -> object:
        return logits.ranking(records.decode_i32(logit, 512), 512, Ranking.decode(ranked, 256)).encode()

    def drawn() -> object:
        sums = [records.decode_weight_sum(body) for body in running]
        return logits.drawn_tile(sums, logits.threshold(bytes(32), 1, sums[-1])), records.decode_i32(logit, 512)

    tile, scans = tiles([logit], 251), tiles(running, 251)
    best = records.Best.decode
    return [
        Case("G", (tile, tiles([before], 251)),
             lambda: logits.best(records.decode_i32(logit, 512), 512, best(before)).encode()),
        Case("CW", (tile, tiles([running[0]], 251)), scan),
        Case("TK", (tile, tiles([ranked], 251)), ranking),
        Case("token, top 256", (tiles([ranked], 251),),
             lambda: logits.drawn_from_ranking(Ranking.decode(ranked, 256), 256, 6000, bytes(32), 1)),
        Case("token, all", (scans, tile), drawn),
    ]  # fmt: skip


def measure(case: Case, rounds: int) -> tuple[float, float, float, float]:
    """Return medians: ms of the step and of its hashes, of the dot product alone, and the step over both of these."""
    one, two = tuple(_ints(case.products, 16319)), tuple(_ints(case.products, 127))
    steps, hashes, least, ratios = [], [], [], []
    for _ in range(rounds):
        start = time.thread_time()
        for opened in case.opened:
            opened.hash()
        middle = time.thread_time()
        case.work()
        end = time.thread_time()
        sum(map(mul, one, two))
        last = time.thread_time()
        steps.append(end - start)
        hashes.append(middle - start)
        least.append(last - end)
        ratios.append((end - start) / (last - end + middle - start))
    return (*(statistics.median(times) * 1e3 for times in (steps, hashes, least)), statistics.median(ratios))


def main() -> int:
    """Print the table and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=101)
    options = parser.parse_args()
    cases = [*map(_linear, (576, 4096, 11008, 14336, 16384)), *_attention(), *_rows(), *_outputs()]
    table, worst = [], 0.0
    for case in cases:
        step, hashed, least, ratio = measure(case, options.rounds)
        worst = max(worst, step)
        table.append([case.name, f"{step:.3f}", f"{hashed:.3f}"]
                     + ([f"{least:.3f}", f"{ratio:.2f}"] if case.products else ["", ""]))  # fmt: skip
    print_table("the last step", ["step", "ms", "hashes", "dot product", "step / both"], table)
    print(f"worst: {worst:.2f} ms, target {TARGET_MS}; Python {sys.version.split()[0]}")
    return 0 if worst <= TARGET_MS else 1


if __name__ == "__main__":
    sys.exit(main())

"""The last step of a dispute: milliseconds of parsing and arithmetic per operator, beside numpy for the large ones.

    python -m benchmarks.referee

Shapes are those of an 8-billion-parameter Llama (d = 128). A step must stay under 5 ms.
"""

import struct
import time
from collections.abc import Callable

import numpy as np

from chain.modules.disputes.referee import attention, linear, logits, norms, records, residual
from chain.modules.disputes.referee.records import Activations, Maximum, Ranking, Scores, Squares
from chain.modules.models.types import LinearScale, ModelHeader

LIMIT_MS = 5.0
RANDOM = np.random.default_rng(3)
HEADER = ModelHeader(
    numeric_version=1, trace_version=1, architecture="llama", num_layers=1, hidden_size=4096, num_heads=32,
    num_kv_heads=8, head_size=128, intermediate_size=14336, vocab_size=128256, max_positions=8192, tied=False,
    epsilon=42950, norm_bits=25, score_mantissa=47275, score_shift=24, dot_shift=4, value_bits=10, gain_bits=10,
    embedding_shift=8, layers=(), head=LinearScale(20, 20), exp2_hash=b"", sigmoid_hash=b"", tokenizer_hash=b"",
    eos_ids=(), cut_points=(), layer_costs=(), head_cost=0, trace_stride=1, weight_bytes=(), head_bytes=0,
)  # fmt: skip


def _ints(count: int, limit: int) -> list[int]:
    return [int(value) for value in RANDOM.integers(-limit, limit + 1, count)]


def _median_ms(work: Callable[[], object], rounds: int = 15) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return sorted(times)[rounds // 2] * 1e3


def _linear(columns: int) -> tuple[Callable[[], object], Callable[[], object]]:
    tile = Activations(1 << 30, tuple(_ints(columns, 16319))).encode()
    row = struct.pack(f"<{columns}bH", *_ints(columns, 127), 30000)

    def referee() -> object:
        return linear.element(Activations.decode(tile, columns), records.decode_weight_row(row, columns), 20, 20)

    def rival() -> object:
        a = np.frombuffer(tile, "<i2", columns, 4).astype(np.int64)
        return int(a @ np.frombuffer(row, np.int8, columns).astype(np.int64))

    return referee, rival


def main() -> None:
    x = _ints(1024, 1 << 30)
    tile = records.encode_row_tile(*residual.rounded(x))
    wide, gains = records.encode_i32(_ints(1024, 1 << 20)), struct.pack("<1024h", *_ints(1024, 1 << 13))
    peak, sums = Maximum(1 << 39), Squares(1 << 60, 1 << 45)
    heads = [Activations(1 << 20, tuple(_ints(128, 16319))) for _ in range(65)]
    keys = [head.encode() for head in heads[1:]]
    values = [struct.pack("<128h", *_ints(128, 32767)) for _ in range(64)]
    block = Scores(5000, tuple(_ints(64, 5000)))
    rope = struct.pack("<128i", *_ints(128, 32768))
    ranking = logits.ranking(_ints(512, 1 << 20), 0, None).encode()

    def decoded() -> tuple[int, ...]:
        return records.decode_row_tile(tile, 1024)

    def z() -> object:
        return attention.scores(heads[0], [Activations.decode_head(key, 128) for key in keys], HEADER, None).encode()

    def w() -> object:
        return attention.weighted(block, 5000, [records.decode_values(row, 128) for row in values], None).encode()

    def sampled() -> object:
        return logits.drawn_from_ranking(Ranking.decode(ranking, 256), 256, 6000, bytes(32), 1)

    steps: list[tuple[str, Callable[[], object], Callable[[], object] | None]] = [
        *((f"LIN, K = {columns}", *_linear(columns)) for columns in (576, 4096, 11008, 14336, 16384)),
        ("M", lambda: norms.maximum(decoded(), peak).encode(), None),
        ("S", lambda: norms.squares(decoded(), records.decode_gains(gains, 1024), peak, 25, None).encode(), None),
        ("A (norm)", lambda: norms.norm_tile(
            decoded(), records.decode_gains(gains, 1024), peak, sums, 4096, 42950, 25).encode(), None),
        ("QR", lambda: attention.rotated_head(
            records.decode_i32(wide, 1024)[:128], *records.decode_rope_row(rope, 128)).encode(), None),
        ("Z, 64 positions", z, None),
        ("W, 64 positions", w, None),
        ("R", lambda: records.encode_i64(residual.added(decoded(), records.decode_i32(wide, 1024))), None),
        ("U", lambda: records.encode_i32(
            residual.swiglu(records.decode_i32(wide, 1024), records.decode_i32(wide, 1024))), None),
        ("out(H)", lambda: residual.row_tile(decoded(), records.decode_i32(wide, 1024)), None),
        ("G", lambda: logits.best(records.decode_i32(wide, 1024), 0, None).encode(), None),
        ("sampler, top 256", sampled, None),
    ]  # fmt: skip
    print(f"{'step':20}{'ms':>8}{'numpy ms':>10}   limit {LIMIT_MS} ms")
    worst = 0.0
    for name, work, rival in steps:
        cost = _median_ms(work)
        worst = max(worst, cost)
        beside = f"{_median_ms(rival):10.3f}" if rival else f"{'–':>10}"
        print(f"{name:20}{cost:8.3f}{beside}")
    print(f"{'worst':20}{worst:8.3f}")


if __name__ == "__main__":
    main()

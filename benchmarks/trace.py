"""What committing costs: microseconds per token of trace and receipts, beside plain SHA-256 of the same bytes.

    python -m benchmarks.trace [--width 576] [--layers 30] [--token-ms 21]

The target is at most 5 % of a token of SmolLM2 (21 ms) for trace and receipts together. The token time is a parameter,
since the engine is not part of this measurement.
"""

import argparse
import time
from collections.abc import Callable
from hashlib import sha256

import numpy as np

from chain.crypto.keys import ed25519_public_key
from chain.modules.models.types import LayerScales, LinearScale, ModelHeader
from inference.engine.rows import RowChunk, row_size
from inference.proofs import receipts
from inference.proofs.trace import TraceRecorder

SEED, UNIT, BLIND = bytes(32), bytes(range(32)), bytes(range(1, 33))


def _header(width: int, layers: int) -> ModelHeader:
    scale = LinearScale(20, 20)
    return ModelHeader(
        numeric_version=1, trace_version=1, architecture="llama", num_layers=layers, hidden_size=width, num_heads=9,
        num_kv_heads=3, head_size=64, intermediate_size=1536, vocab_size=49152, max_positions=8192, tied=True,
        epsilon=1, norm_bits=26, score_mantissa=1 << 15, score_shift=20, dot_shift=3, value_bits=10, gain_bits=10,
        embedding_shift=8, layers=(LayerScales(scale, scale, scale, scale),) * layers, head=scale,
        exp2_hash=bytes(32), sigmoid_hash=bytes(32), tokenizer_hash=bytes(32), eos_ids=(2,), cut_points=(),
        layer_costs=(1000,) * layers, head_cost=8000, trace_stride=1, weight_bytes=(1,) * layers, head_bytes=1,
    )  # fmt: skip


def _median_us(work: Callable[[], None], tokens: int, rounds: int) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return sorted(times)[rounds // 2] / tokens * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, default=576)
    parser.add_argument("--layers", type=int, default=30)
    parser.add_argument("--token-ms", type=float, default=21.0)
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    width, layers, tokens = options.width, options.layers, options.tokens
    random = np.random.default_rng(1)
    values = random.integers(-32767, 32768, (tokens, width), np.int16)
    values[:, ::64] = 20000
    shifts = np.ones((tokens, width // 64), np.uint8)
    header, key = _header(width, layers), ed25519_public_key(SEED)
    rows_of_layer = RowChunk(shifts, values)
    raw = rows_of_layer.to_bytes()
    size = row_size(width)

    def hash_only() -> None:
        for at in range(0, len(raw), size):
            for _ in range(layers):
                sha256(raw[at : at + size]).digest()

    def record(chunk: int) -> TraceRecorder:
        recorder = TraceRecorder(header, 0, layers, BLIND)
        for at in range(0, tokens, chunk):
            for layer in range(layers):
                recorder.add_rows(layer, at, rows_of_layer[at : at + chunk])
        return recorder

    def decode() -> None:
        recorder = record(1)
        for at in range(tokens):
            recorder.add_output(100, 1000, at)
        recorder.finish(tokens, tokens)

    def prefill() -> None:
        record(64)

    def hop_receipts() -> None:
        recorder = TraceRecorder(header, 0, layers - 1, BLIND)
        for at in range(tokens):
            recorder.add_packed(layers - 2, at, raw[at * size : (at + 1) * size])
            if (at + 1) % receipts.INTERVAL == 0:
                root = recorder.output_root(at + 1)
                receipt = receipts.sign_receipt(SEED, UNIT, 1, at + 1, root)
                assert receipts.fault_of(receipt, receipts.Hop(UNIT, 1, key), at + 1, root) is None
                receipts.counter_sign(SEED, receipt)

    def token_frames() -> None:
        recorder = TraceRecorder(header, 0, layers, BLIND)
        for at in range(tokens):
            recorder.add_output(100, 1000, at)
            receipts.sign_receipt(SEED, UNIT, 1, at + 1, recorder.output_root(at + 1))

    rows = [
        (f"SHA-256 of the {layers} rows alone", hash_only),
        ("trace, decode (1 row a call)", decode),
        ("trace, prefill (64 rows a call)", prefill),
        (f"hop receipts, both ends, every {receipts.INTERVAL}", hop_receipts),
        ("signed token frames", token_frames),
    ]
    print(f"n = {width}, L = {layers}, {tokens} tokens, medians of {options.rounds}")
    print(f"{'':42}{'us/token':>10}{'% of token':>12}")
    figures = {}
    for name, work in rows:
        figures[name] = _median_us(work, tokens, options.rounds)
        print(f"{name:42}{figures[name]:10.1f}{figures[name] / options.token_ms / 10:12.2f}")
    total = sum(figures[rows[at][0]] for at in (1, 3, 4))
    print(f"{'decode: trace + receipts + frames':42}{total:10.1f}{total / options.token_ms / 10:12.2f}   (target 5)")


if __name__ == "__main__":
    main()

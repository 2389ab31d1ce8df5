"""The published trace, which was computed with SHA-256 alone."""

import dataclasses
import json
from pathlib import Path

import numpy as np

from chain.crypto import hashing
from chain.modules.models.types import LayerScales, LinearScale, ModelHeader
from inference.engine.rows import RowChunk
from inference.proofs import commit, receipts
from inference.proofs.trace import TraceRecorder, input_of_stage_zero

VECTOR = json.loads((Path(__file__).parents[3] / "vectors/trace.json").read_text())
WIDTH, LAYERS = VECTOR["hidden_size"], VECTOR["layers"]
POSITIONS = len(VECTOR["prompt"]) + len(VECTOR["answer"]) - 1
SCALE = LinearScale(20, 20)
HEADER = ModelHeader(
    numeric_version=1, trace_version=1, architecture="llama", num_layers=LAYERS, hidden_size=WIDTH, num_heads=2,
    num_kv_heads=1, head_size=64, intermediate_size=128, vocab_size=100, max_positions=64, tied=True, epsilon=1,
    norm_bits=26, score_mantissa=1 << 15, score_shift=20, dot_shift=3, value_bits=10, gain_bits=10, embedding_shift=8,
    layers=(LayerScales(SCALE, SCALE, SCALE, SCALE),) * LAYERS, head=SCALE, exp2_hash=bytes(32),
    sigmoid_hash=bytes(32), tokenizer_hash=bytes(32), eos_ids=(2,), cut_points=(1, 2), layer_costs=(1,) * LAYERS,
    head_cost=1, trace_stride=1, weight_bytes=(1,) * LAYERS, head_bytes=1,
)  # fmt: skip


def _rows(layer: int) -> RowChunk:
    p, i = np.arange(POSITIONS)[:, None], np.arange(WIDTH)[None, :]
    values = np.where(i % 64, (layer * 7919 + p * 104729 + i * 1299709) % 32767 - 16383, 20000)
    shifts = (layer + p + np.arange(WIDTH // 64)[None, :]) % 26
    return RowChunk(shifts.astype(np.uint8), values.astype(np.int16))


def test_the_published_trace_is_reproduced() -> None:
    blind, salt = bytes.fromhex(VECTOR["blind"]), bytes.fromhex(VECTOR["salt"])
    chain = hashing.chain_hash(VECTOR["chain_id"])
    answer_root = commit.tokens_root(blind, VECTOR["answer"])
    assert commit.prompt_root(blind, VECTOR["prompt"]).hex() == VECTOR["prompt_root"]
    assert answer_root.hex() == VECTOR["tokens_root"]
    for index, stage in enumerate(VECTOR["stages"]):
        recorder = TraceRecorder(HEADER, stage["start"], stage["end"], blind)
        for layer in range(max(stage["start"] - 1, 0), stage["end"]):
            recorder.add_rows(layer, 0, _rows(layer))
        if recorder.is_last:
            for best, total, token in zip(VECTOR["best"], VECTOR["total"], VECTOR["answer"], strict=True):
                recorder.add_output(best, total, token)
        trace = recorder.finish(POSITIONS, len(VECTOR["answer"]))
        unit = hashing.unit_id(chain, VECTOR["job"], VECTOR["attempt"], index)
        source = b"" if stage["start"] else input_of_stage_zero(blind, VECTOR["prompt"], answer_root)
        roots = trace.chain_roots(blind, source)
        assert [section.hex() for section in trace.sections] == stage["sections"]
        assert unit.hex() == stage["unit"]
        assert {name: value.hex() for name, value in dataclasses.asdict(roots).items()} == {
            name: stage[name] for name in ("in_root", "body_root", "out_root")
        }
        assert commit.asserter_seal(bytes.fromhex(VECTOR["asserter"]), unit, salt, roots).hex() == stage["seal"]
        assert commit.checker_seal(bytes.fromhex(VECTOR["checker"]), unit, salt, roots).hex() == stage["check"]
        count = 4 if recorder.is_last else 16
        receipt = receipts.sign_receipt(
            bytes(32), unit, VECTOR["revision"], count, recorder.output_root(count), recorder.is_last
        )
        body = hashing.receipt_bytes(receipt.unit, receipt.revision, receipt.count, receipt.root, receipt.is_final)
        assert body.hex() == stage["receipt"]

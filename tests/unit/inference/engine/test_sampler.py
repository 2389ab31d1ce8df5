import json
from pathlib import Path

import numpy as np
import pytest

from chain.modules.jobs.types import SamplerKind, SamplerSpec
from inference.engine.sampler import logit_checksum, sample, threshold
from inference.numerics.tables import exp2_table

VECTORS = Path(__file__).resolve().parents[3] / "vectors" / "sampler.json"


def logits(seed: int, size: int) -> np.ndarray:
    return np.random.Generator(np.random.PCG64(seed)).integers(-(1 << 20), 1 << 20, size).astype(np.int32)


def slow_sample(row: list[int], spec: SamplerSpec, seed: bytes, index: int) -> int:
    """The rule once more, in plain Python."""
    best = max(row)
    order = sorted(range(len(row)), key=lambda i: (-row[i], i))[: spec.top_k] if spec.top_k else range(len(row))
    table = exp2_table().tolist()
    weights = []
    for i in order:
        dd = min(((best - row[i]) * spec.inverse_temperature) >> 16, (1 << 31) - 1)
        weights.append(table[dd & 4095] >> min(dd >> 12, 31))
    r, running = threshold(seed, index, sum(weights)), 0
    for i, weight in zip(order, weights, strict=True):
        running += weight
        if running > r:
            return i
    raise AssertionError("the last sum exceeds every threshold")


def test_vectors() -> None:
    cases = json.loads(VECTORS.read_text())
    for case in cases:
        spec = SamplerSpec(SamplerKind(case["kind"]), case["inverse_temperature"], case["top_k"])
        row = np.array(case["logits"], dtype=np.int32)
        found = [sample(row, spec, bytes.fromhex(case["seed"]), index) for index in range(len(case["tokens"]))]
        assert found == case["tokens"]
    assert len(cases) >= 6


@pytest.mark.parametrize("top_k", [0, 1, 5, 256])
@pytest.mark.parametrize("inverse_temperature", [1, 4096, 5909, 60000, (1 << 31) - 1])
def test_equals_the_plain_rule(inverse_temperature: int, top_k: int) -> None:
    spec = SamplerSpec(SamplerKind.TEMPERATURE, inverse_temperature, top_k)
    row = logits(3, 700)
    for index in range(20):
        assert sample(row, spec, b"s" * 32, index) == slow_sample(row.tolist(), spec, b"s" * 32, index)


def test_greedy_takes_the_lowest_id_on_ties() -> None:
    assert sample(np.array([1, 9, 3, 9], dtype=np.int32), SamplerSpec(), b"", 0) == 1


def test_top_k_keeps_the_lowest_ids_on_ties() -> None:
    row = np.zeros(50, dtype=np.int32)
    spec = SamplerSpec(SamplerKind.TEMPERATURE, 5909, 3)
    assert {sample(row, spec, b"x", index) for index in range(100)} == {0, 1, 2}


def test_extreme_logits_do_not_overflow() -> None:
    row = np.array([-(2**31) + 1, 2**31 - 1, 0], dtype=np.int32)
    spec = SamplerSpec(SamplerKind.TEMPERATURE, (1 << 31) - 1, 0)
    assert sample(row, spec, b"y", 0) == 1


def test_checksum_is_the_maximum_and_the_exact_sum() -> None:
    row = np.full(49152, 2**31 - 1, dtype=np.int32)
    assert logit_checksum(row) == (2**31 - 1, 49152 * (2**31 - 1))

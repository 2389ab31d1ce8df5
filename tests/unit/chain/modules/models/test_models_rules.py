"""Which headers are models, and what follows from one."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chain.modules.models import rules
from chain.modules.models.types import LayerScales, LinearScale
from tests.support.network import header, tensor_digests

TABLES = Path(__file__).parents[5] / "chain" / "modules" / "disputes" / "referee" / "tables"
BAD = LinearScale(62, 1)


def test_the_header_of_the_tests_is_a_model() -> None:
    assert rules.find_broken_bound("tiny", header()) is None


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"numeric_version": 0}, "numeric version"),
        ({"architecture": "mamba"}, "numeric version"),
        ({"exp2_hash": bytes(32)}, "tables"),
        ({"tokenizer_hash": b""}, "tokenizer_hash"),
        ({"num_layers": 0}, "num_layers"),
        ({"hidden_size": 65}, "hidden_size"),
        ({"num_heads": 120, "num_kv_heads": 120}, "num_heads"),
        ({"num_kv_heads": 3}, "num_heads"),
        ({"num_kv_heads": 0}, "num_heads"),
        ({"head_size": 15}, "head_size"),
        ({"intermediate_size": 16_385}, "intermediate_size"),
        ({"vocab_size": 262_145}, "vocab_size"),
        ({"max_positions": 65_537}, "max_positions"),
        ({"epsilon": 1 << 32}, "epsilon"),
        ({"score_mantissa": 1 << 16}, "score_mantissa"),
        ({"norm_bits": 30}, "norm_bits"),
        ({"value_bits": 16}, "shifts"),
        ({"head": BAD}, "scales"),
        ({"layers": (LayerScales(BAD, BAD, BAD, BAD),) * 6}, "scales"),
        ({"layer_costs": (1,) * 5}, "one entry per layer"),
        ({"layer_costs": (0,) * 6}, "costs"),
        ({"weight_bytes": (1 << 48,) * 6}, "weight_bytes"),
        ({"eos_ids": (256,)}, "eos_ids"),
        ({"cut_points": (0, 1)}, "cut_points"),
        ({"cut_points": (2, 2)}, "cut_points"),
        ({"cut_points": (6,)}, "cut_points"),
        ({"trace_stride": 2}, "trace_stride"),
    ],
)
def test_a_broken_bound_is_named(changes: dict[str, Any], says: str) -> None:
    broken = rules.find_broken_bound("tiny", replace(header(), **changes))
    assert broken is not None
    assert says in broken


@pytest.mark.parametrize("name", ["", "-x", "Upper", "a" * 65, "a b", "é"])
def test_a_name_is_short_and_plain(name: str) -> None:
    assert rules.find_broken_bound(name, header()) is not None


def test_the_tables_are_those_of_the_numeric_version() -> None:
    assert hashlib.sha256((TABLES / "exp2.bin").read_bytes()).digest() == rules.EXP2_HASH
    assert hashlib.sha256((TABLES / "sig.bin").read_bytes()).digest() == rules.SIGMOID_HASH


def test_the_root_binds_header_and_tensors() -> None:
    model, digests = header(), tensor_digests(header())
    roots = {
        rules.model_root(model, digests),
        rules.model_root(replace(model, eos_ids=(3,)), digests),
        rules.model_root(model, digests[::-1]),
        rules.model_root(model, digests[:-1]),
    }
    assert len(roots) == 4


def test_ranges_begin_and_end_at_cuts() -> None:
    model = replace(header(), cut_points=(2, 4))
    assert [(a, b) for a in range(7) for b in range(7) if rules.is_range(model, a, b)] == [
        (0, 2),
        (0, 4),
        (0, 6),
        (2, 4),
        (2, 6),
        (4, 6),
    ]


def test_both_ends_hold_head_or_embedding() -> None:
    model = header()
    assert rules.resident_bytes(model, 0, 2) == 2_500_000
    assert rules.resident_bytes(model, 2, 4) == 2_000_000
    assert rules.resident_bytes(model, 0, 6) == 6_500_000
    assert rules.cache_bytes(model, 2, 4, 100) == 2 * 100 * 2 * (4 * 16 + 4)

"""The operators: against their real-valued meaning, against whole-row formulas, at their limits."""

import math
import struct
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chain.modules.disputes.referee import attention, linear, norms, residual, tables
from chain.modules.disputes.referee.arithmetic import clamp, quantised, reciprocal, rsh
from chain.modules.disputes.referee.records import (
    Activations,
    BadRecord,
    Maximum,
    Row,
    Scores,
    Squares,
    Weighted,
    WeightRow,
    decode_row_tile,
)
from chain.modules.models.types import ModelHeader

Q = 16319
HEADER = ModelHeader(
    numeric_version=1, trace_version=1, architecture="llama", num_layers=1, hidden_size=64, num_heads=1,
    num_kv_heads=1, head_size=64, intermediate_size=64, vocab_size=64, max_positions=64, tied=True, epsilon=42950,
    norm_bits=28, score_mantissa=47275, score_shift=24, dot_shift=3, value_bits=10, gain_bits=10, embedding_shift=8,
    layers=(), head=None, exp2_hash=b"", sigmoid_hash=b"", tokenizer_hash=b"", eos_ids=(), cut_points=(),  # type: ignore[arg-type]
    layer_costs=(), head_cost=0, trace_stride=1, weight_bytes=(), head_bytes=0,
)  # fmt: skip


def test_rounding_is_half_up_for_either_sign() -> None:
    assert [rsh(value, 2) for value in (-7, -6, -5, -2, -1, 0, 1, 2, 5, 6)] == [-2, -1, -1, 0, 0, 0, 0, 1, 1, 2]
    assert rsh(-5, 0) == -5
    assert [clamp(value, 3) for value in (-4, -3, 3, 4)] == [-3, -3, 3, 3]


@given(st.lists(st.integers(-(2**46) + 1, 2**46 - 1), min_size=1, max_size=20))
@example([41_222_943_469_696])  # near the largest peak the reciprocal is so short that the last step is not reached
def test_quantised_values_fill_their_range_and_never_leave_it(values: list[int]) -> None:
    peak = max(map(abs, values))
    activations = quantised(values, reciprocal(peak))
    assert max(map(abs, activations)) in ((Q,) if 0 < peak < 2**45 else (Q - 1, Q) if peak else (0,))
    for value, activation in zip(values, activations, strict=True):
        assert peak == 0 or abs(activation - value * Q / peak) < 0.51 + abs(value) / 2**46


def test_the_tables_are_their_formulas() -> None:
    exp2, sigmoid = tables.exp2(), tables.sigmoid()
    assert (len(exp2), len(sigmoid)) == (4096, 65536)
    assert exp2[0] == 1 << 30
    assert exp2[2048] == (math.isqrt(1 << 61) + 1) >> 1
    assert (sigmoid[0], sigmoid[32768], sigmoid[65535]) == (0, 1 << 27, 1 << 28)
    assert all(abs(exp2[i] - 2 ** (30 - i / 4096)) <= 0.51 for i in range(0, 4096, 13))
    assert all(sigmoid[i] + sigmoid[65536 - i] == 1 << 28 for i in range(2, 65535, 97))
    assert tables.powers((0, 4096, 4097, 30 << 12, 31 << 12, 100 << 12, (1 << 31) - 1)) == [
        1 << 30, 1 << 29, exp2[1] >> 1, 1, 0, 0, 0
    ]  # fmt: skip


def raised(weights: Iterable[int]) -> bytes:
    return bytes([weight + 128 for weight in weights])


def _norm(x: list[int], gains: list[int], tile: int, epsilon: int = 42950) -> Activations:
    peak: Maximum | None = None
    sums: Squares | None = None
    cuts = [slice(at, at + tile) for at in range(0, len(x), tile)]
    for cut in cuts:
        peak = norms.maximum(x[cut], peak)
    assert peak is not None
    for cut in cuts:
        sums = norms.squares(x[cut], gains[cut], peak, 26, sums)
    assert sums is not None
    return norms.joined([norms.norm_tile(x[cut], gains[cut], peak, sums, len(x), epsilon, 26) for cut in cuts])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-(2**40) + 1, 2**40 - 1), min_size=64, max_size=64), st.integers(0, 1000))
def test_a_norm_is_what_it_means_however_it_is_tiled(x: list[int], seed: int) -> None:
    gains = [(seed * 7919 + 31 * at) % 4001 - 2000 for at in range(64)]
    whole = _norm(x, gains, 64)
    assert _norm(x, gains, 16) == whole
    real = [value / 65536 for value in x]
    rms = math.sqrt(sum(value * value for value in real) / 64 + 1e-5)
    wanted = [value / rms * gain / 1024 for value, gain in zip(real, gains, strict=True)]
    peak = max(map(abs, wanted))
    for activation, want in zip(whole.values, wanted, strict=True):
        assert abs(activation * whole.scale / Q / 2**20 - want) <= 1e-4 * peak + 2e-3


def test_a_zero_row_has_zero_activations() -> None:
    assert _norm([0] * 64, [1000] * 64, 64, epsilon=0) == Activations(0, (0,) * 64)
    assert norms.plain_tile([0] * 4, Maximum(0)) == Activations(0, (0,) * 4)


def test_values_beyond_a_recorded_maximum_convict_its_author() -> None:
    x, ones = [100, -5], [1, 1]
    with pytest.raises(BadRecord, match="exceeds"):
        norms.squares(x, ones, Maximum(99), 26, None)
    with pytest.raises(BadRecord, match="exceeds"):
        norms.norm_tile(x, ones, Maximum(99), Squares(1, 1), 2, 0, 26)
    with pytest.raises(BadRecord, match="exceeds"):
        norms.norm_tile(x, ones, Maximum(100), Squares(1, 50), 2, 0, 26)
    with pytest.raises(BadRecord, match="exceeds"):
        norms.plain_tile(x, Maximum(50))
    with pytest.raises(BadRecord, match="too large"):
        norms.plain_tile(x, Maximum(1 << 31))
    with pytest.raises(BadRecord, match="different scales"):
        norms.joined([Activations(1, ()), Activations(2, ())])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-Q, Q), st.integers(-128, 127)), min_size=1, max_size=40),
    st.integers(0, 2**31 - 1), st.integers(0, 65535), st.integers(0, 30), st.integers(1, 31),
)  # fmt: skip
def test_a_linear_element_is_the_scaled_dot_product(
    pairs: list[tuple[int, int]], scale: int, mantissa: int, s1: int, s2: int
) -> None:
    row = Row.of(Activations(scale, tuple(a for a, _ in pairs)))
    got = linear.element(row, WeightRow(raised(w for _, w in pairs), mantissa, 0), s1, s2)
    scaled = (sum(a * w for a, w in pairs) * mantissa // (1 << s1)) * scale
    assert got == max(-(2**31) + 1, min(2**31 - 1, (scaled + (1 << s2 >> 1)) // (1 << s2)))
    assert struct.pack("<i", got)


def test_a_linear_map_clamps_and_refuses_other_lengths() -> None:
    heavy = WeightRow(raised((127,) * 4), 65535, 0)
    assert linear.element(Row.of(Activations(2**31 - 1, (Q,) * 4)), heavy, 0, 1) == 2**31 - 1
    assert linear.element(Row.of(Activations(2**31 - 1, (-Q,) * 4)), heavy, 0, 1) == -(2**31) + 1
    with pytest.raises(BadRecord, match="length"):
        linear.element(Row.of(Activations(1, (1,) * 3)), heavy, 0, 1)


@pytest.mark.parametrize("columns", [1, linear.PART - 1, linear.PART, linear.PART + 1, 1 << 14])
def test_a_linear_element_is_the_same_however_its_row_is_cut(columns: int) -> None:
    a, w = [at * 7919 % (2 * Q + 1) - Q for at in range(columns)], [at * 31 % 256 - 128 for at in range(columns)]
    got = linear.element(Row.of(Activations(1, tuple(a))), WeightRow(raised(w), 1, 0), 0, 0)
    assert got == max(-(2**31) + 1, min(2**31 - 1, sum(one * two for one, two in zip(a, w, strict=True))))
    extreme = linear.element(Row.of(Activations(1, (-Q,) * columns)), WeightRow(raised((-128,) * columns), 1, 0), 5, 0)
    assert extreme == Q * 128 * columns >> 5


def test_linear_tiles_are_at_most_256() -> None:
    sizes = {1: 64, 64: 64, 16384: 64, 16385: 128, 28672: 128, 49152: 256, 128256: 512, 262144: 1024}
    assert {outputs: linear.tile_size(outputs) for outputs in sizes} == sizes


def _head(seed: int, size: int = 64) -> list[int]:
    return [((seed * 2654435761 + at * 40503) % 400001) - 200000 for at in range(size)]


def test_rotation_keeps_lengths_and_turns_pairs_of_halves() -> None:
    angle = 0.7
    cosines, sines = [round(math.cos(angle) * 32768)] * 2, [round(math.sin(angle) * 32768)] * 2
    turned = attention.rotated_head([100000, 0, 0, 200000], cosines, sines)
    real = [value * turned.scale / Q for value in turned.values]
    wanted = [1e5 * math.cos(angle), -2e5 * math.sin(angle), 1e5 * math.sin(angle), 2e5 * math.cos(angle)]
    assert all(abs(one - two) < 20 for one, two in zip(real, wanted, strict=True))
    assert attention.rotated_head([1 << 30] * 2, [32768], [0]).scale == (1 << 24) - 1


def test_values_keep_their_fraction_bits_and_saturate() -> None:
    assert attention.value_row([64, 31, 32, -32, -33, 1 << 31, -(1 << 31)], 10) == (1, 0, 1, 0, -1, 32767, -32768)


@pytest.mark.parametrize("positions", [1, 2, 63, 64, 65, 130])
def test_attention_is_softmax_however_it_is_blocked(positions: int) -> None:
    flat = ([32768] * 32, [0] * 32)
    query = attention.rotated_head(_head(1), *flat)
    keys = [attention.rotated_head(_head(at + 2), *flat) for at in range(positions)]
    values = [attention.value_row(_head(at + 999), 10) for at in range(positions)]
    results = []
    for size in (64, 1 << 20):
        blocks: list[Scores] = []
        for at in range(0, positions, size):
            before = blocks[-1] if blocks else None
            blocks.append(attention.scores(query, keys[at : at + size], HEADER, before))
            assert Scores.decode(blocks[-1].encode(), len(blocks[-1].values)) == blocks[-1]
        sums: Weighted | None = None
        for at, block in enumerate(blocks):
            sums = attention.weighted(block, blocks[-1].maximum, values[at * size : at * size + size], sums)
        assert sums is not None
        results.append(attention.head_output(sums, 10))
        scores = [value / 4096 for block in blocks for value in block.values]
    assert results[0] == results[1]
    powers = [2 ** (value - max(scores)) for value in scores]
    for column, got in enumerate(results[0]):
        want = sum(p * row[column] for p, row in zip(powers, values, strict=True)) / sum(powers) * 64
        assert abs(got - want) <= 2 + abs(want) * 1e-2 + positions


def test_the_score_has_the_meaning_of_a_scaled_dot_product() -> None:
    flat = ([32768] * 32, [0] * 32)
    query, key = attention.rotated_head(_head(1), *flat), attention.rotated_head(_head(1), *flat)
    real = sum((value / 65536) ** 2 for value in _head(1)) / 8 * math.log2(math.e)
    exponent = 3 + 20 + 13 + HEADER.score_shift
    factor = HEADER.score_mantissa / 2**exponent * Q * Q * 2**32 / 4096 * 8 / math.log2(math.e)
    assert abs(attention.score(query, key, HEADER) / 4096 - real * factor) < 0.01 * abs(real * factor) + 0.01


def test_inconsistent_attention_records_convict_their_author() -> None:
    with pytest.raises(BadRecord, match="exceeds the last"):
        attention.weighted(Scores(5, (5,)), 4, [(1,)], None)
    with pytest.raises(BadRecord, match="nothing"):
        attention.head_output(Weighted(0, (0,)), 10)


@given(st.integers(-(2**31) + 1, 2**31 - 1), st.integers(-(2**31) + 1, 2**31 - 1))
def test_swiglu_is_what_it_means(gate: int, up: int) -> None:
    (got,) = residual.swiglu([gate], [up])
    real = gate / 65536
    silu = real / (1 + math.exp(-real)) if real > -700 else 0.0
    want = max(-32768.0, min(32768.0, silu * up / 65536))
    bound = abs(up) / 65536 * (abs(real) * 2e-4 + 1e-4) + 1e-3
    assert -(2**31) < got < 2**31
    assert abs(got / 65536 - want) <= bound


@given(st.lists(st.integers(-(2**40) + 1, 2**40 - 1), min_size=128, max_size=128), st.integers(0, 40))
def test_rounded_rows_are_canonical_and_close(values: list[int], drop: int) -> None:
    x = [value >> drop for value in values]
    shifts, short = residual.rounded(x)
    tile = residual.row_tile(x, [0] * 128)
    again = decode_row_tile(tile, 128)
    assert residual.rounded(again)[1] == short or max(map(abs, short)) == 32767
    for at, (before, after) in enumerate(zip(x, again, strict=True)):
        assert abs(before - after) <= 1 << shifts[at // 64]


def test_residuals_and_embeddings_are_clamped_and_rounded() -> None:
    top = 2**40 - 1
    assert residual.added([top, -top, 1], [1, -1, 1]) == (top, -top, 2)
    assert residual.embedded([3, -3, 0], 5, 1) == (8, -7, 0)


numbers = st.integers(-(2**40) + 1, 2**40 - 1)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_recorded_input_makes_a_step_fail_otherwise_than_by_bad_record(data: Any) -> None:
    """Inputs within their formats but inconsistent: the next record fits its bytes, or its author is guilty."""
    draw = data.draw
    x = draw(st.lists(numbers, min_size=64, max_size=64))
    gains = draw(st.lists(st.integers(-32768, 32767), min_size=64, max_size=64))
    peak = Maximum(draw(st.integers(0, 2**40 - 1)))
    sums = Squares(draw(st.integers(0, 1 << 62)), draw(st.integers(0, 1 << 46)))
    weights = Weighted(total := draw(st.integers(0, 1 << 31)), (draw(st.integers(-total * 32768, total * 32768)),) * 2)
    maximum = draw(st.integers(-(1 << 29), 1 << 29))
    block = Scores(maximum, tuple(draw(st.lists(st.integers(-(1 << 29), maximum), min_size=2, max_size=2))))
    pair = st.lists(st.integers(-Q, Q), min_size=2, max_size=2)
    head = Activations(draw(st.integers(0, 2**24 - 1)), tuple(draw(pair)))
    steps: list[Any] = [
        lambda: norms.maximum(x, peak).encode(),
        lambda: norms.squares(x, gains, peak, 26, sums).encode(),
        lambda: norms.norm_tile(x, gains, peak, sums, 64, 42950, 26).encode(),
        lambda: norms.plain_tile(x, peak).encode(),
        lambda: attention.scores(head, [head], HEADER, block).encode(),
        lambda: attention.weighted(block, draw(st.integers(-(1 << 29), 1 << 29)), [(1, 2), (3, 4)], weights).encode(),
        lambda: struct.pack("<2i", *attention.head_output(weights, 10)),
        lambda: struct.pack("<2i", *residual.swiglu(head.values, head.values)),
        lambda: residual.row_tile(x, [clamp(value, 2**31 - 1) for value in x]),
    ]
    for step in steps:
        try:
            assert isinstance(step(), bytes)
        except BadRecord:
            continue

"""Bytes of the operators' records."""

import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.modules.disputes.referee import records
from chain.modules.disputes.referee.records import (
    Activations,
    BadRecord,
    Best,
    Maximum,
    Ranking,
    Row,
    Scores,
    Squares,
    Weighted,
)

Q = 16319
RESIDUAL = (1 << 40) - 1
LINEAR = (1 << 31) - 1


def test_each_record_has_its_published_bytes() -> None:
    assert Maximum(5).encode() == bytes.fromhex("0500000000000000")
    assert Squares(1, 2).encode() == bytes.fromhex("01000000000000000200000000000000")
    assert Activations(3, (1, -1)).encode() == bytes.fromhex("030000000100ffff")
    assert Scores(-1, (-2, -1)).encode() == bytes.fromhex("fffffffffeffffffffffffff")
    assert Weighted(1, (-1,)).encode() == bytes.fromhex("0100000000000000ffffffffffffffff")
    assert Best(-1, 2, -3).encode() == bytes.fromhex("ffffffff02000000fdffffffffffffff")
    assert Ranking(((1, 2), (0, 1))).encode() == bytes.fromhex("01000000020000000000000001000000")
    assert records.encode_i32((-1, 2)) == bytes.fromhex("ffffffff02000000")
    assert records.encode_i64((-2,)) == bytes.fromhex("feffffffffffffff")
    assert records.encode_values((-2, 1)) == bytes.fromhex("feff0100")
    assert records.encode_row_tile((1,), (1 << 14,) * 64) == b"\x01" + b"\x00\x40" * 64
    assert records.decode_weight_row(b"\xff\x01\x02\x00\x03\x00", 2, True) == records.WeightRow(bytes((127, 129)), 2, 3)
    assert records.decode_weight_row(b"\xff\x01\x02\x00", 2) == records.WeightRow(bytes((127, 129)), 2, 0)
    assert records.decode_gains(b"\xff\xff\x01\x00", 2) == (-1, 1)
    assert records.decode_rope_row(struct.pack("<4i", 1, 2, -3, 4), 4) == ((1, 2), (-3, 4))


def test_an_activation_is_any_i16_within_the_limit() -> None:
    for value in range(-(1 << 15), 1 << 15):
        data = struct.pack("<Ihh", 1, 0, value)
        try:
            assert Activations.decode(data, 2) == Activations(1, (0, value))
        except BadRecord:
            assert abs(value) > Q
        else:
            assert abs(value) <= Q


def test_a_row_of_activations_is_its_tiles_one_behind_another() -> None:
    tiles = [Activations(5, (1, -Q)).encode(), Activations(5, (Q,)).encode()]
    assert Row.decode(tiles, (2, 1)) == Row.of(Activations(5, (1, -Q, Q)))
    other, wide = Activations(6, (Q,)).encode(), Activations(5, (Q + 1,)).encode()
    for bad in ([tiles[0], other], [tiles[0], wide], [tiles[0], tiles[1] + b"\0"], [tiles[1], tiles[0]]):
        with pytest.raises(BadRecord):
            Row.decode(bad, (2, 1))


def test_heads_are_the_same_together_as_one_by_one() -> None:
    bodies = [Activations(5, (1, -Q)).encode(), Activations((1 << 24) - 1, (Q, 0)).encode()]
    assert Activations.decode_heads(bodies, 2) == [Activations.decode_head(body, 2) for body in bodies]
    large, wide = Activations(1 << 24, (0, 0)).encode(), Activations(5, (0, -Q - 1)).encode()
    for bad in (large, wide, bodies[0][:-1], bodies[0] + b"\0"):
        with pytest.raises(BadRecord):
            Activations.decode_heads([bodies[0], bad], 2)


def test_every_weight_is_a_byte_and_comes_back() -> None:
    weights = tuple(range(-128, 128))
    row = records.decode_weight_row(struct.pack("<256bH", *weights, 7), 256)
    assert (row.raised, row.weights) == (bytes(range(256)), weights)


ROUND_TRIPS: list[tuple[Any, Callable[[bytes], Any]]] = [
    (Maximum(RESIDUAL), Maximum.decode),
    (Squares(1 << 62, 1 << 46), Squares.decode),
    (Activations(LINEAR, (Q, -Q, 0)), lambda data: Activations.decode(data, 3)),
    (Activations((1 << 24) - 1, (Q, -Q)), lambda data: Activations.decode_head(data, 2)),
    (Scores(1 << 29, (1 << 29, -(1 << 29))), lambda data: Scores.decode(data, 2)),
    (Weighted(1 << 31, (32768 << 31, -32768 << 31)), lambda data: Weighted.decode(data, 2)),
    (Best(-LINEAR, (1 << 18) - 1, -(LINEAR << 18)), Best.decode),
    (Ranking(((LINEAR, 7), (5, 1), (5, 2))), lambda data: Ranking.decode(data, 3)),
]


@pytest.mark.parametrize(("value", "decode"), ROUND_TRIPS, ids=lambda value: type(value).__name__)
def test_the_largest_honest_records_survive_and_other_lengths_do_not(value: Any, decode: Any) -> None:
    data = value.encode()
    assert decode(data) == value
    for wrong in (data[:-1], data + b"\0", b""):
        with pytest.raises(BadRecord, match="bytes where"):
            decode(wrong)


@pytest.mark.parametrize(
    ("decode", "data"),
    [
        (Maximum.decode, struct.pack("<q", -1)),
        (Maximum.decode, struct.pack("<q", RESIDUAL + 1)),
        (Squares.decode, struct.pack("<qq", -1, 0)),
        (Squares.decode, struct.pack("<qq", 0, -1)),
        (Squares.decode, struct.pack("<qq", (1 << 62) + 1, 0)),
        (Squares.decode, struct.pack("<qq", 0, (1 << 46) + 1)),
        (lambda data: Activations.decode(data, 1), struct.pack("<Ih", LINEAR + 1, 0)),
        (lambda data: Activations.decode(data, 1), struct.pack("<Ih", 1, Q + 1)),
        (lambda data: Activations.decode(data, 1), struct.pack("<Ih", 1, -Q - 1)),
        (lambda data: Activations.decode_head(data, 1), struct.pack("<Ih", 1 << 24, 0)),
        (lambda data: Scores.decode(data, 1), struct.pack("<ii", 4, 5)),
        (lambda data: Scores.decode(data, 1), struct.pack("<ii", (1 << 29) + 1, 5)),
        (lambda data: Scores.decode(data, 1), struct.pack("<ii", 0, -(1 << 29) - 1)),
        (lambda data: Weighted.decode(data, 1), struct.pack("<qq", -1, 0)),
        (lambda data: Weighted.decode(data, 1), struct.pack("<qq", (1 << 31) + 1, 0)),
        (lambda data: Weighted.decode(data, 1), struct.pack("<qq", 1, 32769)),
        (Best.decode, struct.pack("<iIq", -(1 << 31), 0, 0)),
        (Best.decode, struct.pack("<iIq", 0, 1 << 18, 0)),
        (Best.decode, struct.pack("<iIq", 0, 0, 1 << 50)),
        (lambda data: Ranking.decode(data, 2), struct.pack("<iIiI", 1, 0, 2, 1)),
        (lambda data: Ranking.decode(data, 2), struct.pack("<iIiI", 1, 3, 1, 3)),
        (lambda data: Ranking.decode(data, 1), struct.pack("<iI", 1, 1 << 18)),
        (lambda data: records.decode_i32(data, 1), struct.pack("<i", -(1 << 31))),
        (lambda data: records.decode_residuals(data, 1), struct.pack("<q", RESIDUAL + 1)),
        (records.decode_weight_sum, struct.pack("<q", -1)),
        (records.decode_weight_sum, struct.pack("<q", (1 << 48) + 1)),
        (lambda data: records.decode_row_tile(data, 64), b"\x01" + bytes(128)),
        (lambda data: records.decode_row_tile(data, 64), b"\x1a" + b"\x00\x40" * 64),
        (lambda data: records.decode_row_tile(data, 64), b"\x00" + b"\x00\x80" * 64),
        (lambda data: records.decode_row_tile(data, 63), bytes(127)),
    ],
)
def test_each_broken_format_is_refused(decode: Callable[[bytes], Any], data: bytes) -> None:
    with pytest.raises(BadRecord):
        decode(data)


@given(st.binary(max_size=200), st.integers(0, 70))
def test_hostile_bytes_raise_only_bad_record(data: bytes, count: int) -> None:
    decoders: list[Callable[[bytes], Any]] = [
        Maximum.decode,
        Squares.decode,
        Best.decode,
        records.decode_weight_sum,
        *(
            lambda data, one=one: one(data, count)
            for one in (
                Activations.decode,
                Activations.decode_head,
                Scores.decode,
                Weighted.decode,
                Ranking.decode,
                records.decode_i32,
                records.decode_residuals,
                records.decode_values,
                records.decode_row_tile,
                records.decode_weight_row,
                records.decode_gains,
                records.decode_rope_row,
            )
        ),
    ]
    for decode in decoders:
        try:
            decode(data)
        except BadRecord:
            continue


def test_a_row_tile_stands_for_its_shifted_values() -> None:
    values = [(-1) ** at * (16384 + at) for at in range(64)]
    data = records.encode_row_tile((0, 3), values + values)
    assert records.decode_row_tile(data, 128) == (*values, *(8 * value for value in values))

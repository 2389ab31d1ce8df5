"""Boundary rows: bytes, canonical form, digests."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.crypto.merkle import Kind, leaf, lr
from inference.proofs import rows


def _residuals(count: int, width: int, seed: int, bits: int) -> Any:
    random = np.random.default_rng(seed)
    return random.integers(-(1 << bits) + 1, 1 << bits, (count, width), np.int64) >> random.integers(0, bits)


def _rounded(residuals: Any) -> tuple[Any, Any]:
    """Round residuals as a layer does: per block of 64 a shift that leaves 15 bits."""
    count, width = residuals.shape
    blocks = residuals.reshape(count, width // 64, 64)
    shifts = np.zeros((count, width // 64), np.uint8)
    values = np.zeros((count, width), np.int16)
    for row in range(count):
        for block in range(width // 64):
            part = [int(value) for value in blocks[row, block]]
            shift = max(0, max(abs(value) for value in part).bit_length() - 15)
            half = 1 << (shift - 1) if shift else 0
            shifts[row, block] = shift
            values[row, block * 64 : block * 64 + 64] = [
                max(-32767, min(32767, (value + half) >> shift)) for value in part
            ]
    return shifts, values


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.integers(1, 34), st.integers(0, 1000), st.integers(1, 40))
def test_rows_survive_their_bytes(count: int, blocks: int, seed: int, bits: int) -> None:
    shifts, values = _rounded(_residuals(count, blocks * 64, seed, bits))
    assert rows.is_canonical(shifts, values)
    data = rows.pack_rows(shifts, values).tobytes()
    assert len(data) == count * rows.row_size(blocks * 64)
    again = rows.unpack_rows(data, count, blocks * 64)
    assert np.array_equal(again[0], shifts)
    assert np.array_equal(again[1], values)


@pytest.mark.parametrize("width", [64, 576, 1024, 1088, 2048, 4096, 4160])
def test_a_row_digest_covers_its_tiles(width: int) -> None:
    shifts, values = _rounded(_residuals(2, width, 7, 30))
    expected = []
    for row in range(2):
        tiles = []
        for first in range(0, width, 1024):
            size = min(1024, width - first)
            body = shifts[row, first // 64 : (first + size) // 64].tobytes()
            body += b"".join(int(v).to_bytes(2, "little", signed=True) for v in values[row, first : first + size])
            tiles.append(leaf(Kind.ROWT, body))
        expected.append(lr(Kind.ROW, tiles))
    packed = rows.pack_rows(shifts, values).tobytes()
    assert rows.row_digests(packed, width) == b"".join(expected)
    assert rows.section_root(b"".join(expected), 2) == lr(Kind.HSEC, expected)
    assert rows.section_root(b"".join(expected), 1) == lr(Kind.HSEC, expected[:1])


def _packed(shift: int, value: int) -> bytes:
    return bytes([shift]) + value.to_bytes(2, "little", signed=True) * 64


def test_each_breach_of_the_canonical_form_is_refused() -> None:
    for shift, value in ((1, 1 << 14), (25, -(1 << 14)), (0, 0), (0, -32767), (7, 32767)):
        rows.unpack_rows(_packed(shift, value), 1, 64)
    for shift, value in ((1, (1 << 14) - 1), (26, 1 << 14), (0, -32768), (255, 32767), (3, 0)):
        with pytest.raises(rows.RowsInvalid, match="not canonical"):
            rows.unpack_rows(_packed(shift, value), 1, 64)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.integers(-1, 4), st.integers(-64, 200))
def test_hostile_bytes_raise_only_rows_invalid(data: bytes, count: int, width: int) -> None:
    try:
        shifts, values = rows.unpack_rows(data, count, width)
    except rows.RowsInvalid:
        return
    assert rows.pack_rows(shifts, values).tobytes() == data


def test_arrays_of_another_type_or_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="u8 shifts"):
        rows.pack_rows(np.zeros((1, 2), np.uint8), np.zeros((1, 64), np.int16))
    with pytest.raises(ValueError, match="u8 shifts"):
        rows.pack_rows(np.zeros((1, 1), np.uint8), np.zeros((1, 64), np.int32))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no multiple"):
        rows.row_digests(bytes(100), 64)
    with pytest.raises(ValueError, match="not there"):
        rows.section_root(bytes(64), 3)

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from inference.engine.rows import RowChunk, RowMalformed, is_canonical, row_bytes, row_size, row_tiles
from inference.models.llama import round_rows, widen_rows

LIMIT = (1 << 40) - 1


def chunk(shift: int, *values: int) -> RowChunk:
    row = np.zeros((1, 64), dtype=np.int16)
    row[0, : len(values)] = values
    return RowChunk(np.full((1, 1), shift, dtype=np.uint8), row)


@settings(max_examples=60, deadline=None)
@given(arrays.arrays(np.int64, (3, 128), elements=st.integers(-LIMIT, LIMIT)))
def test_rounding_gives_canonical_rows_that_survive_the_wire(h: np.ndarray) -> None:
    rounded, rows = round_rows(torch.from_numpy(h))
    assert is_canonical(rows)
    assert torch.equal(widen_rows(rows), rounded)
    assert RowChunk.from_bytes(rows.to_bytes(), 128).equals(rows)
    again, same = round_rows(rounded)
    assert torch.equal(again, rounded)
    assert same.equals(rows)


@pytest.mark.parametrize(
    ("value", "shift", "q"),
    [
        (0, 0, 0),
        (32767, 0, 32767),
        (32768, 1, 16384),
        (65535, 1, 32767),  # rounds up to 2^15, then is clamped
        (-65535, 1, -32767),
        (LIMIT, 25, 32767),
        (-LIMIT, 25, -32767),
    ],
)
def test_rounding_at_its_edges(value: int, shift: int, q: int) -> None:
    h = torch.zeros(1, 64, dtype=torch.int64)
    h[0, 5] = value
    _, rows = round_rows(h)
    assert (int(rows.shifts[0, 0]), int(rows.values[0, 5])) == (shift, q)


@pytest.mark.parametrize(
    "bad",
    [chunk(26, 20000), chunk(1, 16383), chunk(25), chunk(0, -32768)],
    ids=["shift too large", "peak too small", "shifted zeros", "most negative value"],
)
def test_other_forms_are_refused(bad: RowChunk) -> None:
    assert not is_canonical(bad)
    with pytest.raises(RowMalformed):
        RowChunk.from_bytes(bad.to_bytes(), 64)


@pytest.mark.parametrize("length", [0, 128, 130, 257])
def test_other_lengths_are_refused(length: int) -> None:
    with pytest.raises(RowMalformed):
        RowChunk.from_bytes(bytes(length), 64)


def test_a_row_of_two_tiles_has_the_shifts_of_each_tile_before_its_values() -> None:
    shifts = np.arange(17, dtype=np.uint8)[None] % 3
    values = np.arange(16384, 16384 + 1088, dtype=np.int16)[None]
    rows = RowChunk(shifts, values)
    first, second = row_tiles(row_bytes(rows, 0), 1088)
    assert first == shifts[0, :16].tobytes() + values[0, :1024].tobytes()
    assert second == shifts[0, 16:].tobytes() + values[0, 1024:].tobytes()
    assert len(first) + len(second) == row_size(1088)

"""Digests of boundary rows."""

import numpy as np
import pytest

from chain.crypto.merkle import Kind, leaf, lr
from inference.engine.rows import RowChunk
from inference.proofs import rows


def _chunk(count: int, width: int) -> RowChunk:
    random = np.random.default_rng(width)
    values = random.integers(-32767, 32768, (count, width), np.int16)
    return RowChunk(random.integers(0, 26, (count, width // 64), np.uint8), values)


@pytest.mark.parametrize("width", [64, 576, 1024, 1088, 2048, 4096, 4160])
def test_a_row_digest_covers_its_tiles(width: int) -> None:
    chunk, expected = _chunk(2, width), []
    for row in range(2):
        tiles = []
        for first in range(0, width, 1024):
            size = min(1024, width - first)
            body = chunk.shifts[row, first // 64 : (first + size) // 64].tobytes()
            values = chunk.values[row, first : first + size]
            tiles.append(leaf(Kind.ROWT, body + b"".join(int(v).to_bytes(2, "little", signed=True) for v in values)))
        expected.append(lr(Kind.ROW, tiles))
    assert rows.row_digests(chunk.to_bytes(), width) == b"".join(expected)
    assert rows.section_root(b"".join(expected), 2) == lr(Kind.HSEC, expected)
    assert rows.section_root(b"".join(expected), 1) == lr(Kind.HSEC, expected[:1])


def test_broken_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="no multiple"):
        rows.row_digests(bytes(100), 64)
    with pytest.raises(ValueError, match="not there"):
        rows.section_root(bytes(64), 3)

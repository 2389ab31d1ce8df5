"""What crosses a stage boundary: token ids into the first stage, canonical rows between stages.

A row of n values is kept as one shift per 64 values and n 16-bit values: h = q << s. On the wire and in hashes it is a
sequence of row tiles of at most 1024 values, each `u8 s` per block, then `i16 q` per value, little-endian.
Canonical: s ≤ 25, |q| ≤ 32767, and s > 0 implies max|q| ≥ 2^14 within the block.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inference.numerics.constants import BLOCK, MAX_SHIFT, ROW_LIMIT, TILE

_LEAST_PEAK = 1 << 14


class RowMalformed(ValueError):
    """Bytes from a neighbour are not canonical rows."""


@dataclass(frozen=True, slots=True)
class TokenChunk:
    """Ids of the next positions of a session."""

    ids: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True, eq=False)
class RowChunk:
    """Rows of the next positions of a session."""

    shifts: npt.NDArray[np.uint8]
    """[T, n/64]."""
    values: npt.NDArray[np.int16]
    """[T, n]."""

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: slice) -> "RowChunk":
        return RowChunk(self.shifts[rows], self.values[rows])

    def equals(self, other: "RowChunk") -> bool:
        """Say whether both hold the same rows."""
        return np.array_equal(self.shifts, other.shifts) and np.array_equal(self.values, other.values)

    def packed(self) -> npt.NDArray[np.uint8]:
        """Return the rows' bytes, [T, row_size(n)]."""
        count, size = self.values.shape
        out = np.empty((count, row_size(size)), dtype=np.uint8)
        raw = self.values.astype("<i2", copy=False).view(np.uint8).reshape(count, 2 * size)
        at = 0
        for start in range(0, size, TILE):
            stop = min(start + TILE, size)
            blocks, width = (stop - start) // BLOCK, 2 * (stop - start)
            out[:, at : at + blocks] = self.shifts[:, start // BLOCK : stop // BLOCK]
            out[:, at + blocks : at + blocks + width] = raw[:, 2 * start : 2 * stop]
            at += blocks + width
        return out

    def to_bytes(self) -> bytes:
        """Return the rows' bytes one behind another."""
        return self.packed().tobytes()

    @classmethod
    def from_bytes(cls, data: bytes, size: int) -> "RowChunk":
        """Parse rows of `size` values. Raises: RowMalformed if the length is wrong or a row is not canonical."""
        width = row_size(size)
        if not data or len(data) % width:
            raise RowMalformed(f"{len(data)} bytes are not whole rows of {width}")
        raw = np.frombuffer(data, dtype=np.uint8).reshape(-1, width)
        shifts = np.empty((raw.shape[0], size // BLOCK), dtype=np.uint8)
        values = np.empty((raw.shape[0], size), dtype=np.int16)
        at = 0
        for start in range(0, size, TILE):
            stop = min(start + TILE, size)
            blocks, bytes_ = (stop - start) // BLOCK, 2 * (stop - start)
            shifts[:, start // BLOCK : stop // BLOCK] = raw[:, at : at + blocks]
            tile = np.ascontiguousarray(raw[:, at + blocks : at + blocks + bytes_])
            values[:, start:stop] = tile.view("<i2")
            at += blocks + bytes_
        chunk = cls(shifts, values)
        if not is_canonical(chunk):
            raise RowMalformed("a row is not canonical")
        return chunk

    @classmethod
    def stack(cls, chunks: Sequence["RowChunk"]) -> "RowChunk":
        """Return the rows of all chunks, in order."""
        if len(chunks) == 1:
            return chunks[0]
        return cls(np.concatenate([c.shifts for c in chunks]), np.concatenate([c.values for c in chunks]))


def row_size(size: int) -> int:
    """Return the bytes of a row of `size` values."""
    return size // BLOCK + 2 * size


def row_bytes(chunk: RowChunk, index: int) -> bytes:
    """Return the bytes of one row: its tiles one behind another."""
    return chunk[index : index + 1].to_bytes()


def row_tiles(data: bytes, size: int) -> list[bytes]:
    """Split the bytes of one row into its tiles."""
    tiles, at = [], 0
    for start in range(0, size, TILE):
        width = row_size(min(TILE, size - start))
        tiles.append(data[at : at + width])
        at += width
    return tiles


def is_canonical(chunk: RowChunk) -> bool:
    """Say whether every row has the one form that its values may have."""
    shifts, values = chunk.shifts, chunk.values
    if values.ndim != 2 or values.shape[1] % BLOCK or shifts.shape != (values.shape[0], values.shape[1] // BLOCK):
        return False
    if int(shifts.max(initial=0)) > MAX_SHIFT or int(values.min(initial=0)) < -ROW_LIMIT:
        return False
    peaks = np.abs(values).reshape(values.shape[0], -1, BLOCK).max(axis=2)
    return bool(((shifts == 0) | (peaks >= _LEAST_PEAK)).all())

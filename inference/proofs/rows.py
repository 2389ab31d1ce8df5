"""Boundary rows: their bytes on the wire and on disk, their canonical form, their digests.

A row of n values is cut into tiles of at most 1024 values; a tile is `u8 s` per block of 64, then `i16 q` per value,
and stands for q << s. The bytes of a row are its tiles in order, n/64 + 2n bytes, the same in wire, journal and
hashes. Canonical: s <= 25, |q| <= 32767, and a block with s > 0 has max|q| >= 2^14, so equal residuals have equal
bytes.
"""

from hashlib import sha256

import numpy as np
import numpy.typing as npt

from chain.crypto.merkle import DIGEST, Kind, lr_joined
from inference.numerics.constants import BLOCK, MAX_SHIFT, ROW_LIMIT, TILE

Shifts = npt.NDArray[np.uint8]
"""[T, n/64]"""
Values = npt.NDArray[np.int16]
"""[T, n]"""
Packed = npt.NDArray[np.uint8]
"""[T, row_size(n)]"""

_LEAF = bytes((0, Kind.ROWT))
_ONE_TILE = bytes((2, Kind.ROW)) + (1).to_bytes(4, "big")
_BLOCKS = TILE // BLOCK


class RowsInvalid(ValueError):
    """The bytes are not canonical rows of the expected shape."""


def row_size(width: int) -> int:
    """Return the bytes of one row of `width` values."""
    return 2 * width + width // BLOCK


def is_canonical(shifts: Shifts, values: Values) -> bool:
    """Say whether rows have the one encoding of their values."""
    rows, width = values.shape
    if not width or width % BLOCK or shifts.shape != (rows, width // BLOCK):
        return False
    if not rows:
        return True
    if int(shifts.max()) > MAX_SHIFT or int(values.min()) < -ROW_LIMIT:
        return False
    shifted = shifts > 0
    if not shifted.any():
        return True
    largest = np.abs(values.reshape(rows, width // BLOCK, BLOCK)).max(axis=2)
    return bool((largest[shifted] >= 1 << 14).all())


def pack_rows(shifts: Shifts, values: Values) -> Packed:
    """Return the bytes of rows, one row per line. Raises: ValueError if the shapes do not fit each other."""
    rows, width = values.shape
    if values.dtype != np.int16 or shifts.dtype != np.uint8 or shifts.shape != (rows, width // BLOCK):
        raise ValueError("rows are u8 shifts [T, n/64] and i16 values [T, n]")
    raw = np.ascontiguousarray(values, dtype="<i2").view(np.uint8)
    if width <= TILE:
        return np.concatenate((shifts, raw), axis=1)
    parts: list[Packed] = []
    for tile in range(-(-width // TILE)):
        parts.append(shifts[:, tile * _BLOCKS : (tile + 1) * _BLOCKS])
        parts.append(raw[:, tile * 2 * TILE : (tile + 1) * 2 * TILE])
    return np.concatenate(parts, axis=1)


def unpack_rows(data: bytes, count: int, width: int) -> tuple[Shifts, Values]:
    """Return the shifts and values of `count` rows from untrusted bytes. Raises: RowsInvalid."""
    if count < 0 or width <= 0 or width % BLOCK or len(data) != count * row_size(width):
        raise RowsInvalid(f"{len(data)} bytes are not {count} rows of {width} values")
    packed = np.frombuffer(data, dtype=np.uint8).reshape(count, row_size(width))
    shifts = np.empty((count, width // BLOCK), np.uint8)
    raw = np.empty((count, 2 * width), np.uint8)
    at = 0
    for first in range(0, width, TILE):
        size = min(TILE, width - first)
        blocks = size // BLOCK
        shifts[:, first // BLOCK : first // BLOCK + blocks] = packed[:, at : at + blocks]
        raw[:, 2 * first : 2 * (first + size)] = packed[:, at + blocks : at + blocks + 2 * size]
        at += blocks + 2 * size
    values = raw.view("<i2").astype(np.int16, copy=False)
    if not is_canonical(shifts, values):
        raise RowsInvalid("the rows are not canonical")
    return shifts, values


def row_digests(packed: bytes, width: int) -> bytes:
    """Return the digests of packed rows, 32 bytes each, one behind another. Raises: ValueError for a broken length."""
    size = row_size(width)
    if len(packed) % size:
        raise ValueError(f"{len(packed)} bytes are no multiple of a row's {size}")
    if width <= TILE:
        return b"".join(
            [
                sha256(_ONE_TILE + sha256(_LEAF + packed[at : at + size]).digest()).digest()
                for at in range(0, len(packed), size)
            ]
        )
    tile = row_size(TILE)
    return b"".join(_tiled_digest(packed[at : at + size], tile) for at in range(0, len(packed), size))


def _tiled_digest(row: bytes, tile: int) -> bytes:
    leaves = [sha256(_LEAF + row[at : at + tile]).digest() for at in range(0, len(row), tile)]
    return lr_joined(Kind.ROW, b"".join(leaves))


def section_root(digests: bytes | bytearray, count: int) -> bytes:
    """Return H_l over the first `count` row digests. Raises: ValueError if there are fewer."""
    if not 0 <= count * DIGEST <= len(digests):
        raise ValueError(f"{count} rows of {len(digests) // DIGEST} are not there")
    return lr_joined(Kind.HSEC, bytes(digests[: count * DIGEST]))

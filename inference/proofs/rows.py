"""Digests of boundary rows.

The bytes of a row are its tiles in order (`inference.engine.rows`); each tile is a leaf, and the row is their list.
"""

from hashlib import sha256

from chain.crypto.merkle import DIGEST, Kind, lr_joined
from inference.engine.rows import row_size
from inference.numerics.constants import TILE

_LEAF = bytes((0, Kind.ROWT))
_ONE_TILE = bytes((2, Kind.ROW)) + (1).to_bytes(4, "big")


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

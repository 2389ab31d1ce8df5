"""The two tables of numeric version 1; constants of the protocol, checked against their hashes when first read.

EXP2[i] = round(2^30 * 2^(-i/4096))                i < 4096
SIG[i]  = round(2^28 * sigmoid((i - 32768)/2048))  i < 65536, ends 0 and 2^28
"""

import struct
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

from chain.errors import InvariantBroken

EXP2_HASH: Final = bytes.fromhex("23ddf6ea32e796d4e3343acb253cf2f82571ec5b4e47b2df31067f337ff31a6c")
"""SHA-256 of EXP2 as u32, little-endian."""
SIGMOID_HASH: Final = bytes.fromhex("4d25e355ba19d769f1232f1483059494d0116952e84126baf994e820791ccf4c")
"""SHA-256 of SIG as u32, little-endian."""


def _table(name: str, digest: bytes) -> tuple[int, ...]:
    data = files(__package__).joinpath("tables", name).read_bytes()
    if sha256(data).digest() != digest:
        raise InvariantBroken(f"the table {name} is not the one of the protocol")
    return struct.unpack(f"<{len(data) // 4}I", data)


@cache
def exp2() -> tuple[int, ...]:
    """Return EXP2. Raises: InvariantBroken if the file is damaged."""
    return _table("exp2.bin", EXP2_HASH)


@cache
def sigmoid() -> tuple[int, ...]:
    """Return SIG. Raises: InvariantBroken if the file is damaged."""
    return _table("sig.bin", SIGMOID_HASH)


def powers(differences: Iterable[int]) -> list[int]:
    """Return 2^30 * 2^(-difference/4096) as the tables have it, 0 <= difference; 0 from 31 * 4096 on."""
    table = exp2()
    return [table[difference & 4095] >> (difference >> 12) for difference in differences]

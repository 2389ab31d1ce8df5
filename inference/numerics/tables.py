"""The two constant tables of the numeric version, hash-checked when first used.

    EXP2[i] = round(2^30 · 2^(-i/4096))                  i < 4096
    SIG[i]  = round(2^28 · sigmoid((i - 32768)/2048))    i < 65536, ends 0 and 2^28

The files come from `tools/tables.py` and are constants of the protocol: they are never computed on a worker.
"""

from functools import cache
from hashlib import sha256
from importlib.resources import files

import numpy as np
import numpy.typing as npt

EXP2_HASH = bytes.fromhex("23ddf6ea32e796d4e3343acb253cf2f82571ec5b4e47b2df31067f337ff31a6c")
"""SHA-256 of exp2.bin."""
SIGMOID_HASH = bytes.fromhex("4d25e355ba19d769f1232f1483059494d0116952e84126baf994e820791ccf4c")
"""SHA-256 of sig.bin."""
WEIGHT_END = 17 * 4096
"""From this score difference on, an attention weight is 0."""


class TableCorrupt(RuntimeError):
    """A shipped table is not the one of the protocol; reinstall the package."""


def _table(name: str, digest: bytes) -> npt.NDArray[np.int64]:
    data = files(__package__).joinpath("tables", name).read_bytes()
    if sha256(data).digest() != digest:
        raise TableCorrupt(f"{name} is damaged: reinstall the package")
    return np.frombuffer(data, dtype="<u4").astype(np.int64)


@cache
def exp2_table() -> npt.NDArray[np.int64]:
    """Return EXP2, 4096 entries. Raises: TableCorrupt."""
    return _table("exp2.bin", EXP2_HASH)


@cache
def sigmoid_table() -> npt.NDArray[np.int64]:
    """Return SIG, 65536 entries. Raises: TableCorrupt."""
    return _table("sig.bin", SIGMOID_HASH)


@cache
def weight_table() -> npt.NDArray[np.int64]:
    """Return p(dd) = (EXP2[dd & 4095] >> (dd >> 12) + 2^14) >> 15 for dd ≤ WEIGHT_END, where it has become 0."""
    difference = np.arange(WEIGHT_END + 1)
    scaled = exp2_table()[difference & 4095] >> (difference >> 12)
    weights: npt.NDArray[np.int64] = (scaled + (1 << 14)) >> 15
    return weights

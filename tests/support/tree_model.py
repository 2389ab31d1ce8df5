"""A naive oracle of the store: the definition of the tree in a few recursive lines, over a plain dict."""

import hashlib
from collections.abc import Mapping

Pairs = Mapping[bytes, bytes]


def uvarint(value: int) -> bytes:
    """Return the LEB128 form."""
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + uvarint(value >> 7)


def bits(key: bytes) -> str:
    """Return the path of a key in binary digits: five for each nibble, the first of them 1, then five zeros."""
    return "".join(f"1{byte >> 4:04b}1{byte & 15:04b}" for byte in key) + "00000"


def subtree(pairs: list[tuple[str, bytes, bytes]], depth: int) -> tuple[int, bytes]:
    """Return (height, hash) of the crit-bit tree over (path, key, value), equal in the first `depth` bits."""
    if len(pairs) == 1:
        _, key, value = pairs[0]
        preimage = b"\0\2\2" + uvarint(len(key)) + key + b"\x20" + hashlib.sha256(value).digest()
        return 0, hashlib.sha256(preimage).digest()
    while len({path[depth] for path, _, _ in pairs}) == 1:
        depth += 1
    low, left = subtree([pair for pair in pairs if pair[0][depth] == "0"], depth + 1)
    high, right = subtree([pair for pair in pairs if pair[0][depth] == "1"], depth + 1)
    height = 1 + max(low, high)
    return height, hashlib.sha256(uvarint(2 * height) + b"\2\2\x20" + left + b"\x20" + right).digest()


def root(pairs: Pairs) -> bytes:
    """Return the root hash of a set of pairs."""
    if not pairs:
        return hashlib.sha256(b"").digest()
    return subtree([(bits(key), key, value) for key, value in pairs.items()], 0)[1]


def simple(leaves: list[bytes]) -> bytes:
    """Return the RFC 6962 root of leaf hashes, of which there is at least one."""
    if len(leaves) == 1:
        return leaves[0]
    cut = 1
    while cut * 2 < len(leaves):
        cut *= 2
    return hashlib.sha256(b"\1" + simple(leaves[:cut]) + simple(leaves[cut:])).digest()


def app_hash(state: Mapping[str, Pairs]) -> bytes:
    """Return the app hash of a whole state."""
    return simple(
        [
            hashlib.sha256(
                b"\0" + uvarint(len(name)) + name.encode() + b"\x20" + hashlib.sha256(root(state[name])).digest()
            ).digest()
            for name in sorted(state)
        ]
    )

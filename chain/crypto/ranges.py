"""Append-only lists: the RFC 6962 tree of one round's leaves, and a Merkle mountain range over all rounds.

Both hash as RFC 6962 does: a leaf is H(00 | bytes), an inner node H(01 | left | right). The tree of n leaves splits at
the largest power of two below n.

A *mountain range* of n entries is the list of perfect trees that the binary digits of n name, largest first; state
keeps only their roots, the *peaks* (at most 64), and n. An entry is proven for ever by its path to a peak: peaks merge
as the list grows, so a path is extended with later entries, never changed. The root of the range folds the peaks from
the right, which makes it the RFC 6962 root of the entries.

Everything that verifies is total: hostile input gives False, never an exception.
"""

from collections.abc import Sequence
from hashlib import sha256

MAX_COUNT = (1 << 64) - 1
"""Entries a range may have; its peaks are at most 64."""

EMPTY_ROOT = sha256(b"").digest()
"""Root of no leaves."""

_DIGEST = 32


def leaf_hash(data: bytes) -> bytes:
    """Return the digest of one leaf."""
    return sha256(b"\x00" + data).digest()


def inner_hash(left: bytes, right: bytes) -> bytes:
    """Return the digest of two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """Return the RFC 6962 root of leaf digests (`leaf_hash`)."""
    if not leaves:
        return EMPTY_ROOT
    peaks: list[bytes] = []
    for count, digest in enumerate(leaves):
        _push(peaks, count, digest)
    return range_root(peaks)


def inclusion_path(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return the audit path of leaf `index` (RFC 6962, 2.1.1). Raises: ValueError."""
    if not 0 <= index < len(leaves):
        raise ValueError(f"no leaf {index} among {len(leaves)}")
    low, high, path = 0, len(leaves), []
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(tree_root(leaves[middle:high]))
            high = middle
        else:
            path.append(tree_root(leaves[low:middle]))
            low = middle
    return tuple(reversed(path))


def verify_inclusion(root: bytes, count: int, index: int, leaf: bytes, path: Sequence[bytes]) -> bool:
    """Say whether digest `leaf` stands at `index` of the `count` leaves under `root`."""
    if not 0 <= index < count <= MAX_COUNT or len(leaf) != _DIGEST or any(len(item) != _DIGEST for item in path):
        return False
    digest, last, taken = leaf, count - 1, 0
    while last:
        if index & 1:
            if taken == len(path):
                return False
            digest, taken = inner_hash(path[taken], digest), taken + 1
        elif index < last:
            if taken == len(path):
                return False
            digest, taken = inner_hash(digest, path[taken]), taken + 1
        index, last = index >> 1, last >> 1
    return taken == len(path) and digest == root


def append(peaks: Sequence[bytes], count: int, digest: bytes) -> tuple[bytes, ...]:
    """Return the peaks of a range of `count` entries after one more. Raises: ValueError if it is full or malformed."""
    if len(digest) != _DIGEST or not 0 <= count < MAX_COUNT or len(peaks) != count.bit_count():
        raise ValueError("the range takes digests of 32 bytes, fewer than 2^64, and one peak per binary one")
    grown = list(peaks)
    _push(grown, count, digest)
    return tuple(grown)


def _push(peaks: list[bytes], count: int, digest: bytes) -> None:
    while count & 1:
        digest = inner_hash(peaks.pop(), digest)
        count >>= 1
    peaks.append(digest)


def range_root(peaks: Sequence[bytes]) -> bytes:
    """Return the root of the range: the RFC 6962 root of its entries."""
    if not peaks:
        return EMPTY_ROOT
    digest = peaks[-1]
    for root in reversed(peaks[:-1]):
        digest = inner_hash(root, digest)
    return digest


def mountain_of(count: int, index: int) -> tuple[int, int, int]:
    """Return (position among the peaks, height, first entry) of the peak over `index`. Raises: ValueError."""
    if not 0 <= index < count:
        raise ValueError(f"no entry {index} among {count}")
    first = position = 0
    for height in range(count.bit_length() - 1, -1, -1):
        if not count >> height & 1:
            continue
        if index < first + (1 << height):
            return position, height, first
        first += 1 << height
        position += 1
    raise ValueError(f"no entry {index} among {count}")


def mountain_path(entries: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return the path of `index` to its peak, from all entries under that peak and before it. Raises: ValueError."""
    _, height, first = mountain_of(len(entries), index)
    return inclusion_path(entries[first : first + (1 << height)], index - first)


def verify_mountain(peaks: Sequence[bytes], count: int, index: int, digest: bytes, path: Sequence[bytes]) -> bool:
    """Say whether `digest` is entry `index` of the range of `count` entries with these peaks."""
    if not 0 <= index < count <= MAX_COUNT or len(peaks) != count.bit_count():
        return False
    position, height, first = mountain_of(count, index)
    return verify_inclusion(peaks[position], 1 << height, index - first, digest, path)


def _split(count: int) -> int:
    """Return the largest power of two below `count`, which is at least 2."""
    return 1 << ((count - 1).bit_length() - 1)

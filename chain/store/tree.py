"""The authenticated map: a canonical crit-bit tree over raw ordered keys, kept in radix-16 pages.

    leaf(key, value) = SHA256(00 02 02 | uvarint(len key) | key | 20 | SHA256(value))
    inner(h, L, R)   = SHA256(uvarint(2h) 02 02 20 | L | 20 | R)       h = 1 + the greater height; leaves have height 0
    root(empty)      = SHA256("")
    path(key)        = symbol 16+n for each nibble n, high first; then symbol 0
    shape            = the crit-bit tree of the paths: a set splits at its first differing bit, symbols high bit first

This is IAVL's node encoding with size and version pinned to 1, so the published IAVL proof specification verifies it
(Source: cosmos/ics23, go/ops.go). The root is a pure function of the set of pairs: no versions, no insertion order.

A page holds all binary nodes whose deciding bit lies in one symbol, hence 2 to 17 children. Binary nodes are never
stored: `merges` says how to fold the children of a page.

    node database   id(6, big-endian counter) -> page | leaf
        page = u8 seglen | seg | u8 n | n symbols | n x ref     seg: symbols skipped, not hashed
        ref  = id(6) | height(1) | hash(32)
        leaf = u16 little-endian keylen | key | value
"""

import binascii
import functools
import hashlib
from collections.abc import Callable, Iterator
from typing import TypeAlias

from chain.store.codec import write_uvarint

MAX_KEY_SIZE = 128
"""Longest key in bytes; with it a path has at most 257 symbols, and plain recursion is safe."""
MAX_HEIGHT = 128
"""First height that is refused: verifiers of ICS-23 proofs stop at 128 steps."""
ID_SIZE = 6
"""Bytes of a node id."""
REF_SIZE = ID_SIZE + 1 + 32
"""Bytes of a reference to a node."""
EMPTY_ROOT = hashlib.sha256(b"").digest()
"""Root of a tree without keys."""
NO_NODE = b""
"""The reference to an empty tree."""

Page: TypeAlias = tuple[bytes, bytes, list[bytes]]
"""Skipped symbols; branching symbols in ascending order; nodes: a reference for each of these, then, where they have
been needed, the binary nodes above them in the order of `merges`, as references without id. Kept pages never change."""
Load: TypeAlias = Callable[[bytes], bytes | None]
"""Reads the record of a node id."""

_sha256 = hashlib.sha256
_SYMBOLS = bytes.maketrans(b"0123456789abcdef", bytes(range(16, 32)))
_LEAF_PREFIX = [b"\x00\x02\x02" + write_uvarint(size) for size in range(MAX_KEY_SIZE + 1)]
_INNER_PREFIX = [write_uvarint(2 * height) + b"\x02\x02\x20" for height in range(MAX_HEIGHT)]
_INNER_HEAD = [bytes(ID_SIZE) + bytes((height,)) for height in range(MAX_HEIGHT)]
_KEY_LENGTH = [size.to_bytes(2, "little") for size in range(MAX_KEY_SIZE + 1)]


class TreeTooDeep(Exception):
    """More than `MAX_HEIGHT` binary nodes lie above one leaf."""


class NodeMissing(Exception):
    """The node database contradicts the state database; the node must stop and be rebuilt."""


def path_of(key: bytes) -> bytes:
    """Return the symbols of a key: prefix-free, and sorted like the keys."""
    return binascii.hexlify(key).translate(_SYMBOLS) + b"\0"


def key_of(path: bytes) -> bytes:
    """Return the key of a whole path."""
    return bytes((path[i] & 15) << 4 | path[i + 1] & 15 for i in range(0, len(path) - 1, 2))


def leaf_prefix(key: bytes) -> bytes:
    """Return what precedes the value's hash in the preimage of a leaf, less the length byte 20."""
    return _LEAF_PREFIX[len(key)] + key


def leaf_hash(key: bytes, value: bytes) -> bytes:
    """Return the hash of a leaf."""
    return _sha256(_LEAF_PREFIX[len(key)] + key + b"\x20" + _sha256(value).digest()).digest()


def inner_prefix(height: int) -> bytes:
    """Return what precedes the left child's hash in the preimage of an inner node, its length byte included."""
    return _INNER_PREFIX[height]


@functools.lru_cache(maxsize=1 << 16)
def merges(symbols: bytes) -> tuple[tuple[int, int, int, int], ...]:
    """Return the binary nodes of a page bottom-up, each as (index, left, right, mask).

    Indices point into a page's nodes: the children first, then the binary nodes in this order. Bit i of `mask` is set
    where child i lies below.
    """
    count = len(symbols)
    plan: list[tuple[int, int, int, int]] = []

    def split(low: int, high: int) -> int:
        if high - low == 1:
            return low
        bit = (symbols[low] ^ symbols[high - 1]).bit_length() - 1
        middle = next(i for i in range(low, high) if symbols[i] >> bit & 1)
        left, right = split(low, middle), split(middle, high)
        plan.append((count + len(plan), left, right, (1 << high) - (1 << low)))
        return count + len(plan) - 1

    split(0, count)
    return tuple(plan)


def fold(symbols: bytes, nodes: list[bytes], changed: int) -> bytes:
    """Bring a page's binary nodes up to date in place and return height(1) | hash(32) of the top one.

    Bit i of `changed` is set where child i differs from what the binary nodes were made of; pages fresh from the
    database have none yet and get all of them.

    Raises: TreeTooDeep: keys were built against the rules; no proof of such a tree would verify anywhere.
    """
    missing = 2 * len(symbols) - 1 - len(nodes)
    if missing:
        nodes.extend([NO_NODE] * missing)
        changed = -1
    prefixes, heads, sha256 = _INNER_PREFIX, _INNER_HEAD, _sha256
    try:
        for index, left, right, mask in merges(symbols):
            if mask & changed:
                low, high = nodes[left], nodes[right]
                first, second = low[6], high[6]
                height = (first if first > second else second) + 1
                nodes[index] = heads[height] + sha256(prefixes[height] + low[7:] + b"\x20" + high[7:]).digest()
    except IndexError:
        raise TreeTooDeep("bytes that users choose must be hashed before they enter a key") from None
    return nodes[-1][6:]


def encode_page(page: Page) -> bytes:
    """Return the record of a page."""
    seg, symbols, nodes = page
    count = len(symbols)
    return b"".join((bytes((len(seg),)), seg, bytes((count,)), symbols, *nodes[:count]))


def decode_page(record: bytes) -> Page:
    """Return the page of a record that `encode_page` wrote, without its binary nodes."""
    start = record[0] + 1
    first = start + 1 + record[start]
    nodes = [record[i : i + REF_SIZE] for i in range(first, len(record), REF_SIZE)]
    return record[1:start], record[start + 1 : first], nodes


def encode_leaf(key: bytes, value: bytes) -> bytes:
    """Return the record of a leaf."""
    return _KEY_LENGTH[len(key)] + key + value


def decode_leaf(record: bytes) -> tuple[bytes, bytes]:
    """Return key and value of a leaf's record."""
    end = 2 + record[0] + (record[1] << 8)
    return record[2:end], record[end:]


def root_hash(root: bytes) -> bytes:
    """Return the root hash that a reference stands for."""
    return root[7:] if root else EMPTY_ROOT


class PageCache:
    """Decoded pages by id, in two generations: a full young one becomes the old one, and the old one is forgotten.

    Only the writer inserts, and only pages it wrote: a page it reads leaves the latest version in the same block.
    Readers on other threads look up with `find`, which changes nothing.
    """

    __slots__ = ("_limit", "_old", "_young")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._young: dict[bytes, Page] = {}
        self._old: dict[bytes, Page] = {}

    def find(self, node_id: bytes) -> Page | None:
        """Return the page if it is cached."""
        return self._young.get(node_id) or self._old.get(node_id)

    def replace(self, dead: list[bytes], born: dict[bytes, Page]) -> None:
        """Forget pages that left the latest version and keep those that entered it."""
        young, old = self._young, self._old
        for node_id in dead:
            if young.pop(node_id, None) is None:
                old.pop(node_id, None)
        young.update(born)
        if len(young) > self._limit:
            self._old, self._young = young, {}


class Nodes:
    """Reads the nodes of committed trees; safe on any thread."""

    __slots__ = ("_cache", "_load")

    def __init__(self, load: Load, cache: PageCache) -> None:
        self._load, self._cache = load, cache

    def page(self, node_id: bytes) -> Page:
        """Return a page. Raises: NodeMissing."""
        return self._cache.find(node_id) or decode_page(self._record(node_id))

    def leaf(self, node_id: bytes) -> tuple[bytes, bytes]:
        """Return key and value of a leaf. Raises: NodeMissing."""
        return decode_leaf(self._record(node_id))

    def _record(self, node_id: bytes) -> bytes:
        record = self._load(node_id)
        if record is None:
            raise NodeMissing(f"node {node_id.hex()} is not stored")
        return record

    def find(self, root: bytes, key: bytes) -> bytes | None:
        """Return the value of a key under a root, or None."""
        path, depth, ref = path_of(key), 0, root
        while ref and ref[6]:
            seg, symbols, nodes = self.page(ref[:6])
            depth += len(seg)
            slot = symbols.find(path[depth]) if depth < len(path) else -1
            if slot < 0:
                return None
            depth += 1
            ref = nodes[slot]
        if not ref:
            return None
        # Skipped symbols are not compared on the way down: the leaf's own key decides.
        found, value = self.leaf(ref[:6])
        return value if found == key else None

    def iterate(
        self, root: bytes, start: bytes, end: bytes | None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Yield pairs with start <= key < end under a root, in key order."""
        if not root:
            return
        low = path_of(start) if start else b""
        high = None if end is None else path_of(end)
        stack = [(root, b"")]
        while stack:
            ref, prefix = stack.pop()
            if ref[6]:
                seg, symbols, nodes = self.page(ref[:6])
                prefix += seg
                # Order: the stack is last in first out, so children are pushed against the direction of travel.
                children = list(zip(symbols, nodes, strict=False))
                for symbol, child in children if reverse else reversed(children):
                    below = prefix + bytes((symbol,))
                    if below >= low[: len(below)] and (high is None or below <= high[: len(below)]):
                        stack.append((child, below))
            else:
                key, value = self.leaf(ref[:6])
                if key >= start and (end is None or key < end):
                    yield key, value

    def siblings(self, root: bytes, key: bytes) -> Iterator[tuple[int, bytes, bytes]]:
        """Yield (height, left, right) of the binary nodes above a present key, bottom-up; its own side is empty."""
        path, depth, ref = path_of(key), 0, root
        way: list[tuple[int, bytes, list[bytes]]] = []
        while ref[6]:
            seg, symbols, nodes = self.page(ref[:6])
            depth += len(seg)
            slot = symbols.index(path[depth])
            way.append((slot, symbols, nodes.copy()))
            depth += 1
            ref = nodes[slot]
        for slot, symbols, nodes in reversed(way):
            fold(symbols, nodes, 0)
            below = slot
            for index, left, right, _ in merges(symbols):
                if below == left:
                    yield nodes[index][6], b"", nodes[right][7:]
                    below = index
                elif below == right:
                    yield nodes[index][6], nodes[left][7:], b""
                    below = index

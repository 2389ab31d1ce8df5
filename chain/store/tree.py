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

Page: TypeAlias = tuple[bytes, bytes, bytes]
"""Skipped symbols; branching symbols in ascending order; nodes: a reference for each of these, then, where they have
been needed, the binary nodes above them in the order of `merges`, as references whose id means nothing. One string of
bytes rather than a list of many: most of a block's cost is memory that is not in the processor's cache."""
Load: TypeAlias = Callable[[bytes], bytes | None]
"""Reads the record of a node id."""

_sha256 = hashlib.sha256
_SYMBOLS = bytes.maketrans(b"0123456789abcdef", bytes(range(16, 32)))
_LEAF_PREFIX = [b"\x00\x02\x02" + write_uvarint(size) for size in range(MAX_KEY_SIZE + 1)]
_INNER_PREFIX = [write_uvarint(2 * height) + b"\x02\x02\x20" for height in range(MAX_HEIGHT)]
_KEY_LENGTH = [size.to_bytes(2, "little") for size in range(MAX_KEY_SIZE + 1)]


class TreeTooDeep(Exception):
    """More than `MAX_HEIGHT` binary nodes lie above one leaf."""


class NodeMissing(Exception):
    """The node database contradicts the state database; the node must stop and be rebuilt."""


def path_of(key: bytes) -> bytes:
    """Return the symbols of a key: prefix-free, and sorted like the keys."""
    return binascii.hexlify(key).translate(_SYMBOLS) + b"\0"


def leaf_hash(key: bytes, value: bytes) -> bytes:
    """Return the hash of a leaf."""
    return _sha256(_LEAF_PREFIX[len(key)] + key + b"\x20" + _sha256(value).digest()).digest()


def inner_prefix(height: int) -> bytes:
    """Return what precedes the left child's hash in the preimage of an inner node, its length byte included."""
    return _INNER_PREFIX[height]


_HEIGHT_AT = [index * REF_SIZE + 6 for index in range(33)]
_HASH_AT = [slice(index * REF_SIZE + 7, (index + 1) * REF_SIZE) for index in range(33)]
"""Where height and hash of a page's n-th node lie; made once, as the plans below share them."""

Merge: TypeAlias = tuple[int, int, slice, int, slice, int, slice]
"""One binary node of a page: mask (bit i: child i lies below it), then where height and hash lie of the node itself, of
its left and of its right child. The place of the height also serves as a node's identity."""


@functools.cache
def _merge(low: int, high: int, at: int, left: int, right: int) -> Merge:
    """Return the merge of children low..high-1 into node `at`; there are a few thousand, shared by all plans."""
    places = (_HEIGHT_AT[at], _HASH_AT[at], _HEIGHT_AT[left], _HASH_AT[left], _HEIGHT_AT[right], _HASH_AT[right])
    return ((1 << high) - (1 << low), *places)


@functools.lru_cache(maxsize=1 << 16)
def merges(symbols: bytes) -> tuple[Merge, ...]:
    """Return the binary nodes of a page bottom-up; in this order they follow the children."""
    plan: list[Merge] = []

    def split(low: int, high: int) -> int:
        if high - low == 1:
            return low
        bit = (symbols[low] ^ symbols[high - 1]).bit_length() - 1
        middle = low + 1
        while not symbols[middle] >> bit & 1:
            middle += 1
        left, right = split(low, middle), split(middle, high)
        at = len(symbols) + len(plan)
        plan.append(_merge(low, high, at, left, right))
        return at

    split(0, len(symbols))
    return tuple(plan)


def fold(symbols: bytes, nodes: bytearray, changed: int) -> bytes:
    """Bring a page's binary nodes up to date in place and return height(1) | hash(32) of the top one.

    Bit i of `changed` is set where child i differs from what the binary nodes were made of; pages fresh from the
    database have none yet and get all of them.

    Raises: TreeTooDeep: keys were built against the rules; no proof of such a tree would verify anywhere.
    """
    missing = (2 * len(symbols) - 1) * REF_SIZE - len(nodes)
    if missing:
        nodes.extend(bytes(missing))
        changed = -1
    prefixes, sha256 = _INNER_PREFIX, _sha256
    try:
        for mask, height_at, hash_at, left_height_at, left_at, right_height_at, right_at in merges(symbols):
            if mask & changed:
                height = nodes[left_height_at]
                other = nodes[right_height_at]
                height = (height if height > other else other) + 1
                nodes[height_at] = height
                nodes[hash_at] = sha256(prefixes[height] + nodes[left_at] + b"\x20" + nodes[right_at]).digest()
    except IndexError:
        raise TreeTooDeep("bytes that users choose must be hashed before they enter a key") from None
    return bytes(nodes[6 - REF_SIZE :])


def encode_page(page: Page) -> bytes:
    """Return the record of a page."""
    seg, symbols, nodes = page
    count = len(symbols)
    return b"%c%b%c%b%b" % (len(seg), seg, count, symbols, nodes[: count * REF_SIZE])


def decode_page(record: bytes) -> Page:
    """Return the page of a record that `encode_page` wrote, without its binary nodes."""
    start = record[0] + 1
    first = start + 1 + record[start]
    return record[1:start], record[start + 1 : first], record[first:]


def children_of(symbols: bytes, nodes: bytes | bytearray) -> list[bytes]:
    """Return the references of a page's children."""
    return [bytes(nodes[at : at + REF_SIZE]) for at in range(0, len(symbols) * REF_SIZE, REF_SIZE)]


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

    def uncached(self) -> "Nodes":
        """Return a reader that takes every node from the database."""
        return Nodes(self._load, PageCache(0))

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
            ref = nodes[slot * REF_SIZE : (slot + 1) * REF_SIZE]
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
                children = list(zip(symbols, children_of(symbols, nodes), strict=True))
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
        way: list[tuple[int, bytes, bytes]] = []
        while ref[6]:
            seg, symbols, nodes = self.page(ref[:6])
            depth += len(seg)
            slot = symbols.index(path[depth])
            way.append((slot, symbols, nodes))
            depth += 1
            ref = nodes[slot * REF_SIZE : (slot + 1) * REF_SIZE]
        for slot, symbols, nodes in reversed(way):
            whole = bytearray(nodes)
            fold(symbols, whole, 0)
            below = _HEIGHT_AT[slot]
            for _, height_at, _, left_height_at, left_at, right_height_at, right_at in merges(symbols):
                if below == left_height_at:
                    yield whole[height_at], b"", bytes(whole[right_at])
                    below = height_at
                elif below == right_height_at:
                    yield whole[height_at], bytes(whole[left_at]), b""
                    below = height_at

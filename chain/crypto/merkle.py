"""The 16-ary hash trees that commit to traces and models.

    leaf(k, b) = H(00 | k | b)
    node(c)    = H(01 | c1 | .. | cj)                 j <= 16
    lr(k, d)   = H(02 | k | u32be m | top)            m = len(d)

`top` comes from grouping 16 consecutive digests into nodes until one remains; the last group may be shorter, and a
group of one is hashed too. One digest is its own top, none has 32 zero bytes. The shape depends on m alone, so there
is no padding and an opening needs no directions.

A *range opening* is k >= 1 consecutive digests and, per level, the siblings that complete the first group on its left
and the last group on its right. Everything that takes an opening is total: hostile input gives False, never an
exception, and at most `len(items) + len(siblings)` digests are hashed.
"""

from collections.abc import Sequence
from enum import IntEnum
from hashlib import sha256

ARITY = 16
"""Children of a full node."""
DIGEST = 32
"""Bytes of a digest."""
SPAN = ARITY * ARITY
"""Items under a full level-2 node."""
MAX_ITEMS = (1 << 32) - 1
"""The count of a list is hashed as four bytes."""

_ZERO = bytes(DIGEST)
_GROUP = ARITY * DIGEST


class Kind(IntEnum):
    """What a leaf or a list holds; the number is hashed and never reused."""

    ROW = 1
    """The tiles of one boundary row."""
    ROWT = 2
    """One tile of a boundary row."""
    HSEC = 3
    """The rows of one layer boundary, by position."""
    KT = 4
    """The K rows of one head group."""
    VT = 5
    """The V rows of one head group."""
    KROW = 6
    """One K row."""
    VROW = 7
    """One V row."""
    CHK = 8
    """Checksum of one output's logits."""
    CHKS = 9
    """The checksums of all outputs."""
    TOK = 10
    """One salted token."""
    TOKS = 11
    """The tokens of a prompt or an answer."""
    SEC = 12
    """The sections of a unit but the last."""
    KVL = 13
    """The K and V roots of one layer."""
    OPS = 14
    """The operators of one item."""
    OP = 15
    """The tiles of one operator's output."""
    OPT = 16
    """One tile of an operator's output."""
    WROW = 17
    """One row of a weight tensor."""
    WT = 18
    """The rows of a weight tensor."""
    MODEL = 19
    """The header and the tensors of a model."""


def leaf(kind: int, body: bytes) -> bytes:
    """Return the digest of one value."""
    return sha256(bytes((0, kind)) + body).digest()


def node(children: Sequence[bytes]) -> bytes:
    """Return the digest of 1 to 16 digests. Raises: ValueError."""
    if not 0 < len(children) <= ARITY:
        raise ValueError(f"a node has 1 to {ARITY} children, not {len(children)}")
    return sha256(b"\x01" + b"".join(children)).digest()


def lr(kind: int, digests: Sequence[bytes]) -> bytes:
    """Return the root of a list of digests."""
    if not digests:
        return _seal(kind, 0, _ZERO)
    return _seal(kind, len(digests), _top(b"".join(digests)))


def lr_joined(kind: int, joined: bytes) -> bytes:
    """Return `lr` of digests that already stand one behind another. Raises: ValueError if one is incomplete."""
    if len(joined) % DIGEST:
        raise ValueError("the digests are not a multiple of 32 bytes")
    return _seal(kind, len(joined) // DIGEST, _top(joined) if joined else _ZERO)


def lr_of_nodes(kind: int, count: int, nodes: Sequence[bytes]) -> bytes:
    """Return `lr` of `count` > 256 items from their level-2 nodes. Raises: ValueError if their number is wrong."""
    if count <= SPAN or len(nodes) != -(-count // SPAN):
        raise ValueError(f"{count} items do not have {len(nodes)} level-2 nodes")
    return _seal(kind, count, _top(b"".join(nodes)))


def level2_node(items: Sequence[bytes]) -> bytes:
    """Return the node two levels above 1 to 256 consecutive items. Raises: ValueError."""
    if not 0 < len(items) <= SPAN:
        raise ValueError(f"a level-2 node has 1 to {SPAN} items, not {len(items)}")
    return node([node(items[at : at + ARITY]) for at in range(0, len(items), ARITY)])


def level2_nodes(items: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return the level-2 nodes of a list of more than 256 items. Raises: ValueError for a shorter list."""
    if len(items) <= SPAN:
        raise ValueError(f"a list of {len(items)} items has no level-2 nodes")
    return tuple(level2_node(items[at : at + SPAN]) for at in range(0, len(items), SPAN))


def _seal(kind: int, count: int, top: bytes) -> bytes:
    return sha256(bytes((2, kind)) + count.to_bytes(4, "big") + top).digest()


def _top(level: bytes) -> bytes:
    while len(level) > DIGEST:
        level = _grouped(level)
    return level


def _grouped(level: bytes) -> bytes:
    """Return the nodes one level up."""
    return b"".join([sha256(b"\x01" + level[at : at + _GROUP]).digest() for at in range(0, len(level), _GROUP)])


class ListRoot:
    """Root of a growing list, without keeping the list: 16 digests per level."""

    __slots__ = ("_levels", "count", "kind")

    def __init__(self, kind: int) -> None:
        self.kind = kind
        self.count = 0
        self._levels: list[list[bytes]] = [[]]

    def append(self, digest: bytes) -> None:
        """Add one digest."""
        self.count += 1
        level = 0
        while True:
            group = self._levels[level]
            group.append(digest)
            if len(group) < ARITY:
                return
            digest = sha256(b"\x01" + b"".join(group)).digest()
            group.clear()
            level += 1
            if level == len(self._levels):
                self._levels.append([])

    def root(self) -> bytes:
        """Return `lr` of everything appended so far."""
        if not self.count:
            return _seal(self.kind, 0, _ZERO)
        carry: list[bytes] = []
        last = len(self._levels) - 1
        for height, pending in enumerate(self._levels):
            group = pending + carry
            if height == last and len(group) == 1:
                return _seal(self.kind, self.count, group[0])
            carry = [node(group)] if group else []
        return _seal(self.kind, self.count, carry[0])


def open_range(digests: Sequence[bytes], start: int, count: int) -> tuple[bytes, ...]:
    """Return the siblings that prove `digests[start:start + count]` under `lr` of them. Raises: ValueError."""
    return _siblings(digests, start, count, -1)


def open_below(digests: Sequence[bytes], start: int, count: int, levels: int) -> tuple[bytes, ...]:
    """Return the siblings that prove a range of `digests` under the node `levels` above them. Raises: ValueError."""
    return _siblings(digests, start, count, levels)


def _siblings(digests: Sequence[bytes], start: int, count: int, levels: int) -> tuple[bytes, ...]:
    if start < 0 or count < 1 or start + count > len(digests):
        raise ValueError(f"no range {start}+{count} in {len(digests)} digests")
    level, low, high, out = list(digests), start, start + count, []
    while levels != 0 and (levels > 0 or len(level) > 1):
        first, last = _edges(low, high, len(level))
        out += level[first:low]
        out += level[high:last]
        level = [node(level[at : at + ARITY]) for at in range(0, len(level), ARITY)]
        low, high = first // ARITY, -(-last // ARITY)
        levels -= 1
    return tuple(out)


def verify_range(
    kind: int,
    m: int,
    start: int,
    items: Sequence[bytes],
    siblings: Sequence[bytes],
    root: bytes,
) -> bool:
    """Say whether `items` stand at `start` in the list of `m` digests whose `lr` is `root`."""
    if not 0 < m <= MAX_ITEMS:
        return False
    top = _climb(m, start, items, siblings, -1)
    return top is not None and _seal(kind, m, top) == root


def root_of_range(kind: int, m: int, start: int, items: bytes, siblings: bytes) -> bytes | None:
    """Return the `lr` of the list of `m` digests in which `items` stand at `start`; None if the opening is malformed.

    Items and siblings stand one behind another. This climbs through nested lists: the root of one is an item of the
    next.
    """
    if not 0 < m <= MAX_ITEMS or len(items) % DIGEST or len(siblings) % DIGEST:
        return None
    top = _climb_joined(m, start, items, siblings, -1)
    return None if top is None else _seal(kind, m, top)


def prefix_roots(kind: int, m: int, count: int, item: bytes, siblings: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Return the `lr` of the first `count` of `m` digests and that of all, from the opening of number `count - 1`.

    What stands left of that item in its groups stands there in both lists, and nothing else of the short one lies
    beyond its last item; so whoever opens the item under the long list has shown the root of the short one. None if the
    opening is malformed.
    """
    if not 0 < count <= m <= MAX_ITEMS or any(len(digest) != DIGEST for digest in (item, *siblings)):
        return None
    part = whole = item
    low, size, short, taken = count - 1, m, count, 0
    while size > 1:
        first, last = _edges(low, low + 1, size)
        middle, end = taken + low - first, taken + last - first - 1
        if end > len(siblings):
            return None
        left = siblings[taken:middle]
        part = node([*left, part]) if short > 1 else part
        whole = node([*left, whole, *siblings[middle:end]])
        low, size, short, taken = first // ARITY, -(-size // ARITY), -(-short // ARITY), end
    return None if taken != len(siblings) else (_seal(kind, count, part), _seal(kind, m, whole))


def num_siblings(m: int, start: int, count: int) -> int:
    """Return how many siblings a range opening of `count` >= 1 items at `start` of `m` has."""
    low, high, size, found = start, start + count, m, 0
    while size > 1:
        first, last = _edges(low, high, size)
        found += low - first + last - high
        low, high, size = first // ARITY, -(-last // ARITY), -(-size // ARITY)
    return found


def verify_nodes(
    kind: int,
    m: int,
    start: int,
    nodes: Sequence[bytes],
    siblings: Sequence[bytes],
    root: bytes,
) -> bool:
    """Say whether level-2 `nodes` stand at `start` (in nodes) in the list of `m` > 256 digests under `root`."""
    if not SPAN < m <= MAX_ITEMS:
        return False
    top = _climb(-(-m // SPAN), start, nodes, siblings, -1)
    return top is not None and _seal(kind, m, top) == root


def verify_below(
    m: int,
    start: int,
    items: Sequence[bytes],
    siblings: Sequence[bytes],
    parent: bytes,
    levels: int = 2,
) -> bool:
    """Say whether `items` stand at `start` among the `m` digests below the node `parent`, `levels` above them."""
    if not 0 < levels <= 2 or not 0 < m <= ARITY**levels:
        return False
    return _climb(m, start, items, siblings, levels) == parent


def _edges(low: int, high: int, size: int) -> tuple[int, int]:
    """Return the bounds of the groups that [low, high) touches."""
    return low - low % ARITY, min(-(-high // ARITY) * ARITY, size)


def _climb(
    size: int,
    start: int,
    items: Sequence[bytes],
    siblings: Sequence[bytes],
    levels: int,
) -> bytes | None:
    """Return the digest above a range: `levels` up, or the top where `levels` is negative; None if malformed."""
    if any(len(digest) != DIGEST for digest in items) or any(len(digest) != DIGEST for digest in siblings):
        return None
    return _climb_joined(size, start, b"".join(items), b"".join(siblings), levels)


def _climb_joined(size: int, start: int, row: bytes, siblings: bytes, levels: int) -> bytes | None:
    low, high, taken = start, start + len(row) // DIGEST, 0
    if start < 0 or not row or high > size:
        return None
    while levels != 0 and (levels > 0 or size > 1):
        first, last = _edges(low, high, size)
        middle = taken + DIGEST * (low - first)
        end = middle + DIGEST * (last - high)
        if end > len(siblings):
            return None
        row = _grouped(siblings[taken:middle] + row + siblings[middle:end])
        low, high, size, taken = first // ARITY, -(-last // ARITY), -(-size // ARITY), end
        levels -= 1
    return row if taken == len(siblings) and len(row) == DIGEST else None

"""ICS-23 proofs of presence and absence, as every Cosmos client verifies them.

A proof has two steps: `ics23:iavl` from the pair to its module's root, `ics23:simple` from the module's root to the app
hash. The latter is an RFC 6962 tree over the modules sorted by name (Source: cosmos/ics23, TendermintSpec), so

    leaf = SHA256(00 | uvarint(len name) | name | 20 | SHA256(root))        inner = SHA256(01 | L | R)
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chain.store.codec import write_uvarint
from chain.store.tree import EMPTY_ROOT, Nodes, inner_prefix, root_hash

IAVL_OP = "ics23:iavl"
"""Proof operation from a pair to the root of its module."""
SIMPLE_OP = "ics23:simple"
"""Proof operation from a module's root to the app hash."""

_IAVL_LEAF = bytes.fromhex("0801 1801 2001 2a03 000202")
_SIMPLE_LEAF = bytes.fromhex("0801 1801 2001 2a01 00")
"""LeafOp {hash SHA256, prehash_key NO_HASH, prehash_value SHA256, length VAR_PROTO, prefix}."""


class Unprovable(LookupError):
    """The module has no keys at all, and a tree without leaves proves nothing."""


@dataclass(frozen=True, slots=True)
class ProofOp:
    """One step of a proof, as ABCI's query response carries it."""

    type: str
    """`ics23:iavl` or `ics23:simple`."""
    key: bytes
    """The key proven, or the module's name."""
    data: bytes
    """A CommitmentProof (cosmos.ics23.v1)."""


@dataclass(frozen=True, slots=True)
class Proved:
    """A value, or its absence, with what convinces somebody who knows only the app hash."""

    value: bytes | None
    """None: the key is absent."""
    ops: tuple[ProofOp, ...]
    """From the key up to the app hash."""


def app_hash_of(roots: Sequence[tuple[str, bytes]]) -> bytes:
    """Return the hash over all modules' trees; `roots` is sorted by name."""
    return _simple_root(_leaves(roots))


def prove(nodes: Nodes, roots: Sequence[tuple[str, bytes]], module: str, key: bytes) -> Proved:
    """Return the value of a key with its proof; `roots` holds every module's tree, sorted by name.

    Raises: Unprovable: the module is empty.
    """
    tree = dict(roots)[module]
    value = nodes.find(tree, key)
    if value is not None:
        proof = _field(1, _existence(nodes, tree, key, value))
    else:
        left = next(nodes.iterate(tree, b"", key, reverse=True), None)
        right = next(nodes.iterate(tree, key, None), None)
        if left is None and right is None:
            raise Unprovable(f"module {module} is empty")
        absence = _field(1, key)
        if left is not None:
            absence += _field(2, _existence(nodes, tree, *left))
        if right is not None:
            absence += _field(3, _existence(nodes, tree, *right))
        proof = _field(2, absence)
    membership = _field(1, _membership(roots, module))
    return Proved(value, (ProofOp(IAVL_OP, key, proof), ProofOp(SIMPLE_OP, module.encode(), membership)))


def _existence(nodes: Nodes, root: bytes, key: bytes, value: bytes) -> bytes:
    steps = b"".join(
        _inner(inner_prefix(height) + left + b"\x20", b"") if left else _inner(inner_prefix(height), b"\x20" + right)
        for height, left, right in nodes.siblings(root, key)
    )
    return _field(1, key) + _field(2, value) + _field(3, _IAVL_LEAF) + steps


def _membership(roots: Sequence[tuple[str, bytes]], module: str) -> bytes:
    index = [name for name, _ in roots].index(module)
    steps = b"".join(
        _inner(b"\x01" + left, b"") if left else _inner(b"\x01", right)
        for left, right in _audit_path(_leaves(roots), index)
    )
    return _field(1, module.encode()) + _field(2, root_hash(roots[index][1])) + _field(3, _SIMPLE_LEAF) + steps


def _leaves(roots: Sequence[tuple[str, bytes]]) -> list[bytes]:
    return [_hash(b"\0" + _sized(name.encode()) + b"\x20" + _hash(root_hash(root))) for name, root in roots]


def _audit_path(leaves: list[bytes], index: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield (left, right) sibling hashes bottom-up; the leaf's own side is empty."""
    if len(leaves) < 2:
        return
    cut = _split_point(len(leaves))
    if index < cut:
        yield from _audit_path(leaves[:cut], index)
        yield b"", _simple_root(leaves[cut:])
    else:
        yield from _audit_path(leaves[cut:], index - cut)
        yield _simple_root(leaves[:cut]), b""


def _simple_root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    cut = _split_point(len(leaves))
    return _hash(b"\x01" + _simple_root(leaves[:cut]) + _simple_root(leaves[cut:]))


def _split_point(count: int) -> int:
    """Return the largest power of two below `count`, which is at least 2."""
    return 1 << (count - 1).bit_length() - 1


def _hash(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _sized(data: bytes) -> bytes:
    return write_uvarint(len(data)) + data


def _field(number: int, data: bytes) -> bytes:
    """Return a length-delimited protobuf field."""
    return bytes((number << 3 | 2,)) + _sized(data)


def _inner(prefix: bytes, suffix: bytes) -> bytes:
    """Return field 4 of an ExistenceProof: InnerOp {hash SHA256, prefix, suffix}."""
    return _field(4, b"\x08\x01" + _field(2, prefix) + (_field(3, suffix) if suffix else b""))

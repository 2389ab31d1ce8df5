"""Verify ICS-23 proofs of presence and absence against an app hash; trusts nothing but that hash.

Covers what the state of this chain, and of any Cosmos chain, is proven with: `ics23:iavl` from a pair to its module's
root, then `ics23:simple` from there to the app hash. Proofs are hostile input: sizes and depth are bounded, unknown or
repeated fields and batch or compressed proofs are refused.

Source: cosmos/ics23, go/proof.go and go/ops.go (checks), proto/cosmos/ics23/v1/proofs.proto (encoding). Stricter than
these: the length bytes between the parts of an inner node are compared too.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MAX_PROOF_SIZE = 1 << 20
"""Bytes of a proof that are looked at."""
MAX_DEPTH = 128
"""Inner nodes above a leaf."""


class InvalidProof(ValueError):
    """The proof is malformed, or does not show what it should."""


@dataclass(frozen=True, slots=True)
class Step:
    """One inner node on the way up: hash = SHA256(prefix | child | suffix)."""

    prefix: bytes
    suffix: bytes


@dataclass(frozen=True, slots=True)
class Existence:
    """A leaf and its way up to a root."""

    key: bytes
    value: bytes
    leaf_prefix: bytes
    path: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Absence:
    """The neighbours of an absent key; None where the key lies beyond the first or last leaf."""

    key: bytes
    left: Existence | None
    right: Existence | None


@dataclass(frozen=True, slots=True)
class Spec:
    """What the leaves and inner nodes of one kind of tree look like."""

    check_leaf: Callable[[bytes], bool]
    """Tells whether a leaf prefix is legal."""
    is_left: Callable[[Step, int], bool]
    """Tells whether a step is a legal one from a left child (else from a right one); takes the layer, from 1.

    Raises: InvalidProof: it is neither."""


def verify_state(
    app_hash: bytes, module: str, key: bytes, value: bytes | None, ops: Sequence[tuple[str, bytes, bytes]]
) -> None:
    """Check that a module's state holds a pair, or lacks the key if `value` is None.

    `ops` are the (type, key, data) of a query's proof. Raises: InvalidProof.
    """
    if [kind for kind, _, _ in ops] != ["ics23:iavl", "ics23:simple"]:
        raise InvalidProof("a state proof is ics23:iavl followed by ics23:simple")
    name = module.encode()
    if ops[0][1] != key or ops[1][1] != name:
        raise InvalidProof("the proof is about another key or module")
    proof = decode_proof(ops[0][2])
    if isinstance(proof, Existence):
        root = root_of(IAVL, proof)
    else:
        neighbour = proof.left or proof.right
        if neighbour is None:
            raise InvalidProof("an absence needs a neighbour")
        root = root_of(IAVL, neighbour)
    if value is None:
        verify_absence(IAVL, ops[0][2], root, key)
    else:
        verify_membership(IAVL, ops[0][2], root, key, value)
    verify_membership(SIMPLE, ops[1][2], app_hash, name, root)


def verify_membership(spec: Spec, data: bytes, root: bytes, key: bytes, value: bytes) -> None:
    """Check that a tree holds a pair; `data` is a CommitmentProof. Raises: InvalidProof."""
    proof = decode_proof(data)
    if not isinstance(proof, Existence):
        raise InvalidProof("not a proof of presence")
    if proof.key != key or proof.value != value:
        raise InvalidProof("the proof is about another pair")
    if root_of(spec, proof) != root:
        raise InvalidProof("the proof leads to another root")


def verify_absence(spec: Spec, data: bytes, root: bytes, key: bytes) -> None:
    """Check that a tree lacks a key; `data` is a CommitmentProof. Raises: InvalidProof."""
    proof = decode_proof(data)
    if not isinstance(proof, Absence):
        raise InvalidProof("not a proof of absence")
    left, right = proof.left, proof.right
    if left is None and right is None:
        raise InvalidProof("an absence needs a neighbour")
    if any(side is not None and root_of(spec, side) != root for side in (left, right)):
        raise InvalidProof("a neighbour leads to another root")
    if proof.key != key or (left and left.key >= key) or (right and right.key <= key):
        raise InvalidProof("the key does not lie between the neighbours")
    left_path = list(enumerate(left.path, start=1)) if left else []
    right_path = list(enumerate(right.path, start=1)) if right else []
    if left and right:
        # Upward from the leaves the ways differ, from their common ancestor on they are equal.
        while left_path and right_path and left_path[-1][1] == right_path[-1][1]:
            left_path.pop()
            right_path.pop()
        if not left_path or not right_path:
            raise InvalidProof("one neighbour lies above the other")
        left_layer, left_step = left_path.pop()
        right_layer, right_step = right_path.pop()
        if not spec.is_left(left_step, left_layer) or spec.is_left(right_step, right_layer):
            raise InvalidProof("the neighbours are in the wrong order")
    if any(spec.is_left(step, layer) for layer, step in left_path):
        raise InvalidProof("keys lie between the left neighbour and the absent key")
    if not all(spec.is_left(step, layer) for layer, step in right_path):
        raise InvalidProof("keys lie between the absent key and the right neighbour")


def root_of(spec: Spec, proof: Existence) -> bytes:
    """Return the root that a pair leads to. Raises: InvalidProof: a node is not of this kind of tree."""
    if not proof.key or not proof.value:
        raise InvalidProof("empty keys and values cannot be proven")
    if not spec.check_leaf(proof.leaf_prefix):
        raise InvalidProof("the leaf has the wrong form")
    if len(proof.path) > MAX_DEPTH:
        raise InvalidProof("the proof is too deep")
    preimage = proof.leaf_prefix + _uvarint(len(proof.key)) + proof.key + b"\x20"
    digest = hashlib.sha256(preimage + hashlib.sha256(proof.value).digest()).digest()
    for layer, step in enumerate(proof.path, start=1):
        spec.is_left(step, layer)
        digest = hashlib.sha256(step.prefix + digest + step.suffix).digest()
    return digest


def _is_iavl_leaf(prefix: bytes) -> bool:
    try:
        numbers, end = _three_numbers(prefix)
    except InvalidProof:
        return False
    return end == len(prefix) and numbers[0] == 0 and numbers[1] == 2 and not numbers[2] & 1


def _is_left_in_iavl(step: Step, layer: int) -> bool:
    numbers, end = _three_numbers(step.prefix)
    # Zigzag: even numbers are the non-negative ones, and twice the value.
    if any(number & 1 for number in numbers) or numbers[0] < 2 * layer or end > 12:
        raise InvalidProof("an inner node has an impossible height, size or version")
    rest = step.prefix[end:]
    if rest == b"\x20" and len(step.suffix) == 33 and step.suffix[0] == 0x20:
        return True
    if len(rest) == 34 and rest[0] == rest[33] == 0x20 and not step.suffix:
        return False
    raise InvalidProof("an inner node has the wrong form")


def _is_left_in_simple(step: Step, _layer: int) -> bool:
    if step.prefix == b"\x01" and len(step.suffix) == 32:
        return True
    if len(step.prefix) == 33 and step.prefix[0] == 1 and not step.suffix:
        return False
    raise InvalidProof("an inner node has the wrong form")


IAVL = Spec(_is_iavl_leaf, _is_left_in_iavl)
"""The published IavlSpec."""
SIMPLE = Spec(lambda prefix: prefix == b"\0", _is_left_in_simple)
"""The published TendermintSpec."""


def decode_proof(data: bytes) -> Existence | Absence:
    """Read a CommitmentProof. Raises: InvalidProof."""
    if len(data) > MAX_PROOF_SIZE:
        raise InvalidProof("the proof is too large")
    fields = _fields(data)
    if len(fields) != 1 or fields[0][0] not in (1, 2):
        raise InvalidProof("neither a proof of presence nor one of absence")
    number, body = fields[0]
    return _existence(_bytes(body)) if number == 1 else _absence(_bytes(body))


def _absence(data: bytes) -> Absence:
    fields = _unique(_fields(data), (1, 2, 3))
    return Absence(
        _bytes(fields.get(1, b"")),
        _existence(_bytes(fields[2])) if 2 in fields else None,
        _existence(_bytes(fields[3])) if 3 in fields else None,
    )


def _existence(data: bytes) -> Existence:
    fields = _fields(data)
    path = tuple(_step(_bytes(body)) for number, body in fields if number == 4)
    rest = _unique([field for field in fields if field[0] != 4], (1, 2, 3))
    leaf = _unique(_fields(_bytes(rest.get(3, b""))), (1, 2, 3, 4, 5))
    # hash SHA256, prehash_key NO_HASH, prehash_value SHA256, length VAR_PROTO
    if [leaf.get(number, 0) for number in (1, 2, 3, 4)] != [1, 0, 1, 1]:
        raise InvalidProof("the leaf is hashed in a way that neither tree uses")
    return Existence(_bytes(rest.get(1, b"")), _bytes(rest.get(2, b"")), _bytes(leaf.get(5, b"")), path)


def _step(data: bytes) -> Step:
    fields = _unique(_fields(data), (1, 2, 3))
    if fields.get(1) != 1:
        raise InvalidProof("an inner node is not hashed with SHA-256")
    return Step(_bytes(fields.get(2, b"")), _bytes(fields.get(3, b"")))


def _fields(data: bytes) -> list[tuple[int, int | bytes]]:
    """Split a protobuf message into (number, varint or bytes)."""
    fields: list[tuple[int, int | bytes]] = []
    offset = 0
    while offset < len(data):
        tag, offset = _read_uvarint(data, offset)
        number, offset = _read_uvarint(data, offset)
        if tag & 7 == 0:
            fields.append((tag >> 3, number))
        elif tag & 7 == 2 and offset + number <= len(data):
            fields.append((tag >> 3, data[offset : offset + number]))
            offset += number
        else:
            raise InvalidProof("truncated, or of a wire type that proofs do not use")
    return fields


def _unique(fields: list[tuple[int, int | bytes]], known: tuple[int, ...]) -> dict[int, int | bytes]:
    found = dict(fields)
    if len(found) != len(fields) or any(number not in known for number in found):
        raise InvalidProof("a field is unknown or repeated")
    return found


def _bytes(body: int | bytes) -> bytes:
    if isinstance(body, int):
        raise InvalidProof("a number stands where bytes belong")
    return body


def _three_numbers(prefix: bytes) -> tuple[tuple[int, int, int], int]:
    height, offset = _read_uvarint(prefix, 0)
    size, offset = _read_uvarint(prefix, offset)
    version, offset = _read_uvarint(prefix, offset)
    return (height, size, version), offset


def _read_uvarint(data: bytes, offset: int) -> tuple[int, int]:
    result = 0
    for shift in range(0, 64, 7):
        if offset >= len(data):
            raise InvalidProof("truncated number")
        byte = data[offset]
        offset += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, offset
    raise InvalidProof("a number exceeds 64 bits")


def _uvarint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)

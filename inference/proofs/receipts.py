"""Hop receipts: what the sender of a hop signs about its rows or tokens, and the receiver counter-signs.

At least every `INTERVAL` positions, and once with `is_final` at the end, the sender signs how many rows it has sent and
their blinded root (the last stage: tokens and their root, with every frame). The receiver signs the same bytes. One
signed contradiction then proves equivocation without recomputing anything.
"""

from dataclasses import dataclass
from functools import lru_cache

from nacl import bindings

from chain.crypto.hashing import receipt_bytes
from chain.crypto.keys import SIGNATURE_BYTES, verify_ed25519
from chain.modules.jobs.types import Receipt

INTERVAL = 32
"""Positions within which a receipt follows the last one."""


@dataclass(frozen=True, slots=True)
class Hop:
    """What both ends of a hop know before the first row: whose unit sends, under which plan revision and key."""

    unit: bytes
    revision: int
    sender_key: bytes
    """Hot key of the sender."""


def is_due(count: int, last: int) -> bool:
    """Say whether a receipt over `count` is due after one over `last`."""
    return count - last >= INTERVAL


def sign_receipt(seed: bytes, unit: bytes, revision: int, count: int, root: bytes, is_final: bool = False) -> Receipt:
    """Return the sender's receipt. Raises: ValueError for a seed or root of another length."""
    body = receipt_bytes(unit, revision, count, _root(root), is_final)
    return Receipt(unit, revision, count, root, is_final, _sign(seed, body))


def counter_sign(seed: bytes, receipt: Receipt) -> bytes:
    """Return the receiver's signature on the bytes that the sender signed; check the receipt first."""
    return _sign(seed, _body(receipt))


def is_valid(receipt: Receipt, key: bytes) -> bool:
    """Say whether `key` signed this receipt; never raises on hostile fields."""
    return is_signed_by(receipt, key, receipt.signature)


def is_signed_by(receipt: Receipt, key: bytes, signature: bytes) -> bool:
    """Say whether `signature` is that of `key` on the receipt's bytes: of the sender, or of the counter-signer."""
    if len(receipt.unit) != 32 or len(receipt.root) != 32 or not _fits(receipt):
        return False
    return verify_ed25519(key, _body(receipt), signature)


def fault_of(receipt: Receipt, hop: Hop, count: int, root: bytes) -> str | None:
    """Return why a received receipt must not be counter-signed, or None: it is the sender's and says what came."""
    if receipt.unit != hop.unit or receipt.revision != hop.revision:
        return "the receipt is for another unit or revision"
    if receipt.count != count:
        return f"the receipt counts {receipt.count}, {count} arrived"
    if receipt.root != root:
        return "the receipt's root is not that of what arrived"
    if not is_valid(receipt, hop.sender_key):
        return "the receipt is not signed by the sender's hot key"
    return None


def contradicts(receipt: Receipt, hop: Hop, root: bytes) -> bool:
    """Say whether the sender signed, for this unit and count, something other than `root`."""
    return (
        receipt.unit == hop.unit
        and receipt.revision == hop.revision
        and receipt.root != root
        and is_valid(receipt, hop.sender_key)
    )


def _fits(receipt: Receipt) -> bool:
    return 0 <= receipt.revision < 1 << 32 and 0 <= receipt.count < 1 << 32


def _body(receipt: Receipt) -> bytes:
    return receipt_bytes(receipt.unit, receipt.revision, receipt.count, receipt.root, receipt.is_final)


def _root(root: bytes) -> bytes:
    if len(root) != 32:
        raise ValueError(f"a root has 32 bytes, not {len(root)}")
    return root


@lru_cache(maxsize=8)
def _secret(seed: bytes) -> bytes:
    """Return libsodium's form of a seed: it costs as much as a signature, and a worker has one hot key."""
    return bindings.crypto_sign_seed_keypair(seed)[1]


def _sign(seed: bytes, body: bytes) -> bytes:
    return bindings.crypto_sign(body, _secret(seed))[:SIGNATURE_BYTES]

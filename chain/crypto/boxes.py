"""Sealed boxes: X25519 and XSalsa20-Poly1305 with an ephemeral key, as libsodium's `crypto_box_seal` makes them.

Opening is a pure function of secret and box, so a chain may do it: whoever publishes the secret proves what was inside.
"""

from nacl import bindings
from nacl.exceptions import CryptoError

KEY = 32
"""Bytes of a key, public or secret."""
OVERHEAD: int = bindings.crypto_box_SEALBYTES
"""Bytes that a box has beside its content."""
_ANY_SECRET = b"\x01" * KEY


def public_key(secret: bytes) -> bytes:
    """Return the public key of a secret of 32 bytes."""
    key: bytes = bindings.crypto_scalarmult_base(secret)
    return key


def is_valid_key(key: bytes) -> bool:
    """Say whether anything can be sealed to a key: a point of low order gives every secret the same shared key."""
    if len(key) != KEY:
        return False
    try:
        bindings.crypto_scalarmult(_ANY_SECRET, key)
    except (CryptoError, RuntimeError):
        return False
    return True


def seal(key: bytes, content: bytes) -> bytes:
    """Return a box that only the holder of the key's secret can open; every call gives another one."""
    box: bytes = bindings.crypto_box_seal(content, key)
    return box


def open_box(secret: bytes, box: bytes) -> bytes | None:
    """Return what a box holds, or None if it was not sealed to this secret's key."""
    if len(box) < OVERHEAD:
        return None
    try:
        content: bytes = bindings.crypto_box_seal_open(box, public_key(secret), secret)
    except (CryptoError, RuntimeError):
        return None
    return content

"""ECVRF-EDWARDS25519-SHA512-TAI of RFC 9381, on libsodium's group operations.

A proof is `Gamma (32) | c (16) | s (32)`; its hash `beta` (64 bytes) is the one value that a key can show for an input.
Two rules go beyond the RFC and are normative here. Both leave honest provers untouched:

- The public key and Gamma must be canonical points of the prime-order subgroup, not just of an order above 8.
- c and s are not zero (an honest prover meets this once in 2^128).

libsodium multiplies only points of the prime subgroup, and seven of eight try-and-increment candidates lie outside it.
Its addition takes any point of the curve, so the cofactor is cleared by doubling three times; but it also takes
encodings with y >= p and the point x = 0 with a sign, which RFC 8032 does not decode: those are refused first.

Timing: secret scalars meet only libsodium's constant-time functions. The try-and-increment loop depends on the input
and the public key, which are public wherever the protocol uses the function.
"""

from hashlib import sha512
from typing import Final

from nacl import bindings
from nacl.exceptions import CryptoError

SEED_BYTES: Final = 32
"""Length of a secret seed."""
PUBLIC_KEY_BYTES: Final = 32
"""Length of a public key."""
PROOF_BYTES: Final = 80
"""Length of a proof."""
BETA_BYTES: Final = 64
"""Length of the output."""

_SUITE = b"\x03"
_PRIME = (1 << 255) - 19
_ORDER = (1 << 252) + 27742317777372353535851937790883648493
_IDENTITY = b"\x01" + bytes(31)
_CHALLENGE_BYTES = 16


def public_key(seed: bytes) -> bytes:
    """Return the public key of a 32-byte seed. Raises: ValueError if the seed has another length."""
    return bindings.crypto_scalarmult_ed25519_base_noclamp(_expand(seed)[0])


def is_valid_public_key(key: bytes) -> bool:
    """Say whether `key` is a canonical point of the prime-order subgroup, and not the identity."""
    return len(key) == PUBLIC_KEY_BYTES and bindings.crypto_core_ed25519_is_valid_point(key)


def prove(seed: bytes, alpha: bytes) -> bytes:
    """Return the proof for input `alpha`. Raises: ValueError if the seed is not 32 bytes."""
    secret, prefix = _expand(seed)
    own_key = bindings.crypto_scalarmult_ed25519_base_noclamp(secret)
    point = encode_to_curve(own_key, alpha)
    gamma = bindings.crypto_scalarmult_ed25519_noclamp(secret, point)
    nonce = bindings.crypto_core_ed25519_scalar_reduce(sha512(prefix + point).digest())
    challenge = _challenge(
        own_key,
        point,
        gamma,
        bindings.crypto_scalarmult_ed25519_base_noclamp(nonce),
        bindings.crypto_scalarmult_ed25519_noclamp(nonce, point),
    )
    product = bindings.crypto_core_ed25519_scalar_mul(challenge + bytes(16), secret)
    return gamma + challenge + bindings.crypto_core_ed25519_scalar_add(nonce, product)


def proof_to_hash(proof: bytes) -> bytes:
    """Return beta of a proof that is known to be valid, as one's own is. Raises: ValueError if it is malformed."""
    if len(proof) != PROOF_BYTES or not is_valid_public_key(proof[:32]):
        raise ValueError("not a proof")
    return _beta(proof[:32])


def verify(key: bytes, alpha: bytes, proof: bytes) -> bytes | None:
    """Return beta if `proof` is the proof of `key` for `alpha`, else None; never raises on hostile bytes."""
    if len(proof) != PROOF_BYTES or not is_valid_public_key(key):
        return None
    gamma, challenge, scalar = proof[:32], proof[32:48], proof[48:]
    if not bindings.crypto_core_ed25519_is_valid_point(gamma):
        return None
    if not 0 < int.from_bytes(scalar, "little") < _ORDER or not any(challenge):
        return None
    point = encode_to_curve(key, alpha)
    wide = challenge + bytes(16)
    try:
        first = bindings.crypto_core_ed25519_sub(
            bindings.crypto_scalarmult_ed25519_base_noclamp(scalar),
            bindings.crypto_scalarmult_ed25519_noclamp(wide, key),
        )
        second = bindings.crypto_core_ed25519_sub(
            bindings.crypto_scalarmult_ed25519_noclamp(scalar, point),
            bindings.crypto_scalarmult_ed25519_noclamp(wide, gamma),
        )
    except CryptoError:
        return None
    return _beta(gamma) if _challenge(key, point, gamma, first, second) == challenge else None


def encode_to_curve(key: bytes, alpha: bytes) -> bytes:
    """Return the point of `alpha` by try and increment, salted with `key`. Raises: ValueError (once in 2^256)."""
    head = _SUITE + b"\x01" + key + alpha
    for counter in range(256):
        candidate = sha512(head + bytes((counter, 0))).digest()[:32]
        point = _clear_cofactor(candidate)
        if point is not None and point != _IDENTITY:
            return point
    raise ValueError("no counter gives a point")


def _expand(seed: bytes) -> tuple[bytes, bytes]:
    """Return the secret scalar, reduced, and the nonce prefix (RFC 8032, 5.1.5)."""
    if len(seed) != SEED_BYTES:
        raise ValueError(f"a seed has {SEED_BYTES} bytes, not {len(seed)}")
    digest = sha512(seed).digest()
    clamped = bytes((digest[0] & 0xF8,)) + digest[1:31] + bytes((digest[31] & 0x7F | 0x40,))
    return bindings.crypto_core_ed25519_scalar_reduce(clamped + bytes(32)), digest[32:]


def _clear_cofactor(encoded: bytes) -> bytes | None:
    """Return eight times the point that RFC 8032 decodes from 32 bytes, or None if it decodes none."""
    y = int.from_bytes(encoded, "little") & ((1 << 255) - 1)
    if y >= _PRIME or (encoded[31] & 0x80 and y in (1, _PRIME - 1)):
        return None
    try:
        for _ in range(3):
            encoded = bindings.crypto_core_ed25519_add(encoded, encoded)
    except CryptoError:
        return None
    return encoded


def _challenge(key: bytes, point: bytes, gamma: bytes, first: bytes, second: bytes) -> bytes:
    return sha512(_SUITE + b"\x02" + key + point + gamma + first + second + b"\x00").digest()[:_CHALLENGE_BYTES]


def _beta(gamma: bytes) -> bytes:
    cleared = _clear_cofactor(gamma)
    if cleared is None:  # the callers have validated gamma
        raise ValueError("not a proof")
    return sha512(_SUITE + b"\x03" + cleared + b"\x00").digest()

"""Addresses, signatures and the derivation of keys.

Accounts sign with secp256k1 or ed25519, the two schemes of Cosmos wallets. Verification is part of consensus, so each
scheme accepts exactly one set of signatures, the same with every version of the libraries:

secp256k1  compressed keys only; signatures are 64 bytes r | s over SHA-256 of the message, 0 < r < n, 0 < s <= n/2.
ed25519    the key A and the point R are canonical encodings of points of the prime-order subgroup other than the
           identity, s < L, and s·B = R + h·A. On these inputs the formulas with and without cofactor agree (RFC 8032,
           ZIP 215 and all releases of libsodium); the inputs on which they differ are refused here. Honest signers
           never make them.
"""

import base64
import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from bech32 import CHARSET, bech32_decode, bech32_hrp_expand, bech32_polymod, convertbits
from coincurve import PrivateKey, PublicKey
from coincurve._libsecp256k1 import lib
from coincurve.context import GLOBAL_CONTEXT
from coincurve.ecdsa import deserialize_compact
from nacl import bindings
from nacl.exceptions import CryptoError

ACCOUNT_PREFIX: Final = "ostr"
"""Bech32 prefix of accounts."""
VALIDATOR_PREFIX: Final = "ostrvaloper"
"""Bech32 prefix of validators' operators."""
CONSENSUS_PREFIX: Final = "ostrvalcons"
"""Bech32 prefix of validators' consensus keys."""
ADDRESS_BYTES: Final = 20
"""Length of every address."""
SIGNATURE_BYTES: Final = 64
"""Length of a signature of either scheme."""
SECP256K1_KEY_BYTES: Final = 33
"""Length of a compressed secp256k1 key."""
ED25519_KEY_BYTES: Final = 32
"""Length of an ed25519 key."""
HD_PATH: Final = "m/44'/118'/0'/0/{index}"
"""BIP 44 path of Cosmos accounts."""

_REMEMBERED_ADDRESSES = 1 << 16
"""Each transaction writes its addresses many times, from the mempool to its events. All together take some 25 MB."""
_HALF_ORDER = bytes.fromhex("7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0")
"""The largest s of a signature, big-endian as s is: the order's other half would be a second spelling."""


@lru_cache(_REMEMBERED_ADDRESSES)
def encode_address(address: bytes, prefix: str = ACCOUNT_PREFIX) -> str:
    """Return the text of a 20-byte address. Raises: ValueError if it has another length."""
    if len(address) != ADDRESS_BYTES:
        raise ValueError(f"an address has {ADDRESS_BYTES} bytes, not {len(address)}")
    checksum = _checksum_start(prefix)
    for table, byte in zip(_CHECKSUMS, address, strict=True):
        checksum ^= table[byte]
    body = base64.b32encode(address).translate(_TO_BECH32).decode()
    return f"{prefix}1{body}{_PAIRS[checksum >> 20]}{_PAIRS[checksum >> 10 & 1023]}{_PAIRS[checksum & 1023]}"


def decode_address(text: str, prefix: str = ACCOUNT_PREFIX) -> bytes:
    """Return the 20 bytes of an address in its one spelling, lower case. Raises: ValueError."""
    start = len(prefix) + 1
    try:
        # An address that is written back as the same text was well-formed, whatever `int` forgives.
        address = int(text[start : start + _BODY_SYMBOLS].translate(_FROM_BECH32), 32).to_bytes(ADDRESS_BYTES, "big")
        if encode_address(address, prefix) == text:
            return address
    except (ValueError, OverflowError):
        pass
    return _decode_slowly(text, prefix)


def _decode_slowly(text: str, prefix: str) -> bytes:
    """Find out what is wrong with an address."""
    found, data = bech32_decode(text)
    if data is None or text != text.lower():
        raise ValueError("not a bech32 address")
    if found != prefix:
        raise ValueError(f"the prefix of the address is {found}, not {prefix}")
    body = convertbits(data, 5, 8, False)
    if body is None or len(body) != ADDRESS_BYTES:
        raise ValueError(f"the address does not have {ADDRESS_BYTES} bytes")
    return bytes(body)


_BODY_SYMBOLS = 32
_TO_BECH32 = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", CHARSET.encode())
_FROM_BECH32 = str.maketrans(CHARSET, "0123456789abcdefghijklmnopqrstuv")
_PAIRS = [first + second for first in CHARSET for second in CHARSET]


@lru_cache(16)
def _checksum_start(prefix: str) -> int:
    """Return the checksum of the address that is all zero bits."""
    return bech32_polymod([*bech32_hrp_expand(prefix), *[0] * (_BODY_SYMBOLS + 6)]) ^ 1


def _checksum_tables() -> list[list[int]]:
    """Return what each value of each byte adds to the checksum: it is linear over bits."""
    zero = bech32_polymod([0] * (_BODY_SYMBOLS + 6))
    tables = []
    for position in range(ADDRESS_BYTES):
        table = [0] * 256
        for bit in range(8):
            one = bytearray(ADDRESS_BYTES)
            one[position] = 1 << bit
            step = bech32_polymod([*(convertbits(one, 8, 5) or []), *[0] * 6]) ^ zero
            for value in range(1 << bit):
                table[1 << bit | value] = table[value] ^ step
        tables.append(table)
    return tables


_CHECKSUMS = _checksum_tables()


def secp256k1_address(key: bytes) -> bytes:
    """Return the address of a compressed secp256k1 key."""
    return ripemd160(hashlib.sha256(key).digest())


def ed25519_address(key: bytes) -> bytes:
    """Return the address of an ed25519 key; CometBFT names validators the same way."""
    return hashlib.sha256(key).digest()[:ADDRESS_BYTES]


def module_address(name: str) -> bytes:
    """Return the address of a module's account, which no key has (Cosmos ADR 28, cut to 20 bytes)."""
    kind = hashlib.sha256(b"module").digest()
    return hashlib.sha256(kind + name.encode()).digest()[:ADDRESS_BYTES]


def ripemd160(data: bytes) -> bytes:
    """Return RIPEMD-160, also where OpenSSL 3 hides it among its legacy digests."""
    try:
        return hashlib.new("ripemd160", data).digest()
    except ValueError:
        from bip32.ripemd160 import ripemd160 as portable

        return bytes(portable(data))


def is_valid_secp256k1_key(key: bytes) -> bool:
    """Say whether `key` is a compressed point of secp256k1."""
    if len(key) != SECP256K1_KEY_BYTES:
        return False
    try:
        PublicKey(key)
    except ValueError:
        return False
    return True


def verify_secp256k1(key: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether `signature` is the account's over SHA-256 of `message`; never raises on hostile bytes."""
    if len(key) != SECP256K1_KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    if signature[32:] > _HALF_ORDER:
        return False
    try:
        point, parsed = _secp256k1_point(key), deserialize_compact(signature)
    except ValueError:
        return False
    digest = hashlib.sha256(message).digest()
    return bool(lib.secp256k1_ecdsa_verify(GLOBAL_CONTEXT.ctx, parsed, digest, point))


@lru_cache(maxsize=16_384)
def _secp256k1_point(key: bytes) -> Any:
    """Return the library's form of a key; finding its y costs a tenth of a verification. Raises: ValueError."""
    return PublicKey(key).public_key


@lru_cache(maxsize=16_384)
def is_valid_ed25519_key(key: bytes) -> bool:
    """Say whether `key` is a canonical point of the prime-order subgroup, and not the identity."""
    return len(key) == ED25519_KEY_BYTES and bindings.crypto_core_ed25519_is_valid_point(key)


def verify_ed25519(key: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether `signature` is that of `key` over `message`; never raises on hostile bytes."""
    if len(signature) != SIGNATURE_BYTES or not is_valid_ed25519_key(key):
        return False
    if not _is_valid_r(signature[:32]):
        return False
    return _is_opened(key, message, signature)


def _is_opened(key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        bindings.crypto_sign_open(signature + message, key)
    except CryptoError:
        return False
    return True


def _is_not_identity(point: bytes) -> bool:
    return point != _IDENTITY


def _r_check() -> Callable[[bytes], bool]:
    """Return what R must be checked for beside the library's own verification.

    A library without the cofactor encodes s·B - h·A and compares the bytes with R. With A of prime order that is the
    canonical encoding of a point of that order, so only the identity is left to refuse. A library with the cofactor
    accepts R of any order; it is told by a signature whose R has a part of order 2. Both checks give the same verdicts.
    """
    return bindings.crypto_core_ed25519_is_valid_point if _is_opened(*_MIXED_ORDER) else _is_not_identity


_IDENTITY = b"\x01" + bytes(31)
_MIXED_ORDER = (
    bytes.fromhex("8d073925071a59088178119568975101dbb5da6d57cc196c364e492aa7a2bb4d"),
    b"R = r*B + T, 2*T = 0",
    bytes.fromhex(
        "3ae4df0afbd9dbdaeb27e4c7cab7426f218d02f4730dc7d577060ad31af894dc"
        "f77ea76f0c6e49b8731957e0da132f94b7be6bd86c312f6b042314d50e00d103"
    ),
)
"""Key, message and a signature that only the equation with the cofactor accepts."""
_is_valid_r = _r_check()


def secp256k1_public_key(secret: bytes) -> bytes:
    """Return the compressed key of a 32-byte secret. Raises: ValueError if the secret is not in 1..n-1."""
    return bytes(PrivateKey(_fixed(secret)).public_key.format())


def sign_secp256k1(secret: bytes, message: bytes) -> bytes:
    """Return the 64-byte low-s signature over SHA-256 of `message`, with the nonce of RFC 6979."""
    return bytes(PrivateKey(_fixed(secret)).sign_recoverable(message)[:SIGNATURE_BYTES])


def ed25519_public_key(seed: bytes) -> bytes:
    """Return the ed25519 key of a 32-byte seed. Raises: ValueError."""
    return bindings.crypto_sign_seed_keypair(_fixed(seed))[0]


def sign_ed25519(seed: bytes, message: bytes) -> bytes:
    """Return the ed25519 signature over `message`. Raises: ValueError."""
    secret = bindings.crypto_sign_seed_keypair(_fixed(seed))[1]
    return bindings.crypto_sign(message, secret)[:SIGNATURE_BYTES]


def box_public_key(key: bytes) -> bytes:
    """Return the X25519 form of an ed25519 key. Raises: ValueError if the key is not valid."""
    if not is_valid_ed25519_key(key):
        raise ValueError("not an ed25519 key")
    return bindings.crypto_sign_ed25519_pk_to_curve25519(key)


def box_secret_key(seed: bytes) -> bytes:
    """Return the X25519 secret of an ed25519 seed. Raises: ValueError."""
    return bindings.crypto_sign_ed25519_sk_to_curve25519(bindings.crypto_sign_seed_keypair(_fixed(seed))[1])


def new_mnemonic() -> str:
    """Return 24 fresh words."""
    from mnemonic import Mnemonic

    return str(Mnemonic("english").generate(256))


def secret_from_mnemonic(words: str, index: int = 0, passphrase: str = "") -> bytes:
    """Return the secp256k1 secret of account `index`. Raises: ValueError if the words or their checksum are wrong."""
    from bip32 import BIP32
    from mnemonic import Mnemonic

    dictionary = Mnemonic("english")
    if not dictionary.check(words):
        raise ValueError("not a mnemonic: a word is unknown or the checksum is wrong")
    tree = BIP32.from_seed(dictionary.to_seed(words, passphrase))
    return bytes(tree.get_privkey_from_path(HD_PATH.format(index=index)))


def _fixed(secret: bytes) -> bytes:
    if len(secret) != 32:
        raise ValueError(f"a secret has 32 bytes, not {len(secret)}")
    return secret

"""Keys that sign transactions, and the bytes they sign."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from chain.client.envelope import (
    ED25519_KEY_URL,
    SECP256K1_KEY_URL,
    AuthInfo,
    Fee,
    ModeInfo,
    ModeSingle,
    PublicKey,
    SignDoc,
    SignerInfo,
    SignMode,
    TxBody,
    TxRaw,
)
from chain.client.registry import type_url
from chain.crypto.keys import (
    ed25519_address,
    ed25519_public_key,
    encode_address,
    secp256k1_address,
    secp256k1_public_key,
    sign_ed25519,
    sign_secp256k1,
)
from chain.modules.accounts.types import AnyValue
from chain.modules.bank.types import DENOM, Coin
from chain.store.codec import encode


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """A secret with its account. Printing one shows the address only."""

    address: bytes
    """20 bytes."""
    public_key: bytes
    key_url: str
    """Protobuf type of the public key."""
    secret: bytes
    """32 bytes."""
    _sign: Callable[[bytes, bytes], bytes]

    def __repr__(self) -> str:
        return f"Key({self.bech32})"

    @classmethod
    def secp256k1(cls, secret: bytes) -> Self:
        """Return a wallet's key. Raises: ValueError if the secret is not 32 bytes in 1..n-1."""
        public = secp256k1_public_key(secret)
        return cls(secp256k1_address(public), public, SECP256K1_KEY_URL, secret, sign_secp256k1)

    @classmethod
    def ed25519(cls, seed: bytes) -> Self:
        """Return a machine's key. Raises: ValueError if the seed is not 32 bytes."""
        public = ed25519_public_key(seed)
        return cls(ed25519_address(public), public, ED25519_KEY_URL, seed, sign_ed25519)

    @property
    def bech32(self) -> str:
        """The account's address as text."""
        return encode_address(self.address)

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature; secp256k1 hashes with SHA-256 first."""
        return self._sign(self.secret, message)


def build_tx(
    key: Key,
    messages: Sequence[object],
    *,
    chain_id: str,
    account_number: int,
    sequence: int,
    gas: int,
    fee: int,
    memo: str = "",
    timeout_height: int = 0,
) -> bytes:
    """Return the bytes of a transaction signed in mode DIRECT; `fee` is in uostr.

    Raises: LookupError: a message belongs to no module.
    """
    body = body_bytes(messages, memo, timeout_height)
    auth = auth_bytes(key, SignMode.DIRECT, sequence, gas, fee)
    signature = key.sign(encode(SignDoc(body, auth, chain_id, account_number)))
    return encode(TxRaw(body, auth, (signature,)))


def build_simulation(key: Key, messages: Sequence[object], *, sequence: int, memo: str = "") -> bytes:
    """Return an unsigned transaction for simulation: no fee, no gas limit, an empty signature."""
    auth = auth_bytes(key, SignMode.UNSPECIFIED, sequence, 0, 0)
    return encode(TxRaw(body_bytes(messages, memo, 0), auth, (b"",)))


def body_bytes(messages: Sequence[object], memo: str, timeout_height: int) -> bytes:
    """Return the encoded `TxBody`."""
    packed = tuple(AnyValue(type_url(type(message)), encode(message)) for message in messages)
    return encode(TxBody(packed, memo, timeout_height))


def auth_bytes(key: Key, mode: SignMode, sequence: int, gas: int, fee: int) -> bytes:
    """Return the encoded `AuthInfo` of one signer who pays the fee."""
    public_key = AnyValue(key.key_url, encode(PublicKey(key.public_key)))
    signer = SignerInfo(public_key, ModeInfo(ModeSingle(mode)), sequence)
    amount = (Coin(DENOM, str(fee)),) if fee else ()
    return encode(AuthInfo((signer,), Fee(amount, gas)))


def tx_hash(tx: bytes) -> bytes:
    """Return the name of a transaction."""
    return hashlib.sha256(tx).digest()

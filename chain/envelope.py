"""The bytes of a transaction, read strictly.

The envelope is `cosmos.tx.v1beta1.TxRaw`, signed with SIGN_MODE_DIRECT. It has exactly one accepted encoding at every
level (fields ascend, defaults are omitted, nothing unknown; Cosmos ADR 27), so nobody can change a transaction's hash
without its keys. Messages are read by `chain.store.codec`.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from google.protobuf.message import DecodeError as MalformedEnvelope

from chain.crypto.keys import SECP256K1_KEY_BYTES, ed25519_address, encode_address, secp256k1_address
from chain.envelope_usual import ED25519_URL, SECP256K1_URL, Usual, read_usual
from chain.errors import Code, Rejected
from chain.module import Message
from chain.modules.accounts.keeper import address_of
from chain.modules.accounts.types import KeyKind
from chain.modules.bank.types import DENOM
from chain.store.codec import DecodeError, decode, write_uvarint
from chain.wire.cosmos.tx.v1beta1 import tx_pb2 as wire

MAX_TX_BYTES: Final = 128 * 1024
"""Longest transaction; CometBFT's mempool is configured alike."""
MAX_MESSAGES: Final = 32
"""Messages of a transaction that are read at all; the chain's parameters may allow fewer."""
MAX_SIGNERS: Final = 7
"""Signers of a transaction that are read at all."""
MAX_U63: Final = (1 << 63) - 1
"""CometBFT reports gas as signed numbers."""
_DIRECT: Final = 1
_MAX_FEE_DIGITS: Final = 20

Routes = Mapping[str, Message]
"""Messages by type URL."""


class Signer(NamedTuple):
    """One signature and who it claims to be from."""

    address: bytes
    key_kind: KeyKind
    """NONE if the transaction leaves the key to the account."""
    key: bytes
    sequence: int
    signature: bytes
    is_direct: bool
    """Whether the mode is SIGN_MODE_DIRECT; simulations leave it unspecified."""


class Tx(NamedTuple):
    """A well-formed transaction; nothing in it has been checked against state."""

    size_bytes: int
    body_bytes: bytes
    auth_info_bytes: bytes
    messages: tuple[tuple[Message, Any], ...]
    """How each is handled, and its record."""
    signers: tuple[Signer, ...]
    """The first pays the fee."""
    memo: str
    timeout_height: int
    fee: int
    """uostr."""
    gas_limit: int

    def sign_bytes(self, chain_id: str, account_number: int) -> bytes:
        """Return the bytes of `SignDoc`, which bind the transaction to one chain and one account."""
        chain = chain_id.encode()
        return b"".join(
            (
                b"\x0a",
                write_uvarint(len(self.body_bytes)),
                self.body_bytes,
                b"\x12",
                write_uvarint(len(self.auth_info_bytes)),
                self.auth_info_bytes,
                b"\x1a",
                write_uvarint(len(chain)),
                chain,
                b"\x20" + write_uvarint(account_number) if account_number else b"",
            )
        )


def decode_tx(routes: Routes, data: bytes) -> Tx:
    """Return the transaction.

    Raises: Rejected: TX_TOO_LARGE, TX_DECODE, UNKNOWN_REQUEST, TOO_MANY_MESSAGES, TOO_MANY_SIGNATURES, NO_SIGNATURES,
    INVALID_ADDRESS, INVALID_PUBKEY, INVALID_REQUEST, INVALID_COINS; BEACON_TRANSACTION if it is one.
    """
    if len(data) > MAX_TX_BYTES:
        raise Rejected(Code.TX_TOO_LARGE, f"{len(data)} bytes; {MAX_TX_BYTES} are allowed")
    if data[:1] == b"\x00":
        raise Rejected(Code.BEACON_TRANSACTION, "a beacon transaction stands first in a block and nowhere else")
    usual = read_usual(data)
    if usual is not None:
        route, paid = routes.get(usual.type_url), _usual_fee(usual.fee)
        if route is not None and paid is not None:
            return _usual_tx(usual, route, len(data), *paid)
    raw = _parse(wire.TxRaw, data, "transaction")
    body = _parse(wire.TxBody, raw.body_bytes, "body")
    auth = _parse(wire.AuthInfo, raw.auth_info_bytes, "auth_info")
    if body.extension_options or body.non_critical_extension_options:
        raise Rejected(Code.UNKNOWN_REQUEST, "extension options are not taken")
    messages = _messages(routes, body)
    addresses = _required_signers(messages)
    signers = _signers(addresses, auth, list(raw.signatures))
    fee = _fee(auth.fee, addresses[0])
    return Tx(
        len(data),
        raw.body_bytes,
        raw.auth_info_bytes,
        messages,
        signers,
        body.memo,
        body.timeout_height,
        fee,
        auth.fee.gas_limit,
    )


def _usual_tx(usual: Usual, route: Message, size: int, fee: int, gas_limit: int) -> Tx:
    body, auth, _, value, memo, timeout_height, kind, key, sequence, _, signature = usual
    message = _message(0, route, value)
    address = _address(getattr(message, route.signer), kind, key)
    signer = Signer(address, kind, key, sequence, signature, True)
    return Tx(size, body, auth, ((route, message),), (signer,), memo, timeout_height, fee, gas_limit)


def _parse(kind: Any, data: bytes, name: str) -> Any:
    try:
        parsed = kind.FromString(data)
    except MalformedEnvelope:
        raise Rejected(Code.TX_DECODE, f"the {name} is truncated or malformed") from None
    # Order: first drop what is unknown, then write again; bytes that differ had something unknown or a second spelling.
    parsed.DiscardUnknownFields()
    if parsed.SerializeToString() != data:
        raise Rejected(Code.TX_DECODE, f"the {name} has an unknown field or is not canonically encoded")
    return parsed


def _messages(routes: Routes, body: wire.TxBody) -> tuple[tuple[Message, Any], ...]:
    if not body.messages:
        raise Rejected(Code.INVALID_REQUEST, "the transaction has no message")
    if len(body.messages) > MAX_MESSAGES:
        raise Rejected(Code.TOO_MANY_MESSAGES, f"{len(body.messages)} messages; {MAX_MESSAGES} are allowed")
    messages = []
    for index, wrapped in enumerate(body.messages):
        route = routes.get(wrapped.type_url)
        if route is None:
            raise Rejected(Code.UNKNOWN_REQUEST, f"message {index}: no module handles {wrapped.type_url!r}")
        messages.append((route, _message(index, route, wrapped.value)))
    return tuple(messages)


def _message(index: int, route: Message, value: bytes) -> Any:
    try:
        return decode(route.record, value)
    except DecodeError as error:
        raise Rejected(Code.TX_DECODE, f"message {index} ({route.type_url}): {error}") from None


def _required_signers(messages: tuple[tuple[Message, Any], ...]) -> list[str]:
    """Return whom the messages need, each once, in the order of the messages."""
    needed: list[str] = []
    for route, message in messages:
        text = getattr(message, route.signer)
        if text not in needed:
            needed.append(text)
    if len(needed) > MAX_SIGNERS:
        raise Rejected(Code.TOO_MANY_SIGNATURES, f"{len(needed)} signers; {MAX_SIGNERS} are allowed")
    return needed


def _signers(addresses: list[str], auth: wire.AuthInfo, signatures: list[bytes]) -> tuple[Signer, ...]:
    if not signatures:
        raise Rejected(Code.NO_SIGNATURES, "the transaction carries no signature")
    if not len(addresses) == len(auth.signer_infos) == len(signatures):
        raise Rejected(
            Code.UNAUTHORIZED,
            f"the messages need {len(addresses)} signers; "
            f"there are {len(auth.signer_infos)} signer_infos and {len(signatures)} signatures",
        )
    return tuple(map(_signer, addresses, auth.signer_infos, signatures))


def _signer(text: str, info: wire.SignerInfo, signature: bytes) -> Signer:
    kind, key = _key(info)
    address = _address(text, kind, key)
    mode = info.mode_info
    if mode.WhichOneof("sum") != "single":
        raise Rejected(Code.UNAUTHORIZED, "mode_info: only single signatures are taken")
    return Signer(address, kind, key, info.sequence, signature, mode.single.mode == _DIRECT)


def _address(text: str, kind: KeyKind, key: bytes) -> bytes:
    """Return the signer's address, which must be that of the key, if there is one."""
    if kind == KeyKind.NONE:
        return address_of(text, "signer")
    address, owner = _owner(key)
    if owner != text:
        address_of(text, "signer")
        raise Rejected(Code.INVALID_PUBKEY, f"the public key is not that of {text}")
    return address


@lru_cache(maxsize=16_384)
def _owner(key: bytes) -> tuple[bytes, str]:
    """Return the address of a key, whose length tells its kind, and how it is written."""
    address = secp256k1_address(key) if len(key) == SECP256K1_KEY_BYTES else ed25519_address(key)
    return address, encode_address(address)


def _key(info: wire.SignerInfo) -> tuple[KeyKind, bytes]:
    if not info.HasField("public_key"):
        return KeyKind.NONE, b""
    url, value = info.public_key.type_url, info.public_key.value
    if url == SECP256K1_URL and len(value) == 35 and value[:2] == b"\x0a\x21":
        return KeyKind.SECP256K1, value[2:]
    if url == ED25519_URL and len(value) == 34 and value[:2] == b"\x0a\x20":
        return KeyKind.ED25519, value[2:]
    raise Rejected(Code.INVALID_PUBKEY, "public_key: a secp256k1 or an ed25519 key is taken")


@lru_cache(maxsize=1024)
def _usual_fee(data: bytes) -> tuple[int, int] | None:
    """Return (uostr, gas limit) of a well-formed fee that the first signer pays, else None."""
    try:
        fee = _parse(wire.Fee, data, "fee")
        return None if fee.payer else (_fee(fee, ""), fee.gas_limit)
    except Rejected:
        return None


def _fee(fee: wire.Fee, first_signer: str) -> int:
    if fee.gas_limit > MAX_U63:
        raise Rejected(Code.INVALID_REQUEST, "fee.gas_limit is too large")
    if fee.granter or fee.payer not in ("", first_signer):
        raise Rejected(Code.UNAUTHORIZED, "fee: the first signer pays; grants are not taken")
    if not fee.amount:
        return 0
    coin = fee.amount[0]
    text = coin.amount
    if len(fee.amount) > 1 or coin.denom != DENOM:
        raise Rejected(Code.INVALID_COINS, f"fee.amount: fees are paid in {DENOM}")
    if not 0 < len(text) <= _MAX_FEE_DIGITS or not text.isascii() or not text.isdigit() or text[0] == "0" != text:
        raise Rejected(Code.INVALID_COINS, "fee.amount: decimal digits without leading zeros")
    amount = int(text)
    if amount > MAX_U63:
        raise Rejected(Code.INVALID_COINS, "fee.amount is too large")
    return amount

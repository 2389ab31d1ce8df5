"""The envelope as nearly all wallets and machines write it, read in one pass.

One message, one signer with its key, SIGN_MODE_DIRECT, a signature of 64 bytes. Such bytes are compared place by place,
which costs a third of reading them as what they might be. Whatever is otherwise, or too long for a length of two bytes,
gives None and is for the complete reader in `chain.envelope`; what is read here, that one reads alike.
"""

from typing import Final, NamedTuple

from chain.modules.accounts.types import KeyKind
from chain.store.codec import DecodeError, read_uvarint

SECP256K1_URL: Final = "/cosmos.crypto.secp256k1.PubKey"
ED25519_URL: Final = "/cosmos.crypto.ed25519.PubKey"
_SINGLE_DIRECT: Final = b"\x12\x04\x0a\x02\x08\x01"
"""`mode_info` of one signature in SIGN_MODE_DIRECT."""
_SIGNATURE: Final = b"\x1a\x40"
"""What precedes a signature of 64 bytes."""


class Usual(NamedTuple):
    """The parts of an envelope; message and fee are not read yet."""

    body_bytes: bytes
    auth_info_bytes: bytes
    type_url: str
    message: bytes
    memo: str
    timeout_height: int
    key_kind: KeyKind
    key: bytes
    sequence: int
    fee: bytes
    signature: bytes


class _Unusual(Exception):
    """The bytes are something else, right or wrong."""


def read_usual(data: bytes) -> Usual | None:
    """Return the parts of the transaction if it has the usual form."""
    try:
        body_start, body_end = _field(data, 0, 0x0A)
        auth_start, auth_end = _field(data, body_end, 0x12)
        if data[auth_end : auth_end + 2] != _SIGNATURE or auth_end + 66 != len(data):
            return None
        body, auth = data[body_start:body_end], data[auth_start:auth_end]
        signature = data[auth_end + 2 :]
        return Usual(body, auth, *_read_body(body), *_read_auth(auth), signature)
    except (_Unusual, IndexError, UnicodeDecodeError, DecodeError):
        return None


def _read_body(body: bytes) -> tuple[str, bytes, str, int]:
    """Return (type URL, message, memo, timeout height)."""
    size = len(body)
    start, message_end = _field(body, 0, 0x0A)
    url_start, url_end = _field(body, start, 0x0A)
    value_start, value_end = _field(body, url_end, 0x12)
    if value_end != message_end:
        raise _Unusual
    memo, timeout_height, at = "", 0, message_end
    if at != size and body[at] == 0x12:
        start, at = _field(body, at, 0x12)
        memo = body[start:at].decode()
    if at != size:
        timeout_height, at = _number(body, at, 0x18)
    if at != size:
        raise _Unusual
    return body[url_start:url_end].decode(), body[value_start:value_end], memo, timeout_height


def _read_auth(auth: bytes) -> tuple[KeyKind, bytes, int, bytes]:
    """Return (kind of key, key, sequence, fee)."""
    if auth.startswith(_SECP256K1[1], 2):
        kind, _, start, end = _SECP256K1
    elif auth.startswith(_ED25519[1], 2):
        kind, _, start, end = _ED25519
    else:
        raise _Unusual
    info_end, at, sequence = auth[1] + 2, end + len(_SINGLE_DIRECT), 0
    if auth[0] != 0x0A or auth[end:at] != _SINGLE_DIRECT:
        raise _Unusual
    if at != info_end:
        sequence, at = _number(auth, at, 0x18)
    fee_start, fee_end = _field(auth, at, 0x12)
    if at != info_end or fee_end != len(auth):
        raise _Unusual
    return kind, auth[start:end], sequence, auth[fee_start:]


def _field(data: bytes, at: int, tag: int) -> tuple[int, int]:
    """Return start and end of what follows a tag; the end may lie behind the data."""
    size = data[at + 1]
    if data[at] != tag or not size:
        raise _Unusual
    if size < 0x80:
        return at + 2, at + 2 + size
    more = data[at + 2]
    if not 0 < more < 0x80:
        raise _Unusual
    return at + 3, at + 3 + (size & 0x7F | more << 7)


def _number(data: bytes, at: int, tag: int) -> tuple[int, int]:
    """Return the number behind a tag, in its shortest form and not zero, and where it ends."""
    number, end = read_uvarint(data, at + 1)
    if data[at] != tag or data[end - 1] == 0:
        raise _Unusual
    return number, end


def _form(kind: KeyKind, url: str, key_bytes: int) -> tuple[KeyKind, bytes, int, int]:
    """Return how a SignerInfo with such a key begins: kind, bytes after the length, where the key begins and ends."""
    wrapped = bytes((0x0A, len(url))) + url.encode() + bytes((0x12, key_bytes + 2, 0x0A, key_bytes))
    head = bytes((0x0A, len(wrapped) + key_bytes)) + wrapped
    return kind, head, 2 + len(head), 2 + len(head) + key_bytes


_SECP256K1: Final = _form(KeyKind.SECP256K1, SECP256K1_URL, 33)
_ED25519: Final = _form(KeyKind.ED25519, ED25519_URL, 32)

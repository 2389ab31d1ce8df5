"""The Cosmos transaction envelope: the fields of `cosmos.tx.v1beta1` that Ostraka accepts, as records.

The numbers are those of the published interface, so these bytes are what wallets sign and nodes decode.
"""

from enum import IntEnum

from chain.modules.accounts.types import AnyValue
from chain.modules.bank.types import Coin
from chain.store.codec import record

SECP256K1_KEY_URL = "/cosmos.crypto.secp256k1.PubKey"
"""Type of a wallet's public key."""
ED25519_KEY_URL = "/cosmos.crypto.ed25519.PubKey"
"""Type of a machine's public key."""
BASE_ACCOUNT_URL = "/cosmos.auth.v1beta1.BaseAccount"
"""Type of an account as `cosmos.auth.v1beta1.Query/Account` returns it."""


class SignMode(IntEnum):
    """How the signed bytes are made."""

    UNSPECIFIED = 0
    """In simulations, which carry no signature."""
    DIRECT = 1
    """SHA-256 or ed25519 over the bytes of `SignDoc`."""


@record
class TxBody:
    """What a transaction does."""

    messages: tuple[AnyValue, ...]
    memo: str = ""
    timeout_height: int = 0
    """Last height at which the transaction may be committed; 0: none."""


@record
class ModeSingle:
    """`ModeInfo.Single`."""

    mode: SignMode


@record
class ModeInfo:
    """`ModeInfo`; multisignatures are not made here."""

    single: ModeSingle | None


@record
class PublicKey:
    """Both key types have one field."""

    key: bytes


@record
class SignerInfo:
    """Who signs, and with which sequence."""

    public_key: AnyValue | None
    mode_info: ModeInfo | None
    sequence: int


@record
class Fee:
    """What the signer pays, and for how much gas."""

    amount: tuple[Coin, ...]
    gas_limit: int
    payer: str = ""
    granter: str = ""


@record
class AuthInfo:
    """Who pays and signs."""

    signer_infos: tuple[SignerInfo, ...]
    fee: Fee | None


@record
class TxRaw:
    """A transaction on the wire."""

    body_bytes: bytes
    auth_info_bytes: bytes
    signatures: tuple[bytes, ...]


@record
class SignDoc:
    """What a signature in mode DIRECT covers."""

    body_bytes: bytes
    auth_info_bytes: bytes
    chain_id: str
    account_number: int


@record
class MsgData:
    """The old form of a response inside `TxMsgData`; never filled by Ostraka."""

    msg_type: str
    data: bytes


@record
class TxMsgData:
    """The `data` of a transaction's result: one response for each message."""

    data: tuple[MsgData, ...]
    msg_responses: tuple[AnyValue, ...]

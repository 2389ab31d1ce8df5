"""The nouns of the accounts module, and the parts of Cosmos messages that many services share."""

from enum import IntEnum

from chain.store.codec import record


class KeyKind(IntEnum):
    """The signature scheme of an account."""

    NONE = 0
    """The account has signed nothing yet."""
    SECP256K1 = 1
    ED25519 = 2


@record
class Account:
    """Who may sign, and what comes next; key: address."""

    number: int
    """Part of what is signed, so that a re-created account cannot be replayed."""
    sequence: int
    """Transactions signed so far."""
    key_kind: KeyKind
    key: bytes
    """Empty until the first transaction."""


@record
class Params:
    """What every transaction keeps to; the first five are those of cosmos.auth."""

    max_memo_characters: int
    tx_sig_limit: int
    """Signers of one transaction."""
    tx_size_cost_per_byte: int
    """Gas."""
    sig_verify_cost_ed25519: int
    """Gas."""
    sig_verify_cost_secp256k1: int
    """Gas."""
    max_messages: int
    """Messages of one transaction."""
    max_tx_gas: int
    """Largest gas limit of one transaction."""


@record
class ChainFacts:
    """What genesis fixed for the whole chain."""

    chain_id: str
    initial_height: int
    genesis_seconds: int
    block_max_gas: int
    """0: unlimited."""


@record
class AnyValue:
    """google.protobuf.Any."""

    type_url: str
    value: bytes


@record
class PageRequest:
    """cosmos.base.query.v1beta1.PageRequest."""

    key: bytes = b""
    offset: int = 0
    limit: int = 0
    """0: the server's default."""
    count_total: bool = False
    reverse: bool = False


@record
class PageResponse:
    """cosmos.base.query.v1beta1.PageResponse."""

    next_key: bytes = b""
    """Empty at the end."""
    total: int = 0


@record
class BaseAccount:
    """cosmos.auth.v1beta1.BaseAccount."""

    address: str
    pub_key: AnyValue | None
    account_number: int
    sequence: int


@record
class AuthParams:
    """cosmos.auth.v1beta1.Params."""

    max_memo_characters: int
    tx_sig_limit: int
    tx_size_cost_per_byte: int
    sig_verify_cost_ed25519: int
    sig_verify_cost_secp256k1: int


@record
class QueryAccountRequest:
    """Ask for one account by address."""

    address: str


@record
class QueryAccountResponse:
    """A BaseAccount."""

    account: AnyValue | None


@record
class QueryAccountInfoRequest:
    """Ask for one account by address."""

    address: str


@record
class QueryAccountInfoResponse:
    """The account without its wrapping."""

    info: BaseAccount | None


@record
class QueryAccountsRequest:
    """Ask for all accounts, a page at a time."""

    pagination: PageRequest | None = None


@record
class QueryAccountsResponse:
    """A page of accounts in address order."""

    accounts: tuple[AnyValue, ...]
    pagination: PageResponse | None


@record
class QueryParamsRequest:
    """Ask for the parameters."""


@record
class QueryParamsResponse:
    """The parameters that wallets know."""

    params: AuthParams | None


@record
class Bech32PrefixRequest:
    """Ask for the prefix of addresses."""


@record
class Bech32PrefixResponse:
    """The prefix."""

    bech32_prefix: str


@record
class AddressBytesToStringRequest:
    """Ask how an address is written."""

    address_bytes: bytes


@record
class AddressBytesToStringResponse:
    """The address as text."""

    address_string: str


@record
class AddressStringToBytesRequest:
    """Ask what an address means."""

    address_string: str


@record
class AddressStringToBytesResponse:
    """The address as bytes."""

    address_bytes: bytes

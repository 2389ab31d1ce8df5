"""What anyone may read of accounts: the services of cosmos.auth."""

from chain.context import QueryContext
from chain.crypto.keys import ACCOUNT_PREFIX, encode_address
from chain.errors import Code, Rejected
from chain.module import MAX_PAGE
from chain.modules.accounts import keeper, state
from chain.modules.accounts.types import (
    Account,
    AddressBytesToStringRequest,
    AddressBytesToStringResponse,
    AddressStringToBytesRequest,
    AddressStringToBytesResponse,
    AnyValue,
    AuthParams,
    BaseAccount,
    Bech32PrefixRequest,
    Bech32PrefixResponse,
    KeyKind,
    PageRequest,
    PageResponse,
    QueryAccountInfoRequest,
    QueryAccountInfoResponse,
    QueryAccountRequest,
    QueryAccountResponse,
    QueryAccountsRequest,
    QueryAccountsResponse,
    QueryParamsRequest,
    QueryParamsResponse,
)
from chain.store.codec import encode

BASE_ACCOUNT_URL = "/cosmos.auth.v1beta1.BaseAccount"
KEY_URLS = {
    KeyKind.SECP256K1: "/cosmos.crypto.secp256k1.PubKey",
    KeyKind.ED25519: "/cosmos.crypto.ed25519.PubKey",
}
DEFAULT_PAGE = 100
"""Entries of a page if the request names no limit, as Cosmos nodes do."""


def base_account(address: bytes, account: Account) -> BaseAccount:
    """Return the form that wallets read."""
    key = None
    if account.key_kind != KeyKind.NONE:
        key = AnyValue(KEY_URLS[account.key_kind], b"\x0a" + bytes((len(account.key),)) + account.key)
    return BaseAccount(encode_address(address), key, account.number, account.sequence)


def _known(context: QueryContext, text: str) -> BaseAccount:
    address = keeper.address_of(text, "address")
    account = keeper.find_account(context.store, address)
    if account is None:
        raise Rejected(Code.NOT_FOUND, f"account {text} not found: key not found")
    return base_account(address, account)


def account(context: QueryContext, request: QueryAccountRequest) -> QueryAccountResponse:
    """Return one account. Raises: Rejected: NOT_FOUND, INVALID_ADDRESS."""
    return QueryAccountResponse(AnyValue(BASE_ACCOUNT_URL, encode(_known(context, request.address))))


def account_info(context: QueryContext, request: QueryAccountInfoRequest) -> QueryAccountInfoResponse:
    """Return one account without its wrapping. Raises: Rejected: NOT_FOUND, INVALID_ADDRESS."""
    return QueryAccountInfoResponse(_known(context, request.address))


def accounts(context: QueryContext, request: QueryAccountsRequest) -> QueryAccountsResponse:
    """Return a page of accounts in address order. Raises: Rejected: INVALID_REQUEST for paging by offset."""
    page = checked_page(request.pagination)
    found: list[AnyValue] = []
    next_key = b""
    for address, one in state.ACCOUNTS.items(context.store, start=page.key):
        if len(found) == page.limit:
            next_key = address
            break
        found.append(AnyValue(BASE_ACCOUNT_URL, encode(base_account(address, one))))
    return QueryAccountsResponse(tuple(found), PageResponse(next_key))


def checked_page(page: PageRequest | None) -> PageRequest:
    """Return the page with its limit set and bounded.

    Raises: Rejected: INVALID_REQUEST for offsets and for reverse order, whose cost grows with the state.
    """
    page = page or PageRequest()
    if page.offset or page.reverse:
        raise Rejected(Code.INVALID_REQUEST, "pages are read forward by key: pass next_key as pagination.key")
    return PageRequest(page.key, 0, min(page.limit or DEFAULT_PAGE, MAX_PAGE), page.count_total)


def params(context: QueryContext, request: QueryParamsRequest) -> QueryParamsResponse:
    """Return the parameters that wallets know."""
    found = keeper.params(context.store)
    return QueryParamsResponse(
        AuthParams(
            found.max_memo_characters,
            found.tx_sig_limit,
            found.tx_size_cost_per_byte,
            found.sig_verify_cost_ed25519,
            found.sig_verify_cost_secp256k1,
        )
    )


def bech32_prefix(context: QueryContext, request: Bech32PrefixRequest) -> Bech32PrefixResponse:
    """Return the prefix of addresses."""
    return Bech32PrefixResponse(ACCOUNT_PREFIX)


def address_bytes_to_string(
    context: QueryContext, request: AddressBytesToStringRequest
) -> AddressBytesToStringResponse:
    """Return how an address is written. Raises: Rejected: INVALID_ADDRESS."""
    try:
        return AddressBytesToStringResponse(encode_address(request.address_bytes))
    except ValueError as error:
        raise Rejected(Code.INVALID_ADDRESS, str(error)) from None


def address_string_to_bytes(
    context: QueryContext, request: AddressStringToBytesRequest
) -> AddressStringToBytesResponse:
    """Return what an address means. Raises: Rejected: INVALID_ADDRESS."""
    return AddressStringToBytesResponse(keeper.address_of(request.address_string, "address_string"))

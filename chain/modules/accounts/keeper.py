"""The verbs of accounts: find, create, advance."""

from functools import lru_cache

from chain.context import Context
from chain.crypto.keys import decode_address, encode_address
from chain.errors import Code, Rejected
from chain.modules.accounts import state
from chain.modules.accounts.types import Account, ChainFacts, KeyKind, Params
from chain.store.codec import decode
from chain.store.overlay import Overlay, Reader

_BY_VALUE = 8
"""Parsed forms kept of records that all transactions read; keyed by their bytes, so never stale."""


def find_account(store: Reader, address: bytes) -> Account | None:
    """Return the account, or None."""
    return state.ACCOUNTS.find(store, address)


def account(store: Reader, address: bytes) -> Account:
    """Return the account. Raises: Rejected: UNKNOWN_ADDRESS."""
    found = state.ACCOUNTS.find(store, address)
    if found is None:
        raise Rejected(Code.UNKNOWN_ADDRESS, f"account {encode_address(address)} does not exist: send it coins first")
    return found


def ensure(ctx: Context, address: bytes) -> None:
    """Create the account if it does not exist."""
    if not state.ACCOUNTS.has(ctx.store, address):
        state.ACCOUNTS.save(ctx.store, address, Account(state.NUMBERS.take(ctx.store), 0, KeyKind.NONE, b""))


def save(ctx: Context, address: bytes, changed: Account) -> None:
    """Write an account that exists."""
    state.ACCOUNTS.save(ctx.store, address, changed)


def params(store: Reader) -> Params:
    """Return the parameters of transactions."""
    raw = store.get(state.MODULE_NAME, state.PARAMS.key)
    if raw is None:
        raise KeyError("the chain has no genesis yet")
    return _params(raw)


@lru_cache(_BY_VALUE)
def _params(raw: bytes) -> Params:
    return decode(Params, raw[1:])


def find_chain(store: Reader) -> ChainFacts | None:
    """Return what genesis fixed, or None before genesis."""
    return state.CHAIN.find(store)


def begin_chain(store: Overlay, facts: ChainFacts) -> None:
    """Write what genesis fixes."""
    state.CHAIN.save(store, facts)


def address_of(text: str, field: str) -> bytes:
    """Return the bytes of a bech32 address. Raises: Rejected: INVALID_ADDRESS naming the field."""
    try:
        return decode_address(text)
    except ValueError as error:
        raise Rejected(Code.INVALID_ADDRESS, f"{field}: {error}") from None

"""What the bank module stores."""

from typing import Final

from chain.modules.bank.types import DENOM, Balance, Metadata
from chain.store.codec import decode, encode, read_uvarint, write_uvarint
from chain.store.collections import ADDRESS, NAME, RECORD_VERSION, Map, pair

MODULE_NAME = "bank"

BALANCES = Map(MODULE_NAME, b"balance/", pair(ADDRESS, NAME), Balance)
"""(address, denom) → amount; removed at zero."""
SUPPLY = Map(MODULE_NAME, b"supply/", NAME, Balance)
"""Denom → sum of all balances of it."""
METADATA = Map(MODULE_NAME, b"denom/", NAME, Metadata)
"""Denom → how wallets show it; written at genesis."""

_OWN: Final = RECORD_VERSION + encode(Balance(DENOM, 0)) + b"\x10"
"""What precedes the amount in a record of the chain's own coin, which every transaction reads and writes."""
_OWN_SIZE: Final = len(_OWN)
_OWN_NAME: Final = NAME.pack(DENOM)


def path_of(address: bytes, denom: str) -> bytes:
    """Return the raw key of a balance."""
    if denom == DENOM and len(address) == ADDRESS.size:
        return BALANCES.prefix + address + _OWN_NAME
    return BALANCES.path((address, denom))


def amount_of(raw: bytes) -> int:
    """Return the amount of a stored balance."""
    if raw.startswith(_OWN):
        return read_uvarint(raw, _OWN_SIZE)[0]
    return decode(Balance, raw[1:]).amount


def own_balance(amount: int) -> bytes:
    """Return the stored form of a positive balance of the chain's own coin."""
    return _OWN + write_uvarint(amount)

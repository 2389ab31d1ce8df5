"""What the accounts module stores."""

from chain.modules.accounts.types import Account, ChainFacts, Params
from chain.store.collections import ADDRESS, Item, Map, Sequence

MODULE_NAME = "accounts"

PARAMS = Item(MODULE_NAME, b"params", Params)
"""The parameters of transactions."""
CHAIN = Item(MODULE_NAME, b"chain", ChainFacts)
"""Written once, at genesis."""
ACCOUNTS = Map(MODULE_NAME, b"account/", ADDRESS, Account)
"""Address → account; never removed."""
NUMBERS = Sequence(MODULE_NAME, b"next_number")
"""Hands out account numbers."""

"""What the bank module stores."""

from chain.modules.bank.types import Balance, Metadata
from chain.store.collections import ADDRESS, NAME, Map, pair

MODULE_NAME = "bank"

BALANCES = Map(MODULE_NAME, b"balance/", pair(ADDRESS, NAME), Balance)
"""(address, denom) → amount; removed at zero."""
SUPPLY = Map(MODULE_NAME, b"supply/", NAME, Balance)
"""Denom → sum of all balances of it."""
METADATA = Map(MODULE_NAME, b"denom/", NAME, Metadata)
"""Denom → how wallets show it; written at genesis."""

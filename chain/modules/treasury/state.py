"""What the treasury module stores; its money lies in the bank."""

from chain.modules.treasury.types import Params
from chain.store.collections import Item

MODULE_NAME = "treasury"

PARAMS = Item(MODULE_NAME, b"params", Params)
"""The price of gas."""

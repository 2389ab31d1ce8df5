"""What the rates module stores."""

from chain.modules.rates.types import Params
from chain.store.collections import Item

PARAMS = Item("rates", b"params", Params)
"""The parameters; never removed."""

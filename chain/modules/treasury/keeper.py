"""The verbs of the treasury: take fees, move them on, and take what others owe."""

from functools import lru_cache

from chain.context import Context
from chain.crypto.keys import module_address
from chain.modules.bank import keeper as bank
from chain.modules.treasury import state
from chain.modules.treasury.types import Params
from chain.store.codec import decode
from chain.store.overlay import Reader

TREASURY = module_address("treasury")
"""Holds what belongs to the chain."""
FEE_COLLECTOR = module_address("fee_collector")
"""Holds the fees of the block being executed."""
CHECK_POOL = module_address("check_pool")
"""Pays checks."""


def params(store: Reader) -> Params:
    """Return the price of gas."""
    raw = store.get(state.MODULE_NAME, state.PARAMS.key)
    if raw is None:
        raise KeyError("the chain has no genesis yet")
    return _params(raw)


@lru_cache(8)
def _params(raw: bytes) -> Params:
    return decode(Params, raw[1:])


def collect_fees(ctx: Context) -> int:
    """Move the block's fees to the treasury and return them."""
    fees = bank.balance(ctx.store, FEE_COLLECTOR)
    bank.transfer(ctx, FEE_COLLECTOR, TREASURY, fees)
    return fees

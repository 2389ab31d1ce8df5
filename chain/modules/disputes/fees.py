"""What a move or claim costs whoever makes it, which the loser owes the winner."""

from chain.context import Context
from chain.modules.accounts import keeper as accounts
from chain.modules.rates.rules import ceil_div
from chain.modules.treasury import keeper as treasury
from chain.store.codec import encode


def least(ctx: Context, gas: int, part: object) -> int:
    """Return what some gas and the bytes of a part of a message cost at the least price of gas."""
    price = treasury.params(ctx.store)
    size = len(encode(part)) * accounts.params(ctx.store).tx_size_cost_per_byte
    return ceil_div((gas + size) * price.gas_price_numerator, price.gas_price_denominator)

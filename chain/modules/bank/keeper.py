"""The verbs of the bank: transfer, and at genesis issue.

Invariant: the balances of a denomination sum to its supply, so every addition stays below 2^64.
"""

from collections.abc import Iterator

from chain.context import Context
from chain.crypto.keys import ADDRESS_BYTES, encode_address, module_address
from chain.errors import Code, Rejected
from chain.modules.accounts import keeper as accounts
from chain.modules.bank import rules, state
from chain.modules.bank.types import DENOM, MODULE_ACCOUNTS, Balance
from chain.store.codec import decode
from chain.store.collections import prefix_end
from chain.store.overlay import Reader

MODULE_ADDRESSES = {module_address(name): name for name in MODULE_ACCOUNTS}
"""Name of each module account by its address."""


def balance(store: Reader, address: bytes, denom: str = DENOM) -> int:
    """Return what the account holds of a denomination."""
    raw = store.get(state.MODULE_NAME, state.path_of(address, denom))
    return 0 if raw is None else state.amount_of(raw)


def balances(store: Reader, address: bytes) -> tuple[Balance, ...]:
    """Return everything the account holds, by denomination."""
    return tuple(sorted(state.BALANCES.values(store, prefix=address), key=lambda held: held.denom))


def all_balances(store: Reader) -> Iterator[tuple[bytes, Balance]]:
    """Yield (address, balance) of everybody, in address order."""
    prefix = state.BALANCES.prefix
    for key, value in store.iterate(state.MODULE_NAME, prefix, prefix_end(prefix)):
        yield key[len(prefix) : len(prefix) + ADDRESS_BYTES], decode(Balance, value[1:])


def supply(store: Reader, denom: str = DENOM) -> int:
    """Return the sum of all balances of a denomination."""
    found = state.SUPPLY.find(store, denom)
    return 0 if found is None else found.amount


def transfer(ctx: Context, sender: bytes, recipient: bytes, amount: int) -> None:
    """Move uostr; zero moves nothing and says nothing. Raises: Rejected: INSUFFICIENT_FUNDS."""
    if amount < 0:
        raise ValueError("a transfer is never negative")
    if amount:
        transfer_coins(ctx, sender, recipient, (Balance(DENOM, amount),))


def transfer_coins(ctx: Context, sender: bytes, recipient: bytes, coins: tuple[Balance, ...]) -> None:
    """Move coins and create the recipient's account if it is new. Raises: Rejected: INSUFFICIENT_FUNDS."""
    for coin in coins:
        move(ctx, sender, recipient, coin)
    if recipient not in MODULE_ADDRESSES:
        accounts.ensure(ctx, recipient)
    announce(ctx, encode_address(sender), encode_address(recipient), rules.text_of(coins))


def move(ctx: Context, sender: bytes, recipient: bytes, coin: Balance) -> None:
    """Move a coin without a word; whoever calls has an event of its own. Raises: Rejected: INSUFFICIENT_FUNDS."""
    take(ctx, sender, coin)
    _give(ctx, recipient, coin)


def announce(ctx: Context, sender: str, recipient: str, amount: str) -> None:
    """Emit the three events by which wallets and explorers follow money."""
    ctx.emit("coin_spent", spender=sender, amount=amount)
    ctx.emit("coin_received", receiver=recipient, amount=amount)
    ctx.emit("transfer", recipient=recipient, sender=sender, amount=amount)


def issue(ctx: Context, address: bytes, coin: Balance) -> None:
    """Create coins at genesis. Raises: ValueError if the supply would not fit."""
    total = supply(ctx.store, coin.denom) + coin.amount
    if total >= rules.U64_END:
        raise ValueError(f"the supply of {coin.denom} exceeds 2^64-1")
    state.SUPPLY.save(ctx.store, coin.denom, Balance(coin.denom, total))
    _give(ctx, address, coin)
    if address not in MODULE_ADDRESSES:
        accounts.ensure(ctx, address)


def take(ctx: Context, address: bytes, coin: Balance) -> None:
    """Lower a balance; whoever calls gives the coin to somebody. Raises: Rejected: INSUFFICIENT_FUNDS."""
    held = balance(ctx.store, address, coin.denom)
    _put(ctx, address, coin.denom, remainder(held, coin.amount, coin.denom))


def remainder(held: int, amount: int, denom: str = DENOM) -> int:
    """Return what is left of a balance. Raises: Rejected: INSUFFICIENT_FUNDS."""
    if held < amount:
        raise Rejected(
            Code.INSUFFICIENT_FUNDS,
            f"spendable balance {held}{denom} is smaller than {amount}{denom}: insufficient funds",
        )
    return held - amount


def _give(ctx: Context, address: bytes, coin: Balance) -> None:
    _put(ctx, address, coin.denom, balance(ctx.store, address, coin.denom) + coin.amount)


def _put(ctx: Context, address: bytes, denom: str, amount: int) -> None:
    if denom == DENOM and 0 < amount < rules.U64_END:
        ctx.store.set(state.MODULE_NAME, state.path_of(address, denom), state.own_balance(amount))
    elif amount:
        state.BALANCES.save(ctx.store, (address, denom), Balance(denom, amount))
    else:
        state.BALANCES.remove(ctx.store, (address, denom))

"""Genesis of the bank, and its invariants."""

from collections.abc import Mapping
from typing import Any

from chain.context import Context, QueryContext
from chain.crypto.keys import decode_address, encode_address
from chain.errors import InvariantBroken, Rejected
from chain.json_form import from_json, to_json
from chain.modules.bank import keeper, rules, state
from chain.modules.bank.types import Balance, Coin, Metadata

MAX_DENOMS = 64
"""Denominations of a chain; lists of all of them need no pages."""


def init_genesis(ctx: Context, genesis: Mapping[str, Any]) -> None:
    """Issue the balances. Raises: ValueError naming field and limit."""
    unknown = sorted(genesis.keys() - {"balances", "denom_metadata"})
    if unknown:
        raise ValueError(f"bank.{unknown[0]} is unknown")
    entries = genesis.get("balances", [])
    if not isinstance(entries, list):
        raise ValueError("bank.balances must be a list")
    seen: set[bytes] = set()
    for index, entry in enumerate(entries):
        path = f"bank.balances[{index}]"
        if not isinstance(entry, dict) or entry.keys() != {"address", "coins"} or not isinstance(entry["coins"], list):
            raise ValueError(f"{path} must be an object with address and coins")
        try:
            address = decode_address(entry["address"])
        except (ValueError, AttributeError) as error:
            raise ValueError(f"{path}.address: {error}") from None
        if address in seen:
            raise ValueError(f"{path}.address occurs twice")
        seen.add(address)
        coins = tuple(from_json(Coin, coin, f"{path}.coins") for coin in entry["coins"])
        try:
            parsed = rules.parse_coins(coins)
        except Rejected as error:
            raise ValueError(f"{path}.coins: {error.detail}") from None
        for coin in parsed:
            keeper.issue(ctx, address, coin)
    for index, entry in enumerate(genesis.get("denom_metadata", [])):
        metadata = from_json(Metadata, entry, f"bank.denom_metadata[{index}]")
        if not rules.is_denom(metadata.base):
            raise ValueError(f"bank.denom_metadata[{index}].base is malformed")
        state.METADATA.save(ctx.store, metadata.base, metadata)
    if sum(1 for _ in state.SUPPLY.values(ctx.store)) > MAX_DENOMS:
        raise ValueError(f"bank.balances names more than {MAX_DENOMS} denominations")


def export_genesis(context: QueryContext) -> dict[str, Any]:
    """Return what `init_genesis` reads."""
    held: dict[bytes, list[Balance]] = {}
    for address, coin in keeper.all_balances(context.store):
        held.setdefault(address, []).append(coin)
    return {
        "balances": [
            {
                "address": encode_address(address),
                "coins": [
                    {"denom": coin.denom, "amount": str(coin.amount)}
                    for coin in sorted(coins, key=lambda coin: coin.denom)
                ],
            }
            for address, coins in held.items()
        ],
        "denom_metadata": [to_json(metadata) for metadata in state.METADATA.values(context.store)],
    }


def check_invariants(context: QueryContext) -> None:
    """Balances are positive and sum to the supply, denomination by denomination. Raises: InvariantBroken."""
    sums: dict[str, int] = {}
    for _, held in keeper.all_balances(context.store):
        if not held.amount:
            raise InvariantBroken(f"an empty balance of {held.denom} is stored")
        sums[held.denom] = sums.get(held.denom, 0) + held.amount
    supplies = {held.denom: held.amount for held in state.SUPPLY.values(context.store)}
    if sums != supplies:
        raise InvariantBroken(f"balances sum to {sums}, supply is {supplies}")

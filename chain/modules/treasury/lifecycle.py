"""Genesis and block hooks of the treasury."""

from collections.abc import Mapping
from typing import Any

from chain.context import Context, QueryContext
from chain.errors import InvariantBroken
from chain.json_form import from_json, to_json
from chain.modules.bank import keeper as bank
from chain.modules.treasury import keeper, state
from chain.modules.treasury.types import Params

MAX_PART = 1 << 62
"""Bound of numerator and denominator."""


def init_genesis(ctx: Context, genesis: Mapping[str, Any]) -> None:
    """Write the price of gas. Raises: ValueError naming field and limit."""
    unknown = sorted(genesis.keys() - {"params"})
    if unknown:
        raise ValueError(f"treasury.{unknown[0]} is unknown")
    params = from_json(Params, genesis.get("params"), "treasury.params")
    if not 1 <= params.gas_price_denominator < MAX_PART or params.gas_price_numerator >= MAX_PART:
        raise ValueError("treasury.params.gas_price must be a fraction with 1 <= denominator < 2^62, numerator < 2^62")
    state.PARAMS.save(ctx.store, params)


def export_genesis(context: QueryContext) -> dict[str, Any]:
    """Return what `init_genesis` reads."""
    return {"params": to_json(keeper.params(context.store))}


def end_block(ctx: Context) -> None:
    """Move the block's fees to the treasury."""
    keeper.collect_fees(ctx)


def check_invariants(context: QueryContext) -> None:
    """Between blocks no fee is left in the collector. Raises: InvariantBroken."""
    if bank.balance(context.store, keeper.FEE_COLLECTOR):
        raise InvariantBroken("the fee collector holds money between blocks")

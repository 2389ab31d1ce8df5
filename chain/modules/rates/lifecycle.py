"""The rates module in genesis and block, and what must always hold of it."""

from collections.abc import Mapping
from typing import Any

from chain.context import Context, QueryContext
from chain.errors import InvariantBroken
from chain.json_form import from_json, to_json
from chain.modules.rates import keeper, reputation
from chain.modules.rates.state import FADES, REPUTATIONS
from chain.modules.rates.types import Params


def init_genesis(ctx: Context, genesis: Mapping[str, Any]) -> None:
    """Take `{"params": …}`. Raises: ValueError naming what is missing or which inequality is broken."""
    keeper.save_params(ctx, from_json(Params, genesis.get("params"), "rates.params"))


def export_genesis(ctx: QueryContext) -> dict[str, Any]:
    """Return what `init_genesis` takes."""
    return {"params": to_json(keeper.params(ctx.store))}


def end_block(ctx: Context) -> None:
    """Delete what has faded."""
    keeper.remove_faded(ctx)


def check_invariants(ctx: QueryContext) -> None:
    """Check that every reputation has its end and none is above its cap. Raises: InvariantBroken."""
    params = keeper.params(ctx.store)
    ends = [(reputation.end(params, found), key) for key, found in REPUTATIONS.items(ctx.store)]
    if sorted(ends) != list(FADES.keys(ctx.store)):
        raise InvariantBroken("reputations and their ends differ")
    for (operator, _), found in REPUTATIONS.items(ctx.store):
        if found.score > params.reputation_full:
            raise InvariantBroken(f"{operator.hex()} has a reputation of {found.score}, above its cap")

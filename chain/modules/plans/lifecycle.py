"""The plans module in genesis and block, and what must always hold of it."""

from collections.abc import Mapping
from typing import Any

from chain.context import Context, QueryContext
from chain.errors import InvariantBroken
from chain.json_form import from_json, to_json
from chain.modules.plans import keeper
from chain.modules.plans.state import DEAD, LIVE, PLANS, SEEN, Seen
from chain.modules.plans.types import Params

MAX_STAGES = 64
MAX_LIVE = 64


def init_genesis(ctx: Context, genesis: Mapping[str, Any]) -> None:
    """Take `{"params": …}`. Raises: ValueError naming field and limit."""
    params = from_json(Params, genesis.get("params"), "plans.params")
    if not 0 < params.max_stages <= MAX_STAGES:
        raise ValueError(f"plans.params.max_stages is {params.max_stages}, not in 1..{MAX_STAGES}")
    if not 0 < params.max_live <= MAX_LIVE:
        raise ValueError(f"plans.params.max_live is {params.max_live}, not in 1..{MAX_LIVE}")
    keeper.save_params(ctx, params)
    SEEN.save(ctx.store, Seen(0))


def export_genesis(ctx: QueryContext) -> dict[str, Any]:
    """Return the parameters; plans are offered anew."""
    return {"params": to_json(keeper.params(ctx.store))}


def end_block(ctx: Context) -> None:
    """Retire plans that meet the rules no more, and delete those long dead."""
    keeper.retire_invalid(ctx)
    keeper.remove_dead(ctx)


def check_invariants(ctx: QueryContext) -> None:
    """Check that every plan is either live or waits for removal. Raises: InvariantBroken."""
    live = {plan_id for _, plan_id in LIVE.keys(ctx.store)}
    dead = {plan_id for _, plan_id in DEAD.keys(ctx.store)}
    for plan_id, plan in PLANS.items(ctx.store):
        if plan.is_live != (plan_id in live) or plan.is_live == (plan_id in dead):
            raise InvariantBroken(f"plan {plan_id} is neither live nor waits for removal")
        live.discard(plan_id)
        dead.discard(plan_id)
    if live or dead:
        raise InvariantBroken("an index names a plan that does not exist")

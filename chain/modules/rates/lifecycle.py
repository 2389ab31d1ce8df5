"""The rates module at genesis."""

from collections.abc import Mapping
from typing import Any

from chain.context import Context, QueryContext
from chain.json_form import from_json, to_json
from chain.modules.rates import keeper
from chain.modules.rates.types import Params


def init_genesis(ctx: Context, genesis: Mapping[str, Any]) -> None:
    """Take `{"params": …}`. Raises: ValueError naming what is missing or which inequality is broken."""
    keeper.save_params(ctx, from_json(Params, genesis.get("params"), "rates.params"))


def export_genesis(ctx: QueryContext) -> dict[str, Any]:
    """Return what `init_genesis` takes."""
    return {"params": to_json(keeper.params(ctx.store))}

"""The workers module at genesis, and what must always hold of it."""

from collections.abc import Mapping
from typing import Any

from chain.context import Context, QueryContext
from chain.errors import InvariantBroken
from chain.json_form import from_json, to_json
from chain.modules.bank import keeper as bank
from chain.modules.workers import keeper, rules
from chain.modules.workers.state import BY_ENROLLED, ENROLLMENTS, FORFEITURES, HELD, UNBONDINGS
from chain.modules.workers.types import Params


def init_genesis(ctx: Context, genesis: Mapping[str, Any]) -> None:
    """Take `{"params": …}`. Raises: ValueError naming field and limit."""
    params = from_json(Params, genesis.get("params"), "workers.params")
    if not 0 < params.min_bond < rules.MAX_AMOUNT:
        raise ValueError(f"workers.params.min_bond is {params.min_bond}, not in 1..2^56")
    if not params.unbonding_blocks or not 0 < params.max_endpoint_bytes <= 1_024:
        raise ValueError("workers.params: unbonding_blocks > 0 and max_endpoint_bytes in 1..1024 are broken")
    rules.require_shares(params)
    keeper.save_params(ctx, params)


def export_genesis(ctx: QueryContext) -> dict[str, Any]:
    """Return the parameters; bonds and keys begin anew with a chain."""
    return {"params": to_json(keeper.params(ctx.store))}


def check_invariants(ctx: QueryContext) -> None:
    """Check bonds, unbonding entries and enrolment indexes. Raises: InvariantBroken."""
    total = 0
    for worker in keeper.workers(ctx.store):
        total += worker.bond
        leaving = sum(entry.amount for entry in keeper.unbondings_of(ctx.store, worker.operator))
        if leaving != worker.unbonding or worker.unbonding > worker.bond:
            raise InvariantBroken(f"{worker.operator.hex()}: entries {leaving}, unbonding {worker.unbonding}")
    held = bank.balance(ctx.store, keeper.BONDS)
    if held != total:
        raise InvariantBroken(f"the bonds account holds {held}, bonds sum to {total}")
    waiting = sum(entry.amount for _, entry in HELD.items(ctx.store))
    if bank.balance(ctx.store, keeper.HELD_SLASHES) != waiting:
        raise InvariantBroken(f"the account of held slashes does not hold the {waiting} uostr that wait")
    sums, values = keeper.budget(ctx.store), keeper.params(ctx.store)
    if sums.absence > rules.absence_limit(values, sums.bonds):
        raise InvariantBroken(f"{sums.absence} uostr were taken in one epoch for being absent")
    for operator, forfeited in FORFEITURES.items(ctx.store):
        if keeper.worker(ctx.store, operator).holds < forfeited.holds:
            raise InvariantBroken(f"the bond of {operator.hex()} is forfeited and not held")
    for (operator, height), _ in UNBONDINGS.items(ctx.store):
        if keeper.find_worker(ctx.store, operator) is None:
            raise InvariantBroken(f"unbonding of nobody at {height}")
    forward = sorted((root, role, operator) for (root, (role, operator)), _ in ENROLLMENTS.items(ctx.store))
    backward = sorted((root, role, operator) for operator, (root, role) in BY_ENROLLED.keys(ctx.store))
    if forward != backward:
        raise InvariantBroken("enrolments and their index differ")

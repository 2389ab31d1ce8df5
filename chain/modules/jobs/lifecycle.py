"""The jobs module in genesis and block, and what must always hold of it."""

from collections.abc import Mapping
from typing import Any

from chain.context import Context, QueryContext
from chain.errors import InvariantBroken
from chain.json_form import from_json, to_json
from chain.modules.bank import keeper as bank
from chain.modules.jobs import archive, keeper
from chain.modules.jobs.state import COMPLETE, EXPIRIES, HOP_CONFLICTS, JOBS, OPEN_UNITS, SETTLING, UNITS
from chain.modules.jobs.types import JobStatus, Params
from chain.modules.plans import keeper as plans
from chain.modules.rates import keeper as rates

MAX_TOKENS = 65_536
MAX_STOP_IDS = 64


def init_genesis(ctx: Context, genesis: Mapping[str, Any]) -> None:
    """Take `{"params": …}`. Raises: ValueError naming field and limit."""
    params = from_json(Params, genesis.get("params"), "jobs.params")
    if not 0 < params.max_tokens <= MAX_TOKENS:
        raise ValueError(f"jobs.params.max_tokens is {params.max_tokens}, not in 1..{MAX_TOKENS}")
    if params.max_stop_ids > MAX_STOP_IDS:
        raise ValueError(f"jobs.params.max_stop_ids is {params.max_stop_ids}, more than {MAX_STOP_IDS}")
    for name in ("expiry_blocks", "settlements_per_block", "receipt_blocks", "deletions_per_block"):
        if not 0 < getattr(params, name) < 1 << 32:
            raise ValueError(f"jobs.params.{name} is {getattr(params, name)}, not in 1..2^32")
    held = plans.params(ctx.store).max_tokens
    if held and held < params.max_tokens:
        raise ValueError(
            f"plans.params.max_tokens >= jobs.params.max_tokens is broken: {held} < {params.max_tokens}; "
            "stages would not hold the cache of the longest job"
        )
    keeper.save_params(ctx, params)
    archive.begin(ctx)


def export_genesis(ctx: QueryContext) -> dict[str, Any]:
    """Return the parameters."""
    return {"params": to_json(keeper.params(ctx.store))}


def end_block(ctx: Context) -> None:
    """Draw plans, expire, delete. Order: a job drawn at its expiry height expires without results at once."""
    keeper.draw_plans(ctx)
    keeper.expire_due(ctx)
    archive.collect_garbage(ctx)


def check_invariants(ctx: QueryContext) -> None:
    """Check money, queues, indexes and expected checks. Raises: InvariantBroken."""
    total = 0
    pending: dict[bytes, tuple[int, int]] = {}
    expiries: list[tuple[int, int]] = []
    for job_id, job in JOBS.items(ctx.store):
        is_open = job.status in keeper.OPEN
        total += job.escrow if is_open else 0
        work, bond = pending.get(job.model_root, (0, 0))
        pending[job.model_root] = (work + job.check_work, bond + job.check_bond) if is_open else (work, bond)
        if job.paid > job.escrow:
            raise InvariantBroken(f"job {job_id} paid {job.paid} of {job.escrow}")
        if job.status in (JobStatus.WAITING, JobStatus.RUNNING):
            expiries.append((job.expiry_height, job_id))
        for unit in keeper.units_of(ctx.store, job):
            if OPEN_UNITS.has(ctx.store, (unit.operator, keeper.key_of(unit))) != is_open:
                raise InvariantBroken(f"unit {keeper.key_of(unit)} is not listed as its job is")
    for known in rates.known_checkers(ctx.store):
        load = pending.get(known.model_root, (0, 0))
        if (known.pending, known.pending_bond) != load:
            raise InvariantBroken(f"checks of {known.pending}, {known.pending_bond} are expected, of open jobs {load}")
    held = bank.balance(ctx.store, keeper.ESCROW)
    if held != total:
        raise InvariantBroken(f"the escrow account holds {held}, escrows sum to {total}")
    if list(EXPIRIES.keys(ctx.store)) != sorted(expiries):
        raise InvariantBroken("the queue of expiries is not that of jobs without results")
    for queue in (COMPLETE, SETTLING):
        for _, job_id in queue.keys(ctx.store):
            if keeper.job(ctx.store, job_id).status != JobStatus.ASSERTED:
                raise InvariantBroken(f"job {job_id} is queued without all results")
    for key, _ in UNITS.items(ctx.store):
        if keeper.find_job(ctx.store, key[0]) is None:
            raise InvariantBroken(f"unit {key} belongs to no job")
    if next(HOP_CONFLICTS.items(ctx.store), None) is not None:
        raise InvariantBroken("a hop conflict was not taken up")

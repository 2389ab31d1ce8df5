"""The verbs of the plans module: who runs which layers. Plans come from anybody; the chain only verifies them."""

from collections.abc import Sequence
from dataclasses import replace

from chain.context import Context
from chain.errors import Code, InvariantBroken, Rejected
from chain.modules.models import keeper as models
from chain.modules.models.types import Model
from chain.modules.plans import rules
from chain.modules.plans.state import DEAD, LIVE, NEXT_ID, PARAMS, PLANS, SEEN, Seen
from chain.modules.plans.types import Params, Plan, Stage
from chain.modules.rates import keeper as rates
from chain.modules.workers import keeper as workers
from chain.modules.workers.rules import is_active, weight
from chain.modules.workers.types import Role
from chain.store.collections import HASH
from chain.store.overlay import Reader

REMOVALS_PER_BLOCK = 16
"""Dead plans removed in one block."""


def params(store: Reader) -> Params:
    """Return the parameters."""
    return PARAMS.load(store)


def save_params(ctx: Context, value: Params) -> None:
    """Replace the parameters."""
    PARAMS.save(ctx.store, value)


def find_plan(store: Reader, plan_id: int) -> Plan | None:
    """Return a plan, live or not long dead, or None."""
    return PLANS.find(store, plan_id)


def live_plans(store: Reader, model_root: bytes) -> tuple[Plan, ...]:
    """Return the live plans of a model in ascending id."""
    found: list[Plan] = []
    for _, plan_id in LIVE.keys(store, prefix=HASH.pack(model_root)):
        plan = PLANS.find(store, plan_id)
        if plan is None:
            raise InvariantBroken(f"plan {plan_id} is live and does not exist")
        found.append(plan)
    return tuple(found)


def require_valid(store: Reader, model: Model, stages: Sequence[Stage]) -> None:
    """Check everything that a live plan must go on meeting. Raises: Rejected: PLAN_INVALID, TOO_FEW_CHECKERS."""
    values = params(store)
    header = model.header
    broken = rules.find_broken_shape(header, stages, values.max_stages)
    if broken is not None:
        raise Rejected(Code.PLAN_INVALID, broken)
    positions = min(values.max_tokens or header.max_positions, header.max_positions)
    for index, stage in enumerate(stages):
        worker = workers.find_worker(store, stage.operator)
        if worker is None or not is_active(worker):
            raise Rejected(Code.PLAN_INVALID, f"the worker of stage {index} is not active")
        held = workers.enrollment(store, model.model_root, Role.SERVE, stage.operator)
        if held is None or not (held.start <= stage.start and stage.end <= held.end):
            raise Rejected(Code.PLAN_INVALID, f"the worker of stage {index} is not enrolled to serve its layers")
        needed = rules.memory_bytes(header, stage, positions)
        if needed > worker.memory_bytes:
            raise Rejected(
                Code.PLAN_INVALID, f"stage {index} needs {needed} bytes, its worker declares {worker.memory_bytes}"
            )
    missing = rules.find_missing_checkers(rates.params(store), *checker_weights(store, model.model_root, stages))
    if missing is not None:
        raise Rejected(Code.TOO_FEW_CHECKERS, missing)


def checker_weights(store: Reader, model_root: bytes, stages: Sequence[Stage]) -> tuple[list[int], int]:
    """Return the weights of active checkers outside a plan, and that of all workers."""
    inside = {stage.operator for stage in stages}
    weights: list[int] = []
    for entry in workers.enrolled(store, model_root, Role.CHECK):
        worker = workers.find_worker(store, entry.operator)
        if worker is not None and is_active(worker) and worker.operator not in inside:
            weights.append(weight(worker))
    return weights, sum(weight(worker) for worker in workers.workers(store))


def submit(ctx: Context, submitter: bytes, model: Model, stages: tuple[Stage, ...]) -> Plan:
    """Accept a plan. Raises: Rejected: PLAN_INVALID, TOO_FEW_CHECKERS, PLAN_EXISTS, PLAN_NOT_BETTER."""
    require_valid(ctx.store, model, stages)
    live = live_plans(ctx.store, model.model_root)
    if any(plan.stages == stages for plan in live):
        raise Rejected(Code.PLAN_EXISTS, "an equal plan is live")
    height = rules.bottleneck(model.header, stages)
    if len(live) >= params(ctx.store).max_live:
        worst = rules.worst(live)
        if height >= worst.bottleneck:
            raise Rejected(
                Code.PLAN_NOT_BETTER,
                f"the bottleneck is {height}, it must be below the worst live one, {worst.bottleneck}",
            )
        retire(ctx, worst)
    plan = Plan(NEXT_ID.take(ctx.store) + 1, model.model_root, stages, height, submitter, ctx.block.height, True)
    PLANS.save(ctx.store, plan.plan_id, plan)
    LIVE.add(ctx.store, (model.model_root, plan.plan_id))
    ctx.emit("PlanAccepted", plan_id=plan.plan_id, model_root=model.model_root.hex(), bottleneck=height)
    return plan


def retire(ctx: Context, plan: Plan) -> None:
    """Let a live plan die."""
    height = ctx.block.height
    PLANS.save(ctx.store, plan.plan_id, replace(plan, is_live=False, died_height=height))
    LIVE.remove(ctx.store, (plan.model_root, plan.plan_id))
    DEAD.add(ctx.store, (height + params(ctx.store).retain_blocks + 1, plan.plan_id))
    ctx.emit("PlanRetired", plan_id=plan.plan_id)


def retire_invalid(ctx: Context) -> None:
    """Let every live plan die that meets the rules no more; looks only if some worker has changed."""
    revision = workers.revision(ctx.store)
    if SEEN.load(ctx.store).revision == revision:
        return
    SEEN.save(ctx.store, Seen(revision))
    for _, plan_id in list(LIVE.keys(ctx.store)):
        plan = PLANS.find(ctx.store, plan_id)
        if plan is None:
            raise InvariantBroken(f"plan {plan_id} is live and does not exist")
        try:
            require_valid(ctx.store, models.model(ctx.store, plan.model_root), plan.stages)
        except Rejected:
            retire(ctx, plan)


def remove_dead(ctx: Context) -> None:
    """Delete plans whose time to be read is over."""
    due: list[tuple[int, int]] = []
    for key in DEAD.keys(ctx.store):
        if key[0] > ctx.block.height or len(due) == REMOVALS_PER_BLOCK:
            break
        due.append(key)
    for key in due:
        DEAD.remove(ctx.store, key)
        PLANS.remove(ctx.store, key[1])

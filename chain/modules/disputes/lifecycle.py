"""The disputes module in the block, and what must always hold of it."""

from collections.abc import Mapping
from typing import Any

from chain.context import Context, QueryContext
from chain.errors import InvariantBroken
from chain.json_form import from_json, to_json
from chain.modules.disputes import absences, keeper, plays, refunds, registry, verdicts, witness
from chain.modules.disputes.state import (
    BY_HEIGHT,
    BY_JOB,
    BY_STATUS,
    BY_WORKER,
    CHALLENGES,
    CLOCKS,
    CONCLUSIONS,
    DEADLINES,
    DISPUTES,
    OPEN_OF,
    PARAMS,
    PLAYS,
    SHOWN,
    SHOWN_UNTIL,
)
from chain.modules.disputes.types import Dispute, DisputeKind, DisputeStatus, Params, PaymentReason, PlayStatus
from chain.modules.jobs import keeper as jobs
from chain.modules.sampling import keeper as sampling
from chain.modules.sampling.lifecycle import reserved_by_work
from chain.modules.workers import keeper as workers


def end_block(ctx: Context) -> None:
    """Open what differs since this block, end what is due."""
    keeper.open_found(ctx)
    plays.pause_if_full(ctx)
    keeper.end_clocks(ctx)
    keeper.end_due(ctx)
    witness.end_due(ctx)
    absences.end_due(ctx)
    refunds.refund_due(ctx)
    verdicts.conclude_due(ctx)


def init_genesis(ctx: Context, genesis: Mapping[str, Any]) -> None:
    """Take `{"params": …}`; without parameters no lines are played. Raises: ValueError naming field and limit."""
    if "params" not in genesis:
        return
    params = from_json(Params, genesis["params"], "disputes.params")
    for name in Params.__dataclass_fields__:
        if not 0 < getattr(params, name) < 1 << 32:
            raise ValueError(f"disputes.params.{name} is {getattr(params, name)}, not in 1..2^32")
    line = 2 * params.clock_blocks
    window = params.open_blocks + line + plays.MAX_EXTENSIONS * (params.extension_blocks + line)
    if window > sampling.params(ctx.store).dispute_blocks:
        raise ValueError(
            "disputes.params.open_blocks + 3 * extension_blocks + 8 * clock_blocks <= sampling.params.dispute_blocks "
            f"does not hold: {window} > {sampling.params(ctx.store).dispute_blocks}"
        )
    witness.validate(ctx.store, params)
    PARAMS.save(ctx.store, params)


def export_genesis(ctx: QueryContext) -> dict[str, Any]:
    """Return the parameters, if lines are played."""
    found = plays.find_params(ctx.store)
    return {} if found is None else {"params": to_json(found)}


def check_invariants(ctx: QueryContext) -> None:
    """Check that open disputes have a deadline and a frozen job, and nothing else has. Raises: InvariantBroken."""
    _check_lines(ctx)
    if sorted(key for _, key in SHOWN_UNTIL.keys(ctx.store)) != [key for key, _ in SHOWN.items(ctx.store)]:
        raise InvariantBroken("what is shown of missing results is not what is queued to be forgotten")
    witness.check_invariants(ctx.store)
    frozen = {job_id for _, job_id in CONCLUSIONS.keys(ctx.store)}
    for dispute_id, dispute in DISPUTES.items(ctx.store):
        is_open = dispute.status == DisputeStatus.OPEN
        if is_open != DEADLINES.has(ctx.store, (dispute.deadline, dispute_id)):
            raise InvariantBroken(f"dispute {dispute_id} is {dispute.status.name} and its deadline says otherwise")
        if is_open:
            frozen.add(dispute.job_id)
            if jobs.job(ctx.store, dispute.job_id).status not in jobs.FROZEN:
                raise InvariantBroken(f"job {dispute.job_id} is in dispute and not frozen")
        is_challenge = is_open and dispute.kind == DisputeKind.CHALLENGE
        if is_challenge != CHALLENGES.has(ctx.store, (dispute.challenger, dispute_id)):
            raise InvariantBroken(f"dispute {dispute_id} is {dispute.status.name} and its challenger's list differs")
        _check_places(ctx, dispute)
    for job in jobs.jobs_before(ctx.store, (1 << 64) - 1):
        if job.status in jobs.FROZEN and job.job_id not in frozen:
            raise InvariantBroken(f"job {job.job_id} is frozen without a dispute")


def _check_places(ctx: QueryContext, dispute: Dispute) -> None:
    """Check a dispute's place in every index, and that its payments are what it slashed."""
    number, store = dispute.dispute_id, ctx.store
    if dispute.status != DisputeStatus.OPEN and not BY_JOB.has(store, (dispute.job_id, number)):
        return  # it is being deleted, indexes first, and deletion may pause
    if not (
        BY_JOB.has(store, (dispute.job_id, number))
        and BY_WORKER.has(store, (dispute.asserter, number))
        and BY_WORKER.has(store, (dispute.challenger, number))
        and BY_HEIGHT.has(store, (dispute.opened_height, number))
    ):
        raise InvariantBroken(f"dispute {number} is not listed with its job, sides and height")
    listed = [status for status in DisputeStatus if BY_STATUS.has(store, (int(status), number))]
    if listed != [dispute.status]:
        raise InvariantBroken(f"dispute {number} is {dispute.status.name} and listed as {listed}")
    paid = sum(one.amount for one in registry.payments_of(store, number) if one.reason != PaymentReason.DEPOSIT)
    if paid != dispute.slashed:
        raise InvariantBroken(f"dispute {number} slashed {dispute.slashed}, its payments sum to {paid}")


def _check_lines(ctx: QueryContext) -> None:
    num_open: dict[int, int] = {}
    reserved = reserved_by_work(ctx.store)
    for _, opened in DISPUTES.items(ctx.store):
        if opened.status == DisputeStatus.OPEN and not opened.num_lines:  # its deposit is in no line yet
            reserved[opened.challenger] = reserved.get(opened.challenger, 0) + opened.deposit
    for operator, amount in witness.reserved(ctx.store):
        reserved[operator] = reserved.get(operator, 0) + amount
    for key, play in PLAYS.items(ctx.store):
        is_open = play.status == PlayStatus.OPEN
        if is_open != CLOCKS.has(ctx.store, (play.deadline, key)):
            raise InvariantBroken(f"line {key} is {play.status.name} and its clock says otherwise")
        dispute = keeper.dispute(ctx.store, play.dispute_id)
        if is_open:
            payer = play.author or play.opener
            reserved[payer] = reserved.get(payer, 0) + play.deposit
        num_open[play.dispute_id] = num_open.get(play.dispute_id, 0) + is_open
        if is_open and dispute.status != DisputeStatus.OPEN:
            raise InvariantBroken(f"line {key} is open and its dispute {dispute.status.name}")
        for operator in (play.opener, dispute.asserter):
            if is_open != OPEN_OF.has(ctx.store, (operator, key)):
                raise InvariantBroken(f"line {key} is {play.status.name} and not listed so for {operator.hex()}")
    for dispute_id, count in num_open.items():
        if keeper.dispute(ctx.store, dispute_id).num_open_lines != count:
            raise InvariantBroken(f"dispute {dispute_id} counts other than its {count} open lines")
    for worker in workers.workers(ctx.store):
        if worker.reserved != reserved.get(worker.operator, 0):
            raise InvariantBroken(f"{worker.operator.hex()} has {worker.reserved} reserved, its work holds otherwise")

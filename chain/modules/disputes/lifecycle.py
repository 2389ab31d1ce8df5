"""The disputes module in the block, and what must always hold of it."""

from chain.context import Context, QueryContext
from chain.errors import InvariantBroken
from chain.modules.disputes import keeper
from chain.modules.disputes.state import BY_JOB, DEADLINES, DISPUTES
from chain.modules.disputes.types import DisputeStatus
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import JobStatus


def end_block(ctx: Context) -> None:
    """Open what differs since this block, end what is due."""
    keeper.open_found(ctx)
    keeper.end_due(ctx)


def check_invariants(ctx: QueryContext) -> None:
    """Check that open disputes have a deadline and a frozen job, and nothing else has. Raises: InvariantBroken."""
    frozen: set[int] = set()
    for dispute_id, dispute in DISPUTES.items(ctx.store):
        is_open = dispute.status == DisputeStatus.OPEN
        if is_open != DEADLINES.has(ctx.store, (dispute.deadline, dispute_id)):
            raise InvariantBroken(f"dispute {dispute_id} is {dispute.status.name} and its deadline says otherwise")
        if is_open:
            frozen.add(dispute.job_id)
            if jobs.job(ctx.store, dispute.job_id).status != JobStatus.DISPUTED:
                raise InvariantBroken(f"job {dispute.job_id} is in dispute and not frozen")
        if not BY_JOB.has(ctx.store, (dispute.job_id, dispute_id)):
            raise InvariantBroken(f"dispute {dispute_id} is not listed with its job")
    for job in jobs.jobs_before(ctx.store, (1 << 64) - 1):
        if job.status == JobStatus.DISPUTED and job.job_id not in frozen:
            raise InvariantBroken(f"job {job.job_id} is frozen without a dispute")

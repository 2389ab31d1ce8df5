"""What becomes of the jobs of a model that breaks a bound: they are refunded, some in each block, without a slash."""

from itertools import islice

from chain.context import Context
from chain.modules.disputes import verdicts
from chain.modules.disputes.state import REFUNDS
from chain.modules.disputes.types import Refunds
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs import rules as job_rules
from chain.modules.jobs.types import CloseReason, Job
from chain.modules.sampling import keeper as sampling

JOBS_PER_BLOCK = 64
"""Jobs of any model looked at in one block."""


def refund_due(ctx: Context) -> None:
    """Go on through the jobs in state, newest first, for each model whose jobs are to be refunded."""
    left = JOBS_PER_BLOCK
    for model_root, pending in list(REFUNDS.items(ctx.store)):
        before = pending.before
        seen = list(islice(jobs.jobs_before(ctx.store, before), left))
        for found in seen:
            if found.model_root == model_root:
                _end(ctx, found)
        left -= len(seen)
        if left and len(seen) < JOBS_PER_BLOCK:
            REFUNDS.remove(ctx.store, model_root)
        else:
            REFUNDS.save(ctx.store, model_root, Refunds(seen[-1].job_id if seen else before))
        if not left:
            return


def _end(ctx: Context, found: Job) -> None:
    if found.status in jobs.FROZEN:
        verdicts.void(ctx, found)
    elif found.status in jobs.OPEN and not _is_settling(ctx, found):
        sampling.conclude_job(ctx, jobs.refund(ctx, found, CloseReason.VOID))


def _is_settling(ctx: Context, found: Job) -> bool:
    units = jobs.units_of(ctx.store, found)
    return bool(units) and all(job_rules.is_final(unit) for unit in units)

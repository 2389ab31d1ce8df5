"""The verbs of the jobs module: accept, plan, take results, settle, close.

Invariants: the escrow account holds exactly the escrows of jobs that are not closed; while a planned job is not
closed, each of its units holds its S of its operator's bond.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

from chain.context import Context
from chain.crypto.hashing import plan_draw, stage_zero_input
from chain.crypto.keys import module_address
from chain.errors import Code, InvariantBroken, Rejected
from chain.modules.bank import keeper as bank
from chain.modules.beacon import keeper as beacon
from chain.modules.jobs import archive, rules
from chain.modules.jobs.state import (
    BY_REQUESTER,
    COMPLETE,
    EXPIRIES,
    HOP_CONFLICTS,
    JOBS,
    NEXT_ID,
    OPEN_UNITS,
    PARAMS,
    SETTLING,
    UNITS,
    WAITING,
    Listed,
    UnitKey,
)
from chain.modules.jobs.types import (
    ClosedJob,
    CloseReason,
    HopConflict,
    Job,
    JobStatus,
    Params,
    RecordKind,
    Unit,
    UnitStatus,
)
from chain.modules.models import keeper as models
from chain.modules.models.types import Model
from chain.modules.plans import keeper as plans
from chain.modules.plans.types import Plan
from chain.modules.rates import keeper as rates
from chain.modules.rates import rules as rate_rules
from chain.modules.rates.reputation import draw_weight
from chain.modules.workers import keeper as workers
from chain.modules.workers.rules import free_bond
from chain.store.collections import ADDRESS, U64
from chain.store.overlay import Reader

ESCROW = module_address("escrow")
"""Holds what open jobs may cost."""
CHECK_POOL = module_address("check_pool")
"""Pays proven checks."""
TREASURY = module_address("treasury")
DRAWS_PER_BLOCK = 512
"""Waiting jobs looked at in one block."""
OPEN = (JobStatus.WAITING, JobStatus.RUNNING, JobStatus.ASSERTED, JobStatus.DISPUTED)
"""Statuses in which the escrow is held."""
SETTLED = (JobStatus.FINAL, JobStatus.LATE, JobStatus.LATE_DISPUTED)
"""Statuses in which everybody has been paid."""
FROZEN = (JobStatus.DISPUTED, JobStatus.LATE_DISPUTED)
"""Statuses in which disputes decide."""


def params(store: Reader) -> Params:
    """Return the parameters."""
    return PARAMS.load(store)


def save_params(ctx: Context, value: Params) -> None:
    """Replace the parameters."""
    PARAMS.save(ctx.store, value)


# Reading


def find_job(store: Reader, job_id: int) -> Job | None:
    """Return a job, or None."""
    return JOBS.find(store, job_id)


def job(store: Reader, job_id: int) -> Job:
    """Return a job. Raises: Rejected: UNKNOWN_JOB."""
    found = JOBS.find(store, job_id)
    if found is None:
        raise Rejected(Code.UNKNOWN_JOB, f"there is no job {job_id}, or it was closed long ago")
    return found


def find_unit(store: Reader, key: UnitKey) -> Unit | None:
    """Return a unit, or None."""
    return UNITS.find(store, key)


def unit(store: Reader, key: UnitKey) -> Unit:
    """Return a unit. Raises: Rejected: UNKNOWN_JOB."""
    found = UNITS.find(store, key)
    if found is None:
        raise Rejected(Code.UNKNOWN_JOB, f"there is no unit {key[0]}/{key[1][0]}/{key[1][1]}")
    return found


def units_of(store: Reader, found: Job) -> tuple[Unit, ...]:
    """Return the units of a job's attempt by stage; none before its plan is drawn."""
    prefix = U64.pack(found.job_id) + U64.pack(found.attempt)
    return tuple(value for _, value in UNITS.items(store, prefix=prefix))


def key_of(value: Unit) -> UnitKey:
    """Return a unit's key."""
    return value.job_id, (value.attempt, value.stage)


def jobs_by_requester(store: Reader, requester: bytes, before: int) -> Iterator[Job]:
    """Yield a requester's jobs, newest first, with ids below `before`."""
    for (_, job_id), _ in BY_REQUESTER.items(store, prefix=ADDRESS.pack(requester), end=U64.pack(before), reverse=True):
        yield job(store, job_id)


def jobs_before(store: Reader, before: int) -> Iterator[Job]:
    """Yield jobs with ids below `before`, newest first."""
    for _, found in JOBS.items(store, end=U64.pack(before), reverse=True):
        yield found


def waiting_jobs(store: Reader) -> Iterator[Job]:
    """Yield the jobs that wait for a plan, the next to be drawn first."""
    for _, job_id in WAITING.keys(store):
        found = find_job(store, job_id)
        if found is not None and found.status == JobStatus.WAITING:
            yield found


def complete_jobs(store: Reader) -> Iterator[Job]:
    """Yield the jobs that wait for their round, first asserted first."""
    for _, job_id in COMPLETE.keys(store):
        yield job(store, job_id)


def open_units_of(store: Reader, operator: bytes) -> Iterator[Unit]:
    """Yield the units that hold an operator's bond."""
    for _, key in OPEN_UNITS.keys(store, prefix=ADDRESS.pack(operator)):
        yield unit(store, key)


# Acceptance and plan


def offers(
    store: Reader, model: Model, prompt_tokens: int, max_tokens: int, value: int
) -> list[rules.Offer | rate_rules.Refusal]:
    """Return what each live plan of a model would cost, in ascending id."""
    current, fulfilled = rates.params(store), rates.fulfilled(store, model.model_root)
    return [
        rules.offer(current, model.header, plan, prompt_tokens, max_tokens, value, fulfilled, plan_scores(store, plan))
        for plan in plans.live_plans(store, model.model_root)
    ]


def plan_scores(store: Reader, plan: Plan) -> list[int]:
    """Return the reputations of a plan's workers with its model, by stage."""
    return [rates.score(store, stage.operator, plan.model_root) for stage in plan.stages]


def open_job(ctx: Context, new: Job) -> Job:
    """Number a job, lock its escrow and queue it for its plan.

    Raises: Rejected: INSUFFICIENT_FUNDS, CHECK_CAPACITY.
    """
    rates.take_load(ctx, new.model_root, new.check_work, new.check_bond)
    bank.transfer(ctx, new.requester, ESCROW, new.escrow)
    opened = replace(new, job_id=NEXT_ID.take(ctx.store) + 1)
    JOBS.save(ctx.store, opened.job_id, opened)
    BY_REQUESTER.save(ctx.store, (opened.requester, opened.job_id), Listed())
    WAITING.add(ctx.store, (ctx.block.height + rules.DRAW_DELAY, opened.job_id))
    EXPIRIES.add(ctx.store, (opened.expiry_height, opened.job_id))
    return opened


def draw_plans(ctx: Context) -> None:
    """Draw a plan for every job whose beacon is there; a job that finds none is tried again in the next block."""
    due: list[tuple[int, int]] = []
    for key in WAITING.keys(ctx.store, end=U64.pack(ctx.block.height + 1)):
        if len(due) == DRAWS_PER_BLOCK:
            break
        due.append(key)
    for key in due:
        WAITING.remove(ctx.store, key)
        found = find_job(ctx.store, key[1])
        if found is not None and found.status == JobStatus.WAITING and not _draw_plan(ctx, found):
            WAITING.add(ctx.store, (ctx.block.height + (_renew_candidates(ctx, found) or 1), key[1]))


def _renew_candidates(ctx: Context, found: Job) -> int:
    """Let a job that is run again wait for plans that came up since; return after how many blocks one is drawn.

    The beacon that draws is one that nobody knew when the plans were taken.
    """
    if not found.attempt:
        return 0
    JOBS.save(ctx.store, found.job_id, replace(found, candidates=_candidates(ctx.store, found)))
    return rules.DRAW_DELAY


def _candidates(store: Reader, found: Job) -> tuple[int, ...]:
    """Return the live plans that may run another attempt of a job, in ascending id."""
    live = plans.live_plans(store, found.model_root)
    return tuple(plan.plan_id for plan in live if rules.may_run(found, plan))


def _draw_plan(ctx: Context, found: Job) -> bool:
    model = models.model(ctx.store, found.model_root)
    current = rates.params(ctx.store)
    choices: list[rules.Offer] = []
    weights: list[int] = []
    for plan_id in found.candidates:
        plan = plans.find_plan(ctx.store, plan_id)
        if plan is None or not plan.is_live:
            continue
        scores = plan_scores(ctx.store, plan)
        offer = rules.offer(
            current,
            model.header,
            plan,
            found.prompt_tokens,
            found.max_tokens,
            found.value,
            found.fulfilled,
            scores,
        )
        if isinstance(offer, rules.Offer) and offer.escrow <= found.escrow and _is_backed(ctx.store, offer):
            choices.append(offer)
            weights.append(draw_weight(current, scores))
    if not choices:
        return False
    source = beacon.latest(ctx.store).value
    digest = plan_draw(ctx.block.chain, found.job_id, found.attempt, source)
    drawn = replace(
        found,
        beacon=source,
        choices=tuple(offer.plan.plan_id for offer in choices),
        choice_weights=tuple(weights),
    )
    _run(ctx, drawn, choices[rules.draw(digest, weights)])
    return True


def _is_backed(store: Reader, offer: rules.Offer) -> bool:
    return all(
        free_bond(workers.worker(store, stage.operator)) >= terms.bond
        for stage, terms in zip(offer.plan.stages, offer.terms, strict=True)
    )


def _run(ctx: Context, found: Job, offer: rules.Offer) -> None:
    for index, (stage, terms) in enumerate(zip(offer.plan.stages, offer.terms, strict=True)):
        workers.reserve(ctx, stage.operator, terms.bond)
        planned = Unit(
            job_id=found.job_id,
            attempt=found.attempt,
            stage=index,
            operator=stage.operator,
            start=stage.start,
            end=stage.end,
            revision=offer.plan.revision,
            terms=terms,
            status=UnitStatus.PENDING,
            tokens=0,
            in_root=b"",
            out_root=b"",
            seal=b"",
            submitted_height=0,
            salt=b"",
            body_root=b"",
            opened_height=0,
        )
        UNITS.save(ctx.store, key_of(planned), planned)
        OPEN_UNITS.add(ctx.store, (stage.operator, key_of(planned)))
    running = replace(
        found,
        status=JobStatus.RUNNING,
        plan_id=offer.plan.plan_id,
        num_stages=len(offer.terms),
        planned_height=ctx.block.height,
    )
    JOBS.save(ctx.store, found.job_id, running)
    ctx.emit("JobPlanned", job_id=found.job_id, attempt=found.attempt, plan_id=offer.plan.plan_id)


# Results


def record_result(ctx: Context, found: Job, result: Unit) -> bool:
    """Write one stage's result and return whether it was the last missing one.

    A link that differs from its neighbour's makes a hop conflict and freezes the job; it rejects nothing.
    """
    is_last = result.stage == found.num_stages - 1
    changed = replace(found, output_tokens=result.tokens, tokens_root=result.out_root if is_last else found.tokens_root)
    UNITS.save(ctx.store, key_of(result), replace(result, status=UnitStatus.SUBMITTED))
    units = units_of(ctx.store, changed)
    first = units[0]
    if changed.tokens_root and first.status == UnitStatus.SUBMITTED and not first.in_root:
        first = replace(first, in_root=stage_zero_input(changed.prompt_root, changed.tokens_root))
        UNITS.save(ctx.store, key_of(first), first)
    JOBS.save(ctx.store, changed.job_id, changed)
    for upstream, downstream in pairwise(units):
        is_new = result.stage in (upstream.stage, downstream.stage)
        if is_new and upstream.out_root and downstream.in_root and upstream.out_root != downstream.in_root:
            conflict = HopConflict(changed.job_id, changed.attempt, downstream.stage)
            HOP_CONFLICTS.save(ctx.store, key_of(downstream), conflict)
            changed = freeze(ctx, changed)
    is_complete = not rules.missing_stages(units)
    if is_complete and changed.status == JobStatus.RUNNING:
        asserted = replace(changed, status=JobStatus.ASSERTED, asserted_height=ctx.block.height)
        JOBS.save(ctx.store, asserted.job_id, asserted)
        EXPIRIES.remove(ctx.store, (asserted.expiry_height, asserted.job_id))
        COMPLETE.add(ctx.store, (asserted.asserted_height, asserted.job_id))
        ctx.emit("JobAsserted", job_id=asserted.job_id, tokens=asserted.output_tokens)
    return is_complete


def freeze(ctx: Context, found: Job) -> Job:
    """Hold a job's money until its disputes are over; that of a settled job is spent."""
    if found.status in SETTLED:
        contested = replace(found, status=JobStatus.LATE_DISPUTED)
        JOBS.save(ctx.store, found.job_id, contested)
        return contested
    frozen = replace(found, status=JobStatus.DISPUTED)
    JOBS.save(ctx.store, found.job_id, frozen)
    EXPIRIES.remove(ctx.store, (found.expiry_height, found.job_id))
    COMPLETE.remove(ctx.store, (found.asserted_height, found.job_id))
    if found.status != JobStatus.DISPUTED:
        ctx.emit("JobFrozen", job_id=found.job_id, escrow=found.escrow)
    return frozen


def resume(ctx: Context, found: Job) -> Job:
    """Take the hold off a complete job whose units withstood their disputes; if all are final, it is settled."""
    if found.status == JobStatus.LATE_DISPUTED:
        late = replace(found, status=JobStatus.LATE, late_height=ctx.block.height + 1)
        JOBS.save(ctx.store, found.job_id, late)
        return late
    resumed = replace(found, status=JobStatus.ASSERTED)
    JOBS.save(ctx.store, found.job_id, resumed)
    if all(rules.is_final(value) for value in units_of(ctx.store, found)):
        SETTLING.add(ctx.store, (ctx.block.height, found.job_id))
    return resumed


def record_paid(ctx: Context, value: Unit, amount: int) -> None:
    """Note what a unit of a failed attempt was paid out of a slash."""
    UNITS.save(ctx.store, key_of(value), replace(value, paid=value.paid + amount))


def retry(ctx: Context, found: Job, convicted: Iterable[bytes]) -> Job:
    """Run a job again from the same escrow, by a new draw and without those convicted; all other bonds are free."""
    for value in units_of(ctx.store, found):
        workers.release(ctx, value.operator, value.terms.bond)
        OPEN_UNITS.remove(ctx.store, (value.operator, key_of(value)))
    height = ctx.block.height
    waiting = replace(
        found,
        status=JobStatus.WAITING,
        attempt=found.attempt + 1,
        plan_id=0,
        num_stages=0,
        planned_height=0,
        asserted_height=0,
        round_index=0,
        expiry_height=height + params(ctx.store).expiry_blocks,
        output_tokens=0,
        tokens_root=b"",
        beacon=b"",
        excluded=tuple(sorted({*found.excluded, *convicted})),
    )
    waiting = replace(waiting, candidates=_candidates(ctx.store, waiting))
    JOBS.save(ctx.store, found.job_id, waiting)
    WAITING.add(ctx.store, (height + rules.DRAW_DELAY, found.job_id))
    EXPIRIES.add(ctx.store, (waiting.expiry_height, found.job_id))
    ctx.emit("JobRetried", job_id=found.job_id, attempt=waiting.attempt)
    return waiting


def take_hop_conflicts(ctx: Context) -> list[HopConflict]:
    """Take out the conflicts that this block found."""
    found = list(HOP_CONFLICTS.items(ctx.store))
    for key, _ in found:
        HOP_CONFLICTS.remove(ctx.store, key)
    return [conflict for _, conflict in found]


# Checks


def begin_checks(
    ctx: Context, found: Job, round_index: int, num_eligible: list[int], keep_until: int, late_until: int
) -> None:
    """Take a complete job into a round.

    `num_eligible` by stage, `keep_until` the last height of its proofs, `late_until` that of a claim that has a unit of
    it drawn again.
    """
    COMPLETE.remove(ctx.store, (found.asserted_height, found.job_id))
    drawn = replace(found, round_index=round_index, keep_until=max(keep_until, late_until), late_until=late_until)
    JOBS.save(ctx.store, found.job_id, drawn)
    for value, count in zip(units_of(ctx.store, found), num_eligible, strict=True):
        UNITS.save(ctx.store, key_of(value), replace(value, status=UnitStatus.CHECKING, num_eligible=count))


def record_opening(ctx: Context, value: Unit, salt: bytes, body_root: bytes) -> Unit:
    """Write the asserter's opened seal."""
    opened = replace(value, salt=salt, body_root=body_root, opened_height=ctx.block.height)
    UNITS.save(ctx.store, key_of(value), opened)
    return opened


def record_bait(ctx: Context, value: Unit, bait_root: bytes) -> Unit:
    """Write the false body_root that an asserter has sealed."""
    baited = replace(value, bait_root=bait_root)
    UNITS.save(ctx.store, key_of(value), baited)
    return baited


def finish_unit(ctx: Context, key: UnitKey, is_opened: bool) -> None:
    """Make a unit final; when all are, the job is settled."""
    value = unit(ctx.store, key)
    status = UnitStatus.FINAL if is_opened else UnitStatus.UNOPENED
    UNITS.save(ctx.store, key, replace(value, status=status))
    found = job(ctx.store, value.job_id)
    if found.status == JobStatus.ASSERTED and all(rules.is_final(other) for other in units_of(ctx.store, found)):
        SETTLING.add(ctx.store, (ctx.block.height, found.job_id))


def dispute_unit(ctx: Context, key: UnitKey) -> None:
    """Mark a unit whose answers differ and hold its job's money."""
    value = unit(ctx.store, key)
    UNITS.save(ctx.store, key, replace(value, status=UnitStatus.DISPUTED))
    freeze(ctx, job(ctx.store, value.job_id))


def refute_unit(ctx: Context, key: UnitKey) -> None:
    """Mark a unit that was proven false."""
    UNITS.save(ctx.store, key, replace(unit(ctx.store, key), status=UnitStatus.REFUTED))


# Ends


def check_pay(store: Reader, value: Unit) -> int:
    """Return what a check of a unit pays, by the work that its answer took."""
    found = job(store, value.job_id)
    header = models.model(store, found.model_root).header
    return rate_rules.check_pay_done(value.terms, rules.done_work(header, found, value))


def settle_due(ctx: Context) -> list[Job]:
    """Settle and return jobs whose units are all final, at most `settlements_per_block`, first come first served."""
    due: list[tuple[int, int]] = []
    for key in SETTLING.keys(ctx.store):
        if len(due) == params(ctx.store).settlements_per_block:
            break
        due.append(key)
    settled: list[Job] = []
    for key in due:
        SETTLING.remove(ctx.store, key)
        settled.append(settle(ctx, job(ctx.store, key[1])))
    return settled


def settle(ctx: Context, found: Job) -> Job:
    """Split a job's escrow among asserters, check pool, treasury and requester."""
    header = models.model(ctx.store, found.model_root).header
    to_pool = to_treasury = paid = 0
    is_opened = True
    for value in units_of(ctx.store, found):
        opened = value.status == UnitStatus.FINAL
        parts = rate_rules.settle(value.terms, rules.done_work(header, found, value), value.num_eligible, opened)
        bank.transfer(ctx, ESCROW, value.operator, parts.to_asserter)
        settled = replace(value, paid=parts.to_asserter, charged=parts.total, taxed=parts.to_treasury)
        UNITS.save(ctx.store, key_of(value), settled)
        paid += parts.total
        to_pool += parts.to_pool
        to_treasury += parts.to_treasury
        is_opened = is_opened and opened
    if paid > found.escrow:
        raise InvariantBroken(f"job {found.job_id} costs {paid}, its escrow is {found.escrow}")
    bank.transfer(ctx, ESCROW, CHECK_POOL, to_pool)
    bank.transfer(ctx, ESCROW, TREASURY, to_treasury)
    if all(value.salt or value.status == UnitStatus.UNOPENED for value in units_of(ctx.store, found)):
        found = replace(found, late_until=0)
    reason = CloseReason.SETTLED if is_opened else CloseReason.SETTLED_UNOPENED
    return _close(ctx, replace(found, paid=paid), JobStatus.FINAL, reason, 0)


def refund(ctx: Context, found: Job, reason: CloseReason, detail: int = 0) -> Job:
    """Close a job without settlement: the requester gets everything back."""
    return _close(ctx, found, JobStatus.CLOSED, reason, detail)


def expire_due(ctx: Context) -> None:
    """Close jobs whose plan or results did not come in time."""
    for key in list(EXPIRIES.keys(ctx.store, end=U64.pack(ctx.block.height + 1))):
        found = job(ctx.store, key[1])
        if found.status == JobStatus.WAITING:
            refund(ctx, found, CloseReason.NO_PLAN)
        else:
            refund(ctx, found, CloseReason.EXPIRED, rules.missing_stages(units_of(ctx.store, found))[0])


def deleted_height(store: Reader, closed: Job) -> int:
    """Return the height from which a closed job and all that belongs to it may be deleted."""
    return max(closed.closed_height + params(store).receipt_blocks, closed.keep_until) + 1


def _close(ctx: Context, found: Job, status: JobStatus, reason: CloseReason, detail: int) -> Job:
    bank.transfer(ctx, ESCROW, found.requester, found.escrow - found.paid)
    rates.drop_load(ctx, found.model_root, found.check_work, found.check_bond)
    height = ctx.block.height
    closed = replace(found, status=status, close_reason=reason, close_detail=detail, closed_height=height)
    JOBS.save(ctx.store, found.job_id, closed)
    units = units_of(ctx.store, closed)
    for value in units:
        workers.release(ctx, value.operator, value.terms.bond)
        OPEN_UNITS.remove(ctx.store, (value.operator, key_of(value)))
    EXPIRIES.remove(ctx.store, (found.expiry_height, found.job_id))
    COMPLETE.remove(ctx.store, (found.asserted_height, found.job_id))
    archive.append(ctx, RecordKind.JOB, U64.pack(found.job_id), ClosedJob(closed, units))
    archive.retire(ctx, deleted_height(ctx.store, closed), "jobs", _prefixes(closed))
    name = "JobSettled" if status == JobStatus.FINAL else "JobClosed"
    ctx.emit(name, job_id=found.job_id, reason=reason.name, detail=detail, refunded=found.escrow - found.paid)
    return closed


def _prefixes(found: Job) -> tuple[bytes, ...]:
    """Return a job's keys. Order: deletion may pause between two keys, and nothing left may name what is gone."""
    prefix = U64.pack(found.job_id)
    listed = BY_REQUESTER.prefix + ADDRESS.pack(found.requester) + prefix
    return listed, UNITS.prefix + prefix, JOBS.path(found.job_id)


# After settlement


def begin_late(ctx: Context, key: UnitKey, keep_until: int) -> Job:
    """Have a settled job wait for a late draw of one of its units, and keep its records for as long as that takes."""
    found = job(ctx.store, key[0])
    late = replace(found, keep_until=max(found.keep_until, keep_until))
    if found.status == JobStatus.FINAL:
        late = replace(late, status=JobStatus.LATE, late_height=ctx.block.height)
    JOBS.save(ctx.store, found.job_id, late)
    before, after = deleted_height(ctx.store, found), deleted_height(ctx.store, late)
    archive.postpone(ctx, before, after, "jobs", _prefixes(found))
    return late


def check_again(ctx: Context, key: UnitKey) -> None:
    """Mark a unit of a settled job that is drawn again."""
    UNITS.save(ctx.store, key, replace(unit(ctx.store, key), status=UnitStatus.CHECKING))


def end_late(ctx: Context, found: Job) -> None:
    """Make a job final again whose late draws showed nothing."""
    final = replace(found, status=JobStatus.FINAL)
    JOBS.save(ctx.store, found.job_id, final)
    _archive_late(ctx, final)
    ctx.emit("JobConfirmed", job_id=found.job_id)


def refute_late(ctx: Context, job_id: int, stage: int) -> None:
    """Close a settled job of which a late draw has convicted a unit. It is not run again: its escrow is spent."""
    found = job(ctx.store, job_id)
    closed = replace(
        found, status=JobStatus.CLOSED, close_reason=CloseReason.REFUTED_LATE, close_detail=stage, late_until=0
    )
    JOBS.save(ctx.store, job_id, closed)
    _archive_late(ctx, closed)
    reason = closed.close_reason.name
    ctx.emit("JobClosed", job_id=job_id, reason=reason, detail=stage, refunded=found.refunded)


def _archive_late(ctx: Context, found: Job) -> None:
    """Archive what a late draw made of a job, beside what was archived at its settlement."""
    record_id = U64.pack(found.job_id) + U64.pack(ctx.block.height)
    archive.append(ctx, RecordKind.JOB, record_id, ClosedJob(found, units_of(ctx.store, found)))


def record_refund(ctx: Context, job_id: int, amount: int) -> None:
    """Note what a late conviction gave back to the requester."""
    found = job(ctx.store, job_id)
    JOBS.save(ctx.store, job_id, replace(found, refunded=found.refunded + amount))

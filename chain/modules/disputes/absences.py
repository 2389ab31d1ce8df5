"""Results that do not come: what a worker signed stands in their place, and who had everything and is silent pays.

In the last quarter of a job's time anybody may show a final receipt. Of the stage that signed it as sender it says what
that stage has sent; of the next one, if it confirmed it, what that one has received. A stage of which both are known
and that has no result is asserted by them: T, in_root and out_root, and nothing about what lies between. Such a unit
has no seal to open; where a check of it is revealed, the dispute over its silence asks for the sections themselves.

A stage that confirmed all its input and still has no result when the job expires pays for it, once.
"""

from dataclasses import replace

from chain.context import Context
from chain.crypto.hashing import unit_id
from chain.errors import Code, Rejected
from chain.modules.accounts.keeper import address_of
from chain.modules.disputes import evidence, plays
from chain.modules.disputes.state import SHOWN, SHOWN_UNTIL
from chain.modules.disputes.types import MsgShowReceipt, MsgShowReceiptResponse, Shown
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs import rules as job_rules
from chain.modules.jobs.types import CloseReason, Job, JobStatus, Receipt, Unit, UnitStatus
from chain.modules.models import keeper as models
from chain.modules.rates import keeper as rates
from chain.modules.sampling import penalties
from chain.modules.sampling.types import PenaltyReason
from chain.modules.workers import keeper as workers
from chain.modules.workers import penalties as bonds
from chain.store.collections import U64
from chain.store.overlay import Reader

SHOW_GAS = 60_000
"""Two signatures at most, beside its bytes."""


def show_receipt(ctx: Context, msg: MsgShowReceipt) -> MsgShowReceiptResponse:
    """Record what a final receipt says of stages without a result, and assert those of which all is known.

    Raises: Rejected: UNKNOWN_JOB, CLAIM_EARLY, CLAIM_LATE, EVIDENCE_INVALID, NOTHING_SHOWN.
    """
    address_of(msg.sender, "sender")
    plays.params(ctx.store)
    job = _late_job(ctx, msg.job_id, msg.attempt)
    sender = jobs.unit(ctx.store, (job.job_id, (job.attempt, msg.stage)))
    receiver = None
    if msg.countersignature:
        if job.num_stages == 1:
            raise Rejected(Code.EVIDENCE_INVALID, "there is no other stage to confirm it")
        after = (msg.stage + 1) % job.num_stages
        receiver = jobs.unit(ctx.store, (job.job_id, (job.attempt, after)))
    tokens = _require_final(ctx, job, sender, receiver, msg)
    is_new = _note(ctx, job, sender, replace(_shown(ctx.store, sender), out_root=msg.receipt.root, sent=tokens))
    if receiver is not None:
        after_it = replace(_shown(ctx.store, receiver), in_root=msg.receipt.root, received=tokens)
        is_new = _note(ctx, job, receiver, after_it) or is_new
    if not is_new:
        raise Rejected(Code.NOTHING_SHOWN, "the stages of the receipt have results, or it was shown")
    stages = (sender, receiver) if receiver is not None else (sender,)
    return MsgShowReceiptResponse(tuple(unit.stage for unit in stages if _assert(ctx, unit)))


def _late_job(ctx: Context, job_id: int, attempt: int) -> Job:
    job = jobs.job(ctx.store, job_id)
    if attempt != job.attempt or job.status != JobStatus.RUNNING:
        raise Rejected(Code.CLAIM_LATE, f"the job is {job.status.name} at attempt {job.attempt}")
    first = evidence.shown_from(jobs.params(ctx.store), job)
    if ctx.block.height < first:
        raise Rejected(Code.CLAIM_EARLY, f"receipts stand in for results from height {first} on")
    return job


def _require_final(ctx: Context, job: Job, sender: Unit, receiver: Unit | None, msg: MsgShowReceipt) -> int:
    """Return T as a final receipt has it. Raises: Rejected: EVIDENCE_INVALID."""
    of_unit = unit_id(ctx.block.chain, job.job_id, job.attempt, sender.stage)
    signers: list[tuple[Unit, Receipt]] = [(sender, msg.receipt)]
    if receiver is not None:
        signers.append((receiver, replace(msg.receipt, signature=msg.countersignature)))
    for unit, receipt in signers:
        key = workers.worker(ctx.store, unit.operator).keys.hot_key
        evidence.require_signed(receipt, of_unit, sender.revision, key)
    is_last = sender.stage == job.num_stages - 1
    tokens = msg.receipt.count if is_last else msg.receipt.count - job.prompt_tokens + 1
    if not msg.receipt.is_final or not 1 <= tokens <= job.max_tokens:
        raise Rejected(Code.EVIDENCE_INVALID, "the receipt is not a final one of this job")
    return tokens


def _shown(store: Reader, unit: Unit) -> Shown:
    return SHOWN.find(store, jobs.key_of(unit)) or Shown()


def _note(ctx: Context, job: Job, unit: Unit, told: Shown) -> bool:
    """Write what is newly known of a stage without a result; what was shown first stands."""
    key, known = jobs.key_of(unit), _shown(ctx.store, unit)
    if known.sent:
        told = replace(told, out_root=known.out_root, sent=known.sent)
    if known.received:
        told = replace(told, in_root=known.in_root, received=known.received)
    if unit.status != UnitStatus.PENDING or told == known:
        return False
    SHOWN.save(ctx.store, key, told)
    SHOWN_UNTIL.add(ctx.store, (job.expiry_height, key))
    return True


def _assert(ctx: Context, unit: Unit) -> bool:
    """Take what is known of a stage as its result, if it is all that a result needs, and agrees with the others."""
    job, told = jobs.job(ctx.store, unit.job_id), _shown(ctx.store, unit)
    is_first, is_alone = unit.stage == 0, job.num_stages == 1
    if unit.status != UnitStatus.PENDING or not told.sent or (told.received != told.sent and not is_alone):
        return False
    if job.output_tokens not in (0, told.sent):
        return False
    if is_first and job.tokens_root and not is_alone and job.tokens_root != told.in_root:
        return False  # it was fed something else than was committed to; the last stage answers for that
    in_root = b"" if is_first else told.in_root
    result = replace(
        unit,
        tokens=told.sent,
        in_root=in_root,
        out_root=told.out_root,
        submitted_height=ctx.block.height,
        is_cancelled=unit.stage == job.num_stages - 1,
    )
    jobs.record_result(ctx, job, result)
    ctx.emit("ResultShown", job_id=job.job_id, attempt=job.attempt, stage=unit.stage, tokens=told.sent)
    return True


def end_due(ctx: Context) -> None:
    """Forget what was shown for jobs whose time is over; who had everything and has no result pays."""
    due = list(SHOWN_UNTIL.keys(ctx.store, end=U64.pack(ctx.block.height + 1)))
    for entry in due:
        key = entry[1]
        told = SHOWN.find(ctx.store, key)
        SHOWN_UNTIL.remove(ctx.store, entry)
        SHOWN.remove(ctx.store, key)
        job, unit = jobs.find_job(ctx.store, key[0]), jobs.find_unit(ctx.store, key)
        if told is None or job is None or unit is None:
            continue
        is_missing = unit.status == UnitStatus.PENDING and job.attempt == unit.attempt
        if is_missing and told.received and job.close_reason == CloseReason.EXPIRED:
            _charge(ctx, job, unit)


def _charge(ctx: Context, job: Job, unit: Unit) -> None:
    """Take what a missing result costs, to the work of those whose results came.

    Who is silent may only be offline: what this epoch's share for absence does not cover is forgiven.
    """
    key, price = jobs.key_of(unit), min(unit.terms.bond // 4, rates.params(ctx.store).job_fee)
    amount = min(price, bonds.absence_left(ctx.store), workers.worker(ctx.store, unit.operator).bond)
    header = models.model(ctx.store, job.model_root).header
    others = [other for other in jobs.units_of(ctx.store, job) if other.status != UnitStatus.PENDING]
    done = {jobs.key_of(other): job_rules.done_work(header, job, other) for other in others}
    left = amount
    for other in others:
        share = amount * done[jobs.key_of(other)] // sum(done.values())
        left -= share
        penalties.take(ctx, unit.operator, other.operator, share, PenaltyReason.MISSING_RESULT, key)
    penalties.take(ctx, unit.operator, jobs.TREASURY, left, PenaltyReason.MISSING_RESULT, key)
    ctx.emit(
        "ResultMissing",
        job_id=job.job_id,
        attempt=job.attempt,
        stage=unit.stage,
        amount=amount,
        forgiven=price - amount,
    )

"""Claims: disagreements that one message settles, without recomputing anything.

A claim carries its proof, and anybody may send it. One that proves nothing is refused and costs its sender the fee; so
no deposit is at stake, as it is in the game, where a challenge binds others before it is decided.
"""

from chain.context import Context
from chain.crypto.hashing import unit_id
from chain.errors import Code, Rejected
from chain.modules.accounts.keeper import address_of
from chain.modules.disputes import bounds, evidence, fees, keeper, plays, verdicts
from chain.modules.disputes.types import (
    Dispute,
    DisputeKind,
    MsgClaimBounds,
    MsgClaimBoundsResponse,
    MsgClaimReceipt,
    MsgClaimResponse,
    MsgClaimStop,
    Role,
)
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs import rules as job_rules
from chain.modules.jobs.types import Job, JobStatus, Unit, UnitStatus
from chain.modules.models import keeper as models
from chain.modules.workers import keeper as workers

CLAIM_GAS = 100_000
"""A claim, beside its bytes: one signature or opening, and the end of an attempt."""

BOUNDS_GAS = 250_000
"""Of a row of a model: at most 24 KiB of hashing, and two looks at 16,384 weights."""


def claim_receipt(ctx: Context, msg: MsgClaimReceipt) -> MsgClaimResponse:
    """Convict a stage by a receipt it signed. Raises: Rejected: EVIDENCE_INVALID, NO_CONTRADICTION, and others."""
    sender = _claimant(ctx, msg.sender)
    job, unit = _begin(ctx, msg.job_id, msg.attempt, msg.stage)
    if msg.role == Role.UNSPECIFIED or (msg.role == Role.RECEIVER and job.num_stages == 1):
        raise Rejected(Code.EVIDENCE_INVALID, "role: SENDER, or RECEIVER where there is another stage")
    is_sender = msg.role == Role.SENDER
    signer = unit.stage if is_sender else (unit.stage - 1) % job.num_stages
    subject = jobs.unit(ctx.store, (job.job_id, (job.attempt, signer)))
    of_unit = unit_id(ctx.block.chain, job.job_id, job.attempt, signer)
    key = workers.worker(ctx.store, unit.operator).keys.hot_key
    evidence.require_signed(msg.receipt, of_unit, subject.revision, key)
    committed = evidence.output_of(job, unit) if is_sender else evidence.input_of(job, unit)
    evidence.require_contradiction(committed, msg.receipt, msg.prefix, job.blind_hash)
    shown = keeper.new_dispute(ctx.store, DisputeKind.RECEIPT, unit, sender, out_root=msg.receipt.root)
    return _settle(ctx, shown, sender, fees.least(ctx, CLAIM_GAS, msg))


def claim_stop(ctx: Context, msg: MsgClaimStop) -> MsgClaimResponse:
    """Convict a last stage by one token of its answer. Raises: Rejected: EVIDENCE_INVALID, NO_CONTRADICTION, others."""
    sender = _claimant(ctx, msg.sender)
    last = jobs.job(ctx.store, msg.job_id).num_stages - 1
    job, unit = _begin(ctx, msg.job_id, msg.attempt, last)
    token = evidence.require_token(unit, msg.index, msg.leaf, msg.siblings)
    if not evidence.is_wrong_end(job, unit, msg.index, token):
        raise Rejected(Code.NO_CONTRADICTION, "the token does not show that the answer should end elsewhere")
    shown = keeper.new_dispute(ctx.store, DisputeKind.STOP, unit, sender)
    return _settle(ctx, shown, sender, fees.least(ctx, CLAIM_GAS, msg))


def claim_bounds(ctx: Context, msg: MsgClaimBounds) -> MsgClaimBoundsResponse:
    """Freeze a model of which a row breaks a bound, and refund its jobs; nobody is slashed.

    Raises: Rejected: UNKNOWN_MODEL, CLAIM_LATE, EVIDENCE_INVALID, NO_CONTRADICTION.
    """
    plays.params(ctx.store)
    model = models.model(ctx.store, msg.model_root)
    if model.is_frozen:
        raise Rejected(Code.CLAIM_LATE, "the model is frozen already")
    body = bounds.require_leaf(model.header, msg.model_root, msg.tensor, msg.row, msg.opening)
    rule = bounds.find_broken_bound(model.header, msg.tensor, msg.row, body)
    if rule is None:
        raise Rejected(Code.NO_CONTRADICTION, "the row keeps every bound")
    ctx.emit("BoundBroken", model_root=msg.model_root.hex(), tensor=msg.tensor, row=msg.row, rule=rule)
    verdicts.freeze_model(ctx, msg.model_root)
    return MsgClaimBoundsResponse(rule)


def _begin(ctx: Context, job_id: int, attempt: int, stage: int) -> tuple[Job, Unit]:
    """Return a unit that may still be convicted, and its job.

    Raises: Rejected: NOT_PLAYED, UNKNOWN_JOB, CLAIM_EARLY, CLAIM_LATE.
    """
    plays.params(ctx.store)
    job = jobs.job(ctx.store, job_id)
    if attempt != job.attempt or job.status not in (JobStatus.RUNNING, JobStatus.ASSERTED, JobStatus.DISPUTED):
        raise Rejected(Code.CLAIM_LATE, f"the job is {job.status.name} at attempt {job.attempt}")
    unit = jobs.unit(ctx.store, (job_id, (attempt, stage)))
    if unit.status == UnitStatus.PENDING:
        raise Rejected(Code.CLAIM_EARLY, "the unit has committed to nothing yet")
    if verdicts.is_decided(ctx.store, job, stage) or job_rules.is_final(unit):
        raise Rejected(Code.CLAIM_LATE, "the unit is final, or its asserter is convicted")
    return job, unit


def _claimant(ctx: Context, sender: str) -> bytes:
    """Return who claims: of a worker's hot key its operator."""
    address = address_of(sender, "sender")
    worker = workers.find_by_address(ctx.store, address)
    return address if worker is None else worker.operator


def _settle(ctx: Context, shown: Dispute, winner: bytes, paid: int) -> MsgClaimResponse:
    """Convict the asserter of the unit that a dispute is about; the unit's windows go on until all have spoken."""
    jobs.freeze(ctx, jobs.job(ctx.store, shown.job_id))
    opened = keeper.open_dispute(ctx, shown)
    verdicts.convict(ctx, opened, winner, paid, is_false=False)
    return MsgClaimResponse(opened.dispute_id)

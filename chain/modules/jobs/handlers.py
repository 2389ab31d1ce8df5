"""What users and workers may ask of the jobs module."""

from dataclasses import replace

from chain.context import Context
from chain.crypto.hashing import cancel_bytes, stage_zero_input
from chain.crypto.keys import verify_ed25519
from chain.errors import Code, Rejected
from chain.modules.accounts.keeper import address_of
from chain.modules.jobs import keeper, rules
from chain.modules.jobs.types import (
    CloseReason,
    Job,
    JobStatus,
    MsgRequestJob,
    MsgRequestJobResponse,
    MsgSubmitResult,
    MsgSubmitResultResponse,
    Unit,
    UnitStatus,
)
from chain.modules.models import keeper as models
from chain.modules.rates import keeper as rates
from chain.modules.rates.rules import Refusal
from chain.modules.workers import keeper as workers

SIGNATURE_GAS = 5_000
"""One ed25519 verification."""


def request_job(ctx: Context, msg: MsgRequestJob) -> MsgRequestJobResponse:
    """Accept a job and lock its escrow.

    Raises: Rejected: UNKNOWN_MODEL, MODEL_FROZEN, CONTEXT_TOO_LONG, SAMPLER_INVALID, NO_LIVE_PLAN, VALUE_TOO_LARGE,
    ESCROW_TOO_SMALL, CHECK_CAPACITY, INSUFFICIENT_FUNDS.
    """
    requester = address_of(msg.requester, "requester")
    model = models.model(ctx.store, msg.model_root)
    if model.is_frozen:
        raise Rejected(Code.MODEL_FROZEN, "the model takes no new jobs")
    params = keeper.params(ctx.store)
    rules.require_request(params, model.header, msg)
    offers = keeper.offers(ctx.store, model, msg.prompt_tokens, msg.max_tokens, msg.value)
    accepted = require_offers(offers)
    escrow = max(offer.escrow for offer in accepted)
    if escrow > msg.max_escrow:
        raise Rejected(Code.ESCROW_TOO_SMALL, f"the job needs an escrow of {escrow} uostr, max_escrow allows less")
    height = ctx.block.height
    job = keeper.open_job(
        ctx,
        Job(
            job_id=0,
            requester=requester,
            model_root=msg.model_root,
            prompt_root=msg.prompt_root,
            blind_hash=msg.blind_hash,
            prompt_tokens=msg.prompt_tokens,
            max_tokens=msg.max_tokens,
            sampler=msg.sampler,
            seed=msg.seed,
            stop_ids=msg.stop_ids,
            value=msg.value,
            session_key=msg.session_key,
            escrow=escrow,
            status=JobStatus.WAITING,
            attempt=0,
            plan_id=0,
            num_stages=0,
            requested_height=height,
            planned_height=0,
            asserted_height=0,
            round_index=0,
            closed_height=0,
            close_reason=CloseReason.NONE,
            close_detail=0,
            expiry_height=height + params.expiry_blocks,
            output_tokens=0,
            tokens_root=b"",
            candidates=tuple(offer.plan.plan_id for offer in accepted),
            fulfilled=rates.fulfilled(ctx.store, msg.model_root),
            check_work=max(rates.load(ctx.store, msg.model_root, offer.terms) for offer in accepted),
            check_bond=max(rates.bond_load(ctx.store, msg.model_root, offer.terms) for offer in accepted),
        ),
    )
    ctx.emit("JobRequested", job_id=job.job_id, requester=msg.requester, escrow=escrow)
    return MsgRequestJobResponse(job.job_id, escrow)


def require_offers(offers: list[rules.Offer | Refusal]) -> list[rules.Offer]:
    """Return the plans that can run the job. Raises: Rejected: NO_LIVE_PLAN, VALUE_TOO_LARGE naming V_max."""
    if not offers:
        raise Rejected(Code.NO_LIVE_PLAN, "no plan is live for the model; wait until workers have offered one")
    accepted = [offer for offer in offers if isinstance(offer, rules.Offer)]
    if accepted:
        return accepted
    known = [offer.largest_value for offer in offers if isinstance(offer, Refusal) and offer.largest_value is not None]
    if not known:
        raise Rejected(Code.VALUE_TOO_LARGE, "the work of this job is beyond what any bond covers; ask for less")
    raise Rejected(Code.VALUE_TOO_LARGE, f"the largest value that is accepted is {max(known)} uostr")


def submit_result(ctx: Context, msg: MsgSubmitResult) -> MsgSubmitResultResponse:
    """Take one stage's commitment, in any order of stages.

    Raises: Rejected: UNKNOWN_WORKER, UNKNOWN_JOB, NOT_ASSIGNED, JOB_NOT_OPEN, ALREADY_SUBMITTED, WRONG_COUNT,
    RECEIPT_INVALID, WRONG_INPUT, CANCEL_INVALID.
    """
    worker = workers.by_hot_address(ctx.store, address_of(msg.sender, "sender"))
    job = keeper.job(ctx.store, msg.job_id)
    if job.status == JobStatus.WAITING:
        raise Rejected(Code.JOB_NOT_OPEN, "the plan of the job is not drawn yet")
    unit = keeper.find_unit(ctx.store, (msg.job_id, (msg.attempt, msg.stage)))
    if unit is None or unit.operator != worker.operator:
        raise Rejected(Code.NOT_ASSIGNED, "the unit is not the sender's")
    if unit.status != UnitStatus.PENDING:
        raise Rejected(Code.ALREADY_SUBMITTED, "the unit has its one commitment")
    if job.status not in (JobStatus.RUNNING, JobStatus.DISPUTED) or ctx.block.height > job.expiry_height:
        raise Rejected(Code.JOB_NOT_OPEN, f"the job is {job.status.name} and takes no results")
    if msg.attempt != job.attempt:
        raise Rejected(Code.JOB_NOT_OPEN, f"the job is at attempt {job.attempt}")
    require_result(job, unit, msg)
    in_root = require_input(ctx, job, unit, msg)
    is_cancelled = bool(msg.cancel) and require_cancel(ctx, job, unit, msg)
    result = replace(
        unit,
        tokens=msg.tokens,
        in_root=in_root,
        out_root=msg.out_root,
        seal=msg.seal,
        submitted_height=ctx.block.height,
        is_cancelled=is_cancelled,
    )
    is_complete = keeper.record_result(ctx, job, result)
    ctx.emit("ResultSubmitted", job_id=job.job_id, attempt=job.attempt, stage=unit.stage, tokens=msg.tokens)
    return MsgSubmitResultResponse(is_complete)


def require_result(job: Job, unit: Unit, msg: MsgSubmitResult) -> None:
    """Check a result's counts and lengths. Raises: Rejected: INVALID_REQUEST, WRONG_COUNT."""
    if len(msg.out_root) != 32 or len(msg.seal) != 32:
        raise Rejected(Code.INVALID_REQUEST, "out_root and seal: 32 bytes")
    if msg.revision != unit.revision:
        raise Rejected(Code.WRONG_COUNT, f"the unit is at revision {unit.revision}")
    if not 1 <= msg.tokens <= job.max_tokens:
        raise Rejected(Code.WRONG_COUNT, f"tokens: 1..{job.max_tokens}")
    if job.output_tokens and msg.tokens != job.output_tokens:
        raise Rejected(Code.WRONG_COUNT, f"the other results of the job have {job.output_tokens} tokens")


def require_input(ctx: Context, job: Job, unit: Unit, msg: MsgSubmitResult) -> bytes:
    """Return the unit's in_root: what upstream signed, or what the chain computes; empty until it can.

    Raises: Rejected: WRONG_INPUT, RECEIPT_INVALID, WRONG_COUNT.
    """
    if unit.stage == 0:
        if msg.in_root or msg.receipt is not None:
            raise Rejected(Code.WRONG_INPUT, "the chain computes the input of stage 0; leave in_root and receipt out")
        tokens_root = msg.out_root if job.num_stages == 1 else job.tokens_root
        return stage_zero_input(job.prompt_root, tokens_root) if tokens_root else b""
    if msg.receipt is None:
        raise Rejected(Code.RECEIPT_INVALID, "the final receipt of the upstream stage is missing")
    ctx.gas.charge(SIGNATURE_GAS, "receipt")
    upstream = keeper.unit(ctx.store, (job.job_id, (job.attempt, unit.stage - 1)))
    hot_key = workers.worker(ctx.store, upstream.operator).keys.hot_key
    rules.require_receipt(ctx.block.chain, job, upstream, hot_key, msg.tokens, msg.receipt)
    if msg.in_root != msg.receipt.root:
        raise Rejected(Code.WRONG_INPUT, "in_root is not the root of the receipt")
    return msg.in_root


def require_cancel(ctx: Context, job: Job, unit: Unit, msg: MsgSubmitResult) -> bool:
    """Check that the requester wished the answer to end where it does. Raises: Rejected: CANCEL_INVALID."""
    if unit.stage != job.num_stages - 1:
        raise Rejected(Code.CANCEL_INVALID, "only the last stage ends an answer")
    ctx.gas.charge(SIGNATURE_GAS, "cancel")
    signed = cancel_bytes(ctx.block.chain, job.job_id, job.attempt, msg.tokens)
    if not verify_ed25519(job.session_key, signed, msg.cancel):
        raise Rejected(Code.CANCEL_INVALID, f"the session key has not signed an end after {msg.tokens} tokens")
    return True

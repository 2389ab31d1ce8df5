"""Opening a baited seal: the one message of canaries."""

from chain.context import Context
from chain.crypto.hashing import canary_salt, seal, trace_root
from chain.errors import Code, Rejected
from chain.modules.accounts.keeper import address_of
from chain.modules.bank import keeper as bank
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.state import UnitKey
from chain.modules.jobs.types import Job, JobStatus
from chain.modules.rates import keeper as rates
from chain.modules.sampling import keeper
from chain.modules.sampling.canaries import is_drawn
from chain.modules.sampling.types import CheckPhase, Empty, MsgOpenCanary, UnitCheck
from chain.modules.workers import keeper as workers


def open_canary(ctx: Context, msg: MsgOpenCanary) -> Empty:
    """Open a baited seal: in place of the usual opening, before the first reveal of a dispute, or later, if nobody has
    checked and the unit counts.

    Raises: Rejected: NOT_ASSIGNED, CANARY_INVALID, SEAL_MISMATCH, WINDOW_CLOSED, NOT_A_CANARY.
    """
    worker = workers.by_hot_address(ctx.store, address_of(msg.sender, "sender"))
    key: UnitKey = (msg.job_id, (msg.attempt, msg.stage))
    unit, check = jobs.unit(ctx.store, key), keeper.check(ctx.store, key)
    if unit.operator != worker.operator:
        raise Rejected(Code.NOT_ASSIGNED, "the unit is not the sender's")
    for name in ("secret", "bait_root", "body_root"):
        if len(getattr(msg, name)) != 32:
            raise Rejected(Code.INVALID_REQUEST, f"{name}: 32 bytes")
    if msg.bait_root == msg.body_root:
        raise Rejected(Code.CANARY_INVALID, "bait and truth are the same; open the seal as any other")
    salt = canary_salt(check.unit, msg.secret, msg.body_root)
    root = trace_root(check.unit, unit.in_root, msg.bait_root, unit.out_root)
    if seal(worker.operator, check.unit, salt, root) != unit.seal:
        raise Rejected(Code.SEAL_MISMATCH, "secret, bait and body_root do not give the sealed value")
    if unit.salt:
        raise Rejected(Code.ALREADY_REVEALED, "the seal is open")
    paid = 0
    if check.phase == CheckPhase.OPEN:
        baited = jobs.record_bait(ctx, unit, msg.bait_root)
        keeper.record_opening(ctx, baited, check, salt, msg.body_root)
    elif _is_in_dispute(jobs.job(ctx.store, unit.job_id), check):
        # The first reveal of a dispute asks for the seal's opening, whatever the window; this is that of a baited one.
        jobs.record_opening(ctx, jobs.record_bait(ctx, unit, msg.bait_root), salt, msg.body_root)
        keeper.compare_bodies(ctx, key)
    elif check.phase == CheckPhase.DONE and not check.num_reveals:
        if not is_drawn(ctx.store, unit, keeper.find_earlier(ctx.store, key) or check):
            raise Rejected(Code.NOT_A_CANARY, "the draw of the epoch's canaries has not taken this unit, or is to come")
        jobs.record_opening(ctx, jobs.record_bait(ctx, unit, msg.bait_root), salt, msg.body_root)
        paid = min(rates.params(ctx.store).commit_fee, bank.balance(ctx.store, jobs.TREASURY))
        bank.transfer(ctx, jobs.TREASURY, worker.operator, paid)
    else:
        raise Rejected(Code.WINDOW_CLOSED, f"the unit is in phase {check.phase.name}, seals are not opened")
    ctx.emit("CanaryOpened", job_id=msg.job_id, attempt=msg.attempt, stage=msg.stage, paid=paid)
    return Empty()


def _is_in_dispute(job: Job, check: UnitCheck) -> bool:
    """Say whether a dispute may ask for the seal: of a settled job only the units that are drawn late can be in one."""
    if job.status == JobStatus.LATE_DISPUTED:
        return bool(check.late_height) and check.phase in (CheckPhase.REVEAL, CheckPhase.DISPUTED)
    return job.status == JobStatus.DISPUTED

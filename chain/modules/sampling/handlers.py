"""What workers may ask of the sampling module."""

from dataclasses import replace

from chain.context import Context
from chain.crypto.hashing import check_seal, seal, trace_root, unit_id
from chain.errors import Code, Rejected
from chain.modules.accounts.keeper import address_of
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.state import UnitKey
from chain.modules.sampling import claims, epochs, keeper, rules
from chain.modules.sampling.types import (
    CheckPhase,
    Empty,
    MsgClaimDuty,
    MsgClaimDutyResponse,
    MsgCommitCheck,
    MsgOpenEpoch,
    MsgOpenEpochResponse,
    MsgOpenResult,
    MsgRevealCheck,
    MsgShowSeal,
    MsgShowSealResponse,
)
from chain.modules.workers import keeper as workers

PROOF_GAS = 20_000
"""One VRF verification."""


def commit_check(ctx: Context, msg: MsgCommitCheck) -> Empty:
    """Commit to a check. Raises: Rejected: WINDOW_CLOSED, NOT_ELIGIBLE, ALREADY_COMMITTED, BOND_TOO_SMALL."""
    worker = workers.by_hot_address(ctx.store, address_of(msg.sender, "sender"))
    key: UnitKey = (msg.job_id, (msg.attempt, msg.stage))
    unit, check = jobs.unit(ctx.store, key), keeper.check(ctx.store, key)
    if check.phase not in (CheckPhase.COMMIT, CheckPhase.COMMIT_AGAIN):
        raise Rejected(Code.WINDOW_CLOSED, f"the unit is in phase {check.phase.name}, commits are not taken")
    found = epochs.find_place(ctx.store, check.epoch, worker.operator)
    if found is None or not rules.has_bit(check.eligible, found.index):
        raise Rejected(Code.NOT_ELIGIBLE, "the worker may not check this unit")
    if keeper.find_commit(ctx.store, key, worker.operator) is not None:
        raise Rejected(Code.ALREADY_COMMITTED, "the worker has committed to this unit")
    if len(msg.seal) != 32:
        raise Rejected(Code.INVALID_REQUEST, "seal: 32 bytes")
    keeper.record_commit(ctx, key, check, worker.operator, msg.seal, unit.terms.bond)
    ctx.emit("CheckCommitted", job_id=msg.job_id, attempt=msg.attempt, stage=msg.stage, checker=worker.operator.hex())
    return Empty()


def reveal_check(ctx: Context, msg: MsgRevealCheck) -> Empty:
    """Open a committed check. Raises: Rejected: WINDOW_CLOSED, NOT_COMMITTED, ALREADY_REVEALED, SEAL_MISMATCH."""
    worker = workers.by_hot_address(ctx.store, address_of(msg.sender, "sender"))
    key: UnitKey = (msg.job_id, (msg.attempt, msg.stage))
    unit, check = jobs.unit(ctx.store, key), keeper.check(ctx.store, key)
    # A unit that one reveal has disputed still takes the others, for they are evidence and earn their pay.
    is_late = check.phase == CheckPhase.DISPUTED and ctx.block.height > check.phase_end
    if check.phase not in (CheckPhase.REVEAL, CheckPhase.DISPUTED) or is_late:
        raise Rejected(Code.WINDOW_CLOSED, f"the unit is in phase {check.phase.name}, reveals are not taken")
    commit = keeper.find_commit(ctx.store, key, worker.operator)
    if commit is None:
        raise Rejected(Code.NOT_COMMITTED, "the worker has not committed to this unit")
    if commit.reveal_height:
        raise Rejected(Code.ALREADY_REVEALED, "the commitment has been revealed")
    for name in ("salt", "body_root", "out_root"):
        if len(getattr(msg, name)) != 32:
            raise Rejected(Code.INVALID_REQUEST, f"{name}: 32 bytes")
    if check_seal(worker.operator, check.unit, msg.salt, msg.body_root, msg.out_root) != commit.seal:
        raise Rejected(Code.SEAL_MISMATCH, "salt and roots do not give the committed seal")
    opened = replace(
        commit, salt=msg.salt, body_root=msg.body_root, out_root=msg.out_root, reveal_height=ctx.block.height
    )
    keeper.record_reveal(ctx, unit, check, opened)
    ctx.emit("CheckRevealed", job_id=msg.job_id, attempt=msg.attempt, stage=msg.stage, checker=worker.operator.hex())
    return Empty()


def open_result(ctx: Context, msg: MsgOpenResult) -> Empty:
    """Open the asserter's seal. Raises: Rejected: NOT_ASSIGNED, NOTHING_TO_OPEN, WINDOW_CLOSED, SEAL_MISMATCH."""
    worker = workers.by_hot_address(ctx.store, address_of(msg.sender, "sender"))
    key: UnitKey = (msg.job_id, (msg.attempt, msg.stage))
    unit, check = jobs.unit(ctx.store, key), keeper.check(ctx.store, key)
    if unit.operator != worker.operator:
        raise Rejected(Code.NOT_ASSIGNED, "the unit is not the sender's")
    if check.phase not in (CheckPhase.OPEN, CheckPhase.DONE, CheckPhase.DISPUTED) and not check.num_reveals:
        raise Rejected(Code.NOTHING_TO_OPEN, "nobody has revealed against this unit")
    if check.phase != CheckPhase.OPEN:
        raise Rejected(Code.WINDOW_CLOSED, f"the unit is in phase {check.phase.name}, seals are not opened")
    if len(msg.salt) != 32 or len(msg.body_root) != 32:
        raise Rejected(Code.INVALID_REQUEST, "salt and body_root: 32 bytes")
    root = trace_root(check.unit, unit.in_root, msg.body_root, unit.out_root)
    if seal(worker.operator, check.unit, msg.salt, root) != unit.seal:
        raise Rejected(Code.SEAL_MISMATCH, "salt and body_root do not give the sealed value")
    keeper.record_opening(ctx, unit, check, msg.salt, msg.body_root)
    ctx.emit("ResultOpened", job_id=msg.job_id, attempt=msg.attempt, stage=msg.stage)
    return Empty()


def open_epoch(ctx: Context, msg: MsgOpenEpoch) -> MsgOpenEpochResponse:
    """Publish an epoch's VRF proof. Raises: Rejected: NOT_DUE, PROOF_ALREADY_OPENED, WINDOW_CLOSED, INVALID_PROOF."""
    worker = workers.by_hot_address(ctx.store, address_of(msg.sender, "sender"))
    owed = epochs.find_proof(ctx.store, msg.epoch, worker.operator)
    if owed is None:
        raise Rejected(Code.NOT_DUE, f"the worker owes no proof for epoch {msg.epoch}")
    if owed.beta:
        raise Rejected(Code.PROOF_ALREADY_OPENED, f"the proof for epoch {msg.epoch} is on the chain")
    params = keeper.params(ctx.store)
    first, last = rules.proofs_from(params, msg.epoch), rules.proofs_until(params, msg.epoch)
    if not first <= ctx.block.height <= last:
        raise Rejected(Code.WINDOW_CLOSED, f"proofs of epoch {msg.epoch} are taken at heights {first} to {last}")
    ctx.gas.charge(PROOF_GAS, "VRF proof")
    num_paid, amount = epochs.open_proof(ctx, owed, msg.proof)
    ctx.emit("EpochOpened", epoch=msg.epoch, operator=worker.operator.hex(), num_paid=num_paid, amount=amount)
    return MsgOpenEpochResponse(num_paid, amount)


def claim_duty(ctx: Context, msg: MsgClaimDuty) -> MsgClaimDutyResponse:
    """Take what an unmet duty costs.

    Raises: Rejected: UNKNOWN_JOB, WINDOW_CLOSED, NOT_ELIGIBLE, PROOF_NOT_OPEN, ALREADY_CLAIMED, DUTY_MET, PENALTY_CAP.
    """
    claimer, checker = address_of(msg.sender, "sender"), address_of(msg.checker, "checker")
    key: UnitKey = (msg.job_id, (msg.attempt, msg.stage))
    found = claims.claim(ctx, key, checker, claimer)
    ctx.emit(
        "DutyClaimed",
        job_id=msg.job_id,
        attempt=msg.attempt,
        stage=msg.stage,
        checker=checker.hex(),
        amount=found.amount,
        share=found.share,
    )
    return MsgClaimDutyResponse(found.amount, found.share)


def show_seal(ctx: Context, msg: MsgShowSeal) -> MsgShowSealResponse:
    """Show a leaked opening of somebody else's seal.

    Raises: Rejected: UNKNOWN_JOB, UNKNOWN_WORKER, WINDOW_CLOSED, ALREADY_CLAIMED, OWN_SEAL, NOT_COMMITTED,
    SEAL_MISMATCH, INVALID_REQUEST.
    """
    sender, author = address_of(msg.sender, "sender"), workers.worker(ctx.store, address_of(msg.author, "author"))
    key: UnitKey = (msg.job_id, (msg.attempt, msg.stage))
    unit = claims.require_sealed(ctx.store, key, author.operator)
    if sender in (author.operator, author.hot_address):
        raise Rejected(Code.OWN_SEAL, "the seal is the sender's own")
    if len(msg.salt) != 32 or len(msg.body_root) != 32:
        raise Rejected(Code.INVALID_REQUEST, "salt and body_root: 32 bytes")
    identity = unit_id(ctx.block.chain, msg.job_id, msg.attempt, msg.stage)
    if author.operator == unit.operator:
        if not unit.seal or not unit.in_root:
            raise Rejected(Code.NOT_COMMITTED, "the asserter has not committed yet, or the unit's input is not known")
        root = trace_root(identity, unit.in_root, msg.body_root, unit.out_root)
        if msg.out_root:
            raise Rejected(Code.INVALID_REQUEST, "out_root: empty for the asserter's seal; its result has it")
        is_opening = seal(author.operator, identity, msg.salt, root) == unit.seal
    else:
        commit = keeper.find_commit(ctx.store, key, author.operator)
        if commit is None:
            raise Rejected(Code.NOT_COMMITTED, "the author has not committed to this unit")
        if len(msg.out_root) != 32:
            raise Rejected(Code.INVALID_REQUEST, "out_root: 32 bytes")
        is_opening = check_seal(author.operator, identity, msg.salt, msg.body_root, msg.out_root) == commit.seal
    if not is_opening:
        raise Rejected(Code.SEAL_MISMATCH, "salt and roots do not give the sealed value")
    amount, share = claims.punish_leak(ctx, key, unit, author.operator, sender)
    ctx.emit(
        "SealShown",
        job_id=msg.job_id,
        attempt=msg.attempt,
        stage=msg.stage,
        author=author.operator.hex(),
        amount=amount,
        share=share,
    )
    return MsgShowSealResponse(amount, share)

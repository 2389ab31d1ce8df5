"""What anybody may claim: the price of a duty that was not done, and of a seal that was given away.

A duty costs no chain data: from its worker's epoch proof on, anybody verifies each of its tickets with one hash and may
claim those that were not answered. The claimer's share is a quarter at most, so whoever claims its own duty through
another account still loses three quarters. ADR 0009.
"""

from dataclasses import dataclass, replace

from chain.context import Context
from chain.errors import Code, Rejected
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.state import UnitKey
from chain.modules.jobs.types import JobStatus, Unit, UnitStatus
from chain.modules.sampling import canaries, late, penalties, rules
from chain.modules.sampling.state import CHECKS, CLAIMS, COMMITS, EARLIER, PLACES, PROOFS, ROUNDS, SHOWN
from chain.modules.sampling.types import CheckPhase, Claim, EpochProof, PenaltyReason, UnitCheck
from chain.modules.workers import keeper as workers
from chain.modules.workers import penalties as bonds
from chain.store.overlay import Reader

SEALED = (CheckPhase.DRAWING, CheckPhase.COMMIT, CheckPhase.DRAWING_AGAIN, CheckPhase.COMMIT_AGAIN)
"""Phases in which a seal must be shut."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a worker owes for a duty."""

    whole: int
    owed: int
    """What of it nobody has claimed yet."""
    amount: int
    """What of that the worker has."""
    share: int
    """Part of it that the claimer receives."""
    is_fault: bool
    """The unit was false, or a canary that counts, so silence was complicity: no cap applies."""


def is_unmet(store: Reader, key: UnitKey, check: UnitCheck, unit: Unit, opened: EpochProof) -> bool:
    """Say whether a worker whose proof is open was drawn for a unit and did not commit in the window of that draw."""
    place = PLACES.find(store, (check.epoch, opened.operator))
    taken = ROUNDS.find(store, check.round_index)
    if place is None or taken is None or not rules.has_bit(check.eligible, place.index):
        return False
    commit = COMMITS.find(store, (key, opened.operator))
    for number, look in enumerate(rules.looks(taken, check, unit.terms)):
        if commit is not None and rules.look_of(taken, commit.commit_height) <= number:
            return False
        if rules.is_winning(look, opened.beta, check.unit, place.entry.weight, check.total_weight):
            return True
    return False


def penalty_of(store: Reader, key: UnitKey, check: UnitCheck, unit: Unit, checker: bytes) -> Price:
    """Return what is left to claim of an unmet duty.

    It costs three checks; S if the unit was false, or a canary that counts, and the worker never committed. That may
    show only after a first claim, so that a claim of its own makes no silence cheap.
    """
    was_false = unit.status == UnitStatus.REFUTED or canaries.is_counted(store, unit, check)
    is_fault = was_false and not COMMITS.has(store, (key, checker))
    price = unit.terms.bond if is_fault else rules.absence_penalty(unit.terms)
    claimed = CLAIMS.find(store, (key, checker))
    owed = price - min(price, claimed.amount if claimed is not None else 0)
    amount = min(owed, workers.worker(store, checker).bond)
    # Who plants a canary may claim it too, and must not earn more by it than by any other absence.
    shared = amount if unit.status == UnitStatus.REFUTED else min(amount, rules.absence_penalty(unit.terms))
    return Price(price, owed, amount, rules.claimer_share(unit.terms, shared), is_fault)


def find_unmet(store: Reader, key: UnitKey, checker: bytes) -> Price:
    """Return what a worker's unmet duty costs, that of the draw before settlement or of the late one.

    Raises: Rejected: UNKNOWN_JOB, WINDOW_CLOSED, NOT_ELIGIBLE, PROOF_NOT_OPEN, ALREADY_CLAIMED, DUTY_MET.
    """
    unit, check, earlier = jobs.unit(store, key), CHECKS.find(store, key), EARLIER.find(store, key)
    if earlier is None:
        refusal = _refusal(store, key, unit, check, checker)
    else:
        refusal = _refusal(store, key, unit, earlier, checker)
        if refusal is not None and _refusal(store, key, unit, check, checker) is None:
            earlier, refusal = None, None
    if refusal is not None:
        raise refusal
    assert check is not None
    found = penalty_of(store, key, earlier or check, unit, checker)
    if not found.owed:
        raise Rejected(Code.ALREADY_CLAIMED, "this duty was claimed before")
    return found


def _refusal(store: Reader, key: UnitKey, unit: Unit, check: UnitCheck | None, checker: bytes) -> Rejected | None:
    """Return why a worker has no unmet duty of one draw of a unit, or None if it has."""
    if check is None or check.phase != CheckPhase.DONE:
        return Rejected(Code.WINDOW_CLOSED, "duties are claimed when a unit's windows and disputes are over")
    place = PLACES.find(store, (check.epoch, checker))
    if place is None or not rules.has_bit(check.eligible, place.index):
        return Rejected(Code.NOT_ELIGIBLE, "the worker could not be drawn for this unit")
    opened = PROOFS.find(store, (check.epoch, checker))
    if opened is None or not opened.beta:
        return Rejected(Code.PROOF_NOT_OPEN, f"the worker has not opened its proof for epoch {check.epoch}")
    if check.is_excused or not is_unmet(store, key, check, unit, opened):
        return Rejected(Code.DUTY_MET, "the worker was not drawn, committed in time, or had no input")
    return None


def claim(ctx: Context, key: UnitKey, checker: bytes, claimer: bytes) -> Price:
    """Take what an unmet duty costs; if nothing of the unit was revealed, it is drawn again.

    Raises: Rejected: PENALTY_CAP and what `find_unmet` raises.
    """
    found = find_unmet(ctx.store, key, checker)
    claimed, left = found.whole, bonds.absence_left(ctx.store)
    if not found.is_fault and left < found.amount:
        # The cap must keep no unit from being drawn again: it takes what is left, and the rest is claimed later.
        if not late.is_wanted(ctx.store, key, ctx.block.height):
            raise Rejected(
                Code.PENALTY_CAP, "this epoch has taken as much for absence as it may; claim in the next one"
            )
        claimed = found.whole - found.owed + left
        found = replace(found, amount=left, share=min(found.share, left // 4))
    reason = PenaltyReason.UNMET_FALSE if found.is_fault else PenaltyReason.UNMET
    penalties.take(ctx, checker, claimer, found.share, reason, key)
    penalties.take(ctx, checker, jobs.TREASURY, found.amount - found.share, reason, key)
    CLAIMS.save(ctx.store, (key, checker), Claim(claimed))
    late.want(ctx, key)
    return found


def require_sealed(store: Reader, key: UnitKey, author: bytes) -> Unit:
    """Return a unit whose seals must still be shut. Raises: Rejected: UNKNOWN_JOB, WINDOW_CLOSED, ALREADY_CLAIMED."""
    unit, check = jobs.unit(store, key), CHECKS.find(store, key)
    if check is None:
        job = jobs.job(store, unit.job_id)
        is_sealed = job.attempt == unit.attempt and job.status in (JobStatus.RUNNING, JobStatus.ASSERTED)
    else:
        is_sealed = check.phase in SEALED
    if not is_sealed:
        raise Rejected(Code.WINDOW_CLOSED, "what may be revealed by now is no leak")
    if SHOWN.has(store, (key, author)):
        raise Rejected(Code.ALREADY_CLAIMED, "this seal was shown before")
    return unit


def punish_leak(ctx: Context, key: UnitKey, unit: Unit, author: bytes, sender: bytes) -> tuple[int, int]:
    """Take the price of a leaked seal; return it and the sender's half."""
    amount = min(rules.leak_price(unit.terms), workers.worker(ctx.store, author).bond)
    share = amount // 2
    penalties.take(ctx, author, sender, share, PenaltyReason.LEAKED_SEAL, key)
    penalties.take(ctx, author, jobs.TREASURY, amount - share, PenaltyReason.LEAKED_SEAL, key)
    SHOWN.add(ctx.store, (key, author))
    return amount, share

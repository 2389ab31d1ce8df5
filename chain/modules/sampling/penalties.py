"""What is taken from bonds outside disputes, each part of it on record.

Invariant: whatever leaves a bond and is neither withdrawn nor a payment of a dispute is the sum of these records; each
stands in `PENALTIES_OF` and, if it is about a job, in `PENALTIES_OF_JOB`. They are archived at once, for nothing about
them ever changes, and leave state with the receipts of their time.
"""

from collections.abc import Iterator

from chain.context import Context
from chain.modules.jobs import archive
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.state import UnitKey
from chain.modules.jobs.types import RecordKind
from chain.modules.sampling.state import PENALTIES, PENALTIES_OF, PENALTIES_OF_JOB, PENALTY_NUMBER
from chain.modules.sampling.types import Penalty, PenaltyReason
from chain.modules.workers import keeper as workers
from chain.modules.workers import penalties as bonds
from chain.store.collections import ADDRESS, U64
from chain.store.overlay import Reader

ABSENCES = frozenset(
    {
        PenaltyReason.UNREVEALED,
        PenaltyReason.NO_TICKET,
        PenaltyReason.UNMET,
        PenaltyReason.UNOPENED_SEAL,
        PenaltyReason.MISSING_RESULT,
        PenaltyReason.UNOPENED_PROOF,
    }
)
"""Reasons for which one epoch takes no more than its share of all bonds, and no reputation goes."""
NO_UNIT: UnitKey = (0, (0, 0))
"""In place of a unit, where a penalty is about none: job ids begin at 1."""


def take(
    ctx: Context, operator: bytes, recipient: bytes, amount: int, reason: PenaltyReason, key: UnitKey = NO_UNIT
) -> int:
    """Take bond, as far as there is any and an absence may cost it, record it, and return how much it was."""
    taking = bonds.take_for_absence if reason in ABSENCES else workers.take_bond
    taken = taking(ctx, operator, amount, recipient)
    _record(ctx, operator, recipient, taken, reason, key)
    return taken


def take_forfeited(ctx: Context) -> None:
    """Take forfeited bonds, as far as this epoch allows it."""
    for operator, taken in bonds.take_forfeited(ctx):
        _record(ctx, operator, jobs.TREASURY, taken, PenaltyReason.UNOPENED_PROOF, NO_UNIT)


def _record(
    ctx: Context, operator: bytes, recipient: bytes, amount: int, reason: PenaltyReason, key: UnitKey
) -> None:  # fmt: skip
    if not amount:
        return
    number = PENALTY_NUMBER.take(ctx.store) + 1
    job_id, (attempt, stage) = key
    made = Penalty(number, operator, recipient, amount, reason, ctx.block.height, job_id, attempt, stage)
    PENALTIES.save(ctx.store, number, made)
    PENALTIES_OF.add(ctx.store, (operator, number))
    paths = [PENALTIES_OF.prefix + ADDRESS.pack(operator) + U64.pack(number)]
    if job_id:
        PENALTIES_OF_JOB.add(ctx.store, (job_id, number))
        paths.append(PENALTIES_OF_JOB.prefix + U64.pack(job_id) + U64.pack(number))
    archive.append(ctx, RecordKind.PENALTY, U64.pack(number), made)
    height = ctx.block.height + jobs.params(ctx.store).receipt_blocks + 1
    archive.retire(ctx, height, "sampling", (*paths, PENALTIES.path(number)))
    ctx.emit(
        "BondPenalised",
        number=number,
        operator=operator.hex(),
        recipient=recipient.hex(),
        amount=amount,
        reason=reason.name,
        job_id=job_id,
        attempt=attempt,
        stage=stage,
    )


def of_worker(store: Reader, operator: bytes, after: int = 0) -> Iterator[Penalty]:
    """Yield what a worker's bond was taken for, with numbers above `after`, in the order in which it was."""
    for _, number in PENALTIES_OF.keys(store, prefix=ADDRESS.pack(operator), start=U64.pack(after + 1)):
        yield from _found(store, number)


def of_job(store: Reader, job_id: int, after: int = 0) -> Iterator[Penalty]:
    """Yield what was taken from bonds over a job, with numbers above `after`, in the order in which it was."""
    for _, number in PENALTIES_OF_JOB.keys(store, prefix=U64.pack(job_id), start=U64.pack(after + 1)):
        yield from _found(store, number)


def after_number(store: Reader, after: int) -> Iterator[Penalty]:
    """Yield penalties with numbers above `after`, in the order in which they were taken."""
    for _, found in PENALTIES.items(store, start=U64.pack(after + 1)):
        yield found


def _found(store: Reader, number: int) -> Iterator[Penalty]:
    found = PENALTIES.find(store, number)
    if found is not None:  # deletion may pause between an index and the record
        yield found

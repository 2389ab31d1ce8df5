"""Disputes as records: written, found by their indexes, paid out of, archived, deleted.

Invariants: a dispute stands in `BY_JOB`, `BY_WORKER` (each side once), `BY_STATUS` (as its status is) and `BY_HEIGHT`;
its payments but deposits sum to what it slashed.
"""

from collections.abc import Iterator
from dataclasses import replace

from chain.context import Context
from chain.modules.disputes.state import (
    BY_HEIGHT,
    BY_JOB,
    BY_STATUS,
    BY_WORKER,
    DEADLINES,
    DISPUTES,
    PAYMENTS,
    PLAYS,
)
from chain.modules.disputes.types import ClosedDispute, Dispute, DisputeStatus, Payment, PaymentReason
from chain.modules.jobs import archive
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import RecordKind
from chain.modules.workers import keeper as workers
from chain.store.collections import ADDRESS, U64
from chain.store.overlay import Reader

LAST_ID = (1 << 64) - 2
"""The highest id that others may follow."""


def add(ctx: Context, opened: Dispute) -> None:
    """Write a new dispute and its place in every index."""
    DISPUTES.save(ctx.store, opened.dispute_id, opened)
    BY_JOB.add(ctx.store, (opened.job_id, opened.dispute_id))
    for operator in (opened.asserter, opened.challenger):
        BY_WORKER.add(ctx.store, (operator, opened.dispute_id))
    BY_STATUS.add(ctx.store, (int(opened.status), opened.dispute_id))
    BY_HEIGHT.add(ctx.store, (opened.opened_height, opened.dispute_id))
    DEADLINES.add(ctx.store, (opened.deadline, opened.dispute_id))


def close(ctx: Context, dispute: Dispute, status: DisputeStatus, slashed: int) -> Dispute:
    """Write how a dispute without open lines ended; it is archived once its attempt is judged."""
    height = ctx.block.height
    DEADLINES.remove(ctx.store, (dispute.deadline, dispute.dispute_id))
    BY_STATUS.remove(ctx.store, (int(dispute.status), dispute.dispute_id))
    ended = replace(dispute, status=status, num_open_lines=0, slashed=slashed, closed_height=height)
    DISPUTES.save(ctx.store, ended.dispute_id, ended)
    BY_STATUS.add(ctx.store, (int(status), ended.dispute_id))
    ctx.emit(
        "DisputeEnded", dispute_id=ended.dispute_id, job_id=ended.job_id, status=status.name, slashed=slashed
    )  # fmt: skip
    return ended


def archive_closed(ctx: Context, ended: Dispute) -> None:
    """Archive a closed dispute with all that it was about; nothing about it can change any more."""
    job = jobs.job(ctx.store, ended.job_id)
    unit = jobs.unit(ctx.store, (ended.job_id, (ended.attempt, ended.stage)))
    lines = tuple(line for _, line in PLAYS.items(ctx.store, prefix=U64.pack(ended.dispute_id)))
    closed = ClosedDispute(ended, lines, tuple(payments_of(ctx.store, ended.dispute_id)), job, unit)
    archive.append(ctx, RecordKind.DISPUTE, U64.pack(ended.dispute_id), closed)


def prefixes(found: Dispute) -> tuple[bytes, ...]:
    """Return every key of a closed dispute, indexes first: deletion may pause, and nothing left names what is gone."""
    packed = U64.pack(found.dispute_id)
    return (
        BY_JOB.prefix + U64.pack(found.job_id) + packed,
        BY_WORKER.prefix + ADDRESS.pack(found.asserter) + packed,
        BY_WORKER.prefix + ADDRESS.pack(found.challenger) + packed,
        BY_STATUS.prefix + U64.pack(int(found.status)) + packed,
        BY_HEIGHT.prefix + U64.pack(found.opened_height) + packed,
        PAYMENTS.prefix + packed,
        PLAYS.prefix + packed,
        DISPUTES.path(found.dispute_id),
    )


# Money


def pay(
    ctx: Context, dispute_id: int, payer: bytes, recipient: bytes, amount: int, reason: PaymentReason
) -> int:  # fmt: skip
    """Move bond for a dispute, record it, and return how much there was."""
    taken = workers.take_bond(ctx, payer, amount, recipient)
    if taken:
        number = sum(1 for _ in payments_of(ctx.store, dispute_id))
        PAYMENTS.save(
            ctx.store, (dispute_id, number), Payment(payer, recipient, taken, reason, ctx.block.height)
        )  # fmt: skip
        ctx.emit(
            "DisputePaid",
            dispute_id=dispute_id,
            payer=payer.hex(),
            recipient=recipient.hex(),
            amount=taken,
            reason=reason.name,
        )
    return taken


def payments_of(store: Reader, dispute_id: int) -> Iterator[Payment]:
    """Yield a dispute's payments in the order in which they were made."""
    for _, found in PAYMENTS.items(store, prefix=U64.pack(dispute_id)):
        yield found


# Finding


def of_worker(store: Reader, operator: bytes, after: int) -> Iterator[Dispute]:
    """Yield the disputes in which a worker is a side, with ids above `after`, in ascending id."""
    for _, dispute_id in BY_WORKER.keys(store, prefix=ADDRESS.pack(operator), start=_above(after)):
        yield from _found(store, dispute_id)


def of_status(store: Reader, status: DisputeStatus, after: int) -> Iterator[Dispute]:
    """Yield the disputes of a status with ids above `after`, in ascending id."""
    for _, dispute_id in BY_STATUS.keys(store, prefix=U64.pack(int(status)), start=_above(after)):
        yield from _found(store, dispute_id)


def of_job(store: Reader, job_id: int, after: int = 0) -> Iterator[Dispute]:
    """Yield the disputes of a job with ids above `after`, in ascending id."""
    for _, dispute_id in BY_JOB.keys(store, prefix=U64.pack(job_id), start=_above(after)):
        yield from _found(store, dispute_id)


def from_height(store: Reader, height: int) -> int:
    """Return the id after which the disputes of a height begin: ids ascend as heights do."""
    first = next(BY_HEIGHT.keys(store, start=U64.pack(height)), None)
    return LAST_ID if first is None else first[1] - 1


def after_id(store: Reader, after: int) -> Iterator[Dispute]:
    """Yield disputes with ids above `after`, in ascending id."""
    for _, found in DISPUTES.items(store, start=_above(after)):
        yield found


def _above(after: int) -> bytes:
    return U64.pack(after + 1)


def _found(store: Reader, dispute_id: int) -> Iterator[Dispute]:
    found = DISPUTES.find(store, dispute_id)
    if found is not None:  # deletion may pause between an index and the dispute
        yield found

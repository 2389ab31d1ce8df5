"""The verbs of the disputes module: open what lower modules found to differ, freeze it, and let it end.

A dispute that nobody can decide ends UNRESOLVED: the requester gets everything back, bonds are free, and only checks
with a proven ticket are paid.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from chain.context import Context
from chain.errors import Code, InvariantBroken, Rejected
from chain.modules.disputes import clocks, plays, registry, verdicts
from chain.modules.disputes.state import CLOCKS, DEADLINES, DISPUTES, NEXT_ID
from chain.modules.disputes.types import Dispute, DisputeKind, DisputeStatus, Side
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.state import UnitKey
from chain.modules.jobs.types import CloseReason, HopConflict, Unit
from chain.modules.sampling import keeper as sampling
from chain.modules.sampling import late
from chain.modules.sampling.types import Mismatch
from chain.store.collections import U64
from chain.store.overlay import Reader

DISPUTES_PER_BLOCK = 64
"""Disputes whose window may end in one block."""
CLOCKS_PER_BLOCK = 64
"""Lines that may time out in one block."""


def find_dispute(store: Reader, dispute_id: int) -> Dispute | None:
    """Return a dispute, or None."""
    return DISPUTES.find(store, dispute_id)


def dispute(store: Reader, dispute_id: int) -> Dispute:
    """Return a dispute. Raises: Rejected: UNKNOWN_DISPUTE."""
    found = DISPUTES.find(store, dispute_id)
    if found is None:
        raise Rejected(Code.UNKNOWN_DISPUTE, f"there is no dispute {dispute_id}, or it ended long ago")
    return found


def disputes_of(store: Reader, job_id: int) -> Iterator[Dispute]:
    """Yield the disputes of a job in ascending id."""
    return registry.of_job(store, job_id)


def open_found(ctx: Context) -> None:
    """Open a dispute for everything that this block found to differ."""
    conflicts = [open_dispute(ctx, _hop(ctx.store, conflict)) for conflict in jobs.take_hop_conflicts(ctx)]
    for mismatch in sampling.take_mismatches(ctx):
        if not verdicts.is_decided(ctx.store, jobs.job(ctx.store, mismatch.job_id), mismatch.stage):
            open_dispute(ctx, _trace(ctx.store, mismatch))
    for key in sampling.take_silent(ctx):
        asked = _silence(ctx.store, key)
        if plays.find_params(ctx.store) is None or plays.find_shape(ctx.store, asked) is None:
            sampling.forfeit_silent(ctx, key)
            continue
        sampling.freeze_silent(ctx, key)
        if not verdicts.is_decided(ctx.store, jobs.job(ctx.store, key[0]), key[1][1]):
            open_dispute(ctx, asked)
    if plays.find_params(ctx.store) is not None:
        # Its final receipt came with the next stage's result: the signer has committed to something else.
        for conflict in conflicts:
            verdicts.convict(ctx, conflict, b"", 0, is_false=False)


def _hop(store: Reader, conflict: HopConflict) -> Dispute:
    upstream = jobs.unit(store, (conflict.job_id, (conflict.attempt, conflict.stage - 1)))
    downstream = jobs.unit(store, (conflict.job_id, (conflict.attempt, conflict.stage)))
    return new_dispute(store, DisputeKind.HOP, upstream, downstream.operator, out_root=downstream.in_root)


def _trace(store: Reader, mismatch: Mismatch) -> Dispute:
    key = (mismatch.job_id, (mismatch.attempt, mismatch.stage))
    unit, commit = jobs.unit(store, key), sampling.find_commit(store, key, mismatch.checker)
    if commit is None:
        raise InvariantBroken(f"{mismatch.checker.hex()} differs from unit {key} without a commitment")
    roots = {"body_root": commit.body_root, "out_root": commit.out_root}
    found = new_dispute(store, DisputeKind.TRACE, unit, mismatch.checker, **roots)
    return replace(found, frozen=found.frozen + unit.terms.bond)


def _silence(store: Reader, key: UnitKey) -> Dispute:
    """Return the dispute that gives a silent asserter a clock; the first checker that revealed is its other side."""
    unit = jobs.unit(store, key)
    first = next(found for found in sampling.commits(store, key) if found.reveal_height)
    roots = {"body_root": first.body_root, "out_root": first.out_root}
    return new_dispute(store, DisputeKind.SILENCE, unit, first.checker, **roots)


def new_dispute(
    store: Reader, kind: DisputeKind, unit: Unit, challenger: bytes, *, body_root: bytes = b"", out_root: bytes = b""
) -> Dispute:
    """Return a dispute over a unit that is not opened yet; the roots are those of the challenger."""
    return Dispute(
        dispute_id=0,
        kind=kind,
        job_id=unit.job_id,
        attempt=unit.attempt,
        stage=unit.stage,
        asserter=unit.operator,
        challenger=challenger,
        asserter_body_root=unit.body_root,
        asserter_out_root=unit.out_root,
        challenger_body_root=body_root,
        challenger_out_root=out_root,
        opened_height=0,
        deadline=0,
        status=DisputeStatus.OPEN,
        frozen=frozen(store, unit.job_id),
    )


def frozen(store: Reader, job_id: int) -> int:
    """Return escrow and bonds of a job's units; of a settled job what its late draws hold."""
    found = jobs.job(store, job_id)
    if found.status in jobs.SETTLED:
        return late.reserved(store, job_id)
    return found.escrow + sum(unit.terms.bond for unit in jobs.units_of(store, found))


def open_dispute(ctx: Context, new: Dispute) -> Dispute:
    """Number a dispute and begin its game, if it has one and may begin now."""
    height = ctx.block.height
    opened = replace(
        new,
        dispute_id=NEXT_ID.take(ctx.store) + 1,
        opened_height=height,
        deadline=height + sampling.params(ctx.store).dispute_blocks,
    )
    if opened.kind == DisputeKind.CHALLENGE:
        opened = _begin_challenge(ctx, opened)
    elif opened.kind in (DisputeKind.TRACE, DisputeKind.SILENCE) and plays.find_params(ctx.store) is not None:
        opened = opened if plays.find_shape(ctx.store, opened) is None else plays.begin(ctx, opened)
    registry.add(ctx, opened)
    ctx.emit(
        "DisputeOpened",
        dispute_id=opened.dispute_id,
        dispute_kind=opened.kind.name,
        job_id=opened.job_id,
        attempt=opened.attempt,
        stage=opened.stage,
        asserter=opened.asserter.hex(),
        challenger=opened.challenger.hex(),
        frozen=opened.frozen,
    )
    return opened


def _begin_challenge(ctx: Context, found: Dispute) -> Dispute:
    """Begin the game of a challenge, or have it wait until checks of its unit are committed: the asserter's first
    reveal opens its seal, and before that a lazy checker has nothing to copy."""
    check = sampling.check(ctx.store, (found.job_id, (found.attempt, found.stage)))
    if check.phase in sampling.SEALED:
        return replace(found, deadline=check.phase_end)
    return plays.begin(ctx, found)


def end_due(ctx: Context) -> None:
    """End disputes whose window is over, at most `DISPUTES_PER_BLOCK`; the others end in the next blocks.

    With its last one the job closes or goes on.
    """
    due = DEADLINES.keys(ctx.store, end=U64.pack(ctx.block.height + 1))
    for key in list(islice(due, DISPUTES_PER_BLOCK)):
        if not DEADLINES.has(ctx.store, key):
            continue  # another dispute of this block has decided it
        DEADLINES.remove(ctx.store, key)
        found = dispute(ctx.store, key[1])
        if found.num_lines:
            verdicts.end_quiet(ctx, found)
            continue
        if found.kind == DisputeKind.CHALLENGE:
            begun = _begin_challenge(ctx, found)
            DISPUTES.save(ctx.store, begun.dispute_id, begun)
            DEADLINES.add(ctx.store, (begun.deadline, begun.dispute_id))
            continue
        ended = registry.close(ctx, found, DisputeStatus.UNRESOLVED, 0)
        if plays.find_params(ctx.store) is not None:
            verdicts.conclude(ctx, ended.job_id)
        elif all(other.status != DisputeStatus.OPEN for other in registry.of_job(ctx.store, ended.job_id)):
            _close_job(ctx, ended.job_id)


def end_clocks(ctx: Context) -> None:
    """End lines whose mover was silent, at most `CLOCKS_PER_BLOCK`; the others end in the next blocks."""
    due = list(islice(CLOCKS.keys(ctx.store, end=U64.pack(ctx.block.height + 1)), CLOCKS_PER_BLOCK))
    for key in due:
        if not CLOCKS.has(ctx.store, key):
            continue  # another line of this block has decided the dispute
        CLOCKS.remove(ctx.store, key)
        found = plays.play(ctx.store, *key[1])
        if not plays.postpone(ctx, found):
            is_asserter = clocks.side(found.line) == Side.ASSERTER
            verdicts.run_out(ctx, dispute(ctx.store, found.dispute_id), found, is_asserter=is_asserter)


def _close_job(ctx: Context, job_id: int) -> None:
    ended = list(registry.of_job(ctx.store, job_id))
    for found in ended:
        registry.archive_closed(ctx, found)
    closed = jobs.refund(ctx, jobs.job(ctx.store, job_id), CloseReason.UNRESOLVED, ended[0].stage)
    sampling.conclude_job(ctx, closed)
    verdicts.retire(ctx, ended, jobs.deleted_height(ctx.store, closed))

"""Late draws: a unit about which somebody stayed silent is drawn once more, when its job is settled already.

The first claim of an unmet duty for a unit of which nothing was revealed has it wait for the next round. There it is
drawn at the second look's rate, by that round's beacon and the tickets of that round's epoch: those of its own epoch
are public by then. Its own draw moves to `EARLIER`, so that all else finds the late one where it looks for a draw.

Invariant: a unit stands in `LATE` from the claim to the end of its windows and disputes, in `LATE_QUEUE` until it is
drawn, and its asserter's bond is held for as long. ADR 0018.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from chain.context import Context
from chain.errors import InvariantBroken
from chain.modules.jobs import archive
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.state import UNIT_KEY, UnitKey
from chain.modules.jobs.types import JobStatus, Unit, UnitStatus
from chain.modules.rates.rules import second_rate
from chain.modules.sampling import epochs, measures, penalties, rules
from chain.modules.sampling.eligibility import find_eligible
from chain.modules.sampling.state import (
    CHECKS,
    CLAIMS,
    COMMITS,
    EARLIER,
    LATE,
    LATE_QUEUE,
    PARAMS,
    PHASE_ENDS,
    ROUND_UNITS,
    SHOWN,
)
from chain.modules.sampling.types import (
    CheckCommit,
    CheckOutcome,
    CheckPhase,
    LateDraw,
    PenaltyReason,
    Snapshot,
    UnitCheck,
)
from chain.modules.workers import keeper as workers
from chain.modules.workers.rules import free_bond
from chain.store.collections import U64
from chain.store.overlay import Reader

DRAWS_PER_ROUND = 64
"""Units that may join one round; the others wait for the next one."""


def garbage_of(job_id: int) -> tuple[bytes, ...]:
    """Return the keys that go with a job."""
    prefix = U64.pack(job_id)
    return tuple(kept.prefix + prefix for kept in (CLAIMS, SHOWN, CHECKS, EARLIER, COMMITS))


def is_wanted(store: Reader, key: UnitKey, height: int) -> bool:
    """Say whether a claim at a height has a unit drawn again."""
    unit, check = jobs.find_unit(store, key), CHECKS.find(store, key)
    job = jobs.find_job(store, key[0])
    if unit is None or check is None or job is None or LATE.has(store, key) or EARLIER.has(store, key):
        return False
    is_settled = job.status in jobs.SETTLED and job.attempt == unit.attempt and unit.status == UnitStatus.FINAL
    return is_settled and not check.num_reveals and height <= job.late_until


def want(ctx: Context, key: UnitKey) -> None:
    """Have a unit drawn again with the next round, if it may be, and hold its asserter's bond until that is over."""
    if not is_wanted(ctx.store, key, ctx.block.height):
        return
    unit, params, height = jobs.unit(ctx.store, key), PARAMS.load(ctx.store), ctx.block.height
    before = jobs.deleted_height(ctx.store, jobs.job(ctx.store, key[0]))
    late = jobs.begin_late(ctx, key, _keep_until(ctx.store, _check(ctx.store, key).epoch))
    archive.postpone(ctx, before, jobs.deleted_height(ctx.store, late), "sampling", garbage_of(key[0]))
    reserved = min(unit.terms.bond, free_bond(workers.worker(ctx.store, unit.operator)))
    workers.reserve(ctx, unit.operator, reserved)
    workers.hold(ctx, unit.operator)
    LATE.save(ctx.store, key, LateDraw(unit.operator, reserved, height))
    LATE_QUEUE.add(ctx.store, (height, key))
    last = rules.late_close(params, _check(ctx.store, key).epoch)
    ctx.emit("LateDrawWanted", job_id=unit.job_id, attempt=unit.attempt, stage=unit.stage, until=last)


def _keep_until(store: Reader, epoch: int) -> int:
    """Return how long the records of a unit that is drawn late are needed: its proofs may be an epoch's later still."""
    params = PARAMS.load(store)
    last = rules.epoch_of(params, rules.late_close(params, epoch))
    receipts = rules.late_end(params, epoch) + jobs.params(store).receipt_blocks
    return max(receipts, rules.proofs_until(params, last) + epochs.JUDGING_BLOCKS)


def draw_waiting(
    ctx: Context, taken: Snapshot | None, models: dict[bytes, list[rules.Candidate]], index: int
) -> list[Unit]:
    """Take waiting units into the round that closes now; return them. What can never be drawn any more is given up."""
    drawn: list[Unit] = []
    for entry in list(islice(LATE_QUEUE.keys(ctx.store), DRAWS_PER_ROUND)):
        key, unit = entry[1], jobs.unit(ctx.store, entry[1])
        found, waiting = _check(ctx.store, key), _late(ctx.store, key)
        job, barred = jobs.job(ctx.store, key[0]), frozenset(one.checker for one in commits_of(ctx.store, key))
        eligible = None if taken is None else find_eligible(ctx.store, taken, models, job, (unit,), barred)
        LATE_QUEUE.remove(ctx.store, entry)
        if taken is not None and eligible is not None:
            _begin(ctx, key, unit, found, taken, index, eligible[0])
            LATE.save(ctx.store, key, replace(waiting, queued_height=0))
            drawn.append(unit)
        elif ctx.block.height >= rules.late_close(PARAMS.load(ctx.store), found.epoch):
            release(ctx, key)
            settle(ctx, key[0])
            ctx.emit("LateDrawLapsed", job_id=unit.job_id, attempt=unit.attempt, stage=unit.stage)
        else:  # behind the others, so that nothing that cannot be drawn keeps them waiting
            LATE_QUEUE.add(ctx.store, (ctx.block.height, key))
            LATE.save(ctx.store, key, replace(waiting, queued_height=ctx.block.height))
    return drawn


def commits_of(store: Reader, key: UnitKey) -> Iterator[CheckCommit]:
    """Yield everybody's commitments to a unit in checker order, those to its earlier draw as well."""
    for _, found in COMMITS.items(store, prefix=UNIT_KEY.pack(key)):
        yield found


def _begin(
    ctx: Context, key: UnitKey, unit: Unit, found: UnitCheck, taken: Snapshot, index: int, eligible: rules.Eligible
) -> None:
    height = ctx.block.height
    EARLIER.save(ctx.store, key, found)
    begun = UnitCheck(
        job_id=unit.job_id,
        attempt=unit.attempt,
        stage=unit.stage,
        unit=found.unit,
        round_index=index,
        epoch=taken.epoch,
        eligible=eligible.bitmap,
        total_weight=eligible.total_weight,
        phase=CheckPhase.DRAWING,
        phase_end=height + rules.BEACON_DELAY,
        num_commits=0,
        num_reveals=0,
        is_equal=True,
        late_height=height,
    )
    CHECKS.save(ctx.store, key, begun)
    PHASE_ENDS.add(ctx.store, (begun.phase_end, key))
    ROUND_UNITS.add(ctx.store, (index, key))
    jobs.check_again(ctx, key)
    entries = [entry for place, entry in enumerate(taken.entries) if rules.has_bit(eligible.bitmap, place)]
    weights = [entry.weight for entry in entries]
    pay = measures.expected_pay(unit, second_rate(unit.terms), weights, eligible.total_weight)
    measures.expect(ctx, unit, taken.epoch, pay)
    for entry in entries:
        epochs.owe_proof(ctx, taken.epoch, entry.operator)
    ctx.emit("LateDrawBegun", job_id=unit.job_id, attempt=unit.attempt, stage=unit.stage, round=index)


# The end


def release(ctx: Context, key: UnitKey) -> None:
    """Free what a late draw held of its asserter's bond."""
    found = _late(ctx.store, key)
    LATE.remove(ctx.store, key)
    LATE_QUEUE.remove(ctx.store, (found.queued_height, key))
    workers.release(ctx, found.asserter, found.reserved)
    workers.unhold(ctx, found.asserter)


def _late(store: Reader, key: UnitKey) -> LateDraw:
    found = LATE.find(store, key)
    if found is None:
        raise InvariantBroken(f"unit {key} is in no late draw")
    return found


def _check(store: Reader, key: UnitKey) -> UnitCheck:
    found = CHECKS.find(store, key)
    if found is None:
        raise InvariantBroken(f"unit {key} waits for a late draw and has no check")
    return found


def settle(ctx: Context, job_id: int) -> None:
    """Make a job final again when its last late draw is over and nothing of it is in dispute."""
    job = jobs.job(ctx.store, job_id)
    if job.status == JobStatus.LATE and next(of_job(ctx.store, job_id), None) is None:
        jobs.end_late(ctx, job)


def of_job(store: Reader, job_id: int) -> Iterator[tuple[UnitKey, LateDraw]]:
    """Yield the late draws of a job that are not over."""
    yield from LATE.items(store, prefix=U64.pack(job_id))


def of_asserter(store: Reader, operator: bytes) -> Iterator[UnitKey]:
    """Yield the units of a worker that are drawn late."""
    for key, found in LATE.items(store):
        if found.asserter == operator and not found.queued_height:
            yield key


def reserved(store: Reader, job_id: int) -> int:
    """Return what late draws of a job hold of bonds."""
    return sum(found.reserved for _, found in of_job(store, job_id))


def punish_unrevealed(ctx: Context, key: UnitKey) -> None:
    """Take the rest of S from those who had committed to a unit before settlement and opened nothing: it was false."""
    check, unit = _check(ctx.store, key), jobs.unit(ctx.store, key)
    rest = max(0, unit.terms.bond - rules.absence_penalty(unit.terms))
    for commit in list(commits_of(ctx.store, key)):
        if commit.commit_height <= check.late_height and commit.outcome == CheckOutcome.UNREVEALED:
            penalties.take(ctx, commit.checker, jobs.TREASURY, rest, PenaltyReason.COMPLICITY, key)

"""Everything a worker owes or may do now, so that it can restart from the chain alone."""

from collections.abc import Iterator
from dataclasses import replace

from chain.context import QueryContext
from chain.errors import Code, Rejected
from chain.modules.accounts.keeper import address_of
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.state import UnitKey
from chain.modules.jobs.types import JobStatus, Unit, UnitStatus
from chain.modules.sampling import epochs, keeper, late, rules
from chain.modules.sampling.types import (
    CheckPhase,
    Duty,
    DutyKind,
    QueryDutiesRequest,
    QueryDutiesResponse,
    SnapshotPlace,
    UnitCheck,
)
from chain.modules.workers import keeper as workers


def duties(ctx: QueryContext, request: QueryDutiesRequest) -> QueryDutiesResponse:
    """Return everything outstanding of a worker. Raises: Rejected: UNKNOWN_WORKER."""
    worker = workers.find_by_address(ctx.store, address_of(request.address, "address"))
    if worker is None:
        raise Rejected(Code.UNKNOWN_WORKER, "no worker has this operator or hot address")
    operator, params = worker.operator, keeper.params(ctx.store)
    # The next block's epoch: a worker acts on what it reads in the next block at the earliest.
    epoch = rules.epoch_of(params, ctx.height + 1)
    taken = epochs.find_head(ctx.store, epoch)
    found = [*_runs(ctx, operator), *_openings(ctx, operator), *_reveals(ctx, operator)]
    return QueryDutiesResponse(
        height=ctx.height,
        operator=operator,
        epoch=epoch,
        snapshot_height=0 if taken is None else taken.height,
        in_snapshot=epochs.find_place(ctx.store, epoch, operator) is not None,
        duties=(*found, *_draws(ctx, operator), *_epoch_openings(ctx, operator)),
    )


def _duty(ctx: QueryContext, kind: DutyKind, deadline: int, unit: Unit, check: UnitCheck | None) -> Duty:
    job = jobs.job(ctx.store, unit.job_id)
    operators = tuple(other.operator for other in jobs.units_of(ctx.store, job))
    taken = None if check is None else keeper.find_round(ctx.store, check.round_index)
    drawn_in = None if check is None else epochs.find_head(ctx.store, check.epoch)
    return Duty(
        kind=kind,
        deadline=deadline,
        job=job,
        unit=unit,
        check=check,
        alpha=taken.alpha if taken else b"",
        weight=0,
        epoch=check.epoch if check else 0,
        epoch_beacon=drawn_in.beacon if drawn_in else b"",
        open_from=0,
        operators=operators,
    )


def _runs(ctx: QueryContext, operator: bytes) -> Iterator[Duty]:
    for unit in jobs.open_units_of(ctx.store, operator):
        job = jobs.job(ctx.store, unit.job_id)
        is_open = job.status in (JobStatus.RUNNING, JobStatus.DISPUTED) and ctx.height < job.expiry_height
        if unit.status == UnitStatus.PENDING and is_open:
            yield _duty(ctx, DutyKind.RUN, job.expiry_height, unit, None)


def _openings(ctx: QueryContext, operator: bytes) -> Iterator[Duty]:
    for unit in jobs.open_units_of(ctx.store, operator):
        check = keeper.find_check(ctx.store, jobs.key_of(unit))
        if check is not None and check.phase == CheckPhase.OPEN:
            yield _duty(ctx, DutyKind.OPEN, check.phase_end, unit, check)
    for key in late.of_asserter(ctx.store, operator):
        check = keeper.find_check(ctx.store, key)
        if check is not None and check.phase == CheckPhase.OPEN:
            yield _duty(ctx, DutyKind.OPEN, check.phase_end, jobs.unit(ctx.store, key), check)


def _reveals(ctx: QueryContext, operator: bytes) -> Iterator[Duty]:
    for key in keeper.open_commits(ctx.store, operator):
        check = keeper.find_check(ctx.store, key)
        commit = keeper.find_commit(ctx.store, key, operator)
        if check is None or commit is None or commit.reveal_height:
            continue
        is_disputed = check.phase == CheckPhase.DISPUTED and ctx.height < check.phase_end
        if check.phase == CheckPhase.REVEAL or is_disputed:
            yield _duty(ctx, DutyKind.REVEAL, check.phase_end, jobs.unit(ctx.store, key), check)


def _draws(ctx: QueryContext, operator: bytes) -> Iterator[Duty]:
    places: dict[int, SnapshotPlace | None] = {}
    for key in keeper.open_units(ctx.store):
        check = keeper.find_check(ctx.store, key)
        if check is None or check.phase not in (CheckPhase.COMMIT, CheckPhase.COMMIT_AGAIN):
            continue
        if check.epoch not in places:
            places[check.epoch] = epochs.find_place(ctx.store, check.epoch, operator)
        place = places[check.epoch]
        if place is None or not rules.has_bit(check.eligible, place.index) or _has_committed(ctx, key, operator):
            continue
        unit, taken = jobs.unit(ctx.store, key), keeper.find_round(ctx.store, check.round_index)
        look = rules.looks(taken, check, unit.terms)[-1] if taken is not None else None
        if look is not None:
            duty = _duty(ctx, DutyKind.DRAW, check.phase_end, unit, check)
            yield replace(duty, weight=place.entry.weight, alpha=look.alpha, rate=look.rate)


def _has_committed(ctx: QueryContext, key: UnitKey, operator: bytes) -> bool:
    return keeper.find_commit(ctx.store, key, operator) is not None


def _epoch_openings(ctx: QueryContext, operator: bytes) -> Iterator[Duty]:
    params = keeper.params(ctx.store)
    for epoch in epochs.proof_epochs(ctx.store):
        owed = epochs.find_proof(ctx.store, epoch, operator)
        until = rules.proofs_until(params, epoch)
        if owed is None or not owed.is_due or ctx.height >= until:
            continue
        yield Duty(
            kind=DutyKind.OPEN_EPOCH,
            deadline=until,
            job=None,
            unit=None,
            check=None,
            alpha=b"",
            weight=0,
            epoch=epoch,
            epoch_beacon=epochs.head(ctx.store, epoch).beacon,
            open_from=rules.proofs_from(params, epoch),
            operators=(),
        )

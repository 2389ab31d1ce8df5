"""What anyone may read of the sampling module; the duties of a worker are in duties.py."""

from contextlib import suppress
from itertools import islice

from chain.context import QueryContext
from chain.errors import Code, Rejected
from chain.module import MAX_PAGE
from chain.modules.accounts.keeper import address_of
from chain.modules.bank import keeper as bank
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.state import UnitKey
from chain.modules.sampling import claims, epochs, keeper, penalties, rules
from chain.modules.sampling.types import (
    Penalty,
    QueryEpochProofsRequest,
    QueryEpochProofsResponse,
    QueryParamsRequest,
    QueryParamsResponse,
    QueryPenaltiesRequest,
    QueryPenaltiesResponse,
    QueryPoolRequest,
    QueryPoolResponse,
    QueryRoundRequest,
    QueryRoundResponse,
    QuerySnapshotRequest,
    QuerySnapshotResponse,
    QueryUnitRequest,
    QueryUnitResponse,
    QueryUnmetRequest,
    QueryUnmetResponse,
    UnmetDuty,
)

UNMET_PAGE = 128
"""Units whose tickets one answer recomputes."""
MAX_SCAN = 10 * MAX_PAGE
"""Entries of an index that one query looks at."""
LAST_NUMBER = (1 << 64) - 2
"""The highest number that others may follow."""


def parameters(ctx: QueryContext, _request: QueryParamsRequest) -> QueryParamsResponse:
    """Return the parameters."""
    return QueryParamsResponse(keeper.params(ctx.store))


def unit(ctx: QueryContext, request: QueryUnitRequest) -> QueryUnitResponse:
    """Return one unit, its draw and its checks. Raises: Rejected: UNKNOWN_JOB."""
    key: UnitKey = (request.job_id, (request.attempt, request.stage))
    found, check = jobs.unit(ctx.store, key), keeper.find_check(ctx.store, key)
    taken = None if check is None else keeper.find_round(ctx.store, check.round_index)
    earlier = keeper.find_earlier(ctx.store, key)
    return QueryUnitResponse(found, check, tuple(keeper.commits(ctx.store, key)), taken, earlier)


def snapshot(ctx: QueryContext, request: QuerySnapshotRequest) -> QuerySnapshotResponse:
    """Return the snapshot of an epoch. Raises: Rejected: NOT_FOUND."""
    found = epochs.find_snapshot(ctx.store, request.epoch)
    if found is None:
        raise Rejected(Code.NOT_FOUND, f"there is no snapshot of epoch {request.epoch}, or it was deleted")
    return QuerySnapshotResponse(found)


def draw(ctx: QueryContext, request: QueryRoundRequest) -> QueryRoundResponse:
    """Return a round and its units. Raises: Rejected: UNKNOWN_ROUND."""
    found = keeper.find_round(ctx.store, request.index)
    if found is None:
        raise Rejected(Code.UNKNOWN_ROUND, f"round {request.index} had no units, or was deleted")
    units = keeper.round_units(ctx.store, request.index)
    checks = [keeper.check_in_round(ctx.store, key, request.index) for key in units]
    return QueryRoundResponse(found, tuple(check for check in checks if check is not None))


def proofs(ctx: QueryContext, request: QueryEpochProofsRequest) -> QueryEpochProofsResponse:
    """Return the proofs of an epoch, opened and due. Raises: Rejected: NOT_FOUND."""
    found, params = epochs.find_head(ctx.store, request.epoch), keeper.params(ctx.store)
    if found is None:
        raise Rejected(Code.NOT_FOUND, f"there is no snapshot of epoch {request.epoch}, or it was deleted")
    return QueryEpochProofsResponse(
        tuple(epochs.proofs(ctx.store, request.epoch)),
        found.beacon,
        rules.proofs_from(params, request.epoch),
        rules.proofs_until(params, request.epoch),
    )


def pool(ctx: QueryContext, _request: QueryPoolRequest) -> QueryPoolResponse:
    """Return what the check pool holds and owes."""
    return QueryPoolResponse(bank.balance(ctx.store, jobs.CHECK_POOL), epochs.num_waiting(ctx.store))


def unmet(ctx: QueryContext, request: QueryUnmetRequest) -> QueryUnmetResponse:
    """Return a page of a worker's duties in an epoch that anybody may claim; none before its proof is open."""
    checker = address_of(request.checker, "checker")
    proof = epochs.find_proof(ctx.store, request.epoch, checker)
    if proof is None or not proof.beta:
        return QueryUnmetResponse((), b"")
    drawn = keeper.units_of_epoch(ctx.store, request.epoch, request.cursor)
    page = list(islice(drawn, UNMET_PAGE))
    found: list[UnmetDuty] = []
    for _, key in page:
        with suppress(Rejected):
            owed = claims.find_unmet(ctx.store, key, checker)
            found.append(UnmetDuty(key[0], *key[1], owed.amount, owed.share))
    return QueryUnmetResponse(tuple(found), keeper.cursor_of(*page[-1]) if len(page) == UNMET_PAGE else b"")


def bond_penalties(ctx: QueryContext, request: QueryPenaltiesRequest) -> QueryPenaltiesResponse:
    """Return a page of what was taken from bonds outside disputes. Raises: Rejected: INVALID_ADDRESS.

    The narrowest index that the request names is read, at most `MAX_SCAN` entries of it; the other condition chooses.
    """
    operator = address_of(request.worker, "worker") if request.worker else b""
    after, limit, found = min(request.after, LAST_NUMBER), min(request.limit or 100, MAX_PAGE), list[Penalty]()
    if request.job_id:
        listed = penalties.of_job(ctx.store, request.job_id, after)
    elif operator:
        listed = penalties.of_worker(ctx.store, operator, after)
    else:
        listed = penalties.after_number(ctx.store, after)
    for scanned, entry in enumerate(listed, 1):
        if not operator or entry.operator == operator:
            found.append(entry)
        if len(found) == limit or scanned == MAX_SCAN:
            return QueryPenaltiesResponse(tuple(found), entry.number)
    return QueryPenaltiesResponse(tuple(found))

"""What anyone may read of the disputes module."""

from collections.abc import Iterator
from itertools import islice

from chain.context import QueryContext
from chain.errors import Code, Rejected
from chain.module import MAX_PAGE
from chain.modules.accounts.keeper import address_of
from chain.modules.disputes import clocks, keeper, plays, registry
from chain.modules.disputes.types import (
    Dispute,
    DueMove,
    QueryDisputeRequest,
    QueryDisputeResponse,
    QueryDisputesRequest,
    QueryDisputesResponse,
    QueryLinesRequest,
    QueryLinesResponse,
    QueryMovesRequest,
    QueryMovesResponse,
    QueryParamsRequest,
    QueryParamsResponse,
    QueryPaymentsRequest,
    QueryPaymentsResponse,
    Side,
)
from chain.modules.jobs import keeper as jobs
from chain.modules.workers import keeper as workers
from chain.store.overlay import Reader

MAX_SCAN = 10 * MAX_PAGE
"""Entries of an index that one query looks at."""


def dispute(ctx: QueryContext, request: QueryDisputeRequest) -> QueryDisputeResponse:
    """Return one dispute. Raises: Rejected: UNKNOWN_DISPUTE."""
    return QueryDisputeResponse(keeper.dispute(ctx.store, request.dispute_id))


def disputes(ctx: QueryContext, request: QueryDisputesRequest) -> QueryDisputesResponse:
    """Return a page of disputes in ascending id. Raises: Rejected: INVALID_ADDRESS.

    The narrowest index that the request names is read, at most `MAX_SCAN` entries of it; the other conditions choose.
    """
    operator = address_of(request.worker, "worker") if request.worker else b""
    after = request.after
    if request.from_height:
        after = max(after, registry.from_height(ctx.store, request.from_height))
    limit, found = min(request.limit or 100, MAX_PAGE), list[Dispute]()
    for scanned, entry in enumerate(_listed(ctx.store, request, operator, min(after, registry.LAST_ID)), 1):
        if request.to_height and entry.opened_height > request.to_height:
            break
        if (
            (not request.job_id or entry.job_id == request.job_id)
            and (not operator or operator in (entry.asserter, entry.challenger))
            and (not request.status or entry.status == request.status)
        ):
            found.append(entry)
        if len(found) == limit or scanned == MAX_SCAN:
            return QueryDisputesResponse(tuple(found), entry.dispute_id)
    return QueryDisputesResponse(tuple(found))


def _listed(store: Reader, request: QueryDisputesRequest, operator: bytes, after: int) -> Iterator[Dispute]:
    if request.job_id:
        return registry.of_job(store, request.job_id, after)
    if operator:
        return registry.of_worker(store, operator, after)
    if request.status:
        return registry.of_status(store, request.status, after)
    return registry.after_id(store, after)


def payments(ctx: QueryContext, request: QueryPaymentsRequest) -> QueryPaymentsResponse:
    """Return where the money of a dispute went. Raises: Rejected: UNKNOWN_DISPUTE."""
    keeper.dispute(ctx.store, request.dispute_id)
    return QueryPaymentsResponse(tuple(islice(registry.payments_of(ctx.store, request.dispute_id), MAX_PAGE)))


def params(ctx: QueryContext, request: QueryParamsRequest) -> QueryParamsResponse:
    """Return the parameters of the game, if it is played."""
    return QueryParamsResponse(plays.find_params(ctx.store))


def lines(ctx: QueryContext, request: QueryLinesRequest) -> QueryLinesResponse:
    """Return the lines of a dispute. Raises: Rejected: UNKNOWN_DISPUTE."""
    keeper.dispute(ctx.store, request.dispute_id)
    return QueryLinesResponse(tuple(islice(plays.plays_of(ctx.store, request.dispute_id), MAX_PAGE)))


def moves(ctx: QueryContext, request: QueryMovesRequest) -> QueryMovesResponse:
    """Return the moves that a worker owes. Raises: Rejected: UNKNOWN_WORKER."""
    worker = workers.find_by_address(ctx.store, address_of(request.address, "address"))
    if worker is None:
        raise Rejected(Code.UNKNOWN_WORKER, "the address is no worker's")
    found: list[DueMove] = []
    for play in islice(plays.open_plays_of(ctx.store, worker.operator), MAX_PAGE):
        opened, side = keeper.dispute(ctx.store, play.dispute_id), clocks.side(play.line)
        mover = opened.asserter if side == Side.ASSERTER else play.opener
        if mover == worker.operator:
            job, unit = jobs.job(ctx.store, opened.job_id), plays.unit_of(ctx.store, opened)
            found.append(DueMove(side, play.deadline, opened, play, job, unit))
    return QueryMovesResponse(ctx.height, tuple(found))

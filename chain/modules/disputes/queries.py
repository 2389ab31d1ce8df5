"""What anyone may read of the disputes module."""

from itertools import islice

from chain.context import QueryContext
from chain.errors import Code, Rejected
from chain.module import MAX_PAGE
from chain.modules.accounts.keeper import address_of
from chain.modules.disputes import clocks, keeper, plays
from chain.modules.disputes.types import (
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
    Side,
)
from chain.modules.jobs import keeper as jobs
from chain.modules.workers import keeper as workers


def dispute(ctx: QueryContext, request: QueryDisputeRequest) -> QueryDisputeResponse:
    """Return one dispute. Raises: Rejected: UNKNOWN_DISPUTE."""
    return QueryDisputeResponse(keeper.dispute(ctx.store, request.dispute_id))


def disputes(ctx: QueryContext, request: QueryDisputesRequest) -> QueryDisputesResponse:
    """Return a page of disputes, of one job or of all, in ascending id."""
    if request.job_id:
        found = (other for other in keeper.disputes_of(ctx.store, request.job_id) if other.dispute_id > request.after)
    else:
        found = (other for other in keeper.disputes_after(ctx.store, request.after))
    return QueryDisputesResponse(tuple(islice(found, min(request.limit or 100, MAX_PAGE))))


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

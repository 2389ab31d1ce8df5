"""What anyone may read of the disputes module."""

from itertools import islice

from chain.context import QueryContext
from chain.module import MAX_PAGE
from chain.modules.disputes import keeper
from chain.modules.disputes.types import (
    QueryDisputeRequest,
    QueryDisputeResponse,
    QueryDisputesRequest,
    QueryDisputesResponse,
)


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

"""What anyone may read of the workers module."""

from itertools import islice

from chain.context import QueryContext
from chain.errors import Code, Rejected
from chain.module import MAX_PAGE
from chain.modules.accounts.keeper import address_of
from chain.modules.workers import keeper, rules
from chain.modules.workers.state import FORFEITURES, HELD
from chain.modules.workers.types import (
    QueryBudgetRequest,
    QueryBudgetResponse,
    QueryEnrollmentsRequest,
    QueryEnrollmentsResponse,
    QueryParamsRequest,
    QueryParamsResponse,
    QueryWorkerRequest,
    QueryWorkerResponse,
    QueryWorkersRequest,
    QueryWorkersResponse,
    Worker,
)


def parameters(ctx: QueryContext, _request: QueryParamsRequest) -> QueryParamsResponse:
    """Return the parameters."""
    return QueryParamsResponse(keeper.params(ctx.store))


def worker(ctx: QueryContext, request: QueryWorkerRequest) -> QueryWorkerResponse:
    """Return a worker by operator or hot address. Raises: Rejected: UNKNOWN_WORKER."""
    found = keeper.find_by_address(ctx.store, address_of(request.address, "address"))
    if found is None:
        raise Rejected(Code.UNKNOWN_WORKER, "no worker has this operator or hot address")
    return QueryWorkerResponse(
        found,
        tuple(keeper.enrollments_of(ctx.store, found.operator)),
        tuple(keeper.unbondings_of(ctx.store, found.operator)),
    )


def workers(ctx: QueryContext, request: QueryWorkersRequest) -> QueryWorkersResponse:
    """Return a page of workers in ascending operator order."""
    limit = min(request.limit or 100, MAX_PAGE)
    page: list[Worker] = []
    for found in keeper.workers(ctx.store, request.after):
        if len(page) == limit:
            break
        page.append(found)
    return QueryWorkersResponse(tuple(page))


def budget(ctx: QueryContext, _request: QueryBudgetRequest) -> QueryBudgetResponse:
    """Return what was taken from bonds in this epoch, what is held and what is being forfeited."""
    sums, values = keeper.budget(ctx.store), keeper.params(ctx.store)
    return QueryBudgetResponse(
        sums,
        rules.absence_limit(values, sums.bonds),
        rules.fault_limit(values, sums.bonds),
        tuple(entry for _, entry in islice(HELD.items(ctx.store), MAX_PAGE)),
        tuple(found for _, found in islice(FORFEITURES.items(ctx.store), MAX_PAGE)),
    )


def enrollments(ctx: QueryContext, request: QueryEnrollmentsRequest) -> QueryEnrollmentsResponse:
    """Return who is enrolled for a model. Raises: Rejected: INVALID_REQUEST."""
    if len(request.model_root) != 32:
        raise Rejected(Code.INVALID_REQUEST, "model_root: 32 bytes")
    return QueryEnrollmentsResponse(tuple(keeper.enrollments_of_model(ctx.store, request.model_root))[: 4 * MAX_PAGE])

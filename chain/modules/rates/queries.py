"""What anyone may read of the rates module."""

from chain.context import QueryContext
from chain.errors import Code, Rejected
from chain.modules.accounts.keeper import address_of
from chain.modules.rates import keeper, measured
from chain.modules.rates.types import (
    QueryCheckersRequest,
    QueryCheckersResponse,
    QueryParamsRequest,
    QueryParamsResponse,
    QueryReputationRequest,
    QueryReputationResponse,
)


def parameters(ctx: QueryContext, _request: QueryParamsRequest) -> QueryParamsResponse:
    """Return the parameters."""
    return QueryParamsResponse(keeper.params(ctx.store))


def checkers(ctx: QueryContext, request: QueryCheckersRequest) -> QueryCheckersResponse:
    """Return what the chain has seen of a model's checkers. Raises: Rejected: INVALID_REQUEST."""
    _require_root(request.model_root)
    current, found = keeper.params(ctx.store), keeper.checkers(ctx.store, request.model_root)
    most = measured.limit(found, keeper.check_window(ctx.store)) if current.check_speed else 0
    return QueryCheckersResponse(found, measured.fulfilled(current, found), most)


def reputation(ctx: QueryContext, request: QueryReputationRequest) -> QueryReputationResponse:
    """Return a worker's reputation with a model. Raises: Rejected: INVALID_REQUEST, INVALID_ADDRESS."""
    _require_root(request.model_root)
    found = keeper.score(ctx.store, address_of(request.operator, "operator"), request.model_root)
    return QueryReputationResponse(found, keeper.params(ctx.store).reputation_full)


def _require_root(model_root: bytes) -> None:
    if len(model_root) != 32:
        raise Rejected(Code.INVALID_REQUEST, "model_root: 32 bytes")

"""What anyone may read of the rates module."""

from chain.context import QueryContext
from chain.modules.rates import keeper
from chain.modules.rates.types import QueryParamsRequest, QueryParamsResponse


def parameters(ctx: QueryContext, _request: QueryParamsRequest) -> QueryParamsResponse:
    """Return the parameters."""
    return QueryParamsResponse(keeper.params(ctx.store))

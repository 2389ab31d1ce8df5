"""What anyone may read of the plans module."""

from chain.context import QueryContext
from chain.errors import Code, Rejected
from chain.modules.models import keeper as models
from chain.modules.plans import keeper
from chain.modules.plans.types import (
    QueryParamsRequest,
    QueryParamsResponse,
    QueryPlanRequest,
    QueryPlanResponse,
    QueryPlansRequest,
    QueryPlansResponse,
)


def parameters(ctx: QueryContext, _request: QueryParamsRequest) -> QueryParamsResponse:
    """Return the parameters."""
    return QueryParamsResponse(keeper.params(ctx.store))


def plans(ctx: QueryContext, request: QueryPlansRequest) -> QueryPlansResponse:
    """Return the live plans of a model. Raises: Rejected: UNKNOWN_MODEL."""
    models.model(ctx.store, request.model_root)
    return QueryPlansResponse(keeper.live_plans(ctx.store, request.model_root))


def plan(ctx: QueryContext, request: QueryPlanRequest) -> QueryPlanResponse:
    """Return one plan. Raises: Rejected: NOT_FOUND."""
    found = keeper.find_plan(ctx.store, request.plan_id)
    if found is None:
        raise Rejected(Code.NOT_FOUND, f"there is no plan {request.plan_id}, or it is long dead")
    return QueryPlanResponse(found)

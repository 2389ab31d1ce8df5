"""What anyone may read of the models module."""

from chain.context import QueryContext
from chain.errors import Code, Rejected
from chain.module import MAX_PAGE
from chain.modules.models import keeper
from chain.modules.models.state import MODELS
from chain.modules.models.types import (
    Model,
    QueryModelRequest,
    QueryModelResponse,
    QueryModelsRequest,
    QueryModelsResponse,
)


def model(ctx: QueryContext, request: QueryModelRequest) -> QueryModelResponse:
    """Return one model by root, else by name. Raises: Rejected: UNKNOWN_MODEL."""
    if request.model_root:
        return QueryModelResponse(keeper.model(ctx.store, request.model_root))
    found = keeper.find_by_name(ctx.store, request.name)
    if found is None:
        raise Rejected(Code.UNKNOWN_MODEL, f"no model is called {request.name[:64]}")
    return QueryModelResponse(found)


def models(ctx: QueryContext, request: QueryModelsRequest) -> QueryModelsResponse:
    """Return a page of models in order of their roots."""
    limit = min(request.limit or 100, MAX_PAGE)
    start = request.after + b"\x00" if request.after else b""
    page: list[Model] = []
    for _, found in MODELS.items(ctx.store, start=start):
        if len(page) == limit:
            break
        page.append(found)
    return QueryModelsResponse(tuple(page))

"""What anyone may read of the beacon module."""

from chain.context import QueryContext
from chain.errors import Code, Rejected
from chain.modules.beacon import keeper
from chain.modules.beacon.types import QueryBeaconRequest, QueryBeaconResponse


def beacon(ctx: QueryContext, request: QueryBeaconRequest) -> QueryBeaconResponse:
    """Return the beacon of a height, the latest for 0. Raises: Rejected: NOT_FOUND."""
    found = keeper.find_beacon(ctx.store, request.height) if request.height else keeper.latest(ctx.store)
    if found is None:
        raise Rejected(Code.NOT_FOUND, f"the beacon of height {request.height} is not in state")
    return QueryBeaconResponse(found, keeper.find_key(ctx.store, found.proposer))

"""What the treasury module registers."""

from chain.module import Module, QueryMethod
from chain.modules.treasury import lifecycle, queries, types

_SERVICE = "ostraka.treasury.v1.Query"

MODULE = Module(
    name="treasury",
    queries=(
        QueryMethod(f"{_SERVICE}/Params", types.QueryParamsRequest, types.QueryParamsResponse, queries.params),
        QueryMethod(f"{_SERVICE}/Balances", types.QueryBalancesRequest, types.QueryBalancesResponse, queries.balances),
    ),
    init_genesis=lifecycle.init_genesis,
    export_genesis=lifecycle.export_genesis,
    end_block=lifecycle.end_block,
    check_invariants=lifecycle.check_invariants,
)

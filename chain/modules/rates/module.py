"""The rates module."""

from chain.module import Module, QueryMethod
from chain.modules.rates import lifecycle, queries
from chain.modules.rates.types import (
    QueryCheckersRequest,
    QueryCheckersResponse,
    QueryParamsRequest,
    QueryParamsResponse,
    QueryReputationRequest,
    QueryReputationResponse,
)

SERVICE = "ostraka.rates.v1.Query"

MODULE = Module(
    name="rates",
    queries=(
        QueryMethod(f"{SERVICE}/Params", QueryParamsRequest, QueryParamsResponse, queries.parameters),
        QueryMethod(f"{SERVICE}/Checkers", QueryCheckersRequest, QueryCheckersResponse, queries.checkers),
        QueryMethod(f"{SERVICE}/Reputation", QueryReputationRequest, QueryReputationResponse, queries.reputation),
    ),
    init_genesis=lifecycle.init_genesis,
    export_genesis=lifecycle.export_genesis,
    end_block=lifecycle.end_block,
    check_invariants=lifecycle.check_invariants,
)
"""What the application registers."""

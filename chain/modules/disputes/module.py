"""The disputes module."""

from chain.module import Module, QueryMethod
from chain.modules.disputes import lifecycle, queries
from chain.modules.disputes.types import (
    QueryDisputeRequest,
    QueryDisputeResponse,
    QueryDisputesRequest,
    QueryDisputesResponse,
)

SERVICE = "ostraka.disputes.v1.Query"

MODULE = Module(
    name="disputes",
    queries=(
        QueryMethod(f"{SERVICE}/Dispute", QueryDisputeRequest, QueryDisputeResponse, queries.dispute),
        QueryMethod(f"{SERVICE}/Disputes", QueryDisputesRequest, QueryDisputesResponse, queries.disputes),
    ),
    end_block=lifecycle.end_block,
    check_invariants=lifecycle.check_invariants,
)
"""What the application registers."""

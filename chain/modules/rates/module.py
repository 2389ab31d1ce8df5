"""The rates module."""

from chain.module import Module, QueryMethod
from chain.modules.rates import lifecycle, queries
from chain.modules.rates.types import QueryParamsRequest, QueryParamsResponse

SERVICE = "ostraka.rates.v1.Query"

MODULE = Module(
    name="rates",
    queries=(QueryMethod(f"{SERVICE}/Params", QueryParamsRequest, QueryParamsResponse, queries.parameters),),
    init_genesis=lifecycle.init_genesis,
    export_genesis=lifecycle.export_genesis,
)
"""What the application registers."""

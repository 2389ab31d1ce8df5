"""The beacon module."""

from chain.module import Module, QueryMethod
from chain.modules.beacon import lifecycle, queries
from chain.modules.beacon.types import QueryBeaconRequest, QueryBeaconResponse

SERVICE = "ostraka.beacon.v1.Query"

MODULE = Module(
    name="beacon",
    queries=(QueryMethod(f"{SERVICE}/Beacon", QueryBeaconRequest, QueryBeaconResponse, queries.beacon),),
    init_genesis=lifecycle.init_genesis,
    export_genesis=lifecycle.export_genesis,
    check_invariants=lifecycle.check_invariants,
)
"""What the application registers."""

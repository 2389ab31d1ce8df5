"""The plans module."""

from chain.module import Message, Module, QueryMethod
from chain.modules.plans import handlers, lifecycle, queries, types

SERVICE = "ostraka.plans.v1.Query"

MODULE = Module(
    name="plans",
    messages=(
        Message("/ostraka.plans.v1.MsgSubmitPlan", types.MsgSubmitPlan, "sender", handlers.submit_plan, 100_000),
    ),
    queries=(
        QueryMethod(f"{SERVICE}/Params", types.QueryParamsRequest, types.QueryParamsResponse, queries.parameters),
        QueryMethod(f"{SERVICE}/Plans", types.QueryPlansRequest, types.QueryPlansResponse, queries.plans),
        QueryMethod(f"{SERVICE}/Plan", types.QueryPlanRequest, types.QueryPlanResponse, queries.plan),
    ),
    init_genesis=lifecycle.init_genesis,
    export_genesis=lifecycle.export_genesis,
    end_block=lifecycle.end_block,
    check_invariants=lifecycle.check_invariants,
)
"""What the application registers."""

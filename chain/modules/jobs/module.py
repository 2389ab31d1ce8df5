"""The jobs module."""

from chain.module import Message, Module, QueryMethod
from chain.modules.jobs import handlers, lifecycle, queries, types
from chain.modules.rates.types import QueryQuoteRequest, QueryQuoteResponse

SERVICE = "ostraka.jobs.v1.Query"

MODULE = Module(
    name="jobs",
    messages=(
        Message("/ostraka.jobs.v1.MsgRequestJob", types.MsgRequestJob, "requester", handlers.request_job, 150_000),
        Message("/ostraka.jobs.v1.MsgSubmitResult", types.MsgSubmitResult, "sender", handlers.submit_result, 100_000),
    ),
    queries=(
        QueryMethod(f"{SERVICE}/Params", types.QueryParamsRequest, types.QueryParamsResponse, queries.parameters),
        QueryMethod(f"{SERVICE}/Job", types.QueryJobRequest, types.QueryJobResponse, queries.job),
        QueryMethod(f"{SERVICE}/Jobs", types.QueryJobsRequest, types.QueryJobsResponse, queries.jobs),
        QueryMethod(f"{SERVICE}/Waiting", types.QueryWaitingRequest, types.QueryWaitingResponse, queries.waiting),
        QueryMethod(f"{SERVICE}/Archive", types.QueryArchiveRequest, types.QueryArchiveResponse, queries.archived),
        # The rates module knows no plans, so its quote is answered from here.
        QueryMethod("ostraka.rates.v1.Query/Quote", QueryQuoteRequest, QueryQuoteResponse, queries.quote),
    ),
    init_genesis=lifecycle.init_genesis,
    export_genesis=lifecycle.export_genesis,
    end_block=lifecycle.end_block,
    check_invariants=lifecycle.check_invariants,
)
"""What the application registers."""

"""The workers module."""

from chain.module import Message, Module, QueryMethod
from chain.modules.workers import handlers, lifecycle, penalties, queries, types

SERVICE = "ostraka.workers.v1.Query"
PACKAGE = "/ostraka.workers.v1"

MODULE = Module(
    name="workers",
    messages=(
        Message(f"{PACKAGE}.MsgRegisterWorker", types.MsgRegisterWorker, "operator", handlers.register_worker, 100_000),
        Message(f"{PACKAGE}.MsgUpdateWorker", types.MsgUpdateWorker, "operator", handlers.update_worker, 40_000),
        Message(f"{PACKAGE}.MsgBond", types.MsgBond, "operator", handlers.bond, 40_000),
        Message(f"{PACKAGE}.MsgUnbond", types.MsgUnbond, "operator", handlers.unbond, 40_000),
        Message(f"{PACKAGE}.MsgWithdraw", types.MsgWithdraw, "operator", handlers.withdraw, 40_000),
        Message(f"{PACKAGE}.MsgChangeVrfKey", types.MsgChangeVrfKey, "operator", handlers.change_vrf_key, 40_000),
        Message(f"{PACKAGE}.MsgEnroll", types.MsgEnroll, "operator", handlers.enroll, 60_000),
        Message(f"{PACKAGE}.MsgUnenroll", types.MsgUnenroll, "operator", handlers.unenroll, 40_000),
    ),
    queries=(
        QueryMethod(f"{SERVICE}/Params", types.QueryParamsRequest, types.QueryParamsResponse, queries.parameters),
        QueryMethod(f"{SERVICE}/Worker", types.QueryWorkerRequest, types.QueryWorkerResponse, queries.worker),
        QueryMethod(f"{SERVICE}/Workers", types.QueryWorkersRequest, types.QueryWorkersResponse, queries.workers),
        QueryMethod(
            f"{SERVICE}/Enrollments",
            types.QueryEnrollmentsRequest,
            types.QueryEnrollmentsResponse,
            queries.enrollments,
        ),
        QueryMethod(f"{SERVICE}/Budget", types.QueryBudgetRequest, types.QueryBudgetResponse, queries.budget),
    ),
    init_genesis=lifecycle.init_genesis,
    export_genesis=lifecycle.export_genesis,
    end_block=penalties.release_held,
    check_invariants=lifecycle.check_invariants,
)
"""What the application registers."""

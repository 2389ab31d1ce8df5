"""The sampling module."""

from chain.module import Message, Module, QueryMethod
from chain.modules.sampling import canaries, duties, explain, handlers, lifecycle, openings, queries, types

SERVICE = "ostraka.sampling.v1.Query"
PACKAGE = "/ostraka.sampling.v1"

MODULE = Module(
    name="sampling",
    messages=(
        Message(f"{PACKAGE}.MsgCommitCheck", types.MsgCommitCheck, "sender", handlers.commit_check, 60_000),
        Message(f"{PACKAGE}.MsgRevealCheck", types.MsgRevealCheck, "sender", handlers.reveal_check, 100_000),
        Message(f"{PACKAGE}.MsgOpenResult", types.MsgOpenResult, "sender", handlers.open_result, 60_000),
        Message(f"{PACKAGE}.MsgOpenCanary", types.MsgOpenCanary, "sender", openings.open_canary, 60_000),
        Message(f"{PACKAGE}.MsgOpenEpoch", types.MsgOpenEpoch, "sender", handlers.open_epoch, 60_000),
        Message(f"{PACKAGE}.MsgClaimDuty", types.MsgClaimDuty, "sender", handlers.claim_duty, 30_000),
        Message(f"{PACKAGE}.MsgShowSeal", types.MsgShowSeal, "sender", handlers.show_seal, 40_000),
    ),
    queries=(
        QueryMethod(f"{SERVICE}/Params", types.QueryParamsRequest, types.QueryParamsResponse, queries.parameters),
        QueryMethod(f"{SERVICE}/Unit", types.QueryUnitRequest, types.QueryUnitResponse, queries.unit),
        QueryMethod(f"{SERVICE}/Snapshot", types.QuerySnapshotRequest, types.QuerySnapshotResponse, queries.snapshot),
        QueryMethod(f"{SERVICE}/Round", types.QueryRoundRequest, types.QueryRoundResponse, queries.draw),
        QueryMethod(
            f"{SERVICE}/EpochProofs", types.QueryEpochProofsRequest, types.QueryEpochProofsResponse, queries.proofs
        ),
        QueryMethod(f"{SERVICE}/Duties", types.QueryDutiesRequest, types.QueryDutiesResponse, duties.duties),
        QueryMethod(f"{SERVICE}/Explain", types.QueryExplainRequest, types.QueryExplainResponse, explain.explain),
        QueryMethod(f"{SERVICE}/Canary", types.QueryCanaryRequest, types.QueryCanaryResponse, canaries.canary),
        QueryMethod(f"{SERVICE}/Pool", types.QueryPoolRequest, types.QueryPoolResponse, queries.pool),
        QueryMethod(f"{SERVICE}/Unmet", types.QueryUnmetRequest, types.QueryUnmetResponse, queries.unmet),
        QueryMethod(
            f"{SERVICE}/Penalties", types.QueryPenaltiesRequest, types.QueryPenaltiesResponse, queries.bond_penalties
        ),
    ),
    init_genesis=lifecycle.init_genesis,
    export_genesis=lifecycle.export_genesis,
    end_block=lifecycle.end_block,
    check_invariants=lifecycle.check_invariants,
)
"""What the application registers."""

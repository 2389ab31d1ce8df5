"""The disputes module."""

from chain.module import Message, Module, QueryMethod
from chain.modules.disputes import absences, challenges, claims, handlers, lifecycle, queries, witness
from chain.modules.disputes.types import (
    MsgChallenge,
    MsgChoose,
    MsgClaimBounds,
    MsgClaimReceipt,
    MsgClaimStop,
    MsgDemandWitness,
    MsgOpenLine,
    MsgPostLazy,
    MsgProve,
    MsgRefuteWitness,
    MsgReveal,
    MsgShowReceipt,
    MsgSupplyWitness,
    QueryDemandsRequest,
    QueryDemandsResponse,
    QueryDisputeRequest,
    QueryDisputeResponse,
    QueryDisputesRequest,
    QueryDisputesResponse,
    QueryLinesRequest,
    QueryLinesResponse,
    QueryMovesRequest,
    QueryMovesResponse,
    QueryParamsRequest,
    QueryParamsResponse,
    QueryPaymentsRequest,
    QueryPaymentsResponse,
)

PACKAGE = "/ostraka.disputes.v1"
SERVICE = "ostraka.disputes.v1.Query"

MODULE = Module(
    name="disputes",
    messages=(
        Message(f"{PACKAGE}.MsgReveal", MsgReveal, "sender", handlers.reveal, handlers.MOVE_GAS),
        Message(f"{PACKAGE}.MsgChoose", MsgChoose, "sender", handlers.choose, handlers.MOVE_GAS),
        Message(f"{PACKAGE}.MsgProve", MsgProve, "sender", handlers.prove, handlers.PROOF_GAS),
        Message(f"{PACKAGE}.MsgOpenLine", MsgOpenLine, "sender", handlers.open_line, handlers.MOVE_GAS),
        Message(f"{PACKAGE}.MsgPostLazy", MsgPostLazy, "sender", handlers.post_lazy, handlers.MOVE_GAS),
        Message(f"{PACKAGE}.MsgChallenge", MsgChallenge, "sender", challenges.challenge, handlers.MOVE_GAS),
        Message(f"{PACKAGE}.MsgClaimReceipt", MsgClaimReceipt, "sender", claims.claim_receipt, claims.CLAIM_GAS),
        Message(f"{PACKAGE}.MsgClaimStop", MsgClaimStop, "sender", claims.claim_stop, claims.CLAIM_GAS),
        Message(f"{PACKAGE}.MsgDemandWitness", MsgDemandWitness, "sender", witness.demand, handlers.MOVE_GAS),
        Message(f"{PACKAGE}.MsgSupplyWitness", MsgSupplyWitness, "sender", witness.supply, witness.SUPPLY_GAS),
        Message(f"{PACKAGE}.MsgRefuteWitness", MsgRefuteWitness, "sender", witness.refute, handlers.MOVE_GAS),
        Message(f"{PACKAGE}.MsgClaimBounds", MsgClaimBounds, "sender", claims.claim_bounds, claims.BOUNDS_GAS),
        Message(f"{PACKAGE}.MsgShowReceipt", MsgShowReceipt, "sender", absences.show_receipt, absences.SHOW_GAS),
    ),
    queries=(
        QueryMethod(f"{SERVICE}/Dispute", QueryDisputeRequest, QueryDisputeResponse, queries.dispute),
        QueryMethod(f"{SERVICE}/Disputes", QueryDisputesRequest, QueryDisputesResponse, queries.disputes),
        QueryMethod(f"{SERVICE}/Params", QueryParamsRequest, QueryParamsResponse, queries.params),
        QueryMethod(f"{SERVICE}/Lines", QueryLinesRequest, QueryLinesResponse, queries.lines),
        QueryMethod(f"{SERVICE}/Payments", QueryPaymentsRequest, QueryPaymentsResponse, queries.payments),
        QueryMethod(f"{SERVICE}/Moves", QueryMovesRequest, QueryMovesResponse, queries.moves),
        QueryMethod(f"{SERVICE}/Demands", QueryDemandsRequest, QueryDemandsResponse, witness.demands),
    ),
    init_genesis=lifecycle.init_genesis,
    export_genesis=lifecycle.export_genesis,
    end_block=lifecycle.end_block,
    check_invariants=lifecycle.check_invariants,
)
"""What the application registers."""

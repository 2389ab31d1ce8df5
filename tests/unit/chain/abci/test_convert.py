"""What CometBFT says reaches the application whole, and the other way round."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.abci import convert
from chain.abci.results import FinalizeBlockReply, encode_result
from chain.application import (
    Block,
    Event,
    FinalizeResult,
    InitChain,
    InitChainResult,
    Misbehavior,
    ProofOp,
    QueryResult,
    Timestamp,
    TxResult,
    ValidatorUpdate,
    Vote,
)
from chain.wire.tendermint.abci import types_pb2 as wire
from chain.wire.tendermint.crypto.keys_pb2 import PublicKey
from chain.wire.tendermint.crypto.proof_pb2 import ProofOp as WireProofOp
from chain.wire.tendermint.crypto.proof_pb2 import ProofOps
from chain.wire.tendermint.types.params_pb2 import BlockParams, ConsensusParams

TIME = {"seconds": 1_700_000_000, "nanos": 123_456_789}
BLOCK = Block(
    height=9,
    time=Timestamp(1_700_000_000, 123_456_789),
    proposer_address=b"p" * 20,
    txs=(b"one", b"", b"two"),
    hash=b"h" * 32,
    last_commit=(Vote(b"a" * 20, 7, 2), Vote(b"b" * 20, 5, 1)),
    misbehavior=(Misbehavior(1, b"c" * 20, 3, 4, Timestamp(1_700_000_000, 123_456_789), 15),),
    next_validators_hash=b"n" * 32,
)
EVIDENCE = wire.Misbehavior(
    type=wire.DUPLICATE_VOTE,
    validator=wire.Validator(address=b"c" * 20, power=3),
    height=4,
    time=TIME,
    total_voting_power=15,
)
VALIDATORS = ((b"a" * 20, 7, 2), (b"b" * 20, 5, 1))


def test_the_three_forms_of_a_block_become_the_same_block() -> None:
    commit = wire.CommitInfo(
        votes=[
            wire.VoteInfo(validator=wire.Validator(address=address, power=power), block_id_flag=flag)  # type: ignore[arg-type]
            for address, power, flag in VALIDATORS
        ]
    )
    extended = wire.ExtendedCommitInfo(
        votes=[
            wire.ExtendedVoteInfo(validator=wire.Validator(address=address, power=power), block_id_flag=flag)  # type: ignore[arg-type]
            for address, power, flag in VALIDATORS
        ]
    )
    shared = {
        "txs": BLOCK.txs,
        "misbehavior": [EVIDENCE],
        "height": 9,
        "time": TIME,
        "next_validators_hash": b"n" * 32,
        "proposer_address": b"p" * 20,
    }
    judged = wire.RequestProcessProposal(proposed_last_commit=commit, hash=b"h" * 32, **shared)  # type: ignore[arg-type]
    decided = wire.RequestFinalizeBlock(decided_last_commit=commit, hash=b"h" * 32, **shared)  # type: ignore[arg-type]
    made = wire.RequestPrepareProposal(local_last_commit=extended, **shared)  # type: ignore[arg-type]
    assert convert.proposal_to_judge(judged) == BLOCK
    assert convert.decided_block(decided) == BLOCK
    assert convert.proposal_to_make(made) == Block(
        **{name: getattr(BLOCK, name) for name in BLOCK.__slots__} | {"hash": b""}
    )


def test_genesis_is_handed_over() -> None:
    request = wire.RequestInitChain(
        time=TIME,
        chain_id="c",
        consensus_params=ConsensusParams(block=BlockParams(max_bytes=10, max_gas=20)),
        validators=[wire.ValidatorUpdate(pub_key=PublicKey(ed25519=b"k" * 32), power=3)],
        app_state_bytes=b"{}",
        initial_height=5,
    )
    expected = InitChain("c", BLOCK.time, 5, (ValidatorUpdate(b"k" * 32, 3),), b"{}", 10, 20)
    assert convert.init_chain(request) == expected


def test_a_validator_with_another_kind_of_key_is_refused() -> None:
    for key in (PublicKey(secp256k1=b"k" * 33), PublicKey(ed25519=b"k" * 31), PublicKey()):
        request = wire.RequestInitChain(validators=[wire.ValidatorUpdate(pub_key=key, power=3)])
        with pytest.raises(convert.UnsupportedRequest, match="ed25519 is accepted"):
            convert.init_chain(request)


def test_results_reach_consensus_in_order_and_complete() -> None:
    event = Event("transfer", (("sender", "a"), ("amount", "1")))
    full = TxResult(3, b"d", 10, 9, "log", "bank", (event,))
    reply = FinalizeBlockReply(
        FinalizeResult((full, TxResult()), b"h" * 32, (ValidatorUpdate(b"k" * 32, 0),), (Event("end"),))
    )
    attributes = [
        wire.EventAttribute(key="sender", value="a", index=True),
        wire.EventAttribute(key="amount", value="1", index=True),
    ]
    wire_event = wire.Event(type="transfer", attributes=attributes)
    wire_full = wire.ExecTxResult(
        code=3, data=b"d", gas_wanted=10, gas_used=9, log="log", codespace="bank", events=[wire_event]
    )
    response = wire.ResponseFinalizeBlock(
        events=[wire.Event(type="end")],
        tx_results=[wire_full, wire.ExecTxResult()],
        validator_updates=[wire.ValidatorUpdate(pub_key=PublicKey(ed25519=b"k" * 32), power=0)],
        app_hash=b"h" * 32,
    )
    assert reply.SerializeToString() == response.SerializeToString(deterministic=True)
    assert convert.check_tx_response(full) == wire.ResponseCheckTx(
        code=3, data=b"d", gas_wanted=10, gas_used=9, log="log", codespace="bank"
    )
    assert convert.init_chain_response(InitChainResult(b"h", (ValidatorUpdate(b"k" * 32, 1),))) == (
        wire.ResponseInitChain(
            app_hash=b"h", validators=[wire.ValidatorUpdate(pub_key=PublicKey(ed25519=b"k" * 32), power=1)]
        )
    )


@given(
    st.builds(
        TxResult,
        code=st.integers(0, 2**32 - 1),
        data=st.binary(),
        gas_wanted=st.integers(0, 2**63 - 1),
        gas_used=st.integers(0, 2**63 - 1),
        log=st.text(),
        codespace=st.text(),
        events=st.lists(
            st.builds(
                Event,
                st.text(max_size=200),
                st.lists(st.tuples(st.text(max_size=200), st.text(max_size=200)), max_size=4).map(tuple),
            ),
            max_size=4,
        ).map(tuple),
    )
)
def test_results_have_the_bytes_that_protobuf_gives_them(result: TxResult) -> None:
    events = [
        wire.Event(
            type=event.kind,
            attributes=[wire.EventAttribute(key=key, value=value, index=True) for key, value in event.attributes],
        )
        for event in result.events
    ]
    expected = wire.ExecTxResult(
        code=result.code,
        data=result.data,
        log=result.log,
        gas_wanted=result.gas_wanted,
        gas_used=result.gas_used,
        events=events,
        codespace=result.codespace,
    )
    assert encode_result(result) == expected.SerializeToString(deterministic=True)


def test_a_proof_is_carried_in_order_and_absent_without_steps() -> None:
    result = QueryResult(
        0, "", "", b"k", b"v", 7, (ProofOp("ics23:iavl", b"k", b"1"), ProofOp("ics23:simple", b"m", b"2"))
    )
    ops = [WireProofOp(type="ics23:iavl", key=b"k", data=b"1"), WireProofOp(type="ics23:simple", key=b"m", data=b"2")]
    assert convert.query_response(result) == wire.ResponseQuery(
        key=b"k", value=b"v", height=7, proof_ops=ProofOps(ops=ops)
    )
    refused = QueryResult(code=6, log="unknown path", codespace="sdk")
    assert not convert.query_response(refused).HasField("proof_ops")

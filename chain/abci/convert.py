"""ABCI protobuf to the application's types and back; nothing else of the chain knows these messages."""

from collections.abc import Iterable

from google.protobuf.timestamp_pb2 import Timestamp as WireTimestamp

from chain.application import (
    Block,
    Info,
    InitChain,
    InitChainResult,
    Misbehavior,
    Query,
    QueryResult,
    Timestamp,
    TxResult,
    ValidatorUpdate,
    Vote,
)
from chain.wire.tendermint.abci import types_pb2 as wire
from chain.wire.tendermint.crypto.keys_pb2 import PublicKey
from chain.wire.tendermint.crypto.proof_pb2 import ProofOp, ProofOps

ED25519_KEY_BYTES = 32


class UnsupportedRequest(ValueError):
    """CometBFT asks for something this chain is not configured for."""


# --- requests ---


def init_chain(request: wire.RequestInitChain) -> InitChain:
    """Translate genesis.

    Raises: UnsupportedRequest for a validator key that is not ed25519.
    """
    return InitChain(
        chain_id=request.chain_id,
        time=timestamp(request.time),
        initial_height=request.initial_height,
        validators=tuple(map(validator_update, request.validators)),
        app_state=request.app_state_bytes,
        block_max_bytes=request.consensus_params.block.max_bytes,
        block_max_gas=request.consensus_params.block.max_gas,
    )


def validator_update(update: wire.ValidatorUpdate) -> ValidatorUpdate:
    """Translate a validator and its power.

    Raises: UnsupportedRequest if the key is not ed25519.
    """
    key = update.pub_key.ed25519
    if len(key) != ED25519_KEY_BYTES:
        raise UnsupportedRequest(f"validator key of type {update.pub_key.WhichOneof('sum')}; ed25519 is accepted")
    return ValidatorUpdate(public_key=key, power=update.power)


def query(request: wire.RequestQuery) -> Query:
    """Translate a read."""
    return Query(path=request.path, data=request.data, height=request.height, prove=request.prove)


def proposal_to_make(request: wire.RequestPrepareProposal) -> Block:
    """Translate the block that we are to propose; it has no hash yet."""
    return Block(
        height=request.height,
        time=timestamp(request.time),
        proposer_address=request.proposer_address,
        txs=tuple(request.txs),
        last_commit=votes(request.local_last_commit.votes),
        misbehavior=misbehaviors(request.misbehavior),
        next_validators_hash=request.next_validators_hash,
    )


def proposal_to_judge(request: wire.RequestProcessProposal) -> Block:
    """Translate somebody's proposed block."""
    return Block(
        height=request.height,
        time=timestamp(request.time),
        proposer_address=request.proposer_address,
        txs=tuple(request.txs),
        hash=request.hash,
        last_commit=votes(request.proposed_last_commit.votes),
        misbehavior=misbehaviors(request.misbehavior),
        next_validators_hash=request.next_validators_hash,
    )


def decided_block(request: wire.RequestFinalizeBlock) -> Block:
    """Translate the block that consensus decided."""
    return Block(
        height=request.height,
        time=timestamp(request.time),
        proposer_address=request.proposer_address,
        txs=tuple(request.txs),
        hash=request.hash,
        last_commit=votes(request.decided_last_commit.votes),
        misbehavior=misbehaviors(request.misbehavior),
        next_validators_hash=request.next_validators_hash,
    )


def timestamp(time: WireTimestamp) -> Timestamp:
    """Translate a time."""
    return Timestamp(seconds=time.seconds, nanos=time.nanos)


def votes(entries: Iterable[wire.VoteInfo | wire.ExtendedVoteInfo]) -> tuple[Vote, ...]:
    """Translate the last commit, in the order of the validator set."""
    return tuple(
        Vote(address=entry.validator.address, power=entry.validator.power, flag=int(entry.block_id_flag))
        for entry in entries
    )


def misbehaviors(entries: Iterable[wire.Misbehavior]) -> tuple[Misbehavior, ...]:
    """Translate evidence."""
    return tuple(
        Misbehavior(
            kind=int(entry.type),
            address=entry.validator.address,
            power=entry.validator.power,
            height=entry.height,
            time=timestamp(entry.time),
            total_power=entry.total_voting_power,
        )
        for entry in entries
    )


# --- responses ---


def info_response(info: Info) -> wire.ResponseInfo:
    """Describe the last committed state."""
    return wire.ResponseInfo(
        data=info.data,
        version=info.version,
        app_version=info.app_version,
        last_block_height=info.last_block_height,
        last_block_app_hash=info.last_block_app_hash,
    )


def init_chain_response(result: InitChainResult) -> wire.ResponseInitChain:
    """Answer InitChain; consensus parameters stay those of genesis."""
    return wire.ResponseInitChain(app_hash=result.app_hash, validators=map(wire_validator_update, result.validators))


def wire_validator_update(update: ValidatorUpdate) -> wire.ValidatorUpdate:
    """Translate a validator's new power for CometBFT."""
    return wire.ValidatorUpdate(pub_key=PublicKey(ed25519=update.public_key), power=update.power)


def query_response(result: QueryResult) -> wire.ResponseQuery:
    """Answer a read."""
    response = wire.ResponseQuery(
        code=result.code,
        log=result.log,
        key=result.key,
        value=result.value,
        height=result.height,
        codespace=result.codespace,
    )
    if result.proof_ops:
        ops = (ProofOp(type=op.kind, key=op.key, data=op.data) for op in result.proof_ops)
        response.proof_ops.CopyFrom(ProofOps(ops=ops))
    return response


def check_tx_response(result: TxResult) -> wire.ResponseCheckTx:
    """Answer CheckTx; events are left out, because nothing reads them there."""
    return wire.ResponseCheckTx(
        code=result.code,
        data=result.data,
        log=result.log,
        gas_wanted=result.gas_wanted,
        gas_used=result.gas_used,
        codespace=result.codespace,
    )

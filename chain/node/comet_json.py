"""CometBFT's JSON of headers, commits and validators to the protobuf messages that are hashed and signed.

Amounts of 64 bits are decimal strings there, hashes and addresses upper-case hex, keys and signatures base64.
"""

import base64
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from chain.wire.tendermint.crypto.keys_pb2 import PublicKey
from chain.wire.tendermint.types.types_pb2 import BlockID, Commit, CommitSig, Header, PartSetHeader, SignedHeader
from chain.wire.tendermint.types.validator_pb2 import Validator
from chain.wire.tendermint.version.types_pb2 import Consensus

ED25519_KEY_TYPE = "tendermint/PubKeyEd25519"


def timestamp_from_json(text: str) -> Timestamp:
    """Parse an RFC 3339 time with up to nine decimals."""
    time = Timestamp()
    time.FromJsonString(text)
    return time


def block_id_from_json(entry: dict[str, Any]) -> BlockID:
    """Translate a block's identity; that of no block is empty but its parts are still there."""
    parts = entry.get("parts") or entry.get("part_set_header") or {}
    return BlockID(
        hash=bytes.fromhex(entry["hash"]),
        part_set_header=PartSetHeader(total=int(parts.get("total", 0)), hash=bytes.fromhex(parts.get("hash", ""))),
    )


def header_from_json(entry: dict[str, Any]) -> Header:
    """Translate a header."""
    return Header(
        version=Consensus(block=int(entry["version"].get("block", 0)), app=int(entry["version"].get("app", 0))),
        chain_id=entry["chain_id"],
        height=int(entry["height"]),
        time=timestamp_from_json(entry["time"]),
        last_block_id=block_id_from_json(entry["last_block_id"]),
        last_commit_hash=bytes.fromhex(entry["last_commit_hash"]),
        data_hash=bytes.fromhex(entry["data_hash"]),
        validators_hash=bytes.fromhex(entry["validators_hash"]),
        next_validators_hash=bytes.fromhex(entry["next_validators_hash"]),
        consensus_hash=bytes.fromhex(entry["consensus_hash"]),
        app_hash=bytes.fromhex(entry["app_hash"]),
        last_results_hash=bytes.fromhex(entry["last_results_hash"]),
        evidence_hash=bytes.fromhex(entry["evidence_hash"]),
        proposer_address=bytes.fromhex(entry["proposer_address"]),
    )


def signed_header_from_json(entry: dict[str, Any]) -> SignedHeader:
    """Translate a header and its commit."""
    commit = entry["commit"]
    return SignedHeader(
        header=header_from_json(entry["header"]),
        commit=Commit(
            height=int(commit["height"]),
            round=int(commit["round"]),
            block_id=block_id_from_json(commit["block_id"]),
            signatures=[
                CommitSig(
                    block_id_flag=int(signature["block_id_flag"]),  # type: ignore[arg-type]  # open enum
                    validator_address=bytes.fromhex(signature["validator_address"]),
                    timestamp=timestamp_from_json(signature["timestamp"]),
                    signature=base64.b64decode(signature["signature"] or ""),
                )
                for signature in commit["signatures"]
            ],
        ),
    )


def validator_from_json(entry: dict[str, Any]) -> Validator:
    """Translate a validator of an RPC answer or of genesis.

    Raises: ValueError if its key is not ed25519.
    """
    key = entry["pub_key"]
    if key["type"] != ED25519_KEY_TYPE:
        raise ValueError(f"validator key of type {key['type']}; {ED25519_KEY_TYPE} is supported")
    return Validator(
        address=bytes.fromhex(entry["address"]),
        pub_key=PublicKey(ed25519=base64.b64decode(key["value"])),
        voting_power=int(entry.get("voting_power", entry.get("power", 0))),
    )

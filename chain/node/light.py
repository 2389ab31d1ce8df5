"""Verify a block header by the signatures of its validators, trusting no node.

A proof of a stored value ends in an application hash; the header of the next height carries that hash, and the
header is true if more than two thirds of a trusted validator set signed it. The trusted set is the caller's: that
of genesis while it is fixed, or one proven by an earlier header's `next_validators_hash`.
Source: CometBFT v0.38, types/block.go (Header.Hash), types/canonical.go, types/validation.go (VerifyCommit).
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from google.protobuf.message import Message
from google.protobuf.wrappers_pb2 import BytesValue, Int64Value, StringValue
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from chain.abci.frames import uvarint
from chain.crypto.ranges import leaf_hash, tree_root
from chain.node.comet_json import validator_from_json
from chain.wire.tendermint.types.canonical_pb2 import CanonicalBlockID, CanonicalPartSetHeader, CanonicalVote
from chain.wire.tendermint.types.types_pb2 import SIGNED_MSG_TYPE_PRECOMMIT, BlockID, Commit, Header, SignedHeader
from chain.wire.tendermint.types.validator_pb2 import BLOCK_ID_FLAG_COMMIT, SimpleValidator, Validator

ADDRESS_BYTES = 20
MAX_TOTAL_POWER = (2**63 - 1) // 8


class HeaderRejected(Exception):
    """A header is not proven by the signatures that came with it."""


def verify_signed_header(signed: SignedHeader, validators: Sequence[Validator], chain_id: str) -> bytes:
    """Return the header's hash if more than two thirds of `validators`, in the set's order, committed it.

    Raises: HeaderRejected naming what does not hold.
    """
    header, commit = signed.header, signed.commit
    if header.chain_id != chain_id:
        raise HeaderRejected(f"a header of chain {header.chain_id!r}, not {chain_id!r}")
    if header.height != commit.height:
        raise HeaderRejected(f"header of height {header.height} with a commit of height {commit.height}")
    if validators_hash(validators) != header.validators_hash:
        raise HeaderRejected("the header names another validator set than the trusted one")
    block_hash = header_hash(header)
    if commit.block_id.hash != block_hash:
        raise HeaderRejected("the commit is for another header")
    _verify_commit(commit, validators, chain_id)
    return block_hash


def _verify_commit(commit: Commit, validators: Sequence[Validator], chain_id: str) -> None:
    if len(commit.signatures) != len(validators):
        raise HeaderRejected(f"{len(commit.signatures)} signatures for {len(validators)} validators")
    total = sum(validator.voting_power for validator in validators)
    if not 0 < total <= MAX_TOTAL_POWER or any(validator.voting_power <= 0 for validator in validators):
        raise HeaderRejected("the validator set has no valid total power")
    signed = 0
    for index, (signature, validator) in enumerate(zip(commit.signatures, validators, strict=True)):
        if signature.block_id_flag != BLOCK_ID_FLAG_COMMIT:
            continue
        if signature.validator_address != address(validator):
            raise HeaderRejected(f"signature {index} is by another validator")
        try:
            VerifyKey(validator.pub_key.ed25519).verify(vote_sign_bytes(commit, index, chain_id), signature.signature)
        except (BadSignatureError, ValueError) as error:
            raise HeaderRejected(f"signature {index} does not verify") from error
        signed += validator.voting_power
    if signed * 3 <= total * 2:
        raise HeaderRejected(f"{signed} of {total} power signed; more than two thirds are needed")


def vote_sign_bytes(commit: Commit, index: int, chain_id: str) -> bytes:
    """Return what the validator at `index` signed for a commit: a canonical precommit, length first."""
    vote = CanonicalVote(
        type=SIGNED_MSG_TYPE_PRECOMMIT,
        height=commit.height,
        round=commit.round,
        block_id=CanonicalBlockID(
            hash=commit.block_id.hash,
            part_set_header=CanonicalPartSetHeader(
                total=commit.block_id.part_set_header.total, hash=commit.block_id.part_set_header.hash
            ),
        ),
        timestamp=commit.signatures[index].timestamp,
        chain_id=chain_id,
    )
    encoded = _canonical(vote)
    return uvarint(len(encoded)) + encoded


def header_hash(header: Header) -> bytes:
    """Return a header's hash: the Merkle root over its fourteen fields."""
    last = BlockID(hash=header.last_block_id.hash)
    # CometBFT writes this message even when it is empty.
    last.part_set_header.SetInParent()
    last.part_set_header.MergeFrom(header.last_block_id.part_set_header)
    return merkle_root(
        [
            _canonical(header.version),
            _wrapped(StringValue(value=header.chain_id)),
            _wrapped(Int64Value(value=header.height)),
            _canonical(header.time),
            _canonical(last),
            *(
                _wrapped(BytesValue(value=value))
                for value in (
                    header.last_commit_hash,
                    header.data_hash,
                    header.validators_hash,
                    header.next_validators_hash,
                    header.consensus_hash,
                    header.app_hash,
                    header.last_results_hash,
                    header.evidence_hash,
                    header.proposer_address,
                )
            ),
        ]
    )


def validators_hash(validators: Sequence[Validator]) -> bytes:
    """Return the Merkle root over keys and powers, in the set's order."""
    return merkle_root(
        [
            _canonical(SimpleValidator(pub_key=validator.pub_key, voting_power=validator.voting_power))
            for validator in validators
        ]
    )


def address(validator: Validator) -> bytes:
    """Return the address that a validator's key has; what a node calls its address is not used."""
    return hashlib.sha256(validator.pub_key.ed25519).digest()[:ADDRESS_BYTES]


def genesis_validators(document: dict[str, Any]) -> tuple[Validator, ...]:
    """Return the validators of a genesis document in the set's order: by power, largest first, then by address.

    Raises: ValueError or KeyError if the document is not one.
    """
    validators = map(validator_from_json, document["validators"])
    return tuple(sorted(validators, key=lambda validator: (-validator.voting_power, address(validator))))


def merkle_root(leaves: Iterable[bytes]) -> bytes:
    """Return the RFC 6962 root of encoded fields."""
    return tree_root([leaf_hash(leaf) for leaf in leaves])


def _canonical(message: Message) -> bytes:
    return message.SerializeToString(deterministic=True)


def _wrapped(message: StringValue | Int64Value | BytesValue) -> bytes:
    """Encode one scalar of a header; an empty one is no bytes at all."""
    return _canonical(message)

"""A header holds exactly when more than two thirds of the trusted power signed exactly it.

That real headers and signatures of CometBFT pass is tested against a running node; here it is the borders.
"""

import pytest
from nacl.signing import SigningKey

from chain.node.keys import address_of
from chain.node.light import HeaderRejected, header_hash, validators_hash, verify_signed_header, vote_sign_bytes
from chain.wire.tendermint.crypto.keys_pb2 import PublicKey
from chain.wire.tendermint.types.types_pb2 import BlockID, Commit, CommitSig, Header, PartSetHeader, SignedHeader
from chain.wire.tendermint.types.validator_pb2 import (
    BLOCK_ID_FLAG_ABSENT,
    BLOCK_ID_FLAG_COMMIT,
    Validator,
)

CHAIN_ID = "light-1"
KEYS = [SigningKey(bytes((seed,)) * 32) for seed in range(1, 5)]


def validator(key: SigningKey, power: int) -> Validator:
    public = bytes(key.verify_key)
    return Validator(address=address_of(public), pub_key=PublicKey(ed25519=public), voting_power=power)


def signed_header(validators: list[Validator], signers: set[int], chain_id: str = CHAIN_ID) -> SignedHeader:
    """Return a header committed by the validators at the indices `signers`."""
    header = Header(chain_id=CHAIN_ID, height=9, validators_hash=validators_hash(validators), app_hash=b"\x07" * 32)
    block_id = BlockID(hash=header_hash(header), part_set_header=PartSetHeader(total=1, hash=b"\x08" * 32))
    commit = Commit(height=9, round=2, block_id=block_id)
    for index, entry in enumerate(validators):
        if index not in signers:
            commit.signatures.append(CommitSig(block_id_flag=BLOCK_ID_FLAG_ABSENT))
            continue
        vote = CommitSig(block_id_flag=BLOCK_ID_FLAG_COMMIT, validator_address=entry.address)
        vote.timestamp.seconds = 1_700_000_000 + index
        commit.signatures.append(vote)
        commit.signatures[index].signature = KEYS[index].sign(vote_sign_bytes(commit, index, chain_id)).signature
    return SignedHeader(header=header, commit=commit)


@pytest.mark.parametrize(
    ("powers", "signers", "signed_power"),
    [
        ([1, 1, 1], {0, 1}, "2 of 3"),
        ([4, 3, 2], {0, 2}, "6 of 9"),
        ([10, 10, 10, 10], {0, 3}, "20 of 40"),
        ([5, 1], set(), "0 of 6"),
    ],
)
def test_two_thirds_or_less_are_not_enough(powers: list[int], signers: set[int], signed_power: str) -> None:
    validators = [validator(key, power) for key, power in zip(KEYS, powers, strict=False)]
    with pytest.raises(HeaderRejected, match=f"{signed_power} power signed"):
        verify_signed_header(signed_header(validators, signers), validators, CHAIN_ID)


@pytest.mark.parametrize(
    ("powers", "signers"), [([1, 1, 1], {0, 1, 2}), ([4, 3, 2], {0, 1}), ([10, 10, 10, 10], {0, 1, 3}), ([5, 1], {0})]
)
def test_more_than_two_thirds_are_enough(powers: list[int], signers: set[int]) -> None:
    validators = [validator(key, power) for key, power in zip(KEYS, powers, strict=False)]
    signed = signed_header(validators, signers)
    assert verify_signed_header(signed, validators, CHAIN_ID) == header_hash(signed.header)


def test_one_validator_does_not_vote_for_two() -> None:
    validators = [validator(key, 1) for key in KEYS]
    signed = signed_header(validators, {0, 1})
    for index in (2, 3):
        signed.commit.signatures[index].CopyFrom(signed.commit.signatures[0])
    with pytest.raises(HeaderRejected, match="signature 2 is by another validator"):
        verify_signed_header(signed, validators, CHAIN_ID)
    for index in (2, 3):
        signed.commit.signatures[index].validator_address = validators[index].address
    with pytest.raises(HeaderRejected, match="signature 2 does not verify"):
        verify_signed_header(signed, validators, CHAIN_ID)


def test_an_address_that_a_node_claims_is_not_believed() -> None:
    validators = [validator(KEYS[0], 1)]
    signed = signed_header(validators, {0})
    validators[0].address = b"\x00" * 20
    assert verify_signed_header(signed, validators, CHAIN_ID)
    signed.commit.signatures[0].validator_address = b"\x00" * 20
    with pytest.raises(HeaderRejected, match="by another validator"):
        verify_signed_header(signed, validators, CHAIN_ID)


def test_signatures_of_another_chain_round_or_time_do_not_count() -> None:
    validators = [validator(KEYS[0], 1)]
    with pytest.raises(HeaderRejected, match="does not verify"):
        verify_signed_header(signed_header(validators, {0}, "light-2"), validators, CHAIN_ID)
    other_round, other_time = signed_header(validators, {0}), signed_header(validators, {0})
    other_round.commit.round = 3
    other_time.commit.signatures[0].timestamp.nanos = 1
    for signed in (other_round, other_time):
        with pytest.raises(HeaderRejected, match="does not verify"):
            verify_signed_header(signed, validators, CHAIN_ID)


@pytest.mark.parametrize("power", [0, -1, 2**62])
def test_a_set_without_valid_power_proves_nothing(power: int) -> None:
    validators = [validator(KEYS[0], power)]
    with pytest.raises(HeaderRejected, match="no valid total power"):
        verify_signed_header(signed_header(validators, {0}), validators, CHAIN_ID)

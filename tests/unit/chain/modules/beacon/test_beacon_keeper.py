"""The randomness of a block: whose proof counts, what is mixed in, what is kept."""

from dataclasses import replace
from pathlib import Path

import pytest

from chain.application import Timestamp
from chain.context import BlockFacts, Context
from chain.crypto import vrf
from chain.crypto.hashing import beacon_input, chain_hash, first_beacon, next_beacon
from chain.genesis import beacon_key
from chain.modules.beacon import keeper
from chain.modules.beacon.rules import is_beacon_transaction
from chain.modules.beacon.state import BEACONS, RETAINED
from chain.store.overlay import Overlay
from tests.support.builders import CHAIN_ID, new_chain, seed, validator
from tests.support.nothing import Nothing

CHAIN = chain_hash(CHAIN_ID)
PROPOSER = validator(0)


def facts(height: int) -> BlockFacts:
    return BlockFacts(CHAIN_ID, CHAIN, height, Timestamp(height), PROPOSER.address)


@pytest.fixture
def ctx() -> Context:
    fresh = Context(Overlay(Nothing()), facts(1))
    keeper.begin(fresh)
    keeper.register_key(fresh, beacon_key(CHAIN_ID, PROPOSER.public_key, PROPOSER.beacon_seed))
    return fresh


def test_a_beacon_mixes_the_proposers_proof_with_the_one_before(ctx: Context) -> None:
    tx = keeper.make_transaction(ctx.store, ctx.block, PROPOSER.beacon_seed)
    assert is_beacon_transaction(tx)
    assert keeper.verify_transaction(ctx.store, ctx.block, tx)
    assert keeper.apply(ctx, tx)
    beta = vrf.verify(vrf.public_key(PROPOSER.beacon_seed), beacon_input(CHAIN, first_beacon(CHAIN), 1), tx[9:])
    assert beta is not None
    assert keeper.latest(ctx.store).value == next_beacon(first_beacon(CHAIN), 1, beta)


def test_nothing_but_the_proposers_proof_for_this_height_counts(ctx: Context) -> None:
    good = keeper.make_transaction(ctx.store, ctx.block, PROPOSER.beacon_seed)
    later = keeper.make_transaction(ctx.store, facts(2), PROPOSER.beacon_seed)
    other = keeper.make_transaction(ctx.store, ctx.block, seed("another"))
    for tx in (b"", b"\x00", good[:-1], good + b"\x00", later, other, b"\x01" + good[1:], good[:9] + bytes(80)):
        assert not keeper.verify_transaction(ctx.store, ctx.block, tx)
    stranger = replace(ctx.block, proposer_address=bytes(20))
    assert not keeper.verify_transaction(ctx.store, stranger, good)


def test_a_block_without_a_valid_proof_still_moves_the_beacon(ctx: Context) -> None:
    assert not keeper.apply(ctx, None)
    latest = keeper.latest(ctx.store)
    assert (latest.height, latest.proof) == (1, b"")
    assert latest.value == next_beacon(first_beacon(CHAIN), 1, b"")


def test_only_the_last_beacons_stay_in_state(ctx: Context) -> None:
    for height in range(1, RETAINED + 50):
        keeper.apply(Context(ctx.store, facts(height)), None)
    kept = [height for height, _ in BEACONS.items(ctx.store)]
    assert kept == list(range(50, RETAINED + 50))


def test_a_key_needs_proof_of_possession_and_belongs_to_one_validator(ctx: Context) -> None:
    other = validator(1)
    good = beacon_key(CHAIN_ID, other.public_key, other.beacon_seed)
    with pytest.raises(ValueError, match="does not verify"):
        keeper.register_key(ctx, replace(good, possession=bytes(80)))
    with pytest.raises(ValueError, match="belongs to another"):
        keeper.register_key(ctx, replace(good, key=vrf.public_key(PROPOSER.beacon_seed)))
    keeper.register_key(ctx, good)
    with pytest.raises(ValueError, match="two keys"):
        keeper.register_key(ctx, good)


def test_a_proposal_without_its_beacon_is_refused(tmp_path: Path) -> None:
    with new_chain(tmp_path) as chain:
        assert not chain.app.process_proposal(chain.block())
        assert chain.app.process_proposal(chain.propose())

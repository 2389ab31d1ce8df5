"""The verbs of the beacon module: prove, verify and apply the randomness of a block."""

from chain.context import BlockFacts, Context
from chain.crypto import vrf
from chain.crypto.hashing import beacon_input, first_beacon, next_beacon, possession_bytes
from chain.modules.beacon.rules import encode_transaction, find_proof
from chain.modules.beacon.state import BEACONS, KEYS, LATEST, RETAINED
from chain.modules.beacon.types import Beacon, BeaconKey
from chain.store.overlay import Reader


def begin(ctx: Context) -> None:
    """Write beacon_0."""
    LATEST.save(ctx.store, Beacon(0, first_beacon(ctx.block.chain), b"", b""))


def register_key(ctx: Context, key: BeaconKey) -> None:
    """Take a validator's key. Raises: ValueError if possession is not proven or the key is another validator's."""
    owner = key.consensus_address.hex()
    if len(key.consensus_address) != 20:
        raise ValueError("beacon.keys: a consensus address has 20 bytes")
    if KEYS.has(ctx.store, key.consensus_address):
        raise ValueError(f"beacon.keys: validator {owner} has two keys")
    if any(known.key == key.key for known in KEYS.values(ctx.store)):
        raise ValueError(f"beacon.keys: the key of {owner} belongs to another validator")
    alpha = possession_bytes(ctx.block.chain, key.consensus_address, "beacon")
    if vrf.verify(key.key, alpha, key.possession) is None:
        raise ValueError(f"beacon.keys: the proof of possession of {owner} does not verify")
    KEYS.save(ctx.store, key.consensus_address, key)


def make_transaction(store: Reader, facts: BlockFacts, seed: bytes) -> bytes:
    """Return the beacon transaction of the block we propose; `seed` is our beacon key's secret."""
    alpha = beacon_input(facts.chain, LATEST.load(store).value, facts.height)
    return encode_transaction(facts.height, vrf.prove(seed, alpha))


def verify_transaction(store: Reader, facts: BlockFacts, tx: bytes) -> bool:
    """Say whether `tx` is the beacon transaction of this block's proposer; never raises on hostile bytes."""
    return _find_beta(store, facts, tx) is not None


def apply(ctx: Context, tx: bytes | None) -> bool:
    """Mix the block's beacon in; False if `tx` is none of this block, which then mixes in nothing but its height."""
    facts = ctx.block
    beta = None if tx is None else _find_beta(ctx.store, facts, tx)
    previous = LATEST.load(ctx.store).value
    beacon = Beacon(
        height=facts.height,
        value=next_beacon(previous, facts.height, beta or b""),
        proposer=facts.proposer_address,
        proof=tx[9:] if beta is not None and tx is not None else b"",
    )
    LATEST.save(ctx.store, beacon)
    BEACONS.save(ctx.store, facts.height, beacon)
    if facts.height > RETAINED:
        BEACONS.remove(ctx.store, facts.height - RETAINED)
    return beta is not None


def latest(store: Reader) -> Beacon:
    """Return the beacon of the last block."""
    return LATEST.load(store)


def find_beacon(store: Reader, height: int) -> Beacon | None:
    """Return the beacon of a height, or None if it is in the future or removed."""
    return BEACONS.find(store, height)


def find_key(store: Reader, consensus_address: bytes) -> BeaconKey | None:
    """Return a validator's key, or None."""
    return KEYS.find(store, consensus_address) if len(consensus_address) == 20 else None


def _find_beta(store: Reader, facts: BlockFacts, tx: bytes) -> bytes | None:
    proof = find_proof(tx, facts.height)
    key = find_key(store, facts.proposer_address)
    if proof is None or key is None:
        return None
    return vrf.verify(key.key, beacon_input(facts.chain, LATEST.load(store).value, facts.height), proof)

"""The nouns of the beacon module."""

from chain.store.codec import record


@record
class Beacon:
    """Public randomness of a height; key: height."""

    height: int
    value: bytes
    """32 bytes."""
    proposer: bytes
    """Consensus address."""
    proof: bytes
    """80 bytes; empty at height 0 or if the block carried none."""


@record
class BeaconKey:
    """A validator's beacon key; key: consensus address."""

    consensus_address: bytes
    key: bytes
    """ed25519 point of the VRF, 32 bytes."""
    possession: bytes
    """VRF proof over `possession_bytes(chain, consensus_address, "beacon")`."""


@record
class QueryBeaconRequest:
    """Ask for the beacon of a height; 0 is the latest."""

    height: int = 0


@record
class QueryBeaconResponse:
    """One beacon and the key that proves it."""

    beacon: Beacon
    key: BeaconKey | None

"""What the beacon module stores."""

from chain.modules.beacon.types import Beacon, BeaconKey
from chain.store.collections import ADDRESS, U64, Item, Map

LATEST = Item("beacon", b"latest", Beacon)
"""The beacon of the last block, or beacon_0; never removed."""
BEACONS: Map[int, Beacon] = Map("beacon", b"height/", U64, Beacon)
"""Height → its beacon; `keeper.apply` removes the one `RETAINED` heights before. Whoever needs one longer copies it."""
KEYS: Map[bytes, BeaconKey] = Map("beacon", b"key/", ADDRESS, BeaconKey)
"""Consensus address → the validator's beacon key; stays."""

RETAINED = 1_000
"""How many beacons stay in state; the proofs themselves stay in the blocks."""

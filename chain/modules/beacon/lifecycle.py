"""The beacon module at genesis."""

from collections.abc import Mapping
from typing import Any

from chain.context import Context, QueryContext
from chain.errors import InvariantBroken
from chain.json_form import from_json, to_json
from chain.modules.beacon import keeper
from chain.modules.beacon.state import BEACONS, KEYS, LATEST, RETAINED
from chain.modules.beacon.types import BeaconKey


def init_genesis(ctx: Context, genesis: Mapping[str, Any]) -> None:
    """Take `{"keys": [BeaconKey…]}`. Raises: ValueError naming the key that is malformed or not proven."""
    keeper.begin(ctx)
    for key in from_json(tuple[BeaconKey, ...], genesis.get("keys", []), "beacon.keys"):
        keeper.register_key(ctx, key)


def export_genesis(ctx: QueryContext) -> dict[str, Any]:
    """Return the keys; the beacon begins anew with a chain."""
    return {"keys": [to_json(key) for key in KEYS.values(ctx.store)]}


def check_invariants(ctx: QueryContext) -> None:
    """Check that state keeps a bounded number of beacons and the latest is the last. Raises: InvariantBroken."""
    heights = [height for height, _ in BEACONS.items(ctx.store)]
    latest = LATEST.load(ctx.store)
    if len(heights) > RETAINED:
        raise InvariantBroken(f"{len(heights)} beacons are kept, more than {RETAINED}")
    if heights and heights[-1] != latest.height:
        raise InvariantBroken(f"the latest beacon is of {latest.height}, the last kept of {heights[-1]}")

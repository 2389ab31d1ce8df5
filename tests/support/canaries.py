"""Baited seals of a test network's asserters."""

from dataclasses import replace
from typing import Any

from chain.crypto.hashing import canary_salt, seal, trace_root
from chain.modules.jobs.types import Unit
from chain.modules.sampling.types import MsgOpenCanary
from tests.support.network import Network, digest

BAIT = digest("bait")
SECRET = digest("secret")


def salt_of(net: Network, unit: Unit) -> bytes:
    """Return the salt that binds a unit's true body_root."""
    return canary_salt(net.unit_id(unit), SECRET, net.body_root(unit))


def baited(net: Network, unit: Unit) -> bytes:
    """Return a unit's baited seal."""
    root = trace_root(net.unit_id(unit), net.in_root(unit), BAIT, net.out_root(unit))
    return seal(unit.operator, net.unit_id(unit), salt_of(net, unit), root)


def opening(net: Network, unit: Unit, **changes: Any) -> MsgOpenCanary:
    """Return the message that opens it."""
    who = net.asserter(unit)
    plain = MsgOpenCanary(who.hot.bech32, unit.job_id, unit.attempt, unit.stage, SECRET, BAIT, net.body_root(unit))
    return replace(plain, **changes)

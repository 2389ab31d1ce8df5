"""A serving worker's canaries: which of its seals are baited, and the messages that open them. ADR 0014.

Whether a unit is baited, its secret and its bait are drawn once and journalled, as every salt is.
"""

from dataclasses import replace

from chain.crypto import hashing
from chain.modules.sampling.types import MsgOpenCanary, MsgOpenResult
from inference.journal import ASSERTER, Journal
from inference.proofs import commit
from inference.proofs.commit import ChainRoots
from inference.view import UnitKey

LOT, SECRET, BAIT = "lot", "canary", "bait"
"""Roles of what is drawn for a unit beside its salts."""


def is_baited(journal: Journal, unit: bytes, spacing: int) -> bool:
    """Say whether a unit's seal is to be baited: one in `spacing` is, none if it is 0."""
    return spacing > 0 and int.from_bytes(journal.salt(unit, LOT)[:16], "big") % spacing == 0


def asserter_seal(journal: Journal, asserter: bytes, unit: bytes, roots: ChainRoots, spacing: int) -> bytes:
    """Return the seal that comes with a unit's result."""
    if is_baited(journal, unit, spacing):
        return _baited_seal(journal, asserter, unit, roots)
    return commit.asserter_seal(asserter, unit, journal.salt(unit, ASSERTER), roots)


def _baited_seal(journal: Journal, asserter: bytes, unit: bytes, roots: ChainRoots) -> bytes:
    salt = hashing.canary_salt(unit, journal.salt(unit, SECRET), roots.body_root)
    return commit.asserter_seal(asserter, unit, salt, replace(roots, body_root=journal.salt(unit, BAIT)))


def opening(
    journal: Journal, sender: str, asserter: bytes, key: UnitKey, unit: bytes, roots: ChainRoots, seal: bytes
) -> MsgOpenResult | MsgOpenCanary:
    """Return the message that opens a unit's seal, whichever of the two it is."""
    if _baited_seal(journal, asserter, unit, roots) == seal:
        return canary_opening(journal, sender, key, unit, roots.body_root)
    return MsgOpenResult(sender, *key, journal.salt(unit, ASSERTER), roots.body_root)


def canary_opening(journal: Journal, sender: str, key: UnitKey, unit: bytes, body_root: bytes) -> MsgOpenCanary:
    """Return the message that opens a baited seal."""
    return MsgOpenCanary(sender, *key, journal.salt(unit, SECRET), journal.salt(unit, BAIT), body_root)

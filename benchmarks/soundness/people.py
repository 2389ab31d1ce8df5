"""Who lives in the town, and what is drawn from their names: keys, dice, digests."""

import hashlib
from functools import cached_property

from chain.client.signing import Key
from chain.modules.jobs.types import Unit
from tests.support.builders import machine, wallet
from tests.support.network import Machine

NUM_CHECKERS = 6


class Person(Machine):
    """A worker whose keys are derived once."""

    @cached_property
    def operator(self) -> Key:
        return wallet(f"operator {self.name}")

    @cached_property
    def hot(self) -> Key:
        return machine(f"hot {self.name}")

    @cached_property
    def address(self) -> bytes:
        return self.operator.address


HONEST = Person("honest server")
SUSPECT = Person("suspect")
"""Serves the last stage: the worker whose strategy is on trial, or who works for the one that is."""
RIVALS = (Person("rival a"), Person("rival b"))
"""Serve a second plan."""
CHECKERS = tuple(Person(f"checker {index}") for index in range(NUM_CHECKERS))
STRANGER = Person("stranger")
WORKERS = (HONEST, SUSPECT, *RIVALS, *CHECKERS, STRANGER)
CUSTOMER = wallet("customer")
ACCOMPLICE = wallet("accomplice")
"""Asks for jobs on a strategy's account."""
BY_ADDRESS = {who.address: who for who in WORKERS}
Place = tuple[int, int, int]
"""Job, attempt, stage of a unit."""


def place_of(unit: Unit) -> Place:
    """Return a unit's place."""
    return unit.job_id, unit.attempt, unit.stage


def digest(*parts: object) -> bytes:
    """Return 32 bytes that differ when the parts do."""
    return hashlib.sha256(repr(parts).encode()).digest()


def dice(*parts: object) -> float:
    """Return a number in [0, 1) that differs when the parts do."""
    return int.from_bytes(digest(*parts)[:6], "big") / (1 << 48)

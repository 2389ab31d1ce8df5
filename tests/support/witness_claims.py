"""Withheld input on a test network: demands, the boxes that answer them, and boxes that do not."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chain.crypto import boxes
from chain.modules.disputes import witness_rules
from chain.modules.disputes.types import Demand, MsgDemandWitness, MsgSupplyWitness, QueryDemandsRequest, WitnessPart
from chain.modules.jobs.types import Job
from tests.support.builders import seed
from tests.support.dispute_network import PROMPT, DisputeNetwork
from tests.support.network import BLIND, CHECKERS, SERVERS, Machine

SECRET = seed("one-time")
KEY = boxes.public_key(SECRET)
PARTS = (WitnessPart.PROMPT, WitnessPart.OUTPUT)
FIRST, LAST = SERVERS[0], SERVERS[2]
"""Who owes them."""


def demand(job: Job, who: Machine, **changes: Any) -> MsgDemandWitness:
    """A demand for the ids of stage 1's unit."""
    return replace(MsgDemandWitness(who.hot.bech32, job.job_id, job.attempt, 1, KEY), **changes)


def content(net: DisputeNetwork, part: WitnessPart) -> bytes:
    """What a right box holds."""
    ids = PROMPT if part == WitnessPart.PROMPT else net.job3.asserted[-1].inputs.tokens
    return witness_rules.content_of(BLIND, ids)


def answer(net: DisputeNetwork, part: WitnessPart, key: bytes = KEY, held: bytes | None = None) -> MsgSupplyWitness:
    """The box of the stage that owes a part, right unless told otherwise."""
    who = FIRST if part == WitnessPart.PROMPT else LAST
    return MsgSupplyWitness(who.hot.bech32, 1, part, boxes.seal(key, content(net, part) if held is None else held))


def only_demand(net: DisputeNetwork, who: Machine = CHECKERS[0]) -> Demand:
    """The one demand that concerns a worker."""
    found = net.chain.query(QueryDemandsRequest(who.hot.bech32), "ostraka.disputes.v1.Query/Demands")
    (one,) = found.demands
    demand: Demand = one.demand
    return demand


def run_to_end(net: DisputeNetwork, job: Job) -> None:
    """Run until the attempt's windows are over and its demands forgotten."""
    net.run_to_phase_end(net.units(job.job_id)[1])
    for _ in range(10):
        net.chain.run_block()
    net.chain.check_invariants()


def altered(held: bytes, at: int) -> bytes:
    """The same bytes with one bit of one turned."""
    return held[:at] + bytes((held[at] ^ 1,)) + held[at + 1 :]


FALSE_BOXES: dict[str, Callable[[DisputeNetwork, WitnessPart], MsgSupplyWitness]] = {
    "another id": lambda net, part: answer(net, part, held=altered(content(net, part), 40)),
    "another blind": lambda net, part: answer(net, part, held=altered(content(net, part), 3)),
    "another key": lambda net, part: answer(net, part, key=boxes.public_key(seed("other"))),
    "noise": lambda net, part: replace(answer(net, part), box=bytes(len(answer(net, part).box))),
}

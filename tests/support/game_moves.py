"""What people do on a network with real units: confirm, differ, challenge, keep a seal shut."""

from dataclasses import replace
from typing import Any

from chain.modules.disputes import keeper as disputes
from chain.modules.disputes.game.shape import Item, ItemKind
from chain.modules.disputes.types import Choice, Dispute, MsgChallenge, Reveal, Round
from chain.modules.jobs.types import Job, Unit
from inference.disputes.faults import Fault, MadeUnit
from tests.support.dispute_network import FAULT, LAST, DisputeNetwork
from tests.support.duty_claims import commit_as_seen, reveal_as_seen
from tests.support.network import CHECKERS, Machine

DISPUTED = 1
"""The stage that all this is about."""
EARLIER = Fault(Item(ItemKind.ROW, 2, 0, LAST), 1, 0, 5)
"""A sum of squares in the layer before that of `FAULT`: a line against it is lost where only `FAULT` is wrong."""


def let_lie(net: DisputeNetwork, who: Machine, fault: Fault = FAULT) -> None:
    """Have a checker compute the disputed stage wrong."""
    honest = net.job3.checked[DISPUTED]
    made = MadeUnit(net.job3.model, honest.shape, honest.inputs, fault, tuple(honest.rows[honest.shape.start - 1]))
    made.make(is_free=False)
    net.views[who.name] = [*net.job3.checked[:DISPUTED], made, *net.job3.checked[DISPUTED + 1 :]]


def let_confirm(net: DisputeNetwork, who: Machine) -> None:
    """Have a checker say whatever the asserters say."""
    net.views[who.name] = net.job3.asserted


def challenge(net: DisputeNetwork, who: Machine, unit: Unit, **changes: Any) -> MsgChallenge:
    """What an honest worker challenges a unit with."""
    roots = net.roots(who, unit)
    plain = MsgChallenge(who.hot.bech32, unit.job_id, unit.attempt, unit.stage, roots["body_root"], roots["out_root"])
    return replace(plain, **changes)


def only_dispute(net: DisputeNetwork, job_id: int) -> Dispute:
    """The one dispute of a job."""
    (found,) = disputes.disputes_of(net.store, job_id)
    return found


def unopened_job(net: DisputeNetwork) -> Job:
    """A job whose checks are all revealed and whose disputed stage lets its window pass."""
    job = net.drawn_job()
    units = net.units(job.job_id)
    for who in CHECKERS:
        commit_as_seen(net, who, units)
    net.run_to_phase_end(units[0])
    for who in CHECKERS:
        reveal_as_seen(net, who, units)
    for unit in units:
        if unit.stage != DISPUTED:
            net.ok(net.chain.send(net.asserter(unit).hot, net.open_message(unit)))
    net.chain.run_until(net.check_of(units[DISPUTED]).phase_end - 1)
    assert list(disputes.disputes_of(net.store, job.job_id)) == []
    net.chain.run_block()
    return net.job(job.job_id)


def equal_section(shown: dict[Round, Reveal]) -> Choice:
    """The first section, which is equal: there is nothing to win in it."""
    return Choice(Round.SECTIONS, 0, shown[Round.SECTIONS].digests[:32])

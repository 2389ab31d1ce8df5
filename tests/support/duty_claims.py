"""Duties that are not done on a test network, and seals that are given away: who claims them, and with what."""

from collections.abc import Iterable
from dataclasses import replace

from chain.modules.jobs.types import CloseReason, Job, Unit
from chain.modules.sampling import rules
from chain.modules.sampling.types import MsgClaimDuty, MsgShowSeal
from chain.parameters import LOCALNET
from tests.support.dispute_network import DisputeNetwork
from tests.support.network import REQUESTER, Machine, Network, header

CHEAP = header(layer_costs=(1,) * 6, head_cost=1)
"""A model so cheap that a ticket may lose."""


def claim(unit: Unit, who: Machine, **changes: object) -> MsgClaimDuty:
    """The requester's claim that a worker has not done its duty about a unit."""
    plain = MsgClaimDuty(REQUESTER.bech32, unit.job_id, unit.attempt, unit.stage, who.operator.bech32)
    return replace(plain, **changes)


def open_proofs(net: Network, unit: Unit, *people: Machine) -> int:
    """Open the epoch's proofs and return the epoch."""
    epoch = net.check_of(unit).epoch
    net.chain.run_until(max(net.chain.height, rules.proofs_from(LOCALNET.sampling, epoch) - 1))
    for who in people:
        net.ok(net.chain.send(who.hot, net.proof_message(who, epoch)))
    return epoch


def settled_job(net: Network, *checking: Machine, value: int = 0) -> Job:
    """A job that these have checked and that is settled."""
    job = net.drawn_job(value=value)
    units = net.units(job.job_id)
    for who in checking:
        net.ok(net.chain.send(who.hot, *[net.commit_message(who, unit) for unit in units]))
    net.run_to_phase_end(units[0])
    for who in checking:
        net.ok(net.chain.send(who.hot, *[net.reveal_message(who, unit) for unit in units]))
    if checking:
        net.open_all(job)
    assert net.job(job.job_id).close_reason == CloseReason.SETTLED
    return net.job(job.job_id)


def leak(net: Network, who: Machine, unit: Unit, **changes: object) -> MsgShowSeal:
    """The opening of a checker's or the asserter's seal, in the hands of the requester."""
    is_own = unit.operator == who.address
    plain = MsgShowSeal(
        sender=REQUESTER.bech32,
        job_id=unit.job_id,
        attempt=unit.attempt,
        stage=unit.stage,
        author=who.operator.bech32,
        salt=net.salt(who, unit),
        body_root=net.body_root(unit),
        out_root=b"" if is_own else net.out_root(unit),
    )
    return replace(plain, **changes)


def commit_as_seen(net: DisputeNetwork, who: Machine, units: Iterable[Unit]) -> None:
    """Commit to what a checker has computed."""
    net.ok(net.chain.send(who.hot, *[net.commit_message(who, one, **net.roots(who, one)) for one in units]))


def reveal_as_seen(net: DisputeNetwork, who: Machine, units: Iterable[Unit]) -> None:
    """Reveal what a checker has computed."""
    net.ok(net.chain.send(who.hot, *[net.reveal_message(who, one, **net.roots(who, one)) for one in units]))

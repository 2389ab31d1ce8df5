"""Baited seals of a test network's asserters."""

from dataclasses import replace
from typing import Any

from chain.crypto.hashing import canary_salt, seal, trace_root
from chain.modules.jobs.types import Job, JobStatus, Unit
from chain.modules.sampling import keeper as sampling
from chain.modules.sampling import rules as sampling_rules
from chain.modules.sampling.types import CheckPhase, MsgOpenCanary
from tests.support.network import TOKENS, Network, digest

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


def baited_job(net: Network, stages: tuple[int, ...] = (0, 1, 2)) -> Job:
    """A job whose units of these stages are baited, with its tickets drawn."""
    job = net.planned_job()
    for unit in reversed(net.units(job.job_id)):
        changes = {"seal": baited(net, unit)} if unit.stage in stages else {}
        net.ok(net.chain.send(net.asserter(unit).hot, net.result(unit, TOKENS, **changes)))
    blocks = sampling.params(net.store).round_blocks
    net.chain.run_until(-(-net.chain.height // blocks) * blocks + 2)
    return net.job(job.job_id)


def run_to_reveal(net: Network, unit: Unit) -> None:
    """Run until the checks of a unit may be revealed."""
    while net.check_of(unit).phase != CheckPhase.REVEAL:
        net.run_to_phase_end(unit)


def final_unchecked(net: Network) -> tuple[Job, int]:
    """A baited job that nobody has checked, final, and the height of its canaries' draw."""
    job = baited_job(net)
    while net.job(job.job_id).status != JobStatus.FINAL:
        net.chain.run_block()
    epoch = net.check_of(net.units(job.job_id)[0]).epoch
    return net.job(job.job_id), sampling_rules.proofs_from(sampling.params(net.store), epoch)

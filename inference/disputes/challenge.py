"""A challenge: recompute a unit that no drawn checker called false, and tell the chain if it is."""

from dataclasses import dataclass

from chain.client import Sender
from chain.client.sender import Committed
from chain.modules.disputes.types import MsgChallenge
from chain.modules.jobs.types import Unit
from inference.chain_reader import ChainReader
from inference.check import Checker, EarlierStageFalse
from inference.proofs.commit import ChainRoots


class NothingToChallenge(Exception):
    """The unit is what it should be, as far as anybody can see, or there is no such unit."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A unit that is false, and the roots that it should have."""

    unit: Unit
    roots: ChainRoots


async def find_false(reader: ChainReader, checker: Checker, job_id: int, stage: int) -> Finding:
    """Recompute a unit of a job's present attempt; an earlier one is named if that is the false one.

    Raises: NothingToChallenge; CheckFailed if nobody gives its input.
    """
    shown = await reader.find_job(job_id)
    units = [] if shown is None else sorted(shown.units, key=lambda unit: unit.stage)
    if shown is None or stage >= len(units):
        raise NothingToChallenge(f"job {job_id} has no stage {stage} now")
    unit = units[stage]
    try:
        given = await checker.fetch(shown.job, unit, [other.operator for other in units])
        roots = await checker.trace(shown.job, unit, given)
    except EarlierStageFalse as error:
        earlier, _, roots = await checker.first_false(shown.job, unit, error.witness)
        unit = units[earlier]
    if not is_different(unit, roots):
        sealed = "" if unit.body_root else "; what its seal hides is compared when it is opened"
        raise NothingToChallenge(f"stage {stage} of job {job_id} has the out_root that it should have{sealed}")
    return Finding(unit, roots)


def is_different(unit: Unit, roots: ChainRoots) -> bool:
    """Say whether a unit shows other roots than it should have."""
    return roots.out_root != unit.out_root or unit.body_root not in (b"", roots.body_root)


async def send_challenge(sender: Sender, address: str, found: Finding) -> Committed:
    """Send the challenge, straight to the chain."""
    unit, roots = found.unit, found.roots
    message = MsgChallenge(address, unit.job_id, unit.attempt, unit.stage, roots.body_root, roots.out_root)
    return await sender.send([message])

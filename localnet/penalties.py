"""What was taken from bonds over a job beside its disputes: one chapter of a story."""

from collections.abc import Callable, Iterable

from chain.client.client import ChainClient
from chain.crypto.keys import module_address
from chain.modules.sampling.state import PENALTIES
from chain.modules.sampling.types import Penalty, PenaltyReason, QueryPenaltiesRequest, QueryPenaltiesResponse
from localnet.proven import ProvenState
from localnet.story import Chapter

TREASURY = module_address("treasury")
REASONS = {
    PenaltyReason.UNREVEALED: "three checks, for a commitment that was never opened",
    PenaltyReason.COMPLICITY: "S, for a commitment to a false unit that was never opened",
    PenaltyReason.NO_TICKET: "three checks, for a commitment without a winning ticket",
    PenaltyReason.UNMET: "three checks, for a duty that was not done",
    PenaltyReason.UNMET_FALSE: "S, for silence about a unit that was false, or a canary",
    PenaltyReason.UNOPENED_SEAL: "its fee, for a seal that stayed shut",
    PenaltyReason.LEAKED_SEAL: "an eighth of S, for a seal that was given away",
    PenaltyReason.MISSING_RESULT: "a result that did not come although its input was confirmed",
    PenaltyReason.UNOPENED_PROOF: "its bond, bit by bit, for an epoch proof that was never opened",
    PenaltyReason.DEMAND: "the deposit of a demand that convicted nobody",
    PenaltyReason.FALSE_ACCUSATION: "the deposit of a demand, for calling a right box bad",
}


async def penalties_of_job(client: ChainClient, job_id: int) -> tuple[Penalty, ...]:
    """Return what was taken from bonds over a job beside its disputes, as the node lists it."""
    request = QueryPenaltiesRequest(job_id=job_id, limit=1_000)
    return (await client.query("ostraka.sampling.v1.Query/Penalties", request, QueryPenaltiesResponse)).penalties


async def tell_penalties(
    client: ChainClient, state: ProvenState, name: Callable[[bytes], str], job_id: int
) -> list[Chapter]:
    """Return the chapter, each part of it proven; none if nothing was taken. Raises: ClientError, NotProven."""
    proven = []
    for listed in await penalties_of_job(client, job_id):
        found = await state.value(PENALTIES, listed.number, Penalty)
        if found is not None:  # else it came after the height that is told of
            proven.append(found)
    return [told(proven, name)] if proven else []


def told(found: Iterable[Penalty], name: Callable[[bytes], str]) -> Chapter:
    """Tell of penalties, to the last unit."""
    chapter, total = Chapter("Penalties: what bonds lost beside the disputes"), 0
    for one in found:
        total += one.amount
        to = "the treasury" if one.recipient == TREASURY else name(one.recipient)
        chapter.say(
            f"{one.amount:>12,} uostr from {name(one.operator)} to {to} at height {one.height}, "
            f"attempt {one.attempt}, stage {one.stage}: {REASONS[one.reason]}"
        )
    chapter.say(f"{total:>12,} uostr, as the sum of these")
    return chapter

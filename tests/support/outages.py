"""Which duties a worker missed because it was away: windows of duties against the heights at which it was killed."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from chain.client.client import ChainClient
from chain.crypto.keys import encode_address
from chain.modules.disputes.types import (
    Dispute,
    DisputeKind,
    QueryDisputesRequest,
    QueryDisputesResponse,
)
from chain.modules.sampling.types import (
    CheckOutcome,
    Penalty,
    PenaltyReason,
    QueryPenaltiesRequest,
    QueryPenaltiesResponse,
    QueryUnitRequest,
    QueryUnitResponse,
    Round,
)
from chain.parameters import ParameterSet

NEEDED_BLOCKS = 6
"""What a worker at work needs to see a duty, do it on a tiny model and have its message in a block, under load."""

Page = TypeVar("Page", QueryDisputesResponse, QueryPenaltiesResponse)
Window = tuple[int, int]
"""First and last height at which a duty may be done."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A worker was away between two heights, both included."""

    operator: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Miss:
    """A duty that a worker did not do, or something worse."""

    operator: str
    what: str
    windows: tuple[Window, ...]
    """In one of these it had to be done; none if being away explains nothing."""

    def is_excused_by(self, outages: Iterable[Outage]) -> bool:
        """Say whether in one of the windows the worker was at work for fewer than NEEDED_BLOCKS heights."""
        own = [outage for outage in outages if outage.operator == self.operator]
        return any(_free(window, own) < NEEDED_BLOCKS for window in self.windows)


def _free(window: Window, outages: Iterable[Outage]) -> int:
    heights = set(range(window[0], window[1] + 1))
    for outage in outages:
        heights -= set(range(outage.first, outage.last + 1))
    return len(heights)


async def misses(client: ChainClient, parameters: ParameterSet, units: Iterable[QueryUnitResponse]) -> tuple[Miss, ...]:
    """Return everything that workers are blamed for: disputes, penalties, and checks of `units` not revealed."""
    found = [_of_dispute(parameters, dispute) for dispute in await _disputes(client)]
    for unit in units:
        windows = _windows(parameters, PenaltyReason.UNREVEALED, unit.round)
        found += [
            Miss(encode_address(commit.checker), "a check that was not revealed", windows)
            for commit in unit.commits
            if commit.outcome == CheckOutcome.UNREVEALED
        ]
    for penalty in await _penalties(client):
        taken = None
        if penalty.job_id:
            request = QueryUnitRequest(penalty.job_id, penalty.attempt, penalty.stage)
            taken = (await client.query("ostraka.sampling.v1.Query/Unit", request, QueryUnitResponse)).round
        windows = _windows(parameters, penalty.reason, taken)
        found.append(Miss(encode_address(penalty.operator), f"{penalty.reason.name}: {penalty.amount} uostr", windows))
    return tuple(found)


async def _disputes(client: ChainClient) -> list[Dispute]:
    method = "ostraka.disputes.v1.Query/Disputes"
    pages = _pages(client, method, QueryDisputesRequest(), QueryDisputesResponse)
    return [dispute async for page in pages for dispute in page.disputes]


async def _penalties(client: ChainClient) -> list[Penalty]:
    method = "ostraka.sampling.v1.Query/Penalties"
    pages = _pages(client, method, QueryPenaltiesRequest(), QueryPenaltiesResponse)
    return [penalty async for page in pages for penalty in page.penalties]


async def _pages(
    client: ChainClient, method: str, request: QueryDisputesRequest | QueryPenaltiesRequest, kind: type[Page]
) -> AsyncIterator[Page]:
    while True:
        page = await client.query(method, request, kind)
        yield page
        if not page.next_after:
            return
        request = replace(request, after=page.next_after)


def _of_dispute(parameters: ParameterSet, dispute: Dispute) -> Miss:
    """A dispute over silence opens with the end of the window; whoever computed falsely was not merely away."""
    lengths = {
        DisputeKind.SILENCE: parameters.sampling.open_blocks,
        DisputeKind.WITHHELD: parameters.disputes.witness_blocks,
    }
    opened, length = dispute.opened_height, lengths.get(dispute.kind)
    windows = ((opened - length + 1, opened),) if length is not None else ()
    what = f"{dispute.kind.name} over {dispute.job_id}/{dispute.attempt}/{dispute.stage}, {dispute.status.name}"
    return Miss(encode_address(dispute.asserter), what, windows)


def _windows(parameters: ParameterSet, reason: PenaltyReason, taken: Round | None) -> tuple[Window, ...]:
    sampling = parameters.sampling
    if taken is None:
        return ()
    if reason == PenaltyReason.UNREVEALED:
        return ((taken.second_end + 1, taken.second_end + sampling.reveal_blocks),)
    if reason == PenaltyReason.UNMET:
        ends = (taken.commit_end, taken.second_end)
        return tuple((end - sampling.commit_blocks + 1, end) for end in ends if end)
    return ()

"""What is asked of the module, and the answers."""

from chain.modules.disputes.types.dispute import Dispute, DisputeStatus, Params, Payment
from chain.modules.disputes.types.game import Play, Side
from chain.modules.jobs.types import Job, Unit
from chain.store.codec import record


@record
class QueryParamsRequest:
    """Ask for the parameters."""


@record
class QueryParamsResponse:
    """The parameters; absent where the game is not played."""

    params: Params | None


@record
class QueryLinesRequest:
    """Ask for the lines of a dispute."""

    dispute_id: int


@record
class QueryLinesResponse:
    """Lines in ascending number."""

    lines: tuple[Play, ...]


@record
class DueMove:
    """A move that a worker owes, whole enough to make it without another query."""

    side: Side
    deadline: int
    dispute: Dispute
    play: Play
    job: Job
    unit: Unit


@record
class QueryMovesRequest:
    """Ask for the moves that a worker owes."""

    address: str
    """Operator or hot address."""


@record
class QueryMovesResponse:
    """Moves by dispute and line, the most urgent not first."""

    height: int
    moves: tuple[DueMove, ...]


@record
class QueryDisputeRequest:
    """Ask for one dispute."""

    dispute_id: int


@record
class QueryDisputeResponse:
    """One dispute."""

    dispute: Dispute


@record
class QueryDisputesRequest:
    """Ask for disputes by job, worker, status and height, a page at a time; what is left out restricts nothing."""

    job_id: int = 0
    after: int = 0
    """Only ids above this one: `next_after` of the page before."""
    limit: int = 0
    worker: str = ""
    """Operator of either side."""
    status: DisputeStatus = DisputeStatus.UNSPECIFIED
    from_height: int = 0
    """Opened at this height or later."""
    to_height: int = 0
    """Opened at this height or before; 0 for no end."""


@record
class QueryDisputesResponse:
    """A page of disputes in ascending id."""

    disputes: tuple[Dispute, ...]
    next_after: int = 0
    """Where the next page begins; 0 if this is the last. A page may be short and not the last."""


@record
class QueryPaymentsRequest:
    """Ask where the money of a dispute went."""

    dispute_id: int


@record
class QueryPaymentsResponse:
    """Payments in the order in which they were made."""

    payments: tuple[Payment, ...]

"""What is taken from bonds outside disputes."""

from enum import IntEnum

from chain.store.codec import record


class PenaltyReason(IntEnum):
    """What a part of a bond was taken for."""

    UNSPECIFIED = 0
    UNREVEALED = 1
    """A commitment to a check that was never opened: three checks."""
    COMPLICITY = 2
    """The same about a unit that was false: S."""
    NO_TICKET = 3
    """A commitment without a winning ticket: three checks."""
    UNMET = 4
    """A duty that was not done and claimed: three checks."""
    UNMET_FALSE = 5
    """The same about a unit that was false, or a canary: S."""
    UNOPENED_SEAL = 6
    """An asserter's seal that stayed shut and could not be asked for: R."""
    LEAKED_SEAL = 7
    """A seal that was given away: an eighth of S."""
    MISSING_RESULT = 8
    """Input that was confirmed, and no result of it when the job expired."""
    UNOPENED_PROOF = 9
    """An epoch proof that was never opened: the bond, bit by bit."""
    DEMAND = 10
    """An outsider's demand for a job's ids that convicted nobody: its deposit."""
    FALSE_ACCUSATION = 11
    """A right box that was called bad: the deposit of the demand."""


@record
class Penalty:
    """One part of a bond that was taken outside a dispute; key: number."""

    number: int
    """From 1 on, in the order in which they were taken."""
    operator: bytes
    """Whose bond it was."""
    recipient: bytes
    amount: int
    """uostr."""
    reason: PenaltyReason
    height: int
    job_id: int = 0
    """0 if it is about no job."""
    attempt: int = 0
    stage: int = 0


@record
class QueryPenaltiesRequest:
    """Ask what was taken from bonds outside disputes, of a worker or over a job; what is left out restricts nothing."""

    worker: str = ""
    """Operator address."""
    job_id: int = 0
    after: int = 0
    """Only numbers above this one: `next_after` of the page before."""
    limit: int = 0


@record
class QueryPenaltiesResponse:
    """A page of penalties in ascending number."""

    penalties: tuple[Penalty, ...]
    next_after: int = 0
    """Where the next page begins; 0 if this is the last."""

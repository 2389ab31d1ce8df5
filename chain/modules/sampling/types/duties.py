"""What a worker owes or may do now."""

from enum import IntEnum

from chain.modules.jobs.types import Job, Unit
from chain.modules.sampling.types.checks import UnitCheck
from chain.store.codec import record


class DutyKind(IntEnum):
    """What a worker owes or may do now."""

    UNSPECIFIED = 0
    RUN = 1
    """Its stage of a planned job waits for a result."""
    DRAW = 2
    """It is eligible for this unit: compute the ticket of the look; if it wins, check and commit."""
    REVEAL = 3
    OPEN = 4
    OPEN_EPOCH = 5


@record
class Duty:
    """One item of a worker's work, whole enough to act on without another query."""

    kind: DutyKind
    deadline: int
    """Last height at which the message counts."""
    job: Job | None
    unit: Unit | None
    check: UnitCheck | None
    alpha: bytes
    """For DRAW: the look's randomness."""
    weight: int
    """For DRAW: w_i of this worker."""
    epoch: int
    epoch_beacon: bytes
    """For DRAW and OPEN_EPOCH: beacon_{eE+2}, the input of this epoch's VRF."""
    open_from: int
    """For OPEN_EPOCH: first height at which the proof is taken."""
    operators: tuple[bytes, ...]
    """Operators of the job's stages in order."""
    rate: int = 0
    """For DRAW: the rate of the look."""


@record
class QueryDutiesRequest:
    """Ask for everything outstanding of one worker."""

    address: str
    """Operator or hot address."""


@record
class QueryDutiesResponse:
    """Everything outstanding at this height; a worker can restart from it alone."""

    height: int
    operator: bytes
    epoch: int
    snapshot_height: int
    """Height of the live snapshot; 0 before the first."""
    in_snapshot: bool
    duties: tuple[Duty, ...]

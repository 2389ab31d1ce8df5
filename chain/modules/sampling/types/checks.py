"""Rounds and checks: the draw of a unit, its windows, what its checkers said and are paid."""

from enum import IntEnum

from chain.store.codec import record


@record
class Round:
    """One draw; key: round index. Rounds without units are not stored."""

    index: int
    close_height: int
    epoch: int
    alpha: bytes
    """Empty until two blocks after the close."""
    results_root: bytes
    """Root over the seals of the round's units, for auditors."""
    commit_end: int
    """Last height of commit-1."""
    num_units: int
    num_open: int
    """Units not yet final."""
    beacon: bytes = b""
    """beacon of close + 2, from which alpha comes."""
    second_alpha: bytes = b""
    """Randomness of the second look; empty until two blocks after commit-1, and for ever if nobody committed."""
    second_beacon: bytes = b""
    """beacon of commit_end + 2, from which it comes."""
    second_end: int = 0
    """Last height of commit-2."""


class CheckPhase(IntEnum):
    """Which window a unit is in."""

    UNSPECIFIED = 0
    DRAWING = 1
    """Closed; alpha is not known yet."""
    COMMIT = 2
    REVEAL = 3
    OPEN = 4
    DONE = 5
    DISPUTED = 6
    DRAWING_AGAIN = 7
    """Somebody committed; the beacon of the second look is not known yet."""
    COMMIT_AGAIN = 8
    """commit-2: whoever the second look draws may commit."""


@record
class UnitCheck:
    """The checks of one unit; key: (job_id, attempt, stage)."""

    job_id: int
    attempt: int
    stage: int
    unit: bytes
    round_index: int
    epoch: int
    eligible: bytes
    """Bitmap in snapshot order, bit i of byte i//8 from the low end."""
    total_weight: int
    """W of the eligible."""
    phase: CheckPhase
    phase_end: int
    """Last height of the current window."""
    num_commits: int
    num_reveals: int
    is_equal: bool
    """All reveals so far equal the asserter's out_root (and body_root once opened)."""
    second_pay: int = 0
    """Check pay, uostr, that a second look at all the eligible is expected to come to."""
    is_excused: bool = False
    """Its input was withheld, or made from a unit that is false: nobody owed a check of it."""
    late_height: int = 0
    """Height of the close that drew it again when its job was settled; 0 for the draw before settlement."""


@record
class LateDraw:
    """A unit of a settled job that is drawn again; key: (job_id, attempt, stage)."""

    asserter: bytes
    reserved: int
    """uostr of its bond that are kept back: S, or what of it was free."""
    queued_height: int
    """Its place among those that wait for a round; 0 once it is drawn."""


class CheckOutcome(IntEnum):
    """What became of a committed check."""

    PENDING = 0
    EQUAL = 1
    DIFFERENT = 2
    UNREVEALED = 3
    PAID = 4
    """Its ticket was proven and k was paid."""
    NO_TICKET = 5
    """Committed without a winning ticket; nothing is paid."""
    FALSE = 6
    """It confirmed what was refuted, or lost what it disputed; nothing is paid."""


@record
class CheckCommit:
    """One checker's commitment; key: (job_id, attempt, stage, checker)."""

    checker: bytes
    seal: bytes
    commit_height: int
    salt: bytes
    body_root: bytes
    out_root: bytes
    reveal_height: int
    outcome: CheckOutcome


@record
class Mismatch:
    """A check that differs; waits for the disputes module in the same block."""

    job_id: int
    attempt: int
    stage: int
    checker: bytes


@record
class Payment:
    """Pay of a proven check that waits for money in the pool; key: number."""

    recipient: bytes
    amount: int
    job_id: int
    attempt: int
    stage: int


@record
class ConcludedCheck:
    """A unit's draw and checks as they stood when its windows were over."""

    check: UnitCheck
    commits: tuple[CheckCommit, ...]


@record
class Empty:
    """A response that says nothing."""


@record
class MsgCommitCheck:
    """Commit to the outcome of a check."""

    sender: str
    """Hot address."""
    job_id: int
    attempt: int
    stage: int
    seal: bytes


@record
class MsgRevealCheck:
    """Open a committed check."""

    sender: str
    job_id: int
    attempt: int
    stage: int
    salt: bytes
    body_root: bytes
    out_root: bytes


@record
class MsgOpenResult:
    """Open the asserter's seal, once somebody has revealed."""

    sender: str
    job_id: int
    attempt: int
    stage: int
    salt: bytes
    body_root: bytes


@record
class MsgOpenCanary:
    """Open a baited seal: what was sealed is false, and the true body_root stands in the seal's salt."""

    sender: str
    job_id: int
    attempt: int
    stage: int
    secret: bytes
    bait_root: bytes
    """The body_root that was sealed."""
    body_root: bytes
    """The true one."""

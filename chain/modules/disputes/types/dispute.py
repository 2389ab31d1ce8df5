"""Disputes as records: who against whom, what was found, where the money went."""

from enum import IntEnum

from chain.modules.disputes.types.game import Play
from chain.modules.jobs.types import Job, Unit
from chain.store.codec import record


class DisputeKind(IntEnum):
    """What differs."""

    UNSPECIFIED = 0
    TRACE = 1
    """A checker's roots differ from the asserter's."""
    HOP = 2
    """out_root of a stage is not what it signed for the next one, whose in_root says so."""
    CHALLENGE = 3
    """A worker that was not drawn says that a unit is false."""
    RECEIPT = 4
    """A stage signed a receipt that its commitment contradicts."""
    STOP = 5
    """The answer ends too early, or goes on after it should have ended."""
    WITHHELD = 7
    """The first or last stage did not supply the job's ids on demand, or supplied others."""
    SILENCE = 6
    """A stage did not open its seal although a check of it was revealed."""


class DisputeStatus(IntEnum):
    """Where a dispute stands."""

    UNSPECIFIED = 0
    OPEN = 1
    UNRESOLVED = 2
    """Its window passed; the job was refunded."""
    REFUTED = 3
    """The asserter was convicted; the job is run again."""
    UPHELD = 4
    """Nobody refuted the unit in time; the challenger was wrong."""
    VOID = 5
    """The unit's input was malformed, and whoever made it was convicted, if anybody."""
    OPENED = 6
    """The asserter opened its seal after all; being late costs R and its fee, and nothing else."""


@record
class Guilt:
    """Whom a dispute convicts, and by whom."""

    stage: int
    """Its asserter loses S."""
    winner: bytes
    """Who showed it; empty if the chain saw it by itself."""
    fees: int
    """uostr that the winner's moves have cost."""
    is_false: bool
    """The arithmetic convicts: whoever confirmed the unit was wrong as well."""


@record
class Dispute:
    """A disagreement; key: dispute_id."""

    dispute_id: int
    kind: DisputeKind
    job_id: int
    attempt: int
    stage: int
    asserter: bytes
    challenger: bytes
    """The checker, or for HOP the stage downstream."""
    asserter_body_root: bytes
    """Empty if the difference showed before the asserter opened."""
    asserter_out_root: bytes
    challenger_body_root: bytes
    challenger_out_root: bytes
    opened_height: int
    deadline: int
    status: DisputeStatus
    frozen: int
    """uostr that cannot move while the dispute is open: escrow and reserved bonds."""
    num_lines: int = 0
    num_open_lines: int = 0
    num_lost_lines: int = 0
    lines_until: int = 0
    """Last height at which a line may be opened, if no block is paused."""
    slashed: int = 0
    """uostr of bonds that were taken when it ended."""
    closed_height: int = 0
    deposit: int = 0
    """uostr of the challenger's bond at stake in a CHALLENGE; the challenger of a TRACE stakes S behind its check."""
    guilt: Guilt | None = None
    """Whom it convicts; S is taken when the attempt is over."""
    paused: int = 0
    """Paused blocks of the chain when `lines_until` was set; they do not count."""


class PaymentReason(IntEnum):
    """What a part of a slash is for."""

    UNSPECIFIED = 0
    FORFEIT = 1
    """The part that is lost to the treasury whoever plays which side: at least three quarters."""
    MOVES = 2
    """What the winner's moves have cost."""
    WORK = 3
    """What another stage of the failed attempt did."""
    BOUNTY = 4
    """The reward of a checker that found the fault."""
    REMAINDER = 5
    """What nobody could claim: to the treasury."""
    CONFIRMATION = 6
    """S of a checker that confirmed what was refuted: to the treasury."""
    MISMATCH = 8
    """S of a checker that differed from a false unit as well, and lost its own line: to the treasury."""
    DEPOSIT = 7
    """The deposit behind a line, or a list, that was lost: to the treasury."""
    LATENESS = 9
    """R of an asserter that opened its seal only when a dispute asked for it: to the treasury."""
    REFUND = 10
    """What the requester of a settled job gets back of what it paid."""


@record
class Payment:
    """One part of a bond that a dispute moved; key: (dispute, number in it)."""

    payer: bytes
    """Operator whose bond it came from."""
    recipient: bytes
    amount: int
    """uostr."""
    reason: PaymentReason
    height: int


@record
class ClosedDispute:
    """A dispute as it ended, with all that it was about: what the archive keeps of it."""

    dispute: Dispute
    lines: tuple[Play, ...]
    payments: tuple[Payment, ...]
    job: Job
    """As it was before anything followed from the dispute."""
    unit: Unit


@record
class Params:
    """Parameters of the game; a chain without them only freezes what is in dispute."""

    clock_blocks: int
    """Clock of each side of each line."""
    open_blocks: int
    """X_open: how long lines may be opened."""
    extension_blocks: int
    """w: how long at least others may open lines after one was lost, at most three times."""
    moves_per_block: int
    max_lines: int
    """Open lines of one unit."""
    max_attempts: int
    """Runs of one job, the first included."""
    witness_blocks: int = 0
    """How long a stage may take to supply a job's ids on demand."""


@record
class Pauses:
    """How many blocks had more moves than the limit, and this block's moves so far."""

    blocks: int
    height: int
    num_moves: int

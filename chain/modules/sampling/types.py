"""The nouns of the sampling module."""

from enum import IntEnum

from chain.modules.jobs.types import Job, Unit
from chain.store.codec import record


@record
class Params:
    """Parameters of the module, in blocks."""

    round_blocks: int
    epoch_blocks: int
    commit_blocks: int
    """W_c."""
    reveal_blocks: int
    """W_r."""
    open_blocks: int
    """W_o."""
    dispute_blocks: int
    """X."""
    proof_blocks: int
    """Window for epoch proofs."""


@record
class SnapshotEntry:
    """One worker as the epoch sees it."""

    operator: bytes
    hot_address: bytes
    vrf_key: bytes
    weight: int
    """w_i = bond - unbonding."""
    models: tuple[bytes, ...]
    """Roots of the models it is enrolled to check."""


@record
class SnapshotPlace:
    """A worker's place in a snapshot; key: (epoch, operator)."""

    index: int
    entry: SnapshotEntry


@record
class Snapshot:
    """Eligible workers of an epoch, in ascending operator order; key: epoch.

    State holds the entries one by one as `SnapshotPlace`, so that a message reads only its sender's.
    """

    epoch: int
    height: int
    entries: tuple[SnapshotEntry, ...]
    beacon: bytes = b""
    """beacon_{eE+2}, the input of this epoch's VRF; empty before."""
    num_units: int = 0
    """Units whose rounds closed in the epoch."""


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
class EpochProof:
    """A worker's VRF proof for an epoch; key: (epoch, operator)."""

    operator: bytes
    epoch: int
    proof: bytes
    """80 bytes; empty while due."""
    is_due: bool
    height: int
    beta: bytes = b""
    """64 bytes that the proof proves; every ticket of the epoch follows from it."""


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
class ConcludedEpoch:
    """An epoch whose proof window is over."""

    snapshot: Snapshot
    proofs: tuple[EpochProof, ...]


@record
class Empty:
    """A response that says nothing."""


@record
class Tally:
    """Check pay of one model in one epoch; key: (epoch, model_root)."""

    expected: int
    """uostr that checkers would earn if all fulfilled their duties, on average over their tickets."""
    done: int
    """uostr of proven checks."""


@record
class CanaryBeacon:
    """What draws the canaries of an epoch; key: epoch."""

    beacon: bytes


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


@record
class MsgOpenEpoch:
    """Publish the epoch's VRF proof: every ticket becomes checkable, checks are paid."""

    sender: str
    epoch: int
    proof: bytes


@record
class MsgOpenEpochResponse:
    """Pay of the checks that this proof proved."""

    num_paid: int
    amount: int


@record
class Claim:
    """What was claimed of an unmet duty; key: (unit, checker)."""

    amount: int
    """uostr; more can be claimed when the unit proves false afterwards, or a canary."""


@record
class MsgClaimDuty:
    """Show that a worker was drawn for a unit and did not check it; the epoch's proof makes its ticket verifiable."""

    sender: str
    """Any account; receives the claimer's share."""
    job_id: int
    attempt: int
    stage: int
    checker: str
    """Operator address of whoever was drawn."""


@record
class MsgClaimDutyResponse:
    """What the worker lost and the sender received, uostr."""

    amount: int
    share: int


@record
class MsgShowSeal:
    """Show the opening of somebody else's seal before anything may be revealed: it was leaked."""

    sender: str
    """Any account but the author's; receives half of the bounty."""
    job_id: int
    attempt: int
    stage: int
    author: str
    """Operator address of the asserter or checker who sealed it."""
    salt: bytes
    body_root: bytes
    out_root: bytes
    """Empty for the asserter's seal, whose out_root is on the chain."""


@record
class MsgShowSealResponse:
    """What the author lost and the sender received, uostr."""

    amount: int
    share: int


@record
class QueryUnmetRequest:
    """Ask which duties of a worker in an epoch are unmet and not claimed yet."""

    epoch: int
    checker: str
    """Operator address."""
    cursor: bytes = b""
    """Where the page begins: empty, or what the page before said."""


@record
class UnmetDuty:
    """A duty that anybody may claim."""

    job_id: int
    attempt: int
    stage: int
    amount: int
    """What the worker would lose, uostr."""
    share: int
    """What the claimer would receive, uostr."""


@record
class QueryUnmetResponse:
    """A page of unmet duties, which may be empty before the last one."""

    duties: tuple[UnmetDuty, ...]
    cursor: bytes
    """Begins the next page; empty behind the last one."""


@record
class QueryUnitRequest:
    """Ask for one unit and all its checks."""

    job_id: int
    attempt: int
    stage: int


@record
class QueryUnitResponse:
    """A unit, its windows, the draw and the checks."""

    unit: Unit
    check: UnitCheck | None
    commits: tuple[CheckCommit, ...]
    round: Round | None


@record
class QuerySnapshotRequest:
    """Ask for the snapshot of an epoch."""

    epoch: int


@record
class QuerySnapshotResponse:
    """The snapshot."""

    snapshot: Snapshot


@record
class QueryRoundRequest:
    """Ask for a round."""

    index: int


@record
class QueryRoundResponse:
    """A round with the keys of its units."""

    round: Round
    units: tuple[UnitCheck, ...]


@record
class QueryEpochProofsRequest:
    """Ask for the proofs of an epoch, opened and due."""

    epoch: int


@record
class QueryEpochProofsResponse:
    """Proofs in operator order and the randomness they answer."""

    proofs: tuple[EpochProof, ...]
    beacon: bytes
    """beacon_{eE+2}."""
    open_from: int
    open_until: int


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


@record
class QueryParamsRequest:
    """Ask for the parameters."""


@record
class QueryParamsResponse:
    """The parameters."""

    params: Params


@record
class QueryExplainRequest:
    """Ask how a unit's rate, bond and money came about."""

    job_id: int
    attempt: int
    stage: int


@record
class Explanation:
    """One number, how it is made and what it is; integers only, so that anybody can check the sum by hand."""

    name: str
    formula: str
    value: str


@record
class QueryExplainResponse:
    """Every number of a unit, in the order in which one follows from the other."""

    lines: tuple[Explanation, ...]


@record
class QueryPoolRequest:
    """Ask what the check pool holds and owes."""


@record
class QueryPoolResponse:
    """The check pool."""

    balance: int
    num_waiting: int
    """Proven checks that wait for money."""


@record
class QueryCanaryRequest:
    """Ask whether a unit counts as a canary, if its seal is baited."""

    job_id: int
    attempt: int
    stage: int


@record
class QueryCanaryResponse:
    """What the draw of its epoch says."""

    is_known: bool
    """The draw has been."""
    is_drawn: bool
    is_open: bool
    """Its seal is open already."""

"""The nouns of the jobs module."""

from enum import IntEnum

from chain.modules.rates.types import Terms
from chain.store.codec import record


class SamplerKind(IntEnum):
    """How the next token is chosen."""

    GREEDY = 0
    """The largest logit, the lowest id on ties."""
    TEMPERATURE = 1
    """Seeded draw from EXP2 weights."""


@record
class SamplerSpec:
    """The whole sampler, in integers."""

    kind: SamplerKind = SamplerKind.GREEDY
    inverse_temperature: int = 0
    """round(4096·log2(e)/temperature), in [1, 2^31); 0 if greedy."""
    top_k: int = 0
    """0 is off; at most 256."""


class JobStatus(IntEnum):
    """Where a job stands."""

    UNSPECIFIED = 0
    WAITING = 1
    """Accepted; the plan is drawn two blocks later."""
    RUNNING = 2
    """The plan is drawn; stages run and submit."""
    ASSERTED = 3
    """All results are in; the job waits for its round or is being checked."""
    FINAL = 4
    """Settled; the declared value is covered."""
    DISPUTED = 5
    """Answers differ; the money is frozen."""
    CLOSED = 6
    """Ended without settlement, or refuted after it; the close reason says why."""
    LATE = 7
    """Settled, but a unit is drawn again: whoever was drawn for it had stayed silent."""
    LATE_DISPUTED = 8
    """Settled, but answers of a late draw differ."""


class CloseReason(IntEnum):
    """Why a job ended."""

    NONE = 0
    SETTLED = 1
    """All units final, everybody paid."""
    NO_PLAN = 2
    """No plan could be drawn until expiry; full refund."""
    EXPIRED = 3
    """A stage did not submit in time; full refund, the stage is named."""
    UNRESOLVED = 4
    """Answers differed and nobody could be convicted; full refund."""
    SETTLED_UNOPENED = 5
    """Settled, but an asserter did not open its seal and forfeited."""
    NO_CHECKERS = 6
    """Complete, but too few workers could have checked it until an epoch after its expiry; full refund."""
    REFUTED = 7
    """An answer was refuted and no attempt is left; full refund."""
    VOID = 8
    """The request or the model made the work impossible; full refund."""
    REFUTED_LATE = 9
    """Settled, and refuted by a late draw; refunded as far as a quarter of S and the asserter's fee go."""


class UnitStatus(IntEnum):
    """Where a unit stands."""

    UNSPECIFIED = 0
    PENDING = 1
    """No result yet."""
    SUBMITTED = 2
    """The result is in."""
    CHECKING = 3
    """Its round is closed; checks may be committed."""
    FINAL = 4
    UNOPENED = 5
    """Final, but the asserter did not open although out_roots were equal."""
    DISPUTED = 6
    REFUTED = 7
    """Proven false; whoever confirmed it, or was drawn and kept silent, loses S like its asserter."""


@record
class Job:
    """One request; key: job_id."""

    job_id: int
    requester: bytes
    model_root: bytes
    prompt_root: bytes
    blind_hash: bytes
    prompt_tokens: int
    """P."""
    max_tokens: int
    """Limit on output tokens."""
    sampler: SamplerSpec
    seed: bytes
    stop_ids: tuple[int, ...]
    value: int
    """V, uostr."""
    session_key: bytes
    """ed25519 key that signs Cancel."""
    escrow: int
    """uostr held."""
    status: JobStatus
    attempt: int
    plan_id: int
    num_stages: int
    requested_height: int
    planned_height: int
    asserted_height: int
    round_index: int
    closed_height: int
    close_reason: CloseReason
    close_detail: int
    """For EXPIRED the first stage without a result; for UNRESOLVED and REFUTED_LATE the stage in dispute."""
    expiry_height: int
    output_tokens: int
    """T as the results say; 0 before."""
    tokens_root: bytes
    """out_root of the last stage."""
    paid: int = 0
    """uostr that left the escrow to others than the requester."""
    candidates: tuple[int, ...] = ()
    """Plans that could run it at acceptance, ascending; the draw is among those still live."""
    beacon: bytes = b""
    """beacon of `planned_height`, by which the plan was drawn."""
    keep_until: int = 0
    """Last height at which a check of it may still be proven; never deleted before."""
    excluded: tuple[bytes, ...] = ()
    """Operators that were convicted in earlier attempts, ascending: no plan with one of them runs this one."""
    fulfilled: int = 0
    """rho that all its attempts are priced with, of 2^16: what was measured at acceptance."""
    check_work: int = 0
    """Work units that it made the most drawn checker expect; given back when it closes."""
    choices: tuple[int, ...] = ()
    """Plans among which the draw chose, ascending."""
    choice_weights: tuple[int, ...] = ()
    """How heavily each of them weighed."""
    check_bond: int = 0
    """uostr of checkers' bonds that its checks are expected to hold; given back when it closes."""
    late_until: int = 0
    """Last height at which a claim may have a unit of it drawn again; 0 once settled with every seal opened."""
    late_height: int = 0
    """Height from which on disputes belong to its late draws that are not over; 0 if there was none."""
    refunded: int = 0
    """uostr that a late conviction gave back to the requester; not from the escrow."""


@record
class Unit:
    """What one stage of one attempt asserts; key: (job_id, attempt, stage)."""

    job_id: int
    attempt: int
    stage: int
    operator: bytes
    start: int
    end: int
    revision: int
    terms: Terms
    status: UnitStatus
    tokens: int
    in_root: bytes
    out_root: bytes
    seal: bytes
    """Empty if a receipt stands in for the result."""
    submitted_height: int
    salt: bytes
    """Empty until opened."""
    body_root: bytes
    """Empty until opened."""
    opened_height: int
    num_eligible: int = 0
    """|E_u|, known once its round is closed."""
    paid: int = 0
    """uostr the asserter received."""
    charged: int = 0
    """uostr the requester was charged for it."""
    taxed: int = 0
    """uostr of it that the treasury received."""
    is_cancelled: bool = False
    """Of the last stage: the requester signed that the answer ends after its T tokens, or a receipt stands in for the
    result and does not say why it ends."""
    bait_root: bytes = b""
    """The false body_root that was sealed in place of the true one; empty unless the seal was opened as a canary."""


@record
class Receipt:
    """What the sender of a hop signed about what it has sent."""

    unit: bytes
    """Unit of the signer."""
    revision: int
    count: int
    """Rows (or tokens) so far."""
    root: bytes
    """Their blinded root, or the root of the token leaves for the last stage."""
    is_final: bool
    signature: bytes
    """ed25519 of the signer's hot key over `receipt_bytes`."""


@record
class Params:
    """Parameters of the module."""

    expiry_blocks: int
    max_tokens: int
    """Limit on N."""
    max_stop_ids: int
    settlements_per_block: int
    receipt_blocks: int
    """How long closed jobs stay in state."""
    deletions_per_block: int = 256


@record
class MsgRequestJob:
    """Ask for one inference and lock its escrow."""

    requester: str
    model_root: bytes
    prompt_root: bytes
    blind_hash: bytes
    prompt_tokens: int
    max_tokens: int
    sampler: SamplerSpec
    seed: bytes
    stop_ids: tuple[int, ...]
    value: int
    max_escrow: int
    session_key: bytes


@record
class MsgRequestJobResponse:
    """The job's number and what was locked."""

    job_id: int
    escrow: int


@record
class MsgSubmitResult:
    """Commit to everything one stage did."""

    sender: str
    """Hot address."""
    job_id: int
    attempt: int
    stage: int
    revision: int
    tokens: int
    """T."""
    in_root: bytes
    """Empty for stage 0, where the chain computes it."""
    out_root: bytes
    seal: bytes
    receipt: Receipt | None
    """The upstream stage's final receipt; absent for stage 0."""
    cancel: bytes = b""
    """Of the last stage, if the answer ends because the requester wished so: the session key's signature."""


@record
class MsgSubmitResultResponse:
    """Whether this was the job's last missing result."""

    is_complete: bool


@record
class QueryJobRequest:
    """Ask for one job."""

    job_id: int


@record
class QueryJobResponse:
    """A job and the units of its current attempt."""

    job: Job
    units: tuple[Unit, ...]
    plan_operators: tuple[bytes, ...]
    """Operators by stage, once the plan is drawn."""


@record
class QueryJobsRequest:
    """Ask for jobs, newest first."""

    before: int = 0
    """Exclusive upper bound of job ids; 0 for the newest."""
    limit: int = 0
    requester: str = ""


@record
class QueryJobsResponse:
    """A page of jobs."""

    jobs: tuple[Job, ...]


@record
class QueryWaitingRequest:
    """Ask for the jobs that wait for a plan, the next to be drawn first."""

    limit: int = 0


@record
class QueryWaitingResponse:
    """Jobs without a plan."""

    jobs: tuple[Job, ...]


@record
class ArchivePeaks:
    """The mountain range of everything closed; state keeps only this."""

    count: int
    """Leaves appended so far: one per round that closed records."""
    peaks: tuple[bytes, ...]


class RecordKind(IntEnum):
    """What an archived record is."""

    UNSPECIFIED = 0
    JOB = 1
    """`ClosedJob`; id: u64be job, and the height of its end behind a late draw."""
    CHECK = 2
    """`sampling.ConcludedCheck`; id: u64be job, attempt, stage, and the height of the close of a late draw."""
    ROUND = 3
    """`sampling.Round`; id: u64be index."""
    EPOCH = 4
    """`sampling.ConcludedEpoch`; id: u64be epoch."""
    DISPUTE = 5
    """`disputes.ClosedDispute`; id: u64be dispute."""
    PENALTY = 6
    """`sampling.Penalty`; id: u64be number."""


@record
class ClosedJob:
    """A job as it was closed, with the units of its last attempt."""

    job: Job
    units: tuple[Unit, ...]


@record
class ArchivedRecord:
    """A closed record on its way into the nodes' history; SHA-256 of these bytes is its leaf."""

    kind: RecordKind
    id: bytes
    value: bytes
    """Canonical bytes of the record that `kind` names."""


@record
class ArchiveRound:
    """The closed records that became one leaf of the mountain range; key: height."""

    height: int
    leaf_index: int
    """Position in the range."""
    num_records: int
    root: bytes
    """RFC 6962 root over SHA-256 of the records."""
    first_record: int
    """Number of its first record among all ever archived."""


@record
class Garbage:
    """State that is deleted at a height; key: (height, number)."""

    module: str
    prefixes: tuple[bytes, ...]
    """Every key that begins so goes."""


@record
class HopConflict:
    """in_root of a stage differs from out_root of the one before; waits for the disputes module in the same block."""

    job_id: int
    attempt: int
    stage: int
    """The stage downstream."""


@record
class QueryParamsRequest:
    """Ask for the parameters."""


@record
class QueryParamsResponse:
    """The parameters."""

    params: Params


@record
class QueryArchiveRequest:
    """Ask for the mountain range of closed records and, with a height, for the round archived there."""

    height: int = 0


@record
class QueryArchiveResponse:
    """The range as it stands; the round only as long as its records are kept."""

    peaks: ArchivePeaks
    round: ArchiveRound | None
    records: tuple[ArchivedRecord, ...]

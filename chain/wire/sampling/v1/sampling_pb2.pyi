from chain.wire.jobs.v1 import jobs_pb2 as _jobs_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CheckPhase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHECK_PHASE_UNSPECIFIED: _ClassVar[CheckPhase]
    CHECK_PHASE_DRAWING: _ClassVar[CheckPhase]
    CHECK_PHASE_COMMIT: _ClassVar[CheckPhase]
    CHECK_PHASE_REVEAL: _ClassVar[CheckPhase]
    CHECK_PHASE_OPEN: _ClassVar[CheckPhase]
    CHECK_PHASE_DONE: _ClassVar[CheckPhase]
    CHECK_PHASE_DISPUTED: _ClassVar[CheckPhase]
    CHECK_PHASE_DRAWING_AGAIN: _ClassVar[CheckPhase]
    CHECK_PHASE_COMMIT_AGAIN: _ClassVar[CheckPhase]

class CheckOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHECK_OUTCOME_PENDING: _ClassVar[CheckOutcome]
    CHECK_OUTCOME_EQUAL: _ClassVar[CheckOutcome]
    CHECK_OUTCOME_DIFFERENT: _ClassVar[CheckOutcome]
    CHECK_OUTCOME_UNREVEALED: _ClassVar[CheckOutcome]
    CHECK_OUTCOME_PAID: _ClassVar[CheckOutcome]
    CHECK_OUTCOME_NO_TICKET: _ClassVar[CheckOutcome]
    CHECK_OUTCOME_FALSE: _ClassVar[CheckOutcome]

class DutyKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DUTY_KIND_UNSPECIFIED: _ClassVar[DutyKind]
    DUTY_KIND_RUN: _ClassVar[DutyKind]
    DUTY_KIND_DRAW: _ClassVar[DutyKind]
    DUTY_KIND_REVEAL: _ClassVar[DutyKind]
    DUTY_KIND_OPEN: _ClassVar[DutyKind]
    DUTY_KIND_OPEN_EPOCH: _ClassVar[DutyKind]

class PenaltyReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PENALTY_REASON_UNSPECIFIED: _ClassVar[PenaltyReason]
    PENALTY_REASON_UNREVEALED: _ClassVar[PenaltyReason]
    PENALTY_REASON_COMPLICITY: _ClassVar[PenaltyReason]
    PENALTY_REASON_NO_TICKET: _ClassVar[PenaltyReason]
    PENALTY_REASON_UNMET: _ClassVar[PenaltyReason]
    PENALTY_REASON_UNMET_FALSE: _ClassVar[PenaltyReason]
    PENALTY_REASON_UNOPENED_SEAL: _ClassVar[PenaltyReason]
    PENALTY_REASON_LEAKED_SEAL: _ClassVar[PenaltyReason]
    PENALTY_REASON_MISSING_RESULT: _ClassVar[PenaltyReason]
    PENALTY_REASON_UNOPENED_PROOF: _ClassVar[PenaltyReason]
    PENALTY_REASON_DEMAND: _ClassVar[PenaltyReason]
    PENALTY_REASON_FALSE_ACCUSATION: _ClassVar[PenaltyReason]
CHECK_PHASE_UNSPECIFIED: CheckPhase
CHECK_PHASE_DRAWING: CheckPhase
CHECK_PHASE_COMMIT: CheckPhase
CHECK_PHASE_REVEAL: CheckPhase
CHECK_PHASE_OPEN: CheckPhase
CHECK_PHASE_DONE: CheckPhase
CHECK_PHASE_DISPUTED: CheckPhase
CHECK_PHASE_DRAWING_AGAIN: CheckPhase
CHECK_PHASE_COMMIT_AGAIN: CheckPhase
CHECK_OUTCOME_PENDING: CheckOutcome
CHECK_OUTCOME_EQUAL: CheckOutcome
CHECK_OUTCOME_DIFFERENT: CheckOutcome
CHECK_OUTCOME_UNREVEALED: CheckOutcome
CHECK_OUTCOME_PAID: CheckOutcome
CHECK_OUTCOME_NO_TICKET: CheckOutcome
CHECK_OUTCOME_FALSE: CheckOutcome
DUTY_KIND_UNSPECIFIED: DutyKind
DUTY_KIND_RUN: DutyKind
DUTY_KIND_DRAW: DutyKind
DUTY_KIND_REVEAL: DutyKind
DUTY_KIND_OPEN: DutyKind
DUTY_KIND_OPEN_EPOCH: DutyKind
PENALTY_REASON_UNSPECIFIED: PenaltyReason
PENALTY_REASON_UNREVEALED: PenaltyReason
PENALTY_REASON_COMPLICITY: PenaltyReason
PENALTY_REASON_NO_TICKET: PenaltyReason
PENALTY_REASON_UNMET: PenaltyReason
PENALTY_REASON_UNMET_FALSE: PenaltyReason
PENALTY_REASON_UNOPENED_SEAL: PenaltyReason
PENALTY_REASON_LEAKED_SEAL: PenaltyReason
PENALTY_REASON_MISSING_RESULT: PenaltyReason
PENALTY_REASON_UNOPENED_PROOF: PenaltyReason
PENALTY_REASON_DEMAND: PenaltyReason
PENALTY_REASON_FALSE_ACCUSATION: PenaltyReason

class Round(_message.Message):
    __slots__ = ("index", "close_height", "epoch", "alpha", "results_root", "commit_end", "num_units", "num_open", "beacon", "second_alpha", "second_beacon", "second_end")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    CLOSE_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    ALPHA_FIELD_NUMBER: _ClassVar[int]
    RESULTS_ROOT_FIELD_NUMBER: _ClassVar[int]
    COMMIT_END_FIELD_NUMBER: _ClassVar[int]
    NUM_UNITS_FIELD_NUMBER: _ClassVar[int]
    NUM_OPEN_FIELD_NUMBER: _ClassVar[int]
    BEACON_FIELD_NUMBER: _ClassVar[int]
    SECOND_ALPHA_FIELD_NUMBER: _ClassVar[int]
    SECOND_BEACON_FIELD_NUMBER: _ClassVar[int]
    SECOND_END_FIELD_NUMBER: _ClassVar[int]
    index: int
    close_height: int
    epoch: int
    alpha: bytes
    results_root: bytes
    commit_end: int
    num_units: int
    num_open: int
    beacon: bytes
    second_alpha: bytes
    second_beacon: bytes
    second_end: int
    def __init__(self, index: _Optional[int] = ..., close_height: _Optional[int] = ..., epoch: _Optional[int] = ..., alpha: _Optional[bytes] = ..., results_root: _Optional[bytes] = ..., commit_end: _Optional[int] = ..., num_units: _Optional[int] = ..., num_open: _Optional[int] = ..., beacon: _Optional[bytes] = ..., second_alpha: _Optional[bytes] = ..., second_beacon: _Optional[bytes] = ..., second_end: _Optional[int] = ...) -> None: ...

class UnitCheck(_message.Message):
    __slots__ = ("job_id", "attempt", "stage", "unit", "round_index", "epoch", "eligible", "total_weight", "phase", "phase_end", "num_commits", "num_reveals", "is_equal", "second_pay", "is_excused", "late_height")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    ROUND_INDEX_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    ELIGIBLE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    PHASE_END_FIELD_NUMBER: _ClassVar[int]
    NUM_COMMITS_FIELD_NUMBER: _ClassVar[int]
    NUM_REVEALS_FIELD_NUMBER: _ClassVar[int]
    IS_EQUAL_FIELD_NUMBER: _ClassVar[int]
    SECOND_PAY_FIELD_NUMBER: _ClassVar[int]
    IS_EXCUSED_FIELD_NUMBER: _ClassVar[int]
    LATE_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    job_id: int
    attempt: int
    stage: int
    unit: bytes
    round_index: int
    epoch: int
    eligible: bytes
    total_weight: int
    phase: CheckPhase
    phase_end: int
    num_commits: int
    num_reveals: int
    is_equal: bool
    second_pay: int
    is_excused: bool
    late_height: int
    def __init__(self, job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[int] = ..., unit: _Optional[bytes] = ..., round_index: _Optional[int] = ..., epoch: _Optional[int] = ..., eligible: _Optional[bytes] = ..., total_weight: _Optional[int] = ..., phase: _Optional[_Union[CheckPhase, str]] = ..., phase_end: _Optional[int] = ..., num_commits: _Optional[int] = ..., num_reveals: _Optional[int] = ..., is_equal: _Optional[bool] = ..., second_pay: _Optional[int] = ..., is_excused: _Optional[bool] = ..., late_height: _Optional[int] = ...) -> None: ...

class LateDraw(_message.Message):
    __slots__ = ("asserter", "reserved", "queued_height")
    ASSERTER_FIELD_NUMBER: _ClassVar[int]
    RESERVED_FIELD_NUMBER: _ClassVar[int]
    QUEUED_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    asserter: bytes
    reserved: int
    queued_height: int
    def __init__(self, asserter: _Optional[bytes] = ..., reserved: _Optional[int] = ..., queued_height: _Optional[int] = ...) -> None: ...

class CheckCommit(_message.Message):
    __slots__ = ("checker", "seal", "commit_height", "salt", "body_root", "out_root", "reveal_height", "outcome")
    CHECKER_FIELD_NUMBER: _ClassVar[int]
    SEAL_FIELD_NUMBER: _ClassVar[int]
    COMMIT_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    BODY_ROOT_FIELD_NUMBER: _ClassVar[int]
    OUT_ROOT_FIELD_NUMBER: _ClassVar[int]
    REVEAL_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    checker: bytes
    seal: bytes
    commit_height: int
    salt: bytes
    body_root: bytes
    out_root: bytes
    reveal_height: int
    outcome: CheckOutcome
    def __init__(self, checker: _Optional[bytes] = ..., seal: _Optional[bytes] = ..., commit_height: _Optional[int] = ..., salt: _Optional[bytes] = ..., body_root: _Optional[bytes] = ..., out_root: _Optional[bytes] = ..., reveal_height: _Optional[int] = ..., outcome: _Optional[_Union[CheckOutcome, str]] = ...) -> None: ...

class Mismatch(_message.Message):
    __slots__ = ("job_id", "attempt", "stage", "checker")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    CHECKER_FIELD_NUMBER: _ClassVar[int]
    job_id: int
    attempt: int
    stage: int
    checker: bytes
    def __init__(self, job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[int] = ..., checker: _Optional[bytes] = ...) -> None: ...

class Payment(_message.Message):
    __slots__ = ("recipient", "amount", "job_id", "attempt", "stage")
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    recipient: bytes
    amount: int
    job_id: int
    attempt: int
    stage: int
    def __init__(self, recipient: _Optional[bytes] = ..., amount: _Optional[int] = ..., job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[int] = ...) -> None: ...

class ConcludedCheck(_message.Message):
    __slots__ = ("check", "commits")
    CHECK_FIELD_NUMBER: _ClassVar[int]
    COMMITS_FIELD_NUMBER: _ClassVar[int]
    check: UnitCheck
    commits: _containers.RepeatedCompositeFieldContainer[CheckCommit]
    def __init__(self, check: _Optional[_Union[UnitCheck, _Mapping]] = ..., commits: _Optional[_Iterable[_Union[CheckCommit, _Mapping]]] = ...) -> None: ...

class Empty(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MsgCommitCheck(_message.Message):
    __slots__ = ("sender", "job_id", "attempt", "stage", "seal")
    SENDER_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    SEAL_FIELD_NUMBER: _ClassVar[int]
    sender: str
    job_id: int
    attempt: int
    stage: int
    seal: bytes
    def __init__(self, sender: _Optional[str] = ..., job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[int] = ..., seal: _Optional[bytes] = ...) -> None: ...

class MsgRevealCheck(_message.Message):
    __slots__ = ("sender", "job_id", "attempt", "stage", "salt", "body_root", "out_root")
    SENDER_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    BODY_ROOT_FIELD_NUMBER: _ClassVar[int]
    OUT_ROOT_FIELD_NUMBER: _ClassVar[int]
    sender: str
    job_id: int
    attempt: int
    stage: int
    salt: bytes
    body_root: bytes
    out_root: bytes
    def __init__(self, sender: _Optional[str] = ..., job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[int] = ..., salt: _Optional[bytes] = ..., body_root: _Optional[bytes] = ..., out_root: _Optional[bytes] = ...) -> None: ...

class MsgOpenResult(_message.Message):
    __slots__ = ("sender", "job_id", "attempt", "stage", "salt", "body_root")
    SENDER_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    BODY_ROOT_FIELD_NUMBER: _ClassVar[int]
    sender: str
    job_id: int
    attempt: int
    stage: int
    salt: bytes
    body_root: bytes
    def __init__(self, sender: _Optional[str] = ..., job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[int] = ..., salt: _Optional[bytes] = ..., body_root: _Optional[bytes] = ...) -> None: ...

class MsgOpenCanary(_message.Message):
    __slots__ = ("sender", "job_id", "attempt", "stage", "secret", "bait_root", "body_root")
    SENDER_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    BAIT_ROOT_FIELD_NUMBER: _ClassVar[int]
    BODY_ROOT_FIELD_NUMBER: _ClassVar[int]
    sender: str
    job_id: int
    attempt: int
    stage: int
    secret: bytes
    bait_root: bytes
    body_root: bytes
    def __init__(self, sender: _Optional[str] = ..., job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[int] = ..., secret: _Optional[bytes] = ..., bait_root: _Optional[bytes] = ..., body_root: _Optional[bytes] = ...) -> None: ...

class Claim(_message.Message):
    __slots__ = ("amount",)
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    amount: int
    def __init__(self, amount: _Optional[int] = ...) -> None: ...

class MsgClaimDuty(_message.Message):
    __slots__ = ("sender", "job_id", "attempt", "stage", "checker")
    SENDER_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    CHECKER_FIELD_NUMBER: _ClassVar[int]
    sender: str
    job_id: int
    attempt: int
    stage: int
    checker: str
    def __init__(self, sender: _Optional[str] = ..., job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[int] = ..., checker: _Optional[str] = ...) -> None: ...

class MsgClaimDutyResponse(_message.Message):
    __slots__ = ("amount", "share")
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    amount: int
    share: int
    def __init__(self, amount: _Optional[int] = ..., share: _Optional[int] = ...) -> None: ...

class MsgShowSeal(_message.Message):
    __slots__ = ("sender", "job_id", "attempt", "stage", "author", "salt", "body_root", "out_root")
    SENDER_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    BODY_ROOT_FIELD_NUMBER: _ClassVar[int]
    OUT_ROOT_FIELD_NUMBER: _ClassVar[int]
    sender: str
    job_id: int
    attempt: int
    stage: int
    author: str
    salt: bytes
    body_root: bytes
    out_root: bytes
    def __init__(self, sender: _Optional[str] = ..., job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[int] = ..., author: _Optional[str] = ..., salt: _Optional[bytes] = ..., body_root: _Optional[bytes] = ..., out_root: _Optional[bytes] = ...) -> None: ...

class MsgShowSealResponse(_message.Message):
    __slots__ = ("amount", "share")
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    amount: int
    share: int
    def __init__(self, amount: _Optional[int] = ..., share: _Optional[int] = ...) -> None: ...

class QueryUnmetRequest(_message.Message):
    __slots__ = ("epoch", "checker", "cursor")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    CHECKER_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    epoch: int
    checker: str
    cursor: bytes
    def __init__(self, epoch: _Optional[int] = ..., checker: _Optional[str] = ..., cursor: _Optional[bytes] = ...) -> None: ...

class UnmetDuty(_message.Message):
    __slots__ = ("job_id", "attempt", "stage", "amount", "share")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    job_id: int
    attempt: int
    stage: int
    amount: int
    share: int
    def __init__(self, job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[int] = ..., amount: _Optional[int] = ..., share: _Optional[int] = ...) -> None: ...

class QueryUnmetResponse(_message.Message):
    __slots__ = ("duties", "cursor")
    DUTIES_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    duties: _containers.RepeatedCompositeFieldContainer[UnmetDuty]
    cursor: bytes
    def __init__(self, duties: _Optional[_Iterable[_Union[UnmetDuty, _Mapping]]] = ..., cursor: _Optional[bytes] = ...) -> None: ...

class Duty(_message.Message):
    __slots__ = ("kind", "deadline", "job", "unit", "check", "alpha", "weight", "epoch", "epoch_beacon", "open_from", "operators", "rate")
    KIND_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    JOB_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    CHECK_FIELD_NUMBER: _ClassVar[int]
    ALPHA_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    EPOCH_BEACON_FIELD_NUMBER: _ClassVar[int]
    OPEN_FROM_FIELD_NUMBER: _ClassVar[int]
    OPERATORS_FIELD_NUMBER: _ClassVar[int]
    RATE_FIELD_NUMBER: _ClassVar[int]
    kind: DutyKind
    deadline: int
    job: _jobs_pb2.Job
    unit: _jobs_pb2.Unit
    check: UnitCheck
    alpha: bytes
    weight: int
    epoch: int
    epoch_beacon: bytes
    open_from: int
    operators: _containers.RepeatedScalarFieldContainer[bytes]
    rate: int
    def __init__(self, kind: _Optional[_Union[DutyKind, str]] = ..., deadline: _Optional[int] = ..., job: _Optional[_Union[_jobs_pb2.Job, _Mapping]] = ..., unit: _Optional[_Union[_jobs_pb2.Unit, _Mapping]] = ..., check: _Optional[_Union[UnitCheck, _Mapping]] = ..., alpha: _Optional[bytes] = ..., weight: _Optional[int] = ..., epoch: _Optional[int] = ..., epoch_beacon: _Optional[bytes] = ..., open_from: _Optional[int] = ..., operators: _Optional[_Iterable[bytes]] = ..., rate: _Optional[int] = ...) -> None: ...

class QueryDutiesRequest(_message.Message):
    __slots__ = ("address",)
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    address: str
    def __init__(self, address: _Optional[str] = ...) -> None: ...

class QueryDutiesResponse(_message.Message):
    __slots__ = ("height", "operator", "epoch", "snapshot_height", "in_snapshot", "duties")
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    IN_SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    DUTIES_FIELD_NUMBER: _ClassVar[int]
    height: int
    operator: bytes
    epoch: int
    snapshot_height: int
    in_snapshot: bool
    duties: _containers.RepeatedCompositeFieldContainer[Duty]
    def __init__(self, height: _Optional[int] = ..., operator: _Optional[bytes] = ..., epoch: _Optional[int] = ..., snapshot_height: _Optional[int] = ..., in_snapshot: _Optional[bool] = ..., duties: _Optional[_Iterable[_Union[Duty, _Mapping]]] = ...) -> None: ...

class Params(_message.Message):
    __slots__ = ("round_blocks", "epoch_blocks", "commit_blocks", "reveal_blocks", "open_blocks", "dispute_blocks", "proof_blocks")
    ROUND_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    EPOCH_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    COMMIT_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    REVEAL_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    OPEN_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    DISPUTE_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    PROOF_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    round_blocks: int
    epoch_blocks: int
    commit_blocks: int
    reveal_blocks: int
    open_blocks: int
    dispute_blocks: int
    proof_blocks: int
    def __init__(self, round_blocks: _Optional[int] = ..., epoch_blocks: _Optional[int] = ..., commit_blocks: _Optional[int] = ..., reveal_blocks: _Optional[int] = ..., open_blocks: _Optional[int] = ..., dispute_blocks: _Optional[int] = ..., proof_blocks: _Optional[int] = ...) -> None: ...

class SnapshotEntry(_message.Message):
    __slots__ = ("operator", "hot_address", "vrf_key", "weight", "models")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    HOT_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    VRF_KEY_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    operator: bytes
    hot_address: bytes
    vrf_key: bytes
    weight: int
    models: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, operator: _Optional[bytes] = ..., hot_address: _Optional[bytes] = ..., vrf_key: _Optional[bytes] = ..., weight: _Optional[int] = ..., models: _Optional[_Iterable[bytes]] = ...) -> None: ...

class SnapshotPlace(_message.Message):
    __slots__ = ("index", "entry")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    index: int
    entry: SnapshotEntry
    def __init__(self, index: _Optional[int] = ..., entry: _Optional[_Union[SnapshotEntry, _Mapping]] = ...) -> None: ...

class Snapshot(_message.Message):
    __slots__ = ("epoch", "height", "entries", "beacon", "num_units")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    BEACON_FIELD_NUMBER: _ClassVar[int]
    NUM_UNITS_FIELD_NUMBER: _ClassVar[int]
    epoch: int
    height: int
    entries: _containers.RepeatedCompositeFieldContainer[SnapshotEntry]
    beacon: bytes
    num_units: int
    def __init__(self, epoch: _Optional[int] = ..., height: _Optional[int] = ..., entries: _Optional[_Iterable[_Union[SnapshotEntry, _Mapping]]] = ..., beacon: _Optional[bytes] = ..., num_units: _Optional[int] = ...) -> None: ...

class EpochProof(_message.Message):
    __slots__ = ("operator", "epoch", "proof", "is_due", "height", "beta")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    IS_DUE_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    BETA_FIELD_NUMBER: _ClassVar[int]
    operator: bytes
    epoch: int
    proof: bytes
    is_due: bool
    height: int
    beta: bytes
    def __init__(self, operator: _Optional[bytes] = ..., epoch: _Optional[int] = ..., proof: _Optional[bytes] = ..., is_due: _Optional[bool] = ..., height: _Optional[int] = ..., beta: _Optional[bytes] = ...) -> None: ...

class ConcludedEpoch(_message.Message):
    __slots__ = ("snapshot", "proofs")
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    PROOFS_FIELD_NUMBER: _ClassVar[int]
    snapshot: Snapshot
    proofs: _containers.RepeatedCompositeFieldContainer[EpochProof]
    def __init__(self, snapshot: _Optional[_Union[Snapshot, _Mapping]] = ..., proofs: _Optional[_Iterable[_Union[EpochProof, _Mapping]]] = ...) -> None: ...

class Tally(_message.Message):
    __slots__ = ("expected", "done")
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    expected: int
    done: int
    def __init__(self, expected: _Optional[int] = ..., done: _Optional[int] = ...) -> None: ...

class CanaryBeacon(_message.Message):
    __slots__ = ("beacon",)
    BEACON_FIELD_NUMBER: _ClassVar[int]
    beacon: bytes
    def __init__(self, beacon: _Optional[bytes] = ...) -> None: ...

class MsgOpenEpoch(_message.Message):
    __slots__ = ("sender", "epoch", "proof")
    SENDER_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    sender: str
    epoch: int
    proof: bytes
    def __init__(self, sender: _Optional[str] = ..., epoch: _Optional[int] = ..., proof: _Optional[bytes] = ...) -> None: ...

class MsgOpenEpochResponse(_message.Message):
    __slots__ = ("num_paid", "amount")
    NUM_PAID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    num_paid: int
    amount: int
    def __init__(self, num_paid: _Optional[int] = ..., amount: _Optional[int] = ...) -> None: ...

class Penalty(_message.Message):
    __slots__ = ("number", "operator", "recipient", "amount", "reason", "height", "job_id", "attempt", "stage")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    number: int
    operator: bytes
    recipient: bytes
    amount: int
    reason: PenaltyReason
    height: int
    job_id: int
    attempt: int
    stage: int
    def __init__(self, number: _Optional[int] = ..., operator: _Optional[bytes] = ..., recipient: _Optional[bytes] = ..., amount: _Optional[int] = ..., reason: _Optional[_Union[PenaltyReason, str]] = ..., height: _Optional[int] = ..., job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[int] = ...) -> None: ...

class QueryPenaltiesRequest(_message.Message):
    __slots__ = ("worker", "job_id", "after", "limit")
    WORKER_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    worker: str
    job_id: int
    after: int
    limit: int
    def __init__(self, worker: _Optional[str] = ..., job_id: _Optional[int] = ..., after: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...

class QueryPenaltiesResponse(_message.Message):
    __slots__ = ("penalties", "next_after")
    PENALTIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_AFTER_FIELD_NUMBER: _ClassVar[int]
    penalties: _containers.RepeatedCompositeFieldContainer[Penalty]
    next_after: int
    def __init__(self, penalties: _Optional[_Iterable[_Union[Penalty, _Mapping]]] = ..., next_after: _Optional[int] = ...) -> None: ...

class QueryUnitRequest(_message.Message):
    __slots__ = ("job_id", "attempt", "stage")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    job_id: int
    attempt: int
    stage: int
    def __init__(self, job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[int] = ...) -> None: ...

class QueryUnitResponse(_message.Message):
    __slots__ = ("unit", "check", "commits", "round", "earlier")
    UNIT_FIELD_NUMBER: _ClassVar[int]
    CHECK_FIELD_NUMBER: _ClassVar[int]
    COMMITS_FIELD_NUMBER: _ClassVar[int]
    ROUND_FIELD_NUMBER: _ClassVar[int]
    EARLIER_FIELD_NUMBER: _ClassVar[int]
    unit: _jobs_pb2.Unit
    check: UnitCheck
    commits: _containers.RepeatedCompositeFieldContainer[CheckCommit]
    round: Round
    earlier: UnitCheck
    def __init__(self, unit: _Optional[_Union[_jobs_pb2.Unit, _Mapping]] = ..., check: _Optional[_Union[UnitCheck, _Mapping]] = ..., commits: _Optional[_Iterable[_Union[CheckCommit, _Mapping]]] = ..., round: _Optional[_Union[Round, _Mapping]] = ..., earlier: _Optional[_Union[UnitCheck, _Mapping]] = ...) -> None: ...

class QuerySnapshotRequest(_message.Message):
    __slots__ = ("epoch",)
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    epoch: int
    def __init__(self, epoch: _Optional[int] = ...) -> None: ...

class QuerySnapshotResponse(_message.Message):
    __slots__ = ("snapshot",)
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    snapshot: Snapshot
    def __init__(self, snapshot: _Optional[_Union[Snapshot, _Mapping]] = ...) -> None: ...

class QueryRoundRequest(_message.Message):
    __slots__ = ("index",)
    INDEX_FIELD_NUMBER: _ClassVar[int]
    index: int
    def __init__(self, index: _Optional[int] = ...) -> None: ...

class QueryRoundResponse(_message.Message):
    __slots__ = ("round", "units")
    ROUND_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    round: Round
    units: _containers.RepeatedCompositeFieldContainer[UnitCheck]
    def __init__(self, round: _Optional[_Union[Round, _Mapping]] = ..., units: _Optional[_Iterable[_Union[UnitCheck, _Mapping]]] = ...) -> None: ...

class QueryEpochProofsRequest(_message.Message):
    __slots__ = ("epoch",)
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    epoch: int
    def __init__(self, epoch: _Optional[int] = ...) -> None: ...

class QueryEpochProofsResponse(_message.Message):
    __slots__ = ("proofs", "beacon", "open_from", "open_until")
    PROOFS_FIELD_NUMBER: _ClassVar[int]
    BEACON_FIELD_NUMBER: _ClassVar[int]
    OPEN_FROM_FIELD_NUMBER: _ClassVar[int]
    OPEN_UNTIL_FIELD_NUMBER: _ClassVar[int]
    proofs: _containers.RepeatedCompositeFieldContainer[EpochProof]
    beacon: bytes
    open_from: int
    open_until: int
    def __init__(self, proofs: _Optional[_Iterable[_Union[EpochProof, _Mapping]]] = ..., beacon: _Optional[bytes] = ..., open_from: _Optional[int] = ..., open_until: _Optional[int] = ...) -> None: ...

class QueryParamsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QueryParamsResponse(_message.Message):
    __slots__ = ("params",)
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    params: Params
    def __init__(self, params: _Optional[_Union[Params, _Mapping]] = ...) -> None: ...

class QueryExplainRequest(_message.Message):
    __slots__ = ("job_id", "attempt", "stage")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    job_id: int
    attempt: int
    stage: int
    def __init__(self, job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[int] = ...) -> None: ...

class Explanation(_message.Message):
    __slots__ = ("name", "formula", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    FORMULA_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    formula: str
    value: str
    def __init__(self, name: _Optional[str] = ..., formula: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class QueryExplainResponse(_message.Message):
    __slots__ = ("lines",)
    LINES_FIELD_NUMBER: _ClassVar[int]
    lines: _containers.RepeatedCompositeFieldContainer[Explanation]
    def __init__(self, lines: _Optional[_Iterable[_Union[Explanation, _Mapping]]] = ...) -> None: ...

class QueryPoolRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QueryPoolResponse(_message.Message):
    __slots__ = ("balance", "num_waiting")
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    NUM_WAITING_FIELD_NUMBER: _ClassVar[int]
    balance: int
    num_waiting: int
    def __init__(self, balance: _Optional[int] = ..., num_waiting: _Optional[int] = ...) -> None: ...

class QueryCanaryRequest(_message.Message):
    __slots__ = ("job_id", "attempt", "stage")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    job_id: int
    attempt: int
    stage: int
    def __init__(self, job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[int] = ...) -> None: ...

class QueryCanaryResponse(_message.Message):
    __slots__ = ("is_known", "is_drawn", "is_open")
    IS_KNOWN_FIELD_NUMBER: _ClassVar[int]
    IS_DRAWN_FIELD_NUMBER: _ClassVar[int]
    IS_OPEN_FIELD_NUMBER: _ClassVar[int]
    is_known: bool
    is_drawn: bool
    is_open: bool
    def __init__(self, is_known: _Optional[bool] = ..., is_drawn: _Optional[bool] = ..., is_open: _Optional[bool] = ...) -> None: ...

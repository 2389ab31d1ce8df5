from chain.wire.rates.v1 import rates_pb2 as _rates_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SamplerKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SAMPLER_KIND_GREEDY: _ClassVar[SamplerKind]
    SAMPLER_KIND_TEMPERATURE: _ClassVar[SamplerKind]

class JobStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    JOB_STATUS_UNSPECIFIED: _ClassVar[JobStatus]
    JOB_STATUS_WAITING: _ClassVar[JobStatus]
    JOB_STATUS_RUNNING: _ClassVar[JobStatus]
    JOB_STATUS_ASSERTED: _ClassVar[JobStatus]
    JOB_STATUS_FINAL: _ClassVar[JobStatus]
    JOB_STATUS_DISPUTED: _ClassVar[JobStatus]
    JOB_STATUS_CLOSED: _ClassVar[JobStatus]
    JOB_STATUS_LATE: _ClassVar[JobStatus]
    JOB_STATUS_LATE_DISPUTED: _ClassVar[JobStatus]

class CloseReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CLOSE_REASON_NONE: _ClassVar[CloseReason]
    CLOSE_REASON_SETTLED: _ClassVar[CloseReason]
    CLOSE_REASON_NO_PLAN: _ClassVar[CloseReason]
    CLOSE_REASON_EXPIRED: _ClassVar[CloseReason]
    CLOSE_REASON_UNRESOLVED: _ClassVar[CloseReason]
    CLOSE_REASON_SETTLED_UNOPENED: _ClassVar[CloseReason]
    CLOSE_REASON_NO_CHECKERS: _ClassVar[CloseReason]
    CLOSE_REASON_REFUTED: _ClassVar[CloseReason]
    CLOSE_REASON_VOID: _ClassVar[CloseReason]
    CLOSE_REASON_REFUTED_LATE: _ClassVar[CloseReason]

class UnitStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UNIT_STATUS_UNSPECIFIED: _ClassVar[UnitStatus]
    UNIT_STATUS_PENDING: _ClassVar[UnitStatus]
    UNIT_STATUS_SUBMITTED: _ClassVar[UnitStatus]
    UNIT_STATUS_CHECKING: _ClassVar[UnitStatus]
    UNIT_STATUS_FINAL: _ClassVar[UnitStatus]
    UNIT_STATUS_UNOPENED: _ClassVar[UnitStatus]
    UNIT_STATUS_DISPUTED: _ClassVar[UnitStatus]
    UNIT_STATUS_REFUTED: _ClassVar[UnitStatus]

class RecordKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RECORD_KIND_UNSPECIFIED: _ClassVar[RecordKind]
    RECORD_KIND_JOB: _ClassVar[RecordKind]
    RECORD_KIND_CHECK: _ClassVar[RecordKind]
    RECORD_KIND_ROUND: _ClassVar[RecordKind]
    RECORD_KIND_EPOCH: _ClassVar[RecordKind]
    RECORD_KIND_DISPUTE: _ClassVar[RecordKind]
    RECORD_KIND_PENALTY: _ClassVar[RecordKind]
SAMPLER_KIND_GREEDY: SamplerKind
SAMPLER_KIND_TEMPERATURE: SamplerKind
JOB_STATUS_UNSPECIFIED: JobStatus
JOB_STATUS_WAITING: JobStatus
JOB_STATUS_RUNNING: JobStatus
JOB_STATUS_ASSERTED: JobStatus
JOB_STATUS_FINAL: JobStatus
JOB_STATUS_DISPUTED: JobStatus
JOB_STATUS_CLOSED: JobStatus
JOB_STATUS_LATE: JobStatus
JOB_STATUS_LATE_DISPUTED: JobStatus
CLOSE_REASON_NONE: CloseReason
CLOSE_REASON_SETTLED: CloseReason
CLOSE_REASON_NO_PLAN: CloseReason
CLOSE_REASON_EXPIRED: CloseReason
CLOSE_REASON_UNRESOLVED: CloseReason
CLOSE_REASON_SETTLED_UNOPENED: CloseReason
CLOSE_REASON_NO_CHECKERS: CloseReason
CLOSE_REASON_REFUTED: CloseReason
CLOSE_REASON_VOID: CloseReason
CLOSE_REASON_REFUTED_LATE: CloseReason
UNIT_STATUS_UNSPECIFIED: UnitStatus
UNIT_STATUS_PENDING: UnitStatus
UNIT_STATUS_SUBMITTED: UnitStatus
UNIT_STATUS_CHECKING: UnitStatus
UNIT_STATUS_FINAL: UnitStatus
UNIT_STATUS_UNOPENED: UnitStatus
UNIT_STATUS_DISPUTED: UnitStatus
UNIT_STATUS_REFUTED: UnitStatus
RECORD_KIND_UNSPECIFIED: RecordKind
RECORD_KIND_JOB: RecordKind
RECORD_KIND_CHECK: RecordKind
RECORD_KIND_ROUND: RecordKind
RECORD_KIND_EPOCH: RecordKind
RECORD_KIND_DISPUTE: RecordKind
RECORD_KIND_PENALTY: RecordKind

class SamplerSpec(_message.Message):
    __slots__ = ("kind", "inverse_temperature", "top_k")
    KIND_FIELD_NUMBER: _ClassVar[int]
    INVERSE_TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    TOP_K_FIELD_NUMBER: _ClassVar[int]
    kind: SamplerKind
    inverse_temperature: int
    top_k: int
    def __init__(self, kind: _Optional[_Union[SamplerKind, str]] = ..., inverse_temperature: _Optional[int] = ..., top_k: _Optional[int] = ...) -> None: ...

class Job(_message.Message):
    __slots__ = ("job_id", "requester", "model_root", "prompt_root", "blind_hash", "prompt_tokens", "max_tokens", "sampler", "seed", "stop_ids", "value", "session_key", "escrow", "status", "attempt", "plan_id", "num_stages", "requested_height", "planned_height", "asserted_height", "round_index", "closed_height", "close_reason", "close_detail", "expiry_height", "output_tokens", "tokens_root", "paid", "candidates", "beacon", "keep_until", "excluded", "fulfilled", "check_work", "choices", "choice_weights", "check_bond", "late_until", "late_height", "refunded")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    REQUESTER_FIELD_NUMBER: _ClassVar[int]
    MODEL_ROOT_FIELD_NUMBER: _ClassVar[int]
    PROMPT_ROOT_FIELD_NUMBER: _ClassVar[int]
    BLIND_HASH_FIELD_NUMBER: _ClassVar[int]
    PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    MAX_TOKENS_FIELD_NUMBER: _ClassVar[int]
    SAMPLER_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    STOP_IDS_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    SESSION_KEY_FIELD_NUMBER: _ClassVar[int]
    ESCROW_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    PLAN_ID_FIELD_NUMBER: _ClassVar[int]
    NUM_STAGES_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    PLANNED_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    ASSERTED_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    ROUND_INDEX_FIELD_NUMBER: _ClassVar[int]
    CLOSED_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    CLOSE_REASON_FIELD_NUMBER: _ClassVar[int]
    CLOSE_DETAIL_FIELD_NUMBER: _ClassVar[int]
    EXPIRY_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_ROOT_FIELD_NUMBER: _ClassVar[int]
    PAID_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    BEACON_FIELD_NUMBER: _ClassVar[int]
    KEEP_UNTIL_FIELD_NUMBER: _ClassVar[int]
    EXCLUDED_FIELD_NUMBER: _ClassVar[int]
    FULFILLED_FIELD_NUMBER: _ClassVar[int]
    CHECK_WORK_FIELD_NUMBER: _ClassVar[int]
    CHOICES_FIELD_NUMBER: _ClassVar[int]
    CHOICE_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    CHECK_BOND_FIELD_NUMBER: _ClassVar[int]
    LATE_UNTIL_FIELD_NUMBER: _ClassVar[int]
    LATE_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    REFUNDED_FIELD_NUMBER: _ClassVar[int]
    job_id: int
    requester: bytes
    model_root: bytes
    prompt_root: bytes
    blind_hash: bytes
    prompt_tokens: int
    max_tokens: int
    sampler: SamplerSpec
    seed: bytes
    stop_ids: _containers.RepeatedScalarFieldContainer[int]
    value: int
    session_key: bytes
    escrow: int
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
    expiry_height: int
    output_tokens: int
    tokens_root: bytes
    paid: int
    candidates: _containers.RepeatedScalarFieldContainer[int]
    beacon: bytes
    keep_until: int
    excluded: _containers.RepeatedScalarFieldContainer[bytes]
    fulfilled: int
    check_work: int
    choices: _containers.RepeatedScalarFieldContainer[int]
    choice_weights: _containers.RepeatedScalarFieldContainer[int]
    check_bond: int
    late_until: int
    late_height: int
    refunded: int
    def __init__(self, job_id: _Optional[int] = ..., requester: _Optional[bytes] = ..., model_root: _Optional[bytes] = ..., prompt_root: _Optional[bytes] = ..., blind_hash: _Optional[bytes] = ..., prompt_tokens: _Optional[int] = ..., max_tokens: _Optional[int] = ..., sampler: _Optional[_Union[SamplerSpec, _Mapping]] = ..., seed: _Optional[bytes] = ..., stop_ids: _Optional[_Iterable[int]] = ..., value: _Optional[int] = ..., session_key: _Optional[bytes] = ..., escrow: _Optional[int] = ..., status: _Optional[_Union[JobStatus, str]] = ..., attempt: _Optional[int] = ..., plan_id: _Optional[int] = ..., num_stages: _Optional[int] = ..., requested_height: _Optional[int] = ..., planned_height: _Optional[int] = ..., asserted_height: _Optional[int] = ..., round_index: _Optional[int] = ..., closed_height: _Optional[int] = ..., close_reason: _Optional[_Union[CloseReason, str]] = ..., close_detail: _Optional[int] = ..., expiry_height: _Optional[int] = ..., output_tokens: _Optional[int] = ..., tokens_root: _Optional[bytes] = ..., paid: _Optional[int] = ..., candidates: _Optional[_Iterable[int]] = ..., beacon: _Optional[bytes] = ..., keep_until: _Optional[int] = ..., excluded: _Optional[_Iterable[bytes]] = ..., fulfilled: _Optional[int] = ..., check_work: _Optional[int] = ..., choices: _Optional[_Iterable[int]] = ..., choice_weights: _Optional[_Iterable[int]] = ..., check_bond: _Optional[int] = ..., late_until: _Optional[int] = ..., late_height: _Optional[int] = ..., refunded: _Optional[int] = ...) -> None: ...

class Unit(_message.Message):
    __slots__ = ("job_id", "attempt", "stage", "operator", "start", "end", "revision", "terms", "status", "tokens", "in_root", "out_root", "seal", "submitted_height", "salt", "body_root", "opened_height", "num_eligible", "paid", "charged", "taxed", "is_cancelled", "bait_root")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    IN_ROOT_FIELD_NUMBER: _ClassVar[int]
    OUT_ROOT_FIELD_NUMBER: _ClassVar[int]
    SEAL_FIELD_NUMBER: _ClassVar[int]
    SUBMITTED_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    BODY_ROOT_FIELD_NUMBER: _ClassVar[int]
    OPENED_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    NUM_ELIGIBLE_FIELD_NUMBER: _ClassVar[int]
    PAID_FIELD_NUMBER: _ClassVar[int]
    CHARGED_FIELD_NUMBER: _ClassVar[int]
    TAXED_FIELD_NUMBER: _ClassVar[int]
    IS_CANCELLED_FIELD_NUMBER: _ClassVar[int]
    BAIT_ROOT_FIELD_NUMBER: _ClassVar[int]
    job_id: int
    attempt: int
    stage: int
    operator: bytes
    start: int
    end: int
    revision: int
    terms: _rates_pb2.Terms
    status: UnitStatus
    tokens: int
    in_root: bytes
    out_root: bytes
    seal: bytes
    submitted_height: int
    salt: bytes
    body_root: bytes
    opened_height: int
    num_eligible: int
    paid: int
    charged: int
    taxed: int
    is_cancelled: bool
    bait_root: bytes
    def __init__(self, job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[int] = ..., operator: _Optional[bytes] = ..., start: _Optional[int] = ..., end: _Optional[int] = ..., revision: _Optional[int] = ..., terms: _Optional[_Union[_rates_pb2.Terms, _Mapping]] = ..., status: _Optional[_Union[UnitStatus, str]] = ..., tokens: _Optional[int] = ..., in_root: _Optional[bytes] = ..., out_root: _Optional[bytes] = ..., seal: _Optional[bytes] = ..., submitted_height: _Optional[int] = ..., salt: _Optional[bytes] = ..., body_root: _Optional[bytes] = ..., opened_height: _Optional[int] = ..., num_eligible: _Optional[int] = ..., paid: _Optional[int] = ..., charged: _Optional[int] = ..., taxed: _Optional[int] = ..., is_cancelled: _Optional[bool] = ..., bait_root: _Optional[bytes] = ...) -> None: ...

class Receipt(_message.Message):
    __slots__ = ("unit", "revision", "count", "root", "is_final", "signature")
    UNIT_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    ROOT_FIELD_NUMBER: _ClassVar[int]
    IS_FINAL_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    unit: bytes
    revision: int
    count: int
    root: bytes
    is_final: bool
    signature: bytes
    def __init__(self, unit: _Optional[bytes] = ..., revision: _Optional[int] = ..., count: _Optional[int] = ..., root: _Optional[bytes] = ..., is_final: _Optional[bool] = ..., signature: _Optional[bytes] = ...) -> None: ...

class Params(_message.Message):
    __slots__ = ("expiry_blocks", "max_tokens", "max_stop_ids", "settlements_per_block", "receipt_blocks", "deletions_per_block")
    EXPIRY_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    MAX_TOKENS_FIELD_NUMBER: _ClassVar[int]
    MAX_STOP_IDS_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENTS_PER_BLOCK_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    DELETIONS_PER_BLOCK_FIELD_NUMBER: _ClassVar[int]
    expiry_blocks: int
    max_tokens: int
    max_stop_ids: int
    settlements_per_block: int
    receipt_blocks: int
    deletions_per_block: int
    def __init__(self, expiry_blocks: _Optional[int] = ..., max_tokens: _Optional[int] = ..., max_stop_ids: _Optional[int] = ..., settlements_per_block: _Optional[int] = ..., receipt_blocks: _Optional[int] = ..., deletions_per_block: _Optional[int] = ...) -> None: ...

class MsgRequestJob(_message.Message):
    __slots__ = ("requester", "model_root", "prompt_root", "blind_hash", "prompt_tokens", "max_tokens", "sampler", "seed", "stop_ids", "value", "max_escrow", "session_key")
    REQUESTER_FIELD_NUMBER: _ClassVar[int]
    MODEL_ROOT_FIELD_NUMBER: _ClassVar[int]
    PROMPT_ROOT_FIELD_NUMBER: _ClassVar[int]
    BLIND_HASH_FIELD_NUMBER: _ClassVar[int]
    PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    MAX_TOKENS_FIELD_NUMBER: _ClassVar[int]
    SAMPLER_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    STOP_IDS_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    MAX_ESCROW_FIELD_NUMBER: _ClassVar[int]
    SESSION_KEY_FIELD_NUMBER: _ClassVar[int]
    requester: str
    model_root: bytes
    prompt_root: bytes
    blind_hash: bytes
    prompt_tokens: int
    max_tokens: int
    sampler: SamplerSpec
    seed: bytes
    stop_ids: _containers.RepeatedScalarFieldContainer[int]
    value: int
    max_escrow: int
    session_key: bytes
    def __init__(self, requester: _Optional[str] = ..., model_root: _Optional[bytes] = ..., prompt_root: _Optional[bytes] = ..., blind_hash: _Optional[bytes] = ..., prompt_tokens: _Optional[int] = ..., max_tokens: _Optional[int] = ..., sampler: _Optional[_Union[SamplerSpec, _Mapping]] = ..., seed: _Optional[bytes] = ..., stop_ids: _Optional[_Iterable[int]] = ..., value: _Optional[int] = ..., max_escrow: _Optional[int] = ..., session_key: _Optional[bytes] = ...) -> None: ...

class MsgRequestJobResponse(_message.Message):
    __slots__ = ("job_id", "escrow")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ESCROW_FIELD_NUMBER: _ClassVar[int]
    job_id: int
    escrow: int
    def __init__(self, job_id: _Optional[int] = ..., escrow: _Optional[int] = ...) -> None: ...

class MsgSubmitResult(_message.Message):
    __slots__ = ("sender", "job_id", "attempt", "stage", "revision", "tokens", "in_root", "out_root", "seal", "receipt", "cancel")
    SENDER_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    IN_ROOT_FIELD_NUMBER: _ClassVar[int]
    OUT_ROOT_FIELD_NUMBER: _ClassVar[int]
    SEAL_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    sender: str
    job_id: int
    attempt: int
    stage: int
    revision: int
    tokens: int
    in_root: bytes
    out_root: bytes
    seal: bytes
    receipt: Receipt
    cancel: bytes
    def __init__(self, sender: _Optional[str] = ..., job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[int] = ..., revision: _Optional[int] = ..., tokens: _Optional[int] = ..., in_root: _Optional[bytes] = ..., out_root: _Optional[bytes] = ..., seal: _Optional[bytes] = ..., receipt: _Optional[_Union[Receipt, _Mapping]] = ..., cancel: _Optional[bytes] = ...) -> None: ...

class MsgSubmitResultResponse(_message.Message):
    __slots__ = ("is_complete",)
    IS_COMPLETE_FIELD_NUMBER: _ClassVar[int]
    is_complete: bool
    def __init__(self, is_complete: _Optional[bool] = ...) -> None: ...

class QueryJobRequest(_message.Message):
    __slots__ = ("job_id",)
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    job_id: int
    def __init__(self, job_id: _Optional[int] = ...) -> None: ...

class QueryJobResponse(_message.Message):
    __slots__ = ("job", "units", "plan_operators")
    JOB_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    PLAN_OPERATORS_FIELD_NUMBER: _ClassVar[int]
    job: Job
    units: _containers.RepeatedCompositeFieldContainer[Unit]
    plan_operators: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ..., units: _Optional[_Iterable[_Union[Unit, _Mapping]]] = ..., plan_operators: _Optional[_Iterable[bytes]] = ...) -> None: ...

class QueryJobsRequest(_message.Message):
    __slots__ = ("before", "limit", "requester")
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    REQUESTER_FIELD_NUMBER: _ClassVar[int]
    before: int
    limit: int
    requester: str
    def __init__(self, before: _Optional[int] = ..., limit: _Optional[int] = ..., requester: _Optional[str] = ...) -> None: ...

class QueryJobsResponse(_message.Message):
    __slots__ = ("jobs",)
    JOBS_FIELD_NUMBER: _ClassVar[int]
    jobs: _containers.RepeatedCompositeFieldContainer[Job]
    def __init__(self, jobs: _Optional[_Iterable[_Union[Job, _Mapping]]] = ...) -> None: ...

class QueryWaitingRequest(_message.Message):
    __slots__ = ("limit",)
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    limit: int
    def __init__(self, limit: _Optional[int] = ...) -> None: ...

class QueryWaitingResponse(_message.Message):
    __slots__ = ("jobs",)
    JOBS_FIELD_NUMBER: _ClassVar[int]
    jobs: _containers.RepeatedCompositeFieldContainer[Job]
    def __init__(self, jobs: _Optional[_Iterable[_Union[Job, _Mapping]]] = ...) -> None: ...

class ArchivePeaks(_message.Message):
    __slots__ = ("count", "peaks")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    PEAKS_FIELD_NUMBER: _ClassVar[int]
    count: int
    peaks: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, count: _Optional[int] = ..., peaks: _Optional[_Iterable[bytes]] = ...) -> None: ...

class ClosedJob(_message.Message):
    __slots__ = ("job", "units")
    JOB_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    job: Job
    units: _containers.RepeatedCompositeFieldContainer[Unit]
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ..., units: _Optional[_Iterable[_Union[Unit, _Mapping]]] = ...) -> None: ...

class ArchivedRecord(_message.Message):
    __slots__ = ("kind", "id", "value")
    KIND_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    kind: RecordKind
    id: bytes
    value: bytes
    def __init__(self, kind: _Optional[_Union[RecordKind, str]] = ..., id: _Optional[bytes] = ..., value: _Optional[bytes] = ...) -> None: ...

class ArchiveRound(_message.Message):
    __slots__ = ("height", "leaf_index", "num_records", "root", "first_record")
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    LEAF_INDEX_FIELD_NUMBER: _ClassVar[int]
    NUM_RECORDS_FIELD_NUMBER: _ClassVar[int]
    ROOT_FIELD_NUMBER: _ClassVar[int]
    FIRST_RECORD_FIELD_NUMBER: _ClassVar[int]
    height: int
    leaf_index: int
    num_records: int
    root: bytes
    first_record: int
    def __init__(self, height: _Optional[int] = ..., leaf_index: _Optional[int] = ..., num_records: _Optional[int] = ..., root: _Optional[bytes] = ..., first_record: _Optional[int] = ...) -> None: ...

class Garbage(_message.Message):
    __slots__ = ("module", "prefixes")
    MODULE_FIELD_NUMBER: _ClassVar[int]
    PREFIXES_FIELD_NUMBER: _ClassVar[int]
    module: str
    prefixes: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, module: _Optional[str] = ..., prefixes: _Optional[_Iterable[bytes]] = ...) -> None: ...

class HopConflict(_message.Message):
    __slots__ = ("job_id", "attempt", "stage")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    job_id: int
    attempt: int
    stage: int
    def __init__(self, job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[int] = ...) -> None: ...

class QueryParamsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QueryParamsResponse(_message.Message):
    __slots__ = ("params",)
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    params: Params
    def __init__(self, params: _Optional[_Union[Params, _Mapping]] = ...) -> None: ...

class QueryArchiveRequest(_message.Message):
    __slots__ = ("height",)
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    height: int
    def __init__(self, height: _Optional[int] = ...) -> None: ...

class QueryArchiveResponse(_message.Message):
    __slots__ = ("peaks", "round", "records")
    PEAKS_FIELD_NUMBER: _ClassVar[int]
    ROUND_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    peaks: ArchivePeaks
    round: ArchiveRound
    records: _containers.RepeatedCompositeFieldContainer[ArchivedRecord]
    def __init__(self, peaks: _Optional[_Union[ArchivePeaks, _Mapping]] = ..., round: _Optional[_Union[ArchiveRound, _Mapping]] = ..., records: _Optional[_Iterable[_Union[ArchivedRecord, _Mapping]]] = ...) -> None: ...

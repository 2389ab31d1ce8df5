from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DisputeKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DISPUTE_KIND_UNSPECIFIED: _ClassVar[DisputeKind]
    DISPUTE_KIND_TRACE: _ClassVar[DisputeKind]
    DISPUTE_KIND_HOP: _ClassVar[DisputeKind]

class DisputeStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DISPUTE_STATUS_UNSPECIFIED: _ClassVar[DisputeStatus]
    DISPUTE_STATUS_OPEN: _ClassVar[DisputeStatus]
    DISPUTE_STATUS_UNRESOLVED: _ClassVar[DisputeStatus]
DISPUTE_KIND_UNSPECIFIED: DisputeKind
DISPUTE_KIND_TRACE: DisputeKind
DISPUTE_KIND_HOP: DisputeKind
DISPUTE_STATUS_UNSPECIFIED: DisputeStatus
DISPUTE_STATUS_OPEN: DisputeStatus
DISPUTE_STATUS_UNRESOLVED: DisputeStatus

class Dispute(_message.Message):
    __slots__ = ("dispute_id", "kind", "job_id", "attempt", "stage", "asserter", "challenger", "asserter_body_root", "asserter_out_root", "challenger_body_root", "challenger_out_root", "opened_height", "deadline", "status", "frozen")
    DISPUTE_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    ASSERTER_FIELD_NUMBER: _ClassVar[int]
    CHALLENGER_FIELD_NUMBER: _ClassVar[int]
    ASSERTER_BODY_ROOT_FIELD_NUMBER: _ClassVar[int]
    ASSERTER_OUT_ROOT_FIELD_NUMBER: _ClassVar[int]
    CHALLENGER_BODY_ROOT_FIELD_NUMBER: _ClassVar[int]
    CHALLENGER_OUT_ROOT_FIELD_NUMBER: _ClassVar[int]
    OPENED_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    FROZEN_FIELD_NUMBER: _ClassVar[int]
    dispute_id: int
    kind: DisputeKind
    job_id: int
    attempt: int
    stage: int
    asserter: bytes
    challenger: bytes
    asserter_body_root: bytes
    asserter_out_root: bytes
    challenger_body_root: bytes
    challenger_out_root: bytes
    opened_height: int
    deadline: int
    status: DisputeStatus
    frozen: int
    def __init__(self, dispute_id: _Optional[int] = ..., kind: _Optional[_Union[DisputeKind, str]] = ..., job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[int] = ..., asserter: _Optional[bytes] = ..., challenger: _Optional[bytes] = ..., asserter_body_root: _Optional[bytes] = ..., asserter_out_root: _Optional[bytes] = ..., challenger_body_root: _Optional[bytes] = ..., challenger_out_root: _Optional[bytes] = ..., opened_height: _Optional[int] = ..., deadline: _Optional[int] = ..., status: _Optional[_Union[DisputeStatus, str]] = ..., frozen: _Optional[int] = ...) -> None: ...

class QueryDisputeRequest(_message.Message):
    __slots__ = ("dispute_id",)
    DISPUTE_ID_FIELD_NUMBER: _ClassVar[int]
    dispute_id: int
    def __init__(self, dispute_id: _Optional[int] = ...) -> None: ...

class QueryDisputeResponse(_message.Message):
    __slots__ = ("dispute",)
    DISPUTE_FIELD_NUMBER: _ClassVar[int]
    dispute: Dispute
    def __init__(self, dispute: _Optional[_Union[Dispute, _Mapping]] = ...) -> None: ...

class QueryDisputesRequest(_message.Message):
    __slots__ = ("job_id", "after", "limit")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    job_id: int
    after: int
    limit: int
    def __init__(self, job_id: _Optional[int] = ..., after: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...

class QueryDisputesResponse(_message.Message):
    __slots__ = ("disputes",)
    DISPUTES_FIELD_NUMBER: _ClassVar[int]
    disputes: _containers.RepeatedCompositeFieldContainer[Dispute]
    def __init__(self, disputes: _Optional[_Iterable[_Union[Dispute, _Mapping]]] = ...) -> None: ...

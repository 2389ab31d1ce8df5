from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OpenRequest(_message.Message):
    __slots__ = ("job_id", "attempt", "prompt_ids", "blind")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    PROMPT_IDS_FIELD_NUMBER: _ClassVar[int]
    BLIND_FIELD_NUMBER: _ClassVar[int]
    job_id: int
    attempt: int
    prompt_ids: _containers.RepeatedScalarFieldContainer[int]
    blind: bytes
    def __init__(self, job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., prompt_ids: _Optional[_Iterable[int]] = ..., blind: _Optional[bytes] = ...) -> None: ...

class OpenResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Receipt(_message.Message):
    __slots__ = ("revision", "count", "root", "is_final", "signature")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    ROOT_FIELD_NUMBER: _ClassVar[int]
    IS_FINAL_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    revision: int
    count: int
    root: bytes
    is_final: bool
    signature: bytes
    def __init__(self, revision: _Optional[int] = ..., count: _Optional[int] = ..., root: _Optional[bytes] = ..., is_final: _Optional[bool] = ..., signature: _Optional[bytes] = ...) -> None: ...

class Hello(_message.Message):
    __slots__ = ("job_id", "attempt", "stage", "blind", "prompt_ids", "signature")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    BLIND_FIELD_NUMBER: _ClassVar[int]
    PROMPT_IDS_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    job_id: int
    attempt: int
    stage: int
    blind: bytes
    prompt_ids: _containers.RepeatedScalarFieldContainer[int]
    signature: bytes
    def __init__(self, job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[int] = ..., blind: _Optional[bytes] = ..., prompt_ids: _Optional[_Iterable[int]] = ..., signature: _Optional[bytes] = ...) -> None: ...

class Rows(_message.Message):
    __slots__ = ("start", "count", "data")
    START_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    start: int
    count: int
    data: bytes
    def __init__(self, start: _Optional[int] = ..., count: _Optional[int] = ..., data: _Optional[bytes] = ...) -> None: ...

class TokenFrame(_message.Message):
    __slots__ = ("start", "ids", "receipt")
    START_FIELD_NUMBER: _ClassVar[int]
    IDS_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    start: int
    ids: _containers.RepeatedScalarFieldContainer[int]
    receipt: Receipt
    def __init__(self, start: _Optional[int] = ..., ids: _Optional[_Iterable[int]] = ..., receipt: _Optional[_Union[Receipt, _Mapping]] = ...) -> None: ...

class Final(_message.Message):
    __slots__ = ("receipt", "output_ids", "tokens_receipt")
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_IDS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_RECEIPT_FIELD_NUMBER: _ClassVar[int]
    receipt: Receipt
    output_ids: _containers.RepeatedScalarFieldContainer[int]
    tokens_receipt: Receipt
    def __init__(self, receipt: _Optional[_Union[Receipt, _Mapping]] = ..., output_ids: _Optional[_Iterable[int]] = ..., tokens_receipt: _Optional[_Union[Receipt, _Mapping]] = ...) -> None: ...

class Frame(_message.Message):
    __slots__ = ("hello", "rows", "receipt", "tokens", "final")
    HELLO_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    FINAL_FIELD_NUMBER: _ClassVar[int]
    hello: Hello
    rows: Rows
    receipt: Receipt
    tokens: TokenFrame
    final: Final
    def __init__(self, hello: _Optional[_Union[Hello, _Mapping]] = ..., rows: _Optional[_Union[Rows, _Mapping]] = ..., receipt: _Optional[_Union[Receipt, _Mapping]] = ..., tokens: _Optional[_Union[TokenFrame, _Mapping]] = ..., final: _Optional[_Union[Final, _Mapping]] = ...) -> None: ...

class Ready(_message.Message):
    __slots__ = ("count",)
    COUNT_FIELD_NUMBER: _ClassVar[int]
    count: int
    def __init__(self, count: _Optional[int] = ...) -> None: ...

class Reply(_message.Message):
    __slots__ = ("ready", "countersigned")
    READY_FIELD_NUMBER: _ClassVar[int]
    COUNTERSIGNED_FIELD_NUMBER: _ClassVar[int]
    ready: Ready
    countersigned: Receipt
    def __init__(self, ready: _Optional[_Union[Ready, _Mapping]] = ..., countersigned: _Optional[_Union[Receipt, _Mapping]] = ...) -> None: ...

class TokensRequest(_message.Message):
    __slots__ = ("job_id", "attempt", "blind", "start")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    BLIND_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    job_id: int
    attempt: int
    blind: bytes
    start: int
    def __init__(self, job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., blind: _Optional[bytes] = ..., start: _Optional[int] = ...) -> None: ...

class CancelRequest(_message.Message):
    __slots__ = ("job_id", "attempt", "tokens", "signature")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    job_id: int
    attempt: int
    tokens: int
    signature: bytes
    def __init__(self, job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., tokens: _Optional[int] = ..., signature: _Optional[bytes] = ...) -> None: ...

class CancelResponse(_message.Message):
    __slots__ = ("tokens",)
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    tokens: int
    def __init__(self, tokens: _Optional[int] = ...) -> None: ...

class FetchRequest(_message.Message):
    __slots__ = ("job_id", "attempt", "stage", "height", "operator", "signature")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    job_id: int
    attempt: int
    stage: int
    height: int
    operator: bytes
    signature: bytes
    def __init__(self, job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[int] = ..., height: _Optional[int] = ..., operator: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class FetchHeader(_message.Message):
    __slots__ = ("blind", "tokens", "ids", "num_rows")
    BLIND_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    IDS_FIELD_NUMBER: _ClassVar[int]
    NUM_ROWS_FIELD_NUMBER: _ClassVar[int]
    blind: bytes
    tokens: int
    ids: _containers.RepeatedScalarFieldContainer[int]
    num_rows: int
    def __init__(self, blind: _Optional[bytes] = ..., tokens: _Optional[int] = ..., ids: _Optional[_Iterable[int]] = ..., num_rows: _Optional[int] = ...) -> None: ...

class FetchFrame(_message.Message):
    __slots__ = ("header", "rows")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    header: FetchHeader
    rows: Rows
    def __init__(self, header: _Optional[_Union[FetchHeader, _Mapping]] = ..., rows: _Optional[_Union[Rows, _Mapping]] = ...) -> None: ...

class StatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RunStatus(_message.Message):
    __slots__ = ("job_id", "attempt", "stage", "received", "computed", "is_ended")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_FIELD_NUMBER: _ClassVar[int]
    COMPUTED_FIELD_NUMBER: _ClassVar[int]
    IS_ENDED_FIELD_NUMBER: _ClassVar[int]
    job_id: int
    attempt: int
    stage: int
    received: int
    computed: int
    is_ended: bool
    def __init__(self, job_id: _Optional[int] = ..., attempt: _Optional[int] = ..., stage: _Optional[int] = ..., received: _Optional[int] = ..., computed: _Optional[int] = ..., is_ended: _Optional[bool] = ...) -> None: ...

class ShardStatus(_message.Message):
    __slots__ = ("model_root", "start", "end")
    MODEL_ROOT_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    model_root: bytes
    start: int
    end: int
    def __init__(self, model_root: _Optional[bytes] = ..., start: _Optional[int] = ..., end: _Optional[int] = ...) -> None: ...

class StatusResponse(_message.Message):
    __slots__ = ("operator", "hot_address", "height", "endpoint", "device", "is_registered", "is_serving", "is_checking", "shards", "runs", "num_duties", "units_submitted", "checks_committed", "waiting_for")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    HOT_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    IS_REGISTERED_FIELD_NUMBER: _ClassVar[int]
    IS_SERVING_FIELD_NUMBER: _ClassVar[int]
    IS_CHECKING_FIELD_NUMBER: _ClassVar[int]
    SHARDS_FIELD_NUMBER: _ClassVar[int]
    RUNS_FIELD_NUMBER: _ClassVar[int]
    NUM_DUTIES_FIELD_NUMBER: _ClassVar[int]
    UNITS_SUBMITTED_FIELD_NUMBER: _ClassVar[int]
    CHECKS_COMMITTED_FIELD_NUMBER: _ClassVar[int]
    WAITING_FOR_FIELD_NUMBER: _ClassVar[int]
    operator: bytes
    hot_address: bytes
    height: int
    endpoint: str
    device: str
    is_registered: bool
    is_serving: bool
    is_checking: bool
    shards: _containers.RepeatedCompositeFieldContainer[ShardStatus]
    runs: _containers.RepeatedCompositeFieldContainer[RunStatus]
    num_duties: int
    units_submitted: int
    checks_committed: int
    waiting_for: str
    def __init__(self, operator: _Optional[bytes] = ..., hot_address: _Optional[bytes] = ..., height: _Optional[int] = ..., endpoint: _Optional[str] = ..., device: _Optional[str] = ..., is_registered: _Optional[bool] = ..., is_serving: _Optional[bool] = ..., is_checking: _Optional[bool] = ..., shards: _Optional[_Iterable[_Union[ShardStatus, _Mapping]]] = ..., runs: _Optional[_Iterable[_Union[RunStatus, _Mapping]]] = ..., num_duties: _Optional[int] = ..., units_submitted: _Optional[int] = ..., checks_committed: _Optional[int] = ..., waiting_for: _Optional[str] = ...) -> None: ...

from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Stage(_message.Message):
    __slots__ = ("operator", "start", "end")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    operator: bytes
    start: int
    end: int
    def __init__(self, operator: _Optional[bytes] = ..., start: _Optional[int] = ..., end: _Optional[int] = ...) -> None: ...

class Plan(_message.Message):
    __slots__ = ("plan_id", "model_root", "stages", "bottleneck", "submitter", "height", "is_live", "revision", "died_height")
    PLAN_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_ROOT_FIELD_NUMBER: _ClassVar[int]
    STAGES_FIELD_NUMBER: _ClassVar[int]
    BOTTLENECK_FIELD_NUMBER: _ClassVar[int]
    SUBMITTER_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    IS_LIVE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    DIED_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    plan_id: int
    model_root: bytes
    stages: _containers.RepeatedCompositeFieldContainer[Stage]
    bottleneck: int
    submitter: bytes
    height: int
    is_live: bool
    revision: int
    died_height: int
    def __init__(self, plan_id: _Optional[int] = ..., model_root: _Optional[bytes] = ..., stages: _Optional[_Iterable[_Union[Stage, _Mapping]]] = ..., bottleneck: _Optional[int] = ..., submitter: _Optional[bytes] = ..., height: _Optional[int] = ..., is_live: _Optional[bool] = ..., revision: _Optional[int] = ..., died_height: _Optional[int] = ...) -> None: ...

class StageRequest(_message.Message):
    __slots__ = ("operator", "start", "end")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    operator: str
    start: int
    end: int
    def __init__(self, operator: _Optional[str] = ..., start: _Optional[int] = ..., end: _Optional[int] = ...) -> None: ...

class MsgSubmitPlan(_message.Message):
    __slots__ = ("sender", "model_root", "stages")
    SENDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_ROOT_FIELD_NUMBER: _ClassVar[int]
    STAGES_FIELD_NUMBER: _ClassVar[int]
    sender: str
    model_root: bytes
    stages: _containers.RepeatedCompositeFieldContainer[StageRequest]
    def __init__(self, sender: _Optional[str] = ..., model_root: _Optional[bytes] = ..., stages: _Optional[_Iterable[_Union[StageRequest, _Mapping]]] = ...) -> None: ...

class MsgSubmitPlanResponse(_message.Message):
    __slots__ = ("plan_id",)
    PLAN_ID_FIELD_NUMBER: _ClassVar[int]
    plan_id: int
    def __init__(self, plan_id: _Optional[int] = ...) -> None: ...

class Params(_message.Message):
    __slots__ = ("max_stages", "max_live", "max_tokens", "retain_blocks")
    MAX_STAGES_FIELD_NUMBER: _ClassVar[int]
    MAX_LIVE_FIELD_NUMBER: _ClassVar[int]
    MAX_TOKENS_FIELD_NUMBER: _ClassVar[int]
    RETAIN_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    max_stages: int
    max_live: int
    max_tokens: int
    retain_blocks: int
    def __init__(self, max_stages: _Optional[int] = ..., max_live: _Optional[int] = ..., max_tokens: _Optional[int] = ..., retain_blocks: _Optional[int] = ...) -> None: ...

class QueryParamsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QueryParamsResponse(_message.Message):
    __slots__ = ("params",)
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    params: Params
    def __init__(self, params: _Optional[_Union[Params, _Mapping]] = ...) -> None: ...

class QueryPlansRequest(_message.Message):
    __slots__ = ("model_root",)
    MODEL_ROOT_FIELD_NUMBER: _ClassVar[int]
    model_root: bytes
    def __init__(self, model_root: _Optional[bytes] = ...) -> None: ...

class QueryPlansResponse(_message.Message):
    __slots__ = ("plans",)
    PLANS_FIELD_NUMBER: _ClassVar[int]
    plans: _containers.RepeatedCompositeFieldContainer[Plan]
    def __init__(self, plans: _Optional[_Iterable[_Union[Plan, _Mapping]]] = ...) -> None: ...

class QueryPlanRequest(_message.Message):
    __slots__ = ("plan_id",)
    PLAN_ID_FIELD_NUMBER: _ClassVar[int]
    plan_id: int
    def __init__(self, plan_id: _Optional[int] = ...) -> None: ...

class QueryPlanResponse(_message.Message):
    __slots__ = ("plan",)
    PLAN_FIELD_NUMBER: _ClassVar[int]
    plan: Plan
    def __init__(self, plan: _Optional[_Union[Plan, _Mapping]] = ...) -> None: ...

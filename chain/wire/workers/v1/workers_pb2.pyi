from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WorkerStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WORKER_STATUS_UNSPECIFIED: _ClassVar[WorkerStatus]
    WORKER_STATUS_ACTIVE: _ClassVar[WorkerStatus]
    WORKER_STATUS_DRAINING: _ClassVar[WorkerStatus]
    WORKER_STATUS_JAILED: _ClassVar[WorkerStatus]

class Role(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROLE_UNSPECIFIED: _ClassVar[Role]
    ROLE_SERVE: _ClassVar[Role]
    ROLE_CHECK: _ClassVar[Role]
WORKER_STATUS_UNSPECIFIED: WorkerStatus
WORKER_STATUS_ACTIVE: WorkerStatus
WORKER_STATUS_DRAINING: WorkerStatus
WORKER_STATUS_JAILED: WorkerStatus
ROLE_UNSPECIFIED: Role
ROLE_SERVE: Role
ROLE_CHECK: Role

class Device(_message.Message):
    __slots__ = ("kind", "name", "memory_bytes", "count")
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    kind: str
    name: str
    memory_bytes: int
    count: int
    def __init__(self, kind: _Optional[str] = ..., name: _Optional[str] = ..., memory_bytes: _Optional[int] = ..., count: _Optional[int] = ...) -> None: ...

class Keys(_message.Message):
    __slots__ = ("hot_key", "vrf_key", "box_key", "hot_possession", "vrf_possession", "box_possession")
    HOT_KEY_FIELD_NUMBER: _ClassVar[int]
    VRF_KEY_FIELD_NUMBER: _ClassVar[int]
    BOX_KEY_FIELD_NUMBER: _ClassVar[int]
    HOT_POSSESSION_FIELD_NUMBER: _ClassVar[int]
    VRF_POSSESSION_FIELD_NUMBER: _ClassVar[int]
    BOX_POSSESSION_FIELD_NUMBER: _ClassVar[int]
    hot_key: bytes
    vrf_key: bytes
    box_key: bytes
    hot_possession: bytes
    vrf_possession: bytes
    box_possession: bytes
    def __init__(self, hot_key: _Optional[bytes] = ..., vrf_key: _Optional[bytes] = ..., box_key: _Optional[bytes] = ..., hot_possession: _Optional[bytes] = ..., vrf_possession: _Optional[bytes] = ..., box_possession: _Optional[bytes] = ...) -> None: ...

class Worker(_message.Message):
    __slots__ = ("operator", "hot_address", "keys", "endpoint", "region", "memory_bytes", "devices", "ask_price", "bond", "unbonding", "reserved", "status", "registered_height", "pending_vrf_key", "holds", "pending_vrf_possession", "fault_height")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    HOT_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    DEVICES_FIELD_NUMBER: _ClassVar[int]
    ASK_PRICE_FIELD_NUMBER: _ClassVar[int]
    BOND_FIELD_NUMBER: _ClassVar[int]
    UNBONDING_FIELD_NUMBER: _ClassVar[int]
    RESERVED_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REGISTERED_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    PENDING_VRF_KEY_FIELD_NUMBER: _ClassVar[int]
    HOLDS_FIELD_NUMBER: _ClassVar[int]
    PENDING_VRF_POSSESSION_FIELD_NUMBER: _ClassVar[int]
    FAULT_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    operator: bytes
    hot_address: bytes
    keys: Keys
    endpoint: str
    region: str
    memory_bytes: int
    devices: _containers.RepeatedCompositeFieldContainer[Device]
    ask_price: int
    bond: int
    unbonding: int
    reserved: int
    status: WorkerStatus
    registered_height: int
    pending_vrf_key: bytes
    holds: int
    pending_vrf_possession: bytes
    fault_height: int
    def __init__(self, operator: _Optional[bytes] = ..., hot_address: _Optional[bytes] = ..., keys: _Optional[_Union[Keys, _Mapping]] = ..., endpoint: _Optional[str] = ..., region: _Optional[str] = ..., memory_bytes: _Optional[int] = ..., devices: _Optional[_Iterable[_Union[Device, _Mapping]]] = ..., ask_price: _Optional[int] = ..., bond: _Optional[int] = ..., unbonding: _Optional[int] = ..., reserved: _Optional[int] = ..., status: _Optional[_Union[WorkerStatus, str]] = ..., registered_height: _Optional[int] = ..., pending_vrf_key: _Optional[bytes] = ..., holds: _Optional[int] = ..., pending_vrf_possession: _Optional[bytes] = ..., fault_height: _Optional[int] = ...) -> None: ...

class Enrollment(_message.Message):
    __slots__ = ("operator", "model_root", "role", "start", "end", "height")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    MODEL_ROOT_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    operator: bytes
    model_root: bytes
    role: Role
    start: int
    end: int
    height: int
    def __init__(self, operator: _Optional[bytes] = ..., model_root: _Optional[bytes] = ..., role: _Optional[_Union[Role, str]] = ..., start: _Optional[int] = ..., end: _Optional[int] = ..., height: _Optional[int] = ...) -> None: ...

class Unbonding(_message.Message):
    __slots__ = ("operator", "amount", "release_height")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    RELEASE_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    operator: bytes
    amount: int
    release_height: int
    def __init__(self, operator: _Optional[bytes] = ..., amount: _Optional[int] = ..., release_height: _Optional[int] = ...) -> None: ...

class Params(_message.Message):
    __slots__ = ("min_bond", "unbonding_blocks", "max_endpoint_bytes", "penalty_numerator", "penalty_denominator", "breaker_numerator", "breaker_denominator", "held_blocks")
    MIN_BOND_FIELD_NUMBER: _ClassVar[int]
    UNBONDING_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    MAX_ENDPOINT_BYTES_FIELD_NUMBER: _ClassVar[int]
    PENALTY_NUMERATOR_FIELD_NUMBER: _ClassVar[int]
    PENALTY_DENOMINATOR_FIELD_NUMBER: _ClassVar[int]
    BREAKER_NUMERATOR_FIELD_NUMBER: _ClassVar[int]
    BREAKER_DENOMINATOR_FIELD_NUMBER: _ClassVar[int]
    HELD_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    min_bond: int
    unbonding_blocks: int
    max_endpoint_bytes: int
    penalty_numerator: int
    penalty_denominator: int
    breaker_numerator: int
    breaker_denominator: int
    held_blocks: int
    def __init__(self, min_bond: _Optional[int] = ..., unbonding_blocks: _Optional[int] = ..., max_endpoint_bytes: _Optional[int] = ..., penalty_numerator: _Optional[int] = ..., penalty_denominator: _Optional[int] = ..., breaker_numerator: _Optional[int] = ..., breaker_denominator: _Optional[int] = ..., held_blocks: _Optional[int] = ...) -> None: ...

class Budget(_message.Message):
    __slots__ = ("height", "bonds", "absence", "faults")
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    BONDS_FIELD_NUMBER: _ClassVar[int]
    ABSENCE_FIELD_NUMBER: _ClassVar[int]
    FAULTS_FIELD_NUMBER: _ClassVar[int]
    height: int
    bonds: int
    absence: int
    faults: int
    def __init__(self, height: _Optional[int] = ..., bonds: _Optional[int] = ..., absence: _Optional[int] = ..., faults: _Optional[int] = ...) -> None: ...

class Forfeiture(_message.Message):
    __slots__ = ("operator", "height", "holds")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    HOLDS_FIELD_NUMBER: _ClassVar[int]
    operator: bytes
    height: int
    holds: int
    def __init__(self, operator: _Optional[bytes] = ..., height: _Optional[int] = ..., holds: _Optional[int] = ...) -> None: ...

class HeldSlash(_message.Message):
    __slots__ = ("operator", "recipient", "amount")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    operator: bytes
    recipient: bytes
    amount: int
    def __init__(self, operator: _Optional[bytes] = ..., recipient: _Optional[bytes] = ..., amount: _Optional[int] = ...) -> None: ...

class MsgRegisterWorker(_message.Message):
    __slots__ = ("operator", "keys", "endpoint", "region", "memory_bytes", "devices", "ask_price", "bond")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    DEVICES_FIELD_NUMBER: _ClassVar[int]
    ASK_PRICE_FIELD_NUMBER: _ClassVar[int]
    BOND_FIELD_NUMBER: _ClassVar[int]
    operator: str
    keys: Keys
    endpoint: str
    region: str
    memory_bytes: int
    devices: _containers.RepeatedCompositeFieldContainer[Device]
    ask_price: int
    bond: int
    def __init__(self, operator: _Optional[str] = ..., keys: _Optional[_Union[Keys, _Mapping]] = ..., endpoint: _Optional[str] = ..., region: _Optional[str] = ..., memory_bytes: _Optional[int] = ..., devices: _Optional[_Iterable[_Union[Device, _Mapping]]] = ..., ask_price: _Optional[int] = ..., bond: _Optional[int] = ...) -> None: ...

class MsgUpdateWorker(_message.Message):
    __slots__ = ("operator", "endpoint", "region", "ask_price", "is_draining")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    ASK_PRICE_FIELD_NUMBER: _ClassVar[int]
    IS_DRAINING_FIELD_NUMBER: _ClassVar[int]
    operator: str
    endpoint: str
    region: str
    ask_price: int
    is_draining: bool
    def __init__(self, operator: _Optional[str] = ..., endpoint: _Optional[str] = ..., region: _Optional[str] = ..., ask_price: _Optional[int] = ..., is_draining: _Optional[bool] = ...) -> None: ...

class MsgBond(_message.Message):
    __slots__ = ("operator", "amount")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    operator: str
    amount: int
    def __init__(self, operator: _Optional[str] = ..., amount: _Optional[int] = ...) -> None: ...

class MsgUnbond(_message.Message):
    __slots__ = ("operator", "amount")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    operator: str
    amount: int
    def __init__(self, operator: _Optional[str] = ..., amount: _Optional[int] = ...) -> None: ...

class MsgWithdraw(_message.Message):
    __slots__ = ("operator",)
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    operator: str
    def __init__(self, operator: _Optional[str] = ...) -> None: ...

class MsgWithdrawResponse(_message.Message):
    __slots__ = ("amount",)
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    amount: int
    def __init__(self, amount: _Optional[int] = ...) -> None: ...

class MsgChangeVrfKey(_message.Message):
    __slots__ = ("operator", "vrf_key", "possession")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    VRF_KEY_FIELD_NUMBER: _ClassVar[int]
    POSSESSION_FIELD_NUMBER: _ClassVar[int]
    operator: str
    vrf_key: bytes
    possession: bytes
    def __init__(self, operator: _Optional[str] = ..., vrf_key: _Optional[bytes] = ..., possession: _Optional[bytes] = ...) -> None: ...

class MsgEnroll(_message.Message):
    __slots__ = ("operator", "model_root", "role", "start", "end")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    MODEL_ROOT_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    operator: str
    model_root: bytes
    role: Role
    start: int
    end: int
    def __init__(self, operator: _Optional[str] = ..., model_root: _Optional[bytes] = ..., role: _Optional[_Union[Role, str]] = ..., start: _Optional[int] = ..., end: _Optional[int] = ...) -> None: ...

class MsgUnenroll(_message.Message):
    __slots__ = ("operator", "model_root", "role")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    MODEL_ROOT_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    operator: str
    model_root: bytes
    role: Role
    def __init__(self, operator: _Optional[str] = ..., model_root: _Optional[bytes] = ..., role: _Optional[_Union[Role, str]] = ...) -> None: ...

class Empty(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QueryParamsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QueryParamsResponse(_message.Message):
    __slots__ = ("params",)
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    params: Params
    def __init__(self, params: _Optional[_Union[Params, _Mapping]] = ...) -> None: ...

class QueryBudgetRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class QueryBudgetResponse(_message.Message):
    __slots__ = ("budget", "absence_limit", "fault_limit", "held", "forfeitures")
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    ABSENCE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    FAULT_LIMIT_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    FORFEITURES_FIELD_NUMBER: _ClassVar[int]
    budget: Budget
    absence_limit: int
    fault_limit: int
    held: _containers.RepeatedCompositeFieldContainer[HeldSlash]
    forfeitures: _containers.RepeatedCompositeFieldContainer[Forfeiture]
    def __init__(self, budget: _Optional[_Union[Budget, _Mapping]] = ..., absence_limit: _Optional[int] = ..., fault_limit: _Optional[int] = ..., held: _Optional[_Iterable[_Union[HeldSlash, _Mapping]]] = ..., forfeitures: _Optional[_Iterable[_Union[Forfeiture, _Mapping]]] = ...) -> None: ...

class QueryWorkerRequest(_message.Message):
    __slots__ = ("address",)
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    address: str
    def __init__(self, address: _Optional[str] = ...) -> None: ...

class QueryWorkerResponse(_message.Message):
    __slots__ = ("worker", "enrollments", "unbondings")
    WORKER_FIELD_NUMBER: _ClassVar[int]
    ENROLLMENTS_FIELD_NUMBER: _ClassVar[int]
    UNBONDINGS_FIELD_NUMBER: _ClassVar[int]
    worker: Worker
    enrollments: _containers.RepeatedCompositeFieldContainer[Enrollment]
    unbondings: _containers.RepeatedCompositeFieldContainer[Unbonding]
    def __init__(self, worker: _Optional[_Union[Worker, _Mapping]] = ..., enrollments: _Optional[_Iterable[_Union[Enrollment, _Mapping]]] = ..., unbondings: _Optional[_Iterable[_Union[Unbonding, _Mapping]]] = ...) -> None: ...

class QueryWorkersRequest(_message.Message):
    __slots__ = ("after", "limit")
    AFTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    after: bytes
    limit: int
    def __init__(self, after: _Optional[bytes] = ..., limit: _Optional[int] = ...) -> None: ...

class QueryWorkersResponse(_message.Message):
    __slots__ = ("workers",)
    WORKERS_FIELD_NUMBER: _ClassVar[int]
    workers: _containers.RepeatedCompositeFieldContainer[Worker]
    def __init__(self, workers: _Optional[_Iterable[_Union[Worker, _Mapping]]] = ...) -> None: ...

class QueryEnrollmentsRequest(_message.Message):
    __slots__ = ("model_root",)
    MODEL_ROOT_FIELD_NUMBER: _ClassVar[int]
    model_root: bytes
    def __init__(self, model_root: _Optional[bytes] = ...) -> None: ...

class QueryEnrollmentsResponse(_message.Message):
    __slots__ = ("enrollments",)
    ENROLLMENTS_FIELD_NUMBER: _ClassVar[int]
    enrollments: _containers.RepeatedCompositeFieldContainer[Enrollment]
    def __init__(self, enrollments: _Optional[_Iterable[_Union[Enrollment, _Mapping]]] = ...) -> None: ...

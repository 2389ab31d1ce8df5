from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BroadcastRequest(_message.Message):
    __slots__ = ("tx",)
    TX_FIELD_NUMBER: _ClassVar[int]
    tx: bytes
    def __init__(self, tx: _Optional[bytes] = ...) -> None: ...

class BroadcastResponse(_message.Message):
    __slots__ = ("hash", "code", "log", "codespace", "is_known")
    HASH_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    LOG_FIELD_NUMBER: _ClassVar[int]
    CODESPACE_FIELD_NUMBER: _ClassVar[int]
    IS_KNOWN_FIELD_NUMBER: _ClassVar[int]
    hash: bytes
    code: int
    log: str
    codespace: str
    is_known: bool
    def __init__(self, hash: _Optional[bytes] = ..., code: _Optional[int] = ..., log: _Optional[str] = ..., codespace: _Optional[str] = ..., is_known: _Optional[bool] = ...) -> None: ...

class SimulateRequest(_message.Message):
    __slots__ = ("tx",)
    TX_FIELD_NUMBER: _ClassVar[int]
    tx: bytes
    def __init__(self, tx: _Optional[bytes] = ...) -> None: ...

class SimulateResponse(_message.Message):
    __slots__ = ("gas_used", "is_message_failed", "failed_index", "code", "log", "codespace", "data")
    GAS_USED_FIELD_NUMBER: _ClassVar[int]
    IS_MESSAGE_FAILED_FIELD_NUMBER: _ClassVar[int]
    FAILED_INDEX_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    LOG_FIELD_NUMBER: _ClassVar[int]
    CODESPACE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    gas_used: int
    is_message_failed: bool
    failed_index: int
    code: int
    log: str
    codespace: str
    data: bytes
    def __init__(self, gas_used: _Optional[int] = ..., is_message_failed: _Optional[bool] = ..., failed_index: _Optional[int] = ..., code: _Optional[int] = ..., log: _Optional[str] = ..., codespace: _Optional[str] = ..., data: _Optional[bytes] = ...) -> None: ...

class FollowRequest(_message.Message):
    __slots__ = ("from_height", "without_events")
    FROM_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WITHOUT_EVENTS_FIELD_NUMBER: _ClassVar[int]
    from_height: int
    without_events: bool
    def __init__(self, from_height: _Optional[int] = ..., without_events: _Optional[bool] = ...) -> None: ...

class BlockNotice(_message.Message):
    __slots__ = ("height", "time_seconds", "txs", "events")
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    TIME_SECONDS_FIELD_NUMBER: _ClassVar[int]
    TXS_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    height: int
    time_seconds: int
    txs: _containers.RepeatedCompositeFieldContainer[TxNotice]
    events: _containers.RepeatedCompositeFieldContainer[Event]
    def __init__(self, height: _Optional[int] = ..., time_seconds: _Optional[int] = ..., txs: _Optional[_Iterable[_Union[TxNotice, _Mapping]]] = ..., events: _Optional[_Iterable[_Union[Event, _Mapping]]] = ...) -> None: ...

class TxNotice(_message.Message):
    __slots__ = ("hash", "code", "codespace", "data", "log", "gas_used")
    HASH_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    CODESPACE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    LOG_FIELD_NUMBER: _ClassVar[int]
    GAS_USED_FIELD_NUMBER: _ClassVar[int]
    hash: bytes
    code: int
    codespace: str
    data: bytes
    log: str
    gas_used: int
    def __init__(self, hash: _Optional[bytes] = ..., code: _Optional[int] = ..., codespace: _Optional[str] = ..., data: _Optional[bytes] = ..., log: _Optional[str] = ..., gas_used: _Optional[int] = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ("kind", "attributes", "tx")
    KIND_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    TX_FIELD_NUMBER: _ClassVar[int]
    kind: str
    attributes: _containers.RepeatedCompositeFieldContainer[Attribute]
    tx: int
    def __init__(self, kind: _Optional[str] = ..., attributes: _Optional[_Iterable[_Union[Attribute, _Mapping]]] = ..., tx: _Optional[int] = ...) -> None: ...

class Attribute(_message.Message):
    __slots__ = ("key", "value")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: str
    def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class StatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StatusResponse(_message.Message):
    __slots__ = ("chain_id", "height", "app_hash", "time_seconds", "first_version", "version", "is_syncing")
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    APP_HASH_FIELD_NUMBER: _ClassVar[int]
    TIME_SECONDS_FIELD_NUMBER: _ClassVar[int]
    FIRST_VERSION_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    IS_SYNCING_FIELD_NUMBER: _ClassVar[int]
    chain_id: str
    height: int
    app_hash: bytes
    time_seconds: int
    first_version: int
    version: str
    is_syncing: bool
    def __init__(self, chain_id: _Optional[str] = ..., height: _Optional[int] = ..., app_hash: _Optional[bytes] = ..., time_seconds: _Optional[int] = ..., first_version: _Optional[int] = ..., version: _Optional[str] = ..., is_syncing: _Optional[bool] = ...) -> None: ...

class ProveRequest(_message.Message):
    __slots__ = ("module", "key", "height")
    MODULE_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    module: str
    key: bytes
    height: int
    def __init__(self, module: _Optional[str] = ..., key: _Optional[bytes] = ..., height: _Optional[int] = ...) -> None: ...

class ProveResponse(_message.Message):
    __slots__ = ("height", "value", "ops")
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    OPS_FIELD_NUMBER: _ClassVar[int]
    height: int
    value: bytes
    ops: _containers.RepeatedCompositeFieldContainer[ProofOp]
    def __init__(self, height: _Optional[int] = ..., value: _Optional[bytes] = ..., ops: _Optional[_Iterable[_Union[ProofOp, _Mapping]]] = ...) -> None: ...

class ProofOp(_message.Message):
    __slots__ = ("kind", "key", "data")
    KIND_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    kind: str
    key: bytes
    data: bytes
    def __init__(self, kind: _Optional[str] = ..., key: _Optional[bytes] = ..., data: _Optional[bytes] = ...) -> None: ...

class HistoryRequest(_message.Message):
    __slots__ = ("kind", "record_id", "from_leaf", "limit")
    KIND_FIELD_NUMBER: _ClassVar[int]
    RECORD_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_LEAF_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    kind: str
    record_id: bytes
    from_leaf: int
    limit: int
    def __init__(self, kind: _Optional[str] = ..., record_id: _Optional[bytes] = ..., from_leaf: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...

class HistoryResponse(_message.Message):
    __slots__ = ("records",)
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    records: _containers.RepeatedCompositeFieldContainer[ArchivedRecord]
    def __init__(self, records: _Optional[_Iterable[_Union[ArchivedRecord, _Mapping]]] = ...) -> None: ...

class ArchivedRecord(_message.Message):
    __slots__ = ("kind", "record_id", "data", "leaf_index")
    KIND_FIELD_NUMBER: _ClassVar[int]
    RECORD_ID_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    LEAF_INDEX_FIELD_NUMBER: _ClassVar[int]
    kind: str
    record_id: bytes
    data: bytes
    leaf_index: int
    def __init__(self, kind: _Optional[str] = ..., record_id: _Optional[bytes] = ..., data: _Optional[bytes] = ..., leaf_index: _Optional[int] = ...) -> None: ...

class ProveHistoryRequest(_message.Message):
    __slots__ = ("kind", "record_id", "height")
    KIND_FIELD_NUMBER: _ClassVar[int]
    RECORD_ID_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    kind: str
    record_id: bytes
    height: int
    def __init__(self, kind: _Optional[str] = ..., record_id: _Optional[bytes] = ..., height: _Optional[int] = ...) -> None: ...

class ProveHistoryResponse(_message.Message):
    __slots__ = ("record", "index_in_round", "num_in_round", "round_path", "round_root", "round_index", "mountain_path", "height", "peaks", "ops")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    INDEX_IN_ROUND_FIELD_NUMBER: _ClassVar[int]
    NUM_IN_ROUND_FIELD_NUMBER: _ClassVar[int]
    ROUND_PATH_FIELD_NUMBER: _ClassVar[int]
    ROUND_ROOT_FIELD_NUMBER: _ClassVar[int]
    ROUND_INDEX_FIELD_NUMBER: _ClassVar[int]
    MOUNTAIN_PATH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    PEAKS_FIELD_NUMBER: _ClassVar[int]
    OPS_FIELD_NUMBER: _ClassVar[int]
    record: ArchivedRecord
    index_in_round: int
    num_in_round: int
    round_path: _containers.RepeatedScalarFieldContainer[bytes]
    round_root: bytes
    round_index: int
    mountain_path: _containers.RepeatedScalarFieldContainer[bytes]
    height: int
    peaks: bytes
    ops: _containers.RepeatedCompositeFieldContainer[ProofOp]
    def __init__(self, record: _Optional[_Union[ArchivedRecord, _Mapping]] = ..., index_in_round: _Optional[int] = ..., num_in_round: _Optional[int] = ..., round_path: _Optional[_Iterable[bytes]] = ..., round_root: _Optional[bytes] = ..., round_index: _Optional[int] = ..., mountain_path: _Optional[_Iterable[bytes]] = ..., height: _Optional[int] = ..., peaks: _Optional[bytes] = ..., ops: _Optional[_Iterable[_Union[ProofOp, _Mapping]]] = ...) -> None: ...

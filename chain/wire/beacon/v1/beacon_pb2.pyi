from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Beacon(_message.Message):
    __slots__ = ("height", "value", "proposer", "proof")
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    PROPOSER_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    height: int
    value: bytes
    proposer: bytes
    proof: bytes
    def __init__(self, height: _Optional[int] = ..., value: _Optional[bytes] = ..., proposer: _Optional[bytes] = ..., proof: _Optional[bytes] = ...) -> None: ...

class BeaconKey(_message.Message):
    __slots__ = ("consensus_address", "key", "possession")
    CONSENSUS_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    POSSESSION_FIELD_NUMBER: _ClassVar[int]
    consensus_address: bytes
    key: bytes
    possession: bytes
    def __init__(self, consensus_address: _Optional[bytes] = ..., key: _Optional[bytes] = ..., possession: _Optional[bytes] = ...) -> None: ...

class QueryBeaconRequest(_message.Message):
    __slots__ = ("height",)
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    height: int
    def __init__(self, height: _Optional[int] = ...) -> None: ...

class QueryBeaconResponse(_message.Message):
    __slots__ = ("beacon", "key")
    BEACON_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    beacon: Beacon
    key: BeaconKey
    def __init__(self, beacon: _Optional[_Union[Beacon, _Mapping]] = ..., key: _Optional[_Union[BeaconKey, _Mapping]] = ...) -> None: ...

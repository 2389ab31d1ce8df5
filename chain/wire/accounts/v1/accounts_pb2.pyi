from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class KeyKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    KEY_KIND_NONE: _ClassVar[KeyKind]
    KEY_KIND_SECP256K1: _ClassVar[KeyKind]
    KEY_KIND_ED25519: _ClassVar[KeyKind]
KEY_KIND_NONE: KeyKind
KEY_KIND_SECP256K1: KeyKind
KEY_KIND_ED25519: KeyKind

class Account(_message.Message):
    __slots__ = ("number", "sequence", "key_kind", "key")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    KEY_KIND_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    number: int
    sequence: int
    key_kind: KeyKind
    key: bytes
    def __init__(self, number: _Optional[int] = ..., sequence: _Optional[int] = ..., key_kind: _Optional[_Union[KeyKind, str]] = ..., key: _Optional[bytes] = ...) -> None: ...

class Params(_message.Message):
    __slots__ = ("max_memo_characters", "tx_sig_limit", "tx_size_cost_per_byte", "sig_verify_cost_ed25519", "sig_verify_cost_secp256k1", "max_messages", "max_tx_gas")
    MAX_MEMO_CHARACTERS_FIELD_NUMBER: _ClassVar[int]
    TX_SIG_LIMIT_FIELD_NUMBER: _ClassVar[int]
    TX_SIZE_COST_PER_BYTE_FIELD_NUMBER: _ClassVar[int]
    SIG_VERIFY_COST_ED25519_FIELD_NUMBER: _ClassVar[int]
    SIG_VERIFY_COST_SECP256K1_FIELD_NUMBER: _ClassVar[int]
    MAX_MESSAGES_FIELD_NUMBER: _ClassVar[int]
    MAX_TX_GAS_FIELD_NUMBER: _ClassVar[int]
    max_memo_characters: int
    tx_sig_limit: int
    tx_size_cost_per_byte: int
    sig_verify_cost_ed25519: int
    sig_verify_cost_secp256k1: int
    max_messages: int
    max_tx_gas: int
    def __init__(self, max_memo_characters: _Optional[int] = ..., tx_sig_limit: _Optional[int] = ..., tx_size_cost_per_byte: _Optional[int] = ..., sig_verify_cost_ed25519: _Optional[int] = ..., sig_verify_cost_secp256k1: _Optional[int] = ..., max_messages: _Optional[int] = ..., max_tx_gas: _Optional[int] = ...) -> None: ...

class ChainFacts(_message.Message):
    __slots__ = ("chain_id", "initial_height", "genesis_seconds", "block_max_gas")
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    INITIAL_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    GENESIS_SECONDS_FIELD_NUMBER: _ClassVar[int]
    BLOCK_MAX_GAS_FIELD_NUMBER: _ClassVar[int]
    chain_id: str
    initial_height: int
    genesis_seconds: int
    block_max_gas: int
    def __init__(self, chain_id: _Optional[str] = ..., initial_height: _Optional[int] = ..., genesis_seconds: _Optional[int] = ..., block_max_gas: _Optional[int] = ...) -> None: ...

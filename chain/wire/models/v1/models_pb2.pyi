from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class LinearScale(_message.Message):
    __slots__ = ("s1", "s2")
    S1_FIELD_NUMBER: _ClassVar[int]
    S2_FIELD_NUMBER: _ClassVar[int]
    s1: int
    s2: int
    def __init__(self, s1: _Optional[int] = ..., s2: _Optional[int] = ...) -> None: ...

class LayerScales(_message.Message):
    __slots__ = ("qkv", "o", "gate_up", "down")
    QKV_FIELD_NUMBER: _ClassVar[int]
    O_FIELD_NUMBER: _ClassVar[int]
    GATE_UP_FIELD_NUMBER: _ClassVar[int]
    DOWN_FIELD_NUMBER: _ClassVar[int]
    qkv: LinearScale
    o: LinearScale
    gate_up: LinearScale
    down: LinearScale
    def __init__(self, qkv: _Optional[_Union[LinearScale, _Mapping]] = ..., o: _Optional[_Union[LinearScale, _Mapping]] = ..., gate_up: _Optional[_Union[LinearScale, _Mapping]] = ..., down: _Optional[_Union[LinearScale, _Mapping]] = ...) -> None: ...

class ModelHeader(_message.Message):
    __slots__ = ("numeric_version", "trace_version", "architecture", "num_layers", "hidden_size", "num_heads", "num_kv_heads", "head_size", "intermediate_size", "vocab_size", "max_positions", "tied", "epsilon", "norm_bits", "score_mantissa", "score_shift", "dot_shift", "value_bits", "gain_bits", "embedding_shift", "layers", "head", "exp2_hash", "sigmoid_hash", "tokenizer_hash", "eos_ids", "cut_points", "layer_costs", "head_cost", "trace_stride", "weight_bytes", "head_bytes")
    NUMERIC_VERSION_FIELD_NUMBER: _ClassVar[int]
    TRACE_VERSION_FIELD_NUMBER: _ClassVar[int]
    ARCHITECTURE_FIELD_NUMBER: _ClassVar[int]
    NUM_LAYERS_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_SIZE_FIELD_NUMBER: _ClassVar[int]
    NUM_HEADS_FIELD_NUMBER: _ClassVar[int]
    NUM_KV_HEADS_FIELD_NUMBER: _ClassVar[int]
    HEAD_SIZE_FIELD_NUMBER: _ClassVar[int]
    INTERMEDIATE_SIZE_FIELD_NUMBER: _ClassVar[int]
    VOCAB_SIZE_FIELD_NUMBER: _ClassVar[int]
    MAX_POSITIONS_FIELD_NUMBER: _ClassVar[int]
    TIED_FIELD_NUMBER: _ClassVar[int]
    EPSILON_FIELD_NUMBER: _ClassVar[int]
    NORM_BITS_FIELD_NUMBER: _ClassVar[int]
    SCORE_MANTISSA_FIELD_NUMBER: _ClassVar[int]
    SCORE_SHIFT_FIELD_NUMBER: _ClassVar[int]
    DOT_SHIFT_FIELD_NUMBER: _ClassVar[int]
    VALUE_BITS_FIELD_NUMBER: _ClassVar[int]
    GAIN_BITS_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_SHIFT_FIELD_NUMBER: _ClassVar[int]
    LAYERS_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    EXP2_HASH_FIELD_NUMBER: _ClassVar[int]
    SIGMOID_HASH_FIELD_NUMBER: _ClassVar[int]
    TOKENIZER_HASH_FIELD_NUMBER: _ClassVar[int]
    EOS_IDS_FIELD_NUMBER: _ClassVar[int]
    CUT_POINTS_FIELD_NUMBER: _ClassVar[int]
    LAYER_COSTS_FIELD_NUMBER: _ClassVar[int]
    HEAD_COST_FIELD_NUMBER: _ClassVar[int]
    TRACE_STRIDE_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_BYTES_FIELD_NUMBER: _ClassVar[int]
    HEAD_BYTES_FIELD_NUMBER: _ClassVar[int]
    numeric_version: int
    trace_version: int
    architecture: str
    num_layers: int
    hidden_size: int
    num_heads: int
    num_kv_heads: int
    head_size: int
    intermediate_size: int
    vocab_size: int
    max_positions: int
    tied: bool
    epsilon: int
    norm_bits: int
    score_mantissa: int
    score_shift: int
    dot_shift: int
    value_bits: int
    gain_bits: int
    embedding_shift: int
    layers: _containers.RepeatedCompositeFieldContainer[LayerScales]
    head: LinearScale
    exp2_hash: bytes
    sigmoid_hash: bytes
    tokenizer_hash: bytes
    eos_ids: _containers.RepeatedScalarFieldContainer[int]
    cut_points: _containers.RepeatedScalarFieldContainer[int]
    layer_costs: _containers.RepeatedScalarFieldContainer[int]
    head_cost: int
    trace_stride: int
    weight_bytes: _containers.RepeatedScalarFieldContainer[int]
    head_bytes: int
    def __init__(self, numeric_version: _Optional[int] = ..., trace_version: _Optional[int] = ..., architecture: _Optional[str] = ..., num_layers: _Optional[int] = ..., hidden_size: _Optional[int] = ..., num_heads: _Optional[int] = ..., num_kv_heads: _Optional[int] = ..., head_size: _Optional[int] = ..., intermediate_size: _Optional[int] = ..., vocab_size: _Optional[int] = ..., max_positions: _Optional[int] = ..., tied: _Optional[bool] = ..., epsilon: _Optional[int] = ..., norm_bits: _Optional[int] = ..., score_mantissa: _Optional[int] = ..., score_shift: _Optional[int] = ..., dot_shift: _Optional[int] = ..., value_bits: _Optional[int] = ..., gain_bits: _Optional[int] = ..., embedding_shift: _Optional[int] = ..., layers: _Optional[_Iterable[_Union[LayerScales, _Mapping]]] = ..., head: _Optional[_Union[LinearScale, _Mapping]] = ..., exp2_hash: _Optional[bytes] = ..., sigmoid_hash: _Optional[bytes] = ..., tokenizer_hash: _Optional[bytes] = ..., eos_ids: _Optional[_Iterable[int]] = ..., cut_points: _Optional[_Iterable[int]] = ..., layer_costs: _Optional[_Iterable[int]] = ..., head_cost: _Optional[int] = ..., trace_stride: _Optional[int] = ..., weight_bytes: _Optional[_Iterable[int]] = ..., head_bytes: _Optional[int] = ...) -> None: ...

class Model(_message.Message):
    __slots__ = ("model_root", "name", "header", "owner", "registered_height", "is_frozen")
    MODEL_ROOT_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    HEADER_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    REGISTERED_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    IS_FROZEN_FIELD_NUMBER: _ClassVar[int]
    model_root: bytes
    name: str
    header: ModelHeader
    owner: bytes
    registered_height: int
    is_frozen: bool
    def __init__(self, model_root: _Optional[bytes] = ..., name: _Optional[str] = ..., header: _Optional[_Union[ModelHeader, _Mapping]] = ..., owner: _Optional[bytes] = ..., registered_height: _Optional[int] = ..., is_frozen: _Optional[bool] = ...) -> None: ...

class MsgRegisterModel(_message.Message):
    __slots__ = ("sender", "name", "header", "tensor_digests")
    SENDER_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    HEADER_FIELD_NUMBER: _ClassVar[int]
    TENSOR_DIGESTS_FIELD_NUMBER: _ClassVar[int]
    sender: str
    name: str
    header: ModelHeader
    tensor_digests: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, sender: _Optional[str] = ..., name: _Optional[str] = ..., header: _Optional[_Union[ModelHeader, _Mapping]] = ..., tensor_digests: _Optional[_Iterable[bytes]] = ...) -> None: ...

class MsgRegisterModelResponse(_message.Message):
    __slots__ = ("model_root",)
    MODEL_ROOT_FIELD_NUMBER: _ClassVar[int]
    model_root: bytes
    def __init__(self, model_root: _Optional[bytes] = ...) -> None: ...

class QueryModelRequest(_message.Message):
    __slots__ = ("model_root", "name")
    MODEL_ROOT_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    model_root: bytes
    name: str
    def __init__(self, model_root: _Optional[bytes] = ..., name: _Optional[str] = ...) -> None: ...

class QueryModelResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: Model
    def __init__(self, model: _Optional[_Union[Model, _Mapping]] = ...) -> None: ...

class QueryModelsRequest(_message.Message):
    __slots__ = ("after", "limit")
    AFTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    after: bytes
    limit: int
    def __init__(self, after: _Optional[bytes] = ..., limit: _Optional[int] = ...) -> None: ...

class QueryModelsResponse(_message.Message):
    __slots__ = ("models",)
    MODELS_FIELD_NUMBER: _ClassVar[int]
    models: _containers.RepeatedCompositeFieldContainer[Model]
    def __init__(self, models: _Optional[_Iterable[_Union[Model, _Mapping]]] = ...) -> None: ...

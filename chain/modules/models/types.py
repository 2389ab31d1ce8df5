"""The nouns of the models module."""

from chain.store.codec import record


@record
class LinearScale:
    """Shifts of one linear map: y = rsh(((acc·mw) >> s1)·mx, s2)."""

    s1: int
    s2: int


@record
class LayerScales:
    """Shifts of the four linear maps of one layer."""

    qkv: LinearScale
    o: LinearScale
    gate_up: LinearScale
    down: LinearScale


@record
class ModelHeader:
    """Everything about a canonical model but its tensors; its digest is the first leaf of `model_root`.

    The canonical bytes of this record are hashed, so fields are only ever added at the end and only with a new
    numeric or trace version.
    """

    numeric_version: int
    """1 is W8A15 v1.1."""
    trace_version: int
    """1 is the trace of docs/protocol."""
    architecture: str
    """`llama`: RMSNorm, rotary attention with grouped keys, SwiGLU."""
    num_layers: int
    hidden_size: int
    """n, a multiple of 64."""
    num_heads: int
    """H query heads."""
    num_kv_heads: int
    """KV; divides `num_heads`."""
    head_size: int
    """d."""
    intermediate_size: int
    """I."""
    vocab_size: int
    """V."""
    max_positions: int
    tied: bool
    """The head's rows also carry the embedding's mantissas."""
    epsilon: int
    """round(eps·2^32)."""
    norm_bits: int
    """B: bits kept of a row before squaring."""
    score_mantissa: int
    """CC in [2^15, 2^16)."""
    score_shift: int
    """S3."""
    dot_shift: int
    """D: 3 for d = 64, one more per doubling."""
    value_bits: int
    """FV: fraction bits of cached values."""
    gain_bits: int
    """Fg: fraction bits of norm gains."""
    embedding_shift: int
    """esh."""
    layers: tuple[LayerScales, ...]
    head: LinearScale
    exp2_hash: bytes
    """SHA-256 of the EXP2 table of the numeric version."""
    sigmoid_hash: bytes
    """SHA-256 of the SIG table."""
    tokenizer_hash: bytes
    """SHA-256 of tokenizer.json."""
    eos_ids: tuple[int, ...]
    cut_points: tuple[int, ...]
    """Layers before which the model may be cut, ascending, without 0 and num_layers."""
    layer_costs: tuple[int, ...]
    """Work units per position of each layer."""
    head_cost: int
    """Work units per output token of the head."""
    trace_stride: int
    """Every how many layers a boundary is a section; 1."""
    weight_bytes: tuple[int, ...]
    """Resident bytes of each layer."""
    head_bytes: int
    """Resident bytes of head and embedding."""


@record
class Model:
    """A registered network; key: `model_root`."""

    model_root: bytes
    name: str
    """What requesters call it, e.g. `smollm2-135m-instruct`."""
    header: ModelHeader
    owner: bytes
    registered_height: int
    is_frozen: bool = False
    """Takes no new jobs."""


@record
class MsgRegisterModel:
    """Register a canonical model."""

    sender: str
    name: str
    header: ModelHeader
    tensor_digests: tuple[bytes, ...]
    """In canonical order; with the header they give `model_root`."""


@record
class MsgRegisterModelResponse:
    """What registering gave."""

    model_root: bytes


@record
class QueryModelRequest:
    """Ask for one model by root, or by name if the root is empty."""

    model_root: bytes = b""
    name: str = ""


@record
class QueryModelResponse:
    """One model."""

    model: Model


@record
class QueryModelsRequest:
    """Ask for all models, a page at a time."""

    after: bytes = b""
    """Root of the last model already seen."""
    limit: int = 0


@record
class QueryModelsResponse:
    """A page of models."""

    models: tuple[Model, ...]

"""Verified weights of one shard, mapped from a canonical model directory.

Nothing in the directory is trusted: header and tensor digests must hash to the model root, every tensor that is used
must hash to its digest, and every bound on which the exactness of the integer arithmetic rests is checked.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from chain.modules.models.types import LinearScale, ModelHeader
from chain.store.codec import DecodeError, decode, encode
from inference.models.format import (
    HEADER_FILE,
    LAYER_TENSORS,
    MANIFEST_FILE,
    Manifest,
    Parts,
    TensorLayout,
    head_layouts,
    layer_layouts,
    map_tensor,
    model_root,
    tensor_digest,
    tensor_layouts,
)
from inference.models.quantize import weight_norms
from inference.numerics.constants import (
    BLOCK,
    GAIN_LIMIT,
    MANTISSA_LIMIT,
    MAX_POSITIONS,
    MAX_SHIFTS,
    NUMERIC_VERSION,
    QUANT,
    TABLE_LIMIT,
    TRACE_VERSION,
)
from inference.numerics.tables import EXP2_HASH, SIGMOID_HASH
from inference.shards.spec import ShardSpec

_MAX_HEADER = 1 << 20
_MAX_MANIFEST = 1 << 24


class ShardError(Exception):
    """A shard cannot be loaded; the message names file and reason."""


class FileMissing(ShardError):
    """A file of the model directory is absent or has the wrong size."""


class WrongHash(ShardError):
    """Bytes do not hash to what the model root commits to."""


class OutOfBounds(ShardError):
    """The model breaks a bound without which its integers could overflow."""


@dataclass(frozen=True, slots=True)
class LinearWeights:
    """One linear map [N, K]."""

    weight: npt.NDArray[np.int8]
    mantissa: npt.NDArray[np.uint16]
    scale: LinearScale
    norm: int
    """Largest L1 norm of a row."""


@dataclass(frozen=True, slots=True)
class LayerWeights:
    """One layer."""

    qkv: LinearWeights
    o: LinearWeights
    gate_up: LinearWeights
    down: LinearWeights
    g1: npt.NDArray[np.int16]
    g2: npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class EmbeddingWeights:
    """Token rows: x = rsh(weight[id]·mantissa[id], esh)."""

    weight: npt.NDArray[np.int8]
    mantissa: npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class HeadWeights:
    """Final norm and logits."""

    gain: npt.NDArray[np.int16]
    linear: LinearWeights


@dataclass(frozen=True, slots=True)
class LoadedShard:
    """Everything an engine needs for one shard."""

    spec: ShardSpec
    header: ModelHeader
    layers: tuple[LayerWeights, ...]
    rope: npt.NDArray[np.int32]
    """[max_positions, d]: cos | sin."""
    embedding: EmbeddingWeights | None
    head: HeadWeights | None


def read_header(directory: Path) -> ModelHeader:
    """Return the header of a model directory, not yet tied to any root. Raises: FileMissing, WrongHash."""
    data = _read(directory / HEADER_FILE, _MAX_HEADER)
    try:
        header = decode(ModelHeader, data)
    except DecodeError as error:
        raise WrongHash(f"{directory / HEADER_FILE} is not a model header: {error}") from None
    if encode(header) != data:
        raise WrongHash(f"{directory / HEADER_FILE} is not in canonical form")
    return header


def load(directory: Path, spec: ShardSpec, *, with_embedding: bool, with_head: bool) -> LoadedShard:
    """Map and verify layers [start, end) and, if wanted, embedding and head. Raises: ShardError."""
    header = read_header(directory)
    digests = _digests(directory, header, spec)
    check_header(header)
    if not 0 <= spec.start < spec.end <= header.num_layers:
        raise OutOfBounds(f"layers [{spec.start}, {spec.end}) are not in a model of {header.num_layers}")

    def tensor(layout: TensorLayout) -> Parts:
        path = directory / digests[layout.name].hex()
        if not path.is_file() or path.stat().st_size != layout.size:
            raise FileMissing(f"{path} ({layout.name}) is missing or has not {layout.size} bytes")
        parts = map_tensor(path, layout)
        if tensor_digest(layout, parts) != digests[layout.name]:
            raise WrongHash(f"{path} ({layout.name}) does not hash to its name")
        return parts

    layers = []
    for layer in range(spec.start, spec.end):
        parts = dict(zip(LAYER_TENSORS, map(tensor, layer_layouts(header, layer)), strict=True))
        layers.append(_layer(f"layers.{layer}", parts, header, layer))
    tail = {layout.name: layout for layout in head_layouts(header)}
    head_parts = tensor(tail["head"]) if with_head or (with_embedding and header.tied) else None
    embedding = head = None
    if with_embedding:
        rows = head_parts if header.tied else tensor(tail["embedding"])
        assert rows is not None
        embedding = EmbeddingWeights(rows["w"], rows["me"].reshape(-1))
    if with_head:
        assert head_parts is not None
        gain = _gain("gf", tensor(tail["gf"]))
        head = HeadWeights(gain, _linear("head", head_parts, header.head))
    return LoadedShard(spec, header, tuple(layers), _rope(tensor(tail["rope"])), embedding, head)


def _read(path: Path, limit: int) -> bytes:
    if not path.is_file():
        raise FileMissing(f"{path} is missing")
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise FileMissing(f"{path} is larger than {limit} bytes")
    return data


def _digests(directory: Path, header: ModelHeader, spec: ShardSpec) -> dict[str, bytes]:
    """Return tensor name → digest once they hash to the model root."""
    try:
        manifest = Manifest.from_json(_read(directory / MANIFEST_FILE, _MAX_MANIFEST).decode())
        digests = {layout.name: manifest.tensors[layout.name] for layout in tensor_layouts(header)}
    except (ValueError, KeyError) as error:
        raise WrongHash(f"{directory / MANIFEST_FILE} does not list the tensors: {error}") from None
    if model_root(header, list(digests.values())) != spec.model_root:
        raise WrongHash(f"{directory} is not model {spec.model_root.hex()}")
    return digests


def check_header(header: ModelHeader) -> None:
    """Refuse a header outside this numeric version. Raises: OutOfBounds."""
    heads, kv_heads, d = header.num_heads, header.num_kv_heads, header.head_size
    rules = {
        "numeric version": header.numeric_version == NUMERIC_VERSION,
        "trace version": header.trace_version == TRACE_VERSION,
        "architecture": header.architecture == "llama",
        "tables": header.exp2_hash == EXP2_HASH and header.sigmoid_hash == SIGMOID_HASH,
        "hidden size": header.hidden_size > 0 and header.hidden_size % BLOCK == 0,
        "heads": kv_heads > 0 and heads > 0 and heads % kv_heads == 0 and d > 0 and d % 2 == 0,
        "sizes": header.intermediate_size > 0 and header.vocab_size > 0,
        "positions": 0 < header.max_positions <= MAX_POSITIONS,
        "norm bits": header.norm_bits == (62 - (header.hidden_size - 1).bit_length()) // 2,
        "epsilon": header.epsilon < 1 << 32,
        "score mantissa": 1 << 15 <= header.score_mantissa < 1 << 16,
        "dot shift": (QUANT * QUANT * d) >> header.dot_shift < 1 << 31,
        "score shift": 1 <= header.score_shift <= MAX_SHIFTS,
        "value bits": 0 < header.value_bits < 16,
        "gain bits": header.gain_bits <= 14,
        "embedding shift": 1 <= header.embedding_shift <= 40,
        "layers": 0 < header.num_layers == len(header.layers),
    }
    for name, holds in rules.items():
        if not holds:
            raise OutOfBounds(f"the header's {name} is outside numeric version {NUMERIC_VERSION}")


def _layer(name: str, parts: dict[str, Parts], header: ModelHeader, layer: int) -> LayerWeights:
    scales = header.layers[layer]
    return LayerWeights(
        _linear(f"{name}.qkv", parts["qkv"], scales.qkv),
        _linear(f"{name}.o", parts["o"], scales.o),
        _linear(f"{name}.gate_up", parts["gate_up"], scales.gate_up),
        _linear(f"{name}.down", parts["down"], scales.down),
        _gain(f"{name}.g1", parts["g1"]),
        _gain(f"{name}.g2", parts["g2"]),
    )


def _gain(name: str, parts: Parts) -> npt.NDArray[np.int16]:
    gain = parts["g"].reshape(-1)
    if int(np.abs(gain.astype(np.int32)).max()) >= GAIN_LIMIT:
        raise OutOfBounds(f"{name}: a gain reaches {GAIN_LIMIT}")
    return gain


def _rope(parts: Parts) -> npt.NDArray[np.int32]:
    table: npt.NDArray[np.int32] = parts["cs"]
    if max(int(table.max()), -int(table.min())) > TABLE_LIMIT:
        raise OutOfBounds(f"rope: a cosine or sine is above {TABLE_LIMIT}")
    return table


def _linear(name: str, parts: Parts, scale: LinearScale) -> LinearWeights:
    weight, mantissa = parts["w"], parts["mw"].reshape(-1)
    norms = weight_norms(weight)
    bound = int((norms * mantissa.astype(np.int64)).max()) * QUANT
    if weight.min() < -127:
        raise OutOfBounds(f"{name}: a weight is -128")
    if not 1 <= int(mantissa.min()) <= int(mantissa.max()) < MANTISSA_LIMIT:
        raise OutOfBounds(f"{name}: a mantissa is outside 1..{MANTISSA_LIMIT - 1}")
    if scale.s2 < 1 or scale.s1 + scale.s2 > MAX_SHIFTS:
        raise OutOfBounds(f"{name}: shifts {scale.s1}, {scale.s2} are outside 1 <= s2, s1+s2 <= {MAX_SHIFTS}")
    if bound >= 1 << (31 + scale.s1):
        raise OutOfBounds(f"{name}: L1·Q·mw = {bound} reaches 2^{31 + scale.s1}")
    norm = int(norms.max())
    if 127 * norm >= 1 << 31:
        raise OutOfBounds(f"{name}: 127·L1 = {127 * norm} reaches 2^31")
    return LinearWeights(weight, mantissa, scale, norm)

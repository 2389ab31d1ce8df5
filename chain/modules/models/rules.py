"""Which headers are models: the bounds of the numeric version and of the trace that a header alone can show."""

import re
from itertools import pairwise

from chain.crypto import merkle
from chain.crypto.merkle import Kind
from chain.modules.models.types import LinearScale, ModelHeader
from chain.store.codec import encode

NUMERIC_VERSION = 1
TRACE_VERSION = 1
ARCHITECTURE = "llama"
EXP2_HASH = bytes.fromhex("23ddf6ea32e796d4e3343acb253cf2f82571ec5b4e47b2df31067f337ff31a6c")
"""SHA-256 of the EXP2 table of numeric version 1."""
SIGMOID_HASH = bytes.fromhex("4d25e355ba19d769f1232f1483059494d0116952e84126baf994e820791ccf4c")
"""SHA-256 of the SIG table of numeric version 1."""
MAX_POSITIONS = 65_536
MAX_LAYERS = 2_000
MAX_STAGE_LAYERS = 250
MAX_HEADS = 119
"""An item lists 18 + 2H operators, at most 256."""
MAX_OUTPUTS = 262_144
"""Outputs of one linear map, and words of a vocabulary."""
MAX_INPUTS = 16_384
"""Inputs of one linear map that one step of a dispute can hold."""
MAX_EOS_IDS = 16
MAX_COST = 1 << 32
MAX_BYTES = 1 << 48
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def find_broken_bound(name: str, header: ModelHeader) -> str | None:
    """Return a sentence about the first bound that is broken, or None if the header is that of a model."""
    h = header
    if _NAME.fullmatch(name) is None:
        return "name: up to 64 of a-z 0-9 . _ -, not beginning with a sign"
    if (h.numeric_version, h.trace_version, h.architecture) != (NUMERIC_VERSION, TRACE_VERSION, ARCHITECTURE):
        return f"numeric version {NUMERIC_VERSION}, trace version {TRACE_VERSION}, architecture {ARCHITECTURE} only"
    if h.exp2_hash != EXP2_HASH or h.sigmoid_hash != SIGMOID_HASH:
        return "tables: not those of the numeric version"
    if len(h.tokenizer_hash) != 32:
        return "tokenizer_hash: 32 bytes"
    if not 0 < h.num_layers <= MAX_LAYERS:
        return f"num_layers: 1..{MAX_LAYERS}"
    if not 0 < h.hidden_size <= MAX_INPUTS or h.hidden_size % 64:
        return f"hidden_size: a multiple of 64, at most {MAX_INPUTS}"
    if not 0 < h.num_heads <= MAX_HEADS or not h.num_kv_heads or h.num_heads % h.num_kv_heads:
        return f"num_heads: 1..{MAX_HEADS}, a multiple of num_kv_heads"
    if not 2 <= h.head_size <= 1_024 or h.head_size % 2 or h.num_heads * h.head_size > MAX_INPUTS:
        return f"head_size: even, at most 1024, heads times size at most {MAX_INPUTS}"
    if not 0 < h.intermediate_size <= MAX_INPUTS:
        return f"intermediate_size: 1..{MAX_INPUTS}"
    if not 0 < h.vocab_size <= MAX_OUTPUTS:
        return f"vocab_size: 1..{MAX_OUTPUTS}"
    if not 0 < h.max_positions <= MAX_POSITIONS:
        return f"max_positions: 1..{MAX_POSITIONS}"
    return _find_broken_number(h) or _find_broken_list(h)


def _find_broken_number(h: ModelHeader) -> str | None:
    if h.epsilon >= 1 << 32:
        return "epsilon: below one"
    if not 1 << 15 <= h.score_mantissa < 1 << 16:
        return "score_mantissa: in [2^15, 2^16)"
    if h.score_shift > 62 or h.dot_shift > 16 or h.value_bits > 15 or h.gain_bits > 14 or h.embedding_shift > 62:
        return "shifts: score_shift <= 62, dot_shift <= 16, value_bits <= 15, gain_bits <= 14, embedding_shift <= 62"
    if not 0 < h.norm_bits <= 31 or (h.hidden_size - 1).bit_length() + 2 * h.norm_bits > 62:
        return "norm_bits: sum of squares of a row exceeds 62 bits"
    scales = [h.head]
    for layer in h.layers:
        scales += (layer.qkv, layer.o, layer.gate_up, layer.down)
    if not all(_is_scale(scale) for scale in scales):
        return "scales: 1 <= s2 and s1 + s2 <= 62"
    return None


def _find_broken_list(h: ModelHeader) -> str | None:
    if not len(h.layers) == len(h.layer_costs) == len(h.weight_bytes) == h.num_layers:
        return "layers, layer_costs, weight_bytes: one entry per layer"
    if not all(0 < cost < MAX_COST for cost in h.layer_costs) or h.head_cost >= MAX_COST:
        return "costs: 1..2^32-1 per layer, head below 2^32"
    if not all(size < MAX_BYTES for size in h.weight_bytes) or h.head_bytes >= MAX_BYTES:
        return "weight_bytes, head_bytes: below 2^48"
    if len(h.eos_ids) > MAX_EOS_IDS or any(token >= h.vocab_size for token in h.eos_ids):
        return f"eos_ids: at most {MAX_EOS_IDS}, each in the vocabulary"
    cuts = h.cut_points
    if any(not 0 < cut < h.num_layers for cut in cuts) or any(a >= b for a, b in pairwise(cuts)):
        return "cut_points: ascending, between 1 and num_layers - 1"
    if h.trace_stride != 1:
        return "trace_stride: 1"
    return None


def _is_scale(scale: LinearScale) -> bool:
    return scale.s2 >= 1 and scale.s1 + scale.s2 <= 62


def num_tensors(header: ModelHeader) -> int:
    """Return how many tensors follow the header: six per layer, then gf, head, embedding unless tied, rope."""
    return 6 * header.num_layers + (3 if header.tied else 4)


def model_root(header: ModelHeader, tensor_digests: tuple[bytes, ...]) -> bytes:
    """Return the root over header and tensors."""
    return merkle.lr(Kind.MODEL, [merkle.leaf(Kind.MODEL, encode(header)), *tensor_digests])


def cuts(header: ModelHeader) -> tuple[int, ...]:
    """Return every layer at which a range may begin or end."""
    return (0, *header.cut_points, header.num_layers)


def is_range(header: ModelHeader, start: int, end: int) -> bool:
    """Say whether [start, end) is a range that the model may be cut into."""
    allowed = cuts(header)
    return start < end and start in allowed and end in allowed


def cache_bytes(header: ModelHeader, start: int, end: int, positions: int) -> int:
    """Return what keys (i16 and a u32 scale per head) and values (i16) of some layers take."""
    return (end - start) * positions * header.num_kv_heads * (4 * header.head_size + 4)


def resident_bytes(header: ModelHeader, start: int, end: int) -> int:
    """Return what the weights of layers [start, end) take; both ends of the model hold the embedding or the head."""
    ends = (start == 0) + (end == header.num_layers)
    return sum(header.weight_bytes[start:end]) + (header.head_bytes if ends else 0)

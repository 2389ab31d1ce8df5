"""Pure rules of a model's numbers: the bounds without which the integers of its arithmetic could overflow.

The shifts and sizes in the header are checked when a model is registered; the chain never sees the tensors. One leaf,
opened against the model's root, shows that a bound is broken.
"""

import struct

from chain.crypto.merkle import Kind
from chain.errors import Code, Rejected
from chain.modules.disputes.game.reads import Level, Read, Root, root_of
from chain.modules.disputes.game.shape import num_tensors, tail_tensor, tensor_rows
from chain.modules.disputes.referee.arithmetic import ACTIVATION_LIMIT, TILE
from chain.modules.disputes.types import Opening
from chain.modules.models.types import LinearScale, ModelHeader

LEAST_WEIGHT = -127
MANTISSA_END = 1 << 15
GAIN_END = 1 << 14
TABLE_LIMIT = 1 << 15
"""Of a cosine or sine, which have 15 fraction bits."""
MAX_OPENING = 24 * 1024
"""Bytes of a leaf, which is a row of at most 16,384 weights, and of its siblings."""
_PER_LAYER = 6


def require_leaf(header: ModelHeader, model_root: bytes, tensor: int, row: int, opening: Opening) -> bytes:
    """Return one leaf of a model; `tensor` is its place in the model's list. Raises: Rejected: EVIDENCE_INVALID."""
    if not 0 < tensor < num_tensors(header) or row >= tensor_rows(header, tensor):
        raise Rejected(Code.EVIDENCE_INVALID, "the model has no such row")
    if len(opening.siblings) + sum(map(len, opening.bodies)) > MAX_OPENING:
        raise Rejected(Code.EVIDENCE_INVALID, f"an opening of a row has at most {MAX_OPENING} bytes")
    levels = (Level(Kind.WT, tensor_rows(header, tensor), row), Level(Kind.MODEL, num_tensors(header), tensor))
    if root_of(Read(Kind.WROW, levels, Root.MODEL), opening.bodies, opening.siblings) != model_root:
        raise Rejected(Code.EVIDENCE_INVALID, "the opening does not lead to the model's root")
    return opening.bodies[0]


def find_broken_bound(header: ModelHeader, tensor: int, row: int, body: bytes) -> str | None:
    """Return a sentence about the first bound that a leaf breaks, or None if it is that of a model."""
    n = header.hidden_size
    layer, place = divmod(tensor - 1, _PER_LAYER)
    if layer < header.num_layers:
        scales = header.layers[layer]
        mixed = header.num_heads * header.head_size
        linear = ((scales.qkv, n), (scales.o, mixed), (scales.gate_up, n), (scales.down, header.intermediate_size))
        if place < len(linear):
            return _linear(body, linear[place][1], linear[place][0])
        return _gains(body, min(TILE, n - row * TILE))
    if tensor == tail_tensor(header, "gf"):
        return _gains(body, min(TILE, n - row * TILE))
    if tensor == tail_tensor(header, "rope"):
        return _table(body, header.head_size)
    if tensor == tail_tensor(header, "head"):
        return _linear(body, n, header.head, has_embedding=header.tied)
    return None if len(body) == n + 2 else f"a row of the embedding has {n + 2} bytes, not {len(body)}"


def _linear(body: bytes, columns: int, scale: LinearScale, *, has_embedding: bool = False) -> str | None:
    size = columns + (4 if has_embedding else 2)
    if len(body) != size:
        return f"a row of {columns} weights has {size} bytes, not {len(body)}"
    weights = struct.unpack(f"<{columns}b", body[:columns])
    mantissa = int.from_bytes(body[columns : columns + 2], "little")
    if min(weights) < LEAST_WEIGHT:
        return f"a weight is {min(weights)}, below {LEAST_WEIGHT}"
    if not 0 < mantissa < MANTISSA_END:
        return f"the mantissa is {mantissa}, not in 1..{MANTISSA_END - 1}"
    norm = sum(map(abs, weights))
    if norm * ACTIVATION_LIMIT * mantissa >= 1 << (31 + scale.s1):
        return f"L1·Q·mw = {norm * ACTIVATION_LIMIT * mantissa} reaches 2^{31 + scale.s1}"
    if 127 * norm >= 1 << 31:
        return f"127·L1 = {127 * norm} reaches 2^31"
    return None


def _gains(body: bytes, count: int) -> str | None:
    if len(body) != 2 * count:
        return f"{count} gains have {2 * count} bytes, not {len(body)}"
    largest = max(map(abs, struct.unpack(f"<{count}h", body)))
    return None if largest < GAIN_END else f"a gain is {largest} in magnitude, which reaches {GAIN_END}"


def _table(body: bytes, size: int) -> str | None:
    if len(body) != 4 * size:
        return f"{size} cosines and sines have {4 * size} bytes, not {len(body)}"
    largest = max(map(abs, struct.unpack(f"<{size}i", body)))
    return None if largest <= TABLE_LIMIT else f"a cosine or sine is {largest} in magnitude, above {TABLE_LIMIT}"

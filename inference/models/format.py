"""The canonical model directory `<model_root hex>/`: what is hashed, and how it lies on disk.

    header.bin      canonical `ModelHeader` record
    <digest hex>    one tensor, raw little-endian integers, its parts one behind another (each starts 64-aligned)
    manifest.json   names → digests for people and loaders; trusted only after `model_root` was recomputed from it
    tokenizer.json, chat_template.jinja

    model_root = LR(MODEL; leaf(MODEL, header), tensors in the order of `tensor_layouts`)
    tensor     = LR(WT; leaf(WROW, row)..)

A row (one leaf) is the concatenation of the row's parts: a linear map has i8 w[K] | u16 mw, a tied head also | u16 me,
an embedding of its own i8 w[n] | u16 me, a gain i16 × ≤ 1024, the rotary table i32 cos[d/2] | i32 sin[d/2].
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chain.crypto.merkle import Kind, leaf, lr
from chain.modules.models.types import ModelHeader
from chain.store.codec import encode
from inference.numerics.constants import TILE

HEADER_FILE = "header.bin"
MANIFEST_FILE = "manifest.json"
TOKENIZER_FILE = "tokenizer.json"
TEMPLATE_FILE = "chat_template.jinja"
CONVERTER_VERSION = 2
"""Changes whenever equal sources may give other integers than before: kept conversions are then made anew."""
ALIGNMENT = 64
"""Parts of a tensor file start at multiples of this."""
_HASH_BYTES = 1 << 22
"""Bytes of rows that are brought together for hashing at a time."""

Integers = npt.NDArray[Any]
Parts = dict[str, Integers]
"""Part name → array [rows, columns]."""


@dataclass(frozen=True, slots=True)
class Part:
    """One column range of a tensor, stored as a contiguous matrix."""

    name: str
    dtype: str
    columns: int


@dataclass(frozen=True, slots=True)
class TensorLayout:
    """Shape of one tensor."""

    name: str
    rows: int
    parts: tuple[Part, ...]

    def offsets(self) -> tuple[int, ...]:
        """Return the byte offset of each part, then the file's size."""
        ends = [0]
        for part in self.parts:
            start = -(-ends[-1] // ALIGNMENT) * ALIGNMENT
            ends[-1] = start
            ends.append(start + self.rows * part.columns * np.dtype(part.dtype).itemsize)
        return tuple(ends)

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.offsets()[-1]


def _linear(name: str, rows: int, columns: int, *extra: Part) -> TensorLayout:
    return TensorLayout(name, rows, (Part("w", "<i1", columns), Part("mw", "<u2", 1), *extra))


def _gain(name: str, size: int) -> TensorLayout:
    return TensorLayout(name, 1, (Part("g", "<i2", size),))


LAYER_TENSORS = ("qkv", "o", "gate_up", "down", "g1", "g2")
"""Tensors of a layer, in hashed order."""


def layer_layouts(header: ModelHeader, layer: int) -> tuple[TensorLayout, ...]:
    """Return the tensors of one layer, in hashed order."""
    n, d, inner = header.hidden_size, header.head_size, header.intermediate_size
    at = f"layers.{layer}."
    return (
        _linear(at + "qkv", (header.num_heads + 2 * header.num_kv_heads) * d, n),
        _linear(at + "o", n, header.num_heads * d),
        _linear(at + "gate_up", 2 * inner, n),
        _linear(at + "down", n, inner),
        _gain(at + "g1", n),
        _gain(at + "g2", n),
    )


def head_layouts(header: ModelHeader) -> tuple[TensorLayout, ...]:
    """Return the tensors behind the last layer, in hashed order: gf, head, [embedding], rope."""
    n, vocabulary = header.hidden_size, header.vocab_size
    mantissa = Part("me", "<u2", 1)
    rope = TensorLayout("rope", header.max_positions, (Part("cs", "<i4", header.head_size),))
    if header.tied:
        return (_gain("gf", n), _linear("head", vocabulary, n, mantissa), rope)
    embedding = TensorLayout("embedding", vocabulary, (Part("w", "<i1", n), mantissa))
    return (_gain("gf", n), _linear("head", vocabulary, n), embedding, rope)


def tensor_layouts(header: ModelHeader) -> tuple[TensorLayout, ...]:
    """Return all tensors in the order in which `model_root` hashes them."""
    layers = (layout for layer in range(header.num_layers) for layout in layer_layouts(header, layer))
    return (*layers, *head_layouts(header))


def rows_of(layout: TensorLayout, parts: Parts) -> Iterator[bytes]:
    """Yield the bytes of each leaf of a tensor."""
    if len(layout.parts) == 1 and layout.parts[0].name == "g":
        values = parts["g"].reshape(-1)
        for start in range(0, values.size, TILE):
            yield values[start : start + TILE].tobytes()
        return
    widths = [part.columns * np.dtype(part.dtype).itemsize for part in layout.parts]
    step = max(1, _HASH_BYTES // sum(widths))
    for start in range(0, layout.rows, step):
        stop = min(layout.rows, start + step)
        joined = np.empty((stop - start, sum(widths)), dtype=np.uint8)
        column = 0
        for part, width in zip(layout.parts, widths, strict=True):
            rows = np.ascontiguousarray(parts[part.name][start:stop])
            joined[:, column : column + width] = rows.view(np.uint8).reshape(stop - start, width)
            column += width
        data = joined.tobytes()
        for at in range(0, len(data), joined.shape[1]):
            yield data[at : at + joined.shape[1]]


def tensor_digest(layout: TensorLayout, parts: Parts) -> bytes:
    """Return LR(WT; leaf(WROW, row)..) of a tensor."""
    return lr(Kind.WT, [leaf(Kind.WROW, row) for row in rows_of(layout, parts)])


def model_root(header: ModelHeader, digests: list[bytes]) -> bytes:
    """Return the root of a model from its header and its tensors' digests in hashed order."""
    return lr(Kind.MODEL, [leaf(Kind.MODEL, encode(header)), *digests])


def write_tensor(path: Path, layout: TensorLayout, parts: Parts) -> None:
    """Write a tensor file."""
    data = bytearray(layout.size)
    for part, offset in zip(layout.parts, layout.offsets(), strict=False):
        raw = np.ascontiguousarray(parts[part.name], dtype=part.dtype).tobytes()
        data[offset : offset + len(raw)] = raw
    path.write_bytes(data)


def map_tensor(path: Path, layout: TensorLayout) -> Parts:
    """Return the parts of a tensor file as private memory maps; processes share the pages."""
    mapped = np.memmap(path, dtype=np.uint8, mode="c")
    parts: Parts = {}
    for part, offset in zip(layout.parts, layout.offsets(), strict=False):
        dtype = np.dtype(part.dtype)
        raw = mapped[offset : offset + layout.rows * part.columns * dtype.itemsize]
        parts[part.name] = raw.view(np.ndarray).view(dtype).reshape(layout.rows, part.columns)
    return parts


@dataclass(frozen=True, slots=True)
class Manifest:
    """What manifest.json says: the root, the tensors and how the model was made."""

    model_root: bytes
    name: str
    tensors: dict[str, bytes]
    """Tensor name → digest, in hashed order."""
    saturation: dict[str, int]
    """How many cached values, keys and residuals met their limits on the calibration text."""
    conversion: dict[str, int]
    """What the converter chose."""

    def to_json(self) -> str:
        """Return the text of manifest.json."""
        return json.dumps(
            {
                "model_root": self.model_root.hex(),
                "name": self.name,
                "saturation": self.saturation,
                "conversion": self.conversion,
                "tensors": {name: digest.hex() for name, digest in self.tensors.items()},
            },
            indent=1,
        )

    @classmethod
    def from_json(cls, text: str) -> "Manifest":
        """Parse manifest.json. Raises: ValueError."""
        try:
            data = json.loads(text)
            return cls(
                bytes.fromhex(data["model_root"]),
                str(data["name"]),
                {str(name): bytes.fromhex(digest) for name, digest in data["tensors"].items()},
                {str(name): int(count) for name, count in data["saturation"].items()},
                dict(data["conversion"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{MANIFEST_FILE} is malformed: {error!r}") from None

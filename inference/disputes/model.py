"""The canonical model as disputes read it: leaves of tensors, their digests, and exact linear maps."""

from collections import OrderedDict
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from chain.crypto.merkle import Kind, leaf
from chain.modules.models.types import LinearScale, ModelHeader
from chain.store.codec import decode, encode
from inference.models.format import HEADER_FILE, MANIFEST_FILE, Manifest, map_tensor, rows_of, tensor_layouts
from inference.numerics.constants import LINEAR_LIMIT

_CACHED = 8
"""Tensors whose leaf digests are kept."""
_COLUMN_BLOCK = 1 << 21
"""Weights that are widened at a time."""
_LEAF_BLOCK = 1 << 22
"""Bytes of leaves that are hashed at a time."""


class ModelFiles:
    """A model directory that was verified when its shard was loaded."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.header: ModelHeader = decode(ModelHeader, (folder / HEADER_FILE).read_bytes())
        self._layouts = tensor_layouts(self.header)
        tensors = Manifest.from_json((folder / MANIFEST_FILE).read_text()).tensors
        self._digests = tuple(tensors[layout.name] for layout in self._layouts)
        self._leaves: OrderedDict[int, tuple[bytes, ...]] = OrderedDict()
        self._mapped: dict[int, dict[str, npt.NDArray[np.generic]]] = {}

    @cached_property
    def roots(self) -> tuple[bytes, ...]:
        """Return the items of the model's list: the header's leaf, then the tensors."""
        return (leaf(Kind.MODEL, encode(self.header)), *self._digests)

    def rows(self, tensor: int) -> tuple[bytes, ...]:
        """Return all leaves of a tensor by its place in the model's list."""
        layout = self._layouts[tensor - 1]
        return tuple(rows_of(layout, self._parts(tensor)))

    def row(self, tensor: int, index: int) -> bytes:
        """Return one leaf of a tensor."""
        layout, parts = self._layouts[tensor - 1], self._parts(tensor)
        if layout.parts[0].name == "g":
            return self.rows(tensor)[index]
        return b"".join(parts[part.name][index].tobytes() for part in layout.parts)

    def digests(self, tensor: int) -> tuple[bytes, ...]:
        """Return the digests of a tensor's leaves."""
        for _ in self.hashing(tensor):
            pass
        return self._leaves[tensor]

    def hashing(self, tensor: int) -> Iterator[None]:
        """Hash a tensor's leaves in pieces; `digests` then has them at once."""
        if tensor in self._leaves:
            return
        rows, found = self.rows(tensor), list[bytes]()
        step = max(1, _LEAF_BLOCK // len(rows[0]))
        for start in range(0, len(rows), step):
            found += [leaf(Kind.WROW, row) for row in rows[start : start + step]]
            yield
        self._leaves[tensor] = tuple(found)
        if len(self._leaves) > _CACHED:
            self._leaves.popitem(last=False)

    def linear(
        self, tensor: int, first: int, count: int, scale: LinearScale, rows: npt.NDArray[np.int64], peaks: list[int]
    ) -> npt.NDArray[np.int64]:
        """Return outputs [M, count] of `count` rows of a linear map for activations [M, K] with scales `peaks`."""
        return np.concatenate(list(self.linear_blocks(tensor, first, count, scale, rows, peaks)), axis=1)

    def linear_blocks(
        self, tensor: int, first: int, count: int, scale: LinearScale, rows: npt.NDArray[np.int64], peaks: list[int]
    ) -> Iterator[npt.NDArray[np.int64]]:
        """Yield the outputs of `linear`, some at a time.

        Every product and sum of activations and weights stays below 2^53, so float64 multiplies them exactly; the
        bounds that were checked at loading keep the rest within 64 bits.
        """
        parts = self._parts(tensor)
        wide = rows.astype(np.float64)
        step = max(1, _COLUMN_BLOCK // rows.shape[1])
        scales = np.asarray(peaks, dtype=np.int64)[:, None]
        for start in range(0, count, step):
            stop = min(count, start + step)
            weight = parts["w"][first + start : first + stop].astype(np.float64)
            mantissa = parts["mw"].reshape(-1)[first + start : first + stop].astype(np.int64)
            dots = (wide @ weight.T).astype(np.int64)
            y = ((dots * mantissa) >> scale.s1) * scales
            y = (y + (1 << (scale.s2 - 1))) >> scale.s2
            yield np.clip(y, -LINEAR_LIMIT, LINEAR_LIMIT)

    def _parts(self, tensor: int) -> dict[str, npt.NDArray[np.generic]]:
        found = self._mapped.get(tensor)
        if found is None:
            layout = self._layouts[tensor - 1]
            found = self._mapped[tensor] = map_tensor(self._folder / self._digests[tensor - 1].hex(), layout)
        return found

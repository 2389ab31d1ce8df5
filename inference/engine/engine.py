"""The engine: sessions on one shard, from ids or rows to rows and logits, bit for bit the same everywhere."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from chain.modules.models.types import ModelHeader
from inference.engine.cache import CacheFull, Session
from inference.engine.rows import RowChunk, TokenChunk, is_canonical
from inference.models.llama import LlamaShard, widen_rows
from inference.numerics.selftest import KernelChoice, exact_kernels
from inference.shards.loader import LoadedShard, load
from inference.shards.spec import ShardSpec

__all__ = ["CHUNK", "BadChunk", "CacheFull", "Engine", "Session", "run_unit", "tested_kernels"]

CHUNK = 64
"""Positions of a session that are processed at a time: small enough for the cache, and no chunking changes a bit."""

Chunk = TokenChunk | RowChunk


class BadChunk(ValueError):
    """A chunk does not fit this shard: wrong kind, size, id or form."""


@torch.inference_mode()
def tested_kernels(header: ModelHeader) -> KernelChoice:
    """Return the kernels that are exact on this machine for a model's shapes. Raises: NoExactKernel."""
    lengths = (header.hidden_size, header.num_heads * header.head_size, header.intermediate_size)
    return KernelChoice(exact_kernels(lengths))


class Engine:
    """Runs one loaded shard. Not thread-safe: all calls come from one thread."""

    def __init__(self, model: LoadedShard, *, threads: int = 1, kernels: KernelChoice | None = None) -> None:
        """Pack the weights with kernels that were tested in this process, or test them now. Raises: NoExactKernel."""
        torch.set_num_threads(threads)
        self.header = model.header
        self.spec = model.spec
        with torch.inference_mode():
            self._model = LlamaShard(model, kernels or tested_kernels(model.header))

    def open(self, capacity: int) -> Session:
        """Return a new session for at most `capacity` positions. Raises: ValueError."""
        header = self.header
        if not 0 < capacity <= header.max_positions:
            raise ValueError(f"a session holds 1 to {header.max_positions} positions, not {capacity}")
        return Session(capacity, len(self._model.layers), header.num_kv_heads, header.head_size)

    def close(self, session: Session) -> None:
        """Free a session's cache; it takes no more positions."""
        session.capacity = session.position
        session.layers.clear()

    def forward(self, session: Session, chunk: Chunk) -> list[RowChunk]:
        """Run the next positions; return the rows after every layer. Raises: BadChunk, CacheFull."""
        if len(chunk) <= CHUNK:
            return self.step([(session, chunk)])[0]
        self._check(session, chunk)
        pieces = []
        for at in range(0, len(chunk), CHUNK):
            if isinstance(chunk, TokenChunk):
                piece: Chunk = TokenChunk(chunk.ids[at : at + CHUNK])
            else:
                piece = chunk[at : at + CHUNK]
            pieces.append(self.step([(session, piece)])[0])
        return [RowChunk.stack(layer) for layer in zip(*pieces, strict=True)]

    @torch.inference_mode()
    def step(self, work: Sequence[tuple[Session, Chunk]]) -> list[list[RowChunk]]:
        """Run the next positions of several sessions in one pass; return each one's rows after every layer.

        Nothing changes for any session if one of them is refused. Raises: BadChunk, CacheFull.
        """
        if len({id(session) for session, _ in work}) != len(work):
            raise BadChunk("a session occurs twice in one step")
        for session, chunk in work:
            self._check(session, chunk)
        for session, chunk in work:
            session.reserve(len(chunk))
        parts = []
        for _, chunk in work:
            if isinstance(chunk, TokenChunk):
                assert self._model.embedding is not None
                parts.append(self._model.embedding(chunk.ids))
            else:
                parts.append(widen_rows(chunk))
        h = parts[0] if len(parts) == 1 else torch.cat(parts)
        layers = self._model.forward(h, [(session, len(chunk)) for session, chunk in work])
        out, start = [], 0
        for session, chunk in work:
            own = slice(start, start + len(chunk))
            out.append([rows[own] for rows in layers] if len(work) > 1 else layers)
            session.position += len(chunk)
            start += len(chunk)
        return out

    @torch.inference_mode()
    def logits(self, rows: RowChunk) -> npt.NDArray[np.int32]:
        """Return the logits [T, V] of rows behind the last layer. Raises: BadChunk."""
        if self._model.head is None:
            raise BadChunk("this shard was loaded without the head")
        self._check_rows(rows)
        return self._model.head(widen_rows(rows)).numpy()

    def _check(self, session: Session, chunk: Chunk) -> None:
        """Refuse a chunk before anything changes."""
        if not len(chunk):
            raise BadChunk("a chunk has at least one position")
        if isinstance(chunk, TokenChunk):
            if self._model.embedding is None or self.spec.start:
                raise BadChunk(f"shard {self.spec} takes rows, not ids")
            if not 0 <= min(chunk.ids) <= max(chunk.ids) < self.header.vocab_size:
                raise BadChunk(f"an id is outside the vocabulary of {self.header.vocab_size}")
        else:
            if not self.spec.start:
                raise BadChunk(f"shard {self.spec} takes ids, not rows")
            self._check_rows(chunk)
        if session.position + len(chunk) > session.capacity:
            raise CacheFull(f"position {session.position + len(chunk)} exceeds the session's {session.capacity}")

    def _check_rows(self, rows: RowChunk) -> None:
        if rows.values.ndim != 2 or rows.values.shape[1] != self.header.hidden_size or not is_canonical(rows):
            raise BadChunk(f"rows are not canonical rows of {self.header.hidden_size} values")


def run_unit(directory: Path, spec: ShardSpec, chunk: Chunk, *, threads: int = 1) -> list[RowChunk]:
    """Load a layer range and run one whole unit in a batched pass; return the rows after every layer.

    Raises: ShardError, BadChunk.
    """
    shard = load(directory, spec, with_embedding=spec.start == 0, with_head=False)
    engine = Engine(shard, threads=threads)
    return engine.forward(engine.open(len(chunk)), chunk)

"""A testing aid: engines that alter their own work, so that checks and disputes have something to find.

They are switched on by `fault` in worker.toml and are no part of honest operation. What is altered is canonical and
passes every receiver; the worker commits to it and sends it on, as a cheat would, and everything after it follows.
"""

import copy
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from chain.modules.disputes.game.shape import Item, ItemKind, UnitShape
from chain.modules.jobs.types import SamplerSpec
from inference.compute import Chunk, Machine
from inference.disputes.archive import Archive, Inputs
from inference.disputes.faults import alter
from inference.disputes.model import ModelFiles
from inference.disputes.party import cached_rows
from inference.engine.cache import LayerCache, Session
from inference.engine.engine import Engine
from inference.engine.rows import RowChunk, TokenChunk
from inference.misconduct import OpFault
from inference.numerics.constants import BLOCK, ROW_LIMIT
from inference.shards.spec import ShardSpec

ALTERED_POSITION = 1
"""Position whose last row is altered: every job with two positions has it, whatever the chunks."""
PLACE = 5
"""Which value of a faulty operator's tile is wrong."""


class FaultyEngine:
    """An engine whose row at one position, or whose second best logit, is not what it computed."""

    def __init__(self, engine: Machine, *, row: bool = False, token: bool = False) -> None:
        self._engine = engine
        self._row = row
        self._token = token

    def open(self, capacity: int) -> Session:
        """Return a new session."""
        return self._engine.open(capacity)

    def close(self, session: Session) -> None:
        """Free a session."""
        self._engine.close(session)

    def forward(self, session: Session, chunk: Chunk) -> list[RowChunk]:
        """Run the next positions of one session."""
        start = session.position
        return self._altered(start, self._engine.forward(session, chunk))

    def step(self, work: Any) -> list[list[RowChunk]]:
        """Run several sessions' next positions."""
        starts = [session.position for session, _ in work]
        rows = self._engine.step(work)
        return [self._altered(start, own) for start, own in zip(starts, rows, strict=True)]

    def logits(self, rows: RowChunk) -> npt.NDArray[np.int32]:
        """Return the logits; under `token` the least likely id has become the likeliest."""
        found = self._engine.logits(rows)
        if not self._token:
            return found
        changed = found.copy()
        changed[np.arange(len(changed)), changed.argmin(axis=1)] = changed.max(axis=1) + 1
        return changed

    def _altered(self, start: int, layers: list[RowChunk]) -> list[RowChunk]:
        at = ALTERED_POSITION - start
        if not self._row or not 0 <= at < len(layers[-1]):
            return layers
        return [*layers[:-1], altered_row(layers[-1], at)]


def altered_row(rows: RowChunk, index: int) -> RowChunk:
    """Return the rows with one value of row `index` moved by one; the result is canonical."""
    values = rows.values.copy()
    block = values[index, :BLOCK]
    # The value of least magnitude moves away from zero: the block keeps its peak, and with it its one encoding.
    place = int(np.argmin(np.abs(block.astype(np.int32))))
    step = 1 if block[place] >= 0 else -1
    if abs(int(block[place])) >= ROW_LIMIT:
        raise ValueError("every value of the block is at its limit")
    values[index, place] += step
    return RowChunk(rows.shifts, values)


class FaultyArchive(Archive):
    """A unit as a worker commits to it that has one wrong tile."""

    def __init__(self, *args: Any, fault: OpFault, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._fault = fault

    def altered(self, item: Item, op: int, tile: int, body: bytes) -> bytes:
        """Return the wrong tile in its place."""
        if not is_at(self._fault, self.shape, item, op, tile):
            return body
        return alter(self.shape.op(item, op).kind, body, PLACE, self.shape.header.vocab_size)


def is_at(fault: OpFault, shape: UnitShape, item: Item, op: int, tile: int) -> bool:
    """Say whether a tile is the wrong one."""
    found = shape.op(item, op)
    if fault.op not in (found.name, str(op)) or tile != fault.tile % found.num_tiles:
        return False
    if fault.op == found.name and any(shape.op(item, before).name == found.name for before in range(op)):
        return False
    if fault.item == "logits":
        return item.kind in (ItemKind.CHECKSUM, ItemKind.TOKEN)
    wanted = {"row": ItemKind.ROW, "key": ItemKind.KEY, "value": ItemKind.VALUE}[fault.item]
    layer = shape.start + fault.layer % (shape.end - shape.start)
    group = fault.group % shape.header.num_kv_heads
    return (item.kind, item.layer, item.group, item.index) == (wanted, layer, group, fault.position)


@dataclass(eq=False)
class SplitSession:
    """Sessions of the layers before, at and after the wrong one."""

    parts: list[Session]
    ids: list[int]
    """Ids fed so far, at stage 0."""

    @property
    def position(self) -> int:
        """Return the positions processed so far."""
        return self.parts[0].position

    @property
    def layers(self) -> list[LayerCache]:
        """Return the caches of all layers."""
        return [layer for part in self.parts for layer in part.layers]


class FaultyOperator:
    """An engine with one wrong tile in one layer's work at one position, or in all its logits.

    The wrong item is computed operator by operator, from what the engine has before it; the engine goes on from there.
    """

    def __init__(self, engine: Engine, model: ModelFiles, fault: OpFault) -> None:
        self._engine, self._model, self._fault = engine, model, fault
        spec = engine.spec
        self._layer = spec.start + fault.layer % (spec.end - spec.start)
        cuts = (spec.start, self._layer, self._layer + 1, spec.end)
        self._parts = [part_of(engine, a, b) for a, b in pairwise(cuts) if a < b]
        self._at = int(self._layer > spec.start)

    def open(self, capacity: int) -> Any:
        """Return a new session."""
        return SplitSession([part.open(capacity) for part in self._parts], [])

    def close(self, session: Any) -> None:
        """Free a session."""
        for part, own in zip(self._parts, session.parts, strict=True):
            part.close(own)

    def step(self, work: Any) -> list[list[RowChunk]]:
        """Run several sessions' next positions."""
        return [self.forward(session, chunk) for session, chunk in work]

    def forward(self, session: Any, chunk: Chunk) -> list[RowChunk]:
        """Run the next positions of one session."""
        out: list[RowChunk] = []
        given = chunk
        for index, (part, own) in enumerate(zip(self._parts, session.parts, strict=True)):
            if index == self._at and self._fault.item != "logits":
                rows = [self._wrong_layer(session, given)]
            else:
                rows = part.forward(own, given)
            out += rows
            given = rows[-1]
        return out

    def _wrong_layer(self, session: SplitSession, chunk: Chunk) -> RowChunk:
        part, own, wrong = self._parts[self._at], session.parts[self._at], self._fault.position
        start, pieces = own.position, []
        stop = start + len(chunk)
        cuts = sorted({start, stop, min(max(start, wrong), stop), min(max(start, wrong + 1), stop)})
        for low, high in pairwise(cuts):
            piece = _cut(chunk, low - start, high - start)
            if isinstance(piece, TokenChunk):
                session.ids += piece.ids
            (rows,) = part.forward(own, piece)
            pieces.append(self._wrong_row(session, piece) if low == wrong else rows)
        return RowChunk.stack(pieces)

    def _wrong_row(self, session: SplitSession, given: Chunk) -> RowChunk:
        """Return the row of the wrong position, and have the wrong key or value in the cache."""
        header, position, layer = self._engine.header, self._fault.position, self._layer
        cache = session.parts[self._at].layers[0]
        ids = tuple(session.ids) or (0,) * (position + 1)
        shape = UnitShape(header, layer, layer + 1, len(ids), 1, SamplerSpec())
        before = [b""] * position + ([given.to_bytes()] if isinstance(given, RowChunk) else [])
        trees = [list(rows) for rows in cached_rows(cache, position + 1, header.head_size)]
        inputs = Inputs(bytes(32), bytes(32), ids, ())
        unit = FaultyArchive(self._model, shape, inputs, {layer - 1: before}, caches={layer: trees}, fault=self._fault)
        if self._fault.item != "row":
            is_key, head = self._fault.item == "key", self._fault.group % header.num_kv_heads
            wrong = Item(ItemKind.KEY if is_key else ItemKind.VALUE, layer, head, position)
            body = trees[head + (0 if is_key else header.num_kv_heads)][position] = b"".join(unit.program(wrong)[-1])
            _store(cache, body, head, position, is_key=is_key)
        row = b"".join(unit.program(Item(ItemKind.ROW, layer, 0, position))[-1])
        return RowChunk.from_bytes(row, header.hidden_size)

    def logits(self, rows: RowChunk) -> npt.NDArray[np.int32]:
        """Return the logits, of which one is wrong if the fault is theirs."""
        found = self._engine.logits(rows)
        if self._fault.item != "logits":
            return found
        shape = UnitShape(self._engine.header, self._engine.spec.start, self._engine.spec.end, 1, 1, SamplerSpec())
        item = Item(ItemKind.CHECKSUM, shape.header.num_layers, 0, 0)
        index = next(at for at, op in enumerate(shape.ops(item)) if self._fault.op in (op.name, str(at)))
        op = shape.op(item, index)
        tile = self._fault.tile % op.num_tiles
        first, size = tile * op.tile, op.size(tile)
        changed = found.copy()
        for row in changed:
            body = alter(op.kind, row[first : first + size].astype("<i4").tobytes(), PLACE, shape.header.vocab_size)
            row[first : first + size] = np.frombuffer(body, dtype="<i4")
        return changed


def part_of(engine: Engine, start: int, end: int) -> Engine:
    """Return an engine of some of the layers, with the same packed weights."""
    part, shard = copy.copy(engine), copy.copy(engine._model)
    first = engine.spec.start
    shard.layers = shard.layers[start - first : end - first]
    part._model, part.spec = shard, ShardSpec(engine.spec.model_root, start, end)
    return part


def _cut(chunk: Chunk, start: int, end: int) -> Chunk:
    return TokenChunk(chunk.ids[start:end]) if isinstance(chunk, TokenChunk) else chunk[start:end]


@torch.inference_mode()
def _store(cache: LayerCache, body: bytes, head: int, position: int, *, is_key: bool) -> None:
    """Write one K or V row into an engine's cache."""
    if is_key:
        cache.scales[head, 0, position] = int.from_bytes(body[:4], "little")
        cache.keys[head, position] = torch.from_numpy(np.frombuffer(body, dtype="<i2", offset=4).astype(np.float64))
    else:
        values = np.frombuffer(body, dtype="<i2").astype(np.float64)
        cache.values[head, position, : len(values)] = torch.from_numpy(values)

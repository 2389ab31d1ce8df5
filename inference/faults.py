"""A testing aid: a worker that alters its own work, so that checks have something to find.

It wraps the engine and nothing else, is switched on by `fault` in worker.toml, and is no part of honest operation. The
altered row is canonical and passes every receiver; the worker commits to it and sends it on, as a cheat would.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from inference.compute import Chunk, Machine
from inference.engine.cache import Session
from inference.engine.rows import RowChunk
from inference.numerics.constants import BLOCK, ROW_LIMIT

ALTERED_POSITION = 1
"""Position whose last row is altered: every job with two positions has it, whatever the chunks."""


class FaultyEngine:
    """An engine whose row at one position, or whose second best logit, is not what it computed."""

    def __init__(self, engine: Machine, fault: str) -> None:
        """`fault` is `row` or `token`."""
        self._engine = engine
        self._fault = fault

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
        if self._fault != "token":
            return found
        changed = found.copy()
        changed[np.arange(len(changed)), changed.argmin(axis=1)] = changed.max(axis=1) + 1
        return changed

    def _altered(self, start: int, layers: list[RowChunk]) -> list[RowChunk]:
        at = ALTERED_POSITION - start
        if self._fault != "row" or not 0 <= at < len(layers[-1]):
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

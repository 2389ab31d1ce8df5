"""The one thread on which a worker's tensors are computed.

OpenMP keeps a team of threads for every thread that calls it, so all tensor work comes from this one. Positions of
running jobs go first and are batched: what waits at the same moment for the same shard runs in one step. Background
work (loading, checks) takes its turn between steps, in pieces of its own choosing.
"""

import asyncio
import contextlib
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from inference.engine.cache import Session
from inference.engine.rows import RowChunk, TokenChunk

T = TypeVar("T")
Chunk = TokenChunk | RowChunk
Logits = npt.NDArray[np.int32]

MAX_BATCH = 8
"""Sessions in one step; beyond that a step only takes longer."""
SWITCH_SECONDS = 0.0005
"""How long a busy thread may keep the interpreter: the default of 5 ms would be added to every hop."""


class Machine(Protocol):
    """What computes: an engine, or one that a test has tampered with."""

    def open(self, capacity: int) -> Session:
        """Return a new session."""
        ...

    def close(self, session: Session) -> None:
        """Free a session."""
        ...

    def forward(self, session: Session, chunk: Chunk) -> list[RowChunk]:
        """Run the next positions of a session; return the rows after every layer."""
        ...

    def step(self, work: Any) -> list[list[RowChunk]]:
        """Run several sessions' next positions in one pass."""
        ...

    def logits(self, rows: RowChunk) -> Logits:
        """Return the logits of rows behind the last layer."""
        ...


@dataclass(frozen=True, slots=True)
class Step(Generic[T]):
    """The next positions of one session, and what to make of them."""

    machine: Machine
    session: Session
    chunk: Chunk
    logits_from: int | None
    """First position of the chunk whose logits are wanted; None: of none."""
    finish: Callable[[list[RowChunk], Logits | None], T]
    """Called on the compute thread with the rows after every layer and the logits; its result is the step's."""


@dataclass(frozen=True, slots=True)
class _Call:
    function: Callable[[], Any]


class Compute:
    """A thread that runs steps and background calls for one event loop."""

    def __init__(self) -> None:
        self._steps: deque[tuple[Step[Any], asyncio.Future[Any]]] = deque()
        self._calls: deque[tuple[_Call, asyncio.Future[Any]]] = deque()
        self._wake = threading.Condition()
        self._is_closing = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="compute", daemon=True)
        self.num_steps = 0
        """Steps run, for the status."""

    def start(self) -> None:
        """Start the thread; results go to the running event loop."""
        sys.setswitchinterval(SWITCH_SECONDS)
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def close(self) -> None:
        """Stop after what is running; what waits is cancelled."""
        with self._wake:
            self._is_closing = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join()
        for _, future in (*self._steps, *self._calls):
            future.cancel()

    async def step(self, step: Step[T]) -> T:
        """Run a step of a job and return what its `finish` made of it."""
        assert self._loop is not None
        future: asyncio.Future[T] = self._loop.create_future()
        with self._wake:
            self._steps.append((step, future))
            self._wake.notify()
        return await future

    async def call(self, function: Callable[[], T]) -> T:
        """Run background work once no step waits."""
        assert self._loop is not None
        future: asyncio.Future[T] = self._loop.create_future()
        with self._wake:
            self._calls.append((_Call(function), future))
            self._wake.notify()
        return await future

    def _run(self) -> None:
        while self._take_turn():
            pass

    def _take_turn(self) -> bool:
        """Wait for work and do one piece of it; return whether to go on. A waiting thread keeps nothing alive."""
        with self._wake:
            while not (self._steps or self._calls or self._is_closing):
                self._wake.wait()
            if self._is_closing:
                return False
            batch = self._next_batch()
            call = None if batch else self._calls.popleft()
        if call is not None:
            self._perform(call[1], call[0].function)
        else:
            self._run_batch(batch)
        return True

    def _next_batch(self) -> list[tuple[Step[Any], "asyncio.Future[Any]"]]:
        """Take the oldest step and, if it is of one position, others of one position on the same shard."""
        if not self._steps:
            return []
        first = self._steps.popleft()
        batch = [first]
        if len(first[0].chunk) > 1:
            return batch
        for entry in [*self._steps]:
            if len(batch) == MAX_BATCH:
                break
            if entry[0].machine is first[0].machine and len(entry[0].chunk) == 1:
                batch.append(entry)
                self._steps.remove(entry)
        return batch

    def _run_batch(self, batch: list[tuple[Step[Any], "asyncio.Future[Any]"]]) -> None:
        machine = batch[0][0].machine
        self.num_steps += 1
        try:
            rows = machine.step([(step.session, step.chunk) for step, _ in batch])
            logits = self._batched_logits(machine, batch, rows)
        except Exception as error:  # noqa: BLE001 -- whatever it is belongs to the steps' callers, not to this thread
            if len(batch) == 1:
                self._resolve(batch[0][1], None, error)
                return
            for entry in batch:  # one session's fault must not stop the others
                self._run_batch([entry])
            return
        for (step, future), own_rows, own_logits in zip(batch, rows, logits, strict=True):
            self._perform(future, lambda s=step, r=own_rows, g=own_logits: s.finish(r, g))  # type: ignore[misc]

    @staticmethod
    def _batched_logits(
        machine: Machine, batch: list[tuple[Step[Any], "asyncio.Future[Any]"]], rows: list[list[RowChunk]]
    ) -> list[Logits | None]:
        wanted = [
            own[-1][step.logits_from :] if step.logits_from is not None and step.logits_from < len(step.chunk) else None
            for (step, _), own in zip(batch, rows, strict=True)
        ]
        parts = [part for part in wanted if part is not None]
        if not parts:
            return [None] * len(batch)
        joined, at = machine.logits(RowChunk.stack(parts)), 0
        out: list[Logits | None] = []
        for part in wanted:
            if part is None:
                out.append(None)
            else:
                out.append(joined[at : at + len(part)])
                at += len(part)
        return out

    def _perform(self, future: "asyncio.Future[Any]", function: Callable[[], Any]) -> None:
        try:
            result = function()
        except Exception as error:  # noqa: BLE001 -- see above
            self._resolve(future, None, error)
        else:
            self._resolve(future, result, None)

    def _resolve(self, future: "asyncio.Future[Any]", result: Any, error: Exception | None) -> None:
        def settle() -> None:
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)

        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(settle)

"""A worker's part in open disputes: its units as it computes them, and the messages that due moves ask for.

A unit is regenerated once and kept while it is disputed; a restart regenerates it. All computing is cut into pieces on
the compute thread, between which running jobs take their turns.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path
from typing import Protocol, TypeVar

from chain.crypto.merkle import Kind, lr
from chain.modules.disputes.game.line import Ground, ground_of
from chain.modules.disputes.types import DueMove, Play, Side
from chain.modules.jobs.types import Job, Unit
from chain.modules.models.types import ModelHeader
from inference.compute import Compute, Machine
from inference.disputes import moves, party
from inference.disputes.archive import Archive
from inference.disputes.model import ModelFiles
from inference.disputes.party import Kept, Message
from inference.disputes.posted import Posted
from inference.disputes.prover import Reveals
from inference.view import UnitKey, key_of

log = logging.getLogger("ostraka.disputes")

MAX_ARCHIVES = 4
"""Units kept at once; the least recently used one goes and is regenerated when it is needed again."""
MAX_BLOCKS = 64
"""Blocks whose reveals are kept."""

T = TypeVar("T")
Source = Callable[[Job, Unit], Awaitable[Kept]]
"""Gives a unit's input, from the journal or from those who have it."""


class MoveFailed(Exception):
    """A move cannot be made now: an input or a reveal is not to be had. It is tried again."""


class RevealReader(Protocol):
    """What a player asks the node."""

    async def posted(self, height: int) -> tuple[Posted, ...]:
        """Return the reveals in a block."""
        ...


class Player:
    """Makes the messages of one worker's moves; sends nothing."""

    def __init__(
        self,
        chain: bytes,
        sender: str,
        header: ModelHeader,
        folder: Path,
        *,
        compute: Compute,
        reader: RevealReader,
        machine: Callable[[Job, Unit], Awaitable[Machine]],
        source: Source,
        make: Callable[[Unit], Callable[..., Archive]] = lambda _: Archive,
    ) -> None:
        """`folder` holds the verified model; `machine` gives the engine of a unit, `source` its input."""
        self._chain = chain
        self._sender = sender
        self._header = header
        self._model = ModelFiles(folder)
        self.model_root = lr(Kind.MODEL, self._model.roots)
        """The one model whose units are played."""
        self._compute = compute
        self._reader = reader
        self._machine = machine
        self._source = source
        self._make = make
        self._archives: OrderedDict[UnitKey, tuple[Archive, bytes]] = OrderedDict()
        self._locks: dict[UnitKey, asyncio.Lock] = {}
        self._posted: OrderedDict[int, tuple[Posted, ...]] = OrderedDict()

    @property
    def units(self) -> tuple[UnitKey, ...]:
        """Return the units that are kept."""
        return tuple(self._archives)

    def drop(self, key: UnitKey) -> None:
        """Forget a unit whose disputes are over."""
        self._archives.pop(key, None)
        self._locks.pop(key, None)

    def ground(self, job: Job, unit: Unit) -> Ground:
        """Return what the chain knows of a unit. Raises: ValueError if it is beyond the trace."""
        return ground_of(job, unit, self._header, self._chain)

    async def message(self, due: DueMove) -> Message | None:
        """Return the message of a due move; None if there is nothing to win with. Raises: MoveFailed."""
        if due.job.model_root != self.model_root:
            raise MoveFailed(f"job {due.job.job_id} is of another model than this worker's")
        play, ground = due.play, self.ground(due.job, due.unit)
        own, salt = await self.archive(due.job, due.unit, ground)
        revealed = await self.reveals(play, ground) if due.side == Side.CHALLENGER else {}
        await self.in_pieces(moves.preparing(own, play.line, ground))
        message = await self._compute.call(lambda: party.next_message(due, ground, own, revealed, salt, self._sender))
        if message is None:
            log.warning("dispute %d, line %d: nothing to win with", play.dispute_id, play.number)
        return message

    async def archive(self, job: Job, unit: Unit, ground: Ground) -> tuple[Archive, bytes]:
        """Return a unit as this worker computes it, and the salt of its seal if it is the asserter."""
        key = key_of(unit)
        async with self._locks.setdefault(key, asyncio.Lock()):
            found = self._archives.get(key)
            if found is None:
                kept, machine = await self._source(job, unit), await self._machine(job, unit)
                pieces = party.regeneration(machine, self._model, ground.shape, kept, self._make(unit))
                found = self._archives[key] = (await self.in_pieces(pieces), kept.salt)
                while len(self._archives) > MAX_ARCHIVES:
                    self.drop(next(iter(self._archives)))
                log.info("unit %s is regenerated: it is in dispute", key)
            self._archives.move_to_end(key)
        return found

    async def reveals(self, play: Play, ground: Ground) -> Reveals:
        """Return what was revealed on a line, out of its blocks. Raises: MoveFailed if a reveal is missing there."""
        posted: list[Posted] = []
        for height in sorted({height for height in play.heights if height}):
            posted += await self._block(height)
        found = party.reveals_of(play, ground, posted)
        missing = [at.name for at in party.played(play.line) if at not in found]
        if missing:
            self._posted.clear()
            names = ", ".join(missing)
            raise MoveFailed(f"dispute {play.dispute_id}: the node's blocks do not hold the reveals of {names}")
        return found

    async def _block(self, height: int) -> tuple[Posted, ...]:
        if height not in self._posted:
            self._posted[height] = await self._reader.posted(height)
            while len(self._posted) > MAX_BLOCKS:
                self._posted.popitem(last=False)
        return self._posted[height]

    async def in_pieces(self, pieces: Generator[None, None, T]) -> T:
        """Run a generator on the compute thread, a piece at a time, and return its result."""
        result: list[T] = []

        def step() -> bool:
            try:
                next(pieces)
            except StopIteration as end:
                result.append(end.value)
            return bool(result)

        while not await self._compute.call(step):
            pass
        return result[0]

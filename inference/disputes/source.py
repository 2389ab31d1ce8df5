"""Where a worker takes the input of a disputed unit from: its journal, else those who have it."""

from chain.crypto.hashing import unit_id
from chain.modules.jobs.types import Job, Unit
from inference.chain_reader import ChainReader
from inference.check import Checker, CheckFailed
from inference.disputes.archive import Inputs
from inference.disputes.party import Kept
from inference.disputes.player import MoveFailed
from inference.journal import ASSERTER, Journal
from inference.transport.library import UnitLibrary


class UnitSource:
    """Gives one worker the inputs of units that it asserted or checked."""

    def __init__(
        self, operator: bytes, journal: Journal, library: UnitLibrary, checker: Checker, reader: ChainReader
    ) -> None:
        self._operator = operator
        self._journal = journal
        self._library = library
        self._checker = checker
        self._reader = reader

    async def __call__(self, job: Job, unit: Unit) -> Kept:
        """Return a unit's input. Raises: MoveFailed."""
        name = unit_id(self._reader.chain, unit.job_id, unit.attempt, unit.stage)
        if unit.operator == self._operator:
            held = self._library.find(unit.job_id, unit.attempt, unit.stage)
            if held is None:
                raise MoveFailed("the journal does not hold the unit")
            given = (held.record.blind, held.ids, held.rows)
            if unit.stage and not held.rows:  # set aside long ago, and its rows with others' made room
                given = await self._fetch(job, unit)
            return _kept(job, *given, self._journal.salt(name, ASSERTER))
        found = self._journal.find_input(name)
        if found is None:
            found = await self._fetch(job, unit)
        return _kept(job, *found, b"")

    async def _fetch(self, job: Job, unit: Unit) -> tuple[bytes, tuple[int, ...], bytes]:
        shown = await self._reader.find_job(job.job_id)
        if shown is None or shown.job.attempt != unit.attempt:
            raise MoveFailed(f"job {job.job_id} has gone on without the unit")
        operators = [other.operator for other in sorted(shown.units, key=lambda other: other.stage)]
        try:
            given = await self._checker.fetch(job, unit, operators)
        except CheckFailed as error:
            raise MoveFailed(str(error)) from None
        return given.blind, given.ids, given.rows


def _kept(job: Job, blind: bytes, ids: tuple[int, ...], rows: bytes, salt: bytes) -> Kept:
    inputs = Inputs(blind, job.seed, ids[: job.prompt_tokens], ids[job.prompt_tokens :])
    return Kept(inputs, rows, salt)

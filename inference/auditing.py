"""Other workers' unmet duties: found when their epoch proofs are open, claimed when nothing else is to be done.

Every epoch whose proofs, disputes or late draws are not over is looked at in turn, a few at a time. Each worker's
duties in it are asked for four times: when the checks of the epoch are over; when its disputes are, for what is
disputed is not claimed; and behind the first and the last late draw, which may show that more is owed.
"""

from dataclasses import dataclass
from typing import Protocol

from chain.crypto.keys import encode_address
from chain.modules.sampling import rules
from chain.modules.sampling.types import Params, QueryEpochProofsResponse, QueryUnmetResponse
from inference.view import UnitKey, UnmetDuty

LATE_BLOCKS = 256
"""How long an epoch is looked at behind its late draws."""
EPOCHS_PER_LOOK = 4
WORKERS_PER_LOOK = 8
"""Workers whose duties are asked for at a time."""
MAX_PAGES = 16
"""Pages of one worker's duties that are read."""
MAX_FOUND = 256
"""Unmet duties remembered, the newest."""


class Reader(Protocol):
    """What is asked of the chain."""

    async def epoch_proofs(self, epoch: int) -> QueryEpochProofsResponse | None:
        """Return the proofs of an epoch, or None if there are none."""
        ...

    async def unmet(self, epoch: int, checker: str, cursor: bytes) -> QueryUnmetResponse:
        """Return a page of a worker's unmet duties."""
        ...


@dataclass(frozen=True, slots=True)
class _Ends:
    """Heights that matter for an epoch's duties."""

    checked: int
    """Its units are concluded, but for those in dispute."""
    looks: tuple[int, ...]
    """Heights behind which everybody is asked about once more."""
    seen: int
    """Everything has been looked at; claims are taken a little longer."""


def _ends(params: Params, epoch: int) -> _Ends:
    checked = rules.proofs_from(params, epoch) + params.reveal_blocks + params.open_blocks
    judged, last = checked + params.dispute_blocks, rules.late_end(params, epoch)
    once = rules.late_end(params, epoch) - rules.late_close(params, epoch)
    return _Ends(checked, (checked, judged, judged + params.round_blocks + once, last), last + LATE_BLOCKS)


class Auditor:
    """What one worker has seen of others' epochs."""

    def __init__(self, reader: Reader, operator: bytes, params: Params) -> None:
        self._reader = reader
        self._operator = operator
        self._params = params
        self._looked: dict[tuple[int, bytes], int] = {}
        self._found: dict[tuple[UnitKey, str], UnmetDuty] = {}
        self._next = 0

    @property
    def found(self) -> tuple[UnmetDuty, ...]:
        """Return the unmet duties seen so far, the oldest first."""
        return tuple(self._found.values())

    def forget(self, duties: tuple[UnmetDuty, ...]) -> None:
        """Drop duties that were claimed, by whomever."""
        for duty in duties:
            self._found.pop((duty.key, duty.checker), None)

    async def look(self, height: int) -> None:
        """Look at the next few epochs. Raises: ClientError."""
        last = rules.epoch_of(self._params, height)
        while last >= 0 and _ends(self._params, last).checked > height:
            last -= 1
        first = max(0, last)
        while first > 0 and _ends(self._params, first - 1).seen >= height:
            first -= 1
        self._looked = {key: seen for key, seen in self._looked.items() if key[0] >= first}
        epoch = self._next if first <= self._next <= last else first
        left = WORKERS_PER_LOOK
        for _ in range(EPOCHS_PER_LOOK):
            if epoch > last or left <= 0:
                break
            left = await self._look_at(epoch, height, left)
            epoch += left > 0
        self._next = epoch

    async def _look_at(self, epoch: int, height: int, left: int) -> int:
        """Ask for the duties of at most `left` workers of an epoch; return how many may still be asked for."""
        answer = await self._reader.epoch_proofs(epoch)
        turn = sum(height >= look for look in _ends(self._params, epoch).looks)
        for proof in answer.proofs if answer is not None else ():
            place = (epoch, proof.operator)
            if proof.beta and proof.operator != self._operator and self._looked.get(place, 0) < turn:
                if left <= 0:
                    return 0
                await self._ask(epoch, encode_address(proof.operator))
                self._looked[place] = turn
                left -= 1
        return left

    async def _ask(self, epoch: int, checker: str) -> None:
        cursor = b""
        for _ in range(MAX_PAGES):
            page = await self._reader.unmet(epoch, checker, cursor)
            for duty in page.duties:
                key = UnitKey(duty.job_id, duty.attempt, duty.stage)
                self._found[key, checker] = UnmetDuty(key, checker, duty.share)
            while len(self._found) > MAX_FOUND:
                del self._found[next(iter(self._found))]
            cursor = page.cursor
            if not cursor:
                return

"""The watcher's loop: look at every open dispute at every block, and move where a side does not."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chain.client import ChainClient, ClientError, Sender
from chain.client.sender import Committed
from chain.errors import Code
from chain.modules.disputes.types import Dispute, DueMove, MsgOpenLine, MsgProve, Params, Play, PlayStatus
from chain.modules.jobs.types import Job, Unit
from chain.store.codec import encode
from inference.chain_reader import ChainReader
from inference.compute import Compute
from inference.disputes import moves, watch
from inference.disputes.player import MoveFailed, Player
from inference.disputes.prover import Reveals
from inference.disputes.watch import Look, Step
from inference.plan import MAX_MOVE_BYTES, MAX_MOVES
from inference.shards.loader import ShardError
from inference.view import UnitKey, key_of

log = logging.getLogger("ostraka.disputes")

MAX_DISPUTES = 64
"""Open disputes looked at, oldest first; the others wait until some of them end."""
RETRY_BLOCKS = 4
"""After how many blocks a dispute whose unit could not be had is looked at again."""
PAUSE_SECONDS = 1.0
"""Before the node is asked again after a failure."""


@dataclass(frozen=True, slots=True)
class Told:
    """Something the watcher says."""

    height: int
    dispute_id: int
    number: int
    """The line; 0 where it is about none."""
    text: str
    message: str = ""
    """Type of the message that is sent."""


class Watcher:
    """Follows all open disputes for one bonded worker."""

    def __init__(
        self,
        client: ChainClient,
        reader: ChainReader,
        player: Player,
        compute: Compute,
        sender: Sender,
        operator: bytes,
        params: Params,
        tell: Callable[[Told], None],
        *,
        patience: int = 0,
    ) -> None:
        """`patience` 0: a quarter of the time in which lines may be opened, or of a clock if that is shorter."""
        self._client = client
        self._reader = reader
        self._player = player
        self._compute = compute
        self._sender = sender
        self._operator = operator
        self._params = params
        self._tell = tell
        self._patience = patience or max(2, min(params.clock_blocks, params.open_blocks) // 4)
        self._said: dict[tuple[int, int], str] = {}
        self._retry_at: dict[int, int] = {}

    async def run(self, *, once: bool) -> None:
        """Look at every block, or once, until cancelled."""
        async for block in self._client.follow(0, without_events=True):
            self._reader.height = max(self._reader.height, block.height)
            try:
                await self.look()
            except ClientError as error:
                log.warning("the node cannot be read: %s", error)
                await asyncio.sleep(PAUSE_SECONDS)
            if once:
                return

    async def look(self) -> None:
        """Look at all open disputes and send what is to be sent."""
        self._reader.height = max(self._reader.height, (await self._client.status()).height)
        disputes = await self._reader.open_disputes(MAX_DISPUTES)
        ready: list[tuple[Dispute, Step | DueMove, object]] = []
        for due in await self._reader.moves():
            message = await self._own_move(due)
            if message is not None:
                ready.append((due.dispute, due, message))
        lines = {dispute.dispute_id: await self._reader.lines(dispute.dispute_id) for dispute in disputes}
        prosecuted = {
            UnitKey(dispute.job_id, dispute.attempt, dispute.stage)
            for dispute in disputes
            if any(play.opener == self._operator and _is_open(play) for play in lines[dispute.dispute_id])
        }
        for dispute in disputes:
            for step in await self._steps(dispute, lines[dispute.dispute_id], prosecuted):
                if step.message is None:
                    self._say(dispute.dispute_id, step.number, step.why)
                else:
                    ready.append((dispute, step, step.message))
        await self._send(ready)
        self._forget({dispute.dispute_id for dispute in disputes})

    async def _own_move(self, due: DueMove) -> object | None:
        if self._is_waiting(due.dispute.dispute_id):
            return None
        try:
            return await self._player.message(due)
        except (MoveFailed, ClientError, ShardError, OSError) as error:
            self._wait(due.dispute, str(error))
            return None

    async def _steps(self, dispute: Dispute, lines: Sequence[Play], prosecuted: set[UnitKey]) -> list[Step]:
        """Return what to do in one dispute; nothing if its unit is not to be had now."""
        if self._is_waiting(dispute.dispute_id):
            return []
        found = await self._reader.find_job(dispute.job_id)
        if not lines or found is None or found.job.attempt != dispute.attempt:
            return []
        unit = next((one for one in found.units if one.stage == dispute.stage), None)
        if unit is None:
            return []
        if self._player.model_root != found.job.model_root:
            self._say(dispute.dispute_id, 0, "the unit is of another model than this home's")
            return []
        try:
            return await self._decide(dispute, lines, found.job, unit, prosecuted)
        except (MoveFailed, ClientError, ShardError, OSError) as error:
            self._wait(dispute, str(error))
            return []

    async def _decide(
        self, dispute: Dispute, lines: Sequence[Play], job: Job, unit: Unit, prosecuted: set[UnitKey]
    ) -> list[Step]:
        """Return what to do; a line of our own is enough for all disputes over a unit."""
        ground, key = self._player.ground(job, unit), key_of(unit)
        own, _ = await self._player.archive(job, unit, ground)
        revealed: dict[int, Reveals] = {}
        for play in lines:
            revealed[play.number] = await self._player.reveals(play, ground)
            await self._player.in_pieces(moves.preparing(own, play.line, ground))
        look = Look(
            dispute, lines, revealed, ground, own, self._operator, self._sender.address, self._reader.height,
            self._params, key in prosecuted, self._patience,
        )  # fmt: skip
        steps = await self._compute.call(lambda: watch.decide(look))
        if any(isinstance(step.message, MsgOpenLine | MsgProve) for step in steps):
            prosecuted.add(key)
        return steps

    async def _send(self, ready: list[tuple[Dispute, Step | DueMove, object]]) -> None:
        """Send as many messages as a transaction takes; the others come with the next block."""
        chosen: list[tuple[Dispute, Step | DueMove, object]] = []
        size = 0
        for entry in ready[:MAX_MOVES]:
            size += len(encode(entry[2]))
            if chosen and size > MAX_MOVE_BYTES:
                break
            chosen.append(entry)
        if not chosen:
            return
        for dispute, step, message in chosen:
            number = step.number if isinstance(step, Step) else step.play.number
            why = step.why if isinstance(step, Step) else f"our own move: {step.play.line.round.name}"
            self._say(dispute.dispute_id, number, why, type(message).__name__)
        committed = await self._sender.send([message for _, _, message in chosen])
        self._report(chosen, committed)

    def _report(self, chosen: list[tuple[Dispute, Step | DueMove, object]], committed: Committed) -> None:
        dropped = {item.index: item for item in committed.dropped}
        for index, (dispute, step, message) in enumerate(chosen):
            number = step.number if isinstance(step, Step) else step.play.number
            refused = dropped.get(index)
            code, text = (refused.code, refused.log) if refused is not None else (committed.code, committed.log)
            if code == Code.OK:
                text = f"committed at height {committed.height}"
            else:
                self._retry_at[dispute.dispute_id] = self._reader.height + RETRY_BLOCKS
                text = f"refused with code {code}: {text}"
            self._say(dispute.dispute_id, number, text, type(message).__name__)

    def _is_waiting(self, dispute_id: int) -> bool:
        return self._retry_at.get(dispute_id, 0) > self._reader.height

    def _wait(self, dispute: Dispute, why: str) -> None:
        self._retry_at[dispute.dispute_id] = self._reader.height + RETRY_BLOCKS
        self._say(dispute.dispute_id, 0, f"waiting: {why}")

    def _say(self, dispute_id: int, number: int, text: str, message: str = "") -> None:
        """Say something unless it was the last thing said of a line."""
        key = (dispute_id, number)
        if self._said.get(key) != text + message:
            self._said[key] = text + message
            self._tell(Told(self._reader.height, dispute_id, number, text, message))

    def _forget(self, open_ids: set[int]) -> None:
        """Say that disputes are over, and keep nothing of them."""
        for dispute_id in sorted({key[0] for key in self._said} - open_ids):
            self._tell(Told(self._reader.height, dispute_id, 0, "the dispute is over"))
        self._said = {key: text for key, text in self._said.items() if key[0] in open_ids}
        self._retry_at = {key: height for key, height in self._retry_at.items() if key in open_ids}
        if not open_ids:
            for key in self._player.units:
                self._player.drop(key)


def _is_open(play: Play) -> bool:
    return play.status == PlayStatus.OPEN

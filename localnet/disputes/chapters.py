"""A dispute as parts of a story: who against whom, the rounds, the step, the money, and what became of the job."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from chain.client.client import ChainClient
from chain.client.failures import ClientError, NotFound
from chain.crypto.keys import encode_address, module_address
from chain.errors import Rejected
from chain.modules.disputes.game.line import Ground, ground_of
from chain.modules.disputes.game.shape import SectionKind, UnitShape
from chain.modules.disputes.types import (
    DisputeKind,
    DisputeStatus,
    Line,
    MsgChoose,
    MsgOpenLine,
    MsgPostLazy,
    MsgProve,
    Payment,
    PaymentReason,
    Play,
    PlayStatus,
    Reveal,
    Round,
    Verdict,
)
from chain.modules.disputes.types import Params as Game
from chain.modules.disputes.types import QueryParamsRequest as GameRequest
from chain.modules.disputes.types import QueryParamsResponse as GameResponse
from chain.modules.jobs.state import JOBS, UNITS
from chain.modules.jobs.types import Job, JobStatus, Unit
from chain.modules.rates.rules import loss
from chain.modules.workers.state import WORKERS
from chain.modules.workers.types import QueryWorkersRequest, QueryWorkersResponse, Worker
from localnet.disputes.record import ToldDispute, read_dispute
from localnet.disputes.replay import Move, Replayed, read_moves, replay, round_of
from localnet.disputes.step import explain
from localnet.penalties import tell_penalties
from localnet.proven import NotProven, ProvenState
from localnet.story import Chapter

KINDS = {
    DisputeKind.TRACE: "a drawn checker recomputed the unit and found something else",
    DisputeKind.CHALLENGE: "a worker that was not drawn says that the unit is false",
    DisputeKind.HOP: "what the stage sent is not what it signed",
    DisputeKind.RECEIPT: "the stage signed a receipt that its commitment contradicts",
    DisputeKind.STOP: "the answer ends where it may not",
    DisputeKind.SILENCE: "the stage did not open its seal although a check of it was revealed",
    DisputeKind.WITHHELD: "the stage did not supply the job's ids on demand",
}
ENDS = {
    DisputeStatus.OPEN: "it is open",
    DisputeStatus.REFUTED: "the asserter is convicted",
    DisputeStatus.UPHELD: "the unit stands; the challenger was wrong",
    DisputeStatus.VOID: "the unit could not be computed; whoever made its input is to blame",
    DisputeStatus.UNRESOLVED: "nobody could be convicted",
    DisputeStatus.OPENED: "the seal was opened after all, and being late has its price",
}
REASONS = {
    PaymentReason.FORFEIT: "at least three quarters of it, whoever plays which side",
    PaymentReason.MOVES: "the fees of the winner's moves",
    PaymentReason.WORK: "its honest work in the failed attempt",
    PaymentReason.BOUNTY: "the bounty for finding the fault",
    PaymentReason.REMAINDER: "what nobody could claim",
    PaymentReason.CONFIRMATION: "a checker that confirmed what was refuted",
    PaymentReason.MISMATCH: "a checker that differed from a false unit and was wrong as well",
    PaymentReason.DEPOSIT: "the deposit behind a lost line",
    PaymentReason.LATENESS: "its fee, for a seal that was opened late",
    PaymentReason.REFUND: "back to the requester, up to what the job has cost",
}
TREASURY = module_address("treasury")
LIST_SHOWN = 4
"""Parts of a list that are named one by one."""


@dataclass(frozen=True, slots=True)
class PlayedLine:
    """A line with its moves."""

    play: Play
    replayed: Replayed


class DisputeNarrator:
    """Reads and checks one dispute."""

    def __init__(
        self,
        names: dict[str, str],
        client: ChainClient,
        state: ProvenState,
        chain: bytes,
        word: Callable[[int], str] | None = None,
    ) -> None:
        """`names` maps operators' addresses to what they are called here; `word` gives a token's text."""
        self._names, self._client, self._state, self._chain, self._word = names, client, state, chain, word
        self._senders: dict[str, bytes] = {}

    def name(self, operator: bytes) -> str:
        """Return what a party is called here."""
        if operator == TREASURY:
            return "the treasury"
        address = encode_address(operator)
        return self._names.get(address, address)

    async def _sender(self, address: str) -> str:
        """Return what the sender of a message is called here."""
        if not self._senders:
            answer = await self._client.query(
                "ostraka.workers.v1.Query/Workers", QueryWorkersRequest(limit=1_000), QueryWorkersResponse
            )
            for worker in answer.workers:
                self._senders[encode_address(worker.hot_address)] = worker.operator
                self._senders[encode_address(worker.operator)] = worker.operator
        operator = self._senders.get(address)
        return address if operator is None else self.name(operator)

    async def tell(self, dispute_id: int) -> list[Chapter]:
        """Return all chapters of a dispute. Raises: NotFound, NotProven, ClientError."""
        told = await read_dispute(self._state, dispute_id)
        chapters, game = [self.parties(told)], await self._game()
        try:
            ground = ground_of(told.closed.job, told.closed.unit, told.model.header, self._chain)
        except ValueError:
            ground = None
        lines = [] if ground is None else [await self.played(play, ground) for play in told.closed.lines]
        if not lines:
            chapters.append(self.without_game(told))
        for line in lines:
            assert ground is not None
            chapters.append(await self.rounds(told, line, ground, game))
            if line.replayed.proof is not None:
                chapters.append(self.step(told, line, ground))
        if told.closed.payments or told.closed.dispute.slashed:
            chapters.append(await self.money(told))
        chapters += await tell_penalties(self._client, self._state, self.name, told.closed.dispute.job_id)
        chapters.append(await self.aftermath(told))
        return chapters

    async def _game(self) -> Game | None:
        return (await self._client.query("ostraka.disputes.v1.Query/Params", GameRequest(), GameResponse)).params

    async def played(self, play: Play, ground: Ground) -> PlayedLine:
        """Return a line with its moves, out of the blocks."""
        try:
            posted = await read_moves(self._client, play)
        except NotFound:  # the node has pruned the blocks
            posted = []
        return PlayedLine(play, replay(play, ground, posted))

    def parties(self, told: ToldDispute) -> Chapter:
        """Tell who disputes what."""
        found, unit = told.closed.dispute, told.closed.unit
        chapter = Chapter(
            f"Dispute {found.dispute_id}: {self.name(found.asserter)} against {self.name(found.challenger)}"
        )
        chapter.say(f"{KINDS[found.kind]}; {ENDS[found.status]}")
        chapter.say(
            f"job {found.job_id}, attempt {found.attempt}, stage {found.stage}: layers {unit.start}–{unit.end - 1}, "
            f"run by {self.name(unit.operator)}; opened at height {found.opened_height}"
            + (f", ended at {found.closed_height}" if found.closed_height else f", open until {found.deadline}")
        )
        for who, body, out in (
            (found.asserter, found.asserter_body_root or unit.body_root, found.asserter_out_root),
            (found.challenger, found.challenger_body_root, found.challenger_out_root),
        ):
            shown = [f"{name} {root.hex()[:24]}…" for name, root in (("body_root", body), ("out_root", out)) if root]
            if shown:
                chapter.say(f"{self.name(who)} says {', '.join(shown)}")
        chapter.say(f"frozen while it lasts: {found.frozen:,} uostr of escrow and bonds")
        chapter.say("read from the node's archive" if told.is_archived else "read from state")
        is_different = (found.asserter_body_root or unit.body_root, found.asserter_out_root) != (
            found.challenger_body_root,
            found.challenger_out_root,
        )
        chapter.require(found.kind != DisputeKind.TRACE or is_different, "the two sides say the same")
        return chapter

    @staticmethod
    def without_game(told: ToldDispute) -> Chapter:
        """Tell of a dispute that nobody had to narrow down."""
        chapter = Chapter("No rounds: one message, or the chain itself, settled it")
        if told.closed.dispute.status == DisputeStatus.OPEN:
            chapter.say("it waits, or its game has not begun")
        return chapter

    # The game

    async def rounds(self, told: ToldDispute, line: PlayedLine, ground: Ground, game: Game | None) -> Chapter:
        """Tell the moves of one line."""
        play, made = line.play, line.replayed.moves
        own = "" if len(told.closed.lines) == 1 else f" (line {play.number})"
        chapter = Chapter(f"Rounds{own}: {_end_of(play)}")
        before, total = told.closed.dispute.opened_height if not play.number else 0, 0
        played: list[Round] = []
        for move, after in made:
            label = f"{'':8}"
            if round_of(move) not in played:
                played.append(round_of(move))
                label = "step    " if round_of(move) == Round.STEP else f"round {len(played)} "
            took = (
                f"{move.height - before} block{'s' if move.height - before > 1 else ''}"
                if before
                else "the line begins"
            )
            who = await self._sender(move.message.sender)
            chapter.say(
                f"{label}height {move.height}, {who} {_deed(move, after, ground)}: {move.num_bytes:,} bytes, {took}"
            )
            before, total = move.height, total + move.num_bytes
        if made:
            rounds = len(set(played) - {Round.STEP})
            clock = f" of {game.clock_blocks}" if game is not None else ""
            chapter.say(
                f"{rounds} round{'' if rounds == 1 else 's'}, {len(made)} moves, {total:,} bytes; left on the clocks: "
                f"{play.asserter_left}{clock} blocks of {self.name(told.closed.dispute.asserter)}, "
                f"{play.challenger_left}{clock} of {self.name(play.opener)}"
            )
            chapter.say("every move was replayed by the rules: they lead to the line that state proves")
        chapter.require(line.replayed.is_whole, "the moves in the blocks do not lead to the line that state proves")
        return chapter

    def step(self, told: ToldDispute, line: PlayedLine, ground: Ground) -> Chapter:
        """Tell the one step that the chain recomputed."""
        play, proof = line.play, line.replayed.proof
        assert proof is not None
        chapter = Chapter("The step: one small computation, done by the chain itself")
        try:
            found = explain(play.line, ground, proof.proof)
        except Rejected as error:
            chapter.require(False, f"the proof does not belong to the line: {error}")
            return chapter
        asserter, challenger = self.name(told.closed.dispute.asserter), self.name(play.opener)
        chapter.say(f"{found.place}: {found.operation}")
        if found.token is not None and self._word is not None:
            chapter.say(f"it says how likely the token {self._word(found.token)!r} is to come next")
        chapter.say(f"opened: {_listed(found.sources)}")
        width = max(len(asserter), len(challenger), 9)
        says = found.computed if found.verdict == Verdict.REFUTED else "otherwise"
        chapter.say(f"{asserter:>{width}} committed to {found.claimed}")
        chapter.say(f"{challenger:>{width}} says         {says}")
        chapter.say(f"{'the chain':>{width}} computes     {found.computed}")
        words = {Verdict.REFUTED: f"{asserter} is refuted", Verdict.UPHELD: f"{asserter} was right"}
        chapter.say(f"so {words.get(found.verdict, found.verdict.name)}")
        chapter.require(
            found.verdict == play.verdict, f"recomputed {found.verdict.name}, the chain says {play.verdict.name}"
        )
        return chapter

    # What followed

    async def money(self, told: ToldDispute) -> Chapter:
        """Tell where every unit of a slash went."""
        found, payments = told.closed.dispute, told.closed.payments
        payers = sorted({payment.payer for payment in payments})
        chapter = Chapter(f"Money: {', '.join(map(self.name, payers)) or 'nobody'} pays, to the last unit")
        for payment in payments:
            chapter.say(
                f"{payment.amount:>12,} uostr from {self.name(payment.payer)} to {self.name(payment.recipient)}: "
                f"{REASONS[payment.reason]}"
            )
        slashes = [one for one in payments if one.reason != PaymentReason.DEPOSIT]
        total = sum(one.amount for one in slashes)
        chapter.say(f"{total:>12,} uostr slashed, as the sum of these")
        chapter.require(total == found.slashed, f"the parts sum to {total}, the chain says {found.slashed}")
        if slashes:
            first = slashes[0].payer
            own = [one for one in slashes if one.payer == first and one.reason not in _WHOLE]
            bond = told.closed.unit.terms.bond
            kept = sum(one.amount for one in own if one.recipient == TREASURY)
            chapter.require(sum(one.amount for one in own) <= bond, f"more than S = {bond} was taken")
            chapter.require(
                kept >= loss(sum(one.amount for one in own)), "less than three quarters went to the treasury"
            )
        for payer, height in sorted({(payment.payer, payment.height) for payment in payments}):
            await self._prove_bond(chapter, payer, height, payments)
        return chapter

    async def _prove_bond(self, chapter: Chapter, payer: bytes, height: int, payments: Iterable[Payment]) -> None:
        """Prove a bond before and after; a node that has pruned the height proves nothing."""
        paid = sum(one.amount for one in payments if one.payer == payer and one.height == height)
        try:
            before = await self._state.value(WORKERS, payer, Worker, height - 1)
            after = await self._state.value(WORKERS, payer, Worker, height)
        except (ClientError, NotProven):
            return
        if before is not None and after is not None:
            chapter.say(
                f"bond of {self.name(payer)}: {before.bond:,} at height {height - 1}, {after.bond:,} at height "
                f"{height}: {before.bond - after.bond:,} less, proven; it is {after.status.name}"
            )
            chapter.require(before.bond - after.bond >= paid, f"{self.name(payer)} has paid less than {paid}")

    async def aftermath(self, told: ToldDispute) -> Chapter:
        """Tell what became of the job."""
        found = told.closed.dispute
        job = await self._state.value(JOBS, found.job_id, Job)
        chapter = Chapter(f"The job: {'forgotten by state' if job is None else _end_of_job(job, found.attempt)}")
        if job is None:
            chapter.say(f"`ostrakad query history job {found.job_id} --prove` asks the node's archive")
            return chapter
        if job.attempt > found.attempt:
            excluded = ", ".join(map(self.name, job.excluded))
            chapter.say(
                f"attempt {job.attempt} is paid from the same escrow of {job.escrow:,} uostr, without {excluded}"
            )
            for stage in range(job.num_stages):
                unit = await self._state.value(UNITS, (job.job_id, (job.attempt, stage)), Unit)
                if unit is None:
                    raise NotProven(f"unit {job.job_id}/{job.attempt}/{stage} is not in state")
                chapter.say(f"stage {stage}: {self.name(unit.operator)} runs layers {unit.start}–{unit.end - 1}")
                chapter.require(unit.operator not in job.excluded, f"{self.name(unit.operator)} was convicted before")
        if job.closed_height:
            chapter.say(
                f"ended at height {job.closed_height}: {job.close_reason.name}, "
                f"{job.paid:,} of {job.escrow:,} uostr paid"
            )
        return chapter


_WHOLE = (PaymentReason.CONFIRMATION, PaymentReason.MISMATCH, PaymentReason.LATENESS)
"""Reasons for which the treasury takes everything, beside the S that is divided."""


def _end_of(play: Play) -> str:
    return {
        PlayStatus.OPEN: "under way",
        PlayStatus.WON: "narrowed down, and won",
        PlayStatus.LOST: "narrowed down, and lost",
        PlayStatus.SILENT: "the asserter was silent",
        PlayStatus.ENDED: "decided elsewhere before this line ended",
    }.get(play.status, play.status.name)


def _blocks(count: int) -> str:
    return f"{count} block{'' if count == 1 else 's'}"


def _end_of_job(job: Job, attempt: int) -> str:
    if job.attempt > attempt:
        state = {
            JobStatus.WAITING: "waits for another plan",
            JobStatus.RUNNING: "is run again",
            JobStatus.ASSERTED: "is answered again, and being checked",
            JobStatus.FINAL: "answered again by others, and settled",
            JobStatus.CLOSED: "was run again, and closed",
            JobStatus.DISPUTED: "was run again, and is disputed again",
        }
        return state.get(job.status, job.status.name)
    return {JobStatus.DISPUTED: "its money stands still", JobStatus.FINAL: "settled as it was answered"}.get(
        job.status, job.status.name.lower()
    )


def _listed(parts: tuple[str, ...]) -> str:
    shown = list(dict.fromkeys(parts))
    more = len(shown) - LIST_SHOWN
    return "; ".join(shown[:LIST_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _deed(move: Move, after: Line, ground: Ground) -> str:
    """Say what a move did."""
    message = move.message
    if isinstance(message, MsgProve):
        return f"opens what the step reads: {len(message.proof.openings)} openings"
    if isinstance(message, MsgChoose | MsgOpenLine):
        verb = "chooses" if isinstance(message, MsgChoose) else "opens a line and chooses"
        return f"{verb} the first that differs: {_chosen(after, message.move.round, ground)}"
    verb = "posts in the asserter's place" if isinstance(message, MsgPostLazy) else "reveals"
    return f"{verb} {_shown(message.move, after, ground)}"


def _shown(move: Reveal, line: Line, ground: Ground) -> str:
    count = len(move.digests) // 32
    return {
        Round.SECTIONS: f"the roots of its {count} layers and outputs, the blind and its salt",
        Round.ITEMS: f"{count} {_items(ground.shape, line)}"
        + (f" and {len(move.lazy) // 32} K and V trees" if move.lazy else ""),
        Round.TREE_NODES: f"{count} nodes of the tree",
        Round.NODE_ITEMS: f"{count} positions below the node",
        Round.OPS: f"{count} operators of the item",
        Round.TILE_NODES: f"{count} nodes of tiles",
        Round.TILES: f"{count} tiles of the operator",
        Round.VALUES: f"{len(move.values) // 4} outputs of the linear map",
    }[move.round]


def _items(shape: UnitShape, line: Line) -> str:
    is_rows = shape.section_kind(line.section) == SectionKind.ROWS
    if shape.num_items(line.section) > 256:
        return "nodes of 256 rows" if is_rows else "nodes of 256 outputs"
    return "rows" if is_rows else "outputs"


def _chosen(line: Line, at: Round, ground: Ground) -> str:
    shape = ground.shape
    if at == Round.SECTIONS:
        kind = shape.section_kind(line.section)
        names = {SectionKind.CHECKSUMS: "the checksums of the logits", SectionKind.TOKENS: "the tokens"}
        return names.get(kind, f"the rows after layer {shape.start + line.section}")
    if at == Round.ITEMS and line.tree and not line.item:
        groups = shape.header.num_kv_heads
        return f"the {'keys' if line.tree <= groups else 'values'} of head {(line.tree - 1) % groups}"
    if at in (Round.TREE_NODES, Round.ITEMS) and line.node and not line.item:
        return f"node {line.node - 1}"
    item = shape.item(line.section, line.tree - 1 if line.tree else None, line.item - 1) if line.item else None
    if item is None:
        return "an item"
    if at in (Round.ITEMS, Round.NODE_ITEMS):
        is_output = shape.section_kind(line.section) != SectionKind.ROWS
        return f"{'output' if is_output else 'position'} {item.index}"
    op = shape.op(item, line.op - 1)
    if at == Round.OPS:
        return f"operator {line.op - 1}, {op.name}"
    return f"tile {line.tile - 1}" if line.tile else f"tiles from {256 * (line.tile_node - 1)} on"

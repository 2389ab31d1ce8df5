"""Disputes as they are played in the town: real reveals, choices and proofs of whoever has the turn."""

from typing import TYPE_CHECKING, Any

from chain.modules.disputes import keeper as disputes
from chain.modules.disputes import plays
from chain.modules.disputes.types import (
    Choice,
    Dispute,
    DisputeKind,
    DisputeStatus,
    MsgChoose,
    MsgProve,
    MsgReveal,
    Play,
    PlayStatus,
    Reveal,
    Round,
    Turn,
)
from chain.modules.jobs.types import Job
from inference.disputes import moves
from inference.disputes.archive import Archive
from tests.support.network import Machine

from .contents import LAST, Lie
from .people import BY_ADDRESS, digest
from .strategies import Act, Check, DueSeen
from .town import CHAIN

if TYPE_CHECKING:
    from .life import Life

PLAYED = (DisputeKind.TRACE, DisputeKind.CHALLENGE, DisputeKind.SILENCE)


class Disputing:
    """Both sides of every line, each with its own archive."""

    def __init__(self, life: "Life") -> None:
        self.life = life
        self._shown: dict[tuple[int, int], dict[Round, Reveal]] = {}
        self._seen: set[int] = set()

    def false_roots(self, stage: int) -> tuple[bytes, bytes]:
        """Return what a lying checker says of an honest unit; of the first stage it has nothing that is consistent."""
        if stage == LAST:
            return self.life.town.contents.by_lie[Lie.TOKENS].roots(stage)
        return digest("false body"), digest("false rows")

    def act(self, store: Any, job: Job) -> None:
        """Make the moves that are due in a job's disputes."""
        for dispute in disputes.disputes_of(store, job.job_id):
            if dispute.attempt != job.attempt or dispute.kind not in PLAYED:
                continue
            if dispute.dispute_id not in self._seen:
                self._seen.add(dispute.dispute_id)
                self.life.counts.disputes += 1
            if dispute.status != DisputeStatus.OPEN:
                continue
            for play in plays.plays_of(store, dispute.dispute_id):
                if play.status == PlayStatus.OPEN:
                    self._move(store, dispute, play)

    def _move(self, store: Any, dispute: Dispute, play: Play) -> None:
        is_reveal = play.line.turn == Turn.REVEAL
        who = BY_ADDRESS[dispute.asserter if is_reveal else play.opener]
        life, place = self.life, (dispute.job_id, dispute.attempt, dispute.stage)
        if life.strategy.is_in(who):
            lie = life.truth.get((dispute.job_id, dispute.attempt), Lie.NONE)
            seen = DueSeen(who.name, dispute.job_id, play.deadline - life.town.height - 1, lie)
            if life.strategy.move(seen) != Act.DO:
                return
        shown = self._shown.setdefault((dispute.dispute_id, play.number), {})
        ground = plays.ground(store, CHAIN, dispute)
        if is_reveal:
            bait = None if ground.body_root else life.baits.opening(who, place)
            if bait is not None:
                life.send_alone(who.hot, bait)  # the dispute is about what the baited seal says was true
                return
            asserted = life.content(dispute.job_id, dispute.attempt).asserted[dispute.stage]
            move = shown[play.line.round] = moves.reveal(asserted, play.line, ground, life.running.sealed[place][1])
            life.send_alone(who.hot, MsgReveal(who.hot.bech32, dispute.dispute_id, play.number, move))
            return
        own = self._archive(dispute, who)
        if own is None:
            return
        try:
            answer = moves.next_challenge(own, play.line, ground, shown)
        except (KeyError, ValueError):
            return
        if isinstance(answer, Choice):
            life.send_alone(who.hot, MsgChoose(who.hot.bech32, dispute.dispute_id, play.number, answer))
        elif answer is not None:
            life.send_alone(who.hot, MsgProve(who.hot.bech32, dispute.dispute_id, play.number, answer))

    def _archive(self, dispute: Dispute, who: Machine) -> Archive | None:
        """Return what a challenger plays with; a guess has nothing behind it."""
        place = (dispute.job_id, dispute.attempt, dispute.stage)
        chosen = self.life.checking.committed.get((who.name, place), (Check.COMPUTE,))[0]
        content = self.life.content(dispute.job_id, dispute.attempt)
        if chosen == Check.LIE:
            return self.life.town.contents.by_lie[Lie.TOKENS].asserted[LAST] if dispute.stage == LAST else None
        return content.checked[dispute.stage] if chosen == Check.COMPUTE else None

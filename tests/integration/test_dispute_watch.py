"""A stranger who watches a dispute moves where a side does not, and nowhere else."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from chain.modules.disputes import keeper as disputes
from chain.modules.disputes import plays
from chain.modules.disputes.game.shape import Item, ItemKind
from chain.modules.disputes.types import (
    Choice,
    Dispute,
    DisputeStatus,
    MsgChoose,
    MsgOpenLine,
    MsgPostLazy,
    MsgProve,
    MsgReveal,
    PlayStatus,
    Reveal,
    Round,
    Turn,
)
from inference.disputes import moves, party, watch
from inference.disputes.faults import Fault, MadeUnit
from inference.disputes.model import ModelFiles
from inference.disputes.posted import Posted
from inference.disputes.watch import Look, Step
from inference.models.convert import convert
from tests.support.dispute_network import FAULT, LAST, STRANGER, DisputeNetwork, dispute_network
from tests.support.network import BOND, CHECKERS, SERVERS
from tests.support.tiny_model import TinyShape, write_tiny_model

KEY_FAULT = Fault(Item(ItemKind.KEY, 3, 1, LAST), 3, 0, 9)
"""One value of a key: trees and values are revealed on the way to it."""
PATIENCE = 3
CLOCK = 24


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    work = tmp_path_factory.mktemp("model")
    manifest = convert(write_tiny_model(work / "source", TinyShape(layers=6)), work / "models")
    return ModelFiles(work / "models" / manifest.model_root.hex())


@dataclass
class Watching:
    """A dispute whose sides move or not, and a stranger."""

    net: DisputeNetwork
    dispute: Dispute
    posted: list[Posted] = field(default_factory=list)

    @property
    def now(self) -> Dispute:
        return disputes.dispute(self.net.store, self.dispute.dispute_id)

    def look(self) -> Look:
        net, ground = self.net, self.net.ground(self.dispute)
        lines = tuple(plays.plays_of(net.store, self.dispute.dispute_id))
        revealed = {play.number: party.reveals_of(play, ground, self.posted) for play in lines}
        return Look(
            self.now, lines, revealed, ground, net.job3.checked[self.dispute.stage], STRANGER.address,
            STRANGER.operator.bech32, net.chain.height, plays.params(net.store), False, PATIENCE,
        )  # fmt: skip

    def steps(self) -> list[Step]:
        return watch.decide(self.look())

    def messages(self) -> list[object]:
        return [step.message for step in self.steps() if step.message is not None]

    def reveal(self, number: int = 0) -> None:
        """The asserter moves."""
        who = self.net.machine(self.dispute.asserter).hot
        message = MsgReveal(who.bech32, self.dispute.dispute_id, number, self.net.reveal_of(self.dispute, number))
        self.net.ok(self.net.chain.send(who, message, gas=3_000_000, fee=1_000))
        self.posted.append(message)

    def challenge(self, number: int = 0) -> None:
        """The line's opener moves."""
        play, ground = self.net.play(self.dispute, number), self.net.ground(self.dispute)
        own = self.net.view(self.net.machine(play.opener))[self.dispute.stage]
        move = moves.next_challenge(own, play.line, ground, party.reveals_of(play, ground, self.posted))
        who = self.net.machine(play.opener).hot
        kind = MsgChoose if isinstance(move, Choice) else MsgProve
        message = kind(who.bech32, self.dispute.dispute_id, number, move)  # type: ignore[arg-type]
        self.net.ok(self.net.chain.send(who, message, gas=3_000_000, fee=1_000))

    def send(self, message: object) -> None:
        """The stranger moves."""
        self.net.ok(self.net.chain.send(STRANGER.operator, message, gas=3_000_000, fee=1_000))
        if isinstance(message, MsgReveal | MsgPostLazy):
            self.posted.append(message)

    def wait(self, blocks: int) -> None:
        self.net.chain.run_until(self.net.chain.height + blocks)


@contextmanager
def watching(
    path: Path, model: ModelFiles, fault: tuple[int, Fault] | None, liar: Fault | None = None
) -> Iterator[Watching]:
    with dispute_network(path, model, fault, clock_blocks=CLOCK) as net:
        if liar is not None:
            honest = net.job3.checked[1]
            made = MadeUnit(model, honest.shape, honest.inputs, liar, tuple(honest.rows[1]))
            made.make(is_free=False)
            net.views[CHECKERS[0].name] = [net.job3.checked[0], made, net.job3.checked[2]]
        _, found = net.dispute_job()
        yield Watching(net, found[0])
        net.chain.check_invariants()


def test_while_both_sides_move_a_watcher_does_nothing(tmp_path: Path, model: ModelFiles) -> None:
    with watching(tmp_path, model, (1, FAULT)) as seen:
        said: set[str] = set()
        while seen.net.play(seen.dispute).status == PlayStatus.OPEN:
            steps = seen.steps()
            assert [step.message for step in steps] == [None]
            said |= {step.why for step in steps}
            if seen.net.play(seen.dispute).line.turn == Turn.REVEAL:
                seen.reveal()
            else:
                seen.challenge()
        assert said == {
            "the asserter has revealed nothing yet, and only it can begin",
            "the unit is false; its asserter has to answer, or loses by its clock",
            "the unit is false; its challenger has time to move",
        }


@pytest.mark.parametrize("moves_before", [1, 3, 5])
def test_a_line_of_its_own_finishes_for_a_challenger_that_vanished(
    tmp_path: Path, model: ModelFiles, moves_before: int
) -> None:
    with watching(tmp_path, model, (1, FAULT)) as seen:
        for _ in range(moves_before // 2):
            seen.reveal()
            seen.challenge()
        seen.reveal()
        assert seen.messages() == []
        seen.wait(PATIENCE)
        (message,) = seen.messages()
        assert isinstance(message, MsgOpenLine)
        assert (message.number, message.move.round) == (0, seen.net.play(seen.dispute).line.round)
        seen.send(message)
        assert [step.message for step in seen.steps()] == [None, None]
        while seen.net.play(seen.dispute, 1).status == PlayStatus.OPEN:
            if seen.net.play(seen.dispute, 1).line.turn == Turn.REVEAL:
                seen.reveal(1)
            else:
                seen.challenge(1)
        assert seen.now.status == DisputeStatus.REFUTED
        assert seen.net.play(seen.dispute, 1).status == PlayStatus.WON


def test_a_line_at_its_step_is_proven_in_the_place_of_its_challenger(tmp_path: Path, model: ModelFiles) -> None:
    with watching(tmp_path, model, (1, FAULT)) as seen:
        while seen.net.play(seen.dispute).line.turn != Turn.PROVE:
            seen.reveal()
            seen.challenge()
        assert seen.messages() == []
        seen.wait(PATIENCE)
        (message,) = seen.messages()
        assert isinstance(message, MsgProve)
        seen.send(message)
        assert seen.now.status == DisputeStatus.REFUTED


@pytest.mark.parametrize("wrong", [Round.SECTIONS, Round.OPS])
def test_a_challenger_that_chooses_wrongly_does_not_save_the_asserter(
    tmp_path: Path, model: ModelFiles, wrong: Round
) -> None:
    with watching(tmp_path, model, (1, FAULT)) as seen:
        while True:
            seen.reveal()
            if seen.net.play(seen.dispute).line.round == wrong:
                break
            seen.challenge()
        play, ground = seen.net.play(seen.dispute), seen.net.ground(seen.dispute)
        shown = party.reveals_of(play, ground, seen.posted)
        # The first of the list, which does not differ.
        digests = shown[wrong].digests
        joined = [digests[at : at + 32] for at in range(0, len(digests), 32)]
        siblings = b"".join(moves.open_range(joined, 0, 1))
        who = CHECKERS[0].hot
        choice = Choice(wrong, 0, joined[0], siblings)
        seen.net.ok(seen.net.chain.send(who, MsgChoose(who.bech32, seen.dispute.dispute_id, 0, choice)))
        (message,) = seen.messages()
        assert isinstance(message, MsgOpenLine)
        assert (message.move.round, message.move.index > 0) == (wrong, True)
        seen.send(message)
        assert [step.message for step in seen.steps()] == [None, None]


def test_a_silent_asserter_of_a_right_unit_is_served_to_the_end(tmp_path: Path, model: ModelFiles) -> None:
    with watching(tmp_path, model, None, liar=KEY_FAULT) as seen:
        assert seen.messages() == []
        seen.reveal()
        seen.challenge()
        play = seen.net.play(seen.dispute)
        assert (play.line.round, play.line.turn) == (Round.ITEMS, Turn.REVEAL)
        seen.wait(PATIENCE)
        assert [step.why for step in seen.steps()] == [
            "the unit is right; its list may be posted in the last quarter of the clock"
        ]
        seen.net.chain.run_until(play.deadline - CLOCK // 4)
        (message,) = seen.messages()
        assert isinstance(message, MsgPostLazy)
        seen.send(message)
        assert seen.messages() == []
        seen.challenge(1)
        served: list[Reveal] = []
        while seen.net.play(seen.dispute, 1).status == PlayStatus.OPEN:
            branch = seen.net.play(seen.dispute, 1)
            if branch.line.turn != Turn.REVEAL:
                seen.challenge(1)
                continue
            if branch.line.round == Round.OPS:
                seen.reveal(1)
                continue
            (message,) = seen.messages()
            assert isinstance(message, MsgReveal)
            served.append(message.move)
            seen.send(message)
        assert [move.round for move in served] == [Round.NODE_ITEMS, Round.VALUES]
        seen.net.chain.run_until(seen.net.chain.height + 60)
        assert seen.now.status == DisputeStatus.UPHELD
        assert [seen.net.worker(who).bond for who in (*SERVERS, STRANGER)] == [BOND] * 4
        assert seen.net.worker(CHECKERS[0]).bond < BOND

"""A chain on which real units of a tiny model are asserted, checked and disputed, with the game switched on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from chain.application import TxResult
from chain.crypto import hashing
from chain.crypto.merkle import Kind, leaf, lr
from chain.modules.disputes import keeper as disputes
from chain.modules.disputes import plays
from chain.modules.disputes.game.line import Ground
from chain.modules.disputes.game.reads import Root
from chain.modules.disputes.game.shape import Item, ItemKind, UnitShape
from chain.modules.disputes.types import (
    Choice,
    Dispute,
    MsgChoose,
    MsgOpenLine,
    MsgProve,
    MsgReveal,
    Play,
    PlayStatus,
    Proof,
    Reveal,
    Round,
    Side,
    Turn,
)
from chain.modules.jobs.types import Job, MsgRequestJob, SamplerSpec, Unit
from chain.modules.workers.types import Role
from chain.parameters import LOCALNET, OSTR, ParameterSet
from inference.disputes import moves
from inference.disputes.archive import Archive, Inputs
from inference.disputes.faults import Fault, MadeUnit
from inference.disputes.model import ModelFiles
from tests.support.builders import new_chain, seed
from tests.support.network import (
    BLIND,
    CHECKERS,
    LAYERS,
    MAX_TOKENS,
    PROMPT_TOKENS,
    REQUESTER,
    SERVERS,
    SPARE,
    SPARES,
    TOKENS,
    Machine,
    Network,
)
from tests.support.slashes import move_cost

PROMPT = tuple((7 * at + 3) % 250 for at in range(PROMPT_TOKENS))
CUTS = ((0, 2), (2, 4), (4, 6))
LAST = len(PROMPT) + TOKENS - 2
"""The last position."""
FAULT = Fault(Item(ItemKind.ROW, 3, 0, LAST), 14, 0, 9)
"""A maximum in the fourth layer, at the last position: stage 1 is wrong."""
GAME = {
    "clock_blocks": 24,
    "open_blocks": 16,
    "extension_blocks": 4,
    "moves_per_block": 16,
    "max_lines": 8,
    "max_attempts": 2,
    "witness_blocks": 6,
}
STRANGER = SPARE


@dataclass
class Job3:
    """The units of one job over three stages, one of them with a fault."""

    model: ModelFiles
    fault: tuple[int, Fault] | None
    """Stage and fault."""
    asserted: list[MadeUnit] = field(default_factory=list)
    checked: list[MadeUnit] = field(default_factory=list)

    def __post_init__(self) -> None:
        shape = UnitShape(self.model.header, 0, LAYERS, len(PROMPT), TOKENS, SamplerSpec())
        whole = MadeUnit(self.model, shape, self._inputs(()), None)
        whole.make(is_free=True)
        tokens, given = whole.inputs.tokens, ()
        for stage, (start, end) in enumerate(CUTS):
            wrong = self.fault[1] if self.fault and self.fault[0] == stage else None
            shape = UnitShape(self.model.header, start, end, len(PROMPT), TOKENS, SamplerSpec())
            honest = MadeUnit(self.model, shape, self._inputs(tokens), None, given)
            honest.make(is_free=True)
            liar = honest
            if wrong is not None:
                liar = MadeUnit(self.model, shape, self._inputs(tokens), wrong, given)
                liar.make(is_free=True)
            self.asserted.append(liar)
            self.checked.append(honest)
            given = tuple(liar.rows[end - 1])
        answer = self.asserted[-1].inputs.tokens
        assert answer[:-1] == tokens[:-1], "the fault is not at the last position"
        for unit in (*self.asserted, *self.checked):
            unit.inputs = replace(unit.inputs, tokens=answer)

    @staticmethod
    def _inputs(tokens: tuple[int, ...]) -> Inputs:
        return Inputs(BLIND, seed("sampler"), PROMPT, tokens)


@dataclass
class DisputeNetwork(Network):
    """A network whose units have real contents."""

    job3: Job3 = field(kw_only=True)
    views: dict[str, list[MadeUnit]] = field(default_factory=dict)
    """What a checker computed, where it is not the honest unit."""
    sent: dict[tuple[int, int], list[MsgReveal | MsgChoose | MsgProve | MsgOpenLine]] = field(default_factory=dict)
    """Moves that were taken, by line."""

    def request(self, **changes: Any) -> MsgRequestJob:
        bodies = self.job3.asserted[0].inputs.token_bodies(Root.PROMPT)
        root = lr(Kind.TOKS, [leaf(Kind.TOK, body) for body in bodies])
        self.prompt_root = root
        plain = super().request(prompt_root=root, blind_hash=hashing.blind_hash(BLIND), stop_ids=())
        return replace(plain, max_tokens=MAX_TOKENS, max_escrow=100 * OSTR, **changes)

    def out_root(self, unit: Unit) -> bytes:
        return self._out(self.job3.asserted[unit.stage])

    def body_root(self, unit: Unit) -> bytes:
        return self._body(self.job3.asserted[unit.stage])

    @staticmethod
    def _out(made: Archive) -> bytes:
        last = made.sections()[-1]
        return last if made.shape.is_last else hashing.blinded(BLIND, last)

    @staticmethod
    def _body(made: Archive) -> bytes:
        return hashing.blinded(BLIND, lr(Kind.SEC, made.sections()[:-1]))

    def view(self, who: Machine) -> list[MadeUnit]:
        return self.views.get(who.name, self.job3.checked)

    def roots(self, who: Machine, unit: Unit) -> dict[str, bytes]:
        made = self.view(who)[unit.stage]
        return {"body_root": self._body(made), "out_root": self._out(made)}

    def dispute_job(self) -> tuple[Job, list[Dispute]]:
        """A job that was checked by everybody, with its seals opened as far as they are asked for."""
        job = self.drawn_job()
        units = self.units(job.job_id)
        for who in CHECKERS:
            self.ok(self.chain.send(who.hot, *[self.commit_message(who, one, **self.roots(who, one)) for one in units]))
        self.run_to_phase_end(units[0])
        for who in CHECKERS:
            found = [self.reveal_message(who, one, **self.roots(who, one)) for one in units]
            self.chain.send(who.hot, *found)
        for unit in units:
            if self.check_of(unit).phase.name == "OPEN":
                self.chain.send(self.asserter(unit).hot, self.open_message(unit))
        return self.job(job.job_id), list(disputes.disputes_of(self.store, job.job_id))

    # The game

    def play(self, dispute: Dispute, number: int = 0) -> Play:
        return plays.play(self.store, dispute.dispute_id, number)

    def ground(self, dispute: Dispute) -> Ground:
        return plays.ground(self.store, hashing.chain_hash("test-chain"), dispute)

    def machine(self, operator: bytes) -> Machine:
        return next(who for who in (*SERVERS, *CHECKERS, STRANGER) if who.address == operator)

    def reveal_of(self, dispute: Dispute, number: int = 0) -> Reveal:
        made, unit = self.job3.asserted[dispute.stage], plays.unit_of(self.store, dispute)
        salt = self.salt(self.asserter(unit), unit)
        return moves.reveal(made, self.play(dispute, number).line, self.ground(dispute), salt)

    def step(
        self, dispute: Dispute, shown: dict[Round, Reveal], number: int = 0, who: Machine | None = None
    ) -> TxResult:
        """Make the next move of a line, by the side whose turn it is or by `who`."""
        play = self.play(dispute, number)
        line = play.line
        message: MsgReveal | MsgChoose | MsgProve
        if line.turn == Turn.REVEAL:
            shown[line.round] = self.reveal_of(dispute, number)
            sender = who or self.machine(dispute.asserter)
            message = MsgReveal(sender.hot.bech32, dispute.dispute_id, number, shown[line.round])
            return self.send_move(sender, message)
        sender = who or self.machine(play.opener)
        move = moves.next_challenge(
            self.view(self.machine(play.opener))[dispute.stage], line, self.ground(dispute), shown
        )
        if isinstance(move, Choice):
            message = MsgChoose(sender.hot.bech32, dispute.dispute_id, number, move)
        else:
            assert isinstance(move, Proof)
            message = MsgProve(sender.hot.bech32, dispute.dispute_id, number, move)
        return self.send_move(sender, message)

    def send_move(self, sender: Machine, message: MsgReveal | MsgChoose | MsgProve) -> TxResult:
        """Send a move and keep it if it is taken."""
        sent = self.chain.send(sender.hot, message, gas=3_000_000, fee=1_000)
        if not sent.code:
            self.sent.setdefault((message.dispute_id, message.number), []).append(message)
        return sent

    def open_line(self, who: Machine, dispute: Dispute, choice: Choice) -> Play:
        """Open another line at the first one's reveals."""
        message = MsgOpenLine(who.hot.bech32, dispute.dispute_id, 0, choice)
        self.ok(self.chain.send(who.hot, message))
        opened = list(plays.plays_of(self.store, dispute.dispute_id))[-1]
        self.sent[dispute.dispute_id, opened.number] = [message]
        return opened

    def cost(self, dispute: Dispute, *numbers: int, side: Side = Side.CHALLENGER) -> int:
        """What a side's moves in these lines have cost, in the first one if none is given."""
        kinds = (MsgReveal,) if side == Side.ASSERTER else (MsgChoose, MsgProve, MsgOpenLine)
        lines = [self.sent.get((dispute.dispute_id, number), []) for number in numbers or (0,)]
        return sum(move_cost(one) for line in lines for one in line if isinstance(one, kinds))

    def finish(self, dispute: Dispute, shown: dict[Round, Reveal] | None = None, number: int = 0) -> int:
        """Play a line to its end; return the number of moves."""
        shown = {} if shown is None else shown
        made = 0
        while self.play(dispute, number).status == PlayStatus.OPEN:
            self.ok(self.step(dispute, shown, number))
            made += 1
            assert made < 20
        return made


@contextmanager
def dispute_network(
    path: Path,
    model: ModelFiles,
    fault: tuple[int, Fault] | None,
    *,
    parameters: ParameterSet = LOCALNET,
    **game: int,
) -> Iterator[DisputeNetwork]:
    """Three serving and two checking workers, a stranger with a bond, and the game switched on."""

    def change(app_state: dict[str, Any]) -> None:
        app_state["disputes"] = {"params": {name: str(value) for name, value in (GAME | game).items()}}

    everybody = (*SERVERS, *CHECKERS, STRANGER)
    people = [REQUESTER]
    for who in (*everybody, *SPARES[1:]):
        people += [who.operator, who.hot]
    entry = {"name": "tiny", "header": model.header, "tensor_digests": model.roots[1:]}
    with new_chain(path, keys=people, parameters=parameters, models=[entry], change=change) as chain:
        network = DisputeNetwork(chain, lr(Kind.MODEL, model.roots), model.header, job3=Job3(model, fault))
        chain.run_block([chain.tx(who.operator, who.registration()) for who in everybody])
        for who in SERVERS:
            network.enroll(who, Role.SERVE)
        for who in CHECKERS:
            network.enroll(who, Role.CHECK)
        network.ok(chain.send(REQUESTER, network.three_stages()))
        network.ready()
        yield network

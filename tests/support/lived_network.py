"""A chain whose workers do all their duties by themselves, on jobs with real contents.

    with lived_network(path, pipeline) as net:
        first = net.ask(contents)
        net.live_until_closed([first])

Whoever should be absent, or plays a dispute otherwise, is told so by `absent` and `players`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from chain.application import TxResult
from chain.client.signing import Key
from chain.crypto import hashing, vrf
from chain.crypto.hashing import receipt_bytes
from chain.crypto.keys import sign_ed25519
from chain.crypto.merkle import Kind, leaf, lr
from chain.modules.accounts import keeper as accounts
from chain.modules.disputes import keeper as disputes
from chain.modules.disputes import plays, registry
from chain.modules.disputes.game.line import Ground
from chain.modules.disputes.game.reads import Root
from chain.modules.disputes.types import (
    Choice,
    Dispute,
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
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import JobStatus, MsgRequestJob, Receipt, Unit
from chain.modules.sampling.rules import Look, is_winning
from chain.modules.sampling.types import Duty, DutyKind
from chain.modules.workers import keeper as workers
from chain.modules.workers.types import MsgEnroll, MsgUpdateWorker, Role
from chain.parameters import LOCALNET, OSTR, ParameterSet
from chain.store.codec import encode
from inference.disputes import moves
from inference.disputes.archive import Archive
from tests.support.builders import new_chain
from tests.support.network import BLIND, CHAIN_HASH, CHECKERS, REQUESTER, SERVERS, Machine, Network
from tests.support.planted import Contents, Pipeline

SPARE = Machine("spare server")
"""Serves the whole model and takes over what has failed."""
THIRD = Machine("checker c")
"""Checkers are three: after one was slashed the weights of two would be too unequal."""
STRANGER = Machine("newcomer")
EVERYBODY = (*SERVERS, SPARE, *CHECKERS, THIRD, STRANGER)
BOND = 50_000 * OSTR
VALUE = 3_500_000
"""Declared value: dear enough for every checker to be drawn for every unit."""
MOVES_PER_BLOCK = 12
Move = MsgReveal | MsgChoose | MsgProve
Player = Callable[["LivedNetwork", Dispute, Play], list[object]]
"""What one worker does when it has the turn in a line; nothing is silence."""


@dataclass
class LivedNetwork(Network):
    """A network whose jobs have contents, by job and attempt."""

    pipeline: Pipeline = field(kw_only=True)
    contents: dict[int, Contents] = field(default_factory=dict)
    """Of the first attempts; later ones are honest."""
    absent: set[str] = field(default_factory=set)
    """Workers that do nothing."""
    players: dict[tuple[int, str], Player] = field(default_factory=dict)
    """By job and worker: who plays otherwise than as its own contents say."""
    shown: dict[tuple[int, int], dict[Round, Reveal]] = field(default_factory=dict)
    """Reveals by line."""
    sent: dict[tuple[int, int], list[object]] = field(default_factory=dict)
    """Moves that were taken, by line."""
    refused: list[TxResult] = field(default_factory=list)
    """Moves that were not."""
    is_first_only: bool = True
    """Whether one dispute over a unit is enough for its checkers."""

    @property
    def names(self) -> dict[bytes, str]:
        """Names of everybody, by address."""
        return {who.address: who.name for who in EVERYBODY} | {REQUESTER.address: "requester"}

    # Contents

    def request(self, **changes: Any) -> MsgRequestJob:
        shape = self.pipeline.shape
        bodies = self.pipeline.honest.inputs.token_bodies(Root.PROMPT)
        self.prompt_root = lr(Kind.TOKS, [leaf(Kind.TOK, body) for body in bodies])
        plain = super().request(
            prompt_root=self.prompt_root,
            blind_hash=hashing.blind_hash(BLIND),
            prompt_tokens=shape.prompt_tokens,
            max_tokens=shape.outputs,
            sampler=shape.sampler,
            stop_ids=(),
            value=VALUE,
            max_escrow=1_000 * OSTR,
        )
        return replace(plain, **changes)

    def contents_of(self, unit: Unit) -> Contents:
        if unit.attempt == 0 and unit.job_id in self.contents:
            return self.contents[unit.job_id]
        whole = self.pipeline.honest
        if unit.end - unit.start == self.pipeline.num_layers:
            return Contents((whole,), (whole,))
        return Contents(self.pipeline.units, self.pipeline.units)

    def asserted(self, unit: Unit) -> Archive:
        return self.contents_of(unit).asserted[unit.stage]

    def out_root(self, unit: Unit) -> bytes:
        return _out(self.asserted(unit))

    def body_root(self, unit: Unit) -> bytes:
        return _body(self.asserted(unit))

    def roots(self, who: Machine, unit: Unit) -> dict[str, bytes]:
        made = self.contents_of(unit).view(who.name)[unit.stage]
        return {"body_root": _body(made), "out_root": _out(made)}

    def receipt(self, unit: Unit, tokens: int = 0, /, **changes: Any) -> Receipt:
        root, count = self.out_root(unit), self.pipeline.shape.positions
        plain = Receipt(self.unit_id(unit), unit.revision, count, root, True, b"")
        signed = receipt_bytes(plain.unit, plain.revision, plain.count, plain.root, plain.is_final)
        return replace(plain, signature=sign_ed25519(self.asserter(unit).hot_seed, signed))

    def asserter(self, unit: Unit) -> Machine:
        return machine_of(unit.operator)

    # Sending

    def send_all(self, sends: Iterable[tuple[Key, Sequence[object]]], gas: int = 400_000) -> list[TxResult]:
        """Run one block with a transaction per entry, in this order; `gas` is that of each message."""
        used: dict[bytes, int] = {}
        txs = []
        for key, messages in sends:
            account = accounts.find_account(self.chain.app._below(), key.address)
            sequence = (account.sequence if account else 0) + used.get(key.address, 0)
            used[key.address] = used.get(key.address, 0) + 1
            total = gas * len(messages)
            txs.append(self.chain.tx(key, *messages, sequence=sequence, gas=total, fee=total // 10_000 + 1))
        results = list(self.chain.run_block(txs))
        assert len(results) == len(txs)
        return results

    def ask(self, *contents: Contents | None) -> list[int]:
        """Request a job for each, with these contents in its first attempt, and run until the plans are drawn."""
        first = next(islice(jobs.jobs_before(self.store, (1 << 64) - 1), 1), None)
        self.rest(SPARE)
        (result,) = self.send_all([(REQUESTER, [self.request() for _ in contents])])
        self.ok(result)
        start = first.job_id + 1 if first else 1
        ids = list(range(start, start + len(contents)))
        self.contents |= {job_id: made for job_id, made in zip(ids, contents, strict=True) if made is not None}
        self.chain.run_until(self.chain.height + 2)
        assert all(self.job(job_id).num_stages == len(self.pipeline.stages) for job_id in ids)
        self.wake(SPARE)
        return ids

    def rest(self, who: Machine) -> None:
        """Take a server out of all plans."""
        self.ok(self.chain.send(who.operator, MsgUpdateWorker(who.operator.bech32, "127.0.0.1:1", "", 0, True)))

    def wake(self, who: Machine) -> None:
        """Bring a server back, with a plan of its own."""
        name, layers = who.operator.bech32, self.pipeline.num_layers
        back: list[object] = [MsgUpdateWorker(name, "127.0.0.1:1", "", 0, False)]
        if not self.is_enrolled(who):
            back.append(MsgEnroll(name, self.root, Role.SERVE, 0, layers))
        self.ok(self.chain.send(who.operator, *back))
        self.ok(self.chain.send(who.operator, self.plan_by(who, (who, 0, layers))))

    def is_enrolled(self, who: Machine) -> bool:
        return workers.enrollment(self.store, self.root, Role.SERVE, who.address) is not None

    # Living

    def live(self, blocks: int = 1) -> None:
        """Run blocks in which everybody does what it owes."""
        for _ in range(blocks):
            sends: list[tuple[Key, list[object]]] = []
            if self.chain.height % 2:  # every window is longer
                sends += [(who.hot, batch) for who in EVERYBODY for batch in _batches(self.owed(who))]
            sends += [(key, [move]) for key, move in self.due_moves()]
            results = self.send_all(sends, gas=600_000 if sends else 0)
            for (_, messages), result in zip(sends, results, strict=True):
                self._note(messages[0], result)

    def _note(self, message: object, result: TxResult) -> None:
        if not isinstance(message, Move):
            self.ok(result)
        elif result.code:
            self.refused.append(result)
        else:
            line = (message.dispute_id, message.number)
            self.sent.setdefault(line, []).append(message)
            if isinstance(message, MsgReveal):
                self.shown.setdefault(line, {})[message.move.round] = message.move

    def live_until_closed(self, ids: Sequence[int], most: int = 900) -> None:
        """Live until these jobs are closed."""
        for _ in range(most):
            if all(self.job(job_id).status in (JobStatus.FINAL, JobStatus.CLOSED) for job_id in ids):
                return
            self.live()
        raise AssertionError([self.job(job_id).status.name for job_id in ids])

    def owed(self, who: Machine) -> list[object]:
        """The messages with which a worker does its duties now."""
        if who.name in self.absent:
            return []
        found = [self.act(who, duty) for duty in self.duties(who).duties]
        return [message for message in found if message is not None]

    def act(self, who: Machine, duty: Duty) -> object | None:
        unit, job = duty.unit, duty.job
        if duty.kind == DutyKind.OPEN_EPOCH and duty.epoch_beacon and duty.open_from <= self.chain.height + 1:
            return self.proof_message(who, duty.epoch)
        if unit is None or job is None:
            return None
        if duty.kind == DutyKind.RUN:
            return self.result(unit, self.pipeline.shape.outputs)
        if duty.kind == DutyKind.DRAW and duty.check is not None:
            proof = self.proof_message(who, duty.epoch).proof
            beta = vrf.proof_to_hash(proof)
            look = Look(duty.alpha, duty.rate)
            drawn = is_winning(look, beta, duty.check.unit, duty.weight, duty.check.total_weight)
            return self.commit_message(who, unit, **self.roots(who, unit)) if drawn else None
        if duty.kind == DutyKind.REVEAL:
            return self.reveal_message(who, unit, **self.roots(who, unit))
        return self.open_message(unit) if duty.kind == DutyKind.OPEN else None

    # Disputes

    def disputes_of(self, job_id: int) -> list[Dispute]:
        return list(disputes.disputes_of(self.store, job_id))

    def lines_of(self, dispute: Dispute) -> list[Play]:
        return list(plays.plays_of(self.store, dispute.dispute_id))

    def ground(self, dispute: Dispute) -> Ground:
        return plays.ground(self.store, CHAIN_HASH, dispute)

    def due_moves(self) -> list[tuple[Key, object]]:
        """The moves that everybody makes now, as many as a block takes; of a unit's disputes the first is played."""
        found: list[tuple[Key, object]] = []
        for dispute in self.played():
            for play in self.lines_of(dispute):
                if play.status != PlayStatus.OPEN:
                    continue
                operator = dispute.asserter if play.line.turn == Turn.REVEAL else play.opener
                who = machine_of(operator)
                player = self.players.get((dispute.job_id, who.name), plain_player)
                found += [(who.hot, message) for message in player(self, dispute, play)]
        return found[:MOVES_PER_BLOCK]

    def played(self) -> list[Dispute]:
        """The first open dispute of each unit whose challenger is there, or all of them."""
        found: dict[tuple[int, ...], Dispute] = {}
        for dispute in registry.of_status(self.store, DisputeStatus.OPEN, 0):
            if machine_of(dispute.challenger).name not in self.absent:
                unit = (dispute.job_id, dispute.attempt, dispute.stage)
                found.setdefault(unit if self.is_first_only else (dispute.dispute_id,), dispute)
        return list(found.values())

    def units_of_first(self, job_id: int) -> tuple[Unit, ...]:
        """The units of a job's first attempt."""
        return tuple(jobs.unit(self.store, (job_id, (0, stage))) for stage in range(len(self.pipeline.stages)))

    def unit_of(self, dispute: Dispute) -> Unit:
        return plays.unit_of(self.store, dispute)

    def own(self, dispute: Dispute, name: str) -> Archive:
        """The disputed unit as a worker has it."""
        return self.contents_of(self.unit_of(dispute)).view(name)[dispute.stage]


def plain_player(net: LivedNetwork, dispute: Dispute, play: Play) -> list[object]:
    """Play by what one has: the asserter what it asserted, the challenger what it computed."""
    opener = machine_of(play.opener)
    if opener.name in net.absent and play.line.turn != Turn.REVEAL:
        return []
    return play_as(net, dispute, play, net.own(dispute, opener.name))


def play_as(net: LivedNetwork, dispute: Dispute, play: Play, own: Archive) -> list[object]:
    """Return the move of the side with the turn, with `own` as the challenger's unit."""
    line, number, facts = play.line, play.number, net.ground(dispute)
    if line.turn == Turn.REVEAL:
        who, unit = machine_of(dispute.asserter), net.unit_of(dispute)
        if who.name in net.absent:
            return []
        move = moves.reveal(net.asserted(unit), line, facts, net.salt(who, unit))
        return [MsgReveal(who.hot.bech32, dispute.dispute_id, number, move)]
    sender = machine_of(play.opener).hot.bech32
    shown = net.shown.get((dispute.dispute_id, number), {})
    found = moves.next_challenge(own, line, facts, shown)
    if found is None:
        return []
    if isinstance(found, Choice):
        return [MsgChoose(sender, dispute.dispute_id, number, found)]
    return [MsgProve(sender, dispute.dispute_id, number, found)]


def silent_player(net: LivedNetwork, dispute: Dispute, play: Play) -> list[object]:
    """Do nothing."""
    return []


def machine_of(operator: bytes) -> Machine:
    return next(who for who in EVERYBODY if who.address == operator)


def size_of(messages: Iterable[object]) -> int:
    """Bytes of messages, and of the transactions around them."""
    return sum(len(encode(message)) + 350 for message in messages)


def _batches(messages: list[object], size: int = 30) -> Iterator[list[object]]:
    for at in range(0, len(messages), size):
        yield messages[at : at + size]


def _out(made: Archive) -> bytes:
    last = made.sections()[-1]
    return last if made.shape.is_last else hashing.blinded(BLIND, last)


def _body(made: Archive) -> bytes:
    return hashing.blinded(BLIND, lr(Kind.SEC, made.sections()[:-1]))


@contextmanager
def lived_network(
    path: Path, pipeline: Pipeline, *, parameters: ParameterSet = LOCALNET, **genesis: Any
) -> Iterator[LivedNetwork]:
    """Three serving workers, a spare, three checking ones and a stranger with a bond; one plan of three stages."""
    model = pipeline.model
    people = [REQUESTER]
    for who in EVERYBODY:
        people += [who.operator, who.hot]
    entry = {"name": "tiny", "header": model.header, "tensor_digests": model.roots[1:]}
    with new_chain(
        path, keys=people, balance=1_000_000 * OSTR, parameters=parameters, models=[entry], **genesis
    ) as chain:
        net = LivedNetwork(chain, lr(Kind.MODEL, model.roots), model.header, pipeline=pipeline)
        joined = [(who.operator, [who.registration(bond=BOND)]) for who in EVERYBODY]
        assert not any(result.code for result in net.send_all(joined))
        layers = pipeline.num_layers
        servers = [(who, Role.SERVE) for who in (*SERVERS, SPARE)]
        enrolled = [*servers, *((who, Role.CHECK) for who in (*CHECKERS, THIRD))]
        net.send_all(
            [(who.operator, [MsgEnroll(who.operator.bech32, net.root, role, 0, layers)]) for who, role in enrolled]
        )
        cuts = [(who, start, end) for who, (start, end) in zip(SERVERS, pipeline.stages, strict=True)]
        net.ok(chain.send(REQUESTER, net.plan_message(*cuts)))
        net.ready()
        yield net

"""Mutated and random dispute messages: each is refused by its code and changes nothing, or is a legal move; whatever
everybody does, the dispute ends, money adds up, and the same blocks give the same state again."""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chain.errors import Code, Rejected
from chain.modules.disputes.game import line as game
from chain.modules.disputes.game.shape import Item, ItemKind, UnitShape
from chain.modules.disputes.state import CLOCKS, DEADLINES, DISPUTES, OPEN_OF, PLAYS
from chain.modules.disputes.types import (
    Choice,
    Dispute,
    MsgOpenLine,
    MsgPostLazy,
    MsgProve,
    MsgReveal,
    Opening,
    Play,
    PlayStatus,
    Proof,
    Reveal,
    Round,
    Turn,
)
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import JobStatus, SamplerSpec
from chain.modules.workers import keeper as workers
from inference.disputes import moves
from inference.disputes.faults import Fault
from inference.disputes.model import ModelFiles
from inference.models.convert import convert
from tests.support.builders import Chain
from tests.support.lived_network import (
    EVERYBODY,
    STRANGER,
    LivedNetwork,
    lived_network,
    plain_player,
)
from tests.support.network import CHECKERS, REQUESTER, SERVERS, short
from tests.support.planted import Pipeline, lying_asserters, lying_checker
from tests.support.tiny_model import TinyShape, write_tiny_model

PROMPT = tuple((7 * at + 3) % 250 for at in range(8))
OUTPUTS = 3
LAST = len(PROMPT) + OUTPUTS - 2
REFUSALS = {
    Code.UNKNOWN_WORKER,
    Code.UNKNOWN_DISPUTE,
    Code.UNKNOWN_LINE,
    Code.NOT_YOUR_TURN,
    Code.NOT_YOUR_LINE,
    Code.WRONG_ROUND,
    Code.REVEAL_INVALID,
    Code.CHOICE_INVALID,
    Code.PROOF_INVALID,
    Code.LINE_OVER,
    Code.CLOCK_OUT,
    Code.TOO_EARLY,
    Code.TOO_MANY_MOVES,
    Code.TOO_MANY_LINES,
    Code.LINES_CLOSED,
    Code.UNAUTHORIZED,
    Code.OUT_OF_GAS,
    Code.TX_TOO_LARGE,
    Code.INVALID_ADDRESS,
}
"""What a mutated move may be refused by; anything else would be a bug."""


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    work = tmp_path_factory.mktemp("model")
    shape = TinyShape(layers=5, hidden=64, heads=2, kv_heads=1, inner=1088, vocabulary=300, head_size=32)
    manifest = convert(write_tiny_model(work / "source", shape), work / "models")
    model = ModelFiles(work / "models" / manifest.model_root.hex())
    unit = UnitShape(model.header, 0, model.header.num_layers, len(PROMPT), OUTPUTS, SamplerSpec())
    return Pipeline(model, ((0, 2), (2, 4), (4, 5)), unit, PROMPT)


def _fault(pipeline: Pipeline, name: str) -> Fault:
    shape = pipeline.part(1)
    item = Item(ItemKind.ROW, shape.end - 1, 0, LAST)
    return Fault(item, max(at for at, op in enumerate(shape.ops(item)) if op.name == name), 0, 3)


# Mutation


def mutated(random: Random, value: Any) -> Any:
    """A message with one of its parts changed, however deep."""
    if is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in fields(value) if field.name != "sender"]
        name = random.choice(names)
        return replace(value, **{name: mutated(random, getattr(value, name))})
    if isinstance(value, bytes):
        return _other_bytes(random, value)
    if isinstance(value, tuple):
        return _other_tuple(random, value)
    if isinstance(value, Round):
        return random.choice(list(Round))
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return random.choice((0, value + 1, max(0, value - 1), value + 256, (1 << 32) - 1, (1 << 63), (1 << 64) - 1))
    if value is None:
        return value
    return value


def _other_bytes(random: Random, value: bytes) -> bytes:
    at = random.randrange(len(value)) if value else 0
    flipped = value[:at] + bytes((value[at] ^ 1 << random.randrange(8),)) + value[at + 1 :] if value else b"\x01"
    return random.choice(
        (flipped, value[:-1], value + b"\0", value[32:], value + bytes(32), b"", value * 2, bytes(20_000))
    )


def _other_tuple(random: Random, value: tuple[Any, ...]) -> tuple[Any, ...]:
    if not value:
        return (Opening((bytes(32),)),)
    at = random.randrange(len(value))
    return random.choice(
        (
            (*value[:at], mutated(random, value[at]), *value[at + 1 :]),
            (*value[:at], *value[at + 1 :]),
            (*value, value[at]),
            value[::-1],
            (),
        )
    )


def noise(random: Random, net: LivedNetwork, right: Any, sent: list[Any]) -> Iterator[tuple[Any, Any]]:
    """(key, message): moves that are not the right one, by anybody."""
    people = [who.hot for who in EVERYBODY] + [REQUESTER]
    for _ in range(12):
        key = random.choice(people)
        yield key, replace(mutated(random, right), sender=key.bech32)
    mover = next(who.hot for who in EVERYBODY if who.hot.bech32 == right.sender)
    for _ in range(10):
        yield mover, replace(mutated(random, right), sender=mover.bech32)
    yield STRANGER.hot, replace(right, sender=mover.bech32)  # in another's name
    if sent:
        again = random.choice(sent)
        yield next(who.hot for who in EVERYBODY if who.hot.bech32 == again.sender), again
    yield STRANGER.hot, MsgOpenLine(STRANGER.hot.bech32, right.dispute_id, right.number, _choice(random))
    shown = Reveal(random.choice(list(Round)), random.randbytes(32 * random.randrange(30)))
    yield STRANGER.hot, MsgPostLazy(STRANGER.hot.bech32, right.dispute_id, right.number, shown)
    yield STRANGER.hot, MsgProve(STRANGER.hot.bech32, right.dispute_id, right.number, Proof((), 0))


def _choice(random: Random) -> Choice:
    siblings = random.randbytes(32 * random.randrange(20))
    return Choice(random.choice(list(Round)), random.randrange(300), random.randbytes(32), siblings)


def _standing(net: LivedNetwork) -> tuple[object, ...]:
    """Everything that a refused message may not change."""
    store = net.store
    return (
        list(DISPUTES.items(store)),
        list(PLAYS.items(store)),
        list(CLOCKS.keys(store)),
        list(DEADLINES.keys(store)),
        list(OPEN_OF.keys(store)),
        list(workers.workers(store)),
    )


@settings(
    max_examples=3, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(seed=st.integers(0, 1 << 32), name=st.sampled_from(["U", "OL", "out", "W_1"]))
def test_a_mutated_move_is_refused_by_its_code_and_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, pipeline: Pipeline, seed: int, name: str
) -> None:
    random = Random(seed)
    contents = lying_asserters(pipeline, _fault(pipeline, name))
    with lived_network(tmp_path_factory.mktemp("node"), pipeline) as net:
        (job_id,) = net.ask(contents)
        while not net.disputes_of(job_id):
            net.live()
        dispute, sent = net.disputes_of(job_id)[0], list[Any]()
        while net.lines_of(dispute)[0].status == PlayStatus.OPEN:
            (right,) = plain_player(net, dispute, net.lines_of(dispute)[0])
            attempts = [one for one in noise(random, net, right, sent) if not _is_legal(one[1], right, sent)]
            before = _standing(net)
            results = net.send_all([(key, [message]) for key, message in attempts], gas=3_000_000)
            for (_, message), result in zip(attempts, results, strict=True):
                assert Code(result.code) in REFUSALS, f"{Code(result.code).name} {message!r:.500} {result.log}"
            assert _standing(net) == before
            key = next(who.hot for who in EVERYBODY if who.hot.bech32 == right.sender)
            (result,) = net.send_all([(key, [right])], gas=3_000_000)
            net._note(right, result)
            assert not result.code, result.log
            sent.append(right)
        net.chain.check_invariants()
        for message in sent:  # after the end nothing of it counts any more
            key = next(who.hot for who in EVERYBODY if who.hot.bech32 == message.sender)
            assert net.code(net.chain.send(key, message, gas=3_000_000, fee=301)) == Code.LINE_OVER
        net.live_until_closed([job_id])
        net.chain.check_invariants()


def _is_legal(message: Any, right: Any, sent: list[Any]) -> bool:
    """The right move under another name or unchanged: anybody may post what is bound already, or prove."""
    same = replace(message, sender=right.sender)
    if same == right or (isinstance(message, MsgReveal) and message.move == getattr(right, "move", None)):
        return True
    if isinstance(message, MsgReveal) and isinstance(right, MsgReveal):
        one, two = message.move, right.move
        if one.bare and two.bare:  # where the seal is open already, the salt does not matter any more
            one, two = (replace(move, bare=replace(move.bare, salt=b"")) for move in (one, two) if move.bare)
        if len(one.lazy) == len(two.lazy):  # its own K and V roots bind the asserter from this message on
            one, two = replace(one, lazy=b""), replace(two, lazy=b"")
        if one.round == two.round == Round.OPS and len(one.digests) == len(two.digests):  # and so do these
            return True
        return one == two
    return False


# Anything at all


def unreliable(random: Random) -> Callable[[LivedNetwork, Dispute, Play], list[object]]:
    """Somebody who mostly moves rightly, sometimes not, and now and then falls silent for good."""
    silent: set[tuple[int, int, Turn]] = set()

    def play(net: LivedNetwork, dispute: Dispute, line: Play) -> list[object]:
        key = (dispute.dispute_id, line.number, line.line.turn)
        mood = random.random()
        if key in silent or mood < 0.04:
            silent.add(key)
            return []
        found = plain_player(net, dispute, line)
        if found and mood < 0.25:
            return [mutated(random, found[0])]
        return found

    return play


def opening(net: LivedNetwork, random: Random) -> None:
    """A stranger that now and then opens a line at some recorded reveal, with whatever choice."""
    for dispute in net.played():
        line = random.choice(net.lines_of(dispute))
        shown = net.shown.get((dispute.dispute_id, line.number), {})
        if not shown or random.random() > 0.15:
            continue
        at = random.choice(list(shown))
        try:
            branch = game.branch(line.line, at)
        except Rejected:
            continue
        choice = moves.choose(net.own(dispute, STRANGER.name), branch, net.ground(dispute), shown)
        if choice is None:
            continue
        message = MsgOpenLine(STRANGER.hot.bech32, dispute.dispute_id, line.number, choice)
        result = net.chain.send(STRANGER.hot, message, gas=3_000_000, fee=301)
        assert result.code != Code.INTERNAL, result.log
        if not result.code:
            new = net.lines_of(dispute)[-1].number
            net.shown[dispute.dispute_id, new] = {one: move for one, move in shown.items() if one <= at}


@settings(
    max_examples=3, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(seed=st.integers(0, 1 << 32))
def test_whatever_everybody_does_disputes_end_money_adds_up_and_blocks_replay(
    tmp_path_factory: pytest.TempPathFactory, pipeline: Pipeline, seed: int
) -> None:
    random = Random(seed)
    path = tmp_path_factory.mktemp("node")
    names = ["U", "OL", "R", "Z_0", "GU"]
    made = [lying_asserters(pipeline, _fault(pipeline, random.choice(names))) for _ in range(2)]
    made += [lying_checker(pipeline, CHECKERS[0].name, _fault(pipeline, random.choice(names))) for _ in range(2)]
    brief = short(jobs={"receipt_blocks": 10}, sampling={"proof_blocks": 60})
    with lived_network(path / "first", pipeline, parameters=brief) as net:
        net.is_first_only = bool(random.getrandbits(1))
        ids = net.ask(*made)
        for job_id in ids:
            for who in (*SERVERS, *CHECKERS, STRANGER):
                net.players[job_id, who.name] = unreliable(random)
        for _ in range(1_200):
            if _are_over(net, ids):
                break
            net.live()
            opening(net, random)
            if net.chain.height % 5 == 0:
                net.chain.check_invariants()
        assert _are_over(net, ids)
        assert not [result for result in net.refused if result.code == Code.INTERNAL]
        assert not list(CLOCKS.keys(net.store))
        assert not list(OPEN_OF.keys(net.store))
        net.chain.check_invariants()
        net.live(240)  # until the proofs are in and the receipts are old
        assert {key for key, _ in net.store.iterate("disputes", b"", None)} <= KEPT
        net.chain.check_invariants()
        settings = {"sync": False, "keep": 3}  # a node that keeps next to nothing, and stops on the way
        again = Chain(path / "second", net.chain.genesis, net.chain.accounts, net.chain.validators, settings)
        try:
            for block in net.chain.blocks:
                if block.height == net.chain.height // 2:
                    again.restart()
                again.decide(block)
            assert again.app_hashes == net.chain.app_hashes
        finally:
            again.app.close()


def _status(net: LivedNetwork, job_id: int) -> JobStatus | None:
    found = jobs.find_job(net.store, job_id)
    return None if found is None else found.status


def _are_over(net: LivedNetwork, ids: list[int]) -> bool:
    return all(_status(net, job_id) in (None, JobStatus.FINAL, JobStatus.CLOSED) for job_id in ids)


KEPT = {b"next", b"params", b"pauses"}
"""What stays in the module's state when no dispute is left in it."""

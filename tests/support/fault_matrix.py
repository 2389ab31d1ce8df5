"""The fault matrix: which faults are planted, who is to pay for each, and whether the chain came to that.

One wrong tile per job, whatever follows from it right: only that step can be refuted. Who lies, and who plays the
challenger's moves in what manner, is the case's `Kind`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from chain.crypto.merkle import open_below, open_range
from chain.modules.disputes import registry
from chain.modules.disputes.game import line as game
from chain.modules.disputes.game import reads
from chain.modules.disputes.game.line import item_of
from chain.modules.disputes.game.shape import Item, ItemKind, Op, OpKind
from chain.modules.disputes.game.steps import Step
from chain.modules.disputes.types import (
    Choice,
    Dispute,
    DisputeStatus,
    Line,
    MsgChoose,
    MsgOpenLine,
    MsgProve,
    MsgReveal,
    PaymentReason,
    Play,
    PlayStatus,
    Proof,
    Reveal,
    Round,
    Turn,
    Verdict,
)
from chain.modules.jobs.types import JobStatus
from inference.disputes import moves
from inference.disputes.faults import Fault
from inference.disputes.prover import Prover, split
from tests.support.lived_network import STRANGER, LivedNetwork, machine_of, plain_player, play_as, size_of
from tests.support.network import CHECKERS, SERVERS
from tests.support.planted import Contents, Pipeline, lying_asserters, lying_checker
from tests.support.slashes import by_reason, move_cost, parts_of_bond, price_of

LIAR = CHECKERS[0].name
"""The checker that lies, or is a puppet."""
NUM_CHECKERS = 3


class Kind(StrEnum):
    """Who lies, and how the challenger's moves are made."""

    FALSE_UNIT = "false unit"
    LYING_CHECKER = "lying checker"
    LUCKY = "puppet: right moves, wrong reasons"
    TRAITOR = "puppet: loses on purpose"
    GARBAGE = "puppet: posts garbage"


@dataclass(frozen=True, slots=True)
class Case:
    """One fault in one job."""

    stage: int
    fault: Fault
    kind: Kind
    label: str
    """Operator and kind of item."""
    place: str
    """Position and tile: first, middle or last."""


@dataclass(slots=True)
class Outcome:
    """What became of a case."""

    case: Case
    is_planted: bool
    """Whether the fault changed a row, a checksum or a token."""
    is_detected: bool = False
    is_right: bool = False
    """Exactly the guilty were convicted, at the planted step."""
    is_exact: bool = False
    """Every uostr went where sampling.md says."""
    is_answered: bool = False
    """The job was run again if it had to be, and paid."""
    rounds: int = 0
    bytes: int = 0
    honest_slashed: int = 0
    detail: str = ""


# Which faults


def places(count: int) -> dict[int, str]:
    """First, middle and last of `count`."""
    names: dict[int, str] = {}
    for at, name in ((0, "first"), (count // 2, "middle"), (count - 1, "last")):
        names.setdefault(at, name)
    return names


def item_places(pipeline: Pipeline, positions: Mapping[int, str], stage: int) -> Iterator[tuple[Item, str]]:
    """Every kind of item that a stage computes, at these positions; outputs at first, middle and last."""
    start, end = pipeline.stages[stage]
    for position, name in positions.items():
        for kind in (ItemKind.ROW, ItemKind.KEY, ItemKind.VALUE):
            yield Item(kind, end - 1 if kind == ItemKind.ROW else start, 0, position), name
    if end == pipeline.num_layers:
        for output, name in places(pipeline.shape.outputs).items():
            for kind in (ItemKind.CHECKSUM, ItemKind.TOKEN):
                yield Item(kind, pipeline.num_layers, 0, output), name


def label_of(op: Op, item: Item) -> str:
    """An operator's name without its head."""
    return f"{op.name.split('_')[0]} of {item.kind.name.lower()}"


def cases(
    pipeline: Pipeline, kind: Kind, positions: Mapping[int, str], *, only_outputs: bool = False
) -> Iterator[Case]:
    """Every operator kind of every stage at these positions, in its first, middle and last tile.

    Where it is the checker that is not honest the first tile is enough: that is not about arithmetic.
    """
    for stage in range(len(pipeline.stages)):
        shape = pipeline.part(stage)
        for item, at in item_places(pipeline, positions, stage):
            if only_outputs and item.layer < pipeline.num_layers:
                continue
            for index in range(shape.num_ops(item) + 1):
                op = shape.op(item, index)
                label = label_of(op, item)
                if op.head:
                    continue  # the same operator as of head 0
                for tile, name in places(op.num_tiles).items():
                    if tile and kind != Kind.FALSE_UNIT:
                        break
                    yield Case(stage, Fault(item, index, tile, 11 * index + tile), kind, label, f"{at}, {name}")


# Who has what


def contents_of(pipeline: Pipeline, case: Case) -> tuple[Contents, bool]:
    """What the parties have, and whether the fault shows in a commitment."""
    if case.kind == Kind.LYING_CHECKER:
        made = lying_checker(pipeline, LIAR, case.fault)
        return made, made.view(LIAR)[case.stage].sections() != made.checked[case.stage].sections()
    made = lying_asserters(pipeline, case.fault)
    shows = made.asserted[case.stage].sections() != made.checked[case.stage].sections()
    if case.kind == Kind.LUCKY and shows:
        made.views[LIAR] = _with_another_lie(pipeline, made, case)
    return made, shows


def _with_another_lie(pipeline: Pipeline, made: Contents, case: Case) -> tuple[object, ...]:
    """The view of a checker that is wrong too, and elsewhere: its last row is altered."""
    shape = pipeline.part(case.stage)
    item = Item(ItemKind.ROW, shape.start, 0, shape.positions - 1)
    fault = Fault(item, shape.num_ops(item), 0, 5)
    whole = pipeline.faulty(case.fault)
    wrong = pipeline.checked(whole, case.stage, min(pipeline.position(case.fault.item), item.index), fault)
    return (*made.checked[: case.stage], wrong, *made.checked[case.stage + 1 :])


# How the challenger plays


def play_luckily(net: LivedNetwork, dispute: Dispute, play: Play) -> list[object]:
    """Make the honest checker's moves, whatever was committed to."""
    return play_as(net, dispute, play, net.contents_of(net.unit_of(dispute)).checked[dispute.stage])


def play_to_lose(net: LivedNetwork, dispute: Dispute, play: Play) -> list[object]:
    """Choose what is equal as soon as anything is, and prove that it is right."""
    line, shown = play.line, net.shown.get((dispute.dispute_id, play.number), {})
    if line.turn == Turn.REVEAL or play.opener != dispute.challenger:
        return plain_player(net, dispute, play)
    sender, unit = machine_of(play.opener).hot.bech32, net.unit_of(dispute)
    honest, asserted = net.contents_of(unit).checked[dispute.stage], net.asserted(unit)
    facts = net.ground(dispute)
    if line.turn == Turn.CHOOSE:
        right = moves.choose(honest, line, facts, shown)
        move = right if right is not None and not right.index else _first_choice(line, shown)
        return [MsgChoose(sender, dispute.dispute_id, play.number, move)]
    item, index = item_of(line, facts), line.op - 1
    op, prover = facts.shape.op(item, index), Prover(asserted, line, facts, shown)
    step = Step(facts.shape, facts.seed, line.blind, item, index, max(line.tile - 1, 0), prover)
    element = max(line.tile - 1, 0) * op.tile if op.kind == OpKind.LINEAR else 0
    if op.kind == OpKind.LINEAR:
        prover.take(reads.tiles(facts.shape, item, index, element // op.tile))
        step.element(element)
    else:
        step.record()
    proof = Proof(tuple(prover.openings), element)
    if game.judge(line, facts, proof) != Verdict.UPHELD:
        return plain_player(net, dispute, play)  # everything on the way differed: this line cannot be lost by moves
    return [MsgProve(sender, dispute.dispute_id, play.number, proof)]


def play_last(net: LivedNetwork, dispute: Dispute, play: Play) -> list[object]:
    """Prove nothing before the puppet's line is lost."""
    is_lost = net.lines_of(dispute)[0].status != PlayStatus.OPEN
    return plain_player(net, dispute, play) if is_lost or play.line.turn != Turn.PROVE else []


def _first_choice(line: Line, shown: dict[Round, Reveal]) -> Choice:
    """The first of what was revealed."""
    revealed = shown[line.round]
    listed = split(revealed.lazy or revealed.digests)
    is_below = (line.round == Round.NODE_ITEMS and line.node) or (line.round == Round.TILES and line.tile_node)
    siblings = open_below(listed, 0, 1, 2) if is_below else open_range(listed, 0, 1)
    return Choice(line.round, 0, listed[0], b"".join(siblings))


def play_garbage(net: LivedNetwork, dispute: Dispute, play: Play) -> list[object]:
    """Send what is refused, and then be silent."""
    line, number = play.line, play.number
    if line.turn == Turn.REVEAL or play.opener != dispute.challenger:
        return plain_player(net, dispute, play)
    sender, noise = machine_of(play.opener).hot.bech32, b"\xa5" * 32
    if len(net.refused) % 3 == 2:
        return []
    return [
        MsgChoose(sender, dispute.dispute_id, number, Choice(line.round, 1 << 40, noise, noise * 40)),
        MsgProve(sender, dispute.dispute_id, number, Proof((), 1 << 50)),
    ]


PLAYERS = {Kind.LUCKY: play_luckily, Kind.TRAITOR: play_to_lose, Kind.GARBAGE: play_garbage}


# Running


def run_batch(net: LivedNetwork, planted: Sequence[tuple[Case, Contents]]) -> list[Outcome]:
    """Run these cases side by side and judge them."""
    before = {who.name: net.worker(who).bond for who in (*SERVERS, *CHECKERS, STRANGER)}
    ids = net.ask(*(contents for _, contents in planted))
    for job_id, (case, _) in zip(ids, planted, strict=True):
        if case.kind in PLAYERS:
            net.players[job_id, LIAR] = PLAYERS[case.kind]
        if case.kind == Kind.TRAITOR:
            net.players[job_id, STRANGER.name] = play_last
    opened: set[int] = set()
    for _ in range(900):
        if all(net.job(job_id).status in (JobStatus.FINAL, JobStatus.CLOSED) for job_id in ids):
            break
        net.live()
        for job_id, (case, _) in zip(ids, planted, strict=True):
            if case.kind in PLAYERS and case.kind != Kind.LUCKY and job_id not in opened and _help(net, job_id):
                opened.add(job_id)
    net.chain.check_invariants()
    outcomes = [judge(net, job_id, case) for job_id, (case, _) in zip(ids, planted, strict=True)]
    lost = {name: held - net.worker(_named(name)).bond for name, held in before.items()}
    owed = dict.fromkeys(lost, 0)
    for job_id, outcome in zip(ids, outcomes, strict=True):
        for name in guilty(net, job_id, outcome.case):
            owed[name] += net.units_of_first(job_id)[outcome.case.stage].terms.bond
    for name, amount in lost.items():
        if amount != owed[name]:
            outcomes[0].honest_slashed += abs(amount - owed[name])
            outcomes[0].detail += f" {name} lost {amount} instead of {owed[name]}"
    return outcomes


def _named(name: str) -> object:
    return next(who for who in (*SERVERS, *CHECKERS, STRANGER) if who.name == name)


def _help(net: LivedNetwork, job_id: int) -> bool:
    """Let a stranger open the right line in the dispute of a puppet, once there is something to choose from."""
    for dispute in net.disputes_of(job_id):
        shown = net.shown.get((dispute.dispute_id, 0), {})
        if machine_of(dispute.challenger).name != LIAR or Round.SECTIONS not in shown:
            continue
        if dispute.status != DisputeStatus.OPEN:
            return True
        line, facts = net.lines_of(dispute)[0].line, net.ground(dispute)
        honest = net.contents_of(net.unit_of(dispute)).checked[dispute.stage]
        choice = moves.choose(honest, game.branch(line, Round.SECTIONS), facts, shown)
        assert choice is not None
        message = MsgOpenLine(STRANGER.hot.bech32, dispute.dispute_id, 0, choice)
        net.ok(net.chain.send(STRANGER.hot, message))
        new = net.lines_of(dispute)[-1].number
        net.shown[dispute.dispute_id, new] = {Round.SECTIONS: shown[Round.SECTIONS]}
        net.sent[dispute.dispute_id, new] = [message]
        return True
    return False


# Judging


def guilty(net: LivedNetwork, job_id: int, case: Case) -> tuple[str, ...]:
    """Who has to lose S of the unit: whoever is wrong about it, and a checker that lost its line on purpose."""
    asserter = machine_of(net.units_of_first(job_id)[case.stage].operator).name
    if case.kind == Kind.LYING_CHECKER:
        return (LIAR,)
    return (asserter, LIAR) if _has_lost(net, job_id) else (asserter,)


def _has_lost(net: LivedNetwork, job_id: int) -> bool:
    firsts = [net.lines_of(dispute)[0] for dispute in net.disputes_of(job_id)]
    return any(line.status == PlayStatus.LOST and machine_of(line.opener).name == LIAR for line in firsts)


def judge(net: LivedNetwork, job_id: int, case: Case) -> Outcome:
    """Compare what happened with what had to."""
    outcome, job = Outcome(case, True), net.job(job_id)
    found = [one for one in net.disputes_of(job_id) if (one.attempt, one.stage) == (0, case.stage)]
    outcome.is_detected = bool(found)
    others = [one for one in net.disputes_of(job_id) if one not in found]
    payments = [
        one for dispute in net.disputes_of(job_id) for one in registry.payments_of(net.store, dispute.dispute_id)
    ]
    punished = {machine_of(one.payer).name for one in payments if one.reason != PaymentReason.DEPOSIT}
    expected = set(guilty(net, job_id, case))
    outcome.honest_slashed = sum(one.amount for one in payments if machine_of(one.payer).name not in expected)
    line = _deciding_line(net, found, case)
    if line is not None and (line.dispute_id, line.number) not in net.sent:
        outcome.detail += f" decided without moves: {[(one.status.name, one.challenger.hex()) for one in found]}"
        outcome.detail += (
            f" {[(one.dispute_id, one.number, one.status.name) for d in found for one in net.lines_of(d)]}"
        )
    elif line is not None:
        facts = net.ground(found[0])
        at = (item_of(line.line, facts), line.line.op - 1)
        is_there = at == (case.fault.item, case.fault.op) and max(line.line.tile - 1, 0) in (case.fault.tile, 0)
        outcome.is_right = punished == expected and is_there and not others
        key = (line.dispute_id, line.number)
        sent = net.sent.get(key, [])
        outcome.rounds = sum(isinstance(one, MsgReveal) for one in sent) + isinstance(sent[0], MsgOpenLine)
        outcome.bytes = size_of(sent)
        sums: dict[PaymentReason, int] = {}
        for one in payments:
            sums[one.reason] = sums.get(one.reason, 0) + one.amount
        wanted = expected_payments(net, job_id, case, line)
        outcome.is_exact = {reason: amount for reason, amount in sums.items() if amount} == wanted
        if not outcome.is_exact:
            outcome.detail += f" paid {sums}, expected {wanted}"
        if not outcome.is_right:
            outcome.detail += f" punished {punished} of {expected}, at {at}"
    else:
        outcome.detail += f" undecided: {[(one.status.name, one.challenger.hex()) for one in found]}"
    attempts = 0 if case.kind == Kind.LYING_CHECKER else 1
    outcome.is_answered = (job.status, job.attempt) == (JobStatus.FINAL, attempts) and job.paid > 0
    return outcome


def _deciding_line(net: LivedNetwork, found: Sequence[Dispute], case: Case) -> Play | None:
    lines = [line for dispute in found for line in net.lines_of(dispute)]
    wanted = PlayStatus.LOST if case.kind == Kind.LYING_CHECKER else PlayStatus.WON
    return next((line for line in lines if line.status == wanted), None)


def expected_payments(net: LivedNetwork, job_id: int, case: Case, line: Play) -> dict[PaymentReason, int]:
    """Where S goes, as sampling.md has it: three quarters to the treasury, the rest in its order."""
    units, shape = net.units_of_first(job_id), net.pipeline.shape
    bond, sent = units[case.stage].terms.bond, net.sent[line.dispute_id, line.number]
    is_checker = case.kind == Kind.LYING_CHECKER
    sides = (MsgReveal,) if is_checker else (MsgChoose, MsgProve, MsgOpenLine)
    cost = sum(move_cost(one) for one in sent if isinstance(one, sides))
    if is_checker:
        return by_reason(parts_of_bond(bond, winner="asserter", cost=cost))
    others = [unit for unit in units if unit.stage != case.stage]
    work = [(f"stage {unit.stage}", price_of(net.header, unit, shape.positions, shape.outputs)) for unit in others]
    finders = tuple(f"finder {at}" for at in range(NUM_CHECKERS - _has_lost(net, job_id)))
    paid = by_reason(parts_of_bond(bond, winner="winner", cost=cost, work=work, finders=finders))
    if _has_lost(net, job_id):
        paid[PaymentReason.MISMATCH] = bond
    return paid

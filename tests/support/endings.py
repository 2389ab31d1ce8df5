"""The ends of disputes: liars that come together, parties that fall silent, strangers that finish for others."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cache, partial
from pathlib import Path

from chain.modules.disputes import registry
from chain.modules.disputes.game.shape import Item, ItemKind, UnitShape
from chain.modules.disputes.types import (
    Dispute,
    DisputeKind,
    MsgPostLazy,
    MsgReveal,
    Play,
    PlayStatus,
    Reveal,
    Round,
    Side,
    Turn,
)
from chain.modules.jobs.types import SamplerSpec
from inference.disputes import moves
from inference.disputes.faults import Fault
from inference.disputes.model import ModelFiles
from tests.support.case_networks import game
from tests.support.case_table import RETRIED, SETTLED, Case, End, Models, in_whole, unit_slash
from tests.support.dispute_network import STRANGER, DisputeNetwork
from tests.support.flows import Flows, add
from tests.support.game_moves import DISPUTED, let_lie
from tests.support.lived_network import THIRD, LivedNetwork, Player, lived_network, machine_of, plain_player
from tests.support.network import CHECKERS, SERVERS
from tests.support.penalty_cases import BOTH, LIAR, REFUTED, UPHELD, lost_list, lost_mismatch_of_false, retried, settled
from tests.support.planted import Contents, Pipeline, lying_asserters, lying_checker
from tests.support.slashes import flows_of, move_cost, parts_of_bond, price_of
from tests.support.tiny_model import TinyShape

SHAPE = TinyShape(layers=5, hidden=64, heads=2, kv_heads=1, inner=1088, vocabulary=300, head_size=32)
STAGES = ((0, 2), (2, 4), (4, 5))
OUTPUTS = 4
SHORT, DEEP = 10, 256
"""Prompt ids: positions fit into one node of a tree, or do not."""
ALL = tuple(who.name for who in (*CHECKERS, THIRD))


def pipeline_of(model: ModelFiles, prompt: int = SHORT) -> Pipeline:
    """The job that all this is about."""
    ids = tuple((7 * at + 3) % 250 for at in range(prompt))
    return Pipeline(model, STAGES, UnitShape(model.header, 0, SHAPE.layers, prompt, OUTPUTS, SamplerSpec()), ids)


def fault_of(pipeline: Pipeline, stage: int, name: str, kind: ItemKind = ItemKind.ROW) -> Fault:
    """The operator of that name wrong at the last position of a stage's last layer."""
    shape = pipeline.part(stage)
    item = Item(kind, shape.end - 1, 0, shape.positions - 1)
    return Fault(item, max(at for at, op in enumerate(shape.ops(item)) if op.name == name), 0, 3)


def two_stages(pipeline: Pipeline) -> Contents:
    """The first and the last stage lie."""
    return lying_asserters(pipeline, fault_of(pipeline, 0, "D"), fault_of(pipeline, 2, "R"))


def one_checker(pipeline: Pipeline) -> Contents:
    """One checker lies about a right unit."""
    return lying_checker(pipeline, CHECKERS[0].name, fault_of(pipeline, 1, "GU"))


def two_checkers(pipeline: Pipeline) -> Contents:
    """Two checkers lie about one right unit, each in its own way."""
    made = [
        lying_checker(pipeline, who.name, fault_of(pipeline, 1, op))
        for who, op in zip(CHECKERS, ("U", "OL"), strict=True)
    ]
    views = {who.name: one.view(who.name) for who, one in zip(CHECKERS, made, strict=True)}
    return Contents(pipeline.units, pipeline.units, views)


SILENCES = {
    Round.SECTIONS: ("U", ItemKind.ROW),
    Round.ITEMS: ("U", ItemKind.ROW),
    Round.NODE_ITEMS: ("out", ItemKind.VALUE),
    Round.OPS: ("U", ItemKind.ROW),
    Round.TILES: ("U", ItemKind.ROW),
    Round.VALUES: ("OL", ItemKind.ROW),
}
"""Rounds to which a dispute over such a fault comes. TREE_NODES needs a job of more than 256 positions."""


def silent_at(at: Round) -> Player:
    """Play until a round, and then no more."""

    def play(net: LivedNetwork, dispute: Dispute, line: Play) -> list[object]:
        return [] if line.line.round == at else plain_player(net, dispute, line)

    return play


# What it costs


def owed_by_stages(net: LivedNetwork, job_id: int, *guilty: int) -> Flows:
    """S of each guilty stage: the winner's moves are those of the line that was won, all checkers have found it."""
    units, shape, owed = net.units_of_first(job_id), net.pipeline.shape, dict[tuple[str, str], int]()
    work = [
        (machine_of(unit.operator).name, price_of(net.header, unit, shape.positions, shape.outputs))
        for unit in units
        if unit.stage not in guilty
    ]
    for stage in guilty:
        (won,) = (line for line in _lines(net, job_id, stage) if line.status == PlayStatus.WON)
        sent = [one for one in net.sent.get((won.dispute_id, won.number), []) if not isinstance(one, MsgReveal)]
        winner, cost = machine_of(won.opener).name, sum(move_cost(one) for one in sent)
        bond = units[stage].terms.bond
        parts = parts_of_bond(bond, winner=winner, cost=cost, work=work, finders=ALL)
        add(owed, flows_of(machine_of(units[stage].operator).name, parts))
        assert sum(price for _, price in work) + cost <= bond // 4  # one bond pays for all the work
        work = []
    return owed


def owed_by_checkers(net: LivedNetwork, job_id: int, stage: int) -> Flows:
    """S of every checker that lost its line about a right unit: what that cost the asserter comes out of it."""
    unit, owed = net.units_of_first(job_id)[stage], dict[tuple[str, str], int]()
    for line in _lines(net, job_id, stage):
        assert line.status == PlayStatus.LOST
        sent = net.sent[line.dispute_id, line.number]
        cost = sum(move_cost(one) for one in sent if isinstance(one, MsgReveal))
        parts = parts_of_bond(unit.terms.bond, winner=machine_of(unit.operator).name, cost=cost)
        add(owed, flows_of(machine_of(line.opener).name, parts))
    return owed


def _lines(net: LivedNetwork, job_id: int, stage: int) -> list[Play]:
    return [line for one in net.disputes_of(job_id) if one.stage == stage for line in net.lines_of(one)]


# Endings


@cache
def _pipeline(model: Path, prompt: int) -> Pipeline:
    return pipeline_of(ModelFiles(model), prompt)


def living(prompt: int = SHORT) -> Callable[[Path, Models], AbstractContextManager[LivedNetwork]]:
    """Everybody does its duties by itself."""
    return lambda folder, models: lived_network(folder, _pipeline(models["ends"], prompt))


def lies(
    make: Callable[[Pipeline], Contents], guilty: Sequence[int], of_checkers: Sequence[int], net: LivedNetwork
) -> End:
    """Stages lie, or checkers about these stages; all disputes are played."""
    net.is_first_only = not of_checkers
    (job_id,) = net.ask(make(net.pipeline))
    net.live_until_closed([job_id])
    owed = owed_by_stages(net, job_id, *guilty)
    for stage in of_checkers:
        add(owed, owed_by_checkers(net, job_id, stage))
    found = {(one.stage, one.status) for one in registry.of_job(net.store, job_id)}
    wanted = {(stage, REFUTED) for stage in guilty} | {(stage, UPHELD) for stage in of_checkers}
    return End(found, wanted, owed, RETRIED if guilty else SETTLED)


def silence(at: Round, net: LivedNetwork) -> End:
    """The asserter of stage 1 is false, and silent from a round on."""
    name, kind = SILENCES.get(at, SILENCES[Round.NODE_ITEMS])
    (job_id,) = net.ask(lying_asserters(net.pipeline, fault_of(net.pipeline, 1, name, kind)))
    net.players[job_id, SERVERS[1].name] = silent_at(at)
    net.live_until_closed([job_id])
    first = net.disputes_of(job_id)[0]
    reached = net.lines_of(first)[0].line
    found = (first.status, reached.round, reached.turn)
    return End(found, (REFUTED, at, Turn.REVEAL), owed_by_stages(net, job_id, 1), RETRIED)


def proven_by_another(net: DisputeNetwork) -> End:
    """The checker vanishes after its last choice; a stranger sends the proof in its line."""
    job, found = net.dispute_job()
    units = net.units(job.job_id)
    shown: dict[Round, Reveal] = {}
    while net.play(found[0]).line.turn != Turn.PROVE:
        net.ok(net.step(found[0], shown))
    net.ok(net.step(found[0], shown, who=STRANGER))
    owed = unit_slash(net, units, DISPUTED, winner=BOTH[0], cost=net.cost(found[0]), finders=BOTH)
    return retried(net, job, owed, *[(DisputeKind.TRACE, REFUTED)] * 2)


def finished_by_another(is_late: bool, net: DisputeNetwork) -> End:
    """The checkers vanish after the first reveal; a stranger opens a line, before or after they have lost."""
    job, found = net.dispute_job()
    units = net.units(job.job_id)
    shown: dict[Round, Reveal] = {}
    net.ok(net.step(found[0], shown))
    net.ok(net.step(found[1], {}))
    choice = moves.choose(net.job3.checked[DISPUTED], net.play(found[0]).line, net.ground(found[0]), shown)
    assert choice is not None
    if is_late:
        net.chain.run_until(max(net.play(one).deadline for one in found))
        assert [net.play(one).status for one in found] == [PlayStatus.LOST] * 2
    line = net.open_line(STRANGER, found[1], choice)
    net.finish(found[1], shown, line.number)
    finders, bond = ((STRANGER.name,) if is_late else BOTH), units[DISPUTED].terms.bond
    cost = net.cost(found[1], line.number)
    owed = unit_slash(net, units, DISPUTED, winner=STRANGER.name, cost=cost, finders=finders)
    if is_late:  # they differed and won no line; the first one's dispute is over before the stranger has won
        spent = net.cost(found[0], side=Side.ASSERTER)
        add(owed, flows_of(BOTH[0], parts_of_bond(bond, winner=SERVERS[DISPUTED].name, cost=spent)))
        add(owed, in_whole(CHECKERS[1], bond))
    first = UPHELD if is_late else REFUTED
    return retried(net, job, owed, (DisputeKind.TRACE, first), (DisputeKind.TRACE, REFUTED))


def saved_by_another(net: DisputeNetwork) -> End:
    """A right asserter is silent at its operators' list; a stranger posts it, and the lying checker loses."""
    let_lie(net, CHECKERS[0])
    job, (found,) = net.dispute_job()
    bond = net.units(job.job_id)[DISPUTED].terms.bond
    shown: dict[Round, Reveal] = {}
    while net.play(found).line.round != Round.OPS:
        net.ok(net.step(found, shown))
    net.chain.run_until(net.play(found).deadline - 5)
    shown[Round.OPS] = net.reveal_of(found)
    net.ok(net.chain.send(STRANGER.hot, MsgPostLazy(STRANGER.hot.bech32, found.dispute_id, 0, shown[Round.OPS])))
    while net.play(found, 1).status == PlayStatus.OPEN:
        net.ok(net.step(found, shown, 1))
    cost = net.cost(found, 0, 1, side=Side.ASSERTER)
    owed = flows_of(CHECKERS[0].name, parts_of_bond(bond, winner=SERVERS[DISPUTED].name, cost=cost))
    return settled(net, job, owed, (DisputeKind.TRACE, UPHELD))


def ending_cases() -> list[Case]:
    """The table of endings."""
    found = [
        Case("a checker lies", "the last step", living(), partial(lies, one_checker, (), (1,))),
        Case("two stages lie", "the last steps", living(), partial(lies, two_stages, (0, 2), ())),
        Case("two checkers lie", "the last steps", living(), partial(lies, two_checkers, (), (1,))),
        Case("a worker and a checker lie", "the last steps", game(LIAR), lost_mismatch_of_false),
        Case("a checker vanishes before the proof", "a stranger proves", game(LIAR), proven_by_another),
        Case("the checkers vanish at the choice", "a stranger's line", game(LIAR), partial(finished_by_another, False)),
        Case("the checkers have lost by clock", "a stranger's line", game(LIAR), partial(finished_by_another, True)),
    ]
    rounds = [*SILENCES, Round.TREE_NODES]
    found += [
        Case(
            f"asserter silent at {at.name.lower()}",
            "its clock",
            living(DEEP if at == Round.TREE_NODES else SHORT),
            partial(silence, at),
        )
        for at in sorted(rounds)
    ]
    return [
        *found,
        Case("liar silent at a lazy list", "a friend's list, refuted", game(LIAR), lost_list),
        Case("honest asserter silent at one", "a stranger's list stands", game(), saved_by_another),
    ]

"""Every fault of sampling.md §9 as a case: who commits it, how it comes out, and what exactly it costs."""

from functools import partial

from chain.modules.disputes.types import (
    Dispute,
    DisputeKind,
    DisputeStatus,
    MsgPostLazy,
    PlayStatus,
    Reveal,
    Round,
    Side,
    Turn,
)
from chain.modules.jobs.types import Job
from tests.support.case_networks import cheap, game, plain
from tests.support.case_table import RETRIED, SETTLED, SETTLED_UNOPENED, Case, End, in_whole, seen, unit_slash
from tests.support.claim_cases import by_receipt, missing_alone, nothing_shown
from tests.support.dispute_network import FAULT, STRANGER, DisputeNetwork
from tests.support.flows import Flows, add
from tests.support.game_moves import (
    DISPUTED,
    EARLIER,
    challenge,
    equal_section,
    let_confirm,
    let_lie,
    only_dispute,
    unopened_job,
)
from tests.support.network import CHECKERS, SERVERS, digest
from tests.support.slashes import deposit_of, flows_of, lost_deposit, parts_of_bond
from tests.support.withheld_cases import silent_suppliers

FIRST, SECOND = CHECKERS
ASSERTER = SERVERS[DISPUTED]
BOTH = (FIRST.name, SECOND.name)
REFUTED, UPHELD = DisputeStatus.REFUTED, DisputeStatus.UPHELD
LIAR = (DISPUTED, FAULT)


def retried(net: DisputeNetwork, job: Job, owed: Flows, *statuses: tuple[DisputeKind, DisputeStatus]) -> End:
    """The attempt failed, and others answer."""
    net.run_to_attempt(job, 1)
    net.answer_again(job)
    return End(seen(net, job), [(kind, status, DISPUTED) for kind, status in statuses], owed, RETRIED)


def settled(net: DisputeNetwork, job: Job, owed: Flows, *statuses: tuple[DisputeKind, DisputeStatus]) -> End:
    """The attempt stands."""
    net.run_to_close(job)
    return End(seen(net, job), [(kind, status, DISPUTED) for kind, status in statuses], owed, SETTLED)


# False units, and silence


def false_unit(net: DisputeNetwork) -> End:
    job, found = net.dispute_job()
    units = net.units(job.job_id)
    net.finish(found[0])
    owed = unit_slash(net, units, DISPUTED, winner=FIRST.name, cost=net.cost(found[0]), finders=BOTH)
    return retried(net, job, owed, *[(DisputeKind.TRACE, REFUTED)] * 2)


def found_by_outsider(net: DisputeNetwork) -> End:
    """Nobody who was drawn looked at it."""
    job = net.drawn_job()
    units = net.units(job.job_id)
    net.ok(net.chain.send(STRANGER.hot, challenge(net, STRANGER, units[DISPUTED])))
    net.run_to_phase_end(units[DISPUTED])
    begun = only_dispute(net, job.job_id)
    net.finish(begun)
    given = {"winner": STRANGER.name, "cost": net.cost(begun), "finders": (STRANGER.name,)}
    return retried(net, job, unit_slash(net, units, DISPUTED, **given), (DisputeKind.CHALLENGE, REFUTED))


def silent_asserter(net: DisputeNetwork) -> End:
    job, found = net.dispute_job()
    shown: dict[Round, Reveal] = {}
    for _ in range(2):
        net.ok(net.step(found[0], shown))
        net.ok(net.step(found[1], dict(shown)))
    owed = unit_slash(net, net.units(job.job_id), DISPUTED, winner=FIRST.name, cost=net.cost(found[0]), finders=BOTH)
    return retried(net, job, owed, *[(DisputeKind.TRACE, REFUTED)] * 2)


def never_opened(net: DisputeNetwork) -> End:
    """Its checks were revealed, and it does not even open when a dispute asks for it."""
    job = unopened_job(net)
    owed = unit_slash(net, net.units(job.job_id), DISPUTED, winner=FIRST.name, finders=BOTH)
    return retried(net, job, owed, (DisputeKind.SILENCE, REFUTED))


def opened_late(net: DisputeNetwork) -> End:
    job = unopened_job(net)
    unit = net.units(job.job_id)[DISPUTED]
    net.ok(net.step(only_dispute(net, job.job_id), {}))
    net.run_to_close(job)
    wanted = [(DisputeKind.SILENCE, DisputeStatus.OPENED, DISPUTED)]
    paid = [bool(one.paid) for one in net.units(job.job_id)]
    owed = in_whole(ASSERTER, unit.terms.fee)
    return End((seen(net, job), paid), (wanted, [True, False, True]), owed, SETTLED_UNOPENED)


# Checkers


def false_confirmation(net: DisputeNetwork) -> End:
    let_confirm(net, SECOND)
    job, found = net.dispute_job()
    units = net.units(job.job_id)
    net.finish(found[0])
    given = {"winner": FIRST.name, "cost": net.cost(found[0]), "finders": (FIRST.name,)}
    owed = add(unit_slash(net, units, DISPUTED, **given), in_whole(SECOND, units[DISPUTED].terms.bond))
    return retried(net, job, owed, (DisputeKind.TRACE, REFUTED))


def lost_mismatch(is_silent: bool, net: DisputeNetwork) -> End:
    """A checker that differs from a right unit plays to the end, or is silent after the first reveal."""
    let_lie(net, FIRST)
    job, found = net.dispute_job()
    if is_silent:
        net.ok(net.step(found[0], {}))
        net.chain.run_until(net.play(found[0]).deadline)
    else:
        net.finish(found[0])
    assert net.play(found[0]).status == PlayStatus.LOST
    spent = sum_of_reveals(net, found[0])
    bond = net.units(job.job_id)[DISPUTED].terms.bond
    owed = flows_of(FIRST.name, parts_of_bond(bond, winner=ASSERTER.name, cost=spent))
    return settled(net, job, owed, (DisputeKind.TRACE, UPHELD))


def lost_mismatch_of_false(net: DisputeNetwork) -> End:
    """Two checkers differ from a false unit; the one that is wrong as well loses its line before the other wins."""
    let_lie(net, FIRST, EARLIER)
    job, found = net.dispute_job()
    units = net.units(job.job_id)
    shown: dict[Round, Reveal] = {}
    net.finish(found[0], shown)
    assert net.play(found[0]).status == PlayStatus.LOST
    net.finish(found[1])
    given = {"winner": SECOND.name, "cost": net.cost(found[1]), "finders": (SECOND.name,)}
    owed = add(unit_slash(net, units, DISPUTED, **given), in_whole(FIRST, units[DISPUTED].terms.bond))
    return retried(net, job, owed, *[(DisputeKind.TRACE, REFUTED)] * 2)


# Outsiders


def lost_challenge(net: DisputeNetwork) -> End:
    job = net.drawn_job()
    unit = net.units(job.job_id)[DISPUTED]
    net.ok(net.chain.send(STRANGER.hot, challenge(net, STRANGER, unit, out_root=digest("something else"))))
    net.run_to_phase_end(unit)
    begun = only_dispute(net, job.job_id)
    net.ok(net.step(begun, {}))
    owed = lost_deposit(STRANGER.name, ASSERTER.name, deposit_of(unit), sum_of_reveals(net, begun))
    return settled(net, job, owed, (DisputeKind.CHALLENGE, UPHELD))


def lost_line(net: DisputeNetwork) -> End:
    """An outsider opens a line where nothing differs, and lets its clock run out; the checkers win theirs."""
    job, found = net.dispute_job()
    units = net.units(job.job_id)
    first, other = found
    stake = deposit_of(units[DISPUTED])
    spent = lose_line(net, first, other)
    given = {"winner": FIRST.name, "cost": net.cost(first), "finders": BOTH}
    owed = add(
        unit_slash(net, units, DISPUTED, **given),
        lost_deposit(STRANGER.name, ASSERTER.name, stake, spent),
    )
    return retried(net, job, owed, *[(DisputeKind.TRACE, REFUTED)] * 2)


def lose_line(net: DisputeNetwork, first: Dispute, other: Dispute) -> int:
    """Have a stranger lose a line of the first dispute while both go on; return what it has cost the asserter."""
    shown: dict[Round, Reveal] = {}
    kept: dict[Round, Reveal] = {}
    net.ok(net.step(first, shown))
    line = net.open_line(STRANGER, first, equal_section(shown))
    net.ok(net.step(first, dict(shown), line.number))
    for dispute, reveals, count in ((other, kept, 3), (first, shown, 2)):
        for _ in range(count):
            net.ok(net.step(dispute, reveals))
    net.chain.run_until(min(net.play(first).deadline, net.play(other).deadline) - 3)
    net.ok(net.step(first, shown))
    net.ok(net.step(other, kept))
    net.chain.run_until(net.play(first, line.number).deadline)
    assert net.play(first, line.number).status == PlayStatus.LOST
    spent = sum_of_reveals(net, first, line.number)
    net.finish(first, shown)
    return spent


def lost_list(net: DisputeNetwork) -> End:
    """A friend of a silent liar posts the list in its place; the checker refutes it, and nothing of the line stands."""
    job, found = net.dispute_job()
    units = net.units(job.job_id)
    shown: dict[Round, Reveal] = {}
    for _ in range(2):
        net.ok(net.step(found[0], shown))
        net.ok(net.step(found[1], dict(shown)))
    assert (net.play(found[0]).line.round, net.play(found[0]).line.turn) == (Round.ITEMS, Turn.REVEAL)
    net.chain.run_until(net.play(found[0]).deadline - 4)
    move = net.reveal_of(found[0])
    net.ok(net.chain.send(STRANGER.hot, MsgPostLazy(STRANGER.hot.bech32, found[0].dispute_id, 0, move)))
    net.ok(net.step(found[1], {Round.SECTIONS: shown[Round.SECTIONS]}))  # there the asserter goes on
    net.chain.run_until(net.play(found[0]).deadline)
    assert net.play(found[0]).status == PlayStatus.SILENT
    net.finish(found[0], {**shown, Round.ITEMS: move}, 1)
    cost = net.cost(found[0], 0, 1)
    owed = unit_slash(net, units, DISPUTED, winner=FIRST.name, cost=cost, finders=BOTH)
    add(owed, in_whole(STRANGER, deposit_of(units[DISPUTED])))
    return retried(net, job, owed, *[(DisputeKind.TRACE, REFUTED)] * 2)


def sum_of_reveals(net: DisputeNetwork, dispute: Dispute, *numbers: int) -> int:
    """What the asserter's moves in these lines have cost."""
    return net.cost(dispute, *numbers, side=Side.ASSERTER)


def game_penalty_cases() -> list[Case]:
    """The table's part that a dispute decides."""
    return [
        Case("false unit", "both drawn checkers", game(LIAR), false_unit),
        Case("false unit nobody drawn saw", "an outsider's challenge", game(LIAR), found_by_outsider),
        Case("silence in a dispute", "the asserter's clock", game(LIAR), silent_asserter),
        Case("seal never opened", "the clock of a dispute", game(), never_opened),
        Case("seal opened only when asked", "a dispute over silence", game(), opened_late),
        Case("witness withheld", "demand of a checker", game(), partial(silent_suppliers, ())),
        Case("frame against the commitment", "the requester", cheap, partial(by_receipt, "a frame of some tokens")),
        Case("false confirmation", "the refuted unit", game(LIAR), false_confirmation),
        Case("lost mismatch, unit right", "the last step", game(), partial(lost_mismatch, False)),
        Case("lost mismatch by silence", "the checker's clock", game(), partial(lost_mismatch, True)),
        Case("lost mismatch, unit false", "the last step", game(LIAR), lost_mismatch_of_false),
        Case("lost challenge", "the outsider's clock", game(), lost_challenge),
        Case("lost line", "the outsider's clock", game(LIAR), lost_line),
        Case("lost lazy list", "the last step", game(LIAR), lost_list),
        Case("result missing alone", "receipt, by the requester", plain, missing_alone),
        Case("hop conflict, neither shown", "refused by code", plain, nothing_shown),
    ]

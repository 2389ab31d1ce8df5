"""Units that nobody can compute, because of what they were given or because it is withheld: who pays for that."""

from collections.abc import Callable
from functools import partial

from chain.modules.disputes.types import DisputeKind, DisputeStatus, MsgRefuteWitness, PlayStatus, WitnessPart
from chain.modules.jobs.types import Job, Unit
from tests.support.case_networks import game
from tests.support.case_table import RETRIED, SETTLED, VOID, Case, End, in_whole, seen, unit_slash, works
from tests.support.dispute_network import STRANGER, DisputeNetwork
from tests.support.flows import Flows, add
from tests.support.game_moves import DISPUTED, challenge, only_dispute
from tests.support.network import CHECKERS, PROMPT_TOKENS, TOKENS, Machine
from tests.support.slashes import demand_cost, deposit_of
from tests.support.void_units import foreign_prompt, foreign_token, malformed_row
from tests.support.witness_claims import FALSE_BOXES, FIRST, LAST, PARTS, SECRET, answer, demand, only_demand

Units = tuple[Unit, ...]
CHECKER = CHECKERS[0]


# What cannot be computed


def challenged(net: DisputeNetwork, stage: int) -> tuple[Job, Units, int]:
    """A challenge of a stage, played to its step; return what its moves have cost the challenger."""
    job = net.drawn_job()
    units = net.units(job.job_id)
    net.ok(net.chain.send(STRANGER.hot, challenge(net, STRANGER, units[stage])))
    net.run_to_phase_end(units[stage])
    begun = only_dispute(net, job.job_id)
    net.finish(begun)
    assert net.play(begun).status == PlayStatus.WON
    return job, units, net.cost(begun)


def void_prompt(net: DisputeNetwork) -> End:
    foreign_prompt(net)
    job, _, _ = challenged(net, 0)
    net.run_to_close(job)
    return End(seen(net, job), [(DisputeKind.CHALLENGE, DisputeStatus.VOID, 0)], {}, VOID)


def void_input(spoil: Callable[[DisputeNetwork], None], stage: int, guilty: int, net: DisputeNetwork) -> End:
    """A unit whose input is malformed is void, and whoever made that pays."""
    spoil(net)
    job, units, cost = challenged(net, stage)
    net.run_to_attempt(job, 1)
    given = {"winner": STRANGER.name, "cost": cost, "finders": (STRANGER.name,)}
    owed = unit_slash(net, units, guilty, **given)
    net.answer_again(job)
    return End(seen(net, job), [(DisputeKind.CHALLENGE, DisputeStatus.VOID, stage)], owed, RETRIED)


# Withheld input


def demanded(net: DisputeNetwork, who: Machine = CHECKER) -> tuple[Job, Units]:
    job = net.drawn_job()
    net.ok(net.chain.send(who.hot, demand(job, who)))
    return job, net.units(job.job_id)


def withheld(net: DisputeNetwork, job: Job, units: Units, *guilty: int) -> End:
    """These stages are convicted of it: the demander's cost is paid once, the bounty out of each bond."""
    owed: Flows = {}
    done, cost = dict(works(net, units, *({0, 1, 2} - set(guilty)))), demand_cost(PROMPT_TOKENS, TOKENS)
    for at in guilty:
        given = {"winner": CHECKER.name, "cost": cost, "finders": (CHECKER.name,), "work": list(done.items())}
        add(owed, unit_slash(net, units, at, **given))
        assert sum(done.values()) + cost <= units[at].terms.bond // 4  # so one bond pays for all the work
        done, cost = {}, 0
    net.run_to_attempt(job, 1)
    net.answer_again(job)
    wanted = [(DisputeKind.WITHHELD, DisputeStatus.REFUTED, at) for at in guilty]
    return End(seen(net, job), wanted, owed, RETRIED)


def silent_suppliers(answered: tuple[WitnessPart, ...], net: DisputeNetwork) -> End:
    job, units = demanded(net)
    for part in answered:
        net.ok(net.chain.send((FIRST if part == WitnessPart.PROMPT else LAST).hot, answer(net, part)))
    guilty = [stage for part, stage in zip(PARTS, (0, 2), strict=True) if part not in answered]
    net.chain.run_until(only_demand(net).deadline)
    return withheld(net, job, units, *guilty)


def false_box(name: str, part: WitnessPart, net: DisputeNetwork) -> End:
    job, units = demanded(net)
    false = FALSE_BOXES[name](net, part)
    supplier, stage = (FIRST, 0) if part == WitnessPart.PROMPT else (LAST, 2)
    net.ok(net.chain.send(supplier.hot, false))
    shown = MsgRefuteWitness(CHECKER.hot.bech32, 1, part, SECRET, false.box)
    net.ok(net.chain.send(CHECKER.hot, shown))
    return withheld(net, job, units, stage)


def served(who: Machine, is_accused: bool, net: DisputeNetwork) -> End:
    """Both parts come: who may check pays nothing unless it calls a right box bad, an outsider its deposit."""
    job, units = demanded(net, who)
    stake = deposit_of(units[DISPUTED])
    right = answer(net, WitnessPart.PROMPT)
    net.ok(net.chain.send(FIRST.hot, right))
    if is_accused:
        shown = MsgRefuteWitness(who.hot.bech32, 1, WitnessPart.PROMPT, SECRET, right.box)
        net.ok(net.chain.send(who.hot, shown))
    else:
        net.ok(net.chain.send(LAST.hot, answer(net, WitnessPart.OUTPUT)))
    status = only_demand(net, who).status.name
    net.run_to_close(job)
    net.chain.run_until(net.chain.height + 20)
    owed = in_whole(who, stake) if is_accused or who == STRANGER else {}
    return End(status, "ACCUSED" if is_accused else "SUPPLIED", owed, SETTLED)


def input_cases() -> list[Case]:
    """The table's part about what units are given."""
    last, first = WitnessPart.OUTPUT, WitnessPart.PROMPT
    found = [
        Case("prompt id >= V", "an outsider's challenge of stage 0", game(), void_prompt),
        Case("output id >= V", "the same", game(), partial(void_input, foreign_token, 0, 2)),
        Case("malformed row under in_root", "the same, of stage 1", game(), partial(void_input, malformed_row, 1, 0)),
        Case("input and output withheld", "demand of a checker", game(), partial(silent_suppliers, ())),
        Case("input withheld by stage 0", "demand of a checker", game(), partial(silent_suppliers, (last,))),
        Case("output withheld by the last", "demand of a checker", game(), partial(silent_suppliers, (first,))),
    ]
    found += [
        Case(f"bad {part.name.lower()} box: {name}", "one-time secret", game(), partial(false_box, name, part))
        for part in PARTS
        for name in FALSE_BOXES
    ]
    return [
        *found,
        Case("right box called bad", "one-time secret", game(), partial(served, CHECKER, True)),
        Case("a checker is served", "demand of a checker", game(), partial(served, CHECKER, False)),
        Case("an outsider is served", "demand of an outsider", game(), partial(served, STRANGER, False)),
    ]

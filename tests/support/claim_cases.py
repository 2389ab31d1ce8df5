"""Every claim of disputes.md §7 as a case: what one message proves, and what is refused because it proves nothing."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from chain.errors import Code
from chain.modules.disputes.types import DisputeKind, DisputeStatus, MsgRefuteWitness, PlayStatus, WitnessPart
from chain.modules.jobs.types import Job, Unit
from chain.modules.models import keeper as models
from inference.disputes.faults import Fault
from inference.disputes.model import ModelFiles
from tests.support.case_table import (
    EXPIRED,
    RETRIED,
    SETTLED,
    VOID,
    Case,
    End,
    Models,
    in_whole,
    seen,
    unit_slash,
    works,
)
from tests.support.claims_network import ClaimsNetwork, claims_network
from tests.support.dispute_network import FAULT, STRANGER, DisputeNetwork, dispute_network
from tests.support.flows import Flows, add
from tests.support.game_moves import DISPUTED, challenge, only_dispute
from tests.support.network import CHECKERS, PROMPT_TOKENS, REQUESTER, SERVERS, TOKENS, Machine
from tests.support.receipt_claims import (
    BAD,
    CONTRADICTIONS,
    ENDS_EARLY,
    GOES_ON,
    MODEL,
    OTHER,
    TENSORS,
    P,
    bounds_claim,
    late_job,
    send_conflicting,
    send_two_conflicting,
    showing,
    stop_claim,
    submit_answer,
)
from tests.support.slashes import JOB_FEE, claim_cost, demand_cost, deposit_of, shared
from tests.support.unsealed import UNSEALED, unsealed_network
from tests.support.void_units import foreign_prompt, foreign_token, malformed_row
from tests.support.witness_claims import FALSE_BOXES, FIRST, LAST, PARTS, SECRET, answer, demand, only_demand

Open = Callable[[Path, Models], AbstractContextManager[Any]]
Units = tuple[Unit, ...]
CHECKER = CHECKERS[0]


def plain(folder: Path, _: Models) -> AbstractContextManager[ClaimsNetwork]:
    """Rows nobody computed."""
    return claims_network(folder)


def cheap(folder: Path, _: Models) -> AbstractContextManager[ClaimsNetwork]:
    """The same with a model that takes long prompts, and breaks a bound."""
    return claims_network(folder, model=MODEL, tensors=TENSORS)


def game(fault: tuple[int, Fault] | None = None, **options: Any) -> Open:
    """Units that were computed, one of them with a fault."""
    return lambda folder, models: dispute_network(folder, ModelFiles(models["game"]), fault, **options)


def convicted(net: Any, job: Job, units: Units, guilty: int, kind: DisputeKind, **given: Any) -> End:
    """One stage is convicted, and the job is answered by others."""
    owed = unit_slash(net, units, guilty, **given)
    net.run_to_attempt(job, 1)
    net.answer_again(job)
    return End(seen(net, job), [(kind, DisputeStatus.REFUTED, guilty)], owed, RETRIED)


# Hop conflicts and receipts


def conflict(stage: int, is_upstream_first: bool, net: ClaimsNetwork) -> End:
    job = net.planned_job()
    units = net.units(job.job_id)
    send_conflicting(net, job, stage, is_upstream_first=is_upstream_first)
    return convicted(net, job, units, stage, DisputeKind.HOP, work=works(net, units, stage + 1))


def two_conflicts(net: ClaimsNetwork) -> End:
    job = net.planned_job()
    units = net.units(job.job_id)
    send_two_conflicting(net, job)
    ((last, price),) = works(net, units, 2)
    assert price <= units[0].terms.bond // 4  # the first bond pays all of it
    owed = add(unit_slash(net, units, 0, work=[(last, price)]), unit_slash(net, units, 1, work=[]))
    net.answer_again(job)
    return End(seen(net, job), [(DisputeKind.HOP, DisputeStatus.REFUTED, at) for at in (0, 1)], owed, RETRIED)


def nothing_shown(net: ClaimsNetwork) -> End:
    """A result must bring the receipt for what it says it received: so one of the two is always shown."""
    job = net.planned_job()
    units = net.units(job.job_id)
    good = net.result(units[1])
    forged = net.signed(units[0], SERVERS[1], root=OTHER)
    codes = [
        net.code(net.chain.send(SERVERS[1].hot, replace(good, in_root=OTHER, receipt=receipt)))
        for receipt in (None, forged, net.receipt(units[0]), net.receipt(units[0], is_final=False, root=OTHER))
    ]
    for unit in (units[0], units[2]):
        net.ok(net.chain.send(SERVERS[unit.stage].hot, net.result(unit)))
    net.run_to_close(job)
    wanted = [Code.RECEIPT_INVALID, Code.RECEIPT_INVALID, Code.WRONG_INPUT, Code.RECEIPT_INVALID]
    return End(codes, wanted, {}, EXPIRED)


def by_receipt(name: str, net: ClaimsNetwork) -> End:
    guilty, make = CONTRADICTIONS[name]
    job = net.asserted_job(prompt_tokens=P)
    units = net.units(job.job_id)
    message = make(net, units)
    net.ok(net.chain.send(REQUESTER, message, gas=400_000, fee=1_000))
    cost, finders = claim_cost(message), ("requester",)
    return convicted(net, job, units, guilty, DisputeKind.RECEIPT, winner="requester", cost=cost, finders=finders)


def other_count(net: ClaimsNetwork) -> End:
    """A stage says T to the chain and T-1 to the next one, whose result is refused: the receipt in it convicts."""
    job = net.planned_job()
    units = net.units(job.job_id)
    net.ok(net.chain.send(SERVERS[0].hot, net.result(units[0])))
    lower = replace(net.result(units[1], TOKENS - 1), in_root=net.in_root(units[1]))
    code = net.code(net.chain.send(SERVERS[1].hot, lower))
    message = net.claim(units[0], net.receipt(units[0], TOKENS - 1))
    net.ok(net.chain.send(REQUESTER, message, gas=400_000, fee=1_000))
    given = {"winner": "requester", "cost": claim_cost(message), "finders": ("requester",), "work": []}
    end = convicted(net, job, units, 0, DisputeKind.RECEIPT, **given)
    return replace(end, seen=[code, end.seen], wanted=[Code.WRONG_COUNT, end.wanted])


# Results that do not come


def incomplete(net: ClaimsNetwork) -> End:
    job, _ = late_job(net, 1)
    net.run_to_close(job)
    return End(seen(net, job), [], {}, EXPIRED)


def missing_alone(net: ClaimsNetwork) -> End:
    """Its input is shown to be confirmed: F_job goes to the work of those whose results came."""
    job, units = late_job(net, 1)
    net.ok(net.chain.send(REQUESTER, showing(net, units[0], is_confirmed=True), gas=400_000, fee=1_000))
    net.run_to_close(job)
    amount = min(units[1].terms.bond // 4, JOB_FEE)
    owed = shared(amount, dict(works(net, units, 0, 2)), SERVERS[1].name)
    return End(seen(net, job), [], owed, EXPIRED)


def signed_only(net: DisputeNetwork) -> End:
    """A false unit that was streamed and never asserted: its receipts assert it, and the game refutes it."""
    job, found = net.dispute_job()
    units = net.units(job.job_id)
    net.finish(found[0])
    names = tuple(who.name for who in CHECKERS)
    owed = unit_slash(
        net, units, UNSEALED, winner=CHECKER.name, cost=net.cost(found[0]), finders=names
    )  # fmt: skip
    net.run_to_attempt(job, 1)
    net.answer_again(job)
    wanted = [(DisputeKind.TRACE, DisputeStatus.REFUTED, UNSEALED)] * 2
    return End(seen(net, job), wanted, owed, RETRIED)


# Where an answer ends


def wrong_end(ids: tuple[int, ...], index: int, cancel: bytes, net: ClaimsNetwork) -> End:
    job, units = submit_answer(net, ids, cancel)
    message = stop_claim(net, job, index)
    net.ok(net.chain.send(REQUESTER, message, gas=2_000_000, fee=1_000))
    given = {"winner": "requester", "cost": claim_cost(message), "finders": ("requester",)}
    given["work"] = works(net, units, 0, 1, tokens=len(ids))
    return convicted(net, job, units, 2, DisputeKind.STOP, **given)


def cancelled_end(net: ClaimsNetwork) -> End:
    """The requester's own cancel allows an early end: its claim is refused."""
    job, _ = submit_answer(net, ENDS_EARLY, b"valid")
    sent = net.chain.send(REQUESTER, stop_claim(net, job, 4), gas=2_000_000, fee=1_000)
    net.run_to_close(job)
    return End(net.code(sent), Code.NO_CONTRADICTION, {}, SETTLED)


# What cannot be computed


def bounds(net: ClaimsNetwork) -> End:
    net.asserted_job()
    net.planned_job()
    net.ok(net.chain.send(REQUESTER, bounds_claim(net, BAD), gas=1_000_000, fee=1_000))
    net.chain.run_until(net.chain.height + 2)
    code = net.code(net.chain.send(REQUESTER, net.request()))
    return End((models.model(net.store, net.root).is_frozen, code), (True, Code.MODEL_FROZEN), {}, VOID)


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


def claim_cases() -> list[Case]:
    """The table of claims."""
    last, first = WitnessPart.OUTPUT, WitnessPart.PROMPT
    found = [
        Case(f"hop: stage {stage} signed other rows", f"stage {stage + 1}'s result, {order} its own", plain, play)
        for stage in (0, 1)
        for order, play in (
            ("after it", partial(conflict, stage, True)),
            ("before it", partial(conflict, stage, False)),
        )
    ]
    found += [
        Case("hop: two stages signed other rows", "both next stages' results", plain, two_conflicts),
        Case("hop: neither shown", "a result without the other's receipt", plain, nothing_shown),
        Case("other T than the others", "the receipt that came with it", plain, other_count),
    ]
    found += [
        Case(name, f"receipt of stage {CONTRADICTIONS[name][0]}, by the requester", cheap, partial(by_receipt, name))
        for name in CONTRADICTIONS
    ]
    found += [
        Case("early stop", "token leaf 4, by the requester", plain, partial(wrong_end, ENDS_EARLY, 4, b"")),
        Case("late stop", "token leaf 1, by the requester", plain, partial(wrong_end, GOES_ON, 1, b"")),
        Case("late stop under a cancel", "token leaf 1", plain, partial(wrong_end, GOES_ON, 1, b"valid")),
        Case("early stop under a cancel", "token leaf 4: refused", plain, cancelled_end),
        Case("streamed, never asserted, false", "receipts as assertion", _unsealed, signed_only),
        Case("no final receipt, no result", "nobody", plain, incomplete),
        Case("result missing, input confirmed", "receipt, by the requester", plain, missing_alone),
        Case("prompt id >= V", "an outsider's challenge of stage 0", game(), void_prompt),
        Case("output id >= V", "the same", game(), partial(void_input, foreign_token, 0, 2)),
        Case("malformed row under in_root", "the same, of stage 1", game(), partial(void_input, malformed_row, 1, 0)),
        Case("model breaks a bound", "one gain, by the requester", cheap, bounds),
        Case("input and output withheld", "demand of a checker", game(), partial(silent_suppliers, ())),
        Case("input withheld by stage 0", "demand of a checker", game(), partial(silent_suppliers, (last,))),
        Case("output withheld by the last", "demand of a checker", game(), partial(silent_suppliers, (first,))),
    ]
    found += [
        Case(f"bad {part.name.lower()} box: {name}", "one-time secret", game(), partial(false_box, name, part))
        for part in PARTS
        for name in FALSE_BOXES
    ]
    found += [
        Case("right box called bad", "one-time secret", game(), partial(served, CHECKER, True)),
        Case("a checker is served", "demand of a checker", game(), partial(served, CHECKER, False)),
        Case("an outsider is served", "demand of an outsider", game(), partial(served, STRANGER, False)),
    ]
    return found


def _unsealed(folder: Path, models: Models) -> AbstractContextManager[Any]:
    return unsealed_network(folder, ModelFiles(models["game"]), (UNSEALED, FAULT))

"""Every claim of disputes.md §7 as a case: what one message proves, and what is refused because it proves nothing."""

from dataclasses import replace
from functools import partial
from typing import Any

from chain.errors import Code
from chain.modules.disputes.types import DisputeKind, DisputeStatus
from chain.modules.jobs.types import Job, Unit
from chain.modules.models import keeper as models
from tests.support.case_networks import cheap, plain, unsealed
from tests.support.case_table import (
    EXPIRED,
    RETRIED,
    SETTLED,
    VOID,
    Case,
    End,
    seen,
    unit_slash,
    works,
)
from tests.support.claims_network import ClaimsNetwork
from tests.support.dispute_network import DisputeNetwork
from tests.support.flows import add
from tests.support.network import CHECKERS, REQUESTER, SERVERS, TOKENS
from tests.support.receipt_claims import (
    BAD,
    CONTRADICTIONS,
    ENDS_EARLY,
    GOES_ON,
    OTHER,
    P,
    bounds_claim,
    late_job,
    send_conflicting,
    send_two_conflicting,
    showing,
    stop_claim,
    submit_answer,
)
from tests.support.slashes import JOB_FEE, claim_cost, shared
from tests.support.unsealed import UNSEALED
from tests.support.withheld_cases import input_cases

Units = tuple[Unit, ...]
CHECKER = CHECKERS[0]


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


# A model that breaks a bound


def bounds(net: ClaimsNetwork) -> End:
    net.asserted_job()
    net.planned_job()
    net.ok(net.chain.send(REQUESTER, bounds_claim(net, BAD), gas=1_000_000, fee=1_000))
    net.chain.run_until(net.chain.height + 2)
    code = net.code(net.chain.send(REQUESTER, net.request()))
    return End((models.model(net.store, net.root).is_frozen, code), (True, Code.MODEL_FROZEN), {}, VOID)


def claim_cases() -> list[Case]:
    """The table of claims."""
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
        Case("streamed, never asserted, false", "receipts as assertion", unsealed, signed_only),
        Case("no final receipt, no result", "nobody", plain, incomplete),
        Case("result missing, input confirmed", "receipt, by the requester", plain, missing_alone),
        Case("model breaks a bound", "one gain, by the requester", cheap, bounds),
    ]
    return found + input_cases()

"""The faults of sampling.md §9 that no dispute decides: duties not done, seals given away, caps, baits."""

from functools import partial

from chain.errors import Code
from chain.modules.disputes.types import DisputeKind, DisputeStatus, PaymentReason, Side
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import Job, Unit
from chain.modules.sampling import keeper as sampling
from chain.modules.sampling import rules
from chain.modules.sampling.types import CheckOutcome, CheckPhase, MsgClaimDuty
from chain.modules.workers import keeper as workers
from chain.modules.workers.state import HELD as HELD_SLASHES
from chain.parameters import LOCALNET
from tests.support.canaries import BAIT, baited_job, final_unchecked, opening, run_to_reveal
from tests.support.case_networks import game, network
from tests.support.case_table import REFUTED_LATE, RETRIED, SETTLED, Case, End, in_whole, seen, unit_slash
from tests.support.dispute_network import FAULT, DisputeNetwork
from tests.support.duty_claims import CHEAP, claim, commit_as_seen, leak, open_proofs, reveal_as_seen, settled_job
from tests.support.flows import HELD, TREASURY, Flows, add
from tests.support.game_moves import DISPUTED, only_dispute
from tests.support.network import BOND, CHECKERS, REQUESTER, SERVERS, Machine, Network, short
from tests.support.slashes import by_reason, claimed, flows_of, parts_of_bond

FIRST, SECOND = CHECKERS
BONDS = BOND * len((*SERVERS, *CHECKERS))
DEAR = 3_500_000
"""A declared value that has every checker drawn for every unit, in both looks."""


def first_unit(net: Network, job: Job) -> Unit:
    return net.units(job.job_id)[0]


def three(unit: Unit) -> int:
    """3k."""
    return 3 * unit.terms.check_pay


# Duties


def unmet(net: Network) -> End:
    job = settled_job(net, FIRST)
    unit = first_unit(net, job)
    open_proofs(net, unit, FIRST, SECOND)
    codes = [net.code(net.chain.send(REQUESTER, claim(unit, who))) for who in (SECOND, SECOND, FIRST)]
    owed = claimed(SECOND.name, three(unit), unit.terms.bond, "requester")
    return End(codes, [Code.OK, Code.ALREADY_CLAIMED, Code.DUTY_MET], owed, SETTLED)


def half_checked(net: DisputeNetwork, *committing: Machine) -> tuple[Job, tuple[Unit, ...], Flows]:
    """A false unit that one of these found and nobody else revealed; return what its asserter owes."""
    job = net.drawn_job(value=DEAR)
    units = net.units(job.job_id)
    for who in committing:
        commit_as_seen(net, who, units)
    net.run_to_phase_end(units[DISPUTED])
    reveal_as_seen(net, FIRST, units)
    found = only_dispute(net, job.job_id)
    net.finish(found)
    for unit in (units[0], units[2]):
        if net.check_of(unit).phase == CheckPhase.REVEAL:  # another has committed, and says nothing
            net.run_to_phase_end(unit)
        net.ok(net.chain.send(net.asserter(unit).hot, net.open_message(unit)))
    net.run_to_attempt(job, 1)
    given = {"winner": FIRST.name, "cost": net.cost(found), "finders": (FIRST.name,)}
    return job, units, unit_slash(net, units, DISPUTED, **given)


def retried(net: DisputeNetwork, job: Job, owed: Flows) -> End:
    net.answer_again(job)
    return End(seen(net, job), [(DisputeKind.TRACE, DisputeStatus.REFUTED, DISPUTED)], owed, RETRIED)


def unmet_of_false(net: DisputeNetwork) -> End:
    """Silence about a false unit is complicity: S, of which the claimer gets an eighth."""
    job, units, owed = half_checked(net, FIRST)
    unit = units[DISPUTED]
    end = retried(net, job, owed)
    open_proofs(net, unit, FIRST, SECOND)
    net.ok(net.chain.send(REQUESTER, claim(unit, SECOND)))
    add(owed, claimed(SECOND.name, unit.terms.bond, unit.terms.bond, "requester"))
    return end


def found_late(net: DisputeNetwork) -> End:
    """Everybody was silent, and one of them is claimed for it: the late draw finds what the first look did not."""
    job = settled_job(net, value=DEAR)
    unit = net.units(job.job_id)[DISPUTED]
    open_proofs(net, unit, SECOND)
    net.ok(net.chain.send(REQUESTER, claim(unit, SECOND)))
    while net.check_of(unit).phase != CheckPhase.COMMIT or not net.check_of(unit).late_height:
        net.chain.run_block()
    commit_as_seen(net, FIRST, [unit])
    net.run_to_phase_end(unit)
    reveal_as_seen(net, FIRST, [unit])
    found = only_dispute(net, job.job_id)
    net.finish(found)
    closed, earned = net.run_to_close(job), net.units(job.job_id)[DISPUTED].paid
    bond, asserter = unit.terms.bond, SERVERS[DISPUTED].name
    parts = parts_of_bond(bond, winner=FIRST.name, cost=net.cost(found), finders=(FIRST.name,))
    owed = flows_of(asserter, parts)
    back = min(closed.paid - earned, by_reason(parts)[PaymentReason.REMAINDER])
    add(owed, {(asserter, TREASURY): -back}, {(asserter, "requester"): back + earned})  # its fee is beyond S
    add(owed, claimed(SECOND.name, three(unit), bond, "requester"))
    return End(seen(net, job), [(DisputeKind.TRACE, DisputeStatus.REFUTED, DISPUTED)], owed, REFUTED_LATE)


def unrevealed(net: Network) -> End:
    job = net.drawn_job()
    unit = first_unit(net, job)
    net.ok(net.chain.send(FIRST.hot, net.commit_message(FIRST, unit)))
    net.run_to_close(job)
    outcomes = [one.outcome for one in sampling.commits(net.store, jobs.key_of(unit))]
    return End(outcomes, [CheckOutcome.UNREVEALED], in_whole(FIRST, three(unit)), SETTLED)


def unrevealed_of_false(net: DisputeNetwork) -> End:
    job, units, owed = half_checked(net, FIRST, SECOND)
    for unit in units:  # it has revealed none of the three
        price = unit.terms.bond if unit.stage == DISPUTED else three(unit)
        add(owed, in_whole(SECOND, price))
    return retried(net, job, owed)


def ticketless(net: Network) -> End:
    """Every commitment whose ticket loses costs 3k, as the tickets themselves say."""
    job = settled_job(net, FIRST, SECOND)
    units = net.units(job.job_id)
    owed: Flows = {}
    found: list[CheckOutcome] = []
    for unit in units:
        for who in CHECKERS:
            limit = unit.terms.rate * BOND * (1 << 224) // net.check_of(unit).total_weight
            is_drawn = int.from_bytes(net.ticket(who, unit), "big") < limit
            found.append(CheckOutcome.PAID if is_drawn else CheckOutcome.NO_TICKET)
            add(owed, {} if is_drawn else in_whole(who, three(unit)))
    open_proofs(net, units[0], *CHECKERS)
    outcomes = [sampling.find_commit(net.store, jobs.key_of(unit), who.address) for unit in units for who in CHECKERS]
    assert CheckOutcome.NO_TICKET in found
    return End([one and one.outcome for one in outcomes], found, owed, SETTLED)


def never_proven(net: Network) -> End:
    """The whole bond, a twentieth of all bonds an epoch."""
    job = net.drawn_job()
    epoch = net.check_of(first_unit(net, job)).epoch
    open_proofs(net, first_unit(net, job), FIRST)
    net.chain.run_until(rules.proofs_until(LOCALNET.sampling, epoch) + 1)
    steps = [BOND - net.worker(SECOND).bond]
    while net.worker(SECOND).bond:
        held = net.worker(SECOND).bond
        net.chain.run_until((net.chain.height // LOCALNET.sampling.epoch_blocks + 1) * LOCALNET.sampling.epoch_blocks)
        net.chain.run_block()
        steps.append(held - net.worker(SECOND).bond)
    wanted: list[int] = []
    while sum(wanted) < BOND:
        wanted.append(min((BONDS - sum(wanted)) // 20, BOND - sum(wanted)))
    return End(steps, wanted, in_whole(SECOND, BOND), SETTLED)


# Seals


def leaked(is_asserter: bool, net: Network) -> End:
    job = net.drawn_job()
    unit = first_unit(net, job)
    who = SERVERS[0] if is_asserter else FIRST
    if not is_asserter:
        net.ok(net.chain.send(FIRST.hot, net.commit_message(FIRST, unit)))
    codes = [net.code(net.chain.send(REQUESTER, leak(net, who, unit))) for _ in range(2)]
    price = unit.terms.bond // 8
    owed = {(who.name, TREASURY): price - price // 2, (who.name, "requester"): price // 2}
    if not is_asserter:
        net.run_to_phase_end(unit)
        net.ok(net.chain.send(FIRST.hot, net.reveal_message(FIRST, unit)))
        net.ok(net.chain.send(SERVERS[0].hot, net.open_message(unit)))
    net.run_to_close(job)
    return End(codes, [Code.OK, Code.ALREADY_CLAIMED], owed, SETTLED)


# Caps


def capped(net: Network) -> End:
    """What is above an epoch's share for absence waits for the next one."""
    job = settled_job(net, FIRST)
    units = net.units(job.job_id)
    epoch = open_proofs(net, units[0])
    net.chain.run_until((net.epoch(net.chain.height) + 1) * LOCALNET.sampling.epoch_blocks)
    for who in CHECKERS:
        net.ok(net.chain.send(who.hot, net.proof_message(who, epoch)))
    codes = [net.code(net.chain.send(REQUESTER, claim(unit, SECOND))) for unit in units]
    net.chain.run_until((net.chain.height // LOCALNET.sampling.epoch_blocks + 1) * LOCALNET.sampling.epoch_blocks)
    codes.append(net.code(net.chain.send(REQUESTER, claim(units[2], SECOND))))
    owed = add({}, *(claimed(SECOND.name, three(unit), unit.terms.bond, "requester") for unit in units))
    return End(codes, [Code.OK, Code.OK, Code.PENALTY_CAP, Code.OK], owed, SETTLED)


def held_back(net: Network) -> End:
    """Above the breaker's share a slash is taken whole, and held before anybody has it."""
    job = net.asserted_job()
    units = net.units(job.job_id)
    price, limit = units[0].terms.bond // 8, BONDS // 3_000
    for who, unit in zip(SERVERS[:2], units[:2], strict=True):
        net.ok(net.chain.send(REQUESTER, leak(net, who, unit)))
    held = [(one.recipient, one.amount) for _, one in HELD_SLASHES.items(net.store)]
    half = price // 2
    direct = limit - price  # of the second
    to_requester = min(direct, half)
    to_treasury = direct - to_requester
    owed = {
        (SERVERS[0].name, "requester"): half,
        (SERVERS[0].name, TREASURY): price - half,
    }
    add(owed, {(SERVERS[1].name, "requester"): to_requester, (SERVERS[1].name, TREASURY): to_treasury})
    add(owed, {(SERVERS[1].name, HELD): price - direct})
    waiting = [(REQUESTER.address, half - to_requester), (jobs.TREASURY, price - half - to_treasury)]
    net.run_to_close(job)
    left = net.chain.balance(workers.HELD_SLASHES)
    return End((held, left), ([one for one in waiting if one[1]], 0), owed, SETTLED)


# Baits


def confirmed_bait(net: DisputeNetwork) -> End:
    """A checker that copies what a seal seems to say differs from what was computed, and loses S."""
    job = baited_job(net, (DISPUTED,))
    units = net.units(job.job_id)

    def roots(who: Machine, unit: Unit) -> dict[str, bytes]:
        found = net.roots(SECOND, unit)
        return {**found, "body_root": BAIT} if who == FIRST and unit.stage == DISPUTED else found

    for who in CHECKERS:
        net.ok(net.chain.send(who.hot, *[net.commit_message(who, unit, **roots(who, unit)) for unit in units]))
    run_to_reveal(net, units[0])
    for who in CHECKERS:
        net.ok(net.chain.send(who.hot, *[net.reveal_message(who, unit, **roots(who, unit)) for unit in units]))
    net.ok(net.chain.send(net.asserter(units[DISPUTED]).hot, opening(net, units[DISPUTED])))
    found = only_dispute(net, job.job_id)
    for unit in (units[0], units[2]):
        net.ok(net.chain.send(net.asserter(unit).hot, net.open_message(unit)))
    net.ok(net.step(found, {}))
    cost = net.cost(found, side=Side.ASSERTER)
    net.run_to_close(job)
    parts = parts_of_bond(units[DISPUTED].terms.bond, winner=SERVERS[DISPUTED].name, cost=cost)
    wanted = [(DisputeKind.TRACE, DisputeStatus.UPHELD, DISPUTED)]
    return End(seen(net, job), wanted, flows_of(FIRST.name, parts), SETTLED)


def silence_about_bait(net: Network) -> End:
    """S once the draw counts the bait, less the 3k that were claimed before; the claimer's share is that of 3k."""
    job, height = final_unchecked(net)
    unit = first_unit(net, job)
    net.chain.run_until(height)
    for who in CHECKERS:
        net.ok(net.chain.send(who.hot, net.proof_message(who, net.check_of(unit).epoch)))
    claims = [MsgClaimDuty(REQUESTER.bech32, job.job_id, 0, 0, who.operator.bech32) for who in CHECKERS]
    net.ok(net.chain.send(REQUESTER, claims[0]))
    net.run_to_close(job)  # the claim has it drawn late: only then may it be opened
    net.ok(net.chain.send(net.asserter(unit).hot, opening(net, unit)))
    net.ok(net.chain.send(REQUESTER, *claims))
    bond, price, share = unit.terms.bond, three(unit), three(unit) // 4
    owed = claimed(FIRST.name, price, bond, "requester")
    add(owed, {(FIRST.name, TREASURY): bond - price - share}, {(FIRST.name, "requester"): share})
    add(owed, {(SECOND.name, TREASURY): bond - share}, {(SECOND.name, "requester"): share})
    codes = [net.code(net.chain.send(REQUESTER, one)) for one in claims]
    return End(codes, [Code.ALREADY_CLAIMED] * 2, owed, SETTLED)


def duty_cases() -> list[Case]:
    """The table's part that no dispute decides."""
    always = short(rates={"canary_spacing": 1 << 20})
    tight = short(workers={"penalty_denominator": 300_000})
    breaking = short(workers={"breaker_denominator": 3_000, "held_blocks": 10})
    liar = (DISPUTED, FAULT)
    return [
        Case("unmet duty", "the requester", network(), unmet),
        Case("unmet duty, unit false", "the requester", game(liar), unmet_of_false),
        Case("unmet duty, found false late", "the late draw", game(liar), found_late),
        Case("commit without reveal", "the end of the window", network(), unrevealed),
        Case("commit without reveal, unit false", "the refuted unit", game(liar), unrevealed_of_false),
        Case("commit without a winning ticket", "its own epoch proof", network(model=CHEAP), ticketless),
        Case("epoch proof never opened", "the end of the proof window", network(), never_proven),
        Case("seal leaked by the asserter", "the requester", network(), partial(leaked, True)),
        Case("seal leaked by a checker", "the requester", network(), partial(leaked, False)),
        Case("absences above the epoch's cap", "the requester", network(parameters=tight), capped),
        Case("slashes above the breaker", "the requester", network(parameters=breaking), held_back),
        Case("canary confirmed", "its opening", game(), confirmed_bait),
        Case("silence about a canary", "the requester", network(parameters=always), silence_about_bait),
    ]

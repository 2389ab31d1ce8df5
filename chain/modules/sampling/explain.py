"""Every number of a unit, each with its formula, in the order in which one follows from the other.

What is frozen in the unit's terms comes from there; parameters that are not part of them are the present ones, and are
marked so. A reader with pencil and paper gets each value from those above it.
"""

from chain.context import QueryContext
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs import rules as job_rules
from chain.modules.jobs.state import UnitKey
from chain.modules.jobs.types import Job, Unit, UnitStatus
from chain.modules.models import keeper as models
from chain.modules.rates import keeper as rates
from chain.modules.rates import measured
from chain.modules.rates import rules as rate_rules
from chain.modules.sampling import canaries, epochs, keeper, rules
from chain.modules.sampling.types import Explanation, QueryExplainRequest, QueryExplainResponse, UnitCheck


def explain(ctx: QueryContext, request: QueryExplainRequest) -> QueryExplainResponse:
    """Return every number of a unit's rate, bond and money, with its formula. Raises: Rejected: UNKNOWN_JOB."""
    key: UnitKey = (request.job_id, (request.attempt, request.stage))
    unit = jobs.unit(ctx.store, key)
    job, check = jobs.job(ctx.store, unit.job_id), keeper.find_check(ctx.store, key)
    lines = [
        *_bond_lines(ctx, job, unit),
        *_rate_lines(ctx, unit),
        *_money_lines(ctx, unit),
        *_capacity_lines(ctx, job, unit),
        *_draw_lines(ctx, unit, check),
        *_canary_lines(ctx, unit, check),
        *_settlement_lines(ctx, job, unit),
    ]
    return QueryExplainResponse(tuple(lines))


def _line(name: str, formula: str, value: int) -> Explanation:
    return Explanation(name, formula, str(value))


def _bond_lines(ctx: QueryContext, job: Job, unit: Unit) -> list[Explanation]:
    terms, params = unit.terms, rates.params(ctx.store)
    effective = max(job.value, terms.fee)
    required = max(
        0,
        rate_rules.ceil_div(rate_rules.Q * params.multiple * (terms.fee + effective), params.detection_target)
        - terms.fee,
    )
    frozen = f"{terms.price_numerator}/{terms.price_denominator}"
    check_price = f"{params.check_price_numerator}/{params.check_price_denominator}"
    return [
        _line("work", "N * sum of c_l + T * c_head behind the last layer, at the token limit", terms.work),
        _line("R", f"ceil(work * {frozen}), uostr", terms.fee),
        _line("V", "declared value, uostr", job.value),
        _line("V_e", "max(V, R)", effective),
        _line("fee(Commit)", "parameter, uostr", params.commit_fee),
        _line("fee(Reveal)", "parameter, uostr", params.reveal_fee),
        _line("fees", "fee(Commit) + fee(Reveal) as frozen, uostr", terms.check_fees),
        _line("k", f"ceil(work * {check_price}) + fees, uostr", terms.check_pay),
        _line("m", "parameter: multiple", params.multiple),
        _line("D_target", "parameter, of 2^32", params.detection_target),
        _line("L_req", "max(0, ceil(2^32 m (R + V_e)/D_target) - R)", required),
        _line("S_floor", "parameter, uostr", params.bond_floor),
        _line("S_cap", "parameter, uostr", params.bond_cap),
        _line("G_max", "parameter: gas of a whole dispute, uostr", params.dispute_fee),
        _line("F_job", "parameter: fees of a whole job, uostr", params.job_fee),
        _line("S", "bond: max(S_floor, 4(G_max + F_job + 2(R + k)), min(S_cap, ceil(4 L_req/3)))", terms.bond),
        _line("L", "S - floor(S/4): what a cheater surely loses", terms.loss),
        _line("D", "ceil(2^32 m (R + V_e)/(R + L))", terms.detection),
        _line("D_cap", "parameter, of 2^32: D above it is refused", params.detection_cap),
        _line("V_max", "floor(D_cap (R + L)/(2^32 m)) - R", rate_rules.largest_value_at(params, terms.fee, terms.bond)),
    ]


def _rate_lines(ctx: QueryContext, unit: Unit) -> list[Explanation]:
    terms, params = unit.terms, rates.params(ctx.store)
    share = (terms.coalition_numerator, terms.coalition_denominator, terms.fulfilled)
    highest = rate_rules.rate(params.detection_cap, *share)
    second = rate_rules.second_rate(terms)
    newcomer = rate_rules.newcomer_rate(terms.rate_floor, highest, second, terms.fee, terms.check_pay)
    budget = rate_rules.second_look(terms.rate_floor, second) + rate_rules.Q * terms.fee // (2 * terms.check_pay)
    return [
        _line("-ln(1 - D)", "negln32(D), of 2^32", rate_rules.negln32(terms.detection)),
        _line("r numerator", "coalition share", terms.coalition_numerator),
        _line("r denominator", "coalition share", terms.coalition_denominator),
        _line("rho_min", "parameter: where rho begins, and its lowest, of 2^16", params.fulfilled),
        _line("rho", "share of duties fulfilled as measured at acceptance, of 2^16", terms.fulfilled),
        _line("lambda_1", "ceil(-ln(1 - D)/((1 - r) rho)), of 2^32", terms.rate_floor),
        _line("lambda_2", "second look: lambda(1/2), of 2^32", second),
        _line("lambda(D_cap)", "ceil(-ln(1 - D_cap)/((1 - r) rho)), of 2^32", highest),
        _line("budget", "looks(lambda_1) + floor(2^32 R/(2k)); looks(x) = x + ceil(min(x, 1) lambda_2)", budget),
        _line("lambda_new", "max(lambda_1, min(lambda(D_cap), the x with looks(x) = budget)), of 2^32", newcomer),
        _line("reputation", "of the worker with this model when the plan was drawn, uostr", terms.score),
        _line("reputation full", "parameter, uostr", params.reputation_full),
        _line(
            "lambda",
            "lambda_1 + ceil((lambda_new - lambda_1)(full - min(reputation, full))/full), of 2^32",
            terms.rate,
        ),
    ]


def _money_lines(ctx: QueryContext, unit: Unit) -> list[Explanation]:
    terms, params = unit.terms, rates.params(ctx.store)
    tax = f"{terms.treasury_numerator}/{terms.treasury_denominator}"
    return [
        _line("K", "ceil(k looks(lambda_1)/2^32), uostr", terms.check_charge),
        _line("lock_blocks", "parameter: how long S is held without a dispute", params.lock_blocks),
        _line("rent", f"ceil(S * lock_blocks * {params.rent_numerator}/{params.rent_denominator}), uostr", terms.rent),
        _line("tau", f"ceil({tax} (R + K + rent)), uostr", terms.treasury),
        _line("escrow", "R + K + rent + tau, uostr", rate_rules.cost(terms)),
    ]


def _capacity_lines(ctx: QueryContext, job: Job, unit: Unit) -> list[Explanation]:
    known, window = rates.checkers(ctx.store, job.model_root), rates.check_window(ctx.store)
    load = measured.load(unit.terms, known.heaviest)
    return [
        _line("heaviest", "now: share of the most drawn checker, at most r, of 2^32", known.heaviest),
        _line("load", "now: ceil(work min(1, looks(lambda) heaviest)), work units", load),
        _line("pending", "now: loads of all open jobs, each as at its acceptance", known.pending),
        _line("speed", "now: work units a block that it is taken to manage", known.speed),
        _line("check window", "floor(W_c/4), blocks", window),
        _line(
            "bond_load", "now: ceil(S min(looks(lambda), count)), uostr", measured.bond_load(unit.terms, known.count)
        ),
        _line("pending_bond", "now: bond loads of all open jobs, each as at its acceptance", known.pending_bond),
        _line("bond_capacity", "now: half of all checkers' weights; beyond it is refused", measured.bond_limit(known)),
        _line("capacity", "now: speed * window; pending beyond it is refused", measured.limit(known, window)),
    ]


def _draw_lines(ctx: QueryContext, unit: Unit, check: UnitCheck | None) -> list[Explanation]:
    if check is None:
        return []
    lines = [
        _line("round", "index of its close", check.round_index),
        _line("epoch", "of its close", check.epoch),
        _line("|E_u|", "eligible checkers", unit.num_eligible),
        _line("W", "sum of w_i over E_u, uostr", check.total_weight),
    ]
    taken = epochs.find_snapshot(ctx.store, check.epoch)
    second = rate_rules.second_rate(unit.terms)
    for index, entry in enumerate(taken.entries if taken else ()):
        if rules.has_bit(check.eligible, index):
            name, weight, total = entry.operator.hex(), entry.weight, check.total_weight
            limit = rate_rules.threshold(unit.terms.rate, weight, total)
            again = rate_rules.threshold(second, weight, total)
            lines.append(_line(f"w {name}", "bond - unbonding at the snapshot, uostr", weight))
            if check.late_height:
                formula = "min(2^256, ceil(lambda_2 w 2^224/W)): drawn late iff ticket < T"
                lines.append(_line(f"T late {name}", formula, again))
                continue
            lines.append(_line(f"T {name}", "min(2^256, ceil(lambda w 2^224/W)): drawn iff ticket < T", limit))
            lines.append(_line(f"T2 {name}", "the same with lambda_2, by the beacon behind commit-1", again))
    return lines


def _canary_lines(ctx: QueryContext, unit: Unit, check: UnitCheck | None) -> list[Explanation]:
    params = rates.params(ctx.store)
    rate = rate_rules.canary_rate(params, unit.terms)
    lines = [
        _line("canary spacing", "parameter: one seal in so many is baited", params.canary_spacing),
        _line("canary rate", "min(1, ceil(spacing k/(D2 S))) with D2 = 1/2, of 2^32", rate),
    ]
    drawn = None if check is None else canaries.is_drawn(ctx.store, unit, check)
    if drawn is not None:
        counts = int(drawn and bool(unit.bait_root))
        lines.append(_line("is canary", "1 iff it was baited and its draw is below the canary rate", counts))
    return lines


def _settlement_lines(ctx: QueryContext, job: Job, unit: Unit) -> list[Explanation]:
    if job.status not in jobs.SETTLED or job.attempt != unit.attempt:
        return []
    terms = unit.terms
    done = min(terms.work, job_rules.done_work(models.model(ctx.store, job.model_root).header, job, unit))
    fee = rate_rules.ceil_div(terms.price_numerator * done, terms.price_denominator)
    is_opened = unit.status == UnitStatus.FINAL
    wanted = rate_rules.extra_checks(terms, done, unit.num_eligible) if is_opened else 0
    shared = min(fee // 2, wanted)
    added = min(wanted - shared, terms.fee - fee)
    return [
        _line("work done", "the same as work, for the tokens that were made", done),
        _line("R_actual", f"ceil(work done * {terms.price_numerator}/{terms.price_denominator}), uostr", fee),
        _line(
            "k of it",
            "fees + ceil((k - fees) work done/work): what one check pays, uostr",
            rate_rules.check_pay_done(terms, done),
        ),
        _line("additional", "ceil(k of it * max(0, min(looks(lambda), |E_u|) - looks(lambda_1))), uostr", wanted),
        _line("extra", "min(floor(R_actual/2), additional): out of the asserter's fee, uostr", shared),
        _line("added", "min(additional - extra, R - R_actual): out of the fee the requester saves, uostr", added),
        _line("paid", "R_actual - extra + rent to the asserter, 0 if it did not open, uostr", unit.paid),
        _line("pooled", "K + extra + added to the check pool, uostr", terms.check_charge + shared + added),
        _line("taxed", "tau of R_actual + K + rent to the treasury, uostr", unit.taxed),
        _line("charged", "paid + pooled + taxed, uostr; the rest of the escrow went back", unit.charged),
    ]

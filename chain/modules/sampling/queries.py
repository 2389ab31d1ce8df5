"""What anyone may read of the sampling module; the duties of a worker are in duties.py."""

from contextlib import suppress
from itertools import islice

from chain.context import QueryContext
from chain.errors import Code, Rejected
from chain.modules.accounts.keeper import address_of
from chain.modules.bank import keeper as bank
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.state import UnitKey
from chain.modules.jobs.types import JobStatus, Unit
from chain.modules.rates import keeper as rates
from chain.modules.rates import rules as rate_rules
from chain.modules.sampling import claims, epochs, keeper, rules
from chain.modules.sampling.types import (
    Explanation,
    QueryEpochProofsRequest,
    QueryEpochProofsResponse,
    QueryExplainRequest,
    QueryExplainResponse,
    QueryParamsRequest,
    QueryParamsResponse,
    QueryPoolRequest,
    QueryPoolResponse,
    QueryRoundRequest,
    QueryRoundResponse,
    QuerySnapshotRequest,
    QuerySnapshotResponse,
    QueryUnitRequest,
    QueryUnitResponse,
    QueryUnmetRequest,
    QueryUnmetResponse,
    UnitCheck,
    UnmetDuty,
)

UNMET_PAGE = 128
"""Units whose tickets one answer recomputes."""


def parameters(ctx: QueryContext, _request: QueryParamsRequest) -> QueryParamsResponse:
    """Return the parameters."""
    return QueryParamsResponse(keeper.params(ctx.store))


def unit(ctx: QueryContext, request: QueryUnitRequest) -> QueryUnitResponse:
    """Return one unit, its draw and its checks. Raises: Rejected: UNKNOWN_JOB."""
    key: UnitKey = (request.job_id, (request.attempt, request.stage))
    found, check = jobs.unit(ctx.store, key), keeper.find_check(ctx.store, key)
    taken = None if check is None else keeper.find_round(ctx.store, check.round_index)
    return QueryUnitResponse(found, check, tuple(keeper.commits(ctx.store, key)), taken)


def snapshot(ctx: QueryContext, request: QuerySnapshotRequest) -> QuerySnapshotResponse:
    """Return the snapshot of an epoch. Raises: Rejected: NOT_FOUND."""
    found = epochs.find_snapshot(ctx.store, request.epoch)
    if found is None:
        raise Rejected(Code.NOT_FOUND, f"there is no snapshot of epoch {request.epoch}, or it was deleted")
    return QuerySnapshotResponse(found)


def draw(ctx: QueryContext, request: QueryRoundRequest) -> QueryRoundResponse:
    """Return a round and its units. Raises: Rejected: UNKNOWN_ROUND."""
    found = keeper.find_round(ctx.store, request.index)
    if found is None:
        raise Rejected(Code.UNKNOWN_ROUND, f"round {request.index} had no units, or was deleted")
    checks = [keeper.find_check(ctx.store, key) for key in keeper.round_units(ctx.store, request.index)]
    return QueryRoundResponse(found, tuple(check for check in checks if check is not None))


def proofs(ctx: QueryContext, request: QueryEpochProofsRequest) -> QueryEpochProofsResponse:
    """Return the proofs of an epoch, opened and due. Raises: Rejected: NOT_FOUND."""
    found, params = epochs.find_head(ctx.store, request.epoch), keeper.params(ctx.store)
    if found is None:
        raise Rejected(Code.NOT_FOUND, f"there is no snapshot of epoch {request.epoch}, or it was deleted")
    return QueryEpochProofsResponse(
        tuple(epochs.proofs(ctx.store, request.epoch)),
        found.beacon,
        rules.proofs_from(params, request.epoch),
        rules.proofs_until(params, request.epoch),
    )


def pool(ctx: QueryContext, _request: QueryPoolRequest) -> QueryPoolResponse:
    """Return what the check pool holds and owes."""
    return QueryPoolResponse(bank.balance(ctx.store, jobs.CHECK_POOL), epochs.num_waiting(ctx.store))


def unmet(ctx: QueryContext, request: QueryUnmetRequest) -> QueryUnmetResponse:
    """Return a page of a worker's duties in an epoch that anybody may claim; none before its proof is open."""
    checker = address_of(request.checker, "checker")
    proof = epochs.find_proof(ctx.store, request.epoch, checker)
    if proof is None or not proof.beta:
        return QueryUnmetResponse((), b"")
    drawn = keeper.units_of_epoch(ctx.store, request.epoch, request.cursor)
    page = list(islice(drawn, UNMET_PAGE))
    found: list[UnmetDuty] = []
    for _, key in page:
        with suppress(Rejected):
            owed = claims.find_unmet(ctx.store, key, checker)
            found.append(UnmetDuty(key[0], *key[1], owed.amount, owed.share))
    return QueryUnmetResponse(tuple(found), keeper.cursor_of(*page[-1]) if len(page) == UNMET_PAGE else b"")


def explain(ctx: QueryContext, request: QueryExplainRequest) -> QueryExplainResponse:
    """Return every number of a unit's rate, bond and money, with its formula. Raises: Rejected: UNKNOWN_JOB."""
    key: UnitKey = (request.job_id, (request.attempt, request.stage))
    found = jobs.unit(ctx.store, key)
    lines = [*_rate_lines(ctx, found), *_draw_lines(ctx, found, keeper.find_check(ctx.store, key))]
    job = jobs.job(ctx.store, found.job_id)
    if job.status == JobStatus.FINAL:
        lines.append(_line("charged", "R_actual + K + rent + tau of it, uostr", found.charged))
        lines.append(_line("paid", "R_actual - extra + rent to the asserter, uostr", found.paid))
    return QueryExplainResponse(tuple(lines))


def _line(name: str, formula: str, value: int) -> Explanation:
    return Explanation(name, formula, str(value))


def _rate_lines(ctx: QueryContext, unit: Unit) -> list[Explanation]:
    terms, params = unit.terms, rates.params(ctx.store)
    value = jobs.job(ctx.store, unit.job_id).value
    frozen = f"{terms.price_numerator}/{terms.price_denominator}"
    return [
        _line("work", "N * sum of c_l + T * c_head behind the last layer, at the token limit", terms.work),
        _line("R", f"ceil(work * {frozen}), uostr", terms.fee),
        _line("V", "declared value, uostr", value),
        _line("V_e", "max(V, R)", max(value, terms.fee)),
        _line("S", "bond: max(S_floor, 4(G_max + F_job + 2(R + k)), min(S_cap, ceil(4 L_req/3)))", terms.bond),
        _line("L", "S - floor(S/4)", terms.loss),
        _line("m", "multiple (current parameter)", params.multiple),
        _line("D", "ceil(2^32 m (R + V_e)/(R + L))", terms.detection),
        _line("V_max", "floor(D_cap (R + L)/(2^32 m)) - R", rate_rules.largest_value_at(params, terms.fee, terms.bond)),
        _line("-ln(1 - D)", "negln32(D), of 2^32", rate_rules.negln32(terms.detection)),
        _line("r numerator", "coalition share", terms.coalition_numerator),
        _line("r denominator", "coalition share", terms.coalition_denominator),
        _line("rho", "share of duties fulfilled, of 2^16", terms.fulfilled),
        _line("lambda_1", "ceil(-ln(1 - D)/((1 - r) rho)), of 2^32", terms.rate_floor),
        _line("lambda_2", "lambda(1/2), of 2^32", rate_rules.second_rate(terms)),
        _line("lambda", "max(lambda_1, min(lambda(D_cap), floor(2^32 R/(2k)))), of 2^32", terms.rate),
        _line("k", "pay of one check, uostr", terms.check_pay),
        _line("K", "ceil(k (lambda_1 + ceil(min(lambda_1, 2^32) lambda_2/2^32))/2^32), uostr", terms.check_charge),
        _line("rent", "ceil(S * lock_blocks * rho_n/rho_d), uostr", terms.rent),
        _line("tau", "ceil(tau_n (R + K + rent)/tau_d), uostr", terms.treasury),
        _line("escrow", "R + K + rent + tau, uostr", rate_rules.cost(terms)),
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
            lines.append(_line(f"T {name}", "min(2^256, ceil(lambda w 2^224/W)): drawn iff ticket < T", limit))
            lines.append(_line(f"T2 {name}", "the same with lambda_2, by the beacon behind commit-1", again))
    return lines

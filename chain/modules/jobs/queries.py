"""What anyone may read of the jobs module."""

from collections.abc import Iterator

from chain.context import QueryContext
from chain.errors import Code, Rejected
from chain.module import MAX_PAGE
from chain.modules.accounts.keeper import address_of
from chain.modules.jobs import archive, keeper, rules
from chain.modules.jobs.types import (
    Job,
    QueryArchiveRequest,
    QueryArchiveResponse,
    QueryJobRequest,
    QueryJobResponse,
    QueryJobsRequest,
    QueryJobsResponse,
    QueryParamsRequest,
    QueryParamsResponse,
    QueryWaitingRequest,
    QueryWaitingResponse,
)
from chain.modules.models import keeper as models
from chain.modules.plans import keeper as plans
from chain.modules.plans.rules import stage_work
from chain.modules.rates import keeper as rates
from chain.modules.rates import rules as rate_rules
from chain.modules.rates.types import QueryQuoteRequest, QueryQuoteResponse, StageQuote, Terms

NEWEST = (1 << 64) - 1
"""Above every job id."""


def parameters(ctx: QueryContext, _request: QueryParamsRequest) -> QueryParamsResponse:
    """Return the parameters."""
    return QueryParamsResponse(keeper.params(ctx.store))


def job(ctx: QueryContext, request: QueryJobRequest) -> QueryJobResponse:
    """Return one job with its units. Raises: Rejected: UNKNOWN_JOB."""
    found = keeper.job(ctx.store, request.job_id)
    units = keeper.units_of(ctx.store, found)
    return QueryJobResponse(found, units, tuple(unit.operator for unit in units))


def jobs(ctx: QueryContext, request: QueryJobsRequest) -> QueryJobsResponse:
    """Return a page of jobs, newest first."""
    before = request.before or NEWEST
    if request.requester:
        found = keeper.jobs_by_requester(ctx.store, address_of(request.requester, "requester"), before)
    else:
        found = keeper.jobs_before(ctx.store, before)
    return QueryJobsResponse(_page(found, request.limit))


def waiting(ctx: QueryContext, request: QueryWaitingRequest) -> QueryWaitingResponse:
    """Return jobs that wait for a plan, the next to be drawn first."""
    return QueryWaitingResponse(_page(keeper.waiting_jobs(ctx.store), request.limit))


def _page(found: Iterator[Job], limit: int) -> tuple[Job, ...]:
    size = min(limit or 100, MAX_PAGE)
    return tuple(value for _, value in zip(range(size), found, strict=False))


def quote(ctx: QueryContext, request: QueryQuoteRequest) -> QueryQuoteResponse:
    """Return what a job would cost under each live plan. Raises: Rejected: UNKNOWN_MODEL, CONTEXT_TOO_LONG."""
    model = models.model(ctx.store, request.model_root)
    most = min(keeper.params(ctx.store).max_tokens, model.header.max_positions)
    positions = rules.positions(request.prompt_tokens, request.max_tokens)
    if not request.prompt_tokens or not request.max_tokens or positions > most:
        raise Rejected(Code.CONTEXT_TOO_LONG, f"prompt and limit are at least 1 and together at most {most + 1}")
    if request.value >= rules.MAX_VALUE:
        raise Rejected(Code.INVALID_REQUEST, "value: below 2^56 uostr")
    current, fulfilled = rates.params(ctx.store), rates.fulfilled(ctx.store, model.model_root)
    quotes: list[StageQuote] = []
    for plan in plans.live_plans(ctx.store, model.model_root):
        for index, (stage, score) in enumerate(zip(plan.stages, keeper.plan_scores(ctx.store, plan), strict=True)):
            units = stage_work(model.header, stage, positions, request.max_tokens)
            found = rate_rules.terms(current, units, request.value, fulfilled, score)
            if isinstance(found, Terms):
                quotes.append(StageQuote(plan.plan_id, index, False, 0, found))
            else:
                quotes.append(StageQuote(plan.plan_id, index, True, found.largest_value or 0, None))
    offers = keeper.offers(ctx.store, model, request.prompt_tokens, request.max_tokens, request.value)
    escrows = [offer.escrow for offer in offers if isinstance(offer, rules.Offer)]
    return QueryQuoteResponse(tuple(quotes), max(escrows, default=0))


def archived(ctx: QueryContext, request: QueryArchiveRequest) -> QueryArchiveResponse:
    """Return the mountain range of closed records, and the round archived at a height if state keeps it."""
    peaks = archive.peaks_of(ctx.store)
    if not request.height:
        return QueryArchiveResponse(peaks, None, ())
    records = tuple(record for _, record in archive.archived_records(ctx.store, request.height))
    return QueryArchiveResponse(peaks, archive.find_round(ctx.store, request.height), records)

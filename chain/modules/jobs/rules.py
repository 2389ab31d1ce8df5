"""Pure rules of jobs: what a request may hold, what it costs under a plan, what a receipt proves."""

from collections.abc import Sequence
from dataclasses import dataclass

from chain.crypto.hashing import receipt_bytes, unit_id
from chain.crypto.keys import is_valid_ed25519_key, verify_ed25519
from chain.errors import Code, Rejected
from chain.modules.jobs.types import Job, MsgRequestJob, Params, Receipt, SamplerKind, SamplerSpec, Unit, UnitStatus
from chain.modules.models.types import ModelHeader
from chain.modules.plans.rules import stage_work
from chain.modules.plans.types import Plan
from chain.modules.rates import rules as rates
from chain.modules.rates.types import Params as Rates
from chain.modules.rates.types import Terms

MAX_TOP_K = 256
MAX_VALUE = 1 << 56
DRAW_DELAY = 2
"""Blocks between acceptance and the beacon that draws the plan."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a job costs under one plan."""

    plan: Plan
    terms: tuple[Terms, ...]

    @property
    def escrow(self) -> int:
        """Return the most it can cost."""
        return sum(rates.cost(unit) for unit in self.terms)


def positions(prompt_tokens: int, tokens: int) -> int:
    """Return N: the last token is not fed back."""
    return prompt_tokens + tokens - 1


def require_request(params: Params, header: ModelHeader, msg: MsgRequestJob) -> None:
    """Check a request. Raises: Rejected: INVALID_REQUEST, CONTEXT_TOO_LONG, SAMPLER_INVALID."""
    for name in ("prompt_root", "blind_hash", "seed"):
        if len(getattr(msg, name)) != 32:
            raise Rejected(Code.INVALID_REQUEST, f"{name}: 32 bytes")
    if not is_valid_ed25519_key(msg.session_key):
        raise Rejected(Code.INVALID_REQUEST, "session_key: an ed25519 key")
    if not msg.prompt_tokens or not msg.max_tokens:
        raise Rejected(Code.INVALID_REQUEST, "prompt_tokens and max_tokens: at least 1")
    most = min(params.max_tokens, header.max_positions)
    if positions(msg.prompt_tokens, msg.max_tokens) > most:
        raise Rejected(
            Code.CONTEXT_TOO_LONG,
            f"prompt plus limit less one are {positions(msg.prompt_tokens, msg.max_tokens)}, at most {most} are taken",
        )
    if len(msg.stop_ids) > params.max_stop_ids or any(token >= header.vocab_size for token in msg.stop_ids):
        raise Rejected(Code.INVALID_REQUEST, f"stop_ids: at most {params.max_stop_ids}, each in the vocabulary")
    if msg.value >= MAX_VALUE:
        raise Rejected(Code.INVALID_REQUEST, "value: below 2^56 uostr")
    require_sampler(msg.sampler)


def require_sampler(sampler: SamplerSpec) -> None:
    """Check a sampler. Raises: Rejected: SAMPLER_INVALID."""
    if sampler.kind == SamplerKind.GREEDY:
        if sampler.inverse_temperature or sampler.top_k:
            raise Rejected(Code.SAMPLER_INVALID, "greedy takes neither temperature nor top_k")
        return
    if not 1 <= sampler.inverse_temperature < 1 << 31:
        raise Rejected(Code.SAMPLER_INVALID, "inverse_temperature: in [1, 2^31)")
    if sampler.top_k > MAX_TOP_K:
        raise Rejected(Code.SAMPLER_INVALID, f"top_k: at most {MAX_TOP_K}, 0 is off")


def offer(
    params: Rates,
    header: ModelHeader,
    plan: Plan,
    prompt_tokens: int,
    max_tokens: int,
    value: int,
    fulfilled: int,
    scores: Sequence[int],
) -> Offer | rates.Refusal:
    """Return what a job costs under a plan, or the refusal of the stage that covers least.

    `fulfilled` is the measured ρ, `scores` the reputations of the stages' workers.
    """
    units: list[Terms] = []
    refusals: list[rates.Refusal] = []
    for stage, score in zip(plan.stages, scores, strict=True):
        units_of_work = stage_work(header, stage, positions(prompt_tokens, max_tokens), max_tokens)
        found = rates.terms(params, units_of_work, value, fulfilled, score)
        if isinstance(found, Terms):
            units.append(found)
        else:
            refusals.append(found)
    if refusals:
        known = [refusal.largest_value for refusal in refusals if refusal.largest_value is not None]
        return rates.Refusal(min(known) if len(known) == len(refusals) else None)
    return Offer(plan, tuple(units))


def may_run(job: Job, plan: Plan) -> bool:
    """Tell whether nobody in a plan was convicted in an earlier attempt of the job."""
    return not any(stage.operator in job.excluded for stage in plan.stages)


def draw(digest: bytes, weights: Sequence[int]) -> int:
    """Return which plan a digest names; each stands in the list as often as it weighs.

    The list holds all of them once, then again those that weigh more than once, and so on: under equal weights it is
    the digest modulo their number.
    """
    slots = [index for turn in range(max(weights)) for index, weight in enumerate(weights) if weight > turn]
    return slots[int.from_bytes(digest, "big") % len(slots)]


def done_work(header: ModelHeader, job: Job, unit: Unit) -> int:
    """Return the work that a unit with a result really took."""
    tokens = unit.tokens
    done = positions(job.prompt_tokens, tokens)
    return rates.work(header.layer_costs, unit.start, unit.end, header.head_cost, done, tokens)


def require_receipt(chain: bytes, job: Job, upstream: Unit, hot_key: bytes, tokens: int, receipt: Receipt) -> None:
    """Check that `receipt` is the upstream stage's final one. Raises: Rejected: RECEIPT_INVALID, WRONG_COUNT."""
    if receipt.unit != unit_id(chain, upstream.job_id, upstream.attempt, upstream.stage):
        raise Rejected(Code.RECEIPT_INVALID, "the receipt is of another unit")
    if receipt.revision != upstream.revision or not receipt.is_final:
        raise Rejected(Code.RECEIPT_INVALID, "the receipt is not the final one of this revision")
    if len(receipt.root) != 32 or receipt.count >= 1 << 32:
        raise Rejected(Code.RECEIPT_INVALID, "the receipt is malformed")
    signed = receipt_bytes(receipt.unit, receipt.revision, receipt.count, receipt.root, receipt.is_final)
    if not verify_ed25519(hot_key, signed, receipt.signature):
        raise Rejected(Code.RECEIPT_INVALID, "the receipt is not signed by the upstream stage's hot key")
    if receipt.count != positions(job.prompt_tokens, tokens):
        raise Rejected(
            Code.WRONG_COUNT,
            f"the receipt counts {receipt.count} rows, the result {positions(job.prompt_tokens, tokens)}",
        )


def missing_stages(units: Sequence[Unit]) -> list[int]:
    """Return the stages without a result."""
    return [unit.stage for unit in units if unit.status == UnitStatus.PENDING]


def is_final(unit: Unit) -> bool:
    """Say whether nothing can change about a unit any more."""
    return unit.status in (UnitStatus.FINAL, UnitStatus.UNOPENED)

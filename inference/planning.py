"""The exact min-max split of a model over workers: a dynamic programme over contiguous layer ranges, in integers.

The chain verifies a plan and never makes one, so what is assumed here may be wrong without harm: a plan that breaks a
rule is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from chain.crypto.keys import encode_address
from chain.modules.models.types import ModelHeader
from chain.modules.plans import rules
from chain.modules.plans.types import Stage, StageRequest
from chain.modules.rates.types import Params as RateParams
from chain.modules.workers.types import Enrollment, Role, Worker, WorkerStatus

MAX_STAGES = 8
"""Stages of a plan."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A worker that may take a stage."""

    operator: bytes
    start: int
    end: int
    """Layers it serves."""
    memory_bytes: int
    is_checker: bool


@dataclass(frozen=True, slots=True)
class Split:
    """Stages as (operator, start, end) and the largest work of one of them at one position."""

    stages: tuple[StageRequest, ...]
    bottleneck: int


@dataclass(frozen=True, slots=True)
class Partial:
    """The best way found to a state of the programme."""

    bottleneck: int
    stages: tuple[tuple[bytes, int, int], ...]

    @property
    def order(self) -> tuple[int, int]:
        """Lower is better: the bottleneck, then the number of hops."""
        return self.bottleneck, len(self.stages)


@lru_cache(maxsize=4)
def best_plan(
    header: ModelHeader, workers: tuple[Worker, ...], enrollments: tuple[Enrollment, ...], rates: RateParams
) -> Split | None:
    """Return the plan of lowest bottleneck that leaves enough checkers outside, or None.

    Of the workers that serve and check, one stays outside as the spare if there is a plan without it: it takes over
    from whoever is lost (`mended`), and until then it checks.

    Remembered, because a worker asks at every block of its turn and what it asks about rarely changes.
    """
    active = {worker.operator: worker for worker in workers if worker.status == WorkerStatus.ACTIVE}
    checkers = _checkers(active, enrollments)
    candidates = sorted(
        (
            Candidate(
                item.operator,
                item.start,
                item.end,
                active[item.operator].memory_bytes,
                item.operator in checkers,
            )
            for item in enrollments
            if item.role == Role.SERVE and item.operator in active
        ),
        key=lambda item: (item.start, item.end, item.is_checker, item.operator),
    )
    total = sum(worker.bond - worker.unbonding for worker in workers)
    most = len(checkers) - rates.min_checkers
    spared = min(most, sum(candidate.is_checker for candidate in candidates) - 1)
    for used in (*range(spared, -1, -1), *range(most, max(spared, -1), -1)):
        found = split(header, candidates, used)
        if found is not None and _leaves_checkers(found, checkers, total, rates):
            return Split(tuple(StageRequest(encode_address(o), a, b) for o, a, b in found.stages), found.bottleneck)
    return None


def mended(
    header: ModelHeader,
    stages: Sequence[Stage],
    workers: Sequence[Worker],
    enrollments: Sequence[Enrollment],
    rates: RateParams,
    avoided: frozenset[bytes] = frozenset(),
) -> tuple[StageRequest, ...] | None:
    """Return a plan in which others hold the spans of those who are lost or to be avoided, or None.

    Everybody else keeps the layers that it has loaded, so work goes on soon.
    """
    active = {worker.operator: worker for worker in workers if worker.status == WorkerStatus.ACTIVE}
    checkers, taken = _checkers(active, enrollments), {stage.operator for stage in stages}
    serving = [item for item in enrollments if item.role == Role.SERVE and item.operator in active]
    free = [item for item in serving if item.operator not in taken | avoided]
    free.sort(key=lambda item: (item.operator in checkers, item.operator))
    found: list[Stage] = []
    for stage in stages:
        if any(
            item.operator == stage.operator and item.start <= stage.start and stage.end <= item.end
            for item in serving
            if item.operator not in avoided
        ):
            found.append(stage)
            continue
        needed = rules.memory_bytes(header, stage, header.max_positions)
        for item in free:
            if item.start <= stage.start and stage.end <= item.end and needed <= active[item.operator].memory_bytes:
                found.append(Stage(item.operator, stage.start, stage.end))
                free.remove(item)
                break
        else:
            return None
    total = sum(worker.bond - worker.unbonding for worker in workers)
    inside = {stage.operator for stage in found}
    outside = [weight for operator, weight in checkers.items() if operator not in inside]
    if rules.find_missing_checkers(rates, outside, total) is not None:
        return None
    return tuple(StageRequest(encode_address(stage.operator), stage.start, stage.end) for stage in found)


def _checkers(active: Mapping[bytes, Worker], enrollments: Sequence[Enrollment]) -> dict[bytes, int]:
    """Return the weights of active checkers."""
    return {
        item.operator: active[item.operator].bond - active[item.operator].unbonding
        for item in enrollments
        if item.role == Role.CHECK and item.operator in active
    }


def split(header: ModelHeader, candidates: Sequence[Candidate], max_checkers: int) -> Partial | None:
    """Return the split of lowest bottleneck in which at most `max_checkers` stages are held by checkers.

    Candidates are taken or skipped in the order given; states are (layers covered, checkers used, stages).
    """
    last = header.num_layers
    cuts = (*header.cut_points, last)
    best: dict[tuple[int, int, int], Partial] = {(0, 0, 0): Partial(0, ())}
    for candidate in candidates:
        following = dict(best)
        for (covered, checkers, stages), partial in best.items():
            used = checkers + candidate.is_checker
            if covered == last or stages == MAX_STAGES or used > max_checkers or candidate.start > covered:
                continue
            for end in cuts:
                if end <= covered or end > candidate.end or (end < last and end - covered < rules.MIN_LAYERS):
                    continue
                stage = Stage(candidate.operator, covered, end)
                # Threshold: caches for all positions the model takes; the chain may limit a job to fewer.
                if rules.memory_bytes(header, stage, header.max_positions) > candidate.memory_bytes:
                    break
                bottleneck = max(partial.bottleneck, rules.stage_work(header, stage, 1, 1))
                state = (end, used, stages + 1)
                found = Partial(bottleneck, (*partial.stages, (candidate.operator, covered, end)))
                if state not in following or found.order < following[state].order:
                    following[state] = found
        best = following
    whole = [partial for (covered, _, _), partial in best.items() if covered == last]
    return min(whole, key=lambda partial: partial.order, default=None)


def _leaves_checkers(found: Partial, checkers: dict[bytes, int], total: int, rates: RateParams) -> bool:
    """Say whether enough checkers stand outside, none of them with more than its permitted share."""
    inside = {operator for operator, _, _ in found.stages}
    outside = [weight for operator, weight in checkers.items() if operator not in inside]
    return rules.find_missing_checkers(rates, outside, total) is None

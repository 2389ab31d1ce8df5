"""Which plans are valid, and how they compare."""

from collections.abc import Sequence

from chain.modules.models.rules import MAX_STAGE_LAYERS, cache_bytes, is_range, resident_bytes
from chain.modules.models.types import ModelHeader
from chain.modules.plans.types import Plan, Stage
from chain.modules.rates.rules import work
from chain.modules.rates.types import Params as Rates

MIN_LAYERS = 2
"""Layers of a stage that is not the last: with one, its body_root would be a constant."""


def find_broken_shape(header: ModelHeader, stages: Sequence[Stage], max_stages: int) -> str | None:
    """Return a sentence about the first rule of shape that is broken, or None."""
    if not 0 < len(stages) <= max_stages:
        return f"a plan has 1 to {max_stages} stages"
    reached = 0
    for index, stage in enumerate(stages):
        if stage.start != reached:
            return f"stage {index} begins at {stage.start} instead of {reached}: stages cover the layers in order"
        if not is_range(header, stage.start, stage.end):
            return f"stage {index}: the model may not be cut at [{stage.start}, {stage.end})"
        if stage.end - stage.start > MAX_STAGE_LAYERS:
            return f"stage {index} has more than {MAX_STAGE_LAYERS} layers"
        if index < len(stages) - 1 and stage.end - stage.start < MIN_LAYERS:
            return f"stage {index} has fewer than {MIN_LAYERS} layers and is not the last"
        reached = stage.end
    if reached != header.num_layers:
        return f"the stages end at {reached}, the model at {header.num_layers}"
    if len({stage.operator for stage in stages}) != len(stages):
        return "every stage has another operator"
    return None


def memory_bytes(header: ModelHeader, stage: Stage, positions: int) -> int:
    """Return what a stage must hold: weights, and keys and values at the limit of positions."""
    return resident_bytes(header, stage.start, stage.end) + cache_bytes(header, stage.start, stage.end, positions)


def stage_work(header: ModelHeader, stage: Stage, positions: int, outputs: int) -> int:
    """Return the work of a stage for some positions and outputs."""
    return work(header.layer_costs, stage.start, stage.end, header.head_cost, positions, outputs)


def bottleneck(header: ModelHeader, stages: Sequence[Stage]) -> int:
    """Return the largest work of a stage at one position."""
    return max(stage_work(header, stage, 1, 1) for stage in stages)


def find_missing_checkers(rates: Rates, weights: Sequence[int], total_weight: int) -> str | None:
    """Return what is missing for safe draws among checkers of these weights, or None.

    `total_weight` is that of all workers. None of the checkers may hold more than the coalition share r.
    """
    if len(weights) < rates.min_checkers:
        return f"{len(weights)} eligible checkers, at least {rates.min_checkers} are required"
    eligible = sum(weights)
    if eligible == 0 or max(weights) * rates.coalition_denominator > eligible * rates.coalition_numerator:
        return f"one checker holds {max(weights)} of {eligible}, more than the coalition share"
    if eligible * rates.checker_weight_denominator < total_weight * rates.checker_weight_numerator:
        return f"the checkers hold {eligible} of {total_weight}, less than theta"
    return None


def worst(plans: Sequence[Plan]) -> Plan:
    """Return the plan with the highest bottleneck, the youngest of equals."""
    return max(plans, key=lambda plan: (plan.bottleneck, plan.plan_id))

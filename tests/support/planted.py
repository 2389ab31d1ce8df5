"""Units of one job with a fault in one stage, as every party has them."""

from dataclasses import dataclass, field, replace
from functools import cached_property

from chain.modules.disputes.game.shape import Item, UnitShape
from inference.disputes.archive import Inputs
from inference.disputes.faults import Fault, MadeUnit
from inference.disputes.model import ModelFiles
from tests.support.builders import seed
from tests.support.network import BLIND

Stages = tuple[tuple[int, int], ...]
"""Layers of each stage."""


@dataclass
class Pipeline:
    """One job over all layers, honest and with faults; what is equal is computed once."""

    model: ModelFiles
    stages: Stages
    shape: UnitShape
    """Of all layers."""
    prompt: tuple[int, ...]
    base: "Pipeline | None" = None
    """The same job under another sampler: equal until the first token is fed."""

    @cached_property
    def honest(self) -> MadeUnit:
        """The whole job as it should be."""
        made = MadeUnit(self.model, self.shape, self._inputs(()), None)
        if self.base is not None:
            made.copy_until(self.base.honest, len(self.prompt) - 1)
        made.make(is_free=True)
        return made

    @cached_property
    def units(self) -> tuple[MadeUnit, ...]:
        """The job's honest units, by stage."""
        return tuple(self.cut(self.honest, stage, None) for stage in range(len(self.stages)))

    def faulty(self, *faults: Fault) -> MadeUnit:
        """The whole job of a pipeline in which tiles are wrong: what comes after them follows from them."""
        made = MadeUnit(self.model, self.shape, self._inputs(self.honest.inputs.tokens), None, (), faults)
        made.copy_until(self.honest, min(self.position(fault.item) for fault in faults))
        made.follow(self.honest, min(fault.item.layer for fault in faults))
        made.make(is_free=True)
        return made

    def cut(self, whole: MadeUnit, stage: int, fault: Fault | None) -> MadeUnit:
        """One stage of a whole job."""
        start, _ = self.stages[stage]
        given = tuple(whole.rows[start - 1]) if start else ()
        made = MadeUnit(self.model, self.part(stage), whole.inputs, fault, given)
        made.copy_until(whole, self.shape.positions)
        return made

    def checked(
        self, whole: MadeUnit, stage: int, since: int, fault: Fault | None = None, *, below: int = 0
    ) -> MadeUnit:
        """A stage as a checker computes it from what the pipeline passed on; `since` is where that may begin to differ
        from the honest job, `fault` is the checker's own. Below a layer the pipeline is known to be right."""
        start, _ = self.stages[stage]
        given = tuple(whole.rows[start - 1]) if start else ()
        made = MadeUnit(self.model, self.part(stage), whole.inputs, fault, given)
        made.copy_until(self.honest, since)
        made.follow(whole, below)
        made.make(is_free=False)
        return made

    def part(self, stage: int) -> UnitShape:
        """The structure of a stage."""
        start, end = self.stages[stage]
        return replace(self.shape, start=start, end=end)

    def position(self, item: Item) -> int:
        """The first position that an item depends on alone."""
        is_output = item.layer == self.shape.header.num_layers
        return item.index + (self.shape.prompt_tokens - 1 if is_output else 0)

    def stage_of(self, fault: Fault) -> int:
        """The stage in which a fault is."""
        return next(at for at, (_, end) in enumerate(self.stages) if fault.item.layer < end or end == self.num_layers)

    @property
    def num_layers(self) -> int:
        return self.shape.header.num_layers

    def _inputs(self, tokens: tuple[int, ...]) -> Inputs:
        return Inputs(BLIND, seed("sampler"), self.prompt, tokens)


@dataclass
class Contents:
    """What the parties of one attempt of a job have."""

    asserted: tuple[MadeUnit, ...]
    checked: tuple[MadeUnit, ...]
    """By an honest checker."""
    views: dict[str, tuple[MadeUnit, ...]] = field(default_factory=dict)
    """By checkers that are not honest, or not right."""

    def view(self, name: str) -> tuple[MadeUnit, ...]:
        return self.views.get(name, self.checked)


def honest_contents(pipeline: Pipeline) -> Contents:
    """Everybody is honest."""
    return Contents(pipeline.units, pipeline.units)


def lying_asserters(pipeline: Pipeline, *faults: Fault) -> Contents:
    """The stages of the faults lie; everybody else computes from what comes out of that."""
    whole, since = pipeline.faulty(*faults), min(pipeline.position(fault.item) for fault in faults)
    wrong = {pipeline.stage_of(fault): fault for fault in faults}
    asserted = tuple(pipeline.cut(whole, stage, wrong.get(stage)) for stage in range(len(pipeline.stages)))
    checked = tuple(
        pipeline.checked(whole, stage, since, below=wrong[stage].item.layer) if stage in wrong else asserted[stage]
        for stage in range(len(asserted))
    )
    return Contents(asserted, checked)


def lying_checker(pipeline: Pipeline, name: str, fault: Fault) -> Contents:
    """All stages are honest, one checker is wrong about one of them."""
    contents, stage = honest_contents(pipeline), pipeline.stage_of(fault)
    liar = pipeline.checked(pipeline.honest, stage, pipeline.position(fault.item), fault, below=fault.item.layer)
    view = (*contents.checked[:stage], liar, *contents.checked[stage + 1 :])
    return replace(contents, views={name: view})

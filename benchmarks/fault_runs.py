"""What the fault matrix plants: runs of one model, job and kind of case, in chunks that each have a chain of their own.

A chunk is planted, played and judged in one process from nothing but its own description, so that nothing depends on
how many processes there are.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

from chain.modules.disputes.game.shape import UnitShape
from chain.modules.jobs.types import SamplerKind, SamplerSpec
from inference.disputes.model import ModelFiles
from inference.models.convert import convert
from tests.support.case_table import Case as TableCase
from tests.support.case_table import Row, run_case
from tests.support.claim_cases import claim_cases
from tests.support.duty_cases import duty_cases
from tests.support.endings import SHAPE, ending_cases
from tests.support.fault_matrix import Case, Kind, Outcome, cases, contents_of, run_batch
from tests.support.lived_network import lived_network
from tests.support.penalty_cases import game_penalty_cases
from tests.support.planted import Pipeline
from tests.support.tiny_model import TinyShape, write_tiny_model

STAGES = ((0, 2), (2, 4), (4, 5))
SHAPES = {
    "wide": TinyShape(layers=5, hidden=2112, heads=2, kv_heads=1, inner=64, vocabulary=320, head_size=32),
    "long": TinyShape(layers=5, hidden=64, heads=2, kv_heads=1, inner=2112, vocabulary=512, head_size=32),
    "game": TinyShape(layers=6),
    "ends": SHAPE,
}
GREEDY = SamplerSpec()
SAMPLERS = {
    "greedy": GREEDY,
    "temperature": SamplerSpec(SamplerKind.TEMPERATURE, 6000, 0),
    "top-k": SamplerSpec(SamplerKind.TEMPERATURE, 4000, 20),
}
SHORT = {0: "first", 4: "middle", 7: "last"}
"""Of a job of 6 prompt ids and 3 outputs."""
BLOCKS = {70: "middle", 132: "last"}
"""Of a job of 130 prompt ids and 4 outputs: the second and third block of attention."""
BATCH = 12
"""Cases of a chunk: their jobs run side by side."""


@dataclass(frozen=True, slots=True)
class Run:
    """Cases of one kind in one job."""

    model: str
    sampler: str
    prompt: int
    outputs: int
    kind: Kind
    positions: tuple[tuple[int, str], ...]
    only_outputs: bool = False
    stages: tuple[int, ...] = (0, 1, 2)


def _run(model: str, sampler: str, kind: Kind, positions: dict[int, str], **options: object) -> Run:
    size = (6, 3) if positions == SHORT or max(positions) == max(SHORT) else (130, 4)
    return Run(model, sampler, *size, kind, tuple(positions.items()), **options)  # type: ignore[arg-type]


SEEDED = ("temperature", "top-k")
OTHERS = tuple(kind for kind in Kind if kind != Kind.FALSE_UNIT)
RUNS = (
    _run("wide", "greedy", Kind.FALSE_UNIT, SHORT),
    _run("long", "greedy", Kind.FALSE_UNIT, SHORT),
    _run("long", "greedy", Kind.FALSE_UNIT, BLOCKS),
    Run("long", "greedy", 130, 4, Kind.FALSE_UNIT, ((0, "first"),), stages=(2,)),
    *(_run("long", sampler, Kind.FALSE_UNIT, {132: "last"}, only_outputs=True) for sampler in SEEDED),
    *(_run("wide", "greedy", kind, {7: "last"}) for kind in OTHERS),
    *(_run("long", "greedy", kind, {132: "last"}) for kind in OTHERS),
    *(_run("long", "top-k", kind, {132: "last"}, only_outputs=True) for kind in OTHERS),
)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some cases of a run."""

    run: int
    cases: tuple[Case, ...]


def write_model(folder: Path, name: str) -> None:
    """Convert a small model."""
    convert(write_tiny_model(folder / name / "source", SHAPES[name]), folder / name / "models")


@cache
def directories(folder: Path) -> dict[str, Path]:
    """Where the converted models lie."""
    return {name: next((folder / name / "models").iterdir()) for name in SHAPES}


@cache
def _model(folder: Path, name: str) -> ModelFiles:
    return ModelFiles(directories(folder)[name])


@cache
def pipeline_of(folder: Path, name: str, sampler: str, prompt: int, outputs: int) -> Pipeline:
    """Return the job of a run; one process computes it once, and what comes before the first token for all samplers."""
    model = _model(folder, name)
    ids = tuple((7 * at + 3) % 250 for at in range(prompt))
    shape = UnitShape(model.header, 0, model.header.num_layers, len(ids), outputs, SAMPLERS[sampler])
    base = None if sampler == "greedy" else pipeline_of(folder, name, "greedy", prompt, outputs)
    return Pipeline(model, STAGES, shape, ids, base)


def _pipeline(folder: Path, run: Run) -> Pipeline:
    return pipeline_of(folder, run.model, run.sampler, run.prompt, run.outputs)


def cases_of(folder: Path, run: Run) -> list[Case]:
    """Every case of a run."""
    pipeline, places = _pipeline(folder, run), dict(run.positions)
    found = cases(pipeline, run.kind, places, only_outputs=run.only_outputs)
    is_row_only = len(run.stages) < len(STAGES)
    return [
        case
        for case in found
        if case.stage in run.stages and not (is_row_only and case.fault.item.layer == pipeline.num_layers)
    ]


def chunks_of(run: int, chosen: Sequence[Case]) -> list[Chunk]:
    """Divide the cases of a run."""
    rest, found = iter(chosen), list[Chunk]()
    while some := tuple(islice(rest, BATCH)):
        found.append(Chunk(run, some))
    return found


def play_chunk(folder: Path, chunk: Chunk) -> list[Outcome]:
    """Plant the cases of a chunk, play those that show, and judge them."""
    pipeline = _pipeline(folder, RUNS[chunk.run])
    planted, done = [], dict[Case, Outcome]()
    for case in chunk.cases:
        contents, shows = contents_of(pipeline, case)
        done[case] = Outcome(case, False)
        if shows:
            planted.append((case, contents))
    if planted:
        with tempfile.TemporaryDirectory() as work, lived_network(Path(work), pipeline) as net:
            done |= {one.case: one for one in run_batch(net, planted)}
    return [done[case] for case in chunk.cases]


TABLES = {
    "claims (disputes.md §7)": claim_cases,
    "faults (sampling.md §9)": lambda: game_penalty_cases() + duty_cases(),
    "endings": ending_cases,
}


def table_cases(table: str) -> list[TableCase]:
    """The cases of a table."""
    return TABLES[table]()


def play_case(folder: Path, table: str, number: int) -> Row:
    """Play one case of a table."""
    with tempfile.TemporaryDirectory() as work:
        return run_case(table_cases(table)[number], Path(work), directories(folder))

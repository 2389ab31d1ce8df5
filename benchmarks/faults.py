"""The fault matrix: every operator of every stage made wrong once, and what the chain does about it.

    python -m benchmarks.faults [--sample N] [--seed 1] [--output table|json]

Real modules, transactions and blocks; units of two small models, one wide enough for three tiles of every row, one long
enough for three blocks of attention. A fault counts as planted if it changes a row, a checksum or a token. Then it has
to be detected, exactly the guilty convicted, at the planted step, every uostr where sampling.md says, the job answered
by others where it was not, and no honest party slashed: else the exit status is 1.
"""

import argparse
import itertools
import json
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from chain.modules.disputes.game.shape import UnitShape
from chain.modules.jobs.types import SamplerKind, SamplerSpec
from inference.disputes.model import ModelFiles
from inference.models.convert import convert
from tests.support.fault_matrix import Case, Kind, Outcome, cases, contents_of, run_batch
from tests.support.lived_network import lived_network
from tests.support.planted import Pipeline
from tests.support.tiny_model import TinyShape, write_tiny_model

STAGES = ((0, 2), (2, 4), (4, 5))
SHAPES = {
    "wide": TinyShape(layers=5, hidden=2112, heads=2, kv_heads=1, inner=64, vocabulary=320, head_size=32),
    "long": TinyShape(layers=5, hidden=64, heads=2, kv_heads=1, inner=2112, vocabulary=512, head_size=32),
}
GREEDY = SamplerSpec()
SAMPLERS = {
    "greedy": GREEDY,
    "temperature": SamplerSpec(SamplerKind.TEMPERATURE, 6000, 0),
    "top-k": SamplerSpec(SamplerKind.TEMPERATURE, 4000, 20),
}
WIDE = {0: "first", 4: "middle", 7: "last"}
LONG = {70: "middle", 132: "last"}
BATCH = 10
"""Jobs side by side."""


@dataclass(frozen=True, slots=True)
class Run:
    """Cases that share a chain."""

    model: str
    sampler: str
    prompt: int
    outputs: int
    kind: Kind
    positions: dict[int, str]
    only_outputs: bool = False


RUNS = (
    Run("wide", "greedy", 6, 3, Kind.FALSE_UNIT, WIDE),
    Run("long", "greedy", 130, 4, Kind.FALSE_UNIT, LONG),
    Run("long", "temperature", 130, 4, Kind.FALSE_UNIT, {132: "last"}, only_outputs=True),
    Run("long", "top-k", 130, 4, Kind.FALSE_UNIT, {132: "last"}, only_outputs=True),
    *(Run("wide", "greedy", 6, 3, kind, {7: "last"}) for kind in Kind if kind != Kind.FALSE_UNIT),
)


def models(folder: Path) -> dict[str, ModelFiles]:
    """Convert the small models."""
    found = {}
    for name, shape in SHAPES.items():
        manifest = convert(write_tiny_model(folder / name / "source", shape), folder / name / "models")
        found[name] = ModelFiles(folder / name / "models" / manifest.model_root.hex())
    return found


def pipeline_of(run: Run, model: ModelFiles) -> Pipeline:
    """Return the job of a run."""
    prompt = tuple((7 * at + 3) % 250 for at in range(run.prompt))
    shape = UnitShape(model.header, 0, model.header.num_layers, len(prompt), run.outputs, SAMPLERS[run.sampler])
    return Pipeline(model, STAGES, shape, prompt)


def outcomes(run: Run, pipeline: Pipeline, chosen: Sequence[Case], progress: Progress) -> Iterator[Outcome]:
    """Plant and play the cases of a run."""
    task = progress.add_task(f"{run.model}, {run.sampler}, {run.kind}", total=len(chosen))
    waiting = iter(chosen)
    with tempfile.TemporaryDirectory() as folder, lived_network(Path(folder), pipeline) as net:
        while True:
            batch = []
            for case in waiting:
                contents, shows = contents_of(pipeline, case)
                if shows:
                    batch.append((case, contents))
                else:
                    yield Outcome(case, False)
                    progress.advance(task)
                if len(batch) == BATCH:
                    break
            if not batch:
                return
            yield from run_batch(net, batch)
            progress.advance(task, len(batch))


def rows(run: Run, found: Sequence[Outcome]) -> list[dict[str, object]]:
    """Sum the outcomes of a run up, by stage and operator."""
    table = []
    for stage, label in dict.fromkeys((one.case.stage, one.case.label) for one in found):
        own = [one for one in found if (one.case.stage, one.case.label) == (stage, label)]
        planted = [one for one in own if one.is_planted]
        table.append(
            {
                "case": str(run.kind),
                "model": run.model,
                "sampler": run.sampler,
                "stage": stage,
                "operator": label,
                "tried": len(own),
                "planted": len(planted),
                "detected": sum(one.is_detected for one in planted),
                "convicted rightly": sum(one.is_right for one in planted),
                "exact": sum(one.is_exact for one in planted),
                "answered": sum(one.is_answered for one in planted),
                "rounds": max((one.rounds for one in planted), default=0),
                "bytes": max((one.bytes for one in planted), default=0),
                "honest slashed": sum(one.honest_slashed for one in planted),
            }
        )
    return table


def main() -> int:
    """Run the matrix and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, default=0, help="cases of each run, drawn at random; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", choices=("table", "json"), default="table")
    options = parser.parse_args()
    draw, found, table = random.Random(options.seed), list[Outcome](), list[dict[str, object]]()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress, tempfile.TemporaryDirectory() as folder:
        task = progress.add_task("converting two small models", total=1)
        made = models(Path(folder))
        progress.advance(task)
        pipelines: dict[tuple[str, str, int], Pipeline] = {}
        for run in RUNS:
            key = (run.model, run.sampler, run.prompt)
            pipeline = pipelines.setdefault(key, pipeline_of(run, made[run.model]))
            chosen = list(cases(pipeline, run.kind, run.positions, only_outputs=run.only_outputs))
            if options.sample:
                chosen = draw.sample(chosen, min(options.sample, len(chosen)))
            played = list(outcomes(run, pipeline, chosen, progress))
            found += played
            table += rows(run, played)
    print(json.dumps(table, indent=2)) if options.output == "json" else show(table)
    return 0 if all(is_good(one) for one in found if one.is_planted) else 1


def is_good(one: Outcome) -> bool:
    """Tell whether everything about a case is as it has to be; say what is not."""
    checks = (one.is_detected, one.is_right, one.is_exact, one.is_answered, not one.honest_slashed)
    if not all(checks):
        print(f"WRONG {one.case} {checks}{one.detail}", file=sys.stderr)
    return all(checks)


def show(table: Sequence[dict[str, object]]) -> None:
    """Print a table for each kind of case, with its sums."""
    console = Console(width=170)
    for kind, group in itertools.groupby(table, key=lambda row: row["case"]):
        listed = list(group)
        names = [name for name in listed[0] if name != "case"]
        printed = Table(*names, title=str(kind))
        for row in listed:
            printed.add_row(*(str(row[name]) for name in names))
        sums = [sum(row[name] for row in listed if isinstance(row[name], int)) for name in names]  # type: ignore[misc]
        most = [max((row[name] for row in listed if isinstance(row[name], int)), default="") for name in names]  # type: ignore[type-var]
        printed.add_section()
        last = [str(most[at] if name in ("rounds", "bytes") else sums[at]) for at, name in enumerate(names)]
        printed.add_row("together", "", "", "", *last[4:])
        console.print(printed)


if __name__ == "__main__":
    sys.exit(main())

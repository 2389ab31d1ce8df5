"""The fault matrix: every operator of every stage made wrong once, every claim and every fault of the rules.

    python -m benchmarks.faults [--tables matrix,claims,faults,endings] [--sample N] [--seed 1] [--processes N]
                                [--output table|json]

Real modules, transactions and blocks. The matrix: units of two small models, one wide enough for three tiles of every
row, one long enough for three blocks of attention, with a wide MLP. A fault counts as planted if it changes a row, a
checksum or a token. Then it has to be detected, exactly the guilty convicted, at the planted step, every uostr where
sampling.md says, the job answered by others where it was not, and no honest party slashed. The other tables: each row
of disputes.md §7 and sampling.md §9, and the ends that a dispute may come to, by the same measure. Else the exit status
is 1.
"""

import argparse
import json
import os
import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed, wait
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.fault_runs import (
    RUNS,
    SHAPES,
    TABLES,
    Chunk,
    Run,
    cases_of,
    chunks_of,
    play_case,
    play_chunk,
    table_cases,
    write_model,
)
from tests.support.case_table import Row, broken
from tests.support.fault_matrix import Outcome

MATRIX = "matrix"
CHECKS = {
    "detected": "is_detected",
    "convicted rightly": "is_right",
    "exact": "is_exact",
    "answered": "is_answered",
}


def main() -> int:
    """Run the tables and return the exit status."""
    names = {name.split()[0]: name for name in TABLES}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", default=",".join((MATRIX, *names)), help="which of them, with commas between")
    parser.add_argument(
        "--sample", type=int, default=0, help="cases of each run of the matrix, drawn at random; 0: all"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--output", choices=("table", "json"), default="table")
    options = parser.parse_args()
    asked = options.tables.split(",")
    if unknown := set(asked) - {MATRIX, *names}:
        parser.error(f"there is no table {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
            _wait("models", [pool.submit(write_model, folder, name) for name in SHAPES])
            tables = {name: _begin_table(pool, folder, names[name]) for name in asked if name != MATRIX}
            draw = random.Random(options.seed) if options.sample else None
            matrix = _begin_matrix(pool, folder, draw, options.sample) if MATRIX in asked else []
            is_whole = _wait("chains", [one for some in tables.values() for one in some] + [one for _, one in matrix])
            rows = {names[name]: _rows(names[name], some) for name, some in tables.items()}
            outcomes = [(RUNS[chunk.run], _outcomes(chunk, found)) for chunk, found in matrix]
    return report(rows, outcomes, options.output) or int(not is_whole)


def _begin_table(pool: ProcessPoolExecutor, folder: Path, name: str) -> list[Future[Row]]:
    return [pool.submit(play_case, folder, name, at) for at in range(len(table_cases(name)))]


def _begin_matrix(
    pool: ProcessPoolExecutor, folder: Path, draw: random.Random | None, count: int
) -> list[tuple[Chunk, "Future[list[Outcome]]"]]:
    """Begin all chunks; those of a job stand together, so that few processes compute it."""
    found = []
    for number, run in enumerate(RUNS):
        chosen = cases_of(folder, run)
        if draw is not None:
            chosen = draw.sample(chosen, min(count, len(chosen)))
        found += [(chunk, pool.submit(play_chunk, folder, chunk)) for chunk in chunks_of(number, chosen)]
    return found


def _wait(what: str, futures: Sequence[Future[Any]]) -> bool:
    """Show how far it is until all are done; in a log, by a line for every twentieth. An interrupt ends it early, and
    what has not begun is left out: return whether nothing was."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=len(futures))
        try:
            for number, _ in enumerate(as_completed(futures), 1):
                progress.advance(task)
                if not console.is_terminal and number % max(1, len(futures) // 20) == 0:
                    print(f"{what}: {number} of {len(futures)}", file=sys.stderr, flush=True)
        except KeyboardInterrupt:
            left = sum(future.cancel() for future in futures)
            print(f"{what}: {left} of {len(futures)} are left out", file=sys.stderr, flush=True)
            wait([future for future in futures if not future.cancelled()])
            return not left
    return True


def _rows(table: str, futures: Sequence[Future[Row]]) -> list[Row]:
    """The rows of what was not left out; a case that broke is a row that is wrong."""
    found = []
    for case, future in zip(table_cases(table), futures, strict=True):
        if not future.cancelled():
            error = future.exception()
            found.append(future.result() if error is None else broken(case, error))
    return found


def _outcomes(chunk: Chunk, future: "Future[list[Outcome]]") -> list[Outcome]:
    if future.cancelled():
        return []
    error = future.exception()
    return future.result() if error is None else [Outcome(case, True, detail=f" {error!r}") for case in chunk.cases]


# Judging and printing


def report(rows: dict[str, list[Row]], outcomes: Sequence[tuple[Run, list[Outcome]]], form: str) -> int:
    """Print everything; 1 if anything is not as it has to be."""
    by_run: dict[Run, list[Outcome]] = {}
    for run, some in outcomes:
        by_run.setdefault(run, []).extend(some)
    matrix = [line for run, some in by_run.items() for line in summed(run, some)]
    if form == "json":
        listed = {name: [asdict(row) for row in table] for name, table in rows.items()}
        print(json.dumps({MATRIX: matrix} | listed, indent=2))
    else:
        console = Console(width=200)
        show_matrix(console, matrix)
        for name, table in rows.items():
            console.print(shown(name, table))
    bad = [one for some in by_run.values() for one in some if one.is_planted and not is_good(one)]
    wrong = [row for table in rows.values() for row in table if not row.is_good]
    for row in wrong:
        print(f"WRONG {row.case}: {row.detail}", file=sys.stderr)
    return 1 if bad or wrong else 0


def is_good(one: Outcome) -> bool:
    """Tell whether everything about a planted fault is as it has to be; say what is not."""
    checks = [getattr(one, name) for name in CHECKS.values()]
    if not all(checks) or one.honest_slashed:
        print(f"WRONG {one.case} {checks} {one.honest_slashed}{one.detail}", file=sys.stderr)
        return False
    return True


def summed(run: Run, found: Sequence[Outcome]) -> list[dict[str, object]]:
    """Sum the outcomes of a run up, by stage and operator."""
    table = []
    for stage, label in dict.fromkeys((one.case.stage, one.case.label) for one in found):
        own = [one for one in found if (one.case.stage, one.case.label) == (stage, label)]
        planted = [one for one in own if one.is_planted]
        places = {name.split(",")[0] for name in (one.case.place for one in own)}
        table.append(
            {
                "case": str(run.kind),
                "model": run.model,
                "positions": run.prompt + run.outputs - 1,
                "sampler": run.sampler,
                "at": " ".join(name for name in ("first", "middle", "last") if name in places),
                "stage": stage,
                "operator": label,
                "tried": len(own),
                "planted": len(planted),
                **{name: sum(getattr(one, field) for one in planted) for name, field in CHECKS.items()},
                "rounds": max((one.rounds for one in planted), default=0),
                "bytes": max((one.bytes for one in planted), default=0),
                "honest slashed": sum(one.honest_slashed for one in planted),
            }
        )
    return table


def show_matrix(console: Console, matrix: Sequence[dict[str, object]]) -> None:
    """Print a table for each kind of case, with its sums."""
    for kind in dict.fromkeys(str(line["case"]) for line in matrix):
        lines = [line for line in matrix if line["case"] == kind]
        names = [name for name in lines[0] if name != "case"]
        printed = Table(*names, title=kind)
        for line in lines:
            printed.add_row(*(str(line[name]) for name in names))
        printed.add_section()
        printed.add_row("together", *(_sum(name, lines) for name in names[1:]))
        console.print(printed)


def _sum(name: str, lines: Sequence[dict[str, object]]) -> str:
    if name in ("positions", "sampler", "at", "stage", "operator"):
        return ""
    join: Callable[[list[int]], int] = max if name in ("rounds", "bytes") else sum
    return str(join([int(str(line[name])) for line in lines]))


def shown(name: str, table: Sequence[Row]) -> Table:
    """Return the table of cases, with its sums."""
    columns = ("case", "shown by", "detected", "who paid: uostr", "expected", "went to", "job", "honest slashed")
    printed = Table(*columns, title=name)
    for row in table:
        is_exact = "exactly" if row.is_exact and row.is_right else f"NOT: {_told(row.expected)}"
        told = (_told(row.paid) or "nobody", is_exact, _told(row.went), row.job if row.is_ended else f"NOT: {row.job}")
        printed.add_row(row.case, row.claimed, "yes" if row.is_detected else "NO", *told, str(row.honest_slashed))
    printed.add_section()
    counts = (sum(row.is_detected for row in table), sum(sum(row.paid.values()) for row in table))
    exact, ended = sum(row.is_exact and row.is_right for row in table), sum(row.is_ended for row in table)
    sums = (f"{counts[0]} of {len(table)}", f"{counts[1]:,}", f"{exact} of {len(table)}", "")
    printed.add_row("together", "", *sums, f"{ended} of {len(table)}", str(sum(row.honest_slashed for row in table)))
    return printed


def _told(amounts: Any) -> str:
    return ", ".join(f"{name} {amount:,}" for name, amount in sorted(amounts.items()))


if __name__ == "__main__":
    sys.exit(main())

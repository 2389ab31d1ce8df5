"""Whether any strategy beats honesty: agents on the real modules, and exact curves from the chain's own formulas.

    python -m benchmarks.soundness --rounds 1000 --plots /tmp/soundness

Every strategy is tried against honesty of the same people on the same randomness. `--strategies` takes names separated
by commas; `--list` names them. The run is deterministic: equal arguments give equal figures.
"""

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from . import report, sweeps
from .catalogue import STRATEGIES, bribed
from .exact import survey
from .measure import Court, Result
from .people import NUM_CHECKERS
from .setting import Setting


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200, help="rounds per strategy (default 200)")
    parser.add_argument("--seed", type=int, default=0, help="which beacons (default 0)")
    parser.add_argument("--strategies", default="", help="names, separated by commas; all by default")
    parser.add_argument("--sets", type=int, default=4_000, help="random parameter sets of the exact survey")
    parser.add_argument("--no-sweep", action="store_true", help="leave the simulated sweep over bought checkers out")
    parser.add_argument("--output", choices=("table", "json"), default="table")
    parser.add_argument("--plots", type=Path, help="folder for the plots")
    parser.add_argument("--list", action="store_true", help="name the strategies and stop")
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 160)
    if options.list:
        for one in STRATEGIES:
            console.print(f"{one.name}: {one.about}")
        return
    wanted = [name.strip() for name in options.strategies.split(",") if name.strip()]
    unknown = sorted(set(wanted) - {one.name for one in STRATEGIES})
    if unknown:
        parser.error(f"unknown strategies: {', '.join(unknown)}; --list names them")
    chosen = tuple(one for one in STRATEGIES if not wanted or one.name in wanted)
    swept = () if options.no_sweep else tuple(bribed(count) for count in range(NUM_CHECKERS + 1))
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=Console(stderr=True), transient=True,
    ) as bar:  # fmt: skip
        task = bar.add_task("rounds")
        court = Court(Setting(rounds=options.rounds, seed=options.seed), lambda: bar.advance(task))
        bar.update(task, total=court.rounds_of((*chosen, *swept)))
        results: list[Result] = []
        points: list[Result] = []
        for one in (*chosen, *swept):
            bar.update(task, description=one.name)
            (points if one in swept else results).append(court.try_one(one))
    found, curves = survey(options.sets, options.seed), sweeps.everything()
    if options.output == "json":
        print(json.dumps(report.as_json(results, points, found, curves), indent=1))
    else:
        report.print_results(console, results)
        if points:
            report.print_results(console, points)
        report.print_survey(console, found)
        report.print_limits(console, curves["limits"])
    if options.plots is not None:
        for path in report.plot(options.plots, results, points, curves):
            console.print(f"wrote {path}", style="dim") if options.output == "table" else None
    if any(one.innocent_losses for one in (*results, *points)):
        sys.exit("honest people were slashed")


if __name__ == "__main__":
    main()

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

from . import report, sweeps
from .catalogue import STRATEGIES
from .exact import survey
from .setting import Setting
from .trials import SWEEP, try_all


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200, help="rounds per strategy (default 200)")
    parser.add_argument("--seed", type=int, default=0, help="which beacons (default 0)")
    parser.add_argument("--processes", type=int, default=1, help="processes that try strategies (default 1)")
    parser.add_argument("--strategies", default="", help="names, separated by commas; all by default")
    parser.add_argument("--sets", type=int, default=4_000, help="random parameter sets of the exact survey")
    parser.add_argument("--no-sweep", action="store_true", help="leave the simulated sweep over bought checkers out")
    parser.add_argument("--output", choices=("table", "json"), default="table")
    parser.add_argument("--plots", type=Path, help="folder for the plots")
    parser.add_argument("--document", type=Path, help="write the figures into this page")
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
    chosen = [one.name for one in STRATEGIES if not wanted or one.name in wanted]
    swept = [] if options.no_sweep else [one.name for one in SWEEP]
    setting = Setting(rounds=options.rounds, seed=options.seed)
    tried = try_all(setting, [*chosen, *swept], options.processes, console)
    results, points = [tried[name] for name in chosen], [tried[name] for name in swept]
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
    if options.document is not None:
        command = f"python -m benchmarks.soundness --rounds {options.rounds} --seed {options.seed}"
        page = options.document.read_text()
        page = report.replaced(page, report.SIMULATED, report.simulated_text(results, points, command))
        page = report.replaced(page, report.EXACT, report.exact_text(survey(report.EXACT_SETS), curves["limits"]))
        options.document.write_text(page)
    if any(one.innocent_losses for one in (*results, *points)):
        sys.exit("honest people were slashed")


if __name__ == "__main__":
    main()

"""Whether any strategy beats honesty: agents on the real modules, and exact curves from the chain's own formulas.

    python -m benchmarks.soundness --rounds 200 --processes 2 --plots /tmp/soundness

Every strategy is tried against honesty of the same people on the same randomness, for as many rounds as decide it, up
to `--rounds`. The run is deterministic: equal arguments give equal figures, in however many processes. The command
fails if a strategy inside the promise is not beaten by honesty, or if honest people are slashed.
"""

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console

from . import report, sweeps
from .catalogue import STRATEGIES
from .exact import survey
from .plots import plot
from .setting import Setting
from .trials import processes, try_all


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200, help="rounds per strategy at most (default 200)")
    parser.add_argument("--seed", type=int, default=0, help="which beacons (default 0)")
    parser.add_argument("--processes", type=int, default=1, help="processes that live through segments (default 1)")
    parser.add_argument("--strategies", nargs="+", default=[], metavar="NAME", help="which; all by default")
    parser.add_argument("--sets", type=int, default=4_000, help="random parameter sets of the exact survey")
    parser.add_argument("--output", choices=("table", "json"), default="table")
    parser.add_argument("--plots", type=Path, help="folder for the plots")
    parser.add_argument("--document", type=Path, help="write the figures into this page")
    parser.add_argument("--list", action="store_true", help="name the strategies and stop")
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 200)
    if options.list:
        for one in STRATEGIES:
            console.print(f"{one.name} ({one.scope.value}): {one.about}")
        return
    unknown = sorted(set(options.strategies) - {one.name for one in STRATEGIES})
    if unknown:
        parser.error(f"unknown strategies: {', '.join(unknown)}; --list names them")
    chosen = [one.name for one in STRATEGIES if not options.strategies or one.name in options.strategies]
    setting = Setting(rounds=options.rounds, seed=options.seed)
    with processes(options.processes) as run:
        results = list(try_all(setting, chosen, run, Console(stderr=True)).values())
    found, curves = survey(options.sets, options.seed), sweeps.everything()
    if options.output == "json":
        print(json.dumps(report.as_json(results, found, curves), indent=1))
    else:
        report.print_results(console, results)
        report.print_survey(console, found)
        report.print_limits(console, curves["limits"])
        report.print_niches(console, curves["niches"])
    if options.plots is not None:
        for path in plot(options.plots, results, curves):
            console.print(f"wrote {path}", style="dim") if options.output == "table" else None
    if options.document is not None:
        command = f"python -m benchmarks.soundness --rounds {options.rounds} --seed {options.seed}"
        page = options.document.read_text()
        page = report.replaced(page, report.SIMULATED, report.simulated_text(results, command))
        exact = report.exact_text(survey(report.EXACT_SETS), curves["limits"], curves["niches"])
        options.document.write_text(report.replaced(page, report.EXACT, exact))
    broken = report.broken(results)
    if broken:
        sys.exit("\n".join(broken))


if __name__ == "__main__":
    main()

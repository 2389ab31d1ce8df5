"""The table, the JSON and the plots of a run."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from .exact import Survey
from .measure import Result
from .people import NUM_CHECKERS
from .setting import UNIT_PRICE

COLOURS = {"honesty is better": "#2a7f62", "undecided": "#8c8c8c", "IT PAYS": "#b5322e"}


def print_results(console: Console, results: Sequence[Result]) -> None:
    """Print one line per strategy."""
    table = Table(title="Profit against honesty of the same people, in R per round (95 %)")
    for name in ("strategy", "what it does", "advantage", "±", "verdict", "lies", "kept", "honest slashed"):
        table.add_column(
            name, justify="right" if name in ("advantage", "±", "lies", "kept", "honest slashed") else "left"
        )
    for one in results:
        style = "" if one.verdict == "honesty is better" else "bold red" if one.verdict == "IT PAYS" else "yellow"
        changed = "".join(f"; {name} = {value}" for name, value in one.setting.items())
        if one.remark and one.verdict != "honesty is better":
            changed += f" ({one.remark})"
        table.add_row(
            one.strategy, one.about + changed, f"{one.advantage:+.3f}", f"{one.error:.3f}", one.verdict,
            str(one.counts["forged"]), str(one.counts["kept"]), str(one.innocent_losses), style=style,
        )  # fmt: skip
    console.print(table)


def print_survey(console: Console, survey: Survey) -> None:
    """Print what the random parameter sets showed."""
    console.print(
        f"Exact: {survey.sets} random accepted parameter sets with checkers, coalition r and V <= V_max "
        f"({survey.refused_sets} sets and {survey.refused_values} values refused): a lie pays in {survey.paying}; "
        f"the best loses {-float(survey.best):.3f} R, at least {float(survey.least_margin):.3f} (R + V)."
    )


def print_limits(console: Console, rows: Sequence[dict[str, Any]]) -> None:
    """Print what the parameter sets cover."""
    table = Table(title="Where sampling ends (a unit of 10,000,000 work, 30 equal checkers; uostr)")
    for name in (
        "parameters",
        "R",
        "S",
        "D",
        "V_max",
        "S at V_max",
        "λ1 at V_max",
        "lie at r and V_max",
        "pays from a share of",
    ):
        table.add_column(name, justify="left" if name == "parameters" else "right")
    for row in rows:
        share = row["break_even_share"]
        table.add_row(
            row["parameters"], f"{row['R']:,}", f"{row['S']:,}", f"{row['D']:.4f}", f"{row['V_max']:,}",
            f"{row['S_at_V_max']:,}", f"{row['lambda_at_V_max']:.2f}", f"{row['advantage_at_r']:+,.1f} R",
            "-" if share is None else f"{share:.2f}",
        )  # fmt: skip
    console.print(table)


SIMULATED, EXACT = "simulated", "exact"
"""Names of the parts of the documentation that are written from here."""
EXACT_SETS = 2_000
"""Random parameter sets behind the page's exact figures."""


def simulated_text(results: Sequence[Result], sweep: Sequence[Result], command: str) -> str:
    """Return the simulated figures as Markdown."""
    lines = [f"`{command}`; {results[0].rounds if results else 0} rounds of each, two units on trial in a round.", ""]
    lines += ["| strategy | what it does | advantage, R per round | ± (95 %) | verdict | lies told / kept |"]
    lines += ["|---|---|---:|---:|---|---:|"]
    for one in (*results, *sweep):
        told = f"{one.counts['forged']} / {one.counts['kept']}" if one.counts["forged"] else ""
        changed = "".join(f"; {name} = {value}" for name, value in one.setting.items())
        cells = (one.strategy, one.about + changed, f"{one.advantage:+,.3f}", f"{one.error:,.3f}", one.verdict, told)
        lines.append(f"| {' | '.join(cells)} |")
    hurt = [one for one in (*results, *sweep) if one.innocent_losses]
    names = ", ".join(f"{one.strategy} ({one.innocent_losses / UNIT_PRICE:,.1f} R)" for one in hurt)
    lines += ["", f"Bonds of honest people that were taken: {names or 'none, under any strategy'}."]
    return "\n".join(lines)


def exact_text(survey: Survey, rows: Sequence[dict[str, Any]]) -> str:
    """Return the exact figures as Markdown."""
    lines = [
        f"{survey.sets:,} random parameter sets that genesis accepts, with random checkers that eligibility accepts, a "
        f"coalition of r and V up to V_max: a lie pays in {survey.paying}. The best one loses "
        f"{-float(survey.best):.3f} R, and at least {float(survey.least_margin):.3f} times (R + V); the rules promise "
        "m - 1 >= 1.",
        "",
        "| parameters | R | S | D | V_max | S there | λ1 there | a lie of V_max by r earns | it pays from a share of |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        share = row["break_even_share"]
        lines.append(
            f"| {row['parameters']} | {row['R']:,} | {row['S']:,} | {row['D']:.4f} | {row['V_max']:,} | "
            f"{row['S_at_V_max']:,} | {row['lambda_at_V_max']:.2f} | {row['advantage_at_r']:+,.1f} R | "
            f"{'-' if share is None else f'{share:.2f}'} |"
        )
    return "\n".join(lines)


def replaced(page: str, part: str, text: str) -> str:
    """Return a page with one of its parts written anew. Raises: ValueError if the page has no such part."""
    begin, end = f"<!-- {part}: written by python -m benchmarks.soundness -->", f"<!-- end of {part} -->"
    if begin not in page or end not in page:
        raise ValueError(f"the page has no part {part}")
    return page[: page.index(begin) + len(begin)] + "\n" + text + "\n" + page[page.index(end) :]


def as_json(
    results: Sequence[Result], sweep: Sequence[Result], survey: Survey, curves: dict[str, Any]
) -> dict[str, Any]:
    """Return everything that was found."""
    return {
        "strategies": [asdict(one) | {"verdict": one.verdict} for one in results],
        "bribed": [asdict(one) | {"verdict": one.verdict} for one in sweep],
        "survey": {name: float(value) for name, value in asdict(survey).items()},
        "exact": curves,
    }


def plot(folder: Path, results: Sequence[Result], sweep: Sequence[Result], curves: dict[str, Any]) -> list[Path]:
    """Write the plots and return their files."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "ostraka"
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []

    def save(figure: Any, name: str) -> None:
        path = folder / f"{name}.svg"
        figure.tight_layout()
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)
        written.append(path)

    if results:
        figure, axes = plt.subplots(figsize=(9, 0.36 * len(results) + 1.2))
        names = [one.strategy for one in results]
        axes.barh(names, [one.advantage for one in results], xerr=[one.error for one in results],
                  color=[COLOURS[one.verdict] for one in results])  # fmt: skip
        axes.set_xscale("symlog", linthresh=0.1)
        axes.axvline(0, color="black", linewidth=0.8)
        axes.invert_yaxis()
        axes.set_xlabel("profit less that of honesty, R per round (95 %)")
        save(figure, "strategies")

    figure, axes = plt.subplots(figsize=(7, 4.5))
    for curve in curves["coalition"]:
        axes.plot(*zip(*curve["points"], strict=True), label=curve["label"] + ", exact")
    if sweep:
        at = [index / NUM_CHECKERS for index in range(len(sweep))]
        per_lie = [one.advantage * one.rounds / max(1, one.counts["forged"]) for one in sweep]
        errors = [one.error * one.rounds / max(1, one.counts["forged"]) for one in sweep]
        axes.errorbar(at, per_lie, errors, fmt="ko", markersize=3, label=f"V = 2 R, simulated, {NUM_CHECKERS} checkers")
    axes.axvline(1 / 3, color="grey", linestyle=":", label="declared r")
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_yscale("symlog", linthresh=1)
    axes.set_xlabel("share of the checkers that is for sale")
    axes.set_ylabel("advantage of a lie, R")
    axes.legend(fontsize=8)
    save(figure, "coalition")

    figure, pair = plt.subplots(1, 2, figsize=(10, 4.2), sharey=True)
    for axes, name in zip(pair, ("localnet", "mainnet"), strict=True):
        found = curves[f"value_{name}"]
        for curve in found["curves"]:
            axes.plot(*zip(*curve["points"], strict=True), label=curve["label"])
        axes.axvline(found["V_max"], color="black", linestyle=":", label="V_max: beyond, jobs are refused")
        axes.axhline(0, color="black", linewidth=0.8)
        axes.set_xscale("symlog", linthresh=1)
        axes.set_xlim(left=0)
        axes.set_yscale("symlog", linthresh=1)
        axes.set_title(name)
        axes.set_xlabel("V, R")
        axes.legend(fontsize=8)
    pair[0].set_ylabel("advantage of a lie, R")
    save(figure, "value")

    figure, axes = plt.subplots(figsize=(7, 4.2))
    for curve in curves["multiple"]:
        axes.plot(*zip(*curve["points"], strict=True), label=curve["label"])
    axes.axvline(2, color="grey", linestyle=":", label="m = 2; genesis refuses less")
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_yscale("symlog", linthresh=1)
    axes.set_xlabel("m")
    axes.set_ylabel("advantage of a lie with a share r bought, R")
    axes.legend(fontsize=8)
    save(figure, "multiple")

    figure, pair = plt.subplots(1, 2, figsize=(10, 4.2))
    for axes, found, name in zip(
        pair, curves["bond"], ("advantage of a lie with a share r bought, R", "λ1"), strict=True
    ):
        for curve in found:
            axes.plot(*zip(*curve["points"], strict=True), label=curve["label"])
        axes.set_xscale("log")
        axes.set_xlabel("S, R; a smaller S is refused where a curve begins")
        axes.set_ylabel(name)
        axes.legend(fontsize=8)
    pair[0].set_yscale("symlog", linthresh=1)
    pair[1].set_yscale("log")
    save(figure, "bond")
    return written

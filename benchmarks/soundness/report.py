"""The tables and the JSON of a run."""

import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from .exact import Survey
from .measure import PLAIN, Result
from .setting import UNIT_PRICE
from .strategies import Scope

ABOUT = {
    Scope.INSIDE: "Falsehoods, undone duties and harm to others, by parties within the declared r and V. Honesty is to "
    "be better in every row.",
    Scope.HONEST: "Ways of honest work (docs/adr/0019-what-honesty-is.md): everything asserted is true, no duty is "
    "left undone. What is measured is the most that a party gains by working so, and that nobody else loses by it.",
    Scope.OUTSIDE: "Coalitions above the declared r, value that was not declared, or the rule against it switched off.",
}
Cell = tuple[str, bool]
"""A column's name, and whether it holds figures."""


def columns(scope: Scope) -> tuple[Cell, ...]:
    """Return the columns of a scope's table."""
    first = (("strategy", False), ("what it does", False), ("advantage", True), ("±", True))
    if scope == Scope.HONEST:
        measured = (("at most", True), ("others lose", True), ("±", True), ("rounds", True))
        return (*first, *measured, ("why no rule is broken", False))
    last = (("over plain honesty", True), ("verdict", False), ("lies told / kept", True), ("rounds", True))
    return (*first, *last, ("why the promise does not hold", False)) if scope == Scope.OUTSIDE else first + last


def _figure(value: float) -> str:
    """Return a signed figure; one that rounds to nothing keeps its first digit."""
    return f"{value:+.1g}" if 0 < abs(value) < 0.0005 else f"{value:+,.3f}"


def cells(one: Result) -> tuple[str, ...]:
    """Return a row of its scope's table."""
    about = one.about + "".join(f"; {name} = {value}" for name, value in one.setting.items())
    first = (one.strategy, about, _figure(one.advantage), f"{one.error:,.3f}")
    if one.scope == Scope.HONEST:
        measured = (_figure(one.bound), _figure(one.harm), f"{one.harm_error:,.3f}", str(one.rounds))
        return (*first, *measured, one.reason)
    plain = f"{_figure(one.over_plain)} ± {one.over_plain_error:,.3f}" if one.baseline != PLAIN else ""
    told = f"{one.counts['forged']} / {one.counts['kept']}" if one.counts["forged"] else ""
    last = (plain, one.verdict, told, str(one.rounds))
    return (*first, *last, one.reason) if one.scope == Scope.OUTSIDE else first + last


def by_scope(results: Sequence[Result]) -> dict[Scope, list[Result]]:
    """Return results by scope, without empty ones."""
    found = {scope: [one for one in results if one.scope == scope] for scope in Scope}
    return {scope: rows for scope, rows in found.items() if rows}


def broken(results: Sequence[Result]) -> list[str]:
    """Return what contradicts the promise.

    A strategy inside that honesty does not beat, a way of honest work by which others lose, or honest people slashed.
    """
    found = [
        f"{one.strategy}: {one.verdict}"
        for one in results
        if one.scope == Scope.INSIDE and one.verdict != "honesty is better"
    ]
    found += [
        f"{one.strategy}: others lose {one.harm:.3f} ± {one.harm_error:.3f} R a round"
        for one in results
        if one.scope == Scope.HONEST and one.harm > one.harm_error
    ]
    return found + [f"{one.strategy}: honest people were slashed" for one in results if one.innocent_losses]


def print_results(console: Console, results: Sequence[Result]) -> None:
    """Print a table for each scope, one line per strategy."""
    for scope, rows in by_scope(results).items():
        table = Table(title=f"{scope.value}: profit less that of honesty, R per round", caption=ABOUT[scope])
        for name, is_figure in columns(scope):
            table.add_column(name, justify="right" if is_figure else "left")
        for one in rows:
            is_news = scope == Scope.INSIDE and one.verdict != "honesty is better"
            style = ("bold red" if one.verdict == "it pays" else "yellow") if is_news else ""
            table.add_row(*cells(one), style=style)
        console.print(table)
    hurt = [one for one in results if one.innocent_losses]
    console.print(f"Bonds of honest people that were taken: {_losses(hurt)}.")


def _losses(hurt: Sequence[Result]) -> str:
    names = ", ".join(f"{one.strategy} ({one.innocent_losses / UNIT_PRICE:,.1f} R)" for one in hurt)
    return names or "none, under any strategy"


def print_survey(console: Console, survey: Survey) -> None:
    """Print what the random parameter sets showed."""
    console.print(
        f"Exact: {survey.sets} random accepted parameter sets with checkers, coalition r and V <= V_max "
        f"({survey.refused_sets} sets and {survey.refused_values} values refused): a lie pays in {survey.paying}; "
        f"the best loses {-float(survey.best):.3f} R, at least {float(survey.least_margin):.3f} (R + V)."
    )


def print_niches(console: Console, rows: Sequence[dict[str, int | None]]) -> None:
    """Print what theta must be against one hand."""
    table = Table(title="Theta against one hand that serves and checks a model of its own, r = 1/3")
    for name in (
        "its share of all bonds",
        "if nobody else checks the model",
        "so that it stays within r whoever else does",
    ):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(f"{row['share']} %", _percent(row["alone"]), _percent(row["among_others"]))
    console.print(table)


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


def simulated_text(results: Sequence[Result], command: str) -> str:
    """Return the simulated figures as Markdown."""
    lines = [f"`{command}`; two units on trial in a round."]
    for scope, rows in by_scope(results).items():
        names = columns(scope)
        lines += ["", f"### {scope.value.capitalize()}", "", *textwrap.wrap(ABOUT[scope], 120), ""]
        lines.append(f"| {' | '.join(name for name, _ in names)} |")
        lines.append(f"|{'|'.join('---:' if is_figure else '---' for _, is_figure in names)}|")
        lines += [f"| {' | '.join(cells(one))} |" for one in rows]
    lines += [
        "",
        f"Bonds of honest people that were taken: {_losses([one for one in results if one.innocent_losses])}.",
    ]
    return "\n".join(lines)


def exact_text(survey: Survey, rows: Sequence[dict[str, Any]], niches: Sequence[dict[str, int | None]]) -> str:
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
    lines += [
        "",
        "| one hand's share of all bonds | theta, if nobody else checks the model | theta, so that it stays within r "
        "whoever else does |",
        "|---:|---:|---:|",
    ]
    lines += [f"| {row['share']} % | {_percent(row['alone'])} | {_percent(row['among_others'])} |" for row in niches]
    return "\n".join(lines)


def _percent(value: int | None) -> str:
    return "none" if value is None else f"{value} %"


def replaced(page: str, part: str, text: str) -> str:
    """Return a page with one of its parts written anew. Raises: ValueError if the page has no such part."""
    begin, end = f"<!-- {part}: written by python -m benchmarks.soundness -->", f"<!-- end of {part} -->"
    if begin not in page or end not in page:
        raise ValueError(f"the page has no part {part}")
    return page[: page.index(begin) + len(begin)] + "\n" + text + "\n" + page[page.index(end) :]


def as_json(results: Sequence[Result], survey: Survey, curves: dict[str, Any]) -> dict[str, Any]:
    """Return everything that was found."""
    return {
        "strategies": {
            scope.value: [
                asdict(one) | {"scope": scope.value, "verdict": one.verdict, "bound": one.bound} for one in rows
            ]
            for scope, rows in by_scope(results).items()
        },
        "survey": {name: float(value) for name, value in asdict(survey).items()},
        "exact": curves,
    }

"""Strategies tried in one process or several."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .catalogue import STRATEGIES, bribed
from .measure import Court, Result
from .people import NUM_CHECKERS
from .setting import Setting

SWEEP = tuple(bribed(count) for count in range(NUM_CHECKERS + 1))
KNOWN = {one.name: one for one in (*STRATEGIES, *SWEEP)}


def try_some(setting: Setting, names: Sequence[str]) -> list[Result]:
    """Try strategies one after the other; a process of its own may do it."""
    court = Court(setting)
    return [court.try_one(KNOWN[name]) for name in names]


def try_all(setting: Setting, names: Sequence[str], processes: int, console: Console) -> dict[str, Result]:
    """Try strategies in some processes; what they find does not depend on how many."""
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(repr((KNOWN[name].setting, KNOWN[name].num_plans, KNOWN[name].market)), []).append(name)
    groups = [part for group in alike.values() for part in _cut(group, processes)]
    found: dict[str, Result] = {}
    columns = (TextColumn("strategies"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        Progress(*columns, console=Console(stderr=True), transient=True) as bar,
        ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool,
    ):
        task = bar.add_task("strategies", total=len(names))
        for future in as_completed([pool.submit(try_some, setting, group) for group in groups]):
            for one in future.result():
                found[one.strategy] = one
                bar.advance(task)
    return found


def _cut(names: list[str], parts: int) -> list[list[str]]:
    size = max(1, min(4, -(-len(names) // parts)))
    return [names[at : at + size] for at in range(0, len(names), size)]

"""Strategies tried in one process or several, segment by segment, each until it is decided."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from .catalogue import STRATEGIES
from .interval import looks, segments
from .measure import HONEST, Lived, Result, judge, live, setting_of
from .setting import Setting
from .strategies import Scope, Strategy

KNOWN = {one.name: one for one in STRATEGIES}


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of one strategy, or of honest people in the same town."""

    name: str
    """Of a strategy that lives in this town."""
    is_honest: bool
    number: int
    rounds: int


Runner = Callable[[Setting, Sequence[Segment]], Iterable[tuple[Segment, Lived]]]
"""Lives through segments, in any order."""


def live_segment(setting: Setting, segment: Segment) -> Lived:
    """Live through a segment; a process of its own may do it."""
    strategy = KNOWN[segment.name]
    own = setting_of(strategy, setting, segment.number)
    if segment.is_honest:
        strategy = Strategy(HONEST.name, "", (), num_plans=strategy.num_plans)
    return live(strategy, own, segment.rounds)


def run_here(setting: Setting, wanted: Sequence[Segment]) -> Iterator[tuple[Segment, Lived]]:
    """Live through segments one after the other."""
    for segment in wanted:
        yield segment, live_segment(setting, segment)


@contextmanager
def processes(count: int) -> Iterator[Runner]:
    """Yield a runner on so many processes."""
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:

        def run(setting: Setting, wanted: Sequence[Segment]) -> Iterator[tuple[Segment, Lived]]:
            started = {pool.submit(live_segment, setting, segment): segment for segment in wanted}
            for future in as_completed(started):
                yield started[future], future.result()

        yield run


def try_all(
    setting: Setting, names: Sequence[str], run: Runner = run_here, console: Console | None = None
) -> dict[str, Result]:
    """Try strategies; what is found depends on the setting alone, not on who else is tried, in what order or where."""
    count, rounds = segments(setting.rounds)
    stops = looks(count)
    lived: dict[Segment, Lived] = {}
    found: dict[str, Result] = {}
    hosts: dict[object, str] = {}
    """A strategy of each town; honest people live in it once for all of them."""
    for name in names:
        hosts.setdefault(KNOWN[name].town, name)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console or Console(stderr=True), transient=True, disable=console is None) as bar:
        for number, stop in enumerate(stops, 1):
            open_names = [name for name in names if name not in found]
            wanted = _wanted(open_names, hosts, stop, rounds, lived)
            task = bar.add_task(f"{len(open_names)} strategies, look {number} of {len(stops)}", total=len(wanted))
            for segment, result in run(setting, wanted):
                lived[segment] = result
                bar.advance(task)
            for name in open_names:
                strategy = KNOWN[name]
                # Without falsehood there is nothing to decide: one look, at the end, measures.
                is_measured = strategy.scope == Scope.HONEST
                if is_measured and stop != stops[-1]:
                    continue
                tried = [lived[Segment(name, False, at, rounds)] for at in range(stop)]
                honest = [lived[Segment(hosts[strategy.town], True, at, rounds)] for at in range(stop)]
                result = judge(strategy, tried, honest, rounds, 1 if is_measured else len(stops))
                if result.verdict != "undecided" or stop == stops[-1]:
                    found[name] = result
    return {name: found[name] for name in names}


def _wanted(
    names: Sequence[str], hosts: dict[object, str], stop: int, rounds: int, lived: dict[Segment, Lived]
) -> list[Segment]:
    """Return the segments before a look that nobody has lived through."""
    wanted: dict[Segment, None] = {}
    for number in range(stop):
        for name in names:
            wanted[Segment(hosts[KNOWN[name].town], True, number, rounds)] = None
            wanted[Segment(name, False, number, rounds)] = None
    return [segment for segment in wanted if segment not in lived]

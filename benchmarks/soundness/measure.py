"""Profit of a strategy less that of honesty, with its uncertainty.

A run is cut into segments, each a town of its own from genesis until everything that it began is over, with its own
beacons and baits: segments are independent and alike. Honest people live in the same towns, under the same beacons at
the same heights, and with the same tickets as long as the strategy does not bend them, so differences are paired by
segments.

A party that both runs units and checks them has a better honest practice than computing every check: its checkers may
repeat what its own worker has computed. On the chain the two are one; the second saves the party the cost of those
checks, so one honest run gives both. Such a party is measured against the better one, and honesty is called better only
where the strategy loses to either.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from .contents import contents
from .interval import interval
from .life import Counts, Life
from .setting import UNIT_PRICE, Setting
from .strategies import Scope, Strategy
from .town import Town

HONEST = Strategy("honest", "", ())
PLAIN, REPEATING = "honest", "own checkers"
"""What a strategy is measured against."""


@dataclass(frozen=True)
class Lived:
    """A segment: what everybody gained in it, and what happened."""

    gains: Mapping[str, int]
    checked: Mapping[tuple[str, str], int]
    """What checkers spent on recomputing whose units."""
    counts: Counts
    innocent_losses: int
    refusals: Mapping[str, int]
    withheld: int


@dataclass(frozen=True)
class Result:
    """A strategy against honesty of the same people, in R of the unit on trial per round."""

    strategy: str
    about: str
    scope: Scope
    reason: str
    advantage: float
    error: float
    """Half of the interval."""
    baseline: str
    """The honest practice it is measured against: the best that the party has."""
    over_plain: float
    """Advantage over computing every check; the same unless the party has a better practice."""
    over_plain_error: float
    rounds: int
    segments: int
    counts: dict[str, int]
    innocent_losses: int
    """uostr of bonds taken from people outside the party; 0 or the rules are broken."""
    harm: float
    """What everybody outside the party loses by it, customers included, R per round."""
    harm_error: float
    refusals: dict[str, int]
    withheld: int
    setting: dict[str, str]
    """What differs from the usual setting."""

    @property
    def bound(self) -> float:
        """Return the most that the strategy earns beyond honesty."""
        return max(self.advantage + self.error, self.over_plain + self.over_plain_error)

    @property
    def verdict(self) -> str:
        """Say what the interval shows."""
        if self.bound < 0:
            return "honesty is better"
        return "it pays" if self.advantage - self.error > 0 else "undecided"


def live(strategy: Strategy, setting: Setting, rounds: int) -> Lived:
    """Live through one segment."""
    with tempfile.TemporaryDirectory(prefix="ostraka-soundness-") as folder:
        town = Town(Path(folder), setting, contents(), strategy)
        try:
            life = Life(town, strategy)
            for _ in range(rounds):
                life.run_round()
            life.drain()
            town.chain.check_invariants()
            refusals = {code.name: count for code, count in sorted(town.refusals.items())}
            return Lived(
                life.gains(), dict(life.checked), life.counts, life.innocent_losses(), refusals, town.num_withheld
            )
        finally:
            town.close()


def setting_of(strategy: Strategy, setting: Setting, segment: int) -> Setting:
    """Return the setting of one of a strategy's segments."""
    return replace(setting, segment=segment, **strategy.setting)


def judge(
    strategy: Strategy, tried: Sequence[Lived], honest: Sequence[Lived], rounds: int, num_looks: int = 1
) -> Result:
    """Return a strategy's advantage over honesty from its segments and the honest ones; each has so many rounds."""
    scale = rounds * UNIT_PRICE
    pairs = list(zip(tried, honest, strict=True))
    is_repeating = strategy.is_coalition and strategy.scope != Scope.HONEST
    over_plain = interval([over_honesty(strategy, *pair) / scale for pair in pairs], num_looks)
    advantage = over_plain
    if is_repeating:
        best = [over_honesty(strategy, *pair) - spared(strategy, pair[1]) for pair in pairs]
        advantage = interval([gain / scale for gain in best], num_looks)
    harm = interval([_harm(strategy, *pair) / scale for pair in pairs], num_looks)
    refusals = sorted({name for one in tried for name in one.refusals})
    return Result(
        strategy=strategy.name,
        about=strategy.about,
        scope=strategy.scope,
        reason=strategy.reason,
        advantage=advantage.mean,
        error=advantage.error,
        baseline=REPEATING if is_repeating else PLAIN,
        over_plain=over_plain.mean,
        over_plain_error=over_plain.error,
        rounds=rounds * len(tried),
        segments=len(tried),
        counts={one.name: sum(getattr(lived.counts, one.name) for lived in tried) for one in fields(Counts)},
        innocent_losses=sum(one.innocent_losses for one in tried),
        harm=harm.mean,
        harm_error=harm.error,
        refusals={name: sum(one.refusals.get(name, 0) for one in tried) for name in refusals},
        withheld=sum(one.withheld for one in tried),
        setting={name: str(value) for name, value in strategy.setting.items()},
    )


def over_honesty(strategy: Strategy, tried: Lived, honest: Lived) -> int:
    """Return what a segment brought the party beyond what it brought the same people where all compute every check."""
    return sum(tried.gains[name] - honest.gains[name] for name in strategy.names)


def spared(strategy: Strategy, honest: Lived) -> int:
    """Return what the party's checkers spent on recomputing units of the party."""
    names = set(strategy.names)
    return sum(cost for (checker, worker), cost in honest.checked.items() if checker in names and worker in names)


def _harm(strategy: Strategy, tried: Lived, honest: Lived) -> int:
    return sum(honest.gains[name] - gain for name, gain in tried.gains.items() if name not in strategy.names)

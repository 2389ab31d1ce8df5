"""Profit of a strategy less that of honesty, with its uncertainty.

A run is cut into segments; each ends when everything it began is over, so segments are independent. Both runs see the
same beacons at the same heights, and the same tickets as long as the strategy does not bend them, so their difference
is paired by segments; the segments' mean and Student's t give the interval.
"""

import math
import statistics
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from .contents import contents
from .life import Counts, Life
from .setting import UNIT_PRICE, Setting
from .strategies import Strategy
from .town import Town

T_95 = {2: 12.706, 5: 2.776, 10: 2.262, 20: 2.093}
"""Student's t by number of segments, 95 % two-sided."""


@dataclass(frozen=True)
class Lived:
    """A run: what everybody gained in each segment, and what happened."""

    gains: tuple[Mapping[str, int], ...]
    counts: Counts
    innocent_losses: int
    refusals: dict[str, int]
    withheld: int


@dataclass(frozen=True)
class Result:
    """A strategy against honesty of the same people, in R of the unit on trial per round."""

    strategy: str
    about: str
    advantage: float
    error: float
    """Half of the 95 % interval."""
    rounds: int
    counts: dict[str, int]
    innocent_losses: int
    """uostr of bonds taken from people outside the party; 0 or the rules are broken."""
    harm: float
    """What everybody outside the party loses by it, customers included, R per round."""
    refusals: dict[str, int]
    withheld: int
    setting: dict[str, str]
    """What differs from the usual setting."""
    remark: str

    @property
    def verdict(self) -> str:
        """Say what the interval shows."""
        if self.advantage + self.error < 0:
            return "honesty is better"
        return "IT PAYS" if self.advantage - self.error > 0 else "undecided"


def live(strategy: Strategy, setting: Setting, segments: int) -> Lived:
    """Run a strategy through all rounds, segment by segment."""
    with tempfile.TemporaryDirectory(prefix="ostraka-soundness-") as folder:
        town = Town(Path(folder), setting, contents(), strategy)
        try:
            life = Life(town, strategy)
            gains, before = [], life.holdings()
            for _ in range(segments):
                for _ in range(per_segment(setting, segments)):
                    life.run_round()
                life.drain()
                after = life.holdings()
                gains.append({name: after[name] - before[name] for name in after})
                before = after
            town.chain.check_invariants()
            refusals = {code.name: count for code, count in sorted(town.refusals.items())}
            return Lived(tuple(gains), life.counts, life.innocent_losses(), refusals, town.num_withheld)
        finally:
            town.close()


def per_segment(setting: Setting, segments: int) -> int:
    """Return the rounds of a segment in which jobs are asked for."""
    return max(1, setting.rounds // segments)


@dataclass
class Court:
    """Tries strategies; honest runs are shared by all that live in the same setting."""

    setting: Setting
    segments: int = 10
    """One of `T_95`."""
    _honest: dict[Any, Lived] = field(default_factory=dict)

    def honest(self, strategy: Strategy) -> Lived:
        """Return the honest run of a strategy's setting."""
        key = (tuple(sorted(strategy.setting.items(), key=str)), strategy.num_plans, strategy.market)
        if key not in self._honest:
            same = Strategy(
                "honest", "", strategy.party, setting=strategy.setting, num_plans=strategy.num_plans,
                market=strategy.market,
            )  # fmt: skip
            self._honest[key] = live(same, replace(self.setting, **strategy.setting), self.segments)
        return self._honest[key]

    def try_one(self, strategy: Strategy) -> Result:
        """Return a strategy's advantage over honesty."""
        own = replace(self.setting, **strategy.setting)
        reference, tried = self.honest(strategy), live(strategy, own, self.segments)
        scale = per_segment(own, self.segments) * UNIT_PRICE
        differences = [
            sum(one[name] - other[name] for name in strategy.names) / scale
            for one, other in zip(tried.gains, reference.gains, strict=True)
        ]
        return Result(
            strategy=strategy.name,
            about=strategy.about,
            advantage=statistics.fmean(differences),
            error=T_95[self.segments] * statistics.stdev(differences) / math.sqrt(len(differences)),
            rounds=per_segment(own, self.segments) * self.segments,
            counts=asdict(tried.counts),
            innocent_losses=tried.innocent_losses,
            harm=statistics.fmean(
                sum(other[name] - one[name] for name in one if name not in strategy.names) / scale
                for one, other in zip(tried.gains, reference.gains, strict=True)
            ),
            refusals=tried.refusals,
            withheld=tried.withheld,
            setting={name: str(value) for name, value in strategy.setting.items()},
            remark=strategy.remark,
        )

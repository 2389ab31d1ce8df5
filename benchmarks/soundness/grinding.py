"""A proposer that withholds its block where the next proposer's randomness may be better for its party.

Withholding is one bit: the proposer knows what its own block would bring and nothing of the next one, so it withholds
exactly where its own is below what it may expect.
"""

from typing import TYPE_CHECKING

from chain.crypto.hashing import plan_draw, round_alpha
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs import rules as job_rules
from chain.modules.jobs.state import WAITING
from chain.modules.plans import keeper as plans
from chain.modules.rates.rules import second_rate
from chain.modules.sampling import keeper as sampling
from chain.modules.sampling import rules
from chain.modules.sampling.types import CheckPhase
from chain.store.collections import U64

from .people import CHECKERS
from .town import CHAIN

if TYPE_CHECKING:
    from .life import Life


class Grinder:
    """Judges what a beacon would bring: draws of the party's checkers, and plans that the party's workers run."""

    def __init__(self, life: "Life") -> None:
        self.life = life
        self.own = life.town.chain.validators[0].address

    def withholds(self, height: int, beacon: bytes, proposer: bytes) -> bool:
        """Tell whether the party's validator holds its block of this beacon back."""
        if proposer != self.own:
            return False
        return self._plans(height, beacon) < 0 or self._checks(height, beacon) < 0

    def _plans(self, height: int, beacon: bytes) -> float:
        """Return how many more jobs than usual the party's plan would get."""
        store, better = self.life.town.store, 0.0
        for _, job_id in WAITING.keys(store, end=U64.pack(height + 1)):
            job = jobs.job(store, job_id)
            live = [plan for plan in (plans.find_plan(store, one) for one in job.candidates) if plan and plan.is_live]
            mine = [any(stage.operator in self._addresses for stage in plan.stages) for plan in live]
            if live:
                digest = plan_draw(CHAIN, job_id, job.attempt, beacon)
                at = job_rules.draw(digest, [1] * len(live))
                better += mine[at] - sum(mine) / len(mine)
        return better

    def _checks(self, height: int, beacon: bytes) -> float:
        """Return how many more duties than usual the party's checkers would get by this beacon, in either look."""
        store, better = self.life.town.store, 0.0
        for key in sampling.open_units(store):
            check, unit = sampling.find_check(store, key), jobs.unit(store, key)
            if check is None or check.phase_end != height:
                continue
            if check.phase == CheckPhase.DRAWING:
                rate = unit.terms.rate
            elif check.phase == CheckPhase.DRAWING_AGAIN:
                rate = second_rate(unit.terms)
            else:
                continue
            look = rules.Look(round_alpha(CHAIN, check.round_index, beacon), rate)
            for who in CHECKERS:
                has_committed = sampling.find_commit(store, key, who.address) is not None
                if who.address not in self._addresses or has_committed:
                    continue
                drawn = self.life.checking.is_drawn(store, who, unit, check, look)
                place = self.life.checking.place(store, who, check.epoch)
                if drawn is not None and place is not None:
                    better += drawn - min(1.0, rate / 2**32 * place.entry.weight / check.total_weight)
        return better

    @property
    def _addresses(self) -> set[bytes]:
        return {who.address for who in self.life.strategy.party}

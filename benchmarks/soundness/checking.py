"""Checkers: their tickets in both looks, what they commit to, reveals and epoch proofs."""

from typing import TYPE_CHECKING, Any

from chain.crypto import hashing, vrf
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import Unit
from chain.modules.sampling import epochs, rules
from chain.modules.sampling import keeper as sampling
from chain.modules.sampling.types import (
    CheckPhase,
    MsgCommitCheck,
    MsgOpenEpoch,
    MsgRevealCheck,
    SnapshotPlace,
    UnitCheck,
)
from chain.modules.workers import keeper as workers
from chain.modules.workers.rules import free_bond
from tests.support.network import Machine

from .people import BY_ADDRESS, CHECKERS, Place, digest, place_of
from .strategies import Act, Check, CheckSeen, DueSeen
from .town import CHAIN

if TYPE_CHECKING:
    from .life import Life


class Checking:
    """Draws and checks."""

    def __init__(self, life: "Life") -> None:
        self.life = life
        self.committed: dict[tuple[str, Place], tuple[Check, bytes, bytes, bytes]] = {}
        """Manner, salt, body_root, out_root."""
        self._decided: set[tuple[str, Place, int]] = set()
        self._betas: dict[tuple[str, int], bytes] = {}
        self._places: dict[tuple[str, int], SnapshotPlace | None] = {}
        self._budgets: dict[str, int] = {}

    def begin(self) -> None:
        """Begin a block: free bonds are as the state says."""
        self._budgets = {}

    def beta(self, store: Any, who: Machine, epoch: int) -> bytes:
        """Return a worker's secret of an epoch."""
        found = self._betas.get((who.name, epoch))
        if found is None:
            found = self._betas[who.name, epoch] = vrf.proof_to_hash(self._proof(store, who, epoch))
        return found

    @staticmethod
    def _proof(store: Any, who: Machine, epoch: int) -> bytes:
        alpha = hashing.epoch_input(CHAIN, who.address, epoch, epochs.head(store, epoch).beacon)
        return vrf.prove(who.vrf_seed, alpha)

    def place(self, store: Any, who: Machine, epoch: int) -> SnapshotPlace | None:
        """Return a worker's place in an epoch's snapshot."""
        key = (who.name, epoch)
        if key not in self._places:
            self._places[key] = epochs.find_place(store, epoch, who.address)
        return self._places[key]

    def is_drawn(self, store: Any, who: Machine, unit: Unit, check: UnitCheck, look: rules.Look) -> bool | None:
        """Tell whether a worker's ticket wins; None if it may not check the unit."""
        place = self.place(store, who, check.epoch)
        if place is None or not rules.has_bit(check.eligible, place.index):
            return None
        beta = self.beta(store, who, check.epoch)
        return rules.is_winning(look, beta, check.unit, place.entry.weight, check.total_weight)

    def draw(self, store: Any, unit: Unit, check: UnitCheck) -> None:
        """Let every eligible checker decide in a commit window."""
        life, place = self.life, place_of(unit)
        taken = sampling.find_round(store, check.round_index)
        assert taken is not None
        look = rules.looks(taken, check, unit.terms)[-1]
        number = 2 if check.late_height else int(check.phase == CheckPhase.COMMIT_AGAIN)
        for who in CHECKERS:
            if (who.name, place, number) in self._decided or (who.name, place) in self.committed:
                continue
            drawn = self.is_drawn(store, who, unit, check, look)
            if drawn is None:
                continue
            chosen = Check.COMPUTE if drawn else Check.NONE
            if life.strategy.is_in(who):
                seen = self._seen(unit, check, who, drawn)
                chosen = life.strategy.check(seen)
                if chosen == Check.WAIT and seen.blocks_left:
                    continue
            self._decided.add((who.name, place, number))
            life.counts.drawn += drawn and life.strategy.is_in(who)
            is_committing = chosen not in (Check.NONE, Check.WAIT) and self._commit(unit, who, chosen)
            if drawn and not is_committing:
                life.claims.note(place, who.address)

    def _seen(self, unit: Unit, check: UnitCheck, who: Machine, drawn: bool) -> CheckSeen:
        life = self.life
        is_friend = life.strategy.is_in(BY_ADDRESS[unit.operator])
        return CheckSeen(
            who=who.name,
            job_id=unit.job_id,
            is_drawn=drawn,
            is_friend=is_friend,
            lie=life.lie_of(unit) if is_friend else None,
            is_leaked=life.running.is_leaked(unit),
            is_own_job=life.is_own_job[unit.job_id],
            blocks_left=check.phase_end - life.town.height - 1,
        )

    def _commit(self, unit: Unit, who: Machine, chosen: Check) -> bool:
        """Send a commitment, if the checker has bond for it."""
        life, place = self.life, place_of(unit)
        if who.name not in self._budgets:
            self._budgets[who.name] = free_bond(workers.worker(life.town.store, who.address))
        if self._budgets[who.name] < unit.terms.bond:
            life.counts.unbacked += 1
            return False
        self._budgets[who.name] -= unit.terms.bond
        content = life.content(unit.job_id, unit.attempt)
        body, out = content.roots(unit.stage, is_check=True)
        if chosen == Check.COMPUTE:
            pay = unit.terms.check_pay * life.running.fee(unit) // unit.terms.fee
            life.spend_on_check(who, unit, life.setting.check_cost * pay)
        elif chosen == Check.COPY and life.running.is_leaked(unit):
            body, out = life.running.sealed[place][0], unit.out_root
        elif chosen == Check.COPY:
            body, out = content.roots(unit.stage)
        elif chosen == Check.GUESS:
            body, out = digest("guess", who.name), unit.out_root
        elif chosen == Check.LIE:
            body, out = life.disputing.false_roots(unit.stage)
        salt = digest("check salt", who.name, place)
        self.committed[who.name, place] = (chosen, salt, body, out)
        value = hashing.check_seal(who.address, life.unit_id(unit), salt, body, out)
        life.send(who.hot, MsgCommitCheck(who.hot.bech32, *place, value))
        return True

    def reveal(self, store: Any, unit: Unit, check: UnitCheck) -> None:
        """Let committed checkers reveal."""
        life, place = self.life, place_of(unit)
        left = check.phase_end - life.town.height - 1
        if left < 0:
            return
        lie = life.lie_of(unit) if life.strategy.is_in(BY_ADDRESS[unit.operator]) else None
        for who in CHECKERS:
            found = self.committed.get((who.name, place))
            commit = sampling.find_commit(store, jobs.key_of(unit), who.address) if found else None
            if found is None or commit is None or commit.reveal_height:
                continue
            seen = DueSeen(who.name, unit.job_id, left, lie)
            if life.strategy.is_in(who) and life.strategy.reveal(seen) != Act.DO:
                continue
            life.send(who.hot, MsgRevealCheck(who.hot.bech32, *place, *found[1:]))

    def prove(self, store: Any, epoch: int) -> None:
        """Let checkers open the proofs that they owe."""
        params, height = sampling.params(store), self.life.town.height
        first, last = rules.proofs_from(params, epoch), rules.proofs_until(params, epoch)
        if not first <= height + 1 <= last:
            return
        for who in CHECKERS:
            owed = epochs.find_proof(store, epoch, who.address)
            if owed is None or not owed.is_due:
                continue
            seen = DueSeen(who.name, 0, last - height - 1, None)
            if self.life.strategy.is_in(who) and self.life.strategy.prove(seen) != Act.DO:
                continue
            self.life.send(who.hot, MsgOpenEpoch(who.hot.bech32, epoch, self._proof(store, who, epoch)))

"""Life in the town: in every block everybody looks at the state, decides and sends; costs are charged where they arise.

Everybody acts on the last committed state alone. The party on trial decides by its strategy; the others are honest.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from chain.client.signing import Key
from chain.crypto import hashing
from chain.crypto.keys import ed25519_public_key
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import Job, JobStatus, MsgRequestJob, SamplerSpec, Unit, UnitStatus
from chain.modules.sampling import epochs
from chain.modules.sampling import keeper as sampling
from chain.modules.sampling.state import LATE
from chain.modules.sampling.types import CheckPhase
from chain.modules.workers import keeper as workers
from chain.parameters import OSTR
from tests.support.builders import seed
from tests.support.network import Machine

from .checking import Checking
from .contents import BLIND, LAST, PROMPT, SAMPLING_SEED, Content, Lie
from .disputing import Disputing
from .grinding import Grinder
from .people import ACCOMPLICE, BY_ADDRESS, CUSTOMER, WORKERS, dice
from .running import Running
from .setting import BALANCE
from .strategies import Strategy, WorldSeen
from .town import CHAIN, Town
from .watch import Baits, Claims, claim_streamed, show_seal

DRAIN_ROUNDS = 64
"""Longer than anything takes: windows, the longest dispute, a second attempt, proofs, a forfeited bond, retention."""


@dataclass
class Counts:
    """What happened, beside money."""

    forged: int = 0
    """False results that were delivered."""
    kept: int = 0
    """Of those, settled as if they were true."""
    drawn: int = 0
    """Duties of the party's checkers."""
    unbacked: int = 0
    """Checks that their checkers had no free bond for."""
    drawn_late: int = 0
    """Settled jobs of which a unit was drawn again, since somebody had been silent."""
    settled: int = 0
    disputes: int = 0


@dataclass
class Life:
    """A run of the simulation."""

    town: Town
    strategy: Strategy
    truth: dict[tuple[int, int], Lie] = field(default_factory=dict)
    """What each attempt's last stage has asserted."""
    streamed: dict[tuple[int, int], Lie] = field(default_factory=dict)
    """What customers have signed frames of, until they have compared them."""
    spent: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Costs of computing and capital by worker."""
    gained: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """What a delivered lie is worth to its teller: V."""
    checked: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    """What checkers have spent on recomputing whose units."""
    counts: Counts = field(default_factory=Counts)
    is_own_job: dict[int, bool] = field(default_factory=dict)
    """Open jobs; whether an accomplice asked."""
    _outbox: dict[Key, list[object]] = field(default_factory=dict)
    _alone: list[tuple[Key, list[object]]] = field(default_factory=list)
    _seen: list[Unit] = field(default_factory=list)
    _bonds: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.setting = self.town.setting
        self.baits, self.claims = Baits(self), Claims(self)
        self.running, self.checking, self.disputing = Running(self), Checking(self), Disputing(self)
        self._bonds = {who.name: self.town.bond(who) for who in WORKERS}
        if self.strategy.is_grinding:
            self.town.withholds = Grinder(self).withholds

    # Blocks

    def run_round(self, *, is_asking: bool = True) -> None:
        """Live through a round; jobs are asked for in its first block."""
        for index in range(sampling.params(self.town.store).round_blocks):
            self._outbox, self._alone = {}, []
            if index == 0 and is_asking:
                self._ask()
            self._act()
            sent = [
                (key, messages[at : at + 32])
                for key, messages in self._outbox.items()
                for at in range(0, len(messages), 32)
            ]
            self.town.run_block(sent + self._alone)
            self._find_new()
            self._charge_capital()

    def drain(self) -> None:
        """Let everything end that moves money: jobs, proofs, claims, late openings, forfeitures."""
        for _ in range(DRAIN_ROUNDS):
            if self._is_over():
                return
            self.run_round(is_asking=False)
        raise RuntimeError(f"something is open after {DRAIN_ROUNDS} rounds; jobs {sorted(self.is_own_job)}")

    def _is_over(self) -> bool:
        store = self.town.store
        has_records = self.is_own_job or next(jobs.jobs_before(store, (1 << 64) - 1), None) is not None
        return not (has_records or any(True for _ in epochs.proof_epochs(store)) or self.town.is_taking())

    def send(self, key: Key, message: object) -> None:
        """Put a message into the next block."""
        self._outbox.setdefault(key, []).append(message)

    def send_alone(self, key: Key, message: object) -> None:
        """Put a message into the next block that may fail, for another's may come before it."""
        self._alone.append((key, [message]))

    # Money

    def spend(self, who: Machine, cost: Fraction) -> None:
        """Charge a worker for computing."""
        self.spent[who.name] += int(cost)

    def spend_on_check(self, who: Machine, unit: Unit, cost: Fraction) -> None:
        """Charge a checker for recomputing a unit, and remember whose."""
        self.spend(who, cost)
        self.checked[who.name, BY_ADDRESS[unit.operator].name] += int(cost)

    def _charge_capital(self) -> None:
        share = self.setting.capital
        for who in WORKERS:
            reserved = workers.worker(self.town.store, who.address).reserved
            self.spent[who.name] += reserved * share.numerator // share.denominator

    def gains(self) -> dict[str, int]:
        """Return what everybody has gained since genesis."""
        initial = {who.name: 2 * BALANCE for who in WORKERS} | {"accomplice": BALANCE, "customer": BALANCE}
        return {name: held - initial[name] for name, held in self.holdings().items()}

    def holdings(self) -> dict[str, int]:
        """Return what everybody owns, with what lies were worth to them, less what computing and capital cost."""
        held = {who.name: self.town.wealth([who]) + self.gained[who.name] - self.spent[who.name] for who in WORKERS}
        escrows = {ACCOMPLICE.address: 0, CUSTOMER.address: 0}
        for job_id in self.is_own_job:
            job = jobs.find_job(self.town.store, job_id)
            if job is not None and job.status in jobs.OPEN:
                escrows[job.requester] += job.escrow
        for name, key in (("accomplice", ACCOMPLICE), ("customer", CUSTOMER)):
            held[name] = self.town.wealth([key]) + escrows[key.address]
        return held

    def innocent_losses(self) -> int:
        """Return how much bond was taken from people outside the party."""
        return sum(
            max(0, self._bonds[who.name] - self.town.bond(who)) for who in WORKERS if not self.strategy.is_in(who)
        )

    # Requests

    def _ask(self) -> None:
        for _ in range(self.setting.jobs_per_round):
            self.send(CUSTOMER, self._request(CUSTOMER, self.setting.max_tokens, self.setting.value))
        for ask in self.strategy.asks:
            for _ in range(ask.count):
                self.send_alone(ACCOMPLICE, self._request(ACCOMPLICE, ask.max_tokens, ask.value))

    def _request(self, requester: Key, max_tokens: int, value: int) -> MsgRequestJob:
        return MsgRequestJob(
            requester=requester.bech32,
            model_root=self.town.wanted_model(),
            prompt_root=self.town.contents.prompt_root,
            blind_hash=hashing.blind_hash(BLIND),
            prompt_tokens=len(PROMPT),
            max_tokens=max_tokens,
            sampler=SamplerSpec(),
            seed=SAMPLING_SEED,
            stop_ids=(),
            value=value,
            max_escrow=1_000 * OSTR,
            session_key=ed25519_public_key(seed("session")),
        )

    def _find_new(self) -> None:
        for job in jobs.jobs_before(self.town.store, (1 << 64) - 1):
            if job.job_id in self.is_own_job or job.requested_height != self.town.height:
                break
            self.is_own_job[job.job_id] = job.requester == ACCOMPLICE.address

    # Everybody's turn

    def _act(self) -> None:
        store, self._seen = self.town.store, []
        self.checking.begin()
        self._reopen(store)
        for job_id in list(self.is_own_job):
            job = jobs.find_job(store, job_id)
            if job is None or job.status in (JobStatus.FINAL, JobStatus.CLOSED):
                self._close(job_id, job)
                continue
            units = jobs.units_of(store, job) if job.status != JobStatus.WAITING else ()
            for unit in reversed(units):  # the last stage says what was answered; the others seal it
                self._serve(store, job, units, unit)
            if job.status in jobs.FROZEN:
                self.disputing.act(store, job)
        for epoch in epochs.proof_epochs(store):
            self.checking.prove(store, epoch)
        self.baits.open_late(store)
        if self.town.height % sampling.params(store).round_blocks == 0:
            self.claims.send(store)
        self._add_extra()

    def _close(self, job_id: int, job: Job | None) -> None:
        del self.is_own_job[job_id]
        if job is not None and job.status == JobStatus.FINAL:
            self.counts.settled += 1
            self.counts.kept += self.truth.get((job_id, job.attempt), Lie.NONE) != Lie.NONE

    def _reopen(self, store: Any) -> None:
        """Take up settled jobs again of which a unit is drawn late: they count when that is over."""
        for (job_id, _), _ in LATE.items(store):
            if job_id not in self.is_own_job:
                job = jobs.job(store, job_id)
                self.is_own_job[job_id] = job.requester == ACCOMPLICE.address
                self.counts.drawn_late += 1
                self.counts.settled -= 1
                self.counts.kept -= self.truth.get((job_id, job.attempt), Lie.NONE) != Lie.NONE

    def _serve(self, store: Any, job: Job, units: tuple[Unit, ...], unit: Unit) -> None:
        who = BY_ADDRESS[unit.operator]
        if unit.status == UnitStatus.PENDING:
            if job.status in (JobStatus.RUNNING, JobStatus.DISPUTED) and self.town.height < job.expiry_height:
                self.running.run(job, units, unit, who)
            return
        self._seen.append(unit)
        if unit.stage == LAST and (job.job_id, job.attempt) in self.streamed:
            self.send_alone(CUSTOMER, claim_streamed(self, job, unit))
        check = sampling.find_check(store, jobs.key_of(unit))
        if check is None:
            return
        if check.phase == CheckPhase.OPEN:
            self.running.open_seal(unit, who, check)
        elif check.phase in (CheckPhase.REVEAL, CheckPhase.DISPUTED):
            self.checking.reveal(store, unit, check)
        elif check.phase in (CheckPhase.COMMIT, CheckPhase.COMMIT_AGAIN):
            self.checking.draw(store, unit, check)
        elif check.phase == CheckPhase.DRAWING and self.strategy.is_showing and self.running.is_leaked(unit):
            self.send_alone(CUSTOMER, show_seal(self, unit, who))

    def _add_extra(self) -> None:
        if self.strategy.extra is None:
            return
        blocks = sampling.params(self.town.store).round_blocks
        seen = WorldSeen(self.town.height, tuple(self._seen), (self.town.height + 1) % blocks == 0)
        for key, message in self.strategy.extra(seen):
            self.send_alone(key, message)

    # What is the case

    def dice(self, *parts: object) -> float:
        """Return a number in [0, 1) of this run that differs when the parts do."""
        return dice(self.setting.seed, self.setting.segment, *parts)

    def content(self, job_id: int, attempt: int) -> Content:
        """Return what a job's attempt contains."""
        return self.town.contents.by_lie[self.truth.get((job_id, attempt), Lie.NONE)]

    def lie_of(self, unit: Unit) -> Lie:
        """Return what is wrong with a unit."""
        return self.truth.get((unit.job_id, unit.attempt), Lie.NONE) if unit.stage == LAST else Lie.NONE

    @staticmethod
    def unit_id(unit: Unit) -> bytes:
        """Return a unit's identity."""
        return hashing.unit_id(CHAIN, unit.job_id, unit.attempt, unit.stage)

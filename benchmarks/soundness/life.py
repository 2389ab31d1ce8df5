"""Life in the town: in every block everybody looks at the state, decides and sends; costs are charged where they arise.

Everybody acts on the last committed state alone. The party on trial decides by its strategy; the others are honest.
"""

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from chain.client.signing import Key
from chain.crypto import hashing, vrf
from chain.crypto.keys import ed25519_public_key, sign_ed25519
from chain.modules.disputes.types import MsgClaimReceipt
from chain.modules.disputes.types import Role as ReceiptRole
from chain.modules.jobs import keeper as jobs
from chain.modules.jobs.types import (
    Job,
    JobStatus,
    MsgRequestJob,
    MsgSubmitResult,
    Receipt,
    SamplerSpec,
    Unit,
    UnitStatus,
)
from chain.modules.rates.types import Terms
from chain.modules.sampling import epochs, rules
from chain.modules.sampling import keeper as sampling
from chain.modules.sampling.types import (
    CheckPhase,
    MsgCommitCheck,
    MsgOpenEpoch,
    MsgOpenResult,
    MsgRevealCheck,
    SnapshotPlace,
    UnitCheck,
)
from chain.modules.workers import keeper as workers
from chain.modules.workers.rules import free_bond
from chain.parameters import OSTR
from tests.support.builders import seed
from tests.support.network import Machine

from .contents import BLIND, LAST, PROMPT, SAMPLING_SEED, TOKENS, Content, Lie
from .disputing import Disputing
from .strategies import Act, Check, CheckSeen, DueSeen, RunSeen, Strategy, WorldSeen
from .town import ACCOMPLICE, CHAIN, CHECKERS, CUSTOMER, WORKERS, Town

Place = tuple[int, int, int]
"""Job, attempt, stage."""
BY_ADDRESS = {who.address: who for who in WORKERS}


@dataclass
class Counts:
    """What happened, beside money."""

    forged: int = 0
    """False results that were delivered."""
    kept: int = 0
    """Of those, settled as if they were true."""
    refuted: int = 0
    drawn: int = 0
    """Duties of the party's checkers."""
    unbacked: int = 0
    """Checks that their checkers had no free bond for."""
    settled: int = 0
    disputes: int = 0


@dataclass
class Life:
    """A run of the simulation."""

    town: Town
    strategy: Strategy
    truth: dict[tuple[int, int], Lie] = field(default_factory=dict)
    """What each attempt's last stage has asserted."""
    spent: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Costs of computing by worker."""
    gained: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """What a delivered lie is worth to its teller: V."""
    counts: Counts = field(default_factory=Counts)
    committed: dict[tuple[str, Place], tuple[Check, bytes, bytes, bytes]] = field(default_factory=dict)
    """Manner, salt, body_root, out_root."""
    streamed: dict[tuple[int, int], Lie] = field(default_factory=dict)
    """What customers have signed frames of, until they have compared them."""
    _seen: list[Unit] = field(default_factory=list)
    _budgets: dict[str, int] = field(default_factory=dict)
    """What is left of checkers' free bonds in this block."""
    _open: dict[int, bool] = field(default_factory=dict)
    """Jobs that are not closed; whether an accomplice asked."""
    _decided: set[tuple[str, tuple[int, ...]]] = field(default_factory=set)
    _betas: dict[tuple[str, int], bytes] = field(default_factory=dict)
    _outbox: dict[Key, list[object]] = field(default_factory=dict)
    _alone: list[tuple[Key, list[object]]] = field(default_factory=list)
    _bonds: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.disputing = Disputing(self)
        self.setting = self.town.setting
        self._bonds = {who.name: self.town.bond(who) for who in WORKERS}
        if self.strategy.is_grinding:
            from .grinding import Grinder

            self.town.withholds = Grinder(self).withholds

    # Blocks

    def run_round(self, *, is_asking: bool = True) -> None:
        """Live through a round; jobs are asked for in its first block."""
        blocks = self.town.setting.parameters(1).sampling.round_blocks
        for index in range(blocks):
            self._outbox, self._alone = {}, []
            if index == 0 and is_asking:
                self._ask()
            self._act()
            self._add_extra()
            sent = [(key, messages[at : at + 32]) for key, messages in self._outbox.items()
                    for at in range(0, len(messages), 32)]  # fmt: skip
            sent += self._alone
            self.town.run_block(sent)
            self._find_new()
            self._charge_capital()

    def drain(self) -> None:
        """Let everything end that is open."""
        for _ in range(200):
            if not self._open:
                break
            self.run_round(is_asking=False)
        for _ in range(24):  # proofs, claims, payments
            self.run_round(is_asking=False)

    def send(self, key: Key, message: object) -> None:
        """Put a message into the next block."""
        self._outbox.setdefault(key, []).append(message)

    def send_alone(self, key: Key, message: object) -> None:
        """Put a message into the next block that may fail, for another's may come before it."""
        self._alone.append((key, [message]))

    def _charge_capital(self) -> None:
        for who in WORKERS:
            reserved = workers.worker(self.town.store, who.address).reserved
            self.spent[who.name] += reserved * self.setting.capital.numerator // self.setting.capital.denominator

    def holdings(self) -> dict[str, int]:
        """Return what everybody owns, with what lies were worth to them, less what computing and capital cost."""
        held = {who.name: self.town.wealth([who]) + self.gained[who.name] - self.spent[who.name] for who in WORKERS}
        escrows = {ACCOMPLICE.address: 0, CUSTOMER.address: 0}
        for job_id in self._open:
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
                self.send(ACCOMPLICE, self._request(ACCOMPLICE, ask.max_tokens, ask.value))

    def _request(self, requester: Key, max_tokens: int, value: int) -> MsgRequestJob:
        return MsgRequestJob(
            requester=requester.bech32,
            model_root=self.town.model_root,
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
        store = self.town.store
        for job in jobs.jobs_before(store, (1 << 64) - 1):
            if job.job_id in self._open or job.requested_height != self.town.height:
                break
            self._open[job.job_id] = job.requester == ACCOMPLICE.address

    def _add_extra(self) -> None:
        if self.strategy.extra is None:
            return
        blocks = sampling.params(self.town.store).round_blocks
        seen = WorldSeen(self.town.height, tuple(self._seen), (self.town.height + 1) % blocks == 0)
        for key, message in self.strategy.extra(seen):
            self.send_alone(key, message)

    def _claim(self, job: Job, unit: Unit) -> None:
        """Let the customer show what was streamed to it, where the answer that was committed to is another."""
        streamed = self.streamed.pop((job.job_id, job.attempt), None)
        if streamed is None:
            return
        who = BY_ADDRESS[unit.operator]
        root = self.town.contents.by_lie[streamed].roots(LAST)[1]
        of_unit = self.unit_id(unit)
        signed = hashing.receipt_bytes(of_unit, unit.revision, TOKENS, root, True)
        receipt = Receipt(of_unit, unit.revision, TOKENS, root, True, sign_ed25519(who.hot_seed, signed))
        claim = MsgClaimReceipt(CUSTOMER.bech32, job.job_id, job.attempt, LAST, ReceiptRole.SENDER, receipt)
        self.send_alone(CUSTOMER, claim)

    # Work

    def _act(self) -> None:
        store, height = self.town.store, self.town.height
        params = sampling.params(store)
        self._seen, self._budgets = [], {}
        self._places: dict[tuple[str, int], SnapshotPlace | None] = {}
        for job_id in list(self._open):
            job = jobs.find_job(store, job_id)
            if job is None or job.status in (JobStatus.FINAL, JobStatus.CLOSED):
                self._close(job_id, job)
                continue
            units = jobs.units_of(store, job) if job.status != JobStatus.WAITING else ()
            for unit in reversed(units):  # the last stage says what was answered; the others seal it
                self._serve(store, params, job, units, unit)
            if job.status == JobStatus.DISPUTED:
                self.disputing.act(store, job)
        for epoch in epochs.proof_epochs(store):
            self._prove(store, epoch, height, params)

    def _close(self, job_id: int, job: Job | None) -> None:
        del self._open[job_id]
        if job is None:
            return
        lie = self.truth.get((job_id, job.attempt), Lie.NONE)
        if job.status == JobStatus.FINAL:
            self.counts.settled += 1
            self.counts.kept += lie != Lie.NONE

    def _serve(self, store: Any, params: Any, job: Job, units: tuple[Unit, ...], unit: Unit) -> None:
        who = BY_ADDRESS[unit.operator]
        if unit.status == UnitStatus.PENDING:
            if job.status in (JobStatus.RUNNING, JobStatus.DISPUTED) and self.town.height < job.expiry_height:
                self._run(params, job, units, unit, who)
            return
        self._seen.append(unit)
        if unit.stage == LAST and self.streamed:
            self._claim(job, unit)
        check = sampling.find_check(store, jobs.key_of(unit))
        if check is None:
            return
        if check.phase == CheckPhase.OPEN:
            self._open_seal(job, unit, who, check)
        elif check.phase in (CheckPhase.REVEAL, CheckPhase.DISPUTED):
            self._reveal(store, job, unit, check)
        elif check.phase in (CheckPhase.COMMIT, CheckPhase.COMMIT_AGAIN):
            self._draw(store, job, unit, check, who)

    def content(self, job_id: int, attempt: int) -> Content:
        """Return what a job's attempt contains."""
        return self.town.contents.by_lie[self.truth.get((job_id, attempt), Lie.NONE)]

    def _run(self, params: Any, job: Job, units: tuple[Unit, ...], unit: Unit, who: Machine) -> None:
        place = (job.job_id, job.attempt, unit.stage)
        if (who.name, place) in self._decided:
            return
        is_last = unit.stage == LAST
        if not is_last and units[LAST].status == UnitStatus.PENDING and not self._is_decided(units[LAST]):
            return
        is_free = False
        if self.strategy.is_in(who):
            close_in = -(self.town.height + 1) % params.round_blocks
            seen = RunSeen(
                who.name, job.job_id, job.attempt, is_last, self._open[job.job_id], self.town.height,
                job.planned_height, job.expiry_height, close_in, self._free_checkers(unit),
                dice("run", who.name, place),
            )  # fmt: skip
            chosen = self.strategy.run(seen)
            if chosen.act == Act.WAIT:
                return
            if chosen.act == Act.NEVER:
                self._decided.add((who.name, place))
                return
            is_free = not chosen.is_computed
            if is_last and chosen.streamed is not None:
                self.streamed[job.job_id, job.attempt] = chosen.streamed
                self.counts.forged += 1
                self.gained[who.name] += job.value
            if is_last and chosen.lie != Lie.NONE:
                self.truth[job.job_id, job.attempt] = chosen.lie
                self.counts.forged += 1
                if chosen.lie == Lie.TOKENS:
                    self.gained[who.name] += job.value
        lie = self.truth.get((job.job_id, job.attempt), Lie.NONE) if is_last else Lie.NONE
        if lie == Lie.NONE and not is_free:
            self.spend(who, self.setting.run_cost * self.fee(job, unit))
        self._decided.add((who.name, place))
        self.send(who.hot, self._result(job, units, unit, who))

    def _free_checkers(self, unit: Unit) -> int:
        free = (free_bond(workers.worker(self.town.store, who.address)) for who in CHECKERS
                if not self.strategy.is_in(who))  # fmt: skip
        return sum(bond >= unit.terms.bond for bond in free)

    def _is_decided(self, unit: Unit) -> bool:
        return (BY_ADDRESS[unit.operator].name, (unit.job_id, unit.attempt, unit.stage)) in self._decided

    def fee(self, job: Job, unit: Unit) -> int:
        """Return R of what the unit really is, at the tokens that are run."""
        terms: Terms = unit.terms
        done = self._work(unit)
        return -(-terms.price_numerator * min(done, terms.work) // terms.price_denominator)

    def _work(self, unit: Unit) -> int:
        header = self.town.contents.model.header
        layers = sum(header.layer_costs[unit.start : unit.end]) * (len(PROMPT) + TOKENS - 1)
        return layers + (header.head_cost * TOKENS if unit.end == header.num_layers else 0)

    def spend(self, who: Machine, cost: Any) -> None:
        """Charge a worker for computing."""
        self.spent[who.name] += int(cost)

    def _result(self, job: Job, units: tuple[Unit, ...], unit: Unit, who: Machine) -> MsgSubmitResult:
        content = self.content(job.job_id, job.attempt)
        body, out = content.roots(unit.stage)
        in_root = (
            hashing.stage_zero_input(job.prompt_root, content.roots(LAST)[1]) if not unit.stage else content.in_root
        )
        unit_id = self.unit_id(unit)
        root = hashing.trace_root(unit_id, in_root, body, out)
        receipt = None
        if unit.stage:
            upstream = units[unit.stage - 1]
            signer = BY_ADDRESS[upstream.operator]
            count = len(PROMPT) + TOKENS - 1
            signed = hashing.receipt_bytes(self.unit_id(upstream), upstream.revision, count, in_root, True)
            signature = sign_ed25519(signer.hot_seed, signed)
            receipt = Receipt(self.unit_id(upstream), upstream.revision, count, in_root, True, signature)
        cancel = b""
        if unit.stage == LAST and job.max_tokens > TOKENS:  # whoever asked for more has wished for no more
            cancel = sign_ed25519(seed("session"), hashing.cancel_bytes(CHAIN, job.job_id, job.attempt, TOKENS))
        return MsgSubmitResult(
            who.hot.bech32, unit.job_id, unit.attempt, unit.stage, unit.revision, TOKENS,
            in_root if unit.stage else b"", out, hashing.seal(who.address, unit_id, salt(who, unit), root), receipt,
            cancel,
        )  # fmt: skip

    @staticmethod
    def unit_id(unit: Unit) -> bytes:
        """Return a unit's identity."""
        return hashing.unit_id(CHAIN, unit.job_id, unit.attempt, unit.stage)

    # Checks

    def beta(self, store: Any, who: Machine, epoch: int) -> bytes:
        """Return a worker's secret of an epoch."""
        found = self._betas.get((who.name, epoch))
        if found is None:
            alpha = hashing.epoch_input(CHAIN, who.address, epoch, epochs.head(store, epoch).beacon)
            found = self._betas[who.name, epoch] = vrf.proof_to_hash(vrf.prove(who.vrf_seed, alpha))
        return found

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

    def _draw(self, store: Any, job: Job, unit: Unit, check: UnitCheck, asserter: Machine) -> None:
        place = (unit.job_id, unit.attempt, unit.stage)
        taken = sampling.find_round(store, check.round_index)
        assert taken is not None
        number = int(check.phase == CheckPhase.COMMIT_AGAIN)
        look = rules.looks(taken, check, unit.terms)[number]
        for who in CHECKERS:
            if (who.name, (*place, number)) in self._decided or (who.name, place) in self.committed:
                continue
            drawn = self.is_drawn(store, who, unit, check, look)
            if drawn is None:
                continue
            is_friend = self.strategy.is_in(who) and self.strategy.is_in(asserter)
            lie = self._lie(unit) if is_friend else None
            chosen = Check.COMPUTE if drawn else Check.NONE
            if self.strategy.is_in(who):
                left = check.phase_end - self.town.height - 1
                is_own = self._open[job.job_id]
                seen = CheckSeen(
                    who.name, job.job_id, drawn, is_friend, lie, is_own, left, dice("check", who.name, place, number)
                )
                chosen = self.strategy.check(seen)
                if chosen == Check.WAIT and left:
                    continue
            self._decided.add((who.name, (*place, number)))
            self.counts.drawn += drawn and self.strategy.is_in(who)
            if chosen in (Check.NONE, Check.WAIT):
                continue
            self._commit(unit, who, chosen)

    def _lie(self, unit: Unit) -> Lie:
        return self.truth.get((unit.job_id, unit.attempt), Lie.NONE) if unit.stage == LAST else Lie.NONE

    def _commit(self, unit: Unit, who: Machine, chosen: Check) -> None:
        if who.name not in self._budgets:
            self._budgets[who.name] = free_bond(workers.worker(self.town.store, who.address))
        if self._budgets[who.name] < unit.terms.bond:
            self.counts.unbacked += 1
            return
        self._budgets[who.name] -= unit.terms.bond
        content = self.content(unit.job_id, unit.attempt)
        body, out = content.roots(unit.stage, is_check=True)
        if chosen == Check.COMPUTE:
            terms = unit.terms
            self.spend(who, self.setting.check_cost * (terms.check_pay * self.fee(None, unit) // terms.fee))  # type: ignore[arg-type]
        elif chosen == Check.COPY:
            body, out = content.roots(unit.stage)
        elif chosen == Check.GUESS:
            body, out = digest("guess", who.name), unit.out_root
        elif chosen == Check.LIE:
            body, out = self.disputing.false_roots(unit.stage)
        place = (unit.job_id, unit.attempt, unit.stage)
        own = digest("check salt", who.name, place)
        self.committed[who.name, place] = (chosen, own, body, out)
        value = hashing.check_seal(who.address, self.unit_id(unit), own, body, out)
        self.send(who.hot, MsgCommitCheck(who.hot.bech32, *place, value))

    def _due(self, who: Machine, unit: Unit, until: int) -> DueSeen:
        is_own = self.strategy.is_in(BY_ADDRESS[unit.operator])
        return DueSeen(who.name, unit.job_id, until - self.town.height - 1, self._lie(unit) if is_own else None)

    def _reveal(self, store: Any, job: Job, unit: Unit, check: UnitCheck) -> None:
        if self.town.height >= check.phase_end:
            return
        place = (unit.job_id, unit.attempt, unit.stage)
        for who in CHECKERS:
            found = self.committed.get((who.name, place))
            commit = sampling.find_commit(store, jobs.key_of(unit), who.address) if found else None
            if found is None or commit is None or commit.reveal_height:
                continue
            if self.strategy.is_in(who) and self.strategy.reveal(self._due(who, unit, check.phase_end)) != Act.DO:
                continue
            self.send(who.hot, MsgRevealCheck(who.hot.bech32, *place, *found[1:]))

    def _open_seal(self, job: Job, unit: Unit, who: Machine, check: UnitCheck) -> None:
        if self.strategy.is_in(who) and self.strategy.open(self._due(who, unit, check.phase_end)) != Act.DO:
            return
        body, _ = self.content(unit.job_id, unit.attempt).roots(unit.stage)
        self.send(who.hot, MsgOpenResult(who.hot.bech32, unit.job_id, unit.attempt, unit.stage, salt(who, unit), body))

    def _prove(self, store: Any, epoch: int, height: int, params: Any) -> None:
        first, last = rules.proofs_from(params, epoch), rules.proofs_until(params, epoch)
        if not first <= height + 1 <= last:
            return
        for who in CHECKERS:
            owed = epochs.find_proof(store, epoch, who.address)
            if owed is None or not owed.is_due:
                continue
            seen = DueSeen(who.name, 0, last - height - 1, None)
            if self.strategy.is_in(who) and self.strategy.prove(seen) != Act.DO:
                continue
            alpha = hashing.epoch_input(CHAIN, who.address, epoch, epochs.head(store, epoch).beacon)
            self.send(who.hot, MsgOpenEpoch(who.hot.bech32, epoch, vrf.prove(who.vrf_seed, alpha)))


def digest(*parts: object) -> bytes:
    """Return 32 bytes that differ when the parts do."""
    return hashlib.sha256(repr(parts).encode()).digest()


def dice(*parts: object) -> float:
    """Return a number in [0, 1) that differs when the parts do."""
    return int.from_bytes(digest(*parts)[:6], "big") / (1 << 48)


def salt(who: Machine, unit: Unit) -> bytes:
    """Return the salt of an asserter's seal."""
    return digest("salt", who.name, unit.job_id, unit.attempt, unit.stage)

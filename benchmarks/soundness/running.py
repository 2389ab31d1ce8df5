"""Serving workers: run their units or not, seal, open; honest ones bait some of their seals."""

from typing import TYPE_CHECKING

from chain.crypto import hashing
from chain.crypto.keys import sign_ed25519
from chain.modules.jobs.types import Job, MsgSubmitResult, Receipt, Unit, UnitStatus
from chain.modules.sampling import keeper as sampling
from chain.modules.sampling.types import MsgOpenResult, UnitCheck
from chain.modules.workers import keeper as workers
from chain.modules.workers.rules import free_bond
from tests.support.builders import seed
from tests.support.network import Machine

from .contents import LAST, PROMPT, TOKENS, Lie
from .people import BY_ADDRESS, CHECKERS, SUSPECT, Place, digest, place_of
from .strategies import Act, DueSeen, Run, RunSeen
from .town import CHAIN

if TYPE_CHECKING:
    from .life import Life

NUM_POSITIONS = len(PROMPT) + TOKENS - 1


class Running:
    """Results and their seals."""

    def __init__(self, life: "Life") -> None:
        self.life = life
        self.sealed: dict[Place, tuple[bytes, bytes]] = {}
        """body_root and salt of each seal."""
        self._decided: set[Place] = set()

    def run(self, job: Job, units: tuple[Unit, ...], unit: Unit, who: Machine) -> None:
        """Let a worker decide about a unit that waits for its result."""
        life, place = self.life, place_of(unit)
        is_last = unit.stage == LAST
        last = units[LAST]
        if place in self._decided or (last.status == UnitStatus.PENDING and not is_last
                                      and place_of(last) not in self._decided):  # fmt: skip
            return
        chosen = Run(Act.DO)
        if life.strategy.is_in(who):
            chosen = life.strategy.run(self._seen(job, unit, who))
        if chosen.act == Act.WAIT:
            return
        self._decided.add(place)
        if chosen.act == Act.NEVER:
            return
        if is_last:
            self._record(job, who, chosen)
        if chosen.is_computed and life.lie_of(unit) == Lie.NONE:
            life.spend(who, life.setting.run_cost * self.fee(unit))
        life.send(who.hot, self._result(job, units, unit, who))

    def _seen(self, job: Job, unit: Unit, who: Machine) -> RunSeen:
        height = self.life.town.height
        return RunSeen(
            who=who.name,
            job_id=job.job_id,
            attempt=job.attempt,
            is_last=unit.stage == LAST,
            is_friend=self.life.is_own_job[job.job_id],
            height=height,
            planned_height=job.planned_height,
            expiry_height=job.expiry_height,
            close_in=-(height + 1) % sampling.params(self.life.town.store).round_blocks,
            is_known=unit.terms.rate == unit.terms.rate_floor,
            free_checkers=self._free_checkers(unit),
            is_niche=self.life.town.is_niche(job.model_root),
        )

    def _record(self, job: Job, who: Machine, chosen: Run) -> None:
        life, key = self.life, (job.job_id, job.attempt)
        if chosen.streamed is not None:
            life.streamed[key] = chosen.streamed
        if chosen.lie != Lie.NONE:
            life.truth[key] = chosen.lie
        if Lie.TOKENS in (chosen.streamed, chosen.lie):
            life.gained[who.name] += job.value + life.setting.undeclared
        life.counts.forged += chosen.streamed is not None or chosen.lie != Lie.NONE

    def _free_checkers(self, unit: Unit) -> int:
        others = [who for who in CHECKERS if not self.life.strategy.is_in(who)]
        store = self.life.town.store
        return sum(free_bond(workers.worker(store, who.address)) >= unit.terms.bond for who in others)

    def fee(self, unit: Unit) -> int:
        """Return R of what a unit really takes."""
        header, terms = self.life.town.contents.model.header, unit.terms
        done = sum(header.layer_costs[unit.start : unit.end]) * NUM_POSITIONS
        done += header.head_cost * TOKENS if unit.end == header.num_layers else 0
        return -(-terms.price_numerator * min(done, terms.work) // terms.price_denominator)

    def _result(self, job: Job, units: tuple[Unit, ...], unit: Unit, who: Machine) -> MsgSubmitResult:
        life = self.life
        content = life.content(job.job_id, job.attempt)
        body, out = content.roots(unit.stage)
        answer = content.roots(LAST)[1]
        in_root = content.in_root if unit.stage else hashing.stage_zero_input(job.prompt_root, answer)
        body, salt = life.baits.seal_parts(who, unit, body, digest("salt", who.name, place_of(unit)))
        self.sealed[place_of(unit)] = body, salt
        identity = life.unit_id(unit)
        cancel = b""
        if unit.stage == LAST and job.max_tokens > TOKENS:  # whoever asked for more has wished for no more
            cancel = sign_ed25519(seed("session"), hashing.cancel_bytes(CHAIN, job.job_id, job.attempt, TOKENS))
        return MsgSubmitResult(
            sender=who.hot.bech32,
            job_id=unit.job_id,
            attempt=unit.attempt,
            stage=unit.stage,
            revision=unit.revision,
            tokens=TOKENS,
            in_root=in_root if unit.stage else b"",
            out_root=out,
            seal=hashing.seal(who.address, identity, salt, hashing.trace_root(identity, in_root, body, out)),
            receipt=self.receipt(units[unit.stage - 1], in_root, NUM_POSITIONS) if unit.stage else None,
            cancel=cancel,
        )

    def receipt(self, unit: Unit, root: bytes, count: int) -> Receipt:
        """Return the final receipt of a unit's worker for what it has sent."""
        identity, signer = self.life.unit_id(unit), BY_ADDRESS[unit.operator]
        signed = hashing.receipt_bytes(identity, unit.revision, count, root, True)
        return Receipt(identity, unit.revision, count, root, True, sign_ed25519(signer.hot_seed, signed))

    def is_leaked(self, unit: Unit) -> bool:
        """Tell whether a unit's seal was given away."""
        return self.life.strategy.is_leaking and unit.operator == SUSPECT.address

    def open_seal(self, unit: Unit, who: Machine, check: UnitCheck) -> None:
        """Let an asserter open its seal, baited or not."""
        life = self.life
        if life.strategy.is_in(who):
            seen = DueSeen(who.name, unit.job_id, check.phase_end - life.town.height - 1, life.lie_of(unit))
            if life.strategy.open(seen) != Act.DO:
                return
        place = place_of(unit)
        bait = life.baits.opening(who, place)
        body, salt = self.sealed[place]
        life.send(who.hot, bait or MsgOpenResult(who.hot.bech32, *place, salt, body))

"""Jobs, results, checks and bonds under random behaviour: honest, lazy, lying, absent, draining, claiming, leaking.

Windows are short, so that every queue is met; the economy must hold after each block, and no handler may fail.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from chain.errors import Code
from chain.modules.jobs.state import UNITS
from chain.modules.jobs.types import Unit
from chain.modules.sampling.types import Duty, DutyKind, MsgClaimDuty, MsgShowSeal, QueryUnmetRequest
from chain.modules.workers.types import MsgBond, MsgEnroll, MsgUnbond, MsgUnenroll, MsgUpdateWorker, MsgWithdraw, Role
from chain.parameters import OSTR
from tests.support.canaries import baited, opening
from tests.support.network import BOND, CHECKERS, LAYERS, REQUESTER, SERVERS, Machine, digest, new_network, short

PARAMETERS = short(
    workers={"unbonding_blocks": 220, "min_bond": 1},
    jobs={"expiry_blocks": 20, "receipt_blocks": 10, "deletions_per_block": 9, "settlements_per_block": 1},
    rates={"check_speed": 1_000_000_000, "canary_spacing": 1 << 20},
    plans={"retain_blocks": 12},
    sampling={
        "round_blocks": 4,
        "epoch_blocks": 8,
        "commit_blocks": 12,
        "reveal_blocks": 12,
        "open_blocks": 12,
        "dispute_blocks": 31,
        "proof_blocks": 20,
    },
    disputes={"clock_blocks": 3, "open_blocks": 4, "extension_blocks": 1, "witness_blocks": 4},
)
EVERYBODY = (*SERVERS, *CHECKERS)
people = st.sampled_from(EVERYBODY)
servers = st.sampled_from(SERVERS)
"""Only they move bonds: two checkers of unequal bond would be above the coalition share, and nothing would run."""
SKIPPED = {
    "absent": tuple(DutyKind),
    "silent": (DutyKind.DRAW,),
    "forgetful": (DutyKind.REVEAL, DutyKind.OPEN),
}
"""What is left undone, by manner."""
manner = st.sampled_from(["honest"] * 6 + ["lying", "baiting", *SKIPPED])


class WorkMachine(RuleBasedStateMachine):
    """A network of five workers that do as they please."""

    @initialize(check_pool=st.sampled_from([0, 10 * OSTR]))
    def start(self, check_pool: int) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="ostraka-work-"))
        self.manager = new_network(self.path, parameters=PARAMETERS, check_pool=check_pool)
        self.net = self.manager.__enter__()
        self.committed: dict[tuple[str, int, int, int], dict[str, bytes]] = {}

    def teardown(self) -> None:
        if hasattr(self, "manager"):
            self.manager.__exit__(None, None, None)
            shutil.rmtree(self.path)

    def send(self, who: Any, *messages: object) -> Code:
        result = self.net.chain.send(who, *messages)
        assert Code(result.code) != Code.INTERNAL, result.log
        self.net.chain.check_invariants()
        return Code(result.code)

    @rule(value=st.sampled_from([0, 0, 0, 1_000, 50 * OSTR]), limit=st.sampled_from([6, 6, 6, 5, 0]))
    def request(self, value: int, limit: int) -> None:
        self.send(REQUESTER, self.net.request(value=value, max_tokens=limit))
        self.pass_blocks(2)

    @rule(count=st.integers(1, 6))
    def pass_blocks(self, count: int) -> None:
        for _ in range(count):
            self.net.chain.run_block()
            self.net.chain.check_invariants()

    @rule(manners=st.tuples(*[manner] * len(EVERYBODY)))
    def work(self, manners: tuple[str, ...]) -> None:
        """Let everybody do what it has to do, in its manner."""
        for who, how in zip(EVERYBODY, manners, strict=True):
            for duty in self.net.duties(who).duties:
                if duty.kind not in SKIPPED.get(how, ()):
                    self.act(who, duty, is_lying=how == "lying", is_baiting=how == "baiting")

    def act(self, who: Machine, duty: Duty, is_lying: bool, is_baiting: bool) -> None:
        lie = digest("lie", who.name)
        unit = duty.unit
        if duty.kind == DutyKind.OPEN_EPOCH and duty.epoch_beacon:
            self.send(who.hot, self.net.proof_message(who, duty.epoch))
        if unit is None:
            return
        key = (who.name, unit.job_id, unit.attempt, unit.stage)
        if duty.kind == DutyKind.RUN:
            changes = {"out_root": lie} if is_lying else {}
            if is_baiting:
                changes["seal"] = baited(self.net, unit)
            self.send(who.hot, self.net.result(unit, **changes))
        elif duty.kind == DutyKind.DRAW:
            roots = {("body_root" if unit.stage else "out_root"): lie} if is_lying else {}
            self.committed[key] = roots
            self.send(who.hot, self.net.commit_message(who, unit, **roots))
        elif duty.kind == DutyKind.REVEAL:
            self.send(who.hot, self.net.reveal_message(who, unit, **self.committed[key]))
        elif duty.kind == DutyKind.OPEN and unit.seal == baited(self.net, unit):
            assert self.send(who.hot, opening(self.net, unit)) == Code.OK
        elif duty.kind == DutyKind.OPEN:
            self.send(who.hot, self.net.open_message(unit, **({"salt": lie} if is_lying else {})))

    @rule(first=st.tuples(*[manner] * len(EVERYBODY)), blocks=st.integers(1, 6))
    def work_and_wait(self, first: tuple[str, ...], blocks: int) -> None:
        self.work(first)
        self.pass_blocks(blocks)

    @rule(manners=st.tuples(*[manner] * len(EVERYBODY)), leaks=st.booleans())
    def carry_a_job_through(self, manners: tuple[str, ...], leaks: bool) -> None:
        self.mend()
        self.request(0, 6)
        for step in range(14):
            self.work_and_wait(manners, 3)
            if step == 2 and leaks:
                for unit in self.kept_units()[-1:]:
                    self.show(unit, self.net.asserter(unit))
        self.claim_everything()

    @rule()
    def mend(self) -> None:
        """Bring everybody back to work."""
        for who in EVERYBODY:
            name = who.operator.bech32
            worker = self.net.worker(who)
            lost = BOND - (worker.bond - worker.unbonding)
            if lost > 0:
                self.send(who.operator, MsgBond(name, lost))
            self.send(who.operator, MsgUpdateWorker(name, "127.0.0.1:1", "", 0, False))
            role = Role.SERVE if who in SERVERS else Role.CHECK
            self.send(who.operator, MsgEnroll(name, self.net.root, role, 0, LAYERS))
        self.send(REQUESTER, self.net.three_stages())

    def kept_units(self) -> list[Unit]:
        """Every unit in state, of every attempt, the oldest first."""
        return [unit for _, unit in UNITS.items(self.net.store)]

    @rule(checkers=st.lists(people, min_size=1, max_size=5), data=st.data())
    def claim(self, checkers: list[Machine], data: st.DataObject) -> None:
        """Claim duties whether they are unmet or not; the claimer's and the treasury's parts sum to what was taken."""
        units = self.kept_units()
        for who in checkers if units else ():
            unit = data.draw(st.sampled_from(units))
            before = self.wealth(who)
            message = MsgClaimDuty(REQUESTER.bech32, unit.job_id, unit.attempt, unit.stage, who.operator.bech32)
            if self.send(REQUESTER, message) == Code.OK:
                taken = before - self.wealth(who)
                assert 0 <= taken <= unit.terms.bond

    @rule()
    def claim_everything(self) -> None:
        """What the query names as unmet is taken, up to the epoch's share for absence; nothing else is."""
        for epoch in range(max(0, self.net.epoch(self.net.chain.height) - 8), self.net.epoch(self.net.chain.height)):
            for who in CHECKERS:
                request = QueryUnmetRequest(epoch, who.operator.bech32)
                for duty in self.net.chain.query(request, "ostraka.sampling.v1.Query/Unmet").duties:
                    place = (duty.job_id, duty.attempt, duty.stage)
                    message = MsgClaimDuty(REQUESTER.bech32, *place, who.operator.bech32)
                    code = self.send(REQUESTER, message)
                    # Between query and claim lies a block, with whose end records may go or bonds may be taken.
                    assert code in (Code.OK, Code.PENALTY_CAP, Code.UNKNOWN_JOB, Code.WINDOW_CLOSED, Code.NOT_ELIGIBLE)

    @rule()
    def open_canaries(self) -> None:
        """Open every seal as if it were baited; the treasury pays no more than the message."""
        for unit in self.kept_units():
            who = self.net.asserter(unit)
            before = self.wealth(who)
            if self.send(who.hot, opening(self.net, unit)) == Code.OK:
                assert self.wealth(who) - before <= PARAMETERS.rates.commit_fee + unit.terms.fee + unit.terms.rent

    @rule(who=people, data=st.data())
    def leak(self, who: Machine, data: st.DataObject) -> None:
        """Show a seal that may or may not still have to be shut."""
        units = self.kept_units()
        if units:
            self.show(data.draw(st.sampled_from(units)), who)

    def show(self, unit: Unit, who: Machine) -> None:
        """Show a seal; it costs its author an eighth of S at most."""
        out = b"" if unit.operator == who.address else self.net.out_root(unit)
        salt, body = self.net.salt(who, unit), self.net.body_root(unit)
        place = (unit.job_id, unit.attempt, unit.stage)
        before = self.wealth(who)
        code = self.send(REQUESTER, MsgShowSeal(REQUESTER.bech32, *place, who.operator.bech32, salt, body, out))
        if code == Code.OK:
            assert before - self.wealth(who) <= unit.terms.bond // 8

    def wealth(self, who: Machine) -> int:
        return self.net.worker(who).bond + self.net.chain.balance(who.operator)

    @rule(who=people)
    def drain(self, who: Machine) -> None:
        self.send(who.operator, MsgUpdateWorker(who.operator.bech32, "127.0.0.1:1", "", 0, True))

    @rule(who=servers, amount=st.sampled_from([1, OSTR, 98 * OSTR, 99 * OSTR]))
    def move_bond(self, who: Machine, amount: int) -> None:
        name = who.operator.bech32
        self.send(who.operator, MsgUnbond(name, amount))
        self.send(who.operator, MsgWithdraw(name))

    @rule(who=servers)
    def add_bond(self, who: Machine) -> None:
        self.send(who.operator, MsgBond(who.operator.bech32, OSTR))

    @rule(who=people, role=st.sampled_from([Role.SERVE, Role.CHECK]))
    def unenroll(self, who: Machine, role: Role) -> None:
        name = who.operator.bech32
        self.send(who.operator, MsgUnenroll(name, self.net.root, role))

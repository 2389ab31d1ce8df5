"""Jobs, results, checks and bonds under random behaviour: honest, lazy, lying, absent, draining.

Windows are short, so that every queue is met; the economy must hold after each block, and no handler may fail.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from chain.errors import Code
from chain.modules.sampling.types import Duty, DutyKind
from chain.modules.workers.types import MsgBond, MsgEnroll, MsgUnbond, MsgUnenroll, MsgUpdateWorker, MsgWithdraw, Role
from chain.parameters import OSTR
from tests.support.network import CHECKERS, LAYERS, REQUESTER, SERVERS, Machine, digest, new_network, short

PARAMETERS = short(
    workers={"unbonding_blocks": 220, "min_bond": 1},
    jobs={"expiry_blocks": 20, "receipt_blocks": 10, "deletions_per_block": 9, "settlements_per_block": 1},
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
"""Only their bonds move: two checkers of unequal bond would be above the coalition share, and nothing would run."""
manner = st.sampled_from(["honest"] * 6 + ["absent", "lying"])


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
        """Let everybody do what it has to do, in its manner; absent ones do nothing."""
        for who, how in zip(EVERYBODY, manners, strict=True):
            for duty in self.net.duties(who).duties if how != "absent" else ():
                self.act(who, duty, is_lying=how == "lying")

    def act(self, who: Machine, duty: Duty, is_lying: bool) -> None:
        lie = digest("lie", who.name)
        unit = duty.unit
        if duty.kind == DutyKind.OPEN_EPOCH and duty.epoch_beacon:
            self.send(who.hot, self.net.proof_message(who, duty.epoch))
        if unit is None:
            return
        key = (who.name, unit.job_id, unit.attempt, unit.stage)
        if duty.kind == DutyKind.RUN:
            self.send(who.hot, self.net.result(unit, **({"out_root": lie} if is_lying else {})))
        elif duty.kind == DutyKind.DRAW:
            roots = {("body_root" if unit.stage else "out_root"): lie} if is_lying else {}
            self.committed[key] = roots
            self.send(who.hot, self.net.commit_message(who, unit, **roots))
        elif duty.kind == DutyKind.REVEAL:
            self.send(who.hot, self.net.reveal_message(who, unit, **self.committed[key]))
        elif duty.kind == DutyKind.OPEN:
            self.send(who.hot, self.net.open_message(unit, **({"salt": lie} if is_lying else {})))

    @rule(first=st.tuples(*[manner] * len(EVERYBODY)), blocks=st.integers(1, 6))
    def work_and_wait(self, first: tuple[str, ...], blocks: int) -> None:
        self.work(first)
        self.pass_blocks(blocks)

    @rule(manners=st.tuples(*[manner] * len(EVERYBODY)))
    def carry_a_job_through(self, manners: tuple[str, ...]) -> None:
        self.mend()
        self.request(0, 6)
        for _ in range(14):
            self.work_and_wait(manners, 3)

    @rule()
    def mend(self) -> None:
        """Bring everybody back to work."""
        for who in EVERYBODY:
            name = who.operator.bech32
            self.send(who.operator, MsgUpdateWorker(name, "127.0.0.1:1", "", 0, False))
            role = Role.SERVE if who in SERVERS else Role.CHECK
            self.send(who.operator, MsgEnroll(name, self.net.root, role, 0, LAYERS))
        self.send(REQUESTER, self.net.three_stages())

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

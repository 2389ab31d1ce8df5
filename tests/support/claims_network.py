"""A network on which claims can be told apart by what they cost: balances and bonds before and after."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chain.crypto.hashing import blind_hash
from chain.crypto.keys import module_address
from chain.modules.disputes import keeper as disputes
from chain.modules.disputes.types import Dispute
from chain.modules.jobs.types import Job, MsgRequestJob, Unit
from chain.modules.models.types import ModelHeader
from chain.modules.workers.types import Role
from tests.support.dispute_network import GAME
from tests.support.network import BLIND, CHECKERS, REQUESTER, SERVERS, Machine, Network, new_network

TREASURY = module_address("treasury")
SPARE = Machine("newcomer")


@dataclass(frozen=True)
class Standing:
    """What everybody has at one moment."""

    bonds: Mapping[str, int]
    free: Mapping[str, int]
    treasury: int


class ClaimsNetwork(Network):
    """A network whose jobs open with the blind that the tests know."""

    def request(self, **changes: Any) -> MsgRequestJob:
        return super().request(**{"blind_hash": blind_hash(BLIND), **changes})

    def asserter(self, unit: Unit) -> Machine:
        return SPARE if unit.operator == SPARE.address else super().asserter(unit)

    def replan(self, guilty: Machine) -> None:
        """Let a spare worker take the place of one whose bond no longer suffices, and wait for the new draw."""
        self.register(SPARE)
        self.enroll(SPARE, Role.SERVE)
        a, b, c = (SPARE if who == guilty else who for who in SERVERS)
        self.ok(self.chain.send(REQUESTER, self.plan_message((a, 0, 2), (b, 2, 4), (c, 4, 6))))
        self.chain.run_until(self.chain.height + 4)

    def standing(self) -> Standing:
        everybody = (*SERVERS, *CHECKERS)
        return Standing(
            {who.name: self.worker(who).bond for who in everybody},
            {who.name: self.chain.balance(who.operator) for who in everybody},
            self.chain.balance(TREASURY),
        )

    def disputes_of(self, job: Job) -> list[Dispute]:
        return list(disputes.disputes_of(self.store, job.job_id))

    def assert_only_slashed(self, before: Standing, guilty: Machine, amount: int) -> Standing:
        """Everybody's bond is as it was, but the guilty one's; everything taken is with somebody. Return what is."""
        after = self.standing()
        expected = {name: bond - (amount if name == guilty.name else 0) for name, bond in before.bonds.items()}
        assert dict(after.bonds) == expected
        self.chain.check_invariants()
        return after


@contextmanager
def claims_network(path: Path, *, model: ModelHeader | None = None, **game: int) -> Iterator[ClaimsNetwork]:
    """Three serving and two checking workers, and the game switched on."""

    def change(app_state: dict[str, Any]) -> None:
        app_state["disputes"] = {"params": {name: str(value) for name, value in (GAME | game).items()}}

    with new_network(path, model=model, change=change) as plain:
        yield ClaimsNetwork(plain.chain, plain.root, plain.header, plain.prompt_root)

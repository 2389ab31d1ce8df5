"""A network on which claims can be told apart by what they cost: balances and bonds before and after."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chain.client.signing import Key
from chain.crypto.hashing import blind_hash, blinded, receipt_bytes
from chain.crypto.keys import module_address, sign_ed25519
from chain.crypto.merkle import Kind, lr
from chain.modules.accounts import keeper as accounts
from chain.modules.disputes import keeper as disputes
from chain.modules.disputes.types import Dispute, MsgClaimReceipt, Prefix, Role
from chain.modules.jobs.types import Job, MsgRequestJob, Receipt, Unit
from chain.modules.models.types import ModelHeader
from chain.parameters import LOCALNET, ParameterSet
from inference.disputes.claims import prefix_of
from inference.proofs.commit import token_leaf
from tests.support.dispute_network import GAME
from tests.support.network import (
    BLIND,
    CHECKERS,
    REQUESTER,
    SERVERS,
    SPARE,
    TOKENS,
    Machine,
    Network,
    digest,
    new_network,
)

TREASURY = module_address("treasury")
IDS = (11, 12, 13, 14, 2)
"""The answer; 2 is the model's stop id."""


@dataclass(frozen=True)
class Standing:
    """What everybody has at one moment."""

    bonds: Mapping[str, int]
    free: Mapping[str, int]
    treasury: int


class ClaimsNetwork(Network):
    """A network whose jobs open with the blind that the tests know."""

    answer: tuple[int, ...] = IDS

    def request(self, **changes: Any) -> MsgRequestJob:
        return super().request(**{"blind_hash": blind_hash(BLIND), **changes})

    # Contents: rows nobody computed, but real lists of them, and real tokens

    def rows(self, unit: Unit) -> list[bytes]:
        job = self.job(unit.job_id)
        return [digest("row", unit.stage, at) for at in range(job.prompt_tokens + len(self.answer) - 1)]

    def leaves(self) -> list[bytes]:
        return [token_leaf(BLIND, True, at, token) for at, token in enumerate(self.answer)]

    def root_of(self, unit: Unit, count: int) -> bytes:
        """The root that an honest receipt over `count` rows or tokens has."""
        if unit.stage == len(SERVERS) - 1:
            return lr(Kind.TOKS, self.leaves()[:count])
        return blinded(BLIND, lr(Kind.HSEC, self.rows(unit)[:count]))

    def out_root(self, unit: Unit) -> bytes:
        return self.root_of(unit, 1 << 16)

    def size(self, unit: Unit) -> int:
        """How many rows or tokens a unit has sent."""
        return len(self.answer) if unit.stage == len(SERVERS) - 1 else len(self.rows(unit))

    def signed(self, unit: Unit, signer: Machine | None = None, /, **changes: Any) -> Receipt:
        """A receipt about what a unit sends, signed by its asserter or by another; final and honest if not changed."""
        final = Receipt(self.unit_id(unit), unit.revision, self.size(unit), self.out_root(unit), True, b"")
        plain = replace(final, **changes)
        if "signature" in changes:
            return plain
        body = receipt_bytes(plain.unit, plain.revision, plain.count, plain.root, plain.is_final)
        return replace(plain, signature=sign_ed25519((signer or self.asserter(unit)).hot_seed, body))

    def receipt(self, unit: Unit, tokens: int = TOKENS, /, **changes: Any) -> Receipt:
        count = self.job(unit.job_id).prompt_tokens + tokens - 1
        return super().receipt(unit, tokens, **{"count": count, **changes})

    def prefix(self, unit: Unit, count: int) -> Prefix:
        """The opening of the last of `count` items that a unit has committed to."""
        if unit.stage == len(SERVERS) - 1:
            return prefix_of(self.leaves(), count)
        return prefix_of(self.rows(unit), count, BLIND)

    def claim(self, unit: Unit, receipt: Receipt, prefix: Prefix | None = None, **changes: Any) -> MsgClaimReceipt:
        plain = MsgClaimReceipt(REQUESTER.bech32, unit.job_id, unit.attempt, unit.stage, Role.SENDER, receipt, prefix)
        return replace(plain, **changes)

    # Judging

    def replan(self, guilty: Machine) -> None:
        """Let a spare worker take the place of one whose bond no longer suffices, and wait for the new draw."""
        self.hire(SPARE)
        a, b, c = (SPARE if who == guilty else who for who in SERVERS)
        self.ok(self.chain.send(REQUESTER, self.plan_message((a, 0, 2), (b, 2, 4), (c, 4, 6))))
        self.chain.run_until(self.chain.height + 4)

    def sequence(self, key: Key) -> int:
        """The number of an account's next transaction."""
        found = accounts.find_account(self.store, key.address)
        assert found is not None
        return found.sequence

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
def claims_network(
    path: Path,
    *,
    model: ModelHeader | None = None,
    tensors: tuple[bytes, ...] | None = None,
    parameters: ParameterSet = LOCALNET,
    **game: int,
) -> Iterator[ClaimsNetwork]:
    """Three serving and two checking workers, and the game switched on."""

    def change(app_state: dict[str, Any]) -> None:
        app_state["disputes"] = {"params": {name: str(value) for name, value in (GAME | game).items()}}

    with new_network(path, parameters=parameters, model=model, tensors=tensors, change=change) as plain:
        yield ClaimsNetwork(plain.chain, plain.root, plain.header, plain.prompt_root)

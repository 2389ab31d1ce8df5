"""The chain of a run: the real application on its real store, signed transactions, proposers that may withhold.

Only CometBFT is missing: `Town` decides on blocks in its place. What a proposer may do to the randomness it may do
here: withhold its block, so that the next one proposes the same height.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from chain.application import Block, Timestamp
from chain.client.registry import type_url
from chain.client.signing import Key
from chain.context import BlockFacts
from chain.crypto.hashing import beacon_input, chain_hash, next_beacon
from chain.crypto.vrf import proof_to_hash, prove
from chain.errors import Code
from chain.modules.accounts import keeper as accounts
from chain.modules.bank import keeper as bank
from chain.modules.beacon import keeper as beacon
from chain.modules.jobs.types import MsgSubmitResult
from chain.modules.models.rules import model_root
from chain.modules.models.types import ModelHeader, MsgRegisterModel
from chain.modules.plans import keeper as plans
from chain.modules.plans.types import MsgSubmitPlan, StageRequest
from chain.modules.sampling.types import MsgOpenEpoch, MsgRevealCheck
from chain.modules.workers import keeper as workers
from chain.modules.workers.state import FORFEITURES, HELD
from chain.modules.workers.types import MsgEnroll, MsgRegisterWorker, Role
from chain.store.codec import encode
from tests.support.builders import CHAIN_ID, GENESIS_SECONDS, Chain, Validator, make_genesis, validator
from tests.support.network import Machine

from .contents import CUTS, SHAPE, Contents
from .people import ACCOMPLICE, CHECKERS, CUSTOMER, HONEST, RIVALS, STRANGER, SUSPECT, WORKERS, Person
from .setting import BALANCE, Setting
from .strategies import Strategy

CHAIN = chain_hash(CHAIN_ID)
EXTRA_GAS = {
    MsgSubmitResult: 10_000,
    MsgRevealCheck: 1_000,
    MsgOpenEpoch: 20_000,
    MsgRegisterWorker: 200_000,
    MsgRegisterModel: 100_000,
}
"""What messages use beside the gas of their kind and their bytes."""
TX_GAS = 8_000
"""Signature and envelope."""

Withholds = Callable[[int, bytes, bytes], bool]
"""(height, the beacon that this block would make, the proposer's address) → whether it is withheld."""


@dataclass
class Town:
    """A chain with everybody registered and one epoch's snapshot taken."""

    path: Path
    setting: Setting
    contents: Contents
    strategy: Strategy
    chain: Chain = field(init=False)
    withholds: Withholds | None = None
    num_withheld: int = 0
    refusals: dict[Code, int] = field(default_factory=dict)
    _sequences: dict[bytes, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        setting, model = self.setting, self.contents.model
        people = [CUSTOMER, ACCOMPLICE] + [key for who in WORKERS for key in (who.operator, who.hot)]
        entry = {"name": "tiny", "header": model.header, "tensor_digests": model.roots[1:]}
        positions = 3 + setting.max_tokens - 1
        work = positions * model.header.layer_costs[-1] + setting.max_tokens * model.header.head_cost
        genesis = make_genesis(
            {key.bech32: BALANCE for key in people},
            parameters=setting.parameters(work),
            num_validators=setting.num_validators,
            models=[entry],
        )
        validators = tuple(validator(index) for index in range(setting.num_validators))
        self.chain = Chain(self.path, genesis, tuple(people), validators, {"sync": False})
        self._begin()

    def _begin(self) -> None:
        self.run_until_epoch()
        self.run_block([(who.operator, [who.registration(self._bond(who))]) for who in WORKERS])
        self._enroll(self._root, (HONEST, SUSPECT, *RIVALS), CHECKERS)
        for pair in ((HONEST, SUSPECT), RIVALS)[: self.strategy.num_plans]:
            self._submit_plan(CUSTOMER, self._root, pair)
        expected = {}
        if self.strategy.has_niche:
            expected = self._open_niche()
        self.run_until_epoch()  # with a niche or without, the same one: both see the same beacons
        if self.refusals != expected:
            raise RuntimeError(f"the town began with refusals: {self.refusals}")

    def _open_niche(self) -> dict[Code, int]:
        """Let the party register its own model, serve it and check it; returns what theta refuses of it."""
        digests = self.contents.model.roots[1:]
        owner, checkers = STRANGER.operator, [who for who in CHECKERS if who in self.strategy.party]
        self.run_block([(owner, [MsgRegisterModel(owner.bech32, "niche", self._niche, digests)])])
        self._enroll(self._niche_root, (STRANGER, SUSPECT), checkers)
        self._submit_plan(owner, self._niche_root, (STRANGER, SUSPECT))
        held = len(checkers) * self.setting.bond
        total = sum(self._bond(who) for who in WORKERS)
        return {Code.TOO_FEW_CHECKERS: 1} if held < self.setting.theta * total else {}

    def _enroll(self, root: bytes, serving: Sequence[Person], checking: Sequence[Person]) -> None:
        roles = [(who, Role.SERVE) for who in serving] + [(who, Role.CHECK) for who in checking]
        self.run_block(
            [(who.operator, [MsgEnroll(who.operator.bech32, root, role, 0, SHAPE.layers)]) for who, role in roles]
        )

    def _submit_plan(self, sender: Key, root: bytes, pair: Sequence[Person]) -> None:
        stages = tuple(StageRequest(who.operator.bech32, *cut) for who, cut in zip(pair, CUTS, strict=True))
        self.run_block([(sender, [MsgSubmitPlan(sender.bech32, root, stages)])])

    def _bond(self, who: Person) -> int:
        return self.setting.bond if who in CHECKERS else self.setting.server_bond

    @cached_property
    def _niche(self) -> ModelHeader:
        return replace(self.contents.model.header, tokenizer_hash=hashlib.sha256(b"niche").digest())

    @cached_property
    def _root(self) -> bytes:
        return model_root(self.contents.model.header, self.contents.model.roots[1:])

    @cached_property
    def _niche_root(self) -> bytes:
        return model_root(self._niche, self.contents.model.roots[1:])

    def is_niche(self, root: bytes) -> bool:
        """Tell whether a model is the party's own."""
        return self.strategy.has_niche and root == self._niche_root

    def wanted_model(self) -> bytes:
        """Return the model that customers ask for: the niche, if anybody serves it."""
        is_served = self.strategy.has_niche and plans.live_plans(self.store, self._niche_root)
        return self._niche_root if is_served else self._root

    def is_taking(self) -> bool:
        """Tell whether forfeited bonds are still being taken, or slashes held."""
        waiting = (next(iter(one.items(self.store)), None) for one in (FORFEITURES, HELD))
        return any(found is not None for found in waiting)

    def run_until_epoch(self) -> None:
        """Run empty blocks to the end of an epoch."""
        blocks = self.setting.parameters(1).sampling.epoch_blocks
        while self.height % blocks or not self.height:
            self.run_block([])

    @property
    def height(self) -> int:
        """Return the height of the last block."""
        return self.chain.height

    @property
    def store(self) -> Any:
        """Return the last committed state."""
        return self.chain.app.snapshot().store

    def close(self) -> None:
        """Close the databases."""
        self.chain.app.close()

    # Blocks

    def run_block(self, sent: Sequence[tuple[Key, Sequence[object]]]) -> list[Code]:
        """Execute and commit a block with these transactions; a refusal is counted, a failing handler is an error."""
        self._sequences.clear()
        txs = [self._tx(key, messages) for key, messages in sent]
        block = self._propose(txs)
        results = self.chain.decide(block).tx_results[1:]
        codes = [Code(result.code) for result in results]
        for code, result in zip(codes, results, strict=True):
            if code in (Code.INTERNAL, Code.OUT_OF_GAS):  # nobody here may lose a duty to our estimate of gas
                raise RuntimeError(result.log)
            if code:
                self.refusals[code] = self.refusals.get(code, 0) + 1
        return codes

    def _tx(self, key: Key, messages: Sequence[object]) -> bytes:
        if key.address not in self._sequences:
            found = accounts.find_account(self.chain.app._below(), key.address)
            self._sequences[key.address] = found.sequence if found else 0
        sequence = self._sequences[key.address]
        self._sequences[key.address] += 1
        routes = self.chain.app._routes
        gas = TX_GAS
        for message in messages:
            gas += routes[type_url(type(message))].gas + EXTRA_GAS.get(type(message), 0) + 10 * len(encode(message))
        return self.chain.tx(key, *messages, sequence=sequence, gas=gas, fee=-(-gas // 10_000))

    def _propose(self, txs: Sequence[bytes]) -> Block:
        height = self.height + 1
        validators = self.chain.validators
        lot = b"proposer %d %d %d" % (self.setting.seed, self.setting.segment, height)
        turn = hashlib.sha256(lot).digest()[0]
        proposer = validators[turn % len(validators)]
        if self.withholds is not None:
            made = self.beacon_of(height, proposer)
            if self.withholds(height, made, proposer.address):
                self.num_withheld += 1
                proposer = validators[(turn + 1) % len(validators)]
        time = Timestamp(GENESIS_SECONDS + height)
        facts = BlockFacts(CHAIN_ID, CHAIN, height, time, proposer.address)
        first = beacon.make_transaction(self.chain.app._below(), facts, proposer.beacon_seed)
        block_hash = hashlib.sha256(b"block %d" % height).digest()
        return Block(height, time, proposer.address, (first, *txs), block_hash)

    def beacon_of(self, height: int, proposer: Validator) -> bytes:
        """Return the beacon that a proposer's block would make."""
        previous = beacon.latest(self.chain.app._below()).value
        beta = proof_to_hash(prove(proposer.beacon_seed, beacon_input(CHAIN, previous, height)))
        return next_beacon(previous, height, beta)

    # Money

    def wealth(self, people: Sequence[Machine | Key]) -> int:
        """Return balances and bonds of some people."""
        store, total = self.store, 0
        for one in people:
            if isinstance(one, Key):
                total += bank.balance(store, one.address)
                continue
            total += bank.balance(store, one.operator.address) + bank.balance(store, one.hot.address)
            found = workers.find_worker(store, one.address)
            total += 0 if found is None else found.bond
        return total

    def bond(self, who: Machine) -> int:
        """Return a worker's bond."""
        return workers.worker(self.store, who.address).bond
